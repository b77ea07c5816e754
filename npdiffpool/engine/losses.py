"""Losses of a batch, one number per graph: main loss, link loss, entropy loss.

The loss of a graph does not depend on the other graphs of its batch. All losses are
differentiable, with finite gradients also where norms and logarithms meet zero.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as np

from npdiffpool._support.contracts import Offsets, OneOf, Shape, requires
from npdiffpool._support.types import Array
from npdiffpool.engine.autodiff import getval
from npdiffpool.engine.pooling import LEVEL, Level
from npdiffpool.engine.primitives import cross_entropy
from npdiffpool.engine.segments import link_norm, segment_repeat, segment_sum

__all__ = [
    "LINK_SCALES",
    "LOSSES",
    "cross_entropy",
    "entropy_loss",
    "link_loss",
    "squared_error",
]
# The loss is divided by n to this power. "relative" has its own formula, see
# `_relative_link`.
LINK_SCALES = {"frobenius": 0, "nodes": 1, "entries": 2, "relative": 0}


@requires(outputs=Shape("B T", floats=True), targets=Shape("B T"))
def squared_error(outputs: Array, targets: Array) -> Array:
    """Return the squared error of each graph, (1/T) sum_j (y_j - t_j)^2.

    Parameters
    ----------
    outputs : (B, T) array
        y, in the units of the targets.
    targets : (B, T) array
        t, one column for each of T targets.

    Returns
    -------
    (B,) array of the dtype of the outputs

    Raises
    ------
    ValueError
        If the shapes differ from these, or a number is too large.

    Examples
    --------
    >>> squared_error(np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[2.0, 1.0]] * 2))
    array([1. , 0.5])
    """
    error = outputs - targets.astype(outputs.dtype)
    return np.sum(error * error, axis=1) / outputs.dtype.type(outputs.shape[1])


LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}


@requires(entropies=Shape("N"), offsets=Offsets())
def entropy_loss(entropies: Array, offsets: Array) -> Array:
    """Return L_E = (1/n) sum_i H(S_i) of each graph (section 3.3).

    Parameters
    ----------
    entropies : (N,) array
        H(S_i) of all graphs' nodes, from `npdiffpool.engine.pooling.assign`.
    offsets : (B + 1,) ints
        Graph g has rows ``offsets[g]`` to ``offsets[g + 1]``.

    Returns
    -------
    (B,) array
        In nats per node; 0 for a graph without nodes.

    Raises
    ------
    ValueError
        If an argument is not of this shape or kind, or a number is not finite.

    Examples
    --------
    >>> from npdiffpool.engine.pooling import assign
    >>> S, entropies = assign(np.array([[0.0, 0.0], [0.0, 0.0], [1e4, 0.0]]))
    >>> entropy_loss(entropies, np.array([0, 1, 3])).round(4)  # of one node, of two
    array([0.6931, 0.3466])
    """
    return segment_sum(entropies, offsets) / _sizes(offsets, entropies.dtype)


@requires(
    level=LEVEL,
    S=Shape("N K"),
    A_pooled=Shape("B K K"),
    scale=OneOf(tuple(LINK_SCALES)),
)
def link_loss(
    level: Level, S: Array, A_pooled: Array, scale: str = "frobenius"
) -> Array:
    """Return L_LP = ||A - S S^T||_F of each graph (section 3.3).

    Nothing of size n x n is formed:

        ||A - S S^T||^2 = ||A||^2 - 2 tr(S^T A S) + ||S^T S||^2

    These terms cancel where A is near S S^T; they are computed in float64 there. With
    T the sum of the absolute terms and u the unit roundoff of the dtype of S, the error
    of L^2 is at most 4 (n + K) (2^-53 T + 2 u L sqrt(T) + u^2 T): law L3 in
    npdiffpool/testing/LAWS.md.

    Parameters
    ----------
    level : Level
        Sparse with ||A||^2 of each graph, or a dense stack.
    S : (N, K) array
    A_pooled : (B, K, K) array
        S^T A S, from `npdiffpool.engine.pooling.coarsen`.
    scale : {"frobenius", "nodes", "entries", "relative"}
        "frobenius" is the paper's value L, "nodes" is L / n, and "entries" is L / n^2,
        as torch_geometric divides for a single graph. "relative" is
        ||A / c - S S^T||_F with c = sum a^2 / sum a over the entries a of A; c is 1 if
        all edges have weight 1, or if one of the sums is not above 0. Entries of a
        pooled A are far above those of S S^T, which are at most 1, so that "frobenius"
        hardly depends on S there.

    Returns
    -------
    (B,) array of the dtype of S
        In units of edge weight, per graph; "relative" has no unit. 0 for a graph
        without nodes.

    Raises
    ------
    ValueError
        If an argument is not of this shape or kind, or a number is too large.

    Examples
    --------
    >>> from npdiffpool import Graph, GraphBatch
    >>> from npdiffpool.engine.pooling import coarsen
    >>> pair = Graph.from_edges([(0, 1)], n_nodes=2)
    >>> level, S = Level.of(GraphBatch.from_graphs([pair])), np.eye(2)
    >>> A_pooled, _ = coarsen(level, level.X, S)
    >>> link_loss(level, S, A_pooled), link_loss(level, S, A_pooled, "nodes")
    (array([2.]), array([1.]))
    """
    if scale == "relative":
        return _relative_link(level, S, A_pooled)
    L_link = link_norm(level.A, S, A_pooled, level.squared_norms, level.offsets)
    return L_link / _sizes(level.offsets, S.dtype) ** LINK_SCALES[scale]


def _relative_link(level: Level, S: Array, A_pooled: Array) -> Array:
    """Return ||A / c - S S^T|| = ||A - (c^1/2 S) (c^1/2 S)^T|| / c of each graph."""
    norms = level.squared_norms
    norms = np.sum(level.A * level.A, axis=(1, 2)) if norms is None else norms
    total = np.sum(A_pooled, axis=(1, 2))  # that of A: the rows of S sum to 1
    norms = norms.astype(S.dtype)  # 0 if the squares underflow
    known = (getval(total) > 0) & (getval(norms) > 0)
    one = np.ones(1, S.dtype)  # np.where with 1.0 would have a float64 gradient
    c = np.where(known, norms, one) / np.where(known, total, one)
    S_scaled = S * segment_repeat(np.sqrt(c), level.offsets)[:, None]
    A_scaled = A_pooled * c[:, None, None]
    L = link_norm(level.A, S_scaled, A_scaled, level.squared_norms, level.offsets)
    return L / c


def _sizes(offsets: Array, dtype: Any) -> Array:
    return np.maximum(np.diff(offsets), 1).astype(dtype)
