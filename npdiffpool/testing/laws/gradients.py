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
from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import models as model_cases
from npdiffpool.testing.laws.cases import pooling as cases
from npdiffpool.testing.profiles import LOSSES, SMOOTH, SMOOTH_X

EXACT = ("float64",)
BY_STEPS = "the definition of a derivative"


smooth = cases.smooth_steps("A", "X", "S", *LOSSES)


@law("D1", BY_STEPS, smooth, needs=(SMOOTH, SMOOTH_X, "float64"))
def gradients_are_derivatives(pool, vjp, A, R, Z, R_step, Z_step, outputs):
    """Gradients by R and Z, or by a layer's X, are the derivatives of the values.

    For a pooling layer, the derivatives by R and by Z, in one direction each and away
    from kinks, are computed in float64, from five points each, with steps h of 5e-4 and
    1e-3; their difference is added to the tolerance. A sum of n terms has a rounding
    error of at most n units of its terms, which sum to `size`: for a value, 18 n, as
    the link loss cancels (see law L3), divided by h; for a gradient, whose terms sum to
    at most 6 times `size`, 4 n. Of the orthogonality loss, which has a kink at 0, the
    square is taken. For a primitive, the whole Jacobian is computed by complex step.
    """
    A64, R64, Z64, *steps = (M.astype("float64") for M in (A, R, Z, R_step, Z_step))
    shifts = 5e-4 * np.array([1, -1, 2, -2, 4, -4])
    points = [pool(A64, R64 + h * steps[0], Z64) for h in shifts]
    points = [points, [pool(A64, R64, Z64 + h * steps[1]) for h in shifts]]
    centre = pool(A64, R64, Z64)
    n = sum(R.shape) + np.abs(np.where(centre.S > 0, R64, 0)).max(initial=1)
    size = {"A": A64.sum(), "X": np.abs(Z64).sum() + np.abs(steps[1]).sum()}
    size |= {"S": len(R), "entropy": 1 + np.log(R.shape[1])}
    size |= {"link": np.linalg.norm(A64) + len(A), "cut": 2, "modularity": 2}
    size["orthogonality"] = 4
    size |= {"collapse": np.sqrt(R.shape[1])}
    for name in outputs:
        Y = getattr(centre, name, None)
        if Y is None:
            continue
        G = -0.5 * np.cos(np.arange(np.size(Y))).reshape(np.shape(Y))
        power = 2 if name == "orthogonality" else 1
        dY = np.asarray(G * power * Y ** (power - 1), R.dtype)
        gradients = vjp(A, R, Z, name, dY)
        rounding = 18 * 2.0**-53 * 1.5 / 5e-4 + 4 * 6 * np.finfo(R.dtype).eps / 2
        for by, at, step, gradient in zip("RZ", points, steps, gradients):
            f = [np.sum(G * getattr(pooled, name) ** power) for pooled in at]
            near, middle, far = f[0] - f[1], f[2] - f[3], f[4] - f[5]
            fine, coarse = (8 * near - middle) / 6e-3, (8 * middle - far) / 12e-3
            atol = n * rounding * size[name] + abs(fine - coarse)
            error, message = np.sum(gradient * step) - fine, f"{name} by {by}"
            np.testing.assert_allclose(error, 0, atol=atol, err_msg=message)


(_check,) = gradients_are_derivatives.checks
_of_dmon = cases.smooth_steps("A", "S", *LOSSES)  # its X' may have the kink of the SELU
_needs = (SMOOTH, "modularity", "float64")
gradients_are_derivatives.also(_of_dmon, needs=_needs)(_check.body)


@gradients_are_derivatives.also(model_cases.sizes_and_seed, dtypes=EXACT)
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
        source = inspect.getsource(maker)
        assert caught, f"by argument {argnum}, this was not caught: {source}"


@law(
    "D3", "every vjp is itself differentiable", model_cases.sizes_and_seed, dtypes=EXACT
)
def primitives_have_second_derivatives(primitive, sizes, seed):
    """Each primitive of the engine can be differentiated twice."""
    np.random.seed(seed)  # check_grads draws directions from the global generator
    f, _, arrays = primitive(sizes, seed)
    check_grads(f, tuple(range(len(arrays))), modes=["rev"], order=2)(*arrays)


@law("D4", "documented: the caller chooses the precision", cases.step(), as_drawn=True)
def values_and_gradients_keep_the_precision(pool, A, R, Z):
    """Values and gradients keep the precision of the input: float32 stays float32."""
    losses = ("link", "entropy", "cut", "orthogonality", "modularity", "collapse")
    pooled = pool(A, R, Z)
    for name in ("A", "X", "S", *losses):
        dtype = getattr(getattr(pooled, name, None), "dtype", R.dtype)
        assert dtype == R.dtype, f"{name} is {dtype} of {R.dtype}"


