"""Hypothesis strategies for graphs and for the arrays of a pooling step.

Values shrink to small and simple ones: no nodes, no edges, weights of one, constant
features. Every number is finite and none is subnormal. An array is one draw of bytes,
of which each entry shrinks by itself (see `_encoding`).

Read `adjacencies`, `features` and `assignments` first: their parameters have the same
meaning in the other strategies. A falsifying example shows each `Graph` as code to
paste; for other values use `npdiffpool.testing.as_code`.

>>> from hypothesis import find
>>> find(graphs(), lambda graph: graph.n_edges > 1)
Graph(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0], [1.0]]))
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
from hypothesis import strategies as st

from npdiffpool._support.types import Array
from npdiffpool.graphs.graph import Graph
from npdiffpool.testing import _encoding
from npdiffpool.testing._encoding import as_strategy, cached, drawn_codes, one_of
from npdiffpool.testing.code import as_code

Strategy = st.SearchStrategy

SHAPES, PAIRS = _encoding.SHAPES, _encoding.PAIRS
WITH_LARGE = (*SHAPES, "large")
WEIGHTS = ("ones", "equal", "unlike", "tiny", "huge", "mixed")
FEATURES = ("constant", "one-hot", "real")
ASSIGNMENTS = ("uniform", "hard", "soft", "some hard")


class Pooling(NamedTuple):
    """The inputs of a pooling step on one graph.

    Attributes
    ----------
    A : (N, N) array
    Z : (N, D) array
    S : (N, K) array
    """

    A: Array
    Z: Array
    S: Array


def floats(least: float, most: float) -> Strategy[float]:
    """Draw finite floats that are not subnormal.

    Parameters
    ----------
    least, most : float
        Bounds, inclusive.

    Returns
    -------
    strategy of float
    """
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
    """Draw non-negative adjacencies.

    Parameters
    ----------
    min_nodes, max_nodes : int
        Bounds of N, inclusive.
    directed : bool
        Whether the adjacency may differ from its transpose.
    shapes : sequence of str
        The kinds of graphs to draw, of `SHAPES`: "random" graphs have few edges and
        often isolated nodes, "dense" ones lack few edges, "circulant" ones are regular,
        and "two" is two cliques. Half of each kind have self-loops. `WITH_LARGE` adds
        "large": sparse random graphs of up to five times `max_nodes` nodes.
    weights : sequence of str
        The kinds of weights to draw, of `WEIGHTS`: "tiny" ones are 1e-12 to 1e-6,
        "huge" ones 1e6 to 1e12, "mixed" ones 1e-6 to 1e6 in one graph.

    Returns
    -------
    strategy of (N, N) array
    """
    A = _encoding.adjacency(draw, (min_nodes, max_nodes), directed, shapes, weights)
    kept = _encoding.nodes_to_keep(draw, len(A), min_nodes)
    return np.asarray(A[np.ix_(kept, kept)])


@st.composite
def features(
    draw: st.DrawFn,
    n_nodes: int,
    n_features: int | Strategy[int] = st.integers(1, 3),
    kinds: Sequence[str] = FEATURES,
    exponents: tuple[int, int] = (-6, 6),
) -> Array:
    """Draw node features: constant, one-hot, or real numbers of any scale.

    Parameters
    ----------
    n_nodes : int
        N.
    n_features : int or strategy of int
        F.
    kinds : sequence of str
        The kinds of features to draw, of `FEATURES`.
    exponents : pair of int
        Bounds of e, inclusive; features other than one-hot are at most 10**e.

    Returns
    -------
    strategy of (N, F) array
    """
    F, kind = draw(as_strategy(n_features)), draw(one_of(kinds))
    scale, codes = 10.0 ** draw(st.integers(*exponents)), drawn_codes(draw)
    if kind == "one-hot" and F > 0:
        return np.asarray(np.eye(F)[codes(n_nodes, F)])
    X = _encoding.real_array(codes, n_nodes, 0 if kind == "constant" else F)
    return np.full((n_nodes, F), scale) if kind == "constant" else scale * X


@st.composite
def logits(
    draw: st.DrawFn,
    n_nodes: int,
    n_clusters: int | Strategy[int] = st.integers(1, 6),
    bounds: Sequence[float] = (0.0, 1.0, 30.0, 1e4),
) -> Array:
    """Draw assignment logits R.

    Parameters
    ----------
    n_nodes : int
        N.
    n_clusters : int or strategy of int
        K.
    bounds : sequence of float
        Largest magnitudes, one of which is drawn for an array.

    Returns
    -------
    strategy of (N, K) array
    """
    K, bound = draw(as_strategy(n_clusters)), draw(one_of(bounds))
    R = _encoding.real_array(drawn_codes(draw), n_nodes, K if bound else 0)
    return np.asarray(bound * R if bound else np.zeros((n_nodes, K)))


@st.composite
def assignments(
    draw: st.DrawFn,
    n_nodes: int,
    n_clusters: int | Strategy[int] = st.integers(1, 6),
    kinds: Sequence[str] = ASSIGNMENTS,
) -> Array:
    """Draw assignments S: non-negative rows that sum to one.

    Parameters
    ----------
    n_nodes : int
        N.
    n_clusters : int or strategy of int
        K, which may exceed N.
    kinds : sequence of str
        The kinds of assignments to draw, of `ASSIGNMENTS`: "soft" rows have no zero,
        "hard" rows are one-hot, and "some hard" has both.

    Returns
    -------
    strategy of (N, K) array
    """
    K, kind = draw(as_strategy(n_clusters)), draw(one_of(kinds))
    codes = drawn_codes(draw)
    n_masses = 0 if kind in ("uniform", "hard") else K
    masses = np.exp(5.0 * _encoding.real_array(codes, n_nodes, n_masses))
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
    """Draw orders of nodes or clusters.

    Parameters
    ----------
    n_nodes : int
        N.

    Returns
    -------
    strategy of (N,) array
        Each of 0 ... N - 1 once.
    """
    return np.argsort(drawn_codes(draw)(n_nodes, 2**16), kind="stable")


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
    """Draw the inputs of a pooling step on one graph.

    Parameters
    ----------
    min_nodes, max_nodes : int
        As for `adjacencies`.
    directed : bool
        As for `adjacencies`.
    kinds : sequence of str
        As for `assignments`.
    shapes : sequence of str
        As for `adjacencies`.

    Returns
    -------
    strategy of Pooling
        A, Z and S.
    """
    A = _encoding.adjacency(draw, (min_nodes, max_nodes), directed, shapes, WEIGHTS)
    Z = draw(cached(features, len(A)))
    S = draw(cached(assignments, len(A), kinds=kinds))
    kept = _encoding.nodes_to_keep(draw, len(A), min_nodes)
    return Pooling(A[np.ix_(kept, kept)], Z[kept], S[kept])


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
    """Draw graphs with features.

    Parameters
    ----------
    min_nodes, max_nodes : int
        As for `adjacencies`.
    n_features : int or strategy of int
        As for `features`.
    directed : bool
        As for `adjacencies`.
    exponents : pair of int
        As for `features`.
    weights, shapes : sequence of str
        As for `adjacencies`.

    Returns
    -------
    strategy of Graph
    """
    A = _encoding.adjacency(draw, (min_nodes, max_nodes), directed, shapes, weights)
    X = draw(cached(features, len(A), n_features, exponents=exponents))
    kept = _encoding.nodes_to_keep(draw, len(A), min_nodes)
    return _DrawnGraph(A[np.ix_(kept, kept)], X[kept])


@st.composite
def batches(
    draw: st.DrawFn, /, min_graphs: int = 1, max_graphs: int = 6, **kinds: Any
) -> list[Graph]:
    """Draw lists of graphs with the same number of features.

    Parameters
    ----------
    min_graphs, max_graphs : int
        Bounds of the number of graphs, inclusive.
    **kinds
        The parameters of `graphs`.

    Returns
    -------
    strategy of list of Graph
    """
    n_features = draw(as_strategy(kinds.pop("n_features", st.integers(1, 3))))
    members = cached(graphs, n_features=n_features, **kinds)
    return [draw(members) for _ in range(draw(st.integers(min_graphs, max_graphs)))]


@st.composite
def cliques(
    draw: st.DrawFn, max_clusters: int = 4, max_size: int = 4
) -> tuple[Array, Array]:
    """Draw disjoint cliques with self-loops, and the assignment to them: A = S S^T.

    Parameters
    ----------
    max_clusters : int
        Largest number of clusters; some may be empty.
    max_size : int
        Largest number of nodes in a clique. Nodes are in any order.

    Returns
    -------
    strategy of (A, S)
        A (N, N) and a hard S (N, K).
    """
    K, cluster, _, order = _encoding.cluster_members(draw, 0, max_clusters, max_size)
    S = np.eye(K)[cluster[order]]
    return np.dot(S, S.T), S


@st.composite
def planted_graphs(
    draw: st.DrawFn, max_clusters: int = 4, max_size: int = 6
) -> tuple[Graph, Array]:
    """Draw a graph with planted clusters; return it with each node's cluster.

    A cluster is a clique, from which edges may be missing, but never an edge to its
    first node. The number of edges between clusters is less than the number of
    clusters. Nodes are in any order, and their features, constant or one-hot, are
    independent of the clusters.

    Parameters
    ----------
    max_clusters : int
        Largest number of clusters.
    max_size : int
        Largest number of nodes in a cluster.

    Returns
    -------
    strategy of (Graph, (N,) array)
    """
    _, cluster, place, order = _encoding.cluster_members(
        draw, 1, max_clusters, max_size
    )
    _, first, labels = np.unique(cluster, return_index=True, return_inverse=True)
    N, same, codes = len(labels), labels[:, None] == labels, drawn_codes(draw)
    A, lack = np.tril(same, -1), draw(one_of((False, True)))
    lacking = codes(max_size * max_clusters if lack else 0, max_size)
    if lack:
        is_first = np.isin(np.arange(N), first)
        A &= is_first | (place != lacking[place * max_clusters + cluster][:, None])
    n_links = draw(st.integers(0, labels.max()))
    i, j = codes(2 * max_clusters, 2**16).reshape(2, -1)[:, :n_links] % N
    A[i, j] |= ~same[i, j]
    X = draw(cached(features, N, kinds=("constant", "one-hot"), exponents=(0, 0)))
    return _DrawnGraph((A | A.T)[np.ix_(order, order)], X), labels[order]


@st.composite
def indistinguishable_pairs(
    draw: st.DrawFn, kinds: Sequence[str] = PAIRS
) -> tuple[Graph, Graph]:
    """Draw pairs of different graphs that 1-WL, and so a GNN, cannot distinguish.

    All edges of a pair have the same weight, and all nodes the same features.

    Parameters
    ----------
    kinds : sequence of str
        The kinds of pairs to draw, of `PAIRS`: "cycles", one of a + b nodes and two of
        a and of b nodes (a, b >= 3); "cubic", K_{3,3} and the triangular prism; "not
        regular", decalin and bicyclopentyl; "strongly regular", the 4x4 rook's graph
        and Shrikhande's graph.

    Returns
    -------
    strategy of (Graph, Graph)
    """
    kind, ring = draw(one_of(kinds)), st.integers(3, 6)
    one, two = _encoding.indistinguishable(kind, draw(ring), draw(ring))
    weight, value = draw(floats(0.1, 10.0)), draw(floats(-10.0, 10.0))
    X = np.full((len(one), draw(st.integers(1, 3))), value)
    return _DrawnGraph(weight * one, X), _DrawnGraph(weight * two, X)


@st.composite
def alike_nodes(
    draw: st.DrawFn, min_nodes: int = 0, max_nodes: int = 12, *, directed: bool = False
) -> tuple[Array, Array]:
    """Draw adjacencies, and the stable 1-WL colour of each node.

    With constant features no message-passing GNN distinguishes nodes of one colour.
    Colours depend on self-loops and on the weights in both directions. In most draws
    some nodes have the same colour.

    Parameters
    ----------
    min_nodes, max_nodes : int
        As for `adjacencies`.
    directed : bool
        As for `adjacencies`.

    Returns
    -------
    strategy of (A, colours)
        A (N, N) and an integer array (N,).
    """
    edges = {"directed": directed, "weights": ("ones", "equal", "unlike")}
    A = draw(cached(adjacencies, min_nodes, max_nodes, **edges))
    return A, _encoding.stable_colours(A)


class _DrawnGraph(Graph):
    """A graph whose repr is code, so that a falsifying example can be pasted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return as_code(self)
