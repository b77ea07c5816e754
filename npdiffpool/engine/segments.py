"""Primitives on the rows of each graph: products, sums, maxima and the link norm.

Graph g of a batch has the rows ``offsets[g]`` to ``offsets[g + 1]``, its *segment*. G
is the incoming gradient. Forward passes are plain NumPy. The vector-Jacobian product of
a `primitive` is differentiable itself; that of a `fused` one is not, and its plain
composition serves for second derivatives (autodiff.py).
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive

from npdiffpool._support.threads import run_in_pieces
from npdiffpool._support.types import Array, Ints
from npdiffpool.engine.autodiff import Vjp, fused
from npdiffpool.engine.primitives import safe_sqrt, sparse_matmul
from npdiffpool.graphs.ragged import slices_of

# A link norm below _MIN_NORM rounding errors is numerically 0, and so is its gradient.
_MIN_NORM = 100
# The squared norm is a difference of two numbers. Where it is less than this fraction
# of their sum, float32 has lost too many digits, and float64 is used.
_CANCELLATION = 0.1
# Rows within this many machine epsilons of the maximum count as tied: batch norm
# magnifies rounding errors.
_TIE = 1024


@primitive
def segment_product(S: Array, Z: Array, offsets: Ints) -> Array:
    """Return S_g^T Z_g for every graph g: S (N, K), Z (N, D), result (B, K, D)."""
    B, K, D = len(offsets) - 1, S.shape[1], Z.shape[1]
    products = np.empty((B, K, D), dtype=np.result_type(S, Z))
    segments, is_uniform = slices_of(offsets), _is_uniform(offsets)

    def work(graphs: slice) -> None:
        if is_uniform:
            S_T, Z_ = _transpose(_stack(S, B)[graphs]), _stack(Z, B)[graphs]
            np.matmul(S_T, Z_, out=products[graphs])
        else:
            for product, rows in zip(products[graphs], segments[graphs]):
                np.dot(S[rows].T, Z[rows], out=product)

    run_in_pieces(work, offsets, S.size * D)
    return products


@primitive
def segment_apply(S: Array, M: Array, offsets: Ints) -> Array:
    """Return S_g M_g for every graph g: S (N, K), M (B, K, D), result (N, D)."""
    B, K, D = M.shape
    result = np.empty((len(S), D), dtype=np.result_type(S, M))
    segments, is_uniform = slices_of(offsets), _is_uniform(offsets)

    def work(graphs: slice) -> None:
        if is_uniform:
            np.matmul(_stack(S, B)[graphs], M[graphs], out=_stack(result, B)[graphs])
        else:
            for M_g, rows in zip(M[graphs], segments[graphs]):
                np.dot(S[rows], M_g, out=result[rows])

    run_in_pieces(work, offsets, S.size * D)
    return result


def _is_uniform(offsets: Ints) -> bool:
    """Return whether all graphs have the same size; they can then be stacked."""
    size, rest = divmod(int(offsets[-1]), len(offsets) - 1)
    return rest == 0 and bool((np.diff(offsets) == size).all())


def _stack(X: Array, B: int) -> Array:
    """Reshape the rows of B graphs of the same size to (B, rows, D)."""
    return X.reshape((B, len(X) // B, X.shape[1]))


def _transpose(M: Array) -> Array:
    """Transpose a matrix, or each matrix of a stack."""
    return M.T if M.ndim == 2 else M.swapaxes(1, 2)


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
def segment_sum(X: Array, offsets: Ints) -> Array:
    """Return the sum of each graph's rows, X (N,) or (N, D); 0 for an empty graph."""
    ones = np.ones(len(X), X.dtype)
    return np.array([ones[rows] @ X[rows] for rows in slices_of(offsets)], X.dtype)


@primitive
def segment_repeat(Y: Array, offsets: Ints) -> Array:
    """Repeat row g of Y, (B,) or (B, D), once for each row of graph g."""
    return np.repeat(Y, np.diff(offsets), axis=0)


