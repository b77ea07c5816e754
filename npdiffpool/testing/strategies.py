"""Hypothesis strategies: graphs and all that DiffPool does to them.

Sizes, and what is drawn first, shrink to the small and plain: no node, no edge,
weights of one, constant features. Every number is finite, none subnormal.
Read `adjacencies`, `features` and `assignments`; the rest is made of them.
"""
from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from npdiffpool.graphs import Graph

Array = npt.NDArray[Any]
Strategy = st.SearchStrategy

SHAPES = ("random", "dense", "star", "path", "cycle", "clique", "circulant", "two")
WEIGHTS = ("ones", "equal", "unlike", "tiny", "huge", "mixed")
FEATURES = ("constant", "one-hot", "real")
ASSIGNMENTS = ("uniform", "hard", "soft", "some hard")
_EXPONENTS = {"unlike": (-1, 1), "tiny": (-12, -6), "huge": (6, 12), "mixed": (-6, 6)}


class Pooling(NamedTuple):
    """Hold what one pooling step takes, for one graph."""

    A: Array  # (N, N) adjacency
    Z: Array  # (N, D) embeddings
    S: Array  # (N, K) assignment


def floats(least: float, most: float) -> Strategy[float]:
    """Draw finite floats between two bounds, none subnormal."""
    return st.floats(least, most, allow_subnormal=False)


@st.composite
def adjacencies(
    draw: st.DrawFn,
    min_nodes: int = 0,
    max_nodes: int = 12,
    *,
    directed: bool = False,
    shapes: Sequence[str] = SHAPES,
    weights: Sequence[str] = WEIGHTS,
) -> Array:
    """Draw the adjacency of one graph, dense.

    Parameters
    ----------
    min_nodes, max_nodes : int
        Bounds of N, both included.
    directed : bool
        Whether the adjacency may be unlike its transpose.
    shapes : sequence of str
        Which of `SHAPES` to draw: a "random" graph has few edges and mostly
        isolated nodes, "dense" lacks few, "circulant" is regular, "two" is two
        cliques. Some of each kind have self-loops.
    weights : sequence of str
        Which of `WEIGHTS` to draw. "tiny" ones are 1e-12 to 1e-6, "huge" ones
        1e6 to 1e12, "mixed" ones 1e-6 to 1e6 in one graph.

    Returns
    -------
    strategy of (N, N) float64 arrays, not negative
    """
    N = draw(st.integers(min_nodes, max_nodes))
    linked = _shape(draw, draw(st.sampled_from(shapes)), N)
    loops = draw(st.sampled_from([0.0, 1.0])) * draw(_flags(N))
    linked = (linked | linked.T) & ~np.eye(N, dtype=bool) | np.diag(loops > 0)
    edges = np.nonzero(linked if directed else np.triu(linked))
    A = np.zeros((N, N))
    A[edges] = draw(_weights(draw(st.sampled_from(weights)), len(edges[0])))
    if directed:
        A[edges] *= draw(_flags(len(edges[0])))
    return A if directed else A + np.triu(A, 1).T


@st.composite
def features(
    draw: st.DrawFn,
    n_nodes: int,
    n_features: int | Strategy[int] = st.integers(1, 3),
    kinds: Sequence[str] = FEATURES,
    exponents: tuple[int, int] = (-6, 6),
) -> Array:
    """Draw node features, (N, F): constant, one-hot, or real of any scale.

    Parameters
    ----------
    n_nodes : int
    n_features : int or strategy of int
        F.
    kinds : sequence of str
        Which of `FEATURES` to draw.
    exponents : pair of int
        The others than one-hot are at most 10**e, with e between these.
    """
    F, kind = draw(_strategy(n_features)), draw(st.sampled_from(kinds))
    scale = 10.0 ** draw(st.integers(*exponents))
    if kind == "constant":
        return np.full((n_nodes, F), scale)
    if kind == "one-hot" and F > 0:
        return np.eye(F)[draw(_indices(n_nodes, F))]
    return np.asarray(scale * draw(_reals((n_nodes, F), -1.0, 1.0)))


def logits(
    n_nodes: int,
    n_clusters: int | Strategy[int] = st.integers(1, 6),
    bounds: Sequence[float] = (0.0, 1.0, 30.0, 1e4),
) -> Strategy[Array]:
    """Draw assignment logits R, (N, K), each within plus or minus one of `bounds`."""
    wide = st.tuples(_strategy(n_clusters), st.sampled_from(bounds))
    return wide.flatmap(lambda by: _reals((n_nodes, by[0]), -by[1], by[1]))


@st.composite
def assignments(
    draw: st.DrawFn,
    n_nodes: int,
    n_clusters: int | Strategy[int] = st.integers(1, 6),
    kinds: Sequence[str] = ASSIGNMENTS,
) -> Array:
    """Draw an assignment S, (N, K): rows not negative, that sum to one.

    Parameters
    ----------
    n_nodes : int
    n_clusters : int or strategy of int
        K, which may exceed N.
    kinds : sequence of str
        Which of `ASSIGNMENTS` to draw. "soft" rows have no zero, "hard" rows are
        one-hot, and "some hard" has both.
    """
    K, kind = draw(_strategy(n_clusters)), draw(st.sampled_from(kinds))
    if kind == "uniform":
        return np.full((n_nodes, K), 1.0 / K)
    hard = np.eye(K)[draw(_indices(n_nodes, K))]
    masses = np.exp(draw(_reals((n_nodes, K), -5.0, 5.0)))
    soft = masses / np.sum(masses, axis=1, keepdims=True)
    is_hard = {"hard": np.ones(n_nodes, bool), "soft": np.zeros(n_nodes, bool)}
    rows = is_hard[kind] if kind in is_hard else draw(_flags(n_nodes))
    return np.where(rows[:, None], hard, soft)


