"""Custom primitives on rows: forward, derivation, vector-Jacobian product.

autograd would differentiate plain compositions of these, but more slowly, in float64,
or to NaN at points that users reach. Rows are nodes; G is the incoming gradient.
Primitives that work graph by graph are in segments.py.

A `fused` primitive (autodiff.py) is one function in plain NumPy: the value first, then
the derivation and the gradient. The plain composition that it equals stands above it.
"""

from __future__ import annotations

from functools import partial
from operator import matmul
from typing import Any

import autograd.numpy as anp
import numpy as np
import scipy
from autograd.extend import defvjp, primitive

from npdiffpool._support.contracts import Shape, require_finite, requires
from npdiffpool._support.threads import run_together
from npdiffpool._support.types import Array
from npdiffpool.engine.autodiff import Vjp, fused, getval


def _total(X: Array) -> Array:
    """Return 1^T X, the sum over nodes; several times faster than np.sum."""
    return np.dot(np.ones(len(X), X.dtype), X)


def _plain_affine(b: Array, *factors: Array) -> Array:
    Y = sum(X @ W for X, W in zip(factors[::2], factors[1::2]))
    return Y if b is None else Y + b


@fused(_plain_affine)
def affine(b: Array, *factors: Array) -> tuple[Array, Vjp]:
    """Return b + X_1 W_1 + X_2 W_2 + ... for ``affine(b, X_1, W_1, X_2, ...)``.

    Shapes: b (D,) or (N, D), None for 0; X_i (N, F_i), W_i (F_i, D), result (N, D).
    A constant X_i may be scipy sparse; then there is no second derivative.
    """
    pairs = list(zip(factors[::2], factors[1::2]))
    cost = sum(X.size * W.shape[1] for X, W in pairs)
    Y, *others = run_together([partial(matmul, X, W) for X, W in pairs], cost)
    for XW in others:
        Y += XW
    if b is not None:
        Y += b

    # dY = 1 db + dX W + X dW, so db = 1^T G, dX = G W^T, dW = X^T G.
    def gradient(argnum: int, G: Array) -> Array:
        if argnum == 0:
            return _total(G) if b.ndim == 1 else G
        if argnum % 2:
            return G @ factors[argnum].T
        return factors[argnum - 2].T @ G

    def vjp(G: Array, argnums: Any) -> list[Array]:
        return run_together([partial(gradient, i, G) for i in argnums], cost)

    return Y, vjp


@primitive
def sparse_matmul(A: Any, H: Array) -> Array:
    """Return A H for a constant scipy sparse A (M, N) and H (N, D): (M, D)."""
    return A @ H


# dY = A dH, so dH = A^T G. A is data: it has no gradient.
defvjp(sparse_matmul, lambda Y, A, H: lambda G: sparse_matmul(A.T, G), argnums=(1,))


def reciprocal(deg: Array, dtype: Any) -> Array:
    """Return 1 / deg in `dtype`, and 0 where deg is at most tiny / eps.

    Here tiny is the smallest normal number. Above this bound a degree has all its
    digits, even if products below tiny were rounded to zero, and the gradient G / deg
    of a mean is finite for |G| up to 4 / eps.
    """
    usable = deg > np.finfo(dtype).tiny / np.finfo(dtype).eps
    inverse = np.divide(1, deg, out=np.zeros_like(deg), where=usable)
    return inverse.astype(dtype, copy=False)


def _plain_row_mean(A: Array) -> Array:
    scale = reciprocal(getval(anp.sum(A, axis=-1, keepdims=True)), A.dtype)
    A = A * scale  # by a constant, which no mean depends on: no degree is squared
    return A / (anp.sum(A, axis=-1, keepdims=True) + (scale == 0))


