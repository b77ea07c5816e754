"""Wrong gradients of every primitive, which the checks of gradients must catch.

For each primitive there are pairs: the index of an argument, and a function that
returns a wrong vjp by it.
"""

from __future__ import annotations

import autograd.numpy as np

from npdiffpool._support.types import Array, Ints
from npdiffpool.engine import segments as g
from npdiffpool.testing.own.definitions import WrongGradient, softmax

WRONG_GRADIENTS: dict[str, list[WrongGradient]] = {
    "affine": [
        # a mean in place of a sum
        (0, lambda Y, *_: lambda G: np.mean(G, axis=0)),
        # a relative error of 1e-7
        (1, lambda Y, b, X, W, *_: lambda G: np.dot(G, W.T) * (1 + 1e-7)),
        # rows in reverse order
        (4, lambda Y, b, X, W, H, V: lambda G: np.dot(H.T, G[::-1])),
    ],
    # A in place of A^T
    "sparse_matmul": [(1, lambda Y, A, H: lambda G: (A @ G[:-1])[:-1])],
    "relu": [
        # slope 1 everywhere
        (0, lambda Y, X: lambda G: G * (Y >= 0)),
        # half of the slope
        (0, lambda Y, X: lambda G: G * (Y > 0) * 0.5),
    ],
    "l2_normalize": [
        # without the projection
        (0, lambda Y, X: lambda G: G * (Y / X)),
        # without the division by the length
        (0, lambda Y, X: lambda G: G - Y * np.sum(G * Y, axis=1, keepdims=True)),
    ],
    # constant moments
    "batch_norm": [
        (0, lambda ans, X, gamma, b: lambda G: G[0] * gamma / np.sqrt(ans[2] + 1e-5))
    ],
    # only the diagonal of the softmax's Jacobian
    "softmax_entropy": [(0, lambda ans, R: lambda G: ans[0] * (1 - ans[0]) * G[0])],
    # without the label
    "cross_entropy": [(0, lambda L, R, labels: lambda G: softmax(R) * G[:, None])],
    # P in place of P^T
    "stack_matmul": [(1, lambda Y, P, H: lambda G: g.stack_matmul(P, G))],
    # a constant sum
    "row_mean": [(0, lambda P, A: lambda G: G / np.sum(A, axis=1, keepdims=True))],
    # without the division by the degree
    "row_mean of tiny degrees": [
        (0, lambda P, A: lambda G: G - np.sum(G * P, axis=1, keepdims=True))
    ],
    # without all norms
    "layer": [(4, lambda ans, b, gamma, beta, X, *_, **__: lambda G: X.T @ G[0])],
    # without the ReLU
    "layer without norms": [(0, lambda ans, *_, **__: lambda G: np.sum(G[0], axis=0))],
    # as if A were symmetric
    "quadratic_form": [
        (1, lambda Y, A, S, o: lambda G: 2 * g.segment_apply(A @ S, G, o))
    ],
    # the sum of G in place of S G S^T
    "quadratic_form of a stack": [
        (0, lambda Y, A, S, o: lambda G: np.zeros_like(A) + np.sum(G))
    ],
    # half of the gradient
    "quadratic_form of symmetric graphs": [
        (1, lambda Y, A, S, o, _: lambda G: g.segment_apply(A @ S, G, o))
    ],
    # the gradient without the symmetric part of G
    "quadratic_form of a symmetric stack": [
        (
            1,
            lambda Y, A, S, o, _: lambda G: 2
            * g.segment_apply(g.stack_matmul(A, S), G, o),
        )
    ],
    # the gradient of the square
    "link_norm": [(1, lambda L, A, S, *_: lambda G: S * np.sum(G))],
    # the gradient of the square
    "link_norm of a stack": [
        (0, lambda L, A, S, *_: lambda G: 2 * A * G[:, None, None])
    ],
    # twice the slope
    "safe_sqrt": [(0, lambda y, x: lambda G: G * (y > 0) / np.where(y > 0, y, 1))],
    # the gradient of another graph
    "segment_product": [
        (0, lambda P, S, Z, o: lambda G: g.segment_apply(Z, G[::-1].swapaxes(1, 2), o))
    ],
    # the gradient of another graph
    "segment_apply": [
        (1, lambda Y, S, M, o: lambda G: g.segment_product(S, G, o)[::-1])
    ],
    # a mean in place of a sum
    "segment_sum": [(0, lambda Y, X, o: lambda G: g.segment_repeat(G / _sizes(o), o))],
    # a maximum in place of a sum
    "segment_repeat": [(0, lambda X, Y, o: lambda G: g.segment_max(G, o))],
    # every row in place of the largest
    "segment_max": [(0, lambda Y, X, o: lambda G: g.segment_repeat(G, o))],
}


def _sizes(offsets: Ints) -> Array:
    """Return the number of rows of each graph, at least 1, as a column."""
    return np.maximum(np.diff(offsets), 1)[:, None]
