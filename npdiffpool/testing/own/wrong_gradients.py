"""Wrong gradients of every primitive: the checks of gradients must catch each.

Of a primitive, the number of the argument and a maker of the wrong vjp.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as np

from npdiffpool.engine import segments as g

Array = Any


def _softmax(R: Array) -> Array:
    """Return the softmax by rows."""
    return np.exp(R) / np.sum(np.exp(R), axis=1, keepdims=True)


WRONG_GRADIENTS: dict[str, list[Any]] = {
    "affine": [
        # a mean
        (0, lambda Y, *_: lambda G: np.mean(G, axis=0)),
        # off by 1e-7
        (1, lambda Y, b, X, W, *_: lambda G: np.dot(G, W.T) * (1 + 1e-7)),
        # rows reversed
        (4, lambda Y, b, X, W, H, V: lambda G: np.dot(H.T, G[::-1])),
    ],
    "sparse_matmul": [
        # not transposed
        (1, lambda Y, A, H: lambda G: (A @ G[:-1])[:-1]),
    ],
    "relu": [
        # slope everywhere
        (0, lambda Y, X: lambda G: G * (Y >= 0)),
        # half the slope
        (0, lambda Y, X: lambda G: G * (Y > 0) * 0.5),
    ],
    "l2_normalize": [
        # no projection
        (0, lambda Y, X: lambda G: G * (Y / X)),
        # no length
        (0, lambda Y, X: lambda G: G - Y * np.sum(G * Y, axis=1, keepdims=True)),
    ],
    "batch_norm": [
        # moments held constant
        (0, lambda ans, X, gamma, b: lambda G: G[0] * gamma / np.sqrt(ans[2] + 1e-5)),
    ],
    "softmax_entropy": [
        # the diagonal alone
        (0, lambda ans, R: lambda G: ans[0] * (1 - ans[0]) * G[0]),
    ],
    "cross_entropy": [
        # no label
        (0, lambda L, R, labels: lambda G: _softmax(R) * G[:, None]),
    ],
    "stack_matmul": [
        # not transposed
        (1, lambda Y, P, H: lambda G: g.stack_matmul(P, G)),
    ],
    "row_mean": [
        # the sum held constant
        (0, lambda P, A: lambda G: G / np.sum(A, axis=1, keepdims=True)),
    ],
    "layer": [
        # past all norms
        (4, lambda ans, b, gamma, beta, X, *_, **__: lambda G: X.T @ G[0]),
    ],
    "layer without norms": [
        # no ReLU
        (0, lambda ans, *_, **__: lambda G: np.sum(G[0], axis=0)),
    ],
    "quadratic_form": [
        # of a symmetric A
        (1, lambda Y, A, S, o: lambda G: 2 * g.segment_apply(A @ S, G, o)),
    ],
    "quadratic_form of a stack": [
        # S^T G S for S G S^T
        (0, lambda Y, A, S, o: lambda G: np.zeros_like(A) + np.sum(G)),
    ],
    "link_norm": [
        # of its square
        (1, lambda L, A, S, *_: lambda G: S * np.sum(G)),
    ],
    "link_norm of a stack": [
        # of its square
        (0, lambda L, A, S, *_: lambda G: 2 * A * G[:, None, None]),
    ],
    "safe_sqrt": [
        # twice the slope
        (0, lambda y, x: lambda G: G * (y > 0) / np.where(y > 0, y, 1)),
    ],
    "segment_product": [
        # another graph's
        (
            0,
            lambda P, S, Z, o: lambda G: g.segment_apply(
                Z, np.swapaxes(G[::-1], 1, 2), o
            ),
        ),
    ],
    "segment_apply": [
        # another graph's
        (1, lambda Y, S, M, o: lambda G: g.segment_product(S, G, o)[::-1]),
    ],
    "segment_sum": [
        # a mean
        (
            0,
            lambda Y, X, o: lambda G: g.segment_repeat(
                G / np.maximum(np.diff(o), 1)[:, None], o
            ),
        ),
    ],
    "segment_repeat": [
        # the largest
        (0, lambda X, Y, o: lambda G: g.segment_max(G, o)),
    ],
    "segment_max": [
        # every row
        (0, lambda Y, X, o: lambda G: g.segment_repeat(G, o)),
    ],
}
