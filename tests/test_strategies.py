"""Strategies reach each corner of what the laws are checked on, and shrink well."""

import itertools
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag

from npdiffpool import Graph
from npdiffpool.testing._shapes import stable_colours
from npdiffpool.testing.code import as_code
from npdiffpool.testing.strategies import (
    WITH_LARGE,
    adjacencies,
    alike_nodes,
    assignments,
    batches,
    cliques,
    features,
    graphs,
    indistinguishable_pairs,
    logits,
    permutations,
    planted_graphs,
    poolings,
)

SHRUNK = settings(max_examples=300, database=None, derandomize=True)
FIRST = settings(SHRUNK, max_examples=2000, phases=[Phase.generate])


def reaches(strategy, corner, settings=FIRST):
    """Find an example at a corner, or raise hypothesis.errors.NoSuchExample."""
    return find(strategy, corner, settings=settings)


def dense(graph):
    return graph.adjacency.toarray()


def degrees(A):
    return np.count_nonzero(A, axis=1)


def reach(A):
    """Tell which nodes a path links, in either direction, to which."""
    hops = np.eye(len(A)) + A + A.T > 0
    return np.linalg.matrix_power(hops.astype(float), max(len(A), 1)) > 0


def simple(A):
    return A - np.diag(np.diag(A))


def within(labels):
    """Tell which pairs of unlike nodes are of one cluster."""
    return simple((labels[:, None] == labels).astype(float)) > 0


