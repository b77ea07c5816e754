"""Strategies draw every special case, and discard few draws."""

from collections import Counter

import numpy as np
import pytest
from drawing import degrees, dense, of_any_size, reach, reaches, simple, within
from hypothesis import given, settings
from hypothesis import strategies as st

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

pytestmark = pytest.mark.slow

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
    "a star": lambda A: len(A) > 3
    and sorted(degrees(simple(A))) == [1] * (len(A) - 1) + [len(A) - 1],
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
    "different weights": lambda A: len(set(A[A > 0])) > 4,
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
    "different weights": lambda A: len(A) == 60 and len(set(A[A > 0])) > 9,
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
    "one node per cluster": lambda S: S.shape == (4, 4) and (S.sum(0) == 1).all(),
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
    "six graphs of different sizes": lambda b: len({g.n_nodes for g in b}) == 6,
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
    "constant features": lambda c: c[1].any() and (c[0].features == 1).all(),
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
    "distinguished by self-loops only": lambda c: simple(c[0]).any()
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
def test_strategies_draw_special_cases(kind, corner):
    strategy, corners = CORNERS[kind]
    assert corners[corner](reaches(strategy, corners[corner]))


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
    """Draw, and count the draws started and finished."""
    tally["started"] += 1
    value = draw(strategy)
    tally["finished"] += 1
    return value


@pytest.mark.parametrize("name", PUBLIC)
def test_few_draws_are_discarded(name):
    tally = Counter()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(tallied(PUBLIC[name], tally))
    def draw_many(value):
        pass

    draw_many()
    assert tally["finished"] >= 0.95 * tally["started"] > 100


def test_most_graphs_of_alike_nodes_repeat_a_colour():
    tally = Counter()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(alike_nodes(min_nodes=2))
    def draw_many(case):
        tally[len(set(case[1])) < len(case[1])] += 1

    draw_many()
    assert tally[True] > tally[False]
