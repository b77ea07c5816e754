"""Laws of gradients: of a pooling layer, and of the engine's primitives."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from autograd.test_util import check_grads
from hypothesis import strategies as st

from npdiffpool.testing.laws._cases import generic_steps, step
from npdiffpool.testing.laws._graph_cases import sizes_and_seed
from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.own.jacobians import check_against_definition, generic, pull

EXACT = ("float64",)
BY_STEPS = "the definition of a derivative"


@law("D1", BY_STEPS, generic_steps, dtypes=EXACT)
def gradients_are_derivatives(pool, vjp, A, R, Z, R_step, Z_step):
    """Gradients are the derivatives of the values.

    Of a layer, by R and Z: a directional derivative from five points, h^4 = 1e-12
    and rounding / h = 1e-13 off; where half the step tells another slope, by as much.
    Of a primitive: the whole Jacobian, by complex step.
    """

    def output(name, h):
        return np.asarray(getattr(pool(A, R + h * R_step, Z + h * Z_step), name))

    def slope(name, G, h):
        near, far = (output(name, x) - output(name, -x) for x in (h, 2 * h))
        return np.sum(G * (8 * near - far)) / (12 * h)

    for name in ("A", "X", "S"):
        Y = output(name, 0)
        G = np.cos(np.arange(Y.size)).reshape(Y.shape)
        coarse, fine = slope(name, G, 1e-3), slope(name, G, 5e-4)
        dR, dZ = vjp(A, R, Z, name, G)
        actual = np.sum(dR * R_step) + np.sum(dZ * Z_step)
        atol = 1e-9 * (1 + np.abs(Y).sum()) + abs(fine - coarse)
        np.testing.assert_allclose(actual, fine, 1e-9, atol, err_msg=name)


@gradients_are_derivatives.also(generic_steps, needs=("link",), dtypes=EXACT)
def _the_gradient_of_the_link_loss_is_its_derivative(
    pool, vjp, A, R, Z, R_step, Z_step
):
    def link(h):
        return pool(A, R + h * R_step, Z + h * Z_step).link

    def slope(h):
        a, b, c, d = (link(x * h) for x in (-2, -1, 1, 2))
        return (8 * (c - b) - (d - a)) / (12 * h)

    dR, dZ = vjp(A, R, Z, "link", -0.5)
    actual = (np.sum(dR * R_step) + np.sum(dZ * Z_step)) / -0.5
    coarse, fine = slope(1e-3), slope(5e-4)
    atol = 1e-9 * (1 + abs(link(0))) + abs(fine - coarse)
    np.testing.assert_allclose(actual, fine, 1e-9, atol)


@gradients_are_derivatives.also(generic_steps, needs=("entropy",), dtypes=EXACT)
def _the_gradient_of_the_entropy_is_its_derivative(pool, vjp, A, R, Z, R_step, Z_step):
    def entropy(h):
        return pool(A, R + h * R_step, Z + h * Z_step).entropy

    def slope(h):
        a, b, c, d = (entropy(x * h) for x in (-2, -1, 1, 2))
        return (8 * (c - b) - (d - a)) / (12 * h)

    dR, dZ = vjp(A, R, Z, "entropy", -0.5)
    actual = (np.sum(dR * R_step) + np.sum(dZ * Z_step)) / -0.5
    coarse, fine = slope(1e-3), slope(5e-4)
    atol = 1e-9 + abs(fine - coarse)
    np.testing.assert_allclose(actual, fine, 1e-9, atol)


@gradients_are_derivatives.also(sizes_and_seed, dtypes=EXACT)
def _jacobians_are_those_of_the_definitions(primitive, sizes, seed):
    check_against_definition(*primitive(sizes, seed))


def one_case(least: int, most: int) -> st.SearchStrategy[dict[str, Any]]:
    """Draw nothing: what is planted is the same every time."""
    return st.just({})


@law("D2", "follows from D1, if its check can fail", one_case, dtypes=EXACT)
def a_wrong_gradient_is_caught(primitive, wrong_gradients):
    """A planted wrong gradient of any primitive is caught by the check of D1."""
    for argnum, maker in wrong_gradients:
        f, definition, arrays = primitive([2, 0, 3, 1], 6, wrong=(argnum, maker))
        caught = False
        try:
            check_against_definition(f, definition, arrays)
        except AssertionError:
            caught = True
        assert caught, (argnum, inspect.getsource(maker))


@law(
    "D3",
    "follows from each vjp being differentiable itself",
    sizes_and_seed,
    dtypes=EXACT,
)
def primitives_have_second_derivatives(primitive, sizes, seed):
    """Each primitive of the engine can be differentiated twice."""
    np.random.seed(seed)  # check_grads draws its directions there
    f, _, arrays = primitive(sizes, seed)
    check_grads(f, tuple(range(len(arrays))), modes=["rev"], order=2)(*arrays)


@law("D4", "promised: the precision is the caller's", step(directed=True))
def values_and_gradients_keep_the_precision(pool, A, R, Z):
    """Values and gradients keep the precision of the input: float32 stays float32."""
    pooled = pool(A, R, Z)
    for name in ("A", "X", "S", "link", "entropy"):
        dtype = getattr(getattr(pooled, name, None), "dtype", R.dtype)
        assert dtype == R.dtype, f"{name} is {dtype} of {R.dtype}"


@values_and_gradients_keep_the_precision.also(step(directed=True))
def _gradients_keep_the_precision(pool, vjp, A, R, Z):
    for name in ("A", "X", "S", "link", "entropy"):
        value = getattr(pool(A, R, Z), name, None)
        if value is not None:
            dR, dZ = vjp(A, R, Z, name, np.ones_like(value, R.dtype))
            seen = {"dR": np.asarray(dR).dtype, "dZ": np.asarray(dZ).dtype}
            assert set(seen.values()) == {R.dtype}, f"gradient of {name}: {seen}"


@values_and_gradients_keep_the_precision.also(sizes_and_seed, dtypes=EXACT)
def _primitives_keep_the_precision(primitive, sizes, seed):
    dtype = ("float32", "float64")[seed % 2]
    f, _, arrays = primitive(sizes, seed, dtype)
    for argnum in range(len(arrays)):
        vjp, Y = pull(f, arrays, argnum)
        assert (Y.dtype, vjp(np.ones_like(Y)).dtype) == (dtype, dtype)


@law("D5", "follows from autograd needing its inputs again", step(directed=True))
def nothing_is_written_in_place(pool, A, R, Z):
    """Pooling changes none of its inputs, and twice gives the same twice."""
    inputs = [array.copy() for array in (A, R, Z)]
    first = pool(A, R, Z)
    outputs = [np.array(part) for part in (first.A, first.X, first.S)]
    pool(2 * A, R, -Z)  # must not write into what the first has given
    again = pool(A, R, Z)
    for array, copy in zip((A, R, Z), inputs):
        np.testing.assert_array_equal(array, copy)
    for pooled in (first, again):
        for part, copy in zip((pooled.A, pooled.X, pooled.S), outputs):
            np.testing.assert_array_equal(part, copy)


@nothing_is_written_in_place.also(sizes_and_seed, dtypes=EXACT)
def _primitives_write_nothing_in_place(primitive, sizes, seed):
    f, _, arrays = primitive(sizes, seed)
    for array in arrays:
        array.flags.writeable = False
    for argnum in range(len(arrays)):
        vjp, Y = pull(f, arrays, argnum)
        G = np.ones_like(Y)
        G.flags.writeable = False
        np.testing.assert_array_equal(vjp(G), vjp(G))  # what the first has left


@law(
    "D6",
    "the definitions in npdiffpool/testing/definitions.py",
    sizes_and_seed,
    dtypes=EXACT,
)
def a_fused_primitive_equals_its_plain_composition(primitive, sizes, seed):
    """Each primitive is its plain composition, in value and in gradient by autograd."""
    f, definition, arrays = primitive(sizes, seed)
    for argnum in range(len(arrays)):
        (vjp, Y), (plain_vjp, Y_plain) = (
            pull(g, arrays, argnum) for g in (f, definition)
        )
        G = generic(np.random.default_rng(seed), Y.shape)
        np.testing.assert_allclose(Y, Y_plain, 1e-11, 1e-11)
        np.testing.assert_allclose(vjp(G), plain_vjp(G), 1e-11, 1e-11)