@fused(_plain_row_mean)
def row_mean(A: Array) -> tuple[Array, Vjp]:
    """Return the rows of A (..., N) divided by their sums; zero rows stay zero."""
    inverse = reciprocal(np.sum(A, axis=-1, keepdims=True), A.dtype)
    P = A * inverse

    # Row i, p = a / d with d = <1, a>: dp = (da - p <1, da>) / d, so
    # dA_i = (G_i - <G_i, P_i>) / d_i.
    def vjp(G: Array, argnums: Any) -> list[Array]:
        return [(G - np.einsum("...j,...j->...", G, P)[..., None]) * inverse]

    return P, vjp


def relu(X: Array) -> Array:
    """Return max(X, 0), with gradient 0 at 0."""
    return X * (X > 0)


def l2_normalize(X: Array) -> Array:
    """Return the rows of X (N, D) scaled to unit length; a row of zeros stays zero."""
    return X * _inverse_length(X)


def _inverse_length(X: Array) -> Array:
    squared = _squared_lengths(X)[:, None]
    most = float(np.finfo(X.dtype).max)  # beyond, the row would become 0
    require_finite("squared lengths of rows", getval(squared), most)
    usable = squared > np.finfo(X.dtype).tiny  # below, the squares underflow
    return usable / anp.sqrt(squared * usable + ~usable)


def _squared_lengths(X: Array) -> Array:
    """Return the squared length of each row of X (N, D), dense or sparse."""
    if scipy.sparse.issparse(X):
        return X.multiply(X).sum(axis=1)
    return anp.einsum("ij,ij->i", X, X)


BATCH_NORM_EPSILON = 1e-5
_ROUNDING = 16  # machine epsilons that count as a rounding error
_SMALL = 1e-6  # a variance below this share of the largest mean square may be rounding


def _zero() -> float:
    return 0.0


def _plain_batch_norm(
    X: Array, gamma: Array, beta: Array, squared_terms: Any = _zero, into: Any = None
) -> tuple[Array, Array, Array]:
    m = anp.sum(X, axis=0) / _count(X)
    v = anp.sum((X - m) ** 2, axis=0) / _count(X)
    v = v * _is_variable(getval(v), getval(m), X, squared_terms)
    centred = X - m - getval(X - m) * (v == 0)  # 0 where v is 0, with its gradient
    return centred * gamma / anp.sqrt(v + BATCH_NORM_EPSILON) + beta, m, v


def _count(X: Array) -> Array:
    return X.dtype.type(max(X.shape[0], 1))


def _is_variable(v: Array, m: Array, X: Array, squared_terms: Any) -> Array:
    """Return whether variances (D,) exceed what rounding makes of constant columns."""
    # A sum of N numbers near m has an error of about sqrt(N) eps m, and each entry of X
    # one of about eps times the size of the terms that it is the sum of. The latter
    # matters, and is computed, only beside columns that are far larger.
    bound = _count(X) * m**2
    if np.any((v > 0) & (v < _SMALL * np.max(v + m**2, initial=0))):
        bound = bound + squared_terms()
    return v > (_ROUNDING * np.finfo(X.dtype).eps) ** 2 * bound


