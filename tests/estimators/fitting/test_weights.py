"""Weights of graphs: a whole number is that many copies, 0 is an absent graph."""

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor, Graph, load_model
from npdiffpool.engine.autodiff import leaves
from npdiffpool.estimators.fitting.targets import Classes
from npdiffpool.estimators.fitting.weights import combine_weights

GRAPHS = [
    Graph.from_edges([(i, i + 1) for i in range(n - 1)] + [(0, n - 1)] * (n % 2), n)
    for n in (3, 4, 5, 6)
]
LABELS = [0, 1, 0, 1]
# One batch, so that its mean is over all graphs; nothing that depends on the number of
# graphs but the loss.
WHOLE = dict(batch_size=99, hidden=4, n_layers=2, clusters=(2,), dtype="float64")
WHOLE |= dict(epochs=3, standardize=False)
COUNTS = st.lists(st.integers(0, 3), min_size=4, max_size=4)
BOTH_CLASSES = COUNTS.filter(lambda n: n[0] + n[2] > 0 and n[1] + n[3] > 0)


def copies(values, counts):
    return [value for value, n in zip(values, counts) for _ in range(n)]


def assert_same_model(one, other, atol=1e-9):
    """Compare two models; the copies are summed in another order."""
    for row, expected in zip(one.history_, other.history_, strict=True):
        assert row.keys() == expected.keys()
        assert_allclose(list(row.values()), list(expected.values()), rtol=1e-9)
    for array, expected in zip(leaves(one.params_), leaves(other.params_), strict=True):
        assert_allclose(array, expected, atol=atol)


@given(
    class_weight=st.sampled_from([None, "balanced", {1: 5.0}]),
    counts=BOTH_CLASSES,
    validation=BOTH_CLASSES,
)
def test_a_whole_number_is_that_many_copies(class_weight, counts, validation):
    options = {**WHOLE, "class_weight": class_weight}
    weighted = DiffPoolClassifier(**options).fit(
        GRAPHS, LABELS, (GRAPHS, LABELS, validation), sample_weight=counts
    )
    held_out = copies(GRAPHS, validation), copies(LABELS, validation)
    training = copies(GRAPHS, counts), copies(LABELS, counts)
    repeated = DiffPoolClassifier(**options).fit(*training, held_out)
    assert_same_model(weighted, repeated)
    expected = weighted.score(*held_out)
    assert weighted.score(GRAPHS, LABELS, validation) == pytest.approx(expected)


@given(
    counts=COUNTS.filter(lambda counts: np.count_nonzero(counts) > 1),
    targets=st.lists(st.sampled_from([-2.0, 0.0, 0.5, 3.0]), min_size=4, max_size=4),
)
def test_a_whole_number_is_that_many_copies_for_a_regressor_too(counts, targets):
    weighted = DiffPoolRegressor(**WHOLE).fit(GRAPHS, targets, sample_weight=counts)
    pairs = copies(GRAPHS, counts), copies(targets, counts)
    assert_same_model(weighted, DiffPoolRegressor(**WHOLE).fit(*pairs))
    expected = pytest.approx(weighted.score(*pairs))
    assert weighted.score(GRAPHS, targets, counts) == expected


def test_equal_weights_are_none():
    encoded, targets = np.array([0, 1, 1, 0]), Classes(np.array([0, 1]))
    for weights in (np.full(4, 0.1), np.full(4, 1e300), np.full(4, 1e-300)):
        assert combine_weights(weights, "balanced", targets, encoded) is None
    assert combine_weights(None, {0: 3, 1: 3.0}, targets, encoded) is None
    plain = DiffPoolClassifier(**WHOLE).fit(GRAPHS, LABELS)
    weighted = DiffPoolClassifier(**WHOLE).fit(GRAPHS, LABELS, sample_weight=[7] * 4)
    for one, other in zip(leaves(plain.params_), leaves(weighted.params_)):
        assert one.tobytes() == other.tobytes()


def test_equal_weights_are_none_for_a_regressor_too():
    graphs, targets = GRAPHS * 3, [0.1 * i for i in range(1, 13)]
    plain = DiffPoolRegressor(**WHOLE).fit(graphs, targets)
    weighted = DiffPoolRegressor(**WHOLE).fit(graphs, targets, sample_weight=[0.3] * 12)
    assert weighted.targets_ == plain.targets_
    for one, other in zip(leaves(plain.params_), leaves(weighted.params_)):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("size", [1e308, 1e-300])
