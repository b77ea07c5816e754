"""Losses of a batch, one number a graph: of classes or targets, link, entropy.

Each graph's loss is as if it were alone: batching changes nothing. All are
differentiable, with finite gradients where norms and logarithms meet zero.
"""
from __future__ import annotations

from typing import Any

import autograd.numpy as np

from npdiffpool.config import LINK_SCALES
from npdiffpool.pooling import Level
from npdiffpool.primitives import cross_entropy, softmax_entropy
from npdiffpool.segments import link_norm, segment_sum

Array = Any  # a float array, or autograd's box round one

__all__ = ["LINK_SCALES", "cross_entropy", "entropy_loss", "link_loss", "squared_error"]


def squared_error(outputs: Array, targets: Array) -> Array:
    """Return (y - t)^2 of each graph: outputs y (B, 1), targets t (B,) to (B,)."""
    error = outputs[:, 0] - targets.astype(outputs.dtype)
    return error * error


def entropy_loss(R: Array, offsets: Array, entropies: Array = None) -> Array:
    """Return L_E = (1/n) sum_i H(S_i) of each graph (section 3.3), in nats a node.

    From the logits R (N, K), not from S = softmax(R), so that it is exact and
    its slope finite at one-hot rows. (B,); 0 of a graph without nodes. `entropies`
    are the H(S_i), (N,), where they are known already.
    """
    entropies = softmax_entropy(R)[1] if entropies is None else entropies
    return segment_sum(entropies, offsets) / _sizes(offsets, R.dtype)


def link_loss(
    level: Level, S: Array, A_pooled: Array, scale: str = "frobenius"
) -> Array:
    """Return L_LP = ||A - S S^T||_F of each graph (section 3.3).

    Nothing of size n x n is formed:

        ||A - S S^T||^2 = ||A||^2 - 2 tr(S^T A S) + ||S^T S||^2

    which cancels where A is near S S^T, and is done in float64 there. With T the
    sum of the terms' sizes and u the unit roundoff of S, the square of the loss L
    is off by at most 4 (n + K) (2^-53 T + 2 u L sqrt(T) + u^2 T), law L3.

    Parameters
    ----------
    level : Level
        Sparse with ||A||^2 of each graph, or a dense stack.
    S : (N, K) array
    A_pooled : (B, K, K) array
        S^T A S, from `npdiffpool.pooling.coarsen`.
    scale : "frobenius", "nodes" or "entries"
        The paper's value, or that divided by n, or by n^2 (as torch_geometric
        does for a graph alone).

    Returns
    -------
    (B,) array of the dtype of S
    """
    L_link = link_norm(level.A, S, A_pooled, level.squared_norms, level.offsets)
    return L_link / _sizes(level.offsets, S.dtype) ** LINK_SCALES[scale]


def _sizes(offsets: Array, dtype: Any) -> Array:
    return np.maximum(np.diff(offsets), 1).astype(dtype)
