"""Feature columns are compared by name wherever a fitted model meets a data set."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor, load_dataset, load_model
from npdiffpool.datasets import load_dataset_like
from npdiffpool.estimators.baselines import SubtreeKernelClassifier
from npdiffpool.viz import plot_embeddings

MUTAG = load_dataset("MUTAG")[:24]
SMALL = {"hidden": 4, "epochs": 1}
NAMES = MUTAG.feature_names


def renamed(*names):
    """Return a data set of the same width with other names."""
    return replace(MUTAG, feature_names=names)


OTHERS = {
    "missing: 'label=6', unknown: 'label=9'": renamed(*NAMES[:-1], "label=9"),
    "missing: 'label=0', unknown: 'label=7'": renamed(*NAMES[1:], "label=7"),
    "in another order: 'label=1', 'label=0', 'label=2'": renamed(
        "label=1", "label=0", *NAMES[2:]
    ),
    "missing: 'label=6'; ": renamed(*NAMES[:-1]),
}
USES = {
    "predict": lambda model, data: model.predict(data),
    "predict_proba": lambda model, data: model.predict_proba(data),
    "transform": lambda model, data: model.transform(data),
    "score": lambda model, data: model.score(data, MUTAG.labels),
    "plot": lambda model, data: plot_embeddings(model, data, axes=Figure().subplots()),
}


def kinds():
    held = MUTAG, MUTAG.labels
    yield DiffPoolClassifier(**SMALL).fit(*held), USES
    yield DiffPoolRegressor(**SMALL).fit(*held), {*USES} - {"predict_proba"}
    yield SubtreeKernelClassifier(rounds=(1,)).fit(*held, held), ("predict", "score")


@pytest.mark.parametrize("seen, data", OTHERS.items())
def test_every_use_names_the_columns_that_differ(seen, data):
    for model, uses in kinds():
        for use in uses:
            with pytest.raises(ValueError) as caught:
                USES[use](model, data)
            required = "graphs must have the feature columns of the training set; "
            assert str(caught.value).startswith(required + seen)


@pytest.mark.parametrize("seen, data", OTHERS.items())
@pytest.mark.parametrize("kind", [DiffPoolClassifier, SubtreeKernelClassifier])
def test_a_validation_set_with_other_columns_is_refused(kind, seen, data):
    with pytest.raises(ValueError, match=f"validation graphs must .*; {seen}"):
        kind().fit(MUTAG, MUTAG.labels, (data, MUTAG.labels))


def test_the_same_columns_are_accepted_in_parts_and_from_a_file(tmp_path):
    clf = DiffPoolClassifier(**SMALL).fit(MUTAG[:20], MUTAG.labels[:20])
    expected = clf.predict_proba(MUTAG.graphs)
    clf.save(tmp_path / "model.npz")
    for model in (clf, load_model(tmp_path / "model.npz")):
        for data in (MUTAG, MUTAG[np.arange(24)], MUTAG[list(range(24))]):
            assert np.array_equal(model.predict_proba(data), expected)
        with pytest.raises(ValueError, match="in another order"):
            model.predict(renamed(*NAMES[::-1])[:5])


def test_columns_are_placed_by_the_function_that_the_error_names():
    shuffled = load_dataset_like("MUTAG", [f"label={i}" for i in (3, 1, 2, 0, 6, 5, 4)])
    clf = DiffPoolClassifier(**SMALL).fit(shuffled[:24], MUTAG.labels)
    with pytest.raises(ValueError, match=r"load_dataset_like\(source, model.feature_n"):
        clf.predict(MUTAG)
    again = load_dataset_like("MUTAG", clf.feature_names_in_)[:24]
    assert np.array_equal(clf.predict(again), clf.predict(shuffled[:24].graphs))


def test_names_that_do_not_fit_the_features_are_refused():
    clf = DiffPoolClassifier(**SMALL)
    with pytest.raises(
        ValueError, match="feature_names of graphs must be 7 names; got"
    ):
        clf.fit(renamed("label=0"), MUTAG.labels)


def test_every_use_refuses_other_edge_weights_than_in_training(tmp_path):
    other = replace(MUTAG, weights="attribute 1")
    seen = "all 1, as in training; got 'attribute 1'"
    for model, uses in kinds():
        assert model.edge_weights_in_ is None
        for use in uses:
            with pytest.raises(ValueError, match=f"weights of graphs must be {seen}"):
                USES[use](model, other)
    clf = DiffPoolClassifier(**SMALL)
    with pytest.raises(
        ValueError, match=f"weights of validation graphs must be {seen}"
    ):
        clf.fit(MUTAG, MUTAG.labels, (other, MUTAG.labels))
    clf.fit(other).save(tmp_path / "model.npz")
    for model in (clf, load_model(tmp_path / "model.npz")):
        assert model.edge_weights_in_ == other[:3].weights == "attribute 1"
        assert len(model.predict(other[:3])) == len(model.predict(MUTAG.graphs)) - 21
        with pytest.raises(ValueError, match="must be 'attribute 1', as .*; got all 1"):
            model.predict(MUTAG)
    assert DiffPoolClassifier(**SMALL).fit(MUTAG.graphs).edge_weights_in_ is None