# The sum over a segment and the repetition along it are transposes of each other.
defvjp(segment_sum, lambda Y, X, offsets: lambda G: segment_repeat(G, offsets))
defvjp(segment_repeat, lambda X, Y, offsets: lambda G: segment_sum(G, offsets))


@primitive
def segment_max(X: Array, offsets: Ints) -> Array:
    """Return the maximum of each graph's rows: X (N, D) to (B, D); 0 if empty.

    Rows that are tied, up to rounding, share the gradient evenly. Otherwise the
    gradient would depend on the order of the nodes.
    """
    B = len(offsets) - 1
    if _is_uniform(offsets) and len(X):
        return np.max(_stack(X, B), axis=1)
    Y = np.zeros((B, X.shape[1]), X.dtype)
    for Y_g, rows in zip(Y, slices_of(offsets)):
        if rows.stop > rows.start:
            np.max(X[rows], axis=0, out=Y_g)
    return Y


def _segment_max_vjp(Y: Array, X: Array, offsets: Ints) -> Any:
    # dY_g = mean of dX_i over the rows i of graph g that attain the maximum.
    def vjp(G: Array) -> Array:
        least = Y - _TIE * np.finfo(X.dtype).eps * np.abs(Y)
        ties = (X >= np.repeat(least, np.diff(offsets), axis=0)).astype(X.dtype)
        share = G / np.maximum(segment_sum(ties, offsets), 1)
        return segment_repeat(share, offsets) * ties

    return vjp


defvjp(segment_max, _segment_max_vjp)


def propagate(P: Any, H: Array) -> Array:
    """Return P H: P (N, N), CSR or BlockDiagonal, or a stack (B, K, K); H (N, D)."""
    return sparse_matmul(P, H) if P.ndim == 2 else stack_matmul(P, H)


@primitive
def stack_matmul(P: Array, H: Array) -> Array:
    """Return P_g H_g for every graph g: P (B, K, K), H (B K, D), result (B K, D)."""
    B, K = P.shape[:2]
    products = np.empty(H.shape, dtype=np.result_type(P, H))

    def work(graphs: slice) -> None:
        H_, out = _stack(H, B)[graphs], _stack(products, B)[graphs]
        np.matmul(P[graphs], H_, out=out)

    run_in_pieces(work, np.arange(B + 1) * K, P.size * H.shape[1])
    return products


# dY = dP H + P dH, so dP = G H^T and dH = P^T G.
defvjp(
    stack_matmul,
    lambda Y, P, H: lambda G: anp.matmul(
        _stack(G, len(P)), _transpose(_stack(H, len(P)))
    ),
    lambda Y, P, H: lambda G: stack_matmul(_transpose(P), G),
)


def _symmetrize(M: Array, symmetric: Array | None) -> Array:
    """Replace some M_g of a stack by M_g / 2 + M_g^T / 2, which is symmetric."""
    if symmetric is None:
        return M
    share = (symmetric / 2).astype(M.dtype)[:, None, None]
    return M * (1 - share) + _transpose(M) * share


def _plain_quadratic_form(
    A: Any, S: Array, offsets: Ints, symmetric: Array | None = None
) -> Array:
    return _symmetrize(segment_product(S, propagate(A, S), offsets), symmetric)


