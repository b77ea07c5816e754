"""Custom primitives: forward, derivation, vector-Jacobian product, in that order.

autograd would differentiate plain compositions of these, but more slowly, in
float64, or to NaN at points that users reach. Rows are nodes. Graph g of a batch
has rows ``offsets[g]`` to ``offsets[g + 1]``; a *segment* is one graph's rows.
G is the incoming gradient. Every vector-Jacobian product is itself
differentiable, since it is written with autograd's NumPy and these primitives.
"""
from __future__ import annotations

from typing import Any, Callable

import autograd.numpy as np
import numpy
from autograd.extend import defvjp, defvjp_argnums, primitive

Array = Any  # a float array, or autograd's box round one
Vjp = Callable[[Array], Any]


@primitive
def affine(b: Array, *factors: Array) -> Array:
    """Return b + X_1 W_1 + X_2 W_2 + ... of ``affine(b, X_1, W_1, X_2, W_2, ...)``.

    Shapes: b (D,), X_i (N, F_i), W_i (F_i, D), result (N, D).
    """
    Y = np.dot(factors[0], factors[1])
    for X, W in zip(factors[2::2], factors[3::2]):
        Y += np.dot(X, W)
    Y += b
    return Y


def _affine_vjp(argnums: Any, Y: Array, args: Any, kwargs: Any) -> Vjp:
    # dY = 1 db + dX W + X dW, so db = 1^T G, dX = G W^T, dW = X^T G.
    def gradient(argnum: int, G: Array) -> Array:
        if argnum == 0:
            return np.sum(G, axis=0)
        if argnum % 2:
            return np.dot(G, args[argnum + 1].T)
        return np.dot(args[argnum - 1].T, G)

    return lambda G: [gradient(argnum, G) for argnum in argnums]


defvjp_argnums(affine, _affine_vjp)


@primitive
def sparse_matmul(A: Any, H: Array) -> Array:
    """Return A H for a constant scipy sparse A (M, N) and H (N, D): (M, D)."""
    return A @ H


# dY = A dH, so dH = A^T G. A is data: it has no gradient.
defvjp(sparse_matmul, lambda Y, A, H: lambda G: sparse_matmul(A.T, G), argnums=(1,))


@primitive
def relu(X: Array) -> Array:
    """Return max(X, 0). Its slope at 0 is 0."""
    return np.maximum(X, 0)


# dY = dX where Y > 0, else 0.
defvjp(relu, lambda Y, X: lambda G: G * (Y > 0))


@primitive
def l2_normalize(X: Array) -> Array:
    """Return each row of X (N, D) divided by its length; a row of zeros stays zero."""
    return X * _inverse_length(X)


def _inverse_length(X: Array) -> Array:
    squared = np.einsum("ij,ij->i", X, X)[:, None]
    usable = squared > np.finfo(X.dtype).tiny  # below, its square has underflowed
    return usable / np.sqrt(np.where(usable, squared, np.ones_like(squared)))


def _l2_normalize_vjp(Y: Array, X: Array) -> Vjp:
    # Row i with y = x / |x|: dy = (dx - y <y, dx>) / |x|, a symmetric map, so
    # dX_i = (G_i - Y_i <Y_i, G_i>) / |X_i|. At a row of zeros: 0.
    def vjp(G: Array) -> Array:
        inner = np.einsum("ij,ij->i", G, Y)[:, None]
        return (G - Y * inner) * _inverse_length(X)

    return vjp


defvjp(l2_normalize, _l2_normalize_vjp)

BATCH_NORM_EPSILON = 1e-5
_ROUNDING = 16  # machine epsilons that count as rounding
_TIE = 64 * _ROUNDING  # likewise, where batch norm may have magnified it 316 times


