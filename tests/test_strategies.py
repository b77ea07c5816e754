"""Each corner of the graphs that the laws are checked on is reached."""
import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from npdiffpool.testing.strategies import (
    SHAPES,
    adjacencies,
    assignments,
    batches,
    features,
    graphs,
    indistinguishable_pairs,
    logits,
    permutations,
    poolings,
)

SHRUNK = settings(max_examples=100, database=None, derandomize=True)
FIRST = settings(SHRUNK, max_examples=2000, phases=[Phase.generate])


def reaches(strategy, corner, settings=FIRST):
    """Find an example at a corner, or raise hypothesis.errors.NoSuchExample."""
    return find(strategy, corner, settings=settings)


def degrees(A):
    return np.count_nonzero(A, axis=1)


def reach(A):
    """Tell which nodes a path links, in either direction, to which."""
    hops = np.eye(len(A)) + A + A.T > 0
    return np.linalg.matrix_power(hops.astype(float), max(len(A), 1)) > 0


def simple(A):
    return A - np.diag(np.diag(A))


GRAPHS = {
    "no node": lambda A: len(A) == 0,
    "one node with a loop": lambda A: len(A) == 1 and A[0, 0] > 0,
    "no edge": lambda A: len(A) > 3 and not A.any(),
    "a full dozen": lambda A: len(A) == 12,
    "an isolated node among edges": lambda A: A.any() and (degrees(A) == 0).any(),
    "a loop beside edges": lambda A: np.trace(A) > 0 and simple(A).any(),
    "no loop but edges": lambda A: np.trace(A) == 0 and A.any(),
    "a star": lambda A: sorted(degrees(simple(A))) == [1, 1, 1, 1, 4],
    "a path": lambda A: len(A) > 3 and sorted(degrees(simple(A)))[:3] == [1, 1, 2],
    "a clique": lambda A: len(A) > 3 and (degrees(simple(A)) == len(A) - 1).all(),
    "a cycle": lambda A: len(A) > 4 and (degrees(A) == 2).all() and reach(A).all(),
    "a clique with every loop": lambda A: len(A) > 3 and A.all(),
    "a clique but for an edge": lambda A: len(A) > 3 and np.sum(simple(A) == 0) == 8,
    "regular, three edges a node": lambda A: len(A) > 5 and (degrees(A) == 3).all(),
    "two components with edges": lambda A: A.all(1).sum() == 0
    and (degrees(simple(A)) > 0).all()
    and not reach(A).all(),
    "weights of one": lambda A: A.any() and set(A.ravel()) <= {0.0, 1.0},
    "equal weights, not one": lambda A: degrees(A).sum() > 4
    and len(set(A[A > 0])) == 1
    and A.max() != 1,
    "unlike weights": lambda A: len(set(A[A > 0])) > 4,
    "tiny weights": lambda A: A.any() and A.max() < 1e-6,
    "huge weights": lambda A: A.any() and A[A > 0].min() > 1e6,
    "tiny beside huge weights": lambda A: A.any() and A.max() > 1e9 * A[A > 0].min(),
}
FEATURES = {
    "constant": lambda X: X.size > 4 and len(set(X.ravel())) == 1,
    "one-hot": lambda X: X.shape[1] > 1
    and len(X) > 1
    and set(X.sum(1)) == {1.0}
    and set(X.ravel()) == {0.0, 1.0},
    "real": lambda X: len(set(X.ravel())) > 4 and X.min() < 0 < X.max(),
    "of scale 1e-6": lambda X: 0 < np.abs(X).max() <= 1e-6,
    "of scale 1e6": lambda X: np.abs(X).max() > 1e5,
}
ASSIGNMENTS = {
    "one cluster": lambda S: S.shape[1] == 1,
    "more clusters than nodes": lambda S: 0 < len(S) < S.shape[1],
    "uniform": lambda S: S.shape[1] > 1 and (S == 1 / S.shape[1]).all(),
    "one-hot rows": lambda S: S.shape[1] > 1 and set(S.ravel()) == {0.0, 1.0},
    "soft rows": lambda S: S.shape[1] > 1 and S.all() and len(set(S.ravel())) > 4,
    "soft beside one-hot rows": lambda S: S.all(1).any() and (S == 1).any(1).any(),
    "an empty cluster": lambda S: len(S) > 1 and (S.sum(0) == 0).any(),
}
LOGITS = {
    "all zero": lambda R: R.size > 4 and not R.any(),
    "moderate": lambda R: R.size > 4 and 0.1 < np.abs(R).max() <= 1,
    "extreme": lambda R: R.shape[1] > 1 and np.ptp(R) > 1e4,
    "a softmax that underflows": lambda R: R.shape[1] > 1 and np.ptp(R[0]) > 746,
}


