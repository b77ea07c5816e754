"""Cases of laws about layers, models and training: graphs, seeds and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from npdiffpool.testing.law import Case, Cases
from npdiffpool.testing.laws._cases import SEEDS
from npdiffpool.testing.strategies import (
    adjacencies,
    alike_nodes,
    batches,
    features,
    floats,
    indistinguishable_pairs,
    logits,
    permutations,
)

# Sums over huge weights, squared at the next level, leave no digits to compare.
MILD = ("ones", "equal", "unlike", "tiny")


def with_seed(*extras: str, directed: bool = False) -> Cases:
    """Return cases of a graph, A and X (two features), and a seed of parameters.

    "nodes" adds an order of the nodes, "clusters" one of three clusters.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> Case:
        A = draw(adjacencies(least, min(most, 8), directed=directed, weights=MILD))
        X = draw(features(len(A), 2, exponents=(-6, 0)))
        orders = {"nodes": len(A), "clusters": 3}
        more = {name: draw(permutations(orders[name])) for name in extras}
        return {"A": A, "X": X, "seed": draw(SEEDS), **more}

    return cases


@st.composite
def undirected(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw the adjacency of a graph with at least one node."""
    return {"A": draw(adjacencies(max(least, 1), max(most, 1)))}


@st.composite
def alike(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph, the 1-WL colours of its nodes, and logits for each colour."""
    A, colours = draw(alike_nodes(least, min(most, 8)))
    n_colours = int(colours.max(initial=-1)) + 1
    table = draw(logits(n_colours, st.integers(1, 4), bounds=(1.0, 30.0)))
    return {"A": A, "colours": colours, "table": table, "seed": draw(SEEDS)}


@st.composite
def growing(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw rows of logits that are 0 ... K - 1 in some order, and a factor."""
    K, N = draw(st.integers(2, 5)), draw(st.integers(least, min(most, 4)))
    rows = [draw(permutations(K)) for _ in range(N)]
    order = np.array(rows, dtype=float).reshape(N, K)
    A = draw(adjacencies(N, N))
    return {"A": A, "order": order, "times": draw(floats(1.0, 1e3))}


@st.composite
def with_isolated_node(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph and the index of a node that has no edge in it."""
    A = draw(adjacencies(1, max(most, 1)))
    lone = draw(st.integers(0, len(A) - 1))
    A[lone, :] = A[:, lone] = 0.0
    return {"A": A, "X": draw(features(len(A), 2)), "lone": lone, "seed": draw(SEEDS)}


@st.composite
def changed(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph, new features of one node, and the nodes within some hops of it."""
    kinds = ("path", "star", "random", "cycle", "two")
    A = draw(adjacencies(1, max(most, 1), directed=True, shapes=kinds, weights=MILD))
    X, place = draw(features(len(A), 2)), draw(st.integers(0, len(A) - 1))
    X_new, depth = X.copy(), draw(st.integers(1, 3))
    X_new[place] = draw(features(1, 2, ["real"], exponents=(0, 2)))[0]
    hops = (np.eye(len(A)) + A > 0).astype(float)
    seen = np.linalg.matrix_power(hops, depth)[:, place] > 0
    case = {"A": A, "X": X, "X_new": X_new, "depth": depth, "seen": seen}
    return {**case, "seed": draw(SEEDS)}


@st.composite
def rows(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two matrices of one shape, a seed, and a number between 0 and 1."""
    N = draw(st.integers(1, 8))
    H, H_new = draw(features(N, 2)), draw(features(N, 2))
    return {"H": H, "H_new": H_new, "seed": draw(SEEDS), "share": draw(floats(0, 1))}


@st.composite
def pairs(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two graphs that 1-WL cannot distinguish."""
    one, two = draw(indistinguishable_pairs())
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
    graphs = draw(batches(max_graphs=6, weights=("ones", "equal", "unlike"), **kinds))
    As = [graph.adjacency.toarray() for graph in graphs]
    return {
        "As": [A + np.diag(np.diag(A) > 0) for A in As],
        "Xs": [graph.features for graph in graphs],
        "clusters": clusters,
        "seed": draw(SEEDS),
    }


@st.composite
def training_sets(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two or three labelled graphs, an order of each one's nodes, and an epoch.

    Features are normal numbers, so that nodes never tie and ReLUs are rarely at their
    kink, where rounding, and so the order of nodes, would choose the gradient.
    """
    n_graphs, seed = draw(st.integers(2, 3)), draw(SEEDS)
    mild = adjacencies(least, min(most, 6), weights=["ones", "unlike"])
    As, rng = [draw(mild) for _ in range(n_graphs)], np.random.default_rng(seed)
    return {
        "As": As,
        "Xs": [rng.normal(size=(len(A), 2)) for A in As],
        "labels": np.arange(n_graphs) % 2,
        "orders": [draw(permutations(len(A))) for A in As],
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