@primitive
def batch_norm(X: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Return (Y, m, v): columns of X (N, D) standardised, then scaled and shifted.

    Y = gamma (X - m) / sqrt(v + epsilon) + beta, with m and v the columns' mean
    and (biased) variance, all three (D,) but Y (N, D). N of 0 gives m = v = 0. A
    column that is constant up to rounding counts as constant, Y = beta: what is
    left of it depends on the order of nodes, and later layers would amplify it.
    """
    m = np.sum(X, axis=0) / _count(X)
    centred = X - m
    v = np.einsum("ij,ij->j", centred, centred) / _count(X)
    v = v * (v > _count(X) * (_ROUNDING * np.finfo(X.dtype).eps * m) ** 2)
    Y = centred * ((v > 0) * gamma / np.sqrt(v + BATCH_NORM_EPSILON)) + beta
    return Y, m, v


def _count(X: Array) -> Array:
    return X.dtype.type(max(len(X), 1))


def _batch_norm_vjp(argnums: Any, ans: Any, args: Any, kwargs: Any) -> Vjp:
    # With s = (v + epsilon)^-1/2 and X^ = s (X - m): Y = gamma X^ + beta,
    # dX^ = s (dX - dm) - X^ s^2 dv / 2, dm = 1^T dX / N, dv = 2 1^T (X^ dX) / (s N).
    # Hence dbeta = 1^T G, dgamma = 1^T (G X^), and
    # dX = s gamma (G - dbeta / N - X^ dgamma / N) + G_m / N + 2 X^ G_v / (s N).
    # At a column that counts as constant this is the slope of X^ = 0, v = 0.
    X, gamma, _ = args
    _, m, v = ans

    def vjp(Gs: Any) -> Any:
        G, G_m, G_v = Gs[0], Gs[1], Gs[2]
        s = 1 / np.sqrt(v + BATCH_NORM_EPSILON)
        X_hat = (X - m) * ((v > 0) * s)
        dbeta, dgamma = np.sum(G, axis=0), np.einsum("ij,ij->j", G, X_hat)
        shift = (G_m - s * gamma * dbeta) / _count(X)
        slope = (2 * G_v / s - s * gamma * dgamma) / _count(X)
        gradients = (G * (s * gamma) + X_hat * slope + shift, dgamma, dbeta)
        return [gradients[argnum] for argnum in argnums]

    return vjp


defvjp_argnums(batch_norm, _batch_norm_vjp)


@primitive
def row_softmax(R: Array) -> Array:
    """Return S[i, k] = exp(R[i, k]) / sum_j exp(R[i, j]), R and S of shape (N, K)."""
    E = np.exp(R - np.max(R, axis=1, keepdims=True))
    return E / np.sum(E, axis=1, keepdims=True)


def _row_softmax_vjp(S: Array, R: Array) -> Vjp:
    # Row i: dS_i/dR_i = diag(S_i) - S_i S_i^T, so dR_i = S_i * (G_i - <S_i, G_i>).
    return lambda G: S * (G - np.sum(S * G, axis=1, keepdims=True))


defvjp(row_softmax, _row_softmax_vjp)


@primitive
def log_softmax(R: Array) -> Array:
    """Return log(row_softmax(R)), finite where the softmax underflows; (N, K)."""
    shifted = R - np.max(R, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def _log_softmax_vjp(L: Array, R: Array) -> Vjp:
    # Row i: dL_i = dR_i - 1 <S_i, dR_i> with S = exp(L), so dR_i = G_i - S_i <1, G_i>.
    return lambda G: G - np.exp(L) * np.sum(G, axis=1, keepdims=True)


defvjp(log_softmax, _log_softmax_vjp)


@primitive
def safe_sqrt(x: Array) -> Array:
    """Return sqrt(max(x, 0)) by elements, with slope 0 where x <= 0."""
    return np.sqrt(np.maximum(x, 0))


def _safe_sqrt_vjp(y: Array, x: Array) -> Vjp:
    # dy = dx / (2 y) where y > 0.
    positive = y > 0
    return lambda G: G * np.where(positive, 0.5 / np.where(positive, y, 1.0), 0.0)


defvjp(safe_sqrt, _safe_sqrt_vjp)


@primitive
def segment_product(S: Array, Z: Array, offsets: Array) -> Array:
    """Return S_g^T Z_g of every graph g: S (N, K), Z (N, D), result (B, K, D)."""
    B, K, D = len(offsets) - 1, S.shape[1], Z.shape[1]
    if _is_uniform(offsets):
        S_stack, Z_stack = S.reshape(B, len(S) // B, K), Z.reshape(B, len(S) // B, D)
        return np.matmul(_transpose(S_stack), Z_stack)
    products = np.empty((B, K, D), dtype=np.result_type(S, Z))
    for g, rows in enumerate(_segments(offsets)):
        np.dot(S[rows].T, Z[rows], out=products[g])
    return products


@primitive
def segment_apply(S: Array, M: Array, offsets: Array) -> Array:
    """Return S_g M_g of every graph g, stacked: S (N, K), M (B, K, D): (N, D)."""
    B, K, D = M.shape
    if _is_uniform(offsets):
        stack = S.reshape(B, len(S) // B, K)
        return np.matmul(stack, M).reshape(len(S), D)
    rows_out = np.empty((len(S), D), dtype=np.result_type(S, M))
    for g, rows in enumerate(_segments(offsets)):
        np.dot(S[rows], M[g], out=rows_out[rows])
    return rows_out


def _is_uniform(offsets: Array) -> bool:
    sizes = np.diff(offsets)
    return bool((sizes == sizes[0]).all())


def _segments(offsets: Array) -> list[slice]:
    bounds = offsets.tolist()
    return [slice(start, stop) for start, stop in zip(bounds, bounds[1:])]


def _transpose(M: Array) -> Array:
    return np.swapaxes(M, 1, 2)


# P_g = S_g^T Z_g: dP = dS^T Z + S^T dZ, so dS_g = Z_g G_g^T and dZ_g = S_g G_g.
defvjp(
    segment_product,
    lambda P, S, Z, offsets: lambda G: segment_apply(Z, _transpose(G), offsets),
    lambda P, S, Z, offsets: lambda G: segment_apply(S, G, offsets),
)
# Y_g = S_g M_g: dY = dS M + S dM, so dS_g = G_g M_g^T and dM_g = S_g^T G_g.
defvjp(
    segment_apply,
    lambda Y, S, M, offsets: lambda G: segment_apply(G, _transpose(M), offsets),
    lambda Y, S, M, offsets: lambda G: segment_product(S, G, offsets),
)


@primitive
def segment_sum(X: Array, offsets: Array) -> Array:
    """Return the sum of each graph's rows: X (N, ...) to (B, ...); of no rows, 0."""
    return _reduce(numpy.add, X, offsets)


@primitive
def segment_repeat(Y: Array, offsets: Array) -> Array:
    """Return row g of Y (B, ...) once for each row of graph g: (N, ...)."""
    return np.repeat(Y, np.diff(offsets), axis=0)


def _reduce(ufunc: Any, X: Array, offsets: Array) -> Array:
    result = np.zeros((len(offsets) - 1, *X.shape[1:]), dtype=X.dtype)
    filled = np.diff(offsets) > 0  # reduceat has no notion of an empty segment
    if filled.any():
        result[filled] = ufunc.reduceat(X, offsets[:-1][filled], axis=0)
    return result


# The sum over a segment and the repetition along it are each other's transpose.
defvjp(segment_sum, lambda Y, X, offsets: lambda G: segment_repeat(G, offsets))
defvjp(segment_repeat, lambda X, Y, offsets: lambda G: segment_sum(G, offsets))


@primitive
def segment_max(X: Array, offsets: Array) -> Array:
    """Return the maximum of each graph's rows: X (N, D) to (B, D); of no rows, 0.

    Rows that tie, up to rounding, share the gradient evenly: else the order of
    nodes would choose among them.
    """
    return _reduce(numpy.maximum, X, offsets)


def _segment_max_vjp(Y: Array, X: Array, offsets: Array) -> Vjp:
    # dY_g = mean of dX_i over the rows i of g at which the maximum is reached.
    least = Y - _TIE * np.finfo(X.dtype).eps * np.abs(Y)
    ties = (X >= segment_repeat(least, offsets)).astype(X.dtype)
    share = ties / segment_repeat(segment_sum(ties, offsets), offsets)
    return lambda G: segment_repeat(G, offsets) * share


defvjp(segment_max, _segment_max_vjp)
