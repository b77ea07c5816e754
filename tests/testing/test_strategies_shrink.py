"""Drawn values shrink to the smallest example of their kind."""

import numpy as np
import pytest
from drawing import (
    SHRUNK,
    degrees,
    dense,
    linked,
    of_any_size,
    reach,
    reaches,
    simple,
    within,
)

from npdiffpool import Graph
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

pytestmark = pytest.mark.slow


def anything(value):
    return True


def of_shape(shape, least=4):
    return adjacencies(least, shapes=[shape])


def of_weight(weight):
    return adjacencies(weights=[weight])


def pair(N, one, two, weight=1.0):
    return tuple(Graph(weight * linked(N, *e), np.zeros((N, 1))) for e in (one, two))


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
    "different and alike": (
        alike_nodes(),
        lambda case: 1 < len(set(case[1])) < len(case[1]),
        (np.diag([0.0, 0.0, 1.0]), np.array([0, 0, 1])),
    ),
}


@pytest.mark.parametrize("kind", SMALLEST)
def test_strategies_shrink_to_the_smallest_example(kind):
    strategy, condition, smallest = SMALLEST[kind]
    found = reaches(strategy, condition, SHRUNK)
    arrays = isinstance(found, np.ndarray)
    assert as_code(found) == as_code(np.array(smallest) if arrays else smallest)
