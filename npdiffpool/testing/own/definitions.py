"""Every primitive of the engine beside its definition.

A definition is written out with plain operations that take complex numbers.
relu, safe_sqrt, layer and segment_max are analytic between their kinks.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, NamedTuple

import autograd.numpy as np
from autograd.extend import defvjp_argnum, primitive
from scipy import sparse

from npdiffpool.engine import primitives as p
from npdiffpool.engine import segments as g
from npdiffpool.testing.own.jacobians import generic
from npdiffpool.testing.own.plain import (
    Shape,
    by_segment,
    cut,
    dense_blocks,
    distances,
    far,
    far_from_product,
    flat,
    largest,
    link_norm,
    link_norm_of_stack,
    owner,
    pairs,
    relu,
    rows_of_length_one,
    softmax,
    softmax_and_entropy,
    standardize,
)

Array = Any
Function = Callable[..., Any]
Wrong = tuple[int, Function]  # which argument, and a maker of its vjp


class Primitive(NamedTuple):
    """Hold a primitive, its definition, and the shapes of what it is given."""

    fused: Function
    call: Function  # (fused, shape, *arrays) -> array
    plain: Function  # (shape, *arrays) -> array, complex numbers allowed
    arguments: Function  # shape -> the arrays' shapes


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
    "stack_matmul": Primitive(
        g.stack_matmul,
        _plainly,
        lambda s, P, H: np.concatenate([P_g @ H_g for P_g, H_g in pairs(P, H)]),
        lambda s: [(s.B, s.K, s.K), (s.B * s.K, s.D)],
    ),
    "row_mean": Primitive(
        p.row_mean,
        lambda fused, s, X: fused(X * X),
        lambda s, X: X * X / np.sum(X * X, axis=1, keepdims=True),
        lambda s: [(s.N, s.D)],
    ),
    "relu": Primitive(p.relu, _plainly, lambda s, X: relu(X), lambda s: [(s.N, s.D)]),
    "l2_normalize": Primitive(
        p.l2_normalize,
        _plainly,
        lambda s, X: rows_of_length_one(X),
        lambda s: [(s.N, s.D)],
    ),
    "batch_norm": Primitive(
        p.batch_norm,
        lambda fused, s, X, gamma, beta: fused(X, gamma, beta)[0],
        lambda s, X, gamma, beta: standardize(X, gamma, beta),
        lambda s: [(s.N, s.D), (s.D,), (s.D,)],
    ),
    "layer": Primitive(
        p.layer,
        lambda fused, s, b, *arrays: fused(far(b), *arrays, normalize_rows=True)[0],
        lambda s, b, gamma, beta, X, W, Y, V: standardize(
            relu(rows_of_length_one(far(b) + X @ W + Y @ V)), gamma, beta
        ),
        lambda s: [
            (s.N, s.D + 1),
            *[(s.D + 1,)] * 2,
            *[(s.N, s.F), (s.F, s.D + 1), (s.N, s.K), (s.K, s.D + 1)],
        ],
    ),
    "layer without norms": Primitive(
        p.layer,
        lambda fused, s, b, X, W: fused(far(b), None, None, X, W, normalize_rows=False)[
            0
        ],
        lambda s, b, X, W: relu(far(b) + X @ W),
        lambda s: [(s.D,), (s.N, s.F), (s.F, s.D)],
    ),
    "softmax_entropy": Primitive(
        p.softmax_entropy,
        lambda fused, s, R: flat(fused(R)),
        lambda s, R: softmax_and_entropy(R),
        lambda s: [(s.N, s.K)],
    ),
    "cross_entropy": Primitive(
        p.cross_entropy,
        lambda fused, s, R: fused(R, np.arange(s.N) % s.K),
        lambda s, R: -np.log(softmax(R))[np.arange(s.N), np.arange(s.N) % s.K],
        lambda s: [(s.N, s.K)],
    ),
    "quadratic_form": Primitive(
        g.quadratic_form,
        lambda fused, s, S: fused(s.blocks, S, s.offsets),
        lambda s, S: np.array(
            [S_g.T @ A @ S_g for A, S_g in zip(dense_blocks(s), cut(S, s))]
        ),
        lambda s: [(s.N, s.K)],
    ),
    "quadratic_form of a stack": Primitive(
        g.quadratic_form,
        lambda fused, s, A, S: fused(A, S, s.F * np.arange(s.B + 1)),
        lambda s, A, S: np.array([S_g.T @ A_g @ S_g for A_g, S_g in pairs(A, S)]),
        lambda s: [(s.B, s.F, s.F), (s.B * s.F, s.K)],
    ),
    "link_norm": Primitive(
        g.link_norm,
        link_norm,
        lambda s, S: distances(dense_blocks(s), cut(S, s)),
        lambda s: [(s.N, s.K)],
    ),
    "link_norm of a stack": Primitive(
        g.link_norm,
        link_norm_of_stack,
        lambda s, A, S: distances(far_from_product(A), [S for _, S in pairs(A, S)]),
        lambda s: [(s.B, s.F, s.F), (s.B * s.F, s.K)],
    ),
    "safe_sqrt": Primitive(
        p.safe_sqrt,
        _plainly,
        lambda s, x: np.sqrt(np.where(np.real(x) > 0, x, 1.0)) * (np.real(x) > 0),
        lambda s: [(s.N,)],
    ),
    "segment_product": Primitive(
        g.segment_product,
        _on_segments,
        lambda s, S, Z: by_segment(lambda S_g, Z_g: S_g.T @ Z_g, s, S, Z),
        lambda s: [(s.N, s.K), (s.N, s.D)],
    ),
    "segment_apply": Primitive(
        g.segment_apply,
        _on_segments,
        lambda s, S, M: np.sum(S[:, :, None] * M[owner(s)], axis=1),
        lambda s: [(s.N, s.K), (s.B, s.K, s.D)],
    ),
    "segment_sum": Primitive(
        g.segment_sum,
        _on_segments,
        lambda s, X: by_segment(lambda X_g: np.sum(X_g, axis=0), s, X),
        lambda s: [(s.N, s.D)],
    ),
    "segment_repeat": Primitive(
        g.segment_repeat,
        _on_segments,
        lambda s, Y: Y[owner(s)],
        lambda s: [(s.B, s.D)],
    ),
    "segment_max": Primitive(
        g.segment_max,
        _on_segments,
        lambda s, X: by_segment(largest, s, X),
        lambda s: [(s.N, s.D)],
    ),
}


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
    A = rng.normal(size=(N + 1, N)) * rng.integers(0, 2, (N + 1, N))
    graph = np.repeat(np.arange(len(sizes)), sizes)
    blocks = A[:N] * (graph[:, None] == graph) + 10 * np.eye(N)  # far from S S^T
    As = [sparse.csr_array(M, dtype=dtype) for M in (A, blocks)]
    offsets, chosen = np.cumsum([0, *sizes]), PRIMITIVES[name]
    shape = Shape(N, len(sizes), K, D, F, offsets, *As)
    arrays = [generic(rng, size).astype(dtype) for size in chosen.arguments(shape)]
    if wrong is None:
        call: Function = partial(chosen.call, chosen.fused, shape)
        return call, partial(chosen.plain, shape), arrays
    fused, place = _planted(chosen.fused, *wrong), wrong[0] - (name in CONSTANT_FIRST)

    def of_one(f: Function) -> Function:
        return lambda x: f(*[*arrays[:place], x, *arrays[place + 1 :]])

    call = of_one(partial(chosen.call, fused, shape))
    return call, of_one(partial(chosen.plain, shape)), [arrays[place]]


def _planted(fused: Any, argnum: int, maker: Function) -> Function:
    """Return a primitive of the same value, its gradient by one argument replaced."""
    copy: Function = primitive(getattr(fused, "fun", fused))

    def vjp_of(i: int, ans: Array, args: Any, kwargs: Any) -> Function:
        if i == argnum:
            return maker(ans, *args, **kwargs)  # type: ignore[no-any-return]
        right = fused.with_vjp(*args, **kwargs)[1]  # of what is made from the other
        return lambda G: right(G, [i])[0]

    defvjp_argnum(copy, vjp_of)
    return copy


CONSTANT_FIRST = ("sparse_matmul", "quadratic_form", "link_norm")