@fused(_plain_batch_norm)
def batch_norm(
    X: Array, gamma: Array, beta: Array, squared_terms: Any = _zero, into: Any = None
) -> tuple[Any, Vjp]:
    """Return (Y, m, v): the columns of X (N, D) standardised, scaled and shifted.

    Y = gamma (X - m) / sqrt(v + epsilon) + beta is (N, D); m and v (D,) are the mean
    and the (biased) variance of the columns, without gradient, and 0 if N is 0. A
    column that is constant up to rounding counts as constant, Y = beta: its rounding
    errors depend on the order of nodes, and later layers would amplify them. Where X is
    a sum whose terms may cancel, ``squared_terms()`` is their mean square in each
    column, (D,). X - m is written into the array `into`, if given.
    """
    m = _total(X) / _count(X)
    centred = np.subtract(X, m, out=into)
    v = _total(centred * centred) / _count(X)
    v *= _is_variable(v, m, X, squared_terms)
    s = 1 / np.sqrt(v + X.dtype.type(BATCH_NORM_EPSILON))
    scale = (v > 0) * s  # 0 for a column that counts as constant
    Y = centred * (gamma * scale)
    Y += beta

    # With s = (v + epsilon)^-1/2 and X^ = s (X - m): Y = gamma X^ + beta,
    # dX^ = s (dX - dm) - X^ s^2 dv / 2, dm = 1^T dX / N, dv = 2 1^T (X^ dX) / (s N).
    # Hence dbeta = 1^T G, dgamma = 1^T (G X^), and
    # dX = s gamma (G - dbeta / N - X^ dgamma / N). For a column that counts as constant
    # this holds with X^ = 0, v = 0.
    def vjp(G: Array, argnums: Any) -> list[Array]:
        dbeta, dgamma = _total(G), scale * _total(G * centred)
        dX = centred * (scale * dgamma / -_count(X))
        dX += G
        dX -= dbeta / _count(X)
        dX *= s * gamma
        return [(dX, dgamma, dbeta)[argnum] for argnum in argnums]

    return (Y, m, v), vjp


_BIAS, _GAMMA, _BETA = range(3)  # positions among the arguments of `layer`


def _in_affine(argnum: int) -> int:
    """Return the position in `affine` of `layer`'s bias or of one of its factors."""
    return _BIAS if argnum == _BIAS else argnum - 2  # it has no gamma and no beta


def _squared_terms(r: Any, magnitudes: Any) -> Array:
    """Return a bound of the mean over i of (r_i times the terms of row i)^2, (D,).

    For column j, |sum_k X_ik W_kj| <= |X_i| |W_j| (Cauchy-Schwarz), so no pass over all
    terms is needed. r has the inverse lengths of the rows, (N, 1); None
    stands for 1.
    """
    total: Any = 0
    for X, matrices in magnitudes:
        squares = _squared_lengths(X)
        sum_of_rows = np.sum(squares) if r is None else np.dot(r[:, 0] ** 2, squares)
        of_columns = sum(_total(W * W) for W in matrices)
        total = total + sum_of_rows / _count(X) * of_columns
    return total


def _plain_layer(
    b: Array,
    gamma: Array,
    beta: Array,
    *factors: Array,
    normalize_rows: bool,
    magnitudes: Any = (),
) -> Any:
    U = affine(b, *factors)
    r = _inverse_length(U) if normalize_rows else None
    T = relu(U if r is None else U * r)
    if gamma is None:
        return T, (), ()
    return batch_norm(T, gamma, beta, partial(_squared_terms, getval(r), magnitudes))


@fused(_plain_layer)
def layer(
    b: Array,
    gamma: Array,
    beta: Array,
    *factors: Array,
    normalize_rows: bool,
    magnitudes: Any = (),
) -> tuple[Any, Vjp]:
    """Return (Y, m, v) of Y = batch_norm(relu(l2_normalize(affine(b, *factors)))).

    Shapes and moments are those of `affine` and `batch_norm`. Without `gamma` there is
    no batch norm, and m and v are empty. `magnitudes`: see `layers.Terms`.
    """
    U, affine_vjp = affine.with_vjp(b, *factors)
    r = _inverse_length(U) if normalize_rows else None
    V = U if r is None else np.multiply(U, r, out=U)  # U is not needed again
    T = np.maximum(V, np.zeros_like(V))  # three times faster than with a scalar 0
    norm_vjp: Vjp
    if gamma is None:
        none = np.zeros(0, T.dtype)
        ans, norm_vjp = (T, none, none), lambda G, argnums: (G.copy(), none, none)
    else:
        squared_terms = partial(_squared_terms, r, magnitudes)
        ans, norm_vjp = batch_norm.with_vjp(T, gamma, beta, squared_terms, into=T)

    # Backwards: batch norm; ReLU, M = dT where V > 0; then for each row v = u / |u|,
    # dv = (du - v <v, du>) / |u|, a symmetric map, so with r_i = 1 / |U_i| (0 for a row
    # of zeros) dU_i = r_i (M_i - V_i <V_i, M_i>).
    def vjp(G: Array, argnums: Any) -> list[Array]:
        M, dgamma, dbeta = norm_vjp(G, (0, 1, 2))
        M *= V > 0
        if r is not None:
            M -= V * np.einsum("ij,ij->i", V, M)[:, None]
            M *= r
        found = {_GAMMA: dgamma, _BETA: dbeta}
        in_affine = [i for i in argnums if i not in found]
        found |= zip(in_affine, affine_vjp(M, [_in_affine(i) for i in in_affine]))
        return [found[i] for i in argnums]

    return ans, vjp