@values_and_gradients_keep_the_precision.also(cases.step(), as_drawn=True)
def _gradients_keep_the_precision(pool, vjp, A, R, Z):
    losses = ("link", "entropy", "cut", "orthogonality", "modularity", "collapse")
    for name in ("A", "X", "S", *losses):
        value = getattr(pool(A, R, Z), name, None)
        if value is not None:
            dR, dZ = vjp(A, R, Z, name, np.ones_like(value, R.dtype))
            seen = {"dR": np.asarray(dR).dtype, "dZ": np.asarray(dZ).dtype}
            assert set(seen.values()) == {R.dtype}, f"gradient of {name}: {seen}"


@values_and_gradients_keep_the_precision.also(model_cases.sizes_and_seed, dtypes=EXACT)
def _primitives_keep_the_precision(primitive, sizes, seed):
    dtype = ("float32", "float64")[seed % 2]
    f, _, arrays = primitive(sizes, seed, dtype)
    for argnum in range(len(arrays)):
        vjp, Y = make_vjp(f, argnum)(*arrays)
        seen = {Y.dtype.name, vjp(np.ones_like(Y)).dtype.name}
        assert seen == {dtype}, f"argument {argnum}: {seen} of {dtype}"


@values_and_gradients_keep_the_precision.also(model_cases.sizes_and_seed, dtypes=EXACT)
def _functions_keep_the_precision(functions, seed):
    dtype = ("float32", "float64")[seed % 2]
    for name, (f, arrays) in functions(seed, dtype).items():
        total = value_and_grad(lambda xs, f=f: (f(*xs).sum(), None))
        value, _, slopes = total(arrays)
        seen = [x.dtype.name for x in (value, *slopes)]
        assert seen == [dtype] * len(seen), f"{name}: {seen} of {dtype}"


@law("D5", "autograd uses inputs again in the backward pass", cases.step())
def arguments_are_neither_modified_nor_returned(pool, A, R, Z):
    """Equal arguments give equal results, and are neither modified nor returned.

    Nor does a call modify what an earlier call has returned.
    """
    copies = [array.copy() for array in (A, R, Z)]
    losses = ("link", "entropy", "cut", "orthogonality", "modularity", "collapse")
    names = ("A", "X", "S", *losses)
    first = pool(A, R, Z)
    kept = {name: np.array(getattr(first, name, None)) for name in names}
    pool(2 * A, R, -Z)  # must not write into the first result
    again = pool(A, R, Z)
    for array, copy in zip((A, R, Z), copies):
        np.testing.assert_array_equal(array, copy)
    for name, copy in kept.items():
        for pooled in (first, again):
            part = np.asarray(getattr(pooled, name, None))
            np.testing.assert_array_equal(part, copy, f"{name} of a second call")
            shared = [np.shares_memory(part, array) for array in (A, R, Z)]
            assert not any(shared), f"{name} shares memory with A, R or Z: {shared}"


@arguments_are_neither_modified_nor_returned.also(
    model_cases.sizes_and_seed, dtypes=EXACT
)
def _primitives_write_nothing_in_place(primitive, sizes, seed):
    f, _, arrays = primitive(sizes, seed)
    for array in arrays:
        array.flags.writeable = False
    for argnum in range(len(arrays)):
        vjp, Y = make_vjp(f, argnum)(*arrays)
        G = np.ones_like(Y)
        G.flags.writeable = False
        np.testing.assert_array_equal(vjp(G), vjp(G))


@arguments_are_neither_modified_nor_returned.also(cases.joined())
def _graphs_of_a_batch_are_neither_modified_nor_returned(batched, As, Rs, Zs):
    arrays = [*As, *Rs, *Zs]
    copies = [array.copy() for array in arrays]
    losses = ("link", "entropy", "cut", "orthogonality", "modularity", "collapse")
    names = ("A", "X", "S", *losses)
    pools = batched(As, Rs, Zs)
    results = [getattr(pooled, name, None) for pooled in pools for name in names]
    before, after = list(map(id, arrays)), list(map(id, [*As, *Rs, *Zs]))
    assert before == after, "the lists As, Rs and Zs must not be modified"
    for array, copy in zip(arrays, copies):
        np.testing.assert_array_equal(array, copy)
        shared = [np.shares_memory(np.asarray(M), array) for M in results]
        assert not any(shared), f"results share memory with arguments: {shared}"


@arguments_are_neither_modified_nor_returned.also(cases.step())
def _a_gradient_modifies_and_returns_no_argument(pool, vjp, A, R, Z):
    pooled = pool(A, R, Z)
    losses = ("link", "entropy", "cut", "orthogonality", "modularity", "collapse")
    for name in ("A", "X", "S", *losses):
        if getattr(pooled, name, None) is not None:
            G = np.ones_like(getattr(pooled, name), R.dtype)
            copies = [array.copy() for array in (A, R, Z, G)]
            slopes = vjp(A, R, Z, name, G)
            for array, copy in zip((A, R, Z, G), copies):
                np.testing.assert_array_equal(array, copy, err_msg=name)
                shared = [np.shares_memory(np.asarray(M), array) for M in slopes]
                assert not any(shared), f"dR, dZ of {name} share memory: {shared}"


