"""Gradients of a tree of parameters, trees as vectors, clipping, and Adam."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from npdiffpool.engine.autodiff import (
    from_vector,
    leaves,
    rebuild,
    to_vector,
    value_and_grad,
)
from npdiffpool.training.adam import adam_init, adam_step, clip_by_norm

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
ELEMENTS = st.floats(-10, 10, allow_subnormal=False)
LEAVES = hnp.arrays(np.float64, SHAPES, elements=ELEMENTS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, min_size=1, max_size=3)
    | st.dictionaries(st.text(max_size=2), inner, min_size=1, max_size=3),
    max_leaves=6,
)
VECTORS = hnp.arrays(np.float64, st.integers(1, 6), elements=ELEMENTS)


def tree(dtype="float64"):
    rng = np.random.default_rng(0)
    shapes = [(2, 3), (3,), (2,), (1,)]
    W, b, used, unused = (rng.normal(size=shape).astype(dtype) for shape in shapes)
    return {"layer": {"W": [W], "b": b}, "others": [used, [unused]]}


def loss(params, x):
    """Return a number that uses every leaf except the last, some of them twice."""
    W, b = params["layer"]["W"][0], params["layer"]["b"]
    h = anp.tanh(anp.dot(x, W) + b)
    return anp.sum(h * h) + anp.sum(b * b) * anp.sum(anp.exp(params["others"][0]))


def with_auxiliary(params, x):
    return loss(params, x), "auxiliary"


X = np.random.default_rng(1).normal(size=(4, 2))


# Differentiation


def test_gradients_equal_those_of_autograd_to_the_bit():
    value, auxiliary, gradients = value_and_grad(with_auxiliary)(tree(), X)
    expected = grad(loss)(tree(), X)
    assert (value, auxiliary) == (loss(tree(), X), "auxiliary")
    for found, wanted in zip(leaves(gradients), leaves(expected), strict=True):
        assert_array_equal(found, wanted, strict=True)


@given(TREES)
def test_the_gradient_of_half_the_squared_norm_is_the_tree_itself(params):
    def half_squared_norm(params):
        return sum(0.5 * anp.sum(leaf * leaf) for leaf in leaves(params)), None

    _, _, gradients = value_and_grad(half_squared_norm)(params)
    for found, leaf in zip(leaves(gradients), leaves(params), strict=True):
        assert_array_equal(found, leaf, strict=True)


def test_the_gradient_of_an_unused_leaf_is_zero():
    _, _, gradients = value_and_grad(with_auxiliary)(tree("float32"), X)
    assert_array_equal(gradients["others"][1][0], np.zeros(1, "float32"), strict=True)


def test_the_gradients_of_a_constant_are_zeros_in_the_form_of_the_tree():
    value, _, gradients = value_and_grad(lambda params: (7.0, None))(tree())
    assert value == 7.0
    assert list(gradients) == ["layer", "others"]
    for found, leaf in zip(leaves(gradients), leaves(tree()), strict=True):
        assert_array_equal(found, np.zeros_like(leaf), strict=True)


def test_differentiation_does_not_change_the_parameters():
    params = tree()
    for leaf in leaves(params):
        leaf.flags.writeable = False
    value_and_grad(with_auxiliary)(params, X)
    assert_array_equal(to_vector(params), to_vector(tree()))


def test_an_error_in_the_loss_propagates_and_the_next_call_is_correct():
    def failing(params):
        raise RuntimeError("in the loss")

    with pytest.raises(RuntimeError, match="in the loss"):
        value_and_grad(failing)(tree())
    _, _, gradients = value_and_grad(with_auxiliary)(tree(), X)
    assert_array_equal(to_vector(gradients), to_vector(grad(loss)(tree(), X)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_have_the_dtype_of_their_parameters(dtype):
    def plain(params):
        return anp.sum(params["a"] * params["a"]), None

    _, _, gradients = value_and_grad(plain)({"a": np.ones(3, dtype)})
    assert gradients["a"].dtype == dtype


# A tree as a vector


@given(TREES)
def test_from_vector_inverts_to_vector(params):
    rebuilt = from_vector(params, to_vector(params))
    assert form(rebuilt) == form(params)
    for found, leaf in zip(leaves(rebuilt), leaves(params), strict=True):
        assert_array_equal(found, leaf, strict=True)


def test_from_vector_returns_views_and_to_vector_returns_a_copy():
    params = tree()
    vector = to_vector(params)
    rebuilt = from_vector(params, vector)
    assert all(np.shares_memory(leaf, vector) for leaf in leaves(rebuilt))
    assert not any(np.shares_memory(leaf, vector) for leaf in leaves(params))


def test_leaves_are_in_depth_first_order_of_insertion():
    params = {"z": [1, {"b": 2, "a": 3}], "a": (4, [5])}
    assert leaves(params) == [1, 2, 3, 4, 5]
    rebuilt = rebuild(params, iter("vwxyz"))
    assert rebuilt == {"z": ["v", {"b": "w", "a": "x"}], "a": ["y", ["z"]]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vectors_keep_the_dtype(dtype):
    vector = to_vector(tree(dtype))
    rebuilt = from_vector(tree(dtype), vector)
    assert {x.dtype for x in (vector, *leaves(rebuilt))} == {np.dtype(dtype)}


def form(params):
    return rebuild(params, (leaf.shape for leaf in leaves(params)))


# Clipping


@given(VECTORS, st.floats(0.1, 20))
def test_clipping_limits_the_norm_and_keeps_the_direction(g, limit):
    clipped, length = clip_by_norm(g, limit), np.linalg.norm(g)
    expected = g * min(1.0, limit / length) if length else g
    assert_allclose(clipped, expected, rtol=1e-14)  # rounding
    assert length > limit or clipped is g


def test_clipping_does_not_overflow_in_float32():
    clipped = clip_by_norm(np.array([3e30, 4e30], np.float32), 1.0)
    assert_allclose(clipped, [0.6, 0.8], rtol=1e-6)  # rounding


@pytest.mark.parametrize("scale", [1e160, 3e307])
def test_clipping_does_not_overflow_in_float64(scale):
    clipped = clip_by_norm(scale * np.array([0.3, 0.4]), 1.0)
    assert_allclose(clipped, [0.6, 0.8], rtol=1e-14)  # rounding


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipping_keeps_the_dtype_and_does_not_change_its_argument(dtype):
    g = np.array([3, 4], dtype)
    for limit in (1, 1.0, np.float64(1)):
        clipped = clip_by_norm(g, limit)
        assert_allclose(clipped, np.array([0.6, 0.8], dtype), rtol=1e-7)  # 1 ulp
        assert clipped.dtype == dtype
    assert_array_equal(g, [3, 4])


# Adam


def adam_by_loops(theta, gradients, alpha, beta_1, beta_2, epsilon):
    """Compute Algorithm 1 of arXiv 1412.6980, one number at a time."""
    theta, m, v = list(theta), [0.0] * len(theta), [0.0] * len(theta)
    for t, g in enumerate(gradients, start=1):
        for i in range(len(theta)):
            m[i] = beta_1 * m[i] + (1 - beta_1) * g[i]
            v[i] = beta_2 * v[i] + (1 - beta_2) * g[i] ** 2
            m_hat, v_hat = m[i] / (1 - beta_1**t), v[i] / (1 - beta_2**t)
            theta[i] = theta[i] - alpha * m_hat / (v_hat**0.5 + epsilon)
    return theta


@given(
    hnp.arrays(np.float64, (5, 3), elements=ELEMENTS),
    st.floats(1e-4, 1.0),
    st.floats(0, 0.99),
    st.floats(0, 0.9999),
    st.sampled_from([1e-8, 1e-3]),
)
def test_adam_equals_algorithm_1(gradients, alpha, beta_1, beta_2, epsilon):
    theta, state = np.array([1.0, -2.0, 0.0]), adam_init(np.zeros(3))
    expected = adam_by_loops(theta, gradients, alpha, beta_1, beta_2, epsilon)
    for g in gradients:
        state, theta = adam_step(state, theta, g, alpha, (beta_1, beta_2), epsilon)
    assert state.step == 5
    # 1 - beta cancels, which magnifies rounding by up to 1e4.
    assert_allclose(theta, expected, rtol=1e-11, atol=1e-11)


def test_the_defaults_of_adam_are_those_of_its_paper():
    gradients, theta = np.array([[0.3, -2.0], [1.0, 1e-8]]), np.zeros(2)
    state, moved = adam_init(theta), theta
    for g in gradients:  # the decay matters from the second step
        state, moved = adam_step(state, moved, g, 0.01)
    expected = adam_by_loops(theta, gradients, 0.01, 0.9, 0.999, 1e-8)
    assert_allclose(moved, expected, rtol=1e-12)  # 1 - 0.999 cancels 3 digits


@pytest.mark.parametrize("size", [1e-3, 1e10, 1e17])
def test_the_first_step_does_not_depend_on_the_size_of_the_gradient(size):
    vector, gradient = np.zeros(2, np.float32), np.array([size, -size], np.float32)
    _, moved = adam_step(adam_init(vector), vector, gradient, 0.1)
    assert_allclose(
        moved, [-0.1, 0.1], rtol=1e-4
    )  # epsilon, 1e-8 of 1e-3, and rounding


def test_a_square_that_overflows_is_an_error_in_the_first_step_too():
    vector, gradient = np.zeros(1, np.float32), np.array([1e20], np.float32)
    with pytest.raises(ValueError, match="squared gradient must be finite .* got inf"):
        adam_step(adam_init(vector), vector, gradient, 0.1)


def test_the_first_step_of_adam_is_minus_the_learning_rate_times_the_sign():
    theta = np.zeros(3)
    _, moved = adam_step(adam_init(theta), theta, np.array([5.0, -1e-3, 0.0]), 0.01)
    assert_allclose(moved, [-0.01, 0.01, 0], rtol=1e-4)  # epsilon / 1e-3 = 1e-5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adam_keeps_the_dtype_and_does_not_change_its_arguments(dtype):
    theta, g = np.ones(3, dtype), np.ones(3, dtype)
    before = adam_init(theta)
    for array in (theta, g, before.mean, before.square):
        array.flags.writeable = False
    state, moved = adam_step(before, theta, g, 0.1)
    assert {x.dtype for x in (state.mean, state.square, moved)} == {np.dtype(dtype)}