@fused(_plain_quadratic_form)
def quadratic_form(
    A: Any, S: Array, offsets: Ints, symmetric: Array | None = None
) -> tuple[Array, Vjp]:
    """Return S_g^T A_g S_g for every graph g: S (N, K), result (B, K, K).

    This is equation 4. A S comes first, so the cost is O(E K + N K^2) and no N x N
    array is formed. Where A_g is exactly symmetric, `symmetric` (B,), so is the result.
    """
    AS = propagate(A, S)

    # dA' = dS^T A S + S^T dA S + S^T A dS, so dS_g = A S G^T + A^T S G and
    # dA_g = S_g G S_g^T. Of (A' + A'^T) / 2 the gradients are those with (G + G^T) / 2
    # for G; if A = A^T, both terms of dS_g are equal then.
    def gradient(argnum: int, G: Array) -> Array:
        if argnum == 0:
            return _stack(S, len(G)) @ G @ _transpose(_stack(S, len(G)))
        if symmetric is not None and symmetric.all():
            return segment_apply(AS, G + G, offsets)
        dS = segment_apply(AS, _transpose(G), offsets)
        dS += segment_apply(propagate(_transpose(A), S), G, offsets)
        return dS

    def vjp(G: Array, argnums: Any) -> list[Array]:
        G = _symmetrize(G, symmetric)
        return [gradient(argnum, G) for argnum in argnums]

    return _symmetrize(segment_product(S, AS, offsets), symmetric), vjp


def _plain_link_norm(
    A: Any, S: Array, A_pooled: Array, squared_norms: Array, offsets: Ints
) -> Array:
    gram = segment_product(S, S, offsets)
    trace = anp.sum(A_pooled * np.eye(S.shape[1]), axis=(1, 2))
    norms = anp.sum(A * A, axis=(1, 2)) if squared_norms is None else squared_norms
    square = norms - 2 * trace + anp.sum(gram * gram, axis=(1, 2))
    return safe_sqrt(square).astype(A_pooled.dtype)


def _link_terms(
    trace: Array, S: Array, squared_norms: Array, offsets: Ints
) -> tuple[Array, Array, Array]:
    """Return the squared norm of each graph, the sum of its |terms|, and S^T S."""
    gram = segment_product(S, S, offsets)
    terms = squared_norms + np.einsum("gkl,gkl->g", gram, gram)
    return terms - 2 * trace, terms + 2 * trace, gram


@fused(_plain_link_norm)
def link_norm(
    A: Any, S: Array, A_pooled: Array, squared_norms: Array, offsets: Ints
) -> tuple[Array, Vjp]:
    """Return ||A_g - S_g S_g^T||_F for every graph g, (B,), without an n x n array.

    The square is ||A||^2 - 2 tr(S^T A S) + ||S^T S||^2. Where its terms cancel, it is
    computed in float64, whatever the dtype of S (N, K). `squared_norms` (B,) is
    ||A||^2, None for a stack A; `A_pooled` is S^T A S, (B, K, K).
    """
    if squared_norms is None:
        squared_norms = np.einsum("gij,gij->g", A, A, dtype=np.float64)
    trace = np.einsum("gkk->g", A_pooled)
    square, total, gram = _link_terms(trace, S, squared_norms, offsets)
    cancels = square < _CANCELLATION * total
    if S.dtype != np.float64 and cancels.any():
        S_64 = S.astype(np.float64)
        trace = segment_sum(np.einsum("ij,ij->i", S_64, propagate(A, S_64)), offsets)
        exact = _link_terms(trace, S_64, squared_norms, offsets)
        square, total = np.where(cancels, exact[:2], (square, total))
        gram = np.where(cancels[:, None, None], exact[2], gram)
    L = np.sqrt(np.maximum(square, 0))
    is_large = L > _MIN_NORM * np.finfo(S.dtype).eps * np.sqrt(total)

    # 2 L dL = 2 <A, dA> - 2 tr(dA') + 2 <S^T S, dS^T S + S^T dS>: with h = G / L,
    # dA = h A, dA' = -h I, dS = 2 h S (S^T S). Where L is a rounding error, h = 0.
    def vjp(G: Array, argnums: Any) -> list[Array]:
        h = np.divide(G, L, out=np.zeros_like(L), where=is_large)[:, None, None]
        gradients = {
            0: lambda: h.astype(S.dtype) * A,
            1: lambda: segment_apply(S, (2 * h * gram).astype(S.dtype), offsets),
            2: lambda: -h.astype(S.dtype) * np.eye(S.shape[1], dtype=S.dtype),
        }
        return [gradients[argnum]() for argnum in argnums]

    return L.astype(S.dtype), vjp