DEFINITIONS = "the definitions in npdiffpool/testing/own/definitions.py"


@law("D6", DEFINITIONS, model_cases.sizes_and_seed, dtypes=EXACT)
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


@law("D7", ANY_FORM, model_cases.of_any_scale)
def forms_of_a_graph_agree(forms, A, R, X, rtol):
    """Sparse, block and dense forms of every operator agree, also for tiny weights.

    Operators, A' and the link loss are compared with their definitions, in value and
    in gradient. Numbers below the smallest normal one have fewer digits.
    """
    for name, (expected, *found) in forms(A, R, X).items():
        atol = rtol * np.abs(expected).max(initial=0) + 1e3 * np.finfo(A.dtype).tiny
        for value in found:
            np.testing.assert_allclose(value, expected, rtol, atol, err_msg=name)


IN_MEMORY = "an array is its values"


@law("D8", IN_MEMORY, cases.step("layout"))
def memory_layout_does_not_matter(pool, A, R, Z, layout, rtol):
    """The layout of the arguments in memory does not matter.

    Arguments are in Fortran order, every second column of an array, or rows in reverse,
    and cannot be written to. In another byte order than that of the machine, a layer
    may raise an error, or it returns the same values.
    """
    form = (
        np.asfortranarray,
        lambda M: np.repeat(M, 2, axis=1)[:, ::2],
        lambda M: M[::-1].copy()[::-1] if len(M) > 1 else M,
    )[layout]
    arrays = [form(M) for M in (A, R, Z)]
    for M in arrays:
        M.flags.writeable = False
    pooled, other = pool(A, R, Z), pool(*arrays)
    np.testing.assert_allclose(other.A, pooled.A, rtol, rtol * A.sum())
    np.testing.assert_allclose(other.X, pooled.X, rtol, rtol * np.abs(Z).sum())
    np.testing.assert_allclose(other.S, pooled.S, rtol, rtol)
    for name in ("link", "entropy", "cut", "orthogonality", "modularity", "collapse"):
        if getattr(pooled, name, None) is not None:
            loss, size = getattr(pooled, name), len(A) + np.sum(A**2)
            seen, atol = getattr(other, name), rtol * (size if name == "link" else 1)
            np.testing.assert_allclose(seen**2, loss**2, rtol, atol, err_msg=name)


@memory_layout_does_not_matter.also(cases.step())
def _another_byte_order_is_refused_or_right(pool, A, R, Z, rtol):
    swapped = [M.astype(M.dtype.newbyteorder()) for M in (A, R, Z)]
    other = pooled = pool(A, R, Z)
    try:
        other = pool(*swapped)
    except Exception:  # it is refused
        pass
    np.testing.assert_allclose(other.A, pooled.A, rtol, rtol * A.sum())
    np.testing.assert_allclose(other.X, pooled.X, rtol, rtol * np.abs(Z).sum())
    np.testing.assert_allclose(other.S, pooled.S, rtol, rtol)


@memory_layout_does_not_matter.also(cases.joined("layout"))
def _the_layout_of_a_batch_does_not_matter(batched, As, Rs, Zs, layout, rtol):
    form = (
        np.asfortranarray,
        lambda M: np.repeat(M, 2, axis=1)[:, ::2],
        lambda M: M[::-1].copy()[::-1] if len(M) > 1 else M,
    )[layout]
    others = batched(*([form(M) for M in Ms] for Ms in (As, Rs, Zs)))
    for A, Z, pooled, other in zip(As, Zs, batched(As, Rs, Zs), others):
        np.testing.assert_allclose(other.A, pooled.A, rtol, rtol * A.sum())
        np.testing.assert_allclose(other.X, pooled.X, rtol, rtol * np.abs(Z).sum())
        np.testing.assert_allclose(other.S, pooled.S, rtol, rtol)


@memory_layout_does_not_matter.also(cases.step("layout"))
def _the_layout_does_not_matter_for_a_gradient(pool, vjp, A, R, Z, layout, rtol):
    form = (
        np.asfortranarray,
        lambda M: np.repeat(M, 2, axis=1)[:, ::2],
        lambda M: M[::-1].copy()[::-1] if len(M) > 1 else M,
    )[layout]
    pooled = pool(A, R, Z)
    size = {"A": A.sum(), "X": np.abs(Z).sum() + len(Z), "S": len(R)}
    for name in ("A", "X", "S"):
        Y = getattr(pooled, name)
        G = np.cos(np.arange(Y.size)).reshape(Y.shape).astype(R.dtype)
        expected = vjp(A, R, Z, name, G)
        gradients = vjp(form(A), form(R), form(Z), name, form(G))
        for gradient, right in zip(gradients, expected):
            np.testing.assert_allclose(gradient, right, rtol, rtol * size[name])
