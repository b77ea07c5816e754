"""Cases of laws about layers, models and training."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from npdiffpool._support.types import Array
from npdiffpool.testing import strategies as draws
from npdiffpool.testing.check import Case, Cases
from npdiffpool.testing.laws.cases.pooling import SEEDS, any_logits

SCALES = (1.0, 1e-12, 1e-20, 1e-25, 1e-30, 1e-160, 1e-290)  # from 1e-60: 0 in float32

# Sums over huge weights, squared at the next level, leave no digits to compare.
MILD = ("ones", "equal", "unlike", "tiny")


def with_seed(*extras: str, directed: bool = False) -> Cases:
    """Return cases of a graph, A and X (two features), and a seed of parameters.

    "nodes" adds an order of the nodes, "clusters" one of three clusters.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> Case:
        mild: Any = {"directed": directed, "weights": MILD}
        A = draw(draws.adjacencies(least, min(most, 8), **mild))
        X = draw(draws.features(len(A), 2, exponents=(-6, 0)))
        orders = {"nodes": len(A), "clusters": 3}
        more = {name: draw(draws.permutations(orders[name])) for name in extras}
        return {"A": A, "X": X, "seed": draw(SEEDS), **more}

    return cases


@st.composite
def of_any_scale(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph with weights of 1e-290 to 1e3, X >= 0, and logits.

    Weights are at least 3 times a scale. At the scale 1, A is then far from S S^T.
    """
    scale = draw(st.sampled_from(SCALES))
    sizes = max(least, 1), max(min(most, 8), 1)
    ones = draws.adjacencies(*sizes, directed=True, weights=["ones"])
    A = draw(ones)
    X = draw(draws.features(len(A), 2, ["real"], exponents=(0, 0)))
    R = draw(any_logits(len(A), draw(st.integers(1, 4)), ("soft", "hard", "uniform")))
    return {"A": scale * A * (3.0 + np.arange(len(A))), "X": np.abs(X), "R": R}


@st.composite
def undirected(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw the adjacency of a graph with at least one node."""
    return {"A": draw(draws.adjacencies(max(least, 1), max(most, 1)))}


@st.composite
def with_isolated_node(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph and the index of a node that has no edge in it."""
    A = draw(draws.adjacencies(1, max(most, 1)))
    lone = draw(st.integers(0, len(A) - 1))
    A[lone, :] = A[:, lone] = 0.0
    largest = 6 if A.max() <= 1e6 else 0  # larger products exceed float32's limit
    X = draw(draws.features(len(A), 2, exponents=(-6, largest)))
    return {"A": A, "X": X, "lone": lone, "seed": draw(SEEDS)}


@st.composite
def changed(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph, new features of one node, and the nodes within some hops of it."""
    kinds = ("path", "star", "random", "cycle", "two")
    mild: Any = {"directed": True, "shapes": kinds, "weights": MILD}
    A = draw(draws.adjacencies(1, max(most, 1), **mild))
    X, place = draw(draws.features(len(A), 2)), draw(st.integers(0, len(A) - 1))
    X_new, depth = X.copy(), draw(st.integers(1, 3))
    X_new[place] = draw(draws.features(1, 2, ["real"], exponents=(0, 2)))[0]
    hops = (np.eye(len(A)) + A > 0).astype(float)
    seen = np.linalg.matrix_power(hops, depth)[:, place] > 0
    case = {"A": A, "X": X, "X_new": X_new, "depth": depth, "seen": seen}
    return {**case, "seed": draw(SEEDS)}


@st.composite
def rows(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two matrices of one shape, a seed, and a number between 0 and 1."""
    N = draw(st.integers(1, 8))
    H, H_new = draw(draws.features(N, 2)), draw(draws.features(N, 2))
    seed, share = draw(SEEDS), draw(draws.floats(0, 1))
    return {"H": H, "H_new": H_new, "seed": seed, "share": share}


@st.composite
def pairs(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two graphs that 1-WL cannot distinguish."""
    one, two = draw(draws.indistinguishable_pairs())
    A, B = one.adjacency.toarray(), two.adjacency.toarray()
    return {"A": A, "X": one.features, "B": B, "Y": two.features, "seed": draw(SEEDS)}


@st.composite
def ragged(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a batch of graphs and the numbers of clusters of a model's levels.

    Self-loops weigh more than one, so that A is never S S^T, where the link loss has a
    kink and rounding would choose its gradient.
    """
    clusters = draw(st.sampled_from([(5, 2), (4,), (1,), ()]))
    kinds: Any = dict(n_features=2, exponents=(-3, 0), min_nodes=least, max_nodes=most)
    graphs = draw(draws.batches(weights=("ones", "equal", "unlike"), **kinds))
    As = [graph.adjacency.toarray() for graph in graphs]
    return {
        "As": [A + np.diag(np.diag(A) > 0) for A in As],
        "Xs": [graph.features for graph in graphs],
        "clusters": clusters,
        "seed": draw(SEEDS),
    }


@st.composite
def symmetric_graphs(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph with many equal nodes: a circulant graph, or a wheel around one.

    Features are constant or one-hot degrees.
    """
    seed, n = draw(SEEDS), draw(st.integers(3, max(most, 3)))
    steps = draw(st.sets(st.integers(1, n - 1), max_size=2))
    ring = np.arange(n)
    A = np.isin((ring - ring[:, None]) % n, [*steps, *(n - s for s in steps)]) * 1.0
    if draw(st.booleans()):
        A = np.block([[np.zeros((1, 1)), np.ones((1, n))], [np.ones((n, 1)), A]])
    X = draw(st.sampled_from([np.ones((len(A), 1)), _one_hot_degrees(A)]))
    nodes, hidden = draw(draws.permutations(len(A))), draw(st.integers(3, 128))
    return {"A": A, "X": X, "nodes": nodes, "hidden": hidden, "seed": seed}


def _one_hot_degrees(A: Array) -> Array:
    return np.eye(5)[np.minimum(np.count_nonzero(A, axis=1), 4)]


@st.composite
def training_sets(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two or three labelled graphs, an order of each one's nodes, and an epoch.

    Features are normal numbers, ones or one-hot degrees. There is a number of copies of
    each graph, with which both classes occur.
    """
    n_graphs, seed = draw(st.integers(2, 3)), draw(SEEDS)
    mild: Any = {"weights": ["ones", "unlike"], "directed": True}
    graph = draws.adjacencies(least, min(most, 6), **mild)
    As, rng = [draw(graph) for _ in range(n_graphs)], np.random.default_rng(seed)
    kind = draw(st.sampled_from(["normal", "ones", "degree"]))
    features = {
        "normal": lambda A: rng.normal(size=(len(A), 2)),
        "ones": lambda A: np.ones((len(A), 1)),
        "degree": _one_hot_degrees,
    }
    return {
        "As": As,
        "Xs": [features[kind](A) for A in As],
        "labels": np.arange(n_graphs) % 2,
        "orders": [draw(draws.permutations(len(A))) for A in As],
        "counts": [draw(st.integers(int(i < 2), 3)) for i in range(n_graphs)],
        "stop": 1,
        "seed": seed,
    }


@st.composite
def sizes_and_seed(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw the sizes of one to three graphs, and a seed of arrays of these sizes."""
    sizes = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    return {"sizes": sizes, "seed": draw(SEEDS)}


@st.composite
def separable(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw one of 300 sets of eight graphs whose edges join equal or unequal colours.

    The colours alone do not determine the class; a graph layer can distinguish them.
    """
    seed, labels = draw(st.integers(0, 299)), np.arange(8) % 2
    rng, As, Xs = np.random.default_rng(seed), [], []
    for label in labels:
        colours = np.arange(rng.integers(4, 9)) % 2
        joined = (colours[:, None] == colours) == (label == 0)
        As.append((joined & ~np.eye(len(colours), dtype=bool)).astype(float))
        Xs.append(np.eye(2)[colours])
    return {"As": As, "Xs": Xs, "labels": labels, "seed": seed}