def test_only_ratios_of_weights_count(size):
    clf, model = DiffPoolClassifier(**WHOLE), DiffPoolRegressor(**WHOLE)
    for model, labels in ((clf, LABELS), (model, [0.0, 1.0, 2.0, 4.0])):
        one = deepcopy(model).fit(GRAPHS, labels, sample_weight=[1, 0.5, 1, 1])
        weights = np.array([1, 0.5, 1, 1]) * size
        other = deepcopy(model).fit(GRAPHS, labels, sample_weight=weights)
        assert_same_model(one, other)
        scores = [
            m.score(GRAPHS, labels, w)
            for m, w in ((one, [2, 1, 2, 2]), (other, weights))
        ]
        assert scores[0] == pytest.approx(scores[1])


@pytest.mark.parametrize("tiny", [5e-324, 1e-60, 0.0])
def test_a_graph_of_a_tiny_weight_does_not_decide_the_scale_of_targets(tiny):
    targets = [1.0, 1.0, 1.0, 2.0]
    model = DiffPoolRegressor(**WHOLE).fit(
        GRAPHS, targets, sample_weight=[1, 1, 1, tiny]
    )
    assert (model.targets_.mean, model.targets_.scale) == (1.0, 1.0)
    assert model.score(GRAPHS[:3], targets[:3], [1, 1, tiny]) in (0.0, 1.0)


def test_a_text_is_no_label_that_is_a_number():
    for class_weight in ({0: 1, 1: 2, "1": 50}, {"0": 1, "1": 2}):
        clf = DiffPoolClassifier(**WHOLE, class_weight=class_weight)
        with pytest.raises(ValueError, match=r"for labels in \[0, 1\]; got \['"):
            clf.fit(GRAPHS, LABELS)
    more = DiffPoolClassifier(**WHOLE, class_weight={0: 1, 1: 2, 7: 3})
    more.fit(GRAPHS, LABELS)  # 7 may be a class that a fold lacks


def test_balanced_classes_have_the_same_sum_of_weights():
    encoded, targets = np.array([0] * 19 + [1]), Classes(np.array(["a", "b"]))
    weights = combine_weights(None, "balanced", targets, encoded)
    assert_allclose(weights.mean(), 1)
    assert_allclose(np.bincount(encoded, weights), [10, 10])
    given = combine_weights(None, {"b": 3}, targets, encoded)
    assert_allclose(given[-1] / given[0], 3)


@pytest.mark.parametrize("size", [1e-307, 1.0, 5e307])
def test_only_ratios_of_class_weights_count(size):
    encoded, targets = np.array([0, 1, 1]), Classes(np.array(["a", "b"]))
    weights = combine_weights(None, {"a": 3 * size, "b": size}, targets, encoded)
    assert_allclose(weights, [1.8, 0.6, 0.6])


def test_balanced_weights_predict_a_rare_class_where_it_is_more_frequent():
    # A third of the second kind is of class 1: less than half of the graphs, but more
    # than half of the balanced weights.
    kinds = [Graph([[0.0]], [[x]]) for x in (0.0, 1.0)]
    graphs, labels = [kinds[0]] * 20 + [kinds[1]] * 12, [0] * 28 + [1] * 4
    options = dict(hidden=4, clusters=(), epochs=60, learning_rate=0.02)
    for class_weight, expected in ((None, [0, 0]), ("balanced", [0, 1])):
        clf = DiffPoolClassifier(**options, class_weight=class_weight)
        assert list(clf.fit(graphs, labels).predict(kinds)) == expected


def test_class_weights_are_saved_with_their_labels(tmp_path):
    for class_weight, labels in (
        ({1: 2.0, 0: 0.5}, LABELS),
        ({"a": 2.0}, list("abab")),
        ({np.int64(1): np.float32(2)}, LABELS),
        ("balanced", LABELS),
    ):
        clf = DiffPoolClassifier(**WHOLE, class_weight=class_weight)
        clf.fit(GRAPHS, labels).save(tmp_path / "model.npz")
        loaded = load_model(tmp_path / "model.npz")
        assert loaded.class_weight == class_weight
        assert_same_model(loaded.fit(GRAPHS, labels), clf)