@pytest.mark.parametrize("corner", GRAPHS)
def test_graphs_reach(corner):
    assert GRAPHS[corner](reaches(adjacencies(), GRAPHS[corner]))


@pytest.mark.parametrize("corner", FEATURES)
def test_features_reach(corner):
    assert FEATURES[corner](reaches(features(5), FEATURES[corner]))


@pytest.mark.parametrize("corner", ASSIGNMENTS)
def test_assignments_reach(corner):
    assert ASSIGNMENTS[corner](reaches(assignments(4), ASSIGNMENTS[corner]))


@pytest.mark.parametrize("corner", LOGITS)
def test_logits_reach(corner):
    assert LOGITS[corner](reaches(logits(3), LOGITS[corner]))


def test_batches_reach_an_empty_graph_between_others():
    batch = reaches(batches(), lambda batch: 0 in [g.n_nodes for g in batch[1:-1]])
    assert len(batch) >= 3


def test_batches_reach_six_graphs_of_unlike_sizes():
    unlike = reaches(batches(), lambda batch: len({g.n_nodes for g in batch}) == 6)
    assert len(unlike) == 6


def test_permutations_reach_the_reversal():
    assert reaches(permutations(4), lambda order: list(order) == [3, 2, 1, 0]).size == 4


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_shrinks_to_no_node(shape):
    smallest = reaches(adjacencies(shapes=[shape]), lambda A: True, SHRUNK)
    assert smallest.shape == (0, 0)


def test_a_graph_with_an_edge_shrinks_to_one_edge_of_weight_one():
    smallest = reaches(adjacencies(), lambda A: simple(A).any(), SHRUNK)
    np.testing.assert_array_equal(smallest, [[0.0, 1.0], [1.0, 0.0]])


def test_directed_graphs_are_drawn_by_choice():
    A = reaches(adjacencies(directed=True), lambda A: (A != A.T).any())
    assert len(A) >= 2


@given(adjacencies())
def test_graphs_are_symmetric_finite_and_not_negative(A):
    np.testing.assert_array_equal(A, A.T)
    assert np.all(np.isfinite(A)) and np.all(A >= 0)


@given(adjacencies(min_nodes=2, max_nodes=5, directed=True))
def test_sizes_keep_to_their_bounds(A):
    assert 2 <= len(A) <= 5 and A.shape == (len(A), len(A))


@given(st.integers(0, 6).flatmap(assignments))
def test_assignments_are_row_stochastic(S):
    assert np.all(S >= 0)
    np.testing.assert_allclose(S.sum(axis=1), 1.0, rtol=1e-15 * S.shape[1])


@given(batches(min_graphs=2, max_graphs=3, max_nodes=4, n_features=2))
def test_batches_share_a_feature_width(batch):
    assert 2 <= len(batch) <= 3
    assert {graph.n_features for graph in batch} == {2}


@given(poolings())
def test_a_pooling_fits_together(case):
    A, Z, S = case
    assert len(A) == len(Z) == len(S)


@given(graphs(exponents=(0, 0)))
def test_exponents_bound_the_features(graph):
    assert np.all(np.abs(graph.features) <= 1.0)


@given(indistinguishable_pairs())
def test_indistinguishable_graphs_differ_yet_have_the_same_degrees(pair):
    one, two = (graph.adjacency.toarray() for graph in pair)
    assert (one != two).any()
    degrees = (np.sort(A.sum(axis=1)) for A in (one, two))
    np.testing.assert_allclose(*degrees, rtol=1e-14)
