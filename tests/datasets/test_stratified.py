"""Stratified parts: each example in one part, equal shares, the same for a seed."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from npdiffpool.datasets import stratified_folds, stratified_split

LABELS = st.lists(st.integers(0, 3), min_size=10, max_size=60).map(np.array)
SHARES = (0.8, 0.1, 0.1)


def counts(labels, parts):
    """Return the number of examples of each class in each part, (parts, classes)."""
    return np.array([np.bincount(labels[part], minlength=4) for part in parts])


@given(labels=LABELS, n_folds=st.integers(2, 10), seed=st.integers(0, 9))
def test_each_example_is_in_one_fold_and_classes_are_equally_frequent(
    labels, n_folds, seed
):
    folds = stratified_folds(labels, n_folds, seed)
    assert_array_equal(np.sort(np.concatenate(folds)), np.arange(len(labels)))
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    assert np.all(np.ptp(counts(labels, folds), axis=0) <= 1)


@given(labels=LABELS, seed=st.integers(0, 9))
def test_each_example_is_in_one_part_and_classes_have_its_share(labels, seed):
    parts = stratified_split(labels, SHARES, seed)
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(labels)))
    expected = np.outer(SHARES, np.bincount(labels, minlength=4))
    # Rounding the size of the part adds at most 1, and so does each end of a class.
    assert np.all(np.abs(counts(labels, parts) - expected) <= 2)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_class_has_exactly_its_share_where_that_is_whole(seed):
    labels = np.tile(np.arange(4), 10)
    found = counts(labels, stratified_split(labels, SHARES, seed))
    assert_array_equal(found, np.outer([8, 1, 1], np.ones(4)))


def test_shares_may_be_one_or_sum_to_1_up_to_rounding():
    (whole,) = stratified_split([0, 1, 0], (1.0,))
    assert_array_equal(whole, np.arange(3))
    tenths = stratified_split(np.zeros(20), (0.1,) * 10)  # their sum is below 1
    assert [len(part) for part in tenths] == [2] * 10
    halves = stratified_split(np.zeros(20), np.array([0.5, 0.5]))
    assert [len(part) for part in halves] == [10, 10]


def test_the_seed_determines_the_parts():
    labels = np.arange(100) % 2
    for cut in (partial_folds, partial_split):
        assert_array_equal(cut(labels, 1), cut(labels, 1))
        assert np.any(cut(labels, 1) != cut(labels, 2))


def test_the_default_seed_is_0():
    labels = np.arange(40) % 2
    for found, expected in (
        (stratified_folds(labels, 4), stratified_folds(labels, 4, 0)),
        (stratified_split(labels, SHARES), stratified_split(labels, SHARES, 0)),
    ):
        assert all(map(np.array_equal, found, expected))


def partial_folds(labels, seed):
    return stratified_folds(labels, 10, seed)[0]


def partial_split(labels, seed):
    return stratified_split(labels, SHARES, seed)[0]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: stratified_folds([0, 1], 1), "n_folds must be a whole number >= 2"),
        (lambda: stratified_folds([0, 1], 3), "n_folds must be at most 2; got 3"),
        (lambda: stratified_folds([0, 1], 2, -1), "seed must be a whole number >= 0"),
        (lambda: stratified_split([0, 1], (0.5, 0.6)), "shares must be positive"),
        (lambda: stratified_split([0, 1], (1.5, -0.5)), "shares must be positive"),
        (lambda: stratified_split([0, 1], (0.5, 0.4)), "shares must be positive"),
        (lambda: stratified_split([0, 1], (1.0, 0.0)), "shares must be positive"),
        (lambda: stratified_split([0, 1], ()), "shares must be positive"),
        (lambda: stratified_split([0, 1], (0.5, 0.5), -1), "seed must be a whole"),
        (lambda: stratified_split([0, 1], SHARES), "labels must be enough for parts"),
    ],
)
def test_wrong_arguments_are_errors(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
