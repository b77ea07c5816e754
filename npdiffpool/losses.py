"""Losses of a batch, one number a graph: cross-entropy, link loss, entropy loss.

Each graph's loss is as if it were alone: batching changes nothing. All are
differentiable, with finite gradients where norms and logarithms meet zero.
"""
from __future__ import annotations

from typing import Any

import autograd.numpy as np
from scipy import sparse

from npdiffpool.pooling import Level
from npdiffpool.primitives import log_softmax, safe_sqrt, segment_product, segment_sum

Array = Any  # a float array, or autograd's box round one

LINK_SCALES = {"frobenius": 0, "nodes": 1, "entries": 2}  # the power of n divided by


def cross_entropy(logits: Array, labels: Array) -> Array:
    """Return -log softmax(logits)[label] of each graph, in nats.

    Parameters
    ----------
    logits : (B, C) array
    labels : (B,) ints in 0 ... C - 1

    Returns
    -------
    (B,) array
    """
    one_hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    return -np.sum(one_hot * log_softmax(logits), axis=1)


def entropy_loss(R: Array, offsets: Array) -> Array:
    """Return L_E = (1/n) sum_i H(S_i) of each graph (section 3.3), in nats a node.

    From the logits R (N, K), not from S = softmax(R), so that it is exact and
    its slope finite at one-hot rows. (B,); 0 of a graph without nodes.
    """
    log_S = log_softmax(R)
    row_entropy = -np.sum(np.exp(log_S) * log_S, axis=1)
    return segment_sum(row_entropy, offsets) / _sizes(offsets, R.dtype)


def link_loss(
    level: Level,
    S: Array,
    A_pooled: Array,
    scale: str = "frobenius",
) -> Array:
    """Return L_LP = ||A - S S^T||_F of each graph (section 3.3).

    Where A is sparse nothing of size n x n is formed:

        ||A - S S^T||^2 = ||A||^2 - 2 tr(S^T A S) + ||S^T S||^2

    in float64, since it cancels where A is near S S^T: the squared loss is off
    by at most 4 (n + K) u (||A||^2 + 2 tr(S^T A S) + ||S^T S||^2) with
    u = 2^-53, so the loss by the square root of that where it vanishes.

    Parameters
    ----------
    level : Level
        Sparse, with ||A||^2 of each graph, or a dense stack.
    S : (N, K) array
    A_pooled : (B, K, K) float64 array
        S^T A S, from `npdiffpool.pooling.coarsen`.
    scale : "frobenius", "nodes" or "entries"
        The paper's value, or that divided by n, or by n^2 (as torch_geometric
        does for a graph alone).

    Returns
    -------
    (B,) array of the dtype of S
    """
    S64 = S.astype(np.float64)
    if sparse.issparse(level.A):
        gram = segment_product(S64, S64, level.offsets)
        trace = np.sum(A_pooled * np.eye(S.shape[1]), axis=(1, 2))
        squared = level.squared_norms - 2.0 * trace + np.sum(gram * gram, axis=(1, 2))
    else:
        S_stack = S64.reshape(*level.A.shape[:2], S.shape[1])
        residual = level.A - np.matmul(S_stack, np.swapaxes(S_stack, 1, 2))
        squared = np.sum(residual * residual, axis=(1, 2))
    sizes = _sizes(level.offsets, np.float64)
    return (safe_sqrt(squared) / sizes ** LINK_SCALES[scale]).astype(S.dtype)


def _sizes(offsets: Array, dtype: Any) -> Array:
    return np.maximum(np.diff(offsets), 1).astype(dtype)
