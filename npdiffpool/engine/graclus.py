"""Graclus: clusters of small normalised cut, without eigenvectors.

After Dhillon, Guan, Kulis, "Weighted graph cuts without eigenvectors: a multilevel
approach", IEEE TPAMI 29(11), 2007: heavy edges are merged level by level until as many
super-nodes are left as clusters are asked for; on the way back to the nodes each level
is refined by moving single ones. Nothing is random, and the order of nodes decides
only between choices that 1-WL, refined until it is stable, cannot tell apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from npdiffpool._support.arguments import require_int
from npdiffpool._support.contracts import Shape, require_symmetric, requires
from npdiffpool.engine.wl_colours import Colours, merge_colours, mix, stable_colours
from npdiffpool.graphs.graph import Ints

CSR = Any  # scipy.sparse.csr_array
_DIGITS = 9  # beyond which sums in another order differ
_SWEEPS = 10  # over the nodes of a level, at most
_WORD = 2**64


@requires(A=Shape("N N", nonnegative=True), clusters=Shape("N", whole=True))
def normalized_cut(A: CSR, clusters: Ints) -> float:
    """Sum over clusters the weight that leaves one, divided by its degree.

    Parameters
    ----------
    A : (N, N) csr_array
        Symmetric, not negative.
    clusters : (N,) ints from 0

    Returns
    -------
    float
        From 0 to the number of clusters; a cluster without edges counts as 0.

    Raises
    ------
    ValueError
        If `A` is not such a matrix, or `clusters` not one whole number a node.

    Examples
    --------
    >>> path = scipy.sparse.csr_array(np.eye(4, k=1) + np.eye(4, k=-1))
    >>> round(normalized_cut(path, np.array([0, 0, 1, 1])), 4)  # 1 / 3 + 1 / 3
    0.6667
    """
    require_symmetric("A", A)
    S = one_hot(clusters)
    between = (S.T @ A @ S).toarray()
    degrees = between.sum(axis=1)
    leaving = degrees - np.diag(between)
    return float(np.sum(leaving[degrees > 0] / degrees[degrees > 0]))


def graclus(A: CSR, n_clusters: int, colours: Colours | None = None) -> Ints:
    """Cut a graph into clusters of small normalised cut.

    Parameters
    ----------
    A : (N, N) csr_array
        Symmetric, not negative. Of another one the symmetric part is taken.
    n_clusters : int
        At least 1. With N nodes or fewer each node is a cluster.
    colours : (N,) uint64, optional
        What is known of the nodes. Where edges are equally heavy these decide, as
        1-WL refines them.

    Returns
    -------
    (N,) ints
        The cluster of each node, from 0 to min(n_clusters, N) - 1, numbered by their
        nodes' colours.

    Raises
    ------
    ValueError
        If `A` is not square, finite and not negative, `n_clusters` is not a whole
        number of 1 or more, or `colours` are not one a node.

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
    A = A / A.data.max(initial=1e-300)  # no scale changes a cut, and none overflows
    A.eliminate_zeros()
    if colours is None:
        colours = np.zeros(A.shape[0], np.uint64)
    levels, of_nodes = [], _refined(A, colours)
    colours = of_nodes
    while A.shape[0] > n_clusters:
        merged = _merge(A, A.shape[0] - n_clusters, colours)
        levels.append((A, merged, colours))
        S = one_hot(merged)
        A = scipy.sparse.csr_array(S.T @ A @ S)
        colours = _refined(A, merge_colours(colours, merged))
    clusters = np.arange(A.shape[0])
    for A, merged, colours in reversed(levels):
        clusters = _refine(A, clusters[merged], colours)
    return _by_colour(clusters, of_nodes)


def _refined(A: CSR, colours: Colours) -> Colours:
    """Refine by 1-WL, weights rounded as their sums are not exact."""
    A = A.copy()
    A.data = np.round(A.data, _DIGITS)
    return stable_colours(A, colours)


@requires(clusters=Shape("N", whole=True))
def one_hot(clusters: Ints) -> CSR:
    """Return S with 1 at the cluster of each node.

    Parameters
    ----------
    clusters : (N,) ints from 0

    Returns
    -------
    (N, K) csr_array
        K is the largest of `clusters`, plus 1.

    Raises
    ------
    ValueError
        If `clusters` are not whole numbers from 0.

    Examples
    --------
    >>> one_hot(np.array([0, 2])).toarray()
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    n = len(clusters)
    shape = n, int(clusters.max(initial=-1)) + 1
    return scipy.sparse.csr_array((np.ones(n), (np.arange(n), clusters)), shape)


def _by_colour(clusters: Ints, colours: Colours) -> Ints:
    """Number the clusters by their colours, equal ones as their first nodes come."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    order = np.lexsort((first, merge_colours(colours, inverse)))
    return np.argsort(order)[inverse]


