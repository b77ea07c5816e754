"""Jacobians by autograd and by complex step.

The complex step f(x + 1e-20 i v).imag / 1e-20 needs no choice of step size and is exact
up to rounding. It requires an analytic f that accepts complex numbers.
"""

from __future__ import annotations

from typing import Callable, Sequence

import numpy as np
from autograd import make_vjp

from npdiffpool._support.types import Array

Function = Callable[..., Array]


def generic(rng: np.random.Generator, shape: Sequence[int]) -> Array:
    """Draw distinct numbers of magnitude 0.2 to 1.7: away from kinks and ties."""
    n = int(np.prod(shape))
    magnitude = 0.2 + 1.5 * rng.permutation(n) / max(n, 1)
    return np.reshape(magnitude * rng.choice([-1.0, 1.0], size=n), shape)


def jacobian(f: Function, arrays: list[Array], argnum: int) -> Array:
    """Return the Jacobian by one argument, (value's size, argument's size)."""
    vjp, Y = make_vjp(f, argnum)(*arrays)
    rows = [vjp(unit.reshape(Y.shape)) for unit in np.eye(Y.size)]
    return np.reshape(rows, (Y.size, arrays[argnum].size))


def complex_step(f: Function, arrays: list[Array], argnum: int) -> Array:
    """Return the same Jacobian by complex step."""
    before, x, after = arrays[:argnum], arrays[argnum], arrays[argnum + 1 :]
    steps = 1e-20j * np.eye(x.size).reshape(x.size, *x.shape)
    columns = [f(*before, x + h, *after).imag / 1e-20 for h in steps]
    return np.reshape(columns, (x.size, f(*arrays).size)).T


def check_against_definition(
    f: Function, definition: Function, arrays: list[Array]
) -> None:
    """Compare value and Jacobian of a function with those of its definition.

    The tolerance is 1e-11: a few roundings of numbers up to 1e3.

    Raises
    ------
    AssertionError
        If they differ.
    """
    np.testing.assert_allclose(f(*arrays), definition(*arrays), 1e-11, 1e-11)
    for argnum in range(len(arrays)):
        J = complex_step(definition, arrays, argnum)
        np.testing.assert_allclose(jacobian(f, arrays, argnum), J, 1e-11, 1e-11)
        vjp, Y = make_vjp(f, argnum)(*arrays)
        G = generic(np.random.default_rng(0), Y.shape)  # not only unit vectors
        np.testing.assert_allclose(vjp(G).ravel(), G.ravel() @ J, 1e-11, 1e-11)
