"""Differentiable pooling of a batch: equations 3, 4 and 6, and its levels.

At level 0 graphs differ in size and A is sparse; above, every graph has K nodes
and A is a dense stack (B, K, K). Features are rows at every level.
"""
from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple

import autograd.numpy as np

from npdiffpool.batches import GraphBatch
from npdiffpool.blocks import with_dense_blocks
from npdiffpool.layers import OPERATORS
from npdiffpool.primitives import softmax_entropy
from npdiffpool.segments import quadratic_form, segment_product

Array = Any  # a float array, or autograd's box round one


class Level(NamedTuple):
    """Hold the graphs of one level of the hierarchy."""

    A: Array  # (N, N), sparse or a BlockDiagonal, at level 0; (B, K, K) above
    X: Array  # (N, F)
    offsets: Array  # (B + 1,)
    squared_norms: Array | None = None  # ||A||^2 of each graph, where A is sparse
    operators: Mapping[str, Array] = {}
    propagated: Mapping[str, Array] = {}
    clusters: tuple[Array, ...] = ()  # of fixed assignments, this level's first

    @classmethod
    def of(cls, batch: GraphBatch) -> Level:
        """Take a batch as level 0, with what was prepared for it."""
        return cls(*vars(batch).values())  # the fields of both, in one order

    def with_operators(self, kinds: Iterable[str]) -> Level:
        """Add the propagation matrices of these kinds of layer that are not there."""
        missing = set(kinds) - set(self.operators)
        made = {kind: OPERATORS[kind](self.A) for kind in sorted(missing)}
        return self._replace(operators={**self.operators, **made})

    def with_dense_blocks(self) -> Level:
        """Let dense graphs of level 0 multiply as dense blocks."""
        matrices = [self.A, *self.operators.values()]
        A, *Ps = [with_dense_blocks(M, self.offsets) for M in matrices]
        return self._replace(A=A, operators=dict(zip(self.operators, Ps)))


def assign(R: Array) -> Array:
    """Return S = softmax(R) by rows (equation 6), R and S of shape (N, K)."""
    return softmax_entropy(R)[0]


def coarsen(level: Level, Z: Array, S: Array) -> tuple[Array, Array]:
    """Return A' = S^T A S and X' = S^T Z of each graph (equations 4 and 3).

    A is multiplied by S first: O(E K + N K^2), never N x N.

    Parameters
    ----------
    level : Level
        Graphs with N nodes in all.
    Z : (N, D) array
        Embeddings.
    S : (N, K) array
        Assignment.

    Returns
    -------
    A_pooled : (B, K, K) array
    X_pooled : (B, K, D) array
    """
    A_pooled = quadratic_form(level.A, S, level.offsets)
    return A_pooled, segment_product(S, Z, level.offsets)


def next_level(A_pooled: Array, X_pooled: Array, clusters: Any = ()) -> Level:
    """Make coarsened graphs, (B, K, K) and (B, K, D), the next level."""
    B, K, D = X_pooled.shape
    X, offsets = X_pooled.reshape(B * K, D), np.arange(B + 1) * K
    return Level(A_pooled, X, offsets, clusters=clusters)