def _merge(A: CSR, most: int, colours: Colours) -> Ints:
    """Merge nodes along heavy edges, in pairs, and return each one's super-node.

    The heaviest edges come first, by A_ij (1 / d_i + 1 / d_j), which is what the
    normalised cut of i and j alone saves; at most `most` pairs are merged. Where no
    edge is left, components are paired, those of small degree first.
    """
    n, deg = A.shape[0], A.sum(axis=1)
    edges = scipy.sparse.triu(A, k=1, format="coo")
    i, j = edges.row, edges.col
    if len(i):
        score = np.round(edges.data / deg[i] + edges.data / deg[j], _DIGITS)
        ends = np.sort([colours[i], colours[j]], axis=0)
        order = np.lexsort((*ends, -score))
        pairs = zip(i[order].tolist(), j[order].tolist())
    else:
        by_degree = np.lexsort((colours, np.round(deg, _DIGITS))).tolist()
        pairs = zip(by_degree[::2], by_degree[1::2])
    partner = np.arange(n)
    for a, b in pairs:
        if most and partner[a] == a and partner[b] == b:
            partner[a], partner[b], most = b, a, most - 1
    return np.unique(np.minimum(np.arange(n), partner), return_inverse=True)[1]


def _refine(A: CSR, clusters: Ints, colours: Colours) -> Ints:
    """Move single nodes to neighbouring clusters while the normalised cut falls.

    The cut is the number of clusters less the sum over them of inside / degree, the
    weight inside a cluster and its degree; a move changes two of the terms.
    """
    S, deg = one_hot(clusters), A.sum(axis=1)
    state = _State(clusters.tolist(), (S.T @ A @ S).diagonal(), S.T @ deg, colours)
    order = np.lexsort((clusters, colours)).tolist()
    loops, deg, bounds = A.diagonal().tolist(), deg.tolist(), A.indptr.tolist()
    neighbours, weights = A.indices.tolist(), A.data.tolist()
    for _ in range(_SWEEPS):
        n_moved = 0
        for v in order:
            row = slice(bounds[v], bounds[v + 1])
            links = state.links(v, neighbours[row], weights[row])
            n_moved += state.move(v, links, loops[v], deg[v])
        if not n_moved:
            break
    return np.array(state.clusters, dtype=np.intp)


class _State:
    """Hold clusters, and of each the weight inside, the degree, size and colour."""

    def __init__(self, clusters: Any, inside: Any, degree: Any, colours: Any) -> None:
        self.clusters, self.inside, self.degree = clusters, list(inside), list(degree)
        self.size, self.colour = [0] * len(degree), [0] * len(degree)
        self.colours = mix(colours).tolist()
        for v, k in enumerate(clusters):
            self.size[k] += 1
            self.colour[k] = (self.colour[k] + self.colours[v]) % _WORD

    def links(self, v: int, neighbours: Any, weights: Any) -> dict[int, float]:
        """Return the weight of v's edges to each cluster, its own one included."""
        links = {self.clusters[v]: 0.0}
        for j, weight in zip(neighbours, weights):
            if j != v:
                k = self.clusters[j]
                links[k] = links.get(k, 0.0) + weight
        return links

    def move(self, v: int, links: dict[int, float], loop: float, deg: float) -> bool:
        """Move v to where the cut falls most, if anywhere, and tell whether it did."""
        here = self.clusters[v]
        if self.size[here] == 1 or len(links) == 1:
            return False

        def change(k: int, sign: int) -> float:  # of inside / degree of cluster k
            inside = self.inside[k] + sign * (2 * links[k] + loop)
            return _share(inside, self.degree[k] + sign * deg) - _share(
                self.inside[k], self.degree[k]
            )

        leaving = change(here, -1)
        gains = [
            (round(change(k, 1) + leaving, _DIGITS), self.colour[k], k)
            for k in links
            if k != here
        ]
        gain, _, best = max(gains)
        if gain <= 0:
            return False
        for k, sign in ((here, -1), (best, 1)):
            self.inside[k] += sign * (2 * links[k] + loop)
            self.degree[k] += sign * deg
            self.size[k] += sign
            self.colour[k] = (self.colour[k] + sign * self.colours[v]) % _WORD
        self.clusters[v] = best
        return True


def _share(inside: float, degree: float) -> float:
    return inside / degree if degree > 0 else 0.0
