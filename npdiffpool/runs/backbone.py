"""The links between clusters that a picture draws.

The picture of a hierarchy and the snapshots of the report take them from here. S^T A S
has a link for nearly every two clusters: 1225 for 50. All of them would be a grey mass.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from npdiffpool._support.types import Array, Floats, Ints

FAINT = 0.05  # lighter links, relative to the heaviest, are left out
FEW = 8  # used clusters; with more, links are left out though they are not faint
PER_CLUSTER = 2  # links, about, with more than `FEW` clusters
_GOLDEN = (np.sqrt(5) - 1) / 2


class Links(NamedTuple):
    """Links to draw, and what part of all links between used clusters they are."""

    pairs: Ints  # (E, 2) the smaller index first
    weights: Floats  # (E,) relative to the heaviest link, also of unused clusters
    total: int  # number of links between used clusters
    share: float  # of the weight of these links, 1 if there are none

    def take(self, kept: Array) -> Links:
        """Return some of the links, with the share of the weight that they keep."""
        weight = self.weights.sum()
        share = self.weights[kept].sum() / weight if weight > 0 else 1.0
        return Links(self.pairs[kept], self.weights[kept], self.total, float(share))


def all_links(A: Any, used: Array) -> Links:
    """Return the links between used nodes, without self-loops.

    Parameters
    ----------
    A : (n, n) sparse or dense array
        The weight of a link is the mean over both directions.
    used : (n,) bools

    Returns
    -------
    Links
        In the order of their pairs.
    """
    A = sparse.triu(sparse.coo_array((A + A.T) / 2), k=1, format="coo")
    pairs = np.stack([A.row, A.col], axis=1).astype(np.int64)
    order = np.lexsort(pairs.T[::-1])
    # Rounding errors must not decide which of two equal links is drawn.
    weights = np.round(A.data[order] / A.data.max(initial=1e-300), 9)
    shown = np.all(used[pairs[order]], axis=1) & (weights > 0)
    pairs, weights = pairs[order][shown], weights[shown]
    return Links(pairs, weights, len(pairs), 1.0)


def backbone(A: Any, used: Array) -> Links:
    """Choose the links of a pooled graph to draw.

    With at most `FEW` used clusters, these are the links that are not `FAINT`. With
    more, they are a maximum spanning forest, so that a picture connects what A
    connects, and the heaviest others that are not faint, up to `PER_CLUSTER` links for
    each used cluster in all.

    Parameters
    ----------
    A, used
        As for `all_links`, which also describes the order.
    """
    links, n_used = all_links(A, used), int(np.sum(used))
    is_strong = links.weights >= FAINT
    if n_used <= FEW:
        return links.take(is_strong)
    rank, n_nodes = _ranks(links.weights), len(used)
    ends = links.pairs.T.astype(np.int32)  # SciPy 1.13 takes no others
    entries = (1 + rank, tuple(ends))  # unique costs: one minimum tree
    costs = sparse.coo_array(entries, shape=(n_nodes, n_nodes)).tocsr()
    kept = np.isin(1 + rank, csgraph.minimum_spanning_tree(costs).data)
    n_more = PER_CLUSTER * n_used - np.sum(kept)
    others = np.flatnonzero(~kept & is_strong)
    kept[others[np.argsort(rank[others])][:n_more]] = True
    return links.take(kept)


def describe_links(n_drawn: int, total: int, share: float) -> str:
    """Return how many links are drawn and their part of the weight; "" if all are."""
    if n_drawn == total:
        return ""
    percent = min(99, int(100 * share + 1e-4))  # snapshots have it in float32
    return f"links: {n_drawn} of {total}, {percent}% of the weight between clusters"


def _ranks(weights: Floats) -> Ints:
    """Return 0 for the heaviest link, 1 for the next, and so on.

    Equal links are in a fixed order that prefers no cluster.
    """
    shuffled = np.arange(len(weights)) * _GOLDEN % 1
    order, rank = np.lexsort([shuffled, -weights]), np.zeros(len(weights), dtype=int)
    rank[order] = np.arange(len(weights))
    return rank
