"""Graclus: clusters with a small normalised cut, without eigenvectors.

After Dhillon, Guan, Kulis, "Weighted graph cuts without eigenvectors: a multilevel
approach", IEEE TPAMI 29(11), 2007. Coarsening merges nodes along heavy edges, level by
level, until as many super-nodes are left as there shall be clusters. Uncoarsening
returns to the nodes; at each level it moves single nodes between clusters as long as
the cut decreases.

The algorithm is deterministic. Ties are broken by stable 1-WL colours, so the order of
the nodes matters only between nodes that 1-WL cannot distinguish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from npdiffpool._support.arguments import require_int
from npdiffpool._support.contracts import Shape, require_symmetric, requires
from npdiffpool._support.types import CSR, Ints
from npdiffpool.engine.wl_colours import Colours, merge_colours, mix, stable_colours
from npdiffpool.graphs.ragged import slices_of

_DIGITS = 9  # decimals compared; later ones depend on the order of summation
_MAX_SWEEPS = 10  # over the nodes of a level


@requires(A=Shape("N N", nonnegative=True), clusters=Shape("N", whole=True))
def normalized_cut(A: CSR, clusters: Ints) -> float:
    """Compute the normalised cut of a clustering.

    This is the sum over clusters of (weight of the edges that leave the cluster) /
    (degree of the cluster).

    Parameters
    ----------
    A : (N, N) csr_array
        Symmetric, not negative.
    clusters : (N,) ints from 0
        The cluster of each node.

    Returns
    -------
    float
        From 0 to the number of clusters; a cluster without edges counts as 0.

    Raises
    ------
    ValueError
        If `A` is not symmetric and non-negative, or `clusters` is not one whole number
        per node.

    Examples
    --------
    >>> path = scipy.sparse.csr_array(np.eye(4, k=1) + np.eye(4, k=-1))
    >>> round(normalized_cut(path, np.array([0, 0, 1, 1])), 4)  # 1 / 3 + 1 / 3
    0.6667
    """
    require_symmetric("A", A)
    S = assignment_matrix(clusters)
    between = (S.T @ A @ S).toarray()
    degrees = between.sum(axis=1)
    leaving = degrees - np.diag(between)
    return float(np.sum(leaving[degrees > 0] / degrees[degrees > 0]))


def graclus(A: CSR, n_clusters: int, colours: Colours | None = None) -> Ints:
    """Partition a graph into clusters with a small normalised cut.

    Parameters
    ----------
    A : (N, N) csr_array
        Not negative. Its symmetric part (A + A^T) / 2 is used.
    n_clusters : int
        At least 1. If there are not more nodes than this, each node is a cluster.
    colours : (N,) uint64, optional
        Initial colours of the nodes, from their features. 1-WL refines them; they
        break ties between edges of equal weight. Default: all equal.

    Returns
    -------
    (N,) ints
        The cluster of each node, from 0 to min(n_clusters, N) - 1. Clusters are
        numbered by the colours of their nodes.

    Raises
    ------
    ValueError
        If `A` is not square, finite and non-negative, `n_clusters` is not a whole
        number >= 1, or `colours` is not one number per node.

    Examples
    --------
    >>> two_triangles = np.kron(np.eye(2), np.ones((3, 3)))
    >>> graclus(scipy.sparse.csr_array(two_triangles), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    require_int("n_clusters", n_clusters, 1)
    sizes: dict[str, int] = {}
    Shape("N N", nonnegative=True).check("A", A, sizes)
    if colours is not None:
        Shape("N").check("colours", colours, sizes)
    A = scipy.sparse.csr_array(A / 2 + A.T / 2, dtype=np.float64)
    A = A / A.data.max(initial=1e-300)  # the cut is scale-invariant; avoids overflow
    A.eliminate_zeros()
    if colours is None:
        colours = np.zeros(A.shape[0], np.uint64)
    levels, node_colours = [], _refine_colours(A, colours)
    colours = node_colours
    while A.shape[0] > n_clusters:
        merged = _merge_nodes(A, A.shape[0] - n_clusters, colours)
        levels.append((A, merged, colours))
        S = assignment_matrix(merged)
        A = scipy.sparse.csr_array(S.T @ A @ S)
        colours = _refine_colours(A, merge_colours(colours, merged))
    clusters = np.arange(A.shape[0])
    for A, merged, colours in reversed(levels):
        clusters = _refine_clusters(A, clusters[merged], colours)
    return _number_by_colour(clusters, node_colours)


def _refine_colours(A: CSR, colours: Colours) -> Colours:
    """Return stable 1-WL colours; weights are rounded, since they are inexact sums."""
    A = A.copy()
    A.data = np.round(A.data, _DIGITS)
    return stable_colours(A, colours)


@requires(clusters=Shape("N", whole=True))
def assignment_matrix(clusters: Ints) -> CSR:
    """Return the one-hot assignment matrix of a clustering.

    Parameters
    ----------
    clusters : (N,) ints from 0
        The cluster of each node.

    Returns
    -------
    S : (N, K) csr_array
        ``S[i, clusters[i]]`` is 1; K is the largest cluster number plus 1.

    Raises
    ------
    ValueError
        If `clusters` is not an array of whole numbers >= 0.

    Examples
    --------
    >>> assignment_matrix(np.array([0, 2])).toarray()
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    n = len(clusters)
    shape = n, int(clusters.max(initial=-1)) + 1
    return scipy.sparse.csr_array((np.ones(n), (np.arange(n), clusters)), shape)


def _number_by_colour(clusters: Ints, colours: Colours) -> Ints:
    """Renumber clusters by colour; equal colours by the first node of each cluster."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    order = np.lexsort((first, merge_colours(colours, inverse)))
    return np.argsort(order)[inverse]


def _merge_nodes(A: CSR, max_merges: int, colours: Colours) -> Ints:
    """Merge pairs of nodes along heavy edges; return the super-node of each node.

    Edges are taken in decreasing order of A_ij (1 / d_i + 1 / d_j), as Dhillon et al.
    do for the normalised cut. If no edge is left, components are paired in increasing
    order of degree.

    In a star only one leaf can be paired with the hub. If the pairs are fewer than a
    tenth of the nodes that have edges, each of the other nodes also joins the
    super-node at the other end of its first edge; with pairs alone there would be a
    level for each leaf.
    """
    n, pairs = A.shape[0], _in_order_of_merging(A, colours)
    head, alone, left = list(range(n)), [True] * n, max_merges
    for a, b in pairs:
        if left and alone[a] and alone[b]:
            head[max(a, b)], alone[a], alone[b] = min(a, b), False, False
            left -= 1
    n_linked = len({v for pair in pairs for v in pair})
    if max_merges - left < n_linked / 10:
        for a, b in pairs:
            if left and alone[a] != alone[b]:
                single, other = (a, b) if alone[a] else (b, a)
                head[single], alone[single] = head[other], False
                left -= 1
    return np.unique(head, return_inverse=True)[1]


def _in_order_of_merging(A: CSR, colours: Colours) -> list[tuple[int, int]]:
    """Return the pairs of nodes that `_merge_nodes` tries, in its order."""
    deg, edges = A.sum(axis=1), scipy.sparse.triu(A, k=1, format="coo")
    i, j = edges.row, edges.col
    if len(i):
        score = np.round(edges.data / deg[i] + edges.data / deg[j], _DIGITS)
        ends = np.sort([colours[i], colours[j]], axis=0)
        order = np.lexsort((*ends, -score))
        return list(zip(i[order].tolist(), j[order].tolist()))
    by_degree = np.lexsort((colours, np.round(deg, _DIGITS))).tolist()
    return list(zip(by_degree[::2], by_degree[1::2]))


def _refine_clusters(A: CSR, clusters: Ints, colours: Colours) -> Ints:
    """Move single nodes to neighbouring clusters while the normalised cut decreases."""
    nodes, clustering = _nodes(A, colours), _Clustering.of(A, clusters, colours)
    order = np.lexsort((clusters, colours)).tolist()
    for _ in range(_MAX_SWEEPS):
        moved = [clustering.improve(nodes[v]) for v in order]
        if not any(moved):
            break
    return np.array(clustering.cluster, dtype=np.intp)


class _Node(NamedTuple):
    """One node, in Python's number types, which are faster than NumPy's in loops."""

    number: int
    edges: list[tuple[int, float]]  # other end and weight, without the self-loop
    loop: float  # weight of the self-loop
    degree: float
    colour: int


def _nodes(A: CSR, colours: Colours) -> list[_Node]:
    """Return the nodes of a graph."""
    edges = list(zip(A.indices.tolist(), A.data.tolist()))
    numbers = A.diagonal(), A.sum(axis=1), mix(colours)
    columns = slices_of(A.indptr), *(values.tolist() for values in numbers)
    return [
        _Node(v, [edge for edge in edges[row] if edge[0] != v], *values)
        for v, (row, *values) in enumerate(zip(*columns))
    ]


@dataclass
class _Clustering:
    """The cluster of each node, and totals of each cluster.

    The normalised cut is the number of clusters minus the sum over clusters of inside /
    degree, so a move changes two terms of this sum.
    """

    cluster: list[int]  # of each node
    inside: list[float]  # weight of the edges inside each cluster, in both directions
    degree: list[float]  # sum of the degrees of its nodes
    size: list[int]  # number of its nodes
    colour: list[int]  # sum of the mixed colours of its nodes, modulo 2^64

    @classmethod
    def of(cls, A: CSR, clusters: Ints, colours: Colours) -> _Clustering:
        """Return a clustering of a graph; `colours` are those of the nodes."""
        S = assignment_matrix(clusters)
        inside, degree = (S.T @ A @ S).diagonal(), S.T @ A.sum(axis=1)
        size, colour = np.bincount(clusters), merge_colours(colours, clusters)
        totals = clusters, inside, degree, size, colour
        return cls(*(values.tolist() for values in totals))

    def improve(self, node: _Node) -> bool:
        """Move a node to the best cluster if the cut decreases; return if it moved."""
        here, links = self.cluster[node.number], self.links(node)
        if self.size[here] == 1 or len(links) == 1:  # alone, or no edge to others
            return False
        leaving = self.gain(here, node, links[here], -1)

        def rank(k: int) -> tuple[int, int, int]:
            gain = leaving + self.gain(k, node, links[k], 1)
            return round(gain * 10**_DIGITS), self.colour[k], k

        best = max((k for k in links if k != here), key=rank)
        if rank(best)[0] <= 0:
            return False
        self.add(here, node, links[here], -1)
        self.add(best, node, links[best], 1)
        self.cluster[node.number] = best
        return True

    def links(self, node: _Node) -> dict[int, float]:
        """Return the weight of a node's edges to its own and each adjacent cluster."""
        links = {self.cluster[node.number]: 0.0}
        for j, weight in node.edges:
            k = self.cluster[j]
            links[k] = links.get(k, 0.0) + weight
        return links

    def gain(self, k: int, node: _Node, link: float, sign: int) -> float:
        """Return the change of inside / degree when a node joins or leaves cluster k.

        `sign` is 1 if it joins and -1 if it leaves; `link` is the weight of the edges
        between the node and the cluster.
        """
        inside = self.inside[k] + sign * (2 * link + node.loop)
        degree = self.degree[k] + sign * node.degree
        return _ratio(inside, degree) - _ratio(self.inside[k], self.degree[k])

    def add(self, k: int, node: _Node, link: float, sign: int) -> None:
        """Update the totals of cluster k; the parameters are those of `gain`."""
        self.inside[k] += sign * (2 * link + node.loop)
        self.degree[k] += sign * node.degree
        self.size[k] += sign
        self.colour[k] = (self.colour[k] + sign * node.colour) % 2**64


def _ratio(inside: float, degree: float) -> float:
    """Return inside / degree, or 0 for a cluster without edges."""
    return inside / degree if degree > 0 else 0.0
