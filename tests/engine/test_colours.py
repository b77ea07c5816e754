"""1-WL colours: the partition that 1-WL gives, exact and in no order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse

from npdiffpool.engine.wl_colours import colours_of_features, mix, wl_colours
from npdiffpool.testing.strategies import graphs, indistinguishable_pairs, permutations


def colours(graph, rounds=3):
    first = colours_of_features(graph.features)
    return wl_colours(graph.adjacency, first, rounds)


def slowly(graph, rounds):
    """Refine colours that are nested tuples, as 1-WL is defined."""
    seen = [tuple(row) for row in (graph.features + 0.0).tolist()]
    A = graph.adjacency.toarray()
    for _ in range(rounds):
        seen = [
            (seen[i], tuple(sorted((A[i, j], seen[j]) for j in np.flatnonzero(A[i]))))
            for i in range(len(seen))
        ]
    return seen


def partition(values):
    values = list(values)
    return [values.index(value) for value in values]


@given(graph=graphs(directed=True), rounds=st.integers(0, 3))
def test_they_divide_the_nodes_as_the_definition_does(graph, rounds):
    fast = colours(graph, rounds)[-1].tolist()
    assert partition(fast) == partition(slowly(graph, rounds))


@given(graph=graphs(directed=True), data=st.data())
def test_they_follow_the_order_of_nodes_to_the_bit(graph, data):
    order = data.draw(permutations(graph.n_nodes))
    for before, after in zip(colours(graph), colours(graph.permute(order))):
        assert_array_equal(after, before[order])


@given(pair=indistinguishable_pairs())
def test_what_1wl_cannot_tell_apart_has_the_same_colours(pair):
    first, second = (np.sort(colours(graph)[-1]) for graph in pair)
    assert_array_equal(first, second)


def test_features_are_compared_as_numbers_dense_or_sparse():
    X = np.array([[0.0, -0.0, 2.0], [0.0, 0.0, 2.0], [2.0, 0.0, 0.0]])
    first, second, third = colours_of_features(X).tolist()
    assert first == second != third
    assert_array_equal(colours_of_features(sparse.csr_array(X)), [first, second, third])


def test_a_zero_that_is_stored_is_a_zero():
    X = sparse.csr_array(np.array([[1.0, 2.0], [1.0, 0.0]]))
    X.data[1] = -0.0
    first, second = colours_of_features(X).tolist()
    assert first == second


def test_features_are_left_as_they_are():
    X = sparse.csr_array(np.array([[1.0, 2.0], [1.0, 0.0]]))
    X.data[1] = 0.0
    before = [part.copy() for part in (X.data, X.indices, X.indptr)]
    X.data.flags.writeable = False
    colours_of_features(X)
    for part, was in zip((X.data, X.indices, X.indptr), before):
        assert_array_equal(part, was)


def test_signs_in_two_columns_do_not_cancel():
    """Flipped, the highest bits of two numbers leave a plain sum as it is."""
    first, second = colours_of_features(np.array([[1.0, 3.0], [-1.0, -3.0]])).tolist()
    assert first != second


def test_no_two_numbers_are_mixed_to_the_same():
    low = np.arange(10_000, dtype=np.uint64)
    numbers = np.concatenate([low, ~low])  # from 0 up, and from 2^64 - 1 down
    assert len(set(mix(numbers).tolist())) == 20_000
