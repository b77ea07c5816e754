"""Cases of laws about a given layer or model, whose number of features is fixed.

A function of cases also takes the number of features. Graphs are undirected, with
weights of 1e-12 to 10 and at least one node. Now and then they have up to 70 nodes, and
batches up to 20 graphs; these are drawn from one seed, often just above a power of two.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path

from npdiffpool._support.types import Array
from npdiffpool.testing import strategies as draws
from npdiffpool.testing.check import MAX_NODES, Case
from npdiffpool.testing.laws.cases.models import MILD
from npdiffpool.testing.laws.cases.pooling import SEEDS

SPARSE = ("path", "star", "random", "cycle", "two")  # with nodes far from each other
MOST_DRAWN = 256  # numbers
OFTEN_SMALL = st.sampled_from(("small", "small", "small", "large"))


def features(draw: st.DrawFn, N: int, F: int) -> Array:
    """Draw features (N, F); many numbers are drawn from a seed."""
    if N * F > MOST_DRAWN:
        return np.random.default_rng(draw(SEEDS)).normal(size=(N, F))
    return draw(draws.features(N, F, exponents=(-6, 0)))


def large_size(rng: np.random.Generator) -> int:
    """Draw a number of nodes just above 16, 32 or 64."""
    return int(rng.choice([16, 32, 64, 64]) + rng.integers(7))


def seeded(rng: np.random.Generator, N: int, F: int) -> tuple[Array, Array]:
    """Return a sparse graph of N nodes with normal features."""
    edges = np.triu(rng.random((N, N)) < 2 / N)
    return 1.0 * (edges | edges.T), rng.normal(size=(N, F))


def a_graph(
    draw: st.DrawFn, least: int, most: int, F: int, shapes: Sequence[str] = draws.SHAPES
) -> tuple[Array, Array]:
    """Draw A and X of one graph."""
    if most == MAX_NODES and draw(OFTEN_SMALL) == "large":
        rng = np.random.default_rng(draw(SEEDS))
        return seeded(rng, large_size(rng), F)
    sizes = max(least, 1), max(most, 1)
    A = draw(draws.adjacencies(*sizes, shapes=shapes, weights=MILD))
    return A, features(draw, len(A), F)


Extra = Callable[..., Case]


def _cases(more: Extra, shapes: Sequence[str] = draws.SHAPES) -> Any:
    """Return cases of one graph, A and X, and of more values drawn for it."""

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int, n_features: int = 2) -> Case:
        A, X = a_graph(draw, least, most, n_features, shapes)
        return {"A": A, "X": X, **more(draw, A, X)}

    return cases


def _isolated(draw: st.DrawFn, A: Array, X: Array) -> Case:
    """Remove the edges of one node."""
    lone = draw(st.integers(0, len(A) - 1))
    A[lone, :] = A[:, lone] = 0.0
    return {"lone": lone}


def _changed(draw: st.DrawFn, A: Array, X: Array) -> Case:
    """Draw other features of one node, and return all distances from it in hops."""
    place, X_new = draw(st.integers(0, len(A) - 1)), X.copy()
    X_new[place] = X_new[place] / 2 + 1
    hops = shortest_path(A > 0, unweighted=True, indices=place)
    return {"X_new": X_new, "distance": hops}


def _generic(draw: st.DrawFn, A: Array, X: Array) -> Case:
    """Replace X by normal numbers, which are not at a kink, and draw a direction."""
    rng = np.random.default_rng(draw(SEEDS))
    return {"X": rng.normal(size=X.shape), "X_step": rng.normal(size=X.shape)}


graph = _cases(lambda draw, A, X: {})
in_another_order = _cases(
    lambda draw, A, X: {"nodes": draw(draws.permutations(len(A)))}
)
with_isolated_node = _cases(_isolated)
changed = _cases(_changed, SPARSE)
generic = _cases(_generic)


@st.composite
def side_by_side(draw: st.DrawFn, least: int, most: int, n_features: int = 2) -> Case:
    """Draw two graphs."""
    (A, X), (B, Y) = (a_graph(draw, least, most, n_features) for _ in "12")
    return {"A": A, "X": X, "B": B, "Y": Y}


@st.composite
def alike(draw: st.DrawFn, least: int, most: int, n_features: int = 2) -> Case:
    """Draw a graph, the 1-WL colours of its nodes, and features by colour."""
    A, colours = draw(draws.alike_nodes(max(least, 1), max(most, 1)))
    X = features(draw, int(colours.max()) + 1, n_features)[colours]
    return {"A": A, "X": X, "colours": colours}


@st.composite
def pairs(draw: st.DrawFn, least: int, most: int, n_features: int = 2) -> Case:
    """Draw two graphs that 1-WL cannot distinguish; all nodes have equal features."""
    one, two = draw(draws.indistinguishable_pairs())
    X = features(draw, 1, n_features)[np.zeros(one.n_nodes, dtype=int)]
    return {"A": one.adjacency.toarray(), "B": two.adjacency.toarray(), "X": X}


@st.composite
def batch(draw: st.DrawFn, least: int, most: int, n_features: int = 2) -> Case:
    """Draw graphs of unlike sizes, and an order of them."""
    if most == MAX_NODES and draw(OFTEN_SMALL) == "large":
        rng = np.random.default_rng(draw(SEEDS))
        n_graphs = rng.choice([4, 8, 16]) + rng.integers(1, 5)
        sizes = rng.integers(1, MAX_NODES, n_graphs)
        sizes[rng.integers(len(sizes))] = large_size(rng)
        pairs = [seeded(rng, N, n_features) for N in sizes]
    else:
        most, n_graphs = min(most, 6), draw(st.integers(1, 4))
        pairs = [a_graph(draw, least, most, n_features) for _ in range(n_graphs)]
    As, Xs = map(list, zip(*pairs))
    return {"As": As, "Xs": Xs, "graphs": draw(draws.permutations(len(As)))}
