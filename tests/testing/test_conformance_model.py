"""The kit on a model of whole graphs: verdicts, batches, a fitted classifier."""

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.testing import conformance_model

ABOUT_MODELS = ["B2", "B3", "M1", "M2", "D4", "D5"]


def verdicts(model, batched=None, **options):
    """Return the verdicts by the ids of the laws, from 30 examples."""
    results = conformance_model(model, batched, **{"examples": 30, **options})
    return {result.law.id: result.verdict for result in results}


def total(A, X):
    return (A @ X).sum(axis=0)


def one_by_one(As, Xs):
    return np.stack([total(A, X) for A, X in zip(As, Xs)])


@pytest.fixture(scope="module")
def fitted():
    """Return a fitted classifier as `model` and `batched`."""
    mutag = ndp.load_dataset("MUTAG")[:40]
    clf = ndp.DiffPoolClassifier(epochs=1, seed=0, dtype="float64")
    clf.fit(mutag, mutag.labels)

    def batched(As, Xs):
        return clf.predict_proba(list(map(ndp.Graph, As, Xs))).astype(Xs[0].dtype)

    return lambda A, X: batched([A], [X])[0], batched


def test_a_fitted_classifier_satisfies_every_law(fitted):
    assert verdicts(*fitted, examples=10) == dict.fromkeys(ABOUT_MODELS, "holds")


def test_laws_of_batches_need_a_batched_form():
    assert verdicts(total, laws=["B2", "B3", "M1"]) == {
        "B2": "not applicable",
        "B3": "not applicable",
        "M1": "holds",
    }


def test_a_batched_form_is_an_argument_or_an_attribute():
    def model(A, X):
        return total(A, X)

    model.batched = lambda As, Xs: one_by_one(As[::-1], Xs[::-1])
    assert verdicts(model, laws=["B3"]) == {"B3": "fails"}
    assert verdicts(model, one_by_one, laws=["B3"]) == {"B3": "holds"}


def test_a_fault_that_only_the_largest_graph_causes_is_found():
    def batched(As, Xs):
        spare = max(map(len, As)) - np.array(list(map(len, As)))  # padding
        return one_by_one(As, Xs) + 1e-3 * spare[:, None]

    (result,) = conformance_model(total, batched, laws=["B3"])
    assert result.verdict == "fails" and len(result.case["As"]) == 2


def test_a_fault_of_batches_above_16_graphs_is_found():
    def batched(As, Xs):
        logits = one_by_one(As, Xs)
        return logits[::-1] if len(As) > 16 else logits

    assert verdicts(total, batched, laws=["B3"], examples=100) == {"B3": "fails"}


def test_other_logits_are_rejected():
    message = r"model must return logits \(C,\); got shape \(1, 2\)"
    with pytest.raises(ValueError, match=message):
        conformance_model(lambda A, X: total(A, X)[None])
