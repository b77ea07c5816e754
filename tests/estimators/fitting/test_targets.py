"""Targets: what a model learns is what it predicts and is scored by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score

from npdiffpool.estimators.fitting.targets import Classes, Numbers, r_squared

TARGETS = np.array([[0.0, 5.0, 10.0], [3.0, 5.0, 30.0], [9.0, 5.0, 20.0]])
WEIGHTS = np.array([1.0, 0.0, 3.0])


@pytest.mark.parametrize("known", [[1, 3, 3], ["b", "d", "d"]])
def test_a_label_is_encoded_as_its_place_among_the_sorted_classes(known):
    classes = Classes.of(known[::-1], 3)
    assert_array_equal(classes.encode(known, 3), [0, 1, 1])
    assert_array_equal(classes.decode(np.array([1, 0])), [known[1], known[0]])
    assert classes.n_outputs == 2


@pytest.mark.parametrize("unseen", [0, 2, 4])
def test_a_label_that_was_not_seen_in_training_is_refused(unseen):
    classes = Classes.of([1, 3], 2)
    message = rf"labels must be among the training classes \[1, 3\]; got \[{unseen}\]"
    with pytest.raises(ValueError, match=message):
        classes.encode([1, unseen, 3], 3)


def test_of_many_classes_the_first_five_are_named():
    classes, wrong = Classes.of(range(9), 9), [10, 11, 12, 13, 14, 15]
    message = r"\[0, 1, 2, 3, 4, \.\.\.\]; got \[10, 11, 12, 13, 14, \.\.\.\]$"
    with pytest.raises(ValueError, match=message):
        classes.encode(wrong, 6)


def test_targets_are_encoded_by_their_mean_and_standard_deviation():
    numbers = Numbers.of(TARGETS, 3)
    assert_allclose(numbers.mean, [4, 5, 20], rtol=1e-15)
    assert_allclose(numbers.scale, [np.sqrt(14), 1, np.sqrt(200 / 3)], rtol=1e-15)
    encoded = numbers.encode(TARGETS, 3)
    assert_allclose(encoded, (TARGETS - numbers.mean) / numbers.scale, rtol=1e-15)
    assert_allclose(numbers.decode(encoded), TARGETS, rtol=1e-14, atol=1e-14)
    assert numbers.n_outputs == 3


def test_a_weight_counts_as_that_many_copies_of_a_target():
    weighted = Numbers.of(TARGETS, 3, WEIGHTS)
    copies = Numbers.of(np.repeat(TARGETS, WEIGHTS.astype(int), axis=0), 4)
    assert_allclose([weighted.mean, weighted.scale], [copies.mean, copies.scale])


def test_a_number_and_a_column_of_one_number_are_the_same_target():
    column = TARGETS[:, :1]
    for trained in (column, column[:, 0]):
        numbers = Numbers.of(trained, 3)
        for given_ in (column, column[:, 0]):
            assert numbers.encode(given_, 3).shape == (3, 1)
            assert_array_equal(numbers.read(given_, 3), trained)
        assert numbers.decode(np.zeros((3, 1))).shape == trained.shape


@pytest.mark.parametrize("names", [None, ("a", "b", "c")])
def test_stored_targets_are_read_back(names):
    numbers = Numbers.of(TARGETS, 3, names=names)
    again = Numbers.from_arrays(numbers.arrays())
    assert_array_equal([again.mean, again.scale], [numbers.mean, numbers.scale])
    assert again.names == names


# Whole numbers: rounding leaves equal ones a variance in scikit-learn.
WHOLE = st.integers(-20, 20).map(float)
ROWS = st.lists(st.tuples(WHOLE, WHOLE, st.integers(0, 3)), min_size=2, max_size=6)


@given(rows=ROWS.filter(lambda rows: sum(w > 0 for *_, w in rows) > 1))
def test_r_squared_is_that_of_scikit_learn(rows):
    targets, predicted, weights = np.array(rows).T
    for w in (None, weights):
        (found,) = r_squared(targets, predicted, w)
        expected = r2_score(targets, predicted, sample_weight=w)
        assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_r_squared_neither_overflows_nor_underflows(size):
    for targets, predicted, expected in (
        (np.array([1.0, 3.0]), np.array([2.0, 3.0]), 0.5),
        (np.array([-1.0, 1.0]), np.array([0.0, 5.0]), -7.5),
    ):
        assert_allclose(r_squared(size * targets, size * predicted), expected)


@pytest.mark.parametrize("size", [1e-150, 1e-170, 1e-300])
@pytest.mark.parametrize("factor", [1.0, 1e250])
def test_r_squared_of_targets_far_smaller_than_the_predictions_is_hugely_negative(
    size, factor
):
    targets, predicted = np.array([0.0, size]), np.array([0.0, factor])
    for weights in (None, WEIGHTS[[0, 2]]):
        (found,) = r_squared(targets, predicted, weights)
        assert found == -1e150
        assert r_squared(targets, targets, weights) == 1


def test_r_squared_of_several_targets_is_that_of_each():
    predicted = TARGETS + [[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    alone = [r_squared(t, y)[0] for t, y in zip(TARGETS.T, predicted.T)]
    assert_array_equal(r_squared(TARGETS, predicted), alone)
    assert_allclose(alone, [1 - 1 / 42, 0, 1 - 4 / 200], rtol=1e-14)