ADJACENCIES = {
    "no node": lambda A: len(A) == 0,
    "one node with a loop": lambda A: len(A) == 1 and A[0, 0] > 0,
    "no edge": lambda A: len(A) > 3 and not A.any(),
    "a full dozen": lambda A: len(A) == 12,
    "an isolated node among edges": lambda A: A.any() and (degrees(A) == 0).any(),
    "a loop beside edges": lambda A: np.trace(A) > 0 and simple(A).any(),
    "no loop but edges": lambda A: np.trace(A) == 0 and A.any(),
    "loops of some nodes": lambda A: 1 < np.count_nonzero(np.diag(A)) < len(A) - 1,
    "loops without an edge": lambda A: np.trace(A) > 0 and not simple(A).any(),
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
DIRECTED = {
    "both ways, one weight": lambda A: len(A) > 3 and A.any() and (A == A.T).all(),
    "both ways, two weights": lambda A: ((A > 0) == (A.T > 0)).all()
    and (A != A.T).any(),
    "only to later nodes": lambda A: simple(A).any() and not np.tril(A, -1).any(),
    "only to earlier nodes": lambda A: simple(A).any() and not np.triu(A, 1).any(),
    "a cycle of three, one way": lambda A: len(A) == 3
    and np.trace(np.linalg.matrix_power((simple(A) > 0).astype(int), 3)) == 3,
}
LARGE = {
    "sixty nodes": lambda A: len(A) == 60 and A.any(),
    "loops": lambda A: len(A) == 60 and np.trace(A) > 0,
    "unlike weights": lambda A: len(A) == 60 and len(set(A[A > 0])) > 9,
    "no node": lambda A: len(A) == 0,
}
WITHIN_LARGE = {
    "more than fifty nodes": lambda A: len(A) > 50,
    "a full dozen": lambda A: len(A) == 12 and degrees(A).min() > 2,
}
FEATURES = {
    "constant": lambda X: X.size > 4 and len(set(X.ravel())) == 1,
    "one-hot": lambda X: X.shape[1] > 1
    and len(X) > 1
    and set(X.sum(1)) == {1.0}
    and set(X.ravel()) == {0.0, 1.0},
    "real": lambda X: len(set(X.ravel())) > 4 and X.min() < 0 < X.max(),
    "a node of zeros": lambda X: X.any() and (X == 0).all(1).any(),
    "of scale 1e-6": lambda X: 0 < np.abs(X).max() <= 1e-6,
    "of scale 1e6": lambda X: np.abs(X).max() > 1e5,
    "tiny beside large": lambda X: X.any() and np.ptp(np.log10(np.abs(X[X != 0]))) > 6,
}
ASSIGNMENTS = {
    "one cluster": lambda S: S.shape[1] == 1,
    "more clusters than nodes": lambda S: 0 < len(S) < S.shape[1],
    "uniform": lambda S: S.shape[1] > 1 and (S == 1 / S.shape[1]).all(),
    "one-hot rows": lambda S: S.shape[1] > 1 and set(S.ravel()) == {0.0, 1.0},
    "soft rows": lambda S: S.shape[1] > 1 and S.all() and len(set(S.ravel())) > 4,
    "soft beside one-hot rows": lambda S: S.all(1).any()
    and ((S == 1).any(1) & (S == 0).any(1)).any(),
    "an empty cluster": lambda S: len(S) > 1 and (S.sum(0) == 0).any(),
    "each node by itself": lambda S: S.shape == (4, 4) and (S.sum(0) == 1).all(),
}
LOGITS = {
    "all zero": lambda R: R.size > 4 and not R.any(),
    "moderate": lambda R: R.size > 4 and 0.1 < np.abs(R).max() <= 1,
    "extreme": lambda R: R.shape[1] > 1 and np.ptp(R) > 1e4,
    "a softmax that underflows": lambda R: R.shape[1] > 1 and np.ptp(R[0]) > 746,
    "two that are largest": lambda R: R.any()
    and (np.sum(R == R.max(), axis=1) > 1).any(),
}
PERMUTATIONS = {
    "none": lambda order: list(order) == [0, 1, 2, 3],
    "the reversal": lambda order: list(order) == [3, 2, 1, 0],
    "a rotation": lambda order: list(order) == [1, 2, 3, 0],
}
BATCHES = {
    "an empty graph between others": lambda b: 0 in [g.n_nodes for g in b[1:-1]],
    "six graphs of unlike sizes": lambda b: len({g.n_nodes for g in b}) == 6,
    "one graph": lambda b: len(b) == 1 and b[0].n_edges > 3,
}
CLIQUES = {
    "no node": lambda c: len(c[0]) == 0,
    "four cliques of edges": lambda c: (c[1].sum(0) > 1).sum() == 4,
    "an empty cluster": lambda c: c[0].any() and (c[1].sum(0) == 0).any(),
    "any order": lambda c: (np.diff(c[1].argmax(1)) < 0).any() and len(c[0]) > 3,
}
PLANTED = {
    "four cliques apart": lambda c: c[1].max() == 3
    and (dense(c[0]) == within(c[1])).all()
    and dense(c[0]).any(axis=1).all(),
    "a cluster that lacks edges": lambda c: (dense(c[0]) < within(c[1])).any(),
    "clusters that are linked": lambda c: (dense(c[0]) > within(c[1])).any(),
    "both": lambda c: (dense(c[0]) < within(c[1])).any()
    and (dense(c[0]) > within(c[1])).any(),
    "six nodes in a cluster": lambda c: np.bincount(c[1]).max() == 6,
    "any order": lambda c: (np.diff(c[1]) < 0).sum() > 2,
    "one-hot features": lambda c: set(c[0].features.ravel()) == {0.0, 1.0},
    "no feature to tell by": lambda c: c[1].any() and (c[0].features == 1).all(),
}
PAIRS = {
    "long cycles": lambda pair: pair[0].n_nodes == 12 and pair[0].n_edges == 12,
    "cubic": lambda pair: pair[0].n_nodes == 6 and pair[0].n_edges == 9,
    "not regular": lambda pair: pair[0].n_nodes == 10 and pair[0].n_edges == 11,
    "strongly regular": lambda pair: pair[0].n_nodes == 16 and pair[0].n_edges == 48,
    "weighted": lambda pair: 0.2 < dense(pair[0]).max() < 0.9,
    "negative features": lambda pair: pair[0].features[0].min() < -1,
}
ALIKE = {
    "one colour": lambda c: len(c[0]) > 3 and c[0].any() and not c[1].any(),
    "a colour each": lambda c: len(c[0]) > 3 and len(set(c[1])) == len(c[0]),
    "three colours of two": lambda c: sorted(Counter(c[1]).values()) == [2, 2, 2],
    "told apart by loops alone": lambda c: simple(c[0]).any()
    and len(set(c[0][c[0] > 0])) == 1
    and np.ptp(degrees(simple(c[0]))) == 0
    and len(set(c[1])) == 2,
}
CORNERS = {
    "adjacencies": (adjacencies(), ADJACENCIES),
    "directed": (adjacencies(directed=True), DIRECTED),
    "large": (adjacencies(shapes=["large"]), LARGE),
    "with large": (adjacencies(shapes=WITH_LARGE), WITHIN_LARGE),
    "features": (features(5), FEATURES),
    "assignments": (assignments(4), ASSIGNMENTS),
    "logits": (logits(3), LOGITS),
    "permutations": (permutations(4), PERMUTATIONS),
    "batches": (batches(), BATCHES),
    "cliques": (cliques(), CLIQUES),
    "planted": (planted_graphs(), PLANTED),
    "pairs": (indistinguishable_pairs(), PAIRS),
    "alike": (alike_nodes(), ALIKE),
}


@pytest.mark.parametrize(
    "kind, corner", [(kind, corner) for kind in CORNERS for corner in CORNERS[kind][1]]
)
def test_strategies_reach(kind, corner):
    strategy, corners = CORNERS[kind]
    assert corners[corner](reaches(strategy, corners[corner]))


def anything(value):
    return True


def of_any_size(strategy, **kinds):
    """Draw for 0 to 6 nodes."""
    return st.integers(0, 6).flatmap(lambda n: strategy(n, **kinds))


def of_shape(shape, least=4):
    return adjacencies(least, shapes=[shape])


def of_weight(weight):
    return adjacencies(weights=[weight])


def pair(N, one, two, weight=1.0):
    return tuple(Graph(weight * linked(N, *e), np.zeros((N, 1))) for e in (one, two))


def linked(N, *edges):
    """Write an undirected adjacency as its edges: 12 is the edge 1 - 2."""
    A = np.zeros((N, N))
    for i, j in (divmod(edge, 10) for edge in edges):
        A[i, j] = A[j, i] = 1.0
    return A


def has_edge(A):
    return simple(A).any()


def is_one_way(A):
    return ((A > 0) != (A.T > 0)).any()


def has_apart(A):
    return (degrees(simple(A)) > 0).all() and not reach(A).all()


def has_unlike_rows(X):
    return len({tuple(row) for row in X}) > 1


def has_unlike_weights(A):
    return len(set(A[A > 0])) > 1


EDGE, ONES = linked(2, 1), np.ones((2, 1))
K4, C4 = linked(4, 1, 2, 3, 12, 13, 23), linked(4, 1, 3, 12, 23)
C6, TWO_C3 = (1, 5, 12, 23, 34, 45), (1, 2, 12, 34, 35, 45)
SOFT = 1 / (1 + np.exp(5.0))
SMALLEST = {
    "no edge": (of_shape("empty"), anything, np.zeros((4, 4))),
    "random": (of_shape("random"), has_edge, linked(4, 23)),
    "dense": (of_shape("dense"), anything, K4),
    "star": (of_shape("star"), anything, linked(4, 1, 2, 3)),
    "path": (of_shape("path"), anything, linked(4, 1, 12, 23)),
    "cycle": (of_shape("cycle"), anything, C4),
    "clique": (of_shape("clique"), anything, K4),
    "circulant": (of_shape("circulant"), anything, C4),
    "two components": (of_shape("two"), has_apart, linked(4, 1, 23)),
    "any shape": (adjacencies(), has_edge, EDGE),
    "loop": (adjacencies(), lambda A: np.trace(A) > 0, np.ones((1, 1))),
    "a part of large": (of_shape("large"), lambda A: len(A) > 3, np.zeros((4, 4))),
    "an edge of large": (of_shape("large", 0), has_edge, EDGE),
    "not large at all": (adjacencies(shapes=WITH_LARGE), has_edge, EDGE),
    "ones": (of_weight("ones"), has_edge, EDGE),
    "equal": (of_weight("equal"), has_edge, EDGE),
    "equal, not one": (of_weight("equal"), lambda A: (A > 1).any(), [[10.0]]),
    "unlike": (of_weight("unlike"), has_unlike_weights, np.diag([1.0, 10.0])),
    "tiny": (of_weight("tiny"), has_edge, 1e-9 * EDGE),
    "huge": (of_weight("huge"), has_edge, 1e9 * EDGE),
    "mixed": (of_weight("mixed"), has_unlike_weights, np.diag([1.0, 1e6])),
    "one way": (adjacencies(directed=True), is_one_way, np.eye(2, k=1)),
    "constant": (of_any_size(features, kinds=["constant"]), len, np.ones((1, 1))),
    "one-hot": (of_any_size(features, kinds=["one-hot"]), has_unlike_rows, np.eye(2)),
    "real": (of_any_size(features, kinds=["real"]), has_unlike_rows, [[0.0], [1.0]]),
    "uniform": (of_any_size(assignments, kinds=["uniform"]), len, np.ones((1, 1))),
    "hard": (of_any_size(assignments, kinds=["hard"]), has_unlike_rows, np.eye(2)),
    "soft": (
        of_any_size(assignments, kinds=["soft"]),
        has_unlike_rows,
        [[0.5, 0.5], [SOFT, 1 - SOFT]],
    ),
    "some hard": (
        of_any_size(assignments, kinds=["some hard"]),
        lambda S: S.shape[1] > 1 and S.all(1).any() and (S == 1).any(),
        [[0.5, 0.5], [1.0, 0.0]],
    ),
    "no logit": (of_any_size(logits), anything, np.zeros((0, 1))),
    "logits": (of_any_size(logits), has_unlike_rows, [[0.0], [1.0]]),
    "extreme": (logits(1), lambda R: np.ptp(R) > 746, [[0.0, 1e4]]),
    "identity": (permutations(4), anything, np.arange(4)),
    "a swap": (of_any_size(permutations), lambda o: (np.diff(o) < 0).any(), [1, 0]),
    "pooling": (
        poolings(),
        lambda case: has_edge(case.A),
        (EDGE, ONES, ONES),
    ),
    "softly pooled": (
        poolings(),
        lambda case: case.A.any() and case.Z.min() < 0 and (case.S < 1).any(),
        (np.ones((1, 1)), -np.ones((1, 1)), np.full((1, 2), 0.5)),
    ),
    "graph": (graphs(), lambda graph: graph.n_edges > 0, Graph([[1.0]], [[1.0]])),
    "batch": (batches(), anything, [Graph(np.zeros((0, 0)), np.zeros((0, 1)))]),
    "edges in a batch": (
        batches(min_graphs=2),
        lambda batch: has_edge(dense(batch[1])),
        [Graph(np.zeros((0, 0)), np.zeros((0, 1))), Graph(EDGE, ONES)],
    ),
    "cliques": (
        cliques(),
        lambda case: has_apart(case[0]),
        (linked(4, 1, 23) + np.eye(4), np.eye(2)[[0, 0, 1, 1]]),
    ),
    "shuffled cliques": (
        cliques(),
        lambda case: (np.diff(case[1][:, 0]) > 0).any(),
        (np.eye(2), np.eye(3)[[2, 0]]),  # the empty cluster between them stays
    ),
    "planted": (
        planted_graphs(),
        lambda case: has_apart(dense(case[0])),
        (Graph(linked(4, 1, 23), np.ones((4, 1))), np.array([0, 0, 1, 1])),
    ),
    "shuffled clusters": (
        planted_graphs(),
        lambda case: (np.diff(case[1]) < 0).any(),
        (Graph(np.zeros((2, 2)), ONES), np.array([1, 0])),
    ),
    "linked clusters": (
        planted_graphs(),
        lambda case: (dense(case[0]) > within(case[1])).any(),
        (Graph(EDGE, ONES), np.array([0, 1])),
    ),
    "lacking cluster": (
        planted_graphs(),
        lambda case: (dense(case[0]) < within(case[1])).any(),
        (Graph(linked(3, 1, 2), np.ones((3, 1))), np.zeros(3, int)),
    ),
    "pairs": (indistinguishable_pairs(), anything, pair(6, C6, TWO_C3)),
    "cubic": (
        indistinguishable_pairs(kinds=["cubic"]),
        anything,
        pair(6, (1, 3, 5, 12, 14, 23, 25, 34, 45), (2, 3, 4, 13, 14, 15, 24, 25, 35)),
    ),
    "not regular": (
        indistinguishable_pairs(kinds=["not regular"]),
        anything,
        pair(
            10,
            (1, 5, 9, 12, 23, 34, 45, 56, 67, 78, 89),
            (1, 4, 5, 12, 23, 34, 56, 59, 67, 78, 89),
        ),
    ),
    "alike": (
        alike_nodes(),
        lambda case: len(set(case[1])) < len(case[1]),
        (np.zeros((2, 2)), np.zeros(2, int)),
    ),
    "unlike and alike": (
        alike_nodes(),
        lambda case: 1 < len(set(case[1])) < len(case[1]),
        (np.diag([0.0, 0.0, 1.0]), np.array([0, 0, 1])),
    ),
}


@pytest.mark.parametrize("kind", SMALLEST)
def test_strategies_shrink_to_the_smallest(kind):
    strategy, condition, smallest = SMALLEST[kind]
    found = reaches(strategy, condition, SHRUNK)
    arrays = isinstance(found, np.ndarray)
    assert as_code(found) == as_code(np.array(smallest) if arrays else smallest)


@given(adjacencies())
def test_graphs_are_symmetric_finite_and_not_negative(A):
    np.testing.assert_array_equal(A, A.T)
    assert np.all(np.isfinite(A)) and np.all(A >= 0)


@given(adjacencies(min_nodes=2, max_nodes=5, directed=True))
def test_sizes_keep_to_their_bounds(A):
    assert 2 <= len(A) <= 5 and A.shape == (len(A), len(A))


@given(adjacencies(min_nodes=2, max_nodes=4, shapes=["large"]))
def test_large_graphs_have_up_to_five_times_as_many_nodes(A):
    assert 2 <= len(A) <= 20


@given(st.integers(0, 6).flatmap(assignments))
def test_assignments_are_row_stochastic(S):
    assert np.all(S >= 0)
    np.testing.assert_allclose(S.sum(axis=1), 1.0, rtol=1e-15 * S.shape[1])


@given(st.integers(0, 9).flatmap(permutations))
def test_permutations_hold_each_number_once(order):
    assert sorted(order) == list(range(len(order)))


@given(batches(min_graphs=2, max_graphs=3, max_nodes=4, n_features=2))
def test_batches_share_a_feature_width(batch):
    assert 2 <= len(batch) <= 3
    assert {graph.n_features for graph in batch} == {2}


@given(poolings(min_nodes=1, shapes=WITH_LARGE))
def test_a_pooling_fits_together(case):
    A, Z, S = case
    assert len(A) == len(Z) == len(S) >= 1


@given(graphs(exponents=(0, 0)))
def test_exponents_bound_the_features(graph):
    assert np.all(np.abs(graph.features) <= 1.0)


@given(logits(4, 3, bounds=[30.0]))
def test_bounds_bound_the_logits(R):
    assert R.shape == (4, 3) and np.all(np.abs(R) <= 30.0)


@given(cliques(max_clusters=3, max_size=2))
def test_cliques_are_what_their_assignment_says(case):
    A, S = case
    np.testing.assert_array_equal(A, np.dot(S, S.T))
    assert S.shape[1] <= 3 and np.all(S.sum(axis=0) <= 2)
    assert set(S.ravel()) <= {0.0, 1.0} and np.all(S.sum(axis=1) == 1)


@given(planted_graphs(max_clusters=3, max_size=5))
def test_planted_clusters_are_connected_and_few_edges_link_them(case):
    A, labels = dense(case[0]), case[1]
    np.testing.assert_array_equal(A, A.T)
    assert 1 <= np.bincount(labels).min() and np.bincount(labels).max() <= 5
    assert labels.max() < 3
    assert np.all(reach(A * within(labels)) == (labels[:, None] == labels))
    assert np.sum(A > within(labels)) / 2 <= labels.max()
    assert not np.diag(A).any() and A.max() <= 1


@given(indistinguishable_pairs())
def test_indistinguishable_graphs_differ_but_not_for_1_wl(pair):
    one, two = map(dense, pair)
    networks = [nx.from_numpy_array(A) for A in (one, two)]
    assert not nx.is_isomorphic(*networks)
    colours = stable_colours(block_diag(one, two))
    assert Counter(colours[: len(one)]) == Counter(colours[len(one) :])
    np.testing.assert_array_equal(pair[0].features, pair[1].features)
    assert np.all(pair[0].features == pair[0].features[:1])


@given(alike_nodes(directed=True))
def test_nodes_of_one_colour_see_the_same_weights_of_each_colour(case):
    A, colours = case
    for a, b in itertools.product(set(colours), repeat=2):
        for ways in (A, A.T):
            seen = np.sort(ways[colours == a][:, colours == b], axis=1)
            assert np.all(seen == seen[0])
        assert len(set(np.diag(A)[colours == a])) == 1


@given(alike_nodes(), st.data())
def test_colours_go_with_their_nodes(case, data):
    A, colours = case
    order = data.draw(permutations(len(A)))
    permuted = stable_colours(A[np.ix_(order, order)])
    np.testing.assert_array_equal(permuted, colours[order])


def test_colours_are_no_more_than_1_wl_tells_apart():
    path = linked(5, 1, 12, 23, 34)
    np.testing.assert_array_equal(stable_colours(path), [0, 2, 1, 2, 0])
    assert not stable_colours(linked(6, 1, 5, 12, 23, 34, 45)).any()


PUBLIC = {
    "adjacencies": adjacencies(),
    "directed adjacencies": adjacencies(2, directed=True),
    "large adjacencies": adjacencies(shapes=WITH_LARGE),
    "features": of_any_size(features),
    "logits": of_any_size(logits),
    "assignments": of_any_size(assignments),
    "permutations": of_any_size(permutations),
    "poolings": poolings(directed=True),
    "graphs": graphs(),
    "batches": batches(),
    "cliques": cliques(),
    "planted_graphs": planted_graphs(),
    "indistinguishable_pairs": indistinguishable_pairs(),
    "alike_nodes": alike_nodes(directed=True),
}


@st.composite
def tallied(draw, strategy, tally):
    """Draw, and count how many draws began and how many came to an end."""
    tally["started"] += 1
    value = draw(strategy)
    tally["finished"] += 1
    return value


@pytest.mark.parametrize("name", PUBLIC)
def test_few_draws_are_thrown_away(name):
    tally = Counter()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(tallied(PUBLIC[name], tally))
    def draw_many(value):
        pass

    draw_many()
    assert tally["finished"] >= 0.95 * tally["started"] > 100


def test_most_graphs_with_alike_nodes_repeat_a_colour():
    tally = Counter()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(alike_nodes(min_nodes=2))
    def draw_many(case):
        tally[len(set(case[1])) < len(case[1])] += 1

    draw_many()
    assert tally[True] > tally[False]
