"""Laws of the gradients of a pooling layer and of the engine's primitives."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from autograd import make_vjp
from autograd.test_util import check_grads
from hypothesis import strategies as st

from npdiffpool.engine.autodiff import value_and_grad
from npdiffpool.testing.jacobians import check_against_definition, generic
from npdiffpool.testing.laws import _cases as cases
from npdiffpool.testing.laws._registry import law

EXACT = ("float64",)
BY_STEPS = "the definition of a derivative"


@law("D1", BY_STEPS, cases.generic_steps("A", "X", "S"), dtypes=EXACT)
def gradients_are_derivatives(pool, vjp, A, R, Z, R_step, Z_step, outputs):
    """Gradients equal the derivatives of the values.

    For a layer, the directional derivative by R and Z is computed from five points,
    with errors h^4 = 1e-12 and rounding / h = 1e-13, and with half the step; their
    difference is added to the tolerance. For a primitive, the whole Jacobian is
    computed by complex step.
    """

    def output(name, h):
        return np.asarray(getattr(pool(A, R + h * R_step, Z + h * Z_step), name))

    def slope(name, G, h):
        near, far = (output(name, x) - output(name, -x) for x in (h, 2 * h))
        return np.sum(G * (8 * near - far)) / (12 * h)

    for name in outputs:
        Y = output(name, 0)
        G = -0.5 * np.cos(np.arange(Y.size)).reshape(Y.shape)
        coarse, fine = slope(name, G, 1e-3), slope(name, G, 5e-4)
        dR, dZ = vjp(A, R, Z, name, G)
        actual = np.sum(dR * R_step) + np.sum(dZ * Z_step)
        atol = 2e-10 * (1 + np.abs(Y).sum()) + abs(fine - coarse)
        np.testing.assert_allclose(actual, fine, 1e-9, atol, err_msg=name)


(_check,) = gradients_are_derivatives.checks
for _loss in ("link", "entropy"):
    steps = cases.generic_steps(_loss)
    gradients_are_derivatives.also(steps, needs=(_loss,), dtypes=EXACT)(_check.body)


@gradients_are_derivatives.also(cases.sizes_and_seed, dtypes=EXACT)
def _jacobians_are_those_of_the_definitions(primitive, sizes, seed):
    check_against_definition(*primitive(sizes, seed))


def one_case(least: int, most: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of one empty case."""
    return st.just({})


@law("D2", "D1, whose check must be able to fail", one_case, dtypes=EXACT)
def a_wrong_gradient_is_caught(primitive, wrong_gradients):
    """The check of D1 catches planted wrong gradients of every primitive."""
    for argnum, maker in wrong_gradients:
        f, definition, arrays = primitive([2, 0, 3, 1], 6, wrong=(argnum, maker))
        caught = False
        try:
            check_against_definition(f, definition, arrays)
        except AssertionError:
            caught = True
        assert caught, (argnum, inspect.getsource(maker))


@law("D3", "every vjp is itself differentiable", cases.sizes_and_seed, dtypes=EXACT)
def primitives_have_second_derivatives(primitive, sizes, seed):
    """Each primitive of the engine can be differentiated twice."""
    np.random.seed(seed)  # check_grads draws directions from the global generator
    f, _, arrays = primitive(sizes, seed)
    check_grads(f, tuple(range(len(arrays))), modes=["rev"], order=2)(*arrays)


@law("D4", "documented: the caller chooses the precision", cases.step())
def values_and_gradients_keep_the_precision(pool, A, R, Z):
    """Values and gradients keep the precision of the input: float32 stays float32."""
    pooled = pool(A, R, Z)
    for name in ("A", "X", "S", "link", "entropy"):
        dtype = getattr(getattr(pooled, name, None), "dtype", R.dtype)
        assert dtype == R.dtype, f"{name} is {dtype} of {R.dtype}"


