"""Jacobians two ways: by autograd, and by complex step.

The complex step, f(x + 1e-20 i v).imag / 1e-20, has no step size to choose and errs
by the last bits; f must be analytic and take complex numbers.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
from autograd import make_vjp

Array = Any
Function = Callable[..., Array]


def generic(rng: np.random.Generator, size: Sequence[int]) -> Array:
    """Draw distinct numbers of magnitude 0.2 to 1.7: away from kinks and ties."""
    n = int(np.prod(size))
    magnitude = 0.2 + 1.5 * rng.permutation(n) / max(n, 1)
    return np.reshape(magnitude * rng.choice([-1.0, 1.0], size=n), size)


def pull(f: Function, arrays: list[Array], argnum: int) -> tuple[Function, Array]:
    """Return the vector-Jacobian product by one argument, and the value."""
    vjp, Y = make_vjp(lambda x: f(*_replaced(arrays, argnum, x)))(arrays[argnum])
    return vjp, Y


def jacobian(f: Function, arrays: list[Array], argnum: int) -> Array:
    """Return the Jacobian by one argument, (size of the value, size of it)."""
    vjp, Y = pull(f, arrays, argnum)
    rows = [vjp(unit.reshape(Y.shape)) for unit in np.eye(Y.size)]
    return np.reshape(rows, (Y.size, arrays[argnum].size))


def complex_step(f: Function, arrays: list[Array], argnum: int) -> Array:
    """Return the same Jacobian by complex step."""
    x, Y = arrays[argnum], f(*arrays)
    steps = 1e-20j * np.eye(x.size).reshape(x.size, *x.shape)
    columns = [f(*_replaced(arrays, argnum, x + h)).imag / 1e-20 for h in steps]
    return np.reshape(columns, (x.size, Y.size)).T


def _replaced(arrays: list[Array], argnum: int, x: Array) -> list[Array]:
    return [*arrays[:argnum], x, *arrays[argnum + 1 :]]


def check_against_definition(
    f: Function, definition: Function, arrays: list[Array]
) -> None:
    """Compare value and whole Jacobian of a function with its definition's.

    To 1e-11, a few roundings of numbers up to 1e3.

    Raises
    ------
    AssertionError
        If they differ.
    """
    np.testing.assert_allclose(f(*arrays), definition(*arrays), 1e-11, 1e-11)
    for argnum in range(len(arrays)):
        J = complex_step(definition, arrays, argnum)
        np.testing.assert_allclose(jacobian(f, arrays, argnum), J, 1e-11, 1e-11)
        vjp, Y = pull(f, arrays, argnum)
        G = generic(np.random.default_rng(0), Y.shape)  # linear, not only at units
        np.testing.assert_allclose(vjp(G).ravel(), G.ravel() @ J, 1e-11, 1e-11)
