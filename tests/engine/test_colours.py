"""Colours give the partition of 1-WL, to the bit, in any order of the nodes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse

from npdiffpool.engine.wl_colours import colours_of_features, mix, wl_colours
from npdiffpool.testing.strategies import graphs, indistinguishable_pairs, permutations


def colours(graph, rounds=3):
    initial = colours_of_features(graph.features)
    return wl_colours(graph.adjacency, initial, rounds)


def colours_by_definition(graph, rounds):
    """Return colours as nested tuples: (own colour, sorted colours of neighbours)."""
    found = [tuple(row) for row in (graph.features + 0.0).tolist()]
    A = graph.adjacency.toarray()
    for _ in range(rounds):
        found = [
            (found[i], tuple(sorted((A[i, j], found[j]) for j in np.flatnonzero(A[i]))))
            for i in range(len(found))
        ]
    return found


def partition(values):
    """Return the index of the first equal value, for each value."""
    values = list(values)
    return [values.index(value) for value in values]


@given(graph=graphs(directed=True), rounds=st.integers(0, 3))
def test_colours_partition_the_nodes_as_the_definition_does(graph, rounds):
    hashed = colours(graph, rounds)[-1].tolist()
    assert partition(hashed) == partition(colours_by_definition(graph, rounds))


@given(graph=graphs(directed=True), data=st.data())
def test_colours_are_equivariant_to_the_bit(graph, data):
    order = data.draw(permutations(graph.n_nodes))
    for before, after in zip(colours(graph), colours(graph.permute(order))):
        assert_array_equal(after, before[order])


@given(pair=indistinguishable_pairs())
def test_graphs_that_1wl_cannot_distinguish_have_the_same_colours(pair):
    first, second = (np.sort(colours(graph)[-1]) for graph in pair)
    assert_array_equal(first, second)


def test_zero_and_minus_zero_have_the_same_colour_dense_or_sparse():
    X = np.array([[0.0, -0.0, 2.0], [0.0, 0.0, 2.0], [2.0, 0.0, 0.0]])
    first, second, third = colours_of_features(X).tolist()
    assert first == second != third
    assert_array_equal(colours_of_features(sparse.csr_array(X)), [first, second, third])


def test_an_explicit_zero_of_a_sparse_matrix_counts_as_zero():
    X = sparse.csr_array(np.array([[1.0, 2.0], [1.0, 0.0]]))
    X.data[1] = -0.0
    first, second = colours_of_features(X).tolist()
    assert first == second


def test_features_are_not_modified():
    X = sparse.csr_array(np.array([[1.0, 2.0], [1.0, 0.0]]))
    X.data[1] = 0.0
    before = [part.copy() for part in (X.data, X.indices, X.indptr)]
    X.data.flags.writeable = False
    colours_of_features(X)
    for part, copy in zip((X.data, X.indices, X.indptr), before):
        assert_array_equal(part, copy)


def test_sign_changes_in_two_columns_do_not_cancel():
    """Flipping the highest bits of two numbers does not change their plain sum."""
    first, second = colours_of_features(np.array([[1.0, 3.0], [-1.0, -3.0]])).tolist()
    assert first != second


def test_mix_is_one_to_one():
    low = np.arange(10_000, dtype=np.uint64)
    numbers = np.concatenate([low, ~low])  # from 0 up, and from 2^64 - 1 down
    assert len(set(mix(numbers).tolist())) == 20_000


def test_mix_gives_the_numbers_of_splitmix64():
    """The first that Vigna's generator draws; a state is the seed plus some steps."""
    step, seed = 0x9E3779B97F4A7C15, 1234567
    states = [0, step, 2 * step % 2**64, seed, (seed + step) % 2**64]
    assert mix(states).tolist() == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
        6457827717110365317,
        3203168211198807973,
    ]
