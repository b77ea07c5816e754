"""Every primitive of the engine beside its definition, and wrong gradients of it.

A definition is written out with plain operations that take complex numbers.
relu, safe_sqrt and segment_max are analytic between their kinks.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, NamedTuple

import autograd.numpy as np
from autograd.extend import defvjp, primitive
from scipy import sparse

from npdiffpool import primitives as p
from npdiffpool.testing.jacobians import generic

Array = Any
Function = Callable[..., Any]
Wrong = tuple[int, Function]  # which argument, and a maker of its vjp


class Shape(NamedTuple):
    """Hold the sizes of one drawn problem, and its constants."""

    N: int
    B: int
    K: int
    D: int
    F: int
    offsets: Any
    A: Any  # sparse, not square, not symmetric


class Primitive(NamedTuple):
    """Hold a primitive, its definition, and the shapes of what it is given."""

    fused: Function
    call: Function  # (fused, shape, *arrays) -> array
    plain: Function  # (shape, *arrays) -> array, complex numbers allowed
    arguments: Function  # shape -> the arrays' shapes


def _by_segment(f: Function, shape: Shape, *arrays: Array) -> Array:
    """Stack what a function gives for the rows of each graph."""
    rows = [slice(*bounds) for bounds in zip(shape.offsets, shape.offsets[1:])]
    return np.array([f(*[X[part] for X in arrays]) for part in rows])


def _softmax(R: Array) -> Array:
    """Return the softmax by rows as it is written down."""
    return np.exp(R) / np.sum(np.exp(R), axis=1, keepdims=True)


def _standardize(X: Array, gamma: Array, beta: Array) -> Array:
    """Return batch norm, and the moments, as written down."""
    n = max(len(X), 1)
    m = np.sum(X, axis=0) / n
    v = np.sum((X - m) ** 2, axis=0) / n
    return _flat([gamma * (X - m) / np.sqrt(v + 1e-5) + beta, m, v])


def _flat(parts: Array) -> Array:
    """Lay the three results of batch norm end to end."""
    return np.concatenate([np.ravel(parts[i]) for i in range(3)])


def _largest(X: Array) -> Array:
    """Return the largest entry of each column, by the real part."""
    if len(X) == 0:
        return np.sum(X, axis=0)
    return np.array([column[np.argmax(np.real(column))] for column in X.T])


def _plainly(fused: Function, shape: Shape, *arrays: Array) -> Array:
    """Call a primitive with the arrays alone."""
    return fused(*arrays)


def _on_segments(fused: Function, shape: Shape, *arrays: Array) -> Array:
    """Call a primitive with the arrays and the offsets of the graphs."""
    return fused(*arrays, shape.offsets)


PRIMITIVES = {
    "affine": Primitive(
        p.affine,
        _plainly,
        lambda s, b, X, W, Y, V: b + X @ W + Y @ V,
        lambda s: [(s.D,), (s.N, s.F), (s.F, s.D), (s.N, s.K), (s.K, s.D)],
    ),
    "sparse_matmul": Primitive(
        p.sparse_matmul,
        lambda fused, s, H: fused(s.A, H),
        lambda s, H: s.A.toarray() @ H,
        lambda s: [(s.N, s.D)],
    ),
    "relu": Primitive(
        p.relu, _plainly, lambda s, X: (np.real(X) > 0) * X, lambda s: [(s.N, s.D)]
    ),
    "l2_normalize": Primitive(
        p.l2_normalize,
        _plainly,
        lambda s, X: X / np.sqrt(np.sum(X * X, axis=1, keepdims=True)),
        lambda s: [(s.N, s.D)],
    ),
    "batch_norm": Primitive(
        p.batch_norm,
        lambda fused, s, X, gamma, beta: _flat(fused(X, gamma, beta)),
        lambda s, X, gamma, beta: _standardize(X, gamma, beta),
        lambda s: [(s.N, s.D), (s.D,), (s.D,)],
    ),
    "row_softmax": Primitive(
        p.row_softmax, _plainly, lambda s, R: _softmax(R), lambda s: [(s.N, s.K)]
    ),
    "log_softmax": Primitive(
        p.log_softmax,
        _plainly,
        lambda s, R: np.log(_softmax(R)),
        lambda s: [(s.N, s.K)],
    ),
    "safe_sqrt": Primitive(
        p.safe_sqrt,
        _plainly,
        lambda s, x: np.sqrt(np.where(np.real(x) > 0, x, 1.0)) * (np.real(x) > 0),
        lambda s: [(s.N,)],
    ),
    "segment_product": Primitive(
        p.segment_product,
        _on_segments,
        lambda s, S, Z: _by_segment(lambda S_g, Z_g: S_g.T @ Z_g, s, S, Z),
        lambda s: [(s.N, s.K), (s.N, s.D)],
    ),
    "segment_apply": Primitive(
        p.segment_apply,
        _on_segments,
        lambda s, S, M: np.sum(S[:, :, None] * M[_owner(s)], axis=1),
        lambda s: [(s.N, s.K), (s.B, s.K, s.D)],
    ),
    "segment_sum": Primitive(
        p.segment_sum,
        _on_segments,
        lambda s, X: _by_segment(lambda X_g: np.sum(X_g, axis=0), s, X),
        lambda s: [(s.N, s.D)],
    ),
    "segment_repeat": Primitive(
        p.segment_repeat,
        _on_segments,
        lambda s, Y: Y[_owner(s)],
        lambda s: [(s.B, s.D)],
    ),
    "segment_max": Primitive(
        p.segment_max,
        _on_segments,
        lambda s, X: _by_segment(_largest, s, X),
        lambda s: [(s.N, s.D)],
    ),
}


def _owner(s: Shape) -> Array:
    """Give the graph that each row belongs to."""
    return np.searchsorted(s.offsets, np.arange(s.N), side="right") - 1


def problem(
    name: str,
    sizes: list[int],
    seed: int,
    dtype: str = "float64",
    wrong: Wrong | None = None,
) -> tuple[Function, Function, list[Array]]:
    """Draw a primitive's arrays; return it and its definition as functions of them.

    Parameters
    ----------
    name : str
        One of `PRIMITIVES`.
    sizes : list of int
        Nodes of each graph.
    seed : int
    dtype : str
    wrong : pair, optional
        Replaces one gradient; the functions are then of that argument alone.
    """
    rng = np.random.default_rng(seed)
    N, (K, D, F) = sum(sizes), rng.integers(1, 4, size=3)
    A = sparse.csr_array(rng.normal(size=(N + 1, N)) * rng.integers(0, 2, (N + 1, N)))
    shape = Shape(N, len(sizes), K, D, F, np.cumsum([0, *sizes]), A.astype(dtype))
    chosen = PRIMITIVES[name]
    arrays = [generic(rng, size).astype(dtype) for size in chosen.arguments(shape)]
    if wrong is None:
        call: Function = partial(chosen.call, chosen.fused, shape)
        return call, partial(chosen.plain, shape), arrays
    fused = primitive(chosen.fused.fun)  # type: ignore[attr-defined]
    defvjp(fused, wrong[1], argnums=(wrong[0],))
    place = wrong[0] - (name == "sparse_matmul")  # whose first argument is constant

    def of_one(f: Function) -> Function:
        return lambda x: f(*[*arrays[:place], x, *arrays[place + 1 :]])

    call = of_one(partial(chosen.call, fused, shape))
    return call, of_one(partial(chosen.plain, shape)), [arrays[place]]


WRONG_GRADIENTS: dict[str, list[Wrong]] = {
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
    "row_softmax": [
        # the diagonal alone
        (0, lambda S, R: lambda G: S * (1 - S) * G),
    ],
    "log_softmax": [
        # no sum
        (0, lambda L, R: lambda G: G - np.exp(L) * G),
    ],
    "safe_sqrt": [
        # twice the slope
        (0, lambda y, x: lambda G: G * (y > 0) / np.where(y > 0, y, 1)),
    ],
    "segment_product": [
        # another graph's
        (
            0,
            lambda P, S, Z, o: lambda G: p.segment_apply(
                Z, np.swapaxes(G[::-1], 1, 2), o
            ),
        ),
    ],
    "segment_apply": [
        # another graph's
        (1, lambda Y, S, M, o: lambda G: p.segment_product(S, G, o)[::-1]),
    ],
    "segment_sum": [
        # a mean
        (
            0,
            lambda Y, X, o: lambda G: p.segment_repeat(
                G / np.maximum(np.diff(o), 1)[:, None], o
            ),
        ),
    ],
    "segment_repeat": [
        # the largest
        (0, lambda X, Y, o: lambda G: p.segment_max(G, o)),
    ],
    "segment_max": [
        # every row
        (0, lambda Y, X, o: lambda G: p.segment_repeat(G, o)),
    ],
}
