"""Hypothesis strategies: graphs and all that DiffPool does to them.

Sizes, and what is drawn first, shrink to the small and plain: no node, no edge,
weights of one, constant features. Every number is finite, none subnormal. An array
is one draw, of bytes, each entry of which shrinks by itself: see `_shapes`.
Read `adjacencies`, `features` and `assignments`, whose parameters mean the same in
the rest, which is made of them: min_nodes, max_nodes, n_nodes, n_features, n_clusters,
directed, shapes, weights, kinds, exponents.

A falsifying example shows each `Graph` as code to paste; `as_code` writes the rest.

>>> from hypothesis import find
>>> find(graphs(), lambda graph: graph.n_edges > 1)
Graph(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0], [1.0]]))
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
from hypothesis import strategies as st

from npdiffpool.graphs.graph import Graph
from npdiffpool.testing import _shapes
from npdiffpool.testing._shapes import Array, drawn, reals
from npdiffpool.testing.code import as_code

Strategy = st.SearchStrategy

SHAPES, PAIRS = _shapes.SHAPES, _shapes.PAIRS
WITH_LARGE = (*SHAPES, "large")
WEIGHTS = ("ones", "equal", "unlike", "tiny", "huge", "mixed")
FEATURES = ("constant", "one-hot", "real")
ASSIGNMENTS = ("uniform", "hard", "soft", "some hard")


class Pooling(NamedTuple):
    """Hold what a pooling step takes: A (N, N), Z (N, D), S (N, K)."""

    A: Array
    Z: Array
    S: Array


def floats(least: float, most: float) -> Strategy[float]:
    """Draw finite floats from `least` to `most`, none subnormal."""
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
    """Draw the adjacency of one graph, (N, N) and not negative.

    Parameters
    ----------
    min_nodes, max_nodes : int
        Bounds of N, both included.
    directed : bool
        Whether the adjacency may be unlike its transpose.
    shapes : sequence of str
        Which of `SHAPES` to draw: a "random" graph has few edges and often
        isolated nodes, "dense" lacks few, "circulant" is regular, "two" is two
        cliques. Half of each kind have self-loops. `WITH_LARGE` adds "large": a
        sparse random graph of five times as many nodes, so of up to 60.
    weights : sequence of str
        Which of `WEIGHTS` to draw. "tiny" ones are 1e-12 to 1e-6, "huge" ones
        1e6 to 1e12, "mixed" ones 1e-6 to 1e6 in one graph.
    """
    A = _shapes.adjacency(draw, (min_nodes, max_nodes), directed, shapes, weights)
    some = _shapes.nodes(draw, len(A), min_nodes)
    return np.asarray(A[np.ix_(some, some)])


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
    F, kind = draw(_shapes.count(n_features)), draw(_shapes.one_of(kinds))
    scale, codes = 10.0 ** draw(st.integers(*exponents)), drawn(draw)
    if kind == "one-hot" and F > 0:
        return np.asarray(np.eye(F)[codes(n_nodes, F)])
    X = reals(codes, n_nodes, 0 if kind == "constant" else F)
    return np.full((n_nodes, F), scale) if kind == "constant" else scale * X


@st.composite
def logits(
    draw: st.DrawFn,
    n_nodes: int,
    n_clusters: int | Strategy[int] = st.integers(1, 6),
    bounds: Sequence[float] = (0.0, 1.0, 30.0, 1e4),
) -> Array:
    """Draw logits R, (N, K), each within plus or minus one of `bounds`."""
    K, bound = draw(_shapes.count(n_clusters)), draw(_shapes.one_of(bounds))
    R = reals(drawn(draw), n_nodes, K if bound else 0)
    return np.asarray(bound * R if bound else np.zeros((n_nodes, K)))


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
    K, kind = draw(_shapes.count(n_clusters)), draw(_shapes.one_of(kinds))
    codes = drawn(draw)
    n_masses = 0 if kind in ("uniform", "hard") else K
    masses = np.exp(5.0 * reals(codes, n_nodes, n_masses))
    hard = codes(n_nodes if "hard" in kind else 0, K if kind == "hard" else 2)
    if kind == "uniform":
        return np.full((n_nodes, K), 1.0 / K)
    if kind == "hard":
        return np.asarray(np.eye(K)[hard])
    S = masses / np.sum(masses, axis=1, keepdims=True)
    if kind == "some hard":
        S[hard == 1] = np.eye(K)[np.argmax(S[hard == 1], axis=1)]
    return np.asarray(S)


@st.composite
def permutations(draw: st.DrawFn, n_nodes: int) -> Array:
    """Draw an order of nodes, or of clusters: each of 0 ... n - 1 once."""
    return np.argsort(drawn(draw)(n_nodes, 2**16), kind="stable")


@st.composite
def poolings(
    draw: st.DrawFn,
    min_nodes: int = 0,
    max_nodes: int = 12,
    *,
    directed: bool = False,
    kinds: Sequence[str] = ASSIGNMENTS,
    shapes: Sequence[str] = SHAPES,
) -> Pooling:
    """Draw what a pooling step takes, A, Z and S of one graph: a `Pooling`."""
    A = _shapes.adjacency(draw, (min_nodes, max_nodes), directed, shapes, WEIGHTS)
    Z = draw(_shapes.kept(features, len(A)))
    S = draw(_shapes.kept(assignments, len(A), kinds=kinds))
    some = _shapes.nodes(draw, len(A), min_nodes)
    return Pooling(A[np.ix_(some, some)], Z[some], S[some])


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
    shapes: Sequence[str] = SHAPES,
) -> Graph:
    """Draw a `Graph`; see `adjacencies` and `features` for the parameters."""
    A = _shapes.adjacency(draw, (min_nodes, max_nodes), directed, shapes, weights)
    X = draw(_shapes.kept(features, len(A), n_features, exponents=exponents))
    some = _shapes.nodes(draw, len(A), min_nodes)
    return _Drawn(A[np.ix_(some, some)], X[some])


@st.composite
def batches(
    draw: st.DrawFn, /, min_graphs: int = 1, max_graphs: int = 6, **kinds: Any
) -> list[Graph]:
    """Draw min_graphs to max_graphs graphs of one width, `kinds` as `graphs`."""
    n_features = draw(_shapes.count(kinds.pop("n_features", st.integers(1, 3))))
    members = _shapes.kept(graphs, n_features=n_features, **kinds)
    return [draw(members) for _ in range(draw(st.integers(min_graphs, max_graphs)))]


@st.composite
def cliques(
    draw: st.DrawFn, max_clusters: int = 4, max_size: int = 4
) -> tuple[Array, Array]:
    """Draw disjoint cliques with every loop, and the hard S that names them.

    At most `max_clusters`, some empty, of at most `max_size` nodes in any order:
    A = S S^T.
    """
    K, cluster, _, order = _shapes.clusters(draw, 0, max_clusters, max_size)
    S = np.eye(K)[cluster[order]]
    return np.dot(S, S.T), S


@st.composite
def planted_graphs(
    draw: st.DrawFn, max_clusters: int = 4, max_size: int = 6
) -> tuple[Graph, Array]:
    """Draw a graph of planted clusters, and the cluster of each node.

    There are at most `max_clusters`, each of at most `max_size` nodes: a clique, or
    one in which nodes lack an edge each, though never that to the cluster's first
    node. Fewer edges than there are clusters link clusters. Nodes come in any order;
    their features, constant or one-hot, tell nothing of the clusters.
    """
    cluster, place, order = _shapes.clusters(draw, 1, max_clusters, max_size)[1:]
    first, labels = np.unique(cluster, return_index=True, return_inverse=True)[1:]
    N, same, codes = len(labels), labels[:, None] == labels, drawn(draw)
    A, lack = np.tril(same, -1), draw(_shapes.one_of((False, True)))
    lacking = codes(max_size * max_clusters if lack else 0, max_size)
    if lack:
        spared = np.isin(np.arange(N), first)
        A &= spared | (place != lacking[place * max_clusters + cluster][:, None])
    n_links = draw(st.integers(0, labels.max()))
    i, j = codes(2 * max_clusters, 2**16).reshape(2, -1)[:, :n_links] % N
    A[i, j] |= ~same[i, j]
    plain = _shapes.kept(features, N, kinds=("constant", "one-hot"), exponents=(0, 0))
    return _Drawn((A | A.T)[np.ix_(order, order)], draw(plain)), labels[order]


@st.composite
def indistinguishable_pairs(
    draw: st.DrawFn, kinds: Sequence[str] = PAIRS
) -> tuple[Graph, Graph]:
    """Draw two graphs that differ, yet not for 1-WL, and so for no such GNN.

    Each pair has one weight and constant features.

    Parameters
    ----------
    kinds : sequence of str
        Which of `PAIRS` to draw: "cycles", one of a + b nodes against one of a and
        one of b (a, b >= 3); "cubic", K_{3,3} against the triangular prism; "not
        regular", decalin against bicyclopentyl; "strongly regular", the 4x4 rook's
        graph against Shrikhande's.
    """
    kind, ring = draw(_shapes.one_of(kinds)), st.integers(3, 6)
    one, two = _shapes.confused(kind, draw(ring), draw(ring))
    weight, value = draw(floats(0.1, 10.0)), draw(floats(-10.0, 10.0))
    X = np.full((len(one), draw(st.integers(1, 3))), value)
    return _Drawn(weight * one, X), _Drawn(weight * two, X)


@st.composite
def alike_nodes(
    draw: st.DrawFn, min_nodes: int = 0, max_nodes: int = 12, *, directed: bool = False
) -> tuple[Array, Array]:
    """Draw an adjacency, and the stable 1-WL colour of each of its nodes.

    Nodes of one colour are alike for every message-passing GNN, where features are
    constant: loops, and weights both ways, tell nodes apart. Most draws repeat a
    colour.
    """
    edges = {"directed": directed, "weights": ("ones", "equal", "unlike")}
    A = draw(_shapes.kept(adjacencies, min_nodes, max_nodes, **edges))
    return A, _shapes.stable_colours(A)


class _Drawn(Graph):
    """Print as code, so that a falsifying example can be pasted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return as_code(self)