@primitive
def softmax_entropy(R: Array) -> tuple[Array, Array]:
    """Return (S, h): the softmax of each row of R (N, K), and its entropy in nats.

    S[i, k] = exp(R[i, k]) / sum_j exp(R[i, j]), (N, K), and h_i = H(S_i), (N,). The
    entropy is exact also where S underflows, because log S is computed from R.
    """
    shifted = R - np.max(R, axis=1, keepdims=True)
    S = np.exp(shifted)
    total = np.sum(S, axis=1, keepdims=True)
    S /= total
    return S, np.log(total[:, 0]) - np.einsum("ij,ij->i", S, shifted)


def _softmax_entropy_vjp(ans: Any, R: Array) -> Vjp:
    # Row i: dS = S * (dR - <S, dR>), and dh = -<log S, dS> since <1, dS> = 0. With
    # G' = G - g log S this gives dR = S * (G' - <S, G'>). There R - max R may replace
    # log S, because they differ by a constant per row.
    def vjp(Gs: Any) -> Array:
        G = Gs[0] - Gs[1][:, None] * (R - anp.max(R, axis=1, keepdims=True))
        return ans[0] * (G - anp.sum(ans[0] * G, axis=1, keepdims=True))

    return vjp


defvjp(softmax_entropy, _softmax_entropy_vjp)


def _plain_cross_entropy(logits: Array, labels: Array) -> Array:
    one_hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    shifted = logits - anp.max(logits, axis=1, keepdims=True)
    total = anp.sum(anp.exp(shifted), axis=1)
    return anp.log(total) - anp.sum(one_hot * shifted, axis=1)


@requires(logits=Shape("B C", large=True, floats=True), labels=Shape("B", below="C"))
@fused(_plain_cross_entropy)
def cross_entropy(logits: Array, labels: Array) -> tuple[Array, Vjp]:
    """Return -log softmax(logits)[label] for each graph, in nats.

    Parameters
    ----------
    logits : (B, C) array
    labels : (B,) ints in 0 ... C - 1

    Returns
    -------
    (B,) array

    Raises
    ------
    ValueError
        If the shapes differ from these, or a label is not below C.

    Examples
    --------
    >>> cross_entropy(np.log([[1.0, 3.0], [1.0, 1.0]]), np.array([1, 0])).round(4)
    array([0.2877, 0.6931])
    """
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    S, rows = np.exp(shifted), np.arange(len(logits))
    total = np.sum(S, axis=1)
    S /= total[:, None]

    # L = log sum_j exp(R_j) - R_label: dL = <S, dR> - dR_label.
    def vjp(G: Array, argnums: Any) -> list[Array]:
        dR = S * G[:, None]
        dR[rows, labels] -= G
        return [dR]

    return np.log(total) - shifted[rows, labels], vjp


def safe_sqrt(x: Array) -> Array:
    """Return sqrt(max(x, 0)) elementwise, with gradient 0 where x <= 0."""
    positive = x > 0
    return anp.sqrt(x * positive + ~positive) * positive
