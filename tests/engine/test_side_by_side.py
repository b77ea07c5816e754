"""`side_by_side`: the values and gradients of plain calls, in one thread or two."""

import threading
import time

import autograd.numpy as np
import pytest
from autograd import grad, hessian, jacobian
from autograd.tracer import isbox, trace_stack
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from npdiffpool._support.contracts import OverflowedError, Shape, requires, trusted
from npdiffpool._support.threads import use_threads
from npdiffpool.engine.autodiff import leaves, side_by_side, value_and_grad

each_way = pytest.mark.parametrize("recompute", [False, True])
TREES = [{"x": np.array([1.0, 2.0]), "w": [np.array([3.0, 4.0])]}, [np.array([5.0])]]


def cubed(tree):
    return tree["x"] ** 3 * tree["w"][0], "auxiliary"


def squared(tree):
    return tree[0] ** 2


def plain(trees):
    """Return a loss of both results, without `side_by_side`."""
    (one, _), other = cubed(trees[0]), squared(trees[1])
    return np.sum(one * other) + np.sum(one), "loss"


def together(trees, recompute=False):
    (one, text), other = side_by_side([cubed, squared], trees, recompute)
    assert text == "auxiliary"
    return np.sum(one * other) + np.sum(one), "loss"


@each_way
@pytest.mark.parametrize("n_threads", [1, 2])
def test_values_and_gradients_are_those_of_plain_calls(n_threads, recompute):
    loss, _, gradients = value_and_grad(plain)(TREES)
    with use_threads(n_threads):
        actual, _, found = value_and_grad(together)(TREES, recompute)
    assert actual == loss == together(TREES)[0]
    for array, expected in zip(leaves(found), leaves(gradients), strict=True):
        assert_array_equal(array, expected)


def meeting(barrier, tree):
    barrier.wait()  # for the other function
    return of_value(barrier, tree)


def of_value(barrier, x):
    """Return x ** 2, whose gradient waits for that of the other function."""
    from autograd.extend import defvjp, primitive

    @primitive
    def square(x):
        return x**2

    def vjp(y, x):
        def wait_and_multiply(G):
            barrier.wait()
            return 2 * x * G

        return wait_and_multiply

    defvjp(square, vjp)
    return square(x)


def test_functions_and_their_gradients_run_at_the_same_time():
    barrier = threading.Barrier(2, timeout=60)
    functions = [lambda x: meeting(barrier, x)] * 2

    def total(xs):
        one, other = side_by_side(functions, xs)
        return one + 10 * other, None

    with use_threads(2):
        loss, _, gradients = value_and_grad(total)([np.array(3.0), np.array(4.0)])
    assert loss == 9 + 160
    assert gradients == [6.0, 80.0]


def test_recomputed_gradients_run_one_after_the_other():
    """Otherwise both tapes would be in memory at the same time."""
    running, most = [0], [0]

    def slow(x):
        if not isbox(x):  # the forward pass
            return x**2
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.05)
        running[0] -= 1
        return x**2

    def total(xs):
        return sum(side_by_side([slow, slow], xs, recompute=True)), None

    with use_threads(2):
        _, _, gradients = value_and_grad(total)([np.array(3.0), np.array(4.0)])
    assert gradients == [6.0, 8.0]
    assert most == [1]


@each_way
def test_shared_and_constant_arrays_and_unused_results(recompute):
    A = sparse.csr_array(np.eye(2))
    functions = [lambda tree: tree[0] * tree[1], lambda tree: tree[0] * tree[1].sum()]

    def first(x):
        one, _ = side_by_side(functions, [[x, x], [x, A]], recompute)
        return np.sum(one)

    assert_array_equal(grad(first)(np.array([2.0, 3.0])), [4.0, 6.0])

    def neither(x):
        side_by_side(functions, [[x, x], [x, A]], recompute)
        return np.sum(x)

    assert_array_equal(grad(neither)(np.array([2.0, 3.0])), [1.0, 1.0])

    def constant(x):
        one, other = side_by_side([np.sin, lambda x: np.ones(2)], [x, x], recompute)
        return np.sum(one + other)

    assert_allclose(grad(constant)(np.array([2.0])), 2 * np.cos([2.0]), rtol=1e-15)


@each_way
def test_repeated_and_second_derivatives(recompute):
    def both(x):
        one, other = side_by_side([np.sin, np.exp], [x, x], recompute)
        return one * other

    def expected(x):
        return np.sin(x) * np.exp(x)

    x = np.array([0.3, 0.7])
    with use_threads(2):
        assert_allclose(jacobian(both)(x), jacobian(expected)(x), rtol=1e-14)
        actual = hessian(lambda x: np.sum(both(x)))(x)
    assert_allclose(actual, hessian(lambda x: np.sum(expected(x)))(x), rtol=1e-14)


def test_recomputing_does_not_trace_the_forward_pass():
    traced = []

    def cube(x):
        y = x * x
        traced.append(isbox(y))
        return y * x

    def total(x):
        (y,) = side_by_side([cube], [x], recompute=True)
        return 2 * y

    assert grad(total)(3.0) == 54.0
    assert traced == [False, True]  # the forward pass, then the backward pass


@requires(x=Shape("N"))
def checked(x):
    return x


@each_way
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("at", [0, 1])
def test_an_error_in_either_thread_is_raised(n_threads, recompute, at):
    functions = [lambda x: x, lambda x: x]
    functions[at] = lambda x: checked(x[:, None])
    level = trace_stack.top
    with use_threads(n_threads), pytest.raises(ValueError, match="^x must be"):
        value_and_grad(lambda xs: side_by_side(functions, xs, recompute))(
            [np.ones(2)] * 2
        )
    trace_stack.top = level  # autograd does not lower it after an error


@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_is_trusted_here_is_trusted_in_every_thread(n_threads):
    xs = [np.full(3, np.inf)] * 2
    with use_threads(n_threads):
        with trusted():
            assert_array_equal(side_by_side([checked, checked], xs), xs)
        with pytest.raises(OverflowedError, match="^x must be"):
            side_by_side([checked, checked], xs)