def permutations(n_nodes: int) -> Strategy[Array]:
    """Draw an order of nodes, or of clusters: each of 0 ... n - 1 once."""
    order = st.permutations(range(n_nodes))
    return order.map(lambda order: np.array(order, dtype=np.intp))


@st.composite
def poolings(
    draw: st.DrawFn,
    min_nodes: int = 0,
    max_nodes: int = 12,
    *,
    directed: bool = False,
    kinds: Sequence[str] = ASSIGNMENTS,
) -> Pooling:
    """Draw what one pooling step takes: A, Z and S of one graph; see `Pooling`."""
    A = draw(adjacencies(min_nodes, max_nodes, directed=directed))
    Z = draw(features(len(A)))
    return Pooling(A, Z, draw(assignments(len(A), kinds=kinds)))


@st.composite
def graphs(
    draw: st.DrawFn,
    min_nodes: int = 0,
    max_nodes: int = 12,
    *,
    n_features: int | Strategy[int] = st.integers(1, 3),
    directed: bool = False,
    exponents: tuple[int, int] = (-6, 6),
    weights: Sequence[str] = WEIGHTS,
) -> Graph:
    """Draw a `Graph`; see `adjacencies` and `features` for the parameters."""
    A = draw(adjacencies(min_nodes, max_nodes, directed=directed, weights=weights))
    return Graph(A, draw(features(len(A), n_features, exponents=exponents)))


@st.composite
def batches(
    draw: st.DrawFn, /, min_graphs: int = 1, max_graphs: int = 6, **kinds: Any
) -> list[Graph]:
    """Draw graphs of unlike sizes and one feature width; `kinds` as for `graphs`."""
    n_features = draw(_strategy(kinds.pop("n_features", st.integers(1, 3))))
    members = graphs(n_features=n_features, **kinds)
    drawn: list[Graph] = draw(
        st.lists(members, min_size=min_graphs, max_size=max_graphs)
    )
    return drawn


@st.composite
def indistinguishable_pairs(draw: st.DrawFn) -> tuple[Graph, Graph]:
    """Draw two graphs that differ, yet not for 1-WL, and so for no such GNN.

    A cycle of a + b nodes, against a cycle of a and one of b (a, b >= 3): both
    are 2-regular, of one weight, and their features are constant.
    """
    a, b = draw(st.integers(3, 6)), draw(st.integers(3, 6))
    weight, value = draw(floats(0.1, 10.0)), draw(floats(-10.0, 10.0))
    one, two = _cycle(a + b), np.zeros((a + b, a + b))
    two[:a, :a], two[a:, a:] = _cycle(a), _cycle(b)
    X = np.full((a + b, draw(st.integers(1, 3))), value)
    return Graph(weight * one, X), Graph(weight * two, X)


def _shape(draw: st.DrawFn, shape: str, N: int) -> Array:
    """Give the linked pairs of nodes of one of `SHAPES`, some only one way."""
    i, j = np.indices((N, N))
    if shape in ("random", "dense"):
        linked = np.zeros((N, N), dtype=bool)
        node = st.integers(0, max(N - 1, 0))
        for pair in draw(st.lists(st.tuples(node, node), max_size=2 * N)):
            linked[pair] = True
        return linked if shape == "random" else ~(linked | linked.T)
    if shape == "circulant":
        steps = draw(st.sets(st.integers(1, max(N // 2, 1)), min_size=1))
        return np.isin((j - i) % max(N, 1), sorted(steps))
    if shape == "two":
        cut = draw(st.integers(0, N))
        return np.asarray((i < cut) == (j < cut))
    fixed = {"star": i == 0, "path": j - i == 1, "cycle": _cycle(N) > 0}
    return np.asarray(fixed.get(shape, i != j))


def _cycle(N: int) -> Array:
    i, j = np.indices((N, N))
    return np.isin((j - i) % max(N, 1), [1, N - 1]).astype(np.float64)


def _weights(kind: str, n_edges: int) -> Strategy[Array]:
    if kind == "ones":
        return st.just(np.ones(n_edges))
    if kind == "equal":
        return floats(0.1, 10.0).map(lambda weight: np.full(n_edges, weight))
    return _reals((n_edges,), *_EXPONENTS[kind]).map(lambda x: 10.0**x)


def _reals(shape: tuple[int, ...], least: float, most: float) -> Strategy[Array]:
    """Draw an array with no filling, so that equal numbers are rare."""
    # Below a billionth of the range, products underflow and nothing is learnt.
    step = (most - least) * 1e-9
    elements = floats(least, most).map(lambda x: x if abs(x) > step else 0.0)
    return arrays(np.float64, shape, elements=elements, fill=st.nothing())


def _indices(size: int, n: int) -> Strategy[Array]:
    return arrays(np.intp, size, elements=st.integers(0, n - 1), fill=st.nothing())


def _flags(size: int) -> Strategy[Array]:
    return arrays(np.bool_, size, fill=st.nothing())


def _strategy(value: int | Strategy[int]) -> Strategy[int]:
    return st.just(value) if isinstance(value, int) else value
