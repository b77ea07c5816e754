"""Primitives and their definitions as functions of arrays drawn for them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from autograd.extend import defvjp_argnum, primitive
from scipy import sparse

from npdiffpool._support.types import Array
from npdiffpool.testing.jacobians import generic
from npdiffpool.testing.own.definitions import (
    PRIMITIVES,
    Function,
    Problem,
    WrongGradient,
)

CONSTANT_FIRST = (  # A is not an array
    *("sparse_matmul", "quadratic_form", "link_norm"),
    "quadratic_form of symmetric graphs",
)


def problem(
    name: str,
    sizes: list[int],
    seed: int,
    dtype: str = "float64",
    wrong: WrongGradient | None = None,
) -> tuple[Function, Function, list[Array]]:
    """Return a primitive and its definition as functions of arrays, and the arrays.

    Parameters
    ----------
    name : str
        One of `PRIMITIVES`.
    sizes : list of int
        Number of nodes of each graph.
    seed : int
        Seed of the arrays.
    dtype : str
    wrong : pair, optional
        Replaces one gradient; the functions then take that argument only.

    Returns
    -------
    call, definition : callables
    arrays : list of array
    """
    rng = np.random.default_rng(seed)
    N, (K, D, F) = sum(sizes), rng.integers(1, 4, size=3)
    A = rng.normal(size=(N + 1, N)) * rng.integers(0, 2, (N + 1, N))
    graph = np.repeat(np.arange(len(sizes)), sizes)
    blocks = A[:N] * (graph[:, None] == graph) + 10 * np.eye(N)  # far from S S^T
    As = [sparse.csr_array(M, dtype=dtype) for M in (A, blocks)]
    s = Problem(N, len(sizes), K, D, F, np.cumsum([0, *sizes]), *As)
    chosen = PRIMITIVES[name]
    shapes = [tuple(map(s.size, letters)) for letters in chosen.shapes.split()]
    arrays = [generic(rng, shape).astype(dtype) for shape in shapes]
    if wrong is None:
        call: Function = partial(chosen.call, chosen.fused, s)
        return call, partial(chosen.plain, s), arrays
    fused = _with_gradient(chosen.fused, *wrong)
    place = wrong[0] - (name in CONSTANT_FIRST)

    def of_one(f: Function) -> Function:
        return lambda x: f(*[*arrays[:place], x, *arrays[place + 1 :]])

    call = of_one(partial(chosen.call, fused, s))
    return call, of_one(partial(chosen.plain, s)), [arrays[place]]


def _with_gradient(fused: Any, argnum: int, make_vjp: Function) -> Function:
    """Return a copy of a primitive with the gradient by one argument replaced."""
    copy: Function = primitive(getattr(fused, "fun", fused))

    def vjp_of(i: int, ans: Array, args: Any, kwargs: Any) -> Function:
        if i == argnum:
            return make_vjp(ans, *args, **kwargs)  # type: ignore[no-any-return]
        right = fused.with_vjp(*args, **kwargs)[1]  # the other arguments' gradients
        return lambda G: right(G, [i])[0]

    defvjp_argnum(copy, vjp_of)
    return copy