@values_and_gradients_keep_the_precision.also(cases.step())
def _gradients_keep_the_precision(pool, vjp, A, R, Z):
    for name in ("A", "X", "S", "link", "entropy"):
        value = getattr(pool(A, R, Z), name, None)
        if value is not None:
            dR, dZ = vjp(A, R, Z, name, np.ones_like(value, R.dtype))
            seen = {"dR": np.asarray(dR).dtype, "dZ": np.asarray(dZ).dtype}
            assert set(seen.values()) == {R.dtype}, f"gradient of {name}: {seen}"


@values_and_gradients_keep_the_precision.also(cases.sizes_and_seed, dtypes=EXACT)
def _primitives_keep_the_precision(primitive, sizes, seed):
    dtype = ("float32", "float64")[seed % 2]
    f, _, arrays = primitive(sizes, seed, dtype)
    for argnum in range(len(arrays)):
        vjp, Y = make_vjp(f, argnum)(*arrays)
        assert (Y.dtype, vjp(np.ones_like(Y)).dtype) == (dtype, dtype)


@values_and_gradients_keep_the_precision.also(cases.sizes_and_seed, dtypes=EXACT)
def _functions_keep_the_precision(functions, seed):
    dtype = ("float32", "float64")[seed % 2]
    for name, (f, arrays) in functions(seed, dtype).items():
        total = value_and_grad(lambda xs, f=f: (f(*xs).sum(), None))
        value, _, slopes = total(arrays)
        seen = [x.dtype.name for x in (value, *slopes)]
        assert seen == [dtype] * len(seen), f"{name}: {seen}"


@law("D5", "autograd uses inputs again in the backward pass", cases.step())
def nothing_is_written_in_place(pool, A, R, Z):
    """Pooling does not modify its inputs, and repeated calls give the same result."""
    inputs = [array.copy() for array in (A, R, Z)]
    first = pool(A, R, Z)
    outputs = [np.array(part) for part in (first.A, first.X, first.S)]
    pool(2 * A, R, -Z)  # must not write into the first result
    again = pool(A, R, Z)
    for array, copy in zip((A, R, Z), inputs):
        np.testing.assert_array_equal(array, copy)
    for pooled in (first, again):
        for part, copy in zip((pooled.A, pooled.X, pooled.S), outputs):
            np.testing.assert_array_equal(part, copy)


@nothing_is_written_in_place.also(cases.sizes_and_seed, dtypes=EXACT)
def _primitives_write_nothing_in_place(primitive, sizes, seed):
    f, _, arrays = primitive(sizes, seed)
    for array in arrays:
        array.flags.writeable = False
    for argnum in range(len(arrays)):
        vjp, Y = make_vjp(f, argnum)(*arrays)
        G = np.ones_like(Y)
        G.flags.writeable = False
        np.testing.assert_array_equal(vjp(G), vjp(G))


DEFINITIONS = "the definitions in npdiffpool/testing/own/definitions.py"


@law("D6", DEFINITIONS, cases.sizes_and_seed, dtypes=EXACT)
def a_fused_primitive_equals_its_plain_composition(primitive, sizes, seed):
    """Each primitive equals its plain composition, in value and in gradient."""
    f, definition, arrays = primitive(sizes, seed)
    for argnum in range(len(arrays)):
        vjp, Y = make_vjp(f, argnum)(*arrays)
        plain_vjp, Y_plain = make_vjp(definition, argnum)(*arrays)
        G = generic(np.random.default_rng(seed), Y.shape)
        np.testing.assert_allclose(Y, Y_plain, 1e-11, 1e-11)
        np.testing.assert_allclose(vjp(G), plain_vjp(G), 1e-11, 1e-11)


ANY_FORM = "equations 2 and 4, section 3.3, the mean over neighbours"


@law("D7", ANY_FORM, cases.of_any_scale)
def forms_of_a_graph_agree(forms, A, R, X, rtol):
    """Sparse, block and dense forms of every operator agree, also for tiny weights.

    Operators, A' and the link loss are compared with their definitions, in value and
    in gradient. Numbers below the smallest normal one have fewer digits.
    """
    for name, (expected, *found) in forms(A, R, X).items():
        atol = rtol * np.abs(expected).max(initial=0) + 1e3 * np.finfo(A.dtype).tiny
        for value in found:
            np.testing.assert_allclose(value, expected, rtol, atol, err_msg=name)
