"""Fused primitives at special points equal their plain compositions.

Second derivatives are computed by the plain compositions. Laws D3 and D6 check them at
general points.
"""

import autograd.numpy as np
import pytest
from autograd.core import make_vjp
from autograd.tracer import getval
from numpy.testing import assert_allclose, assert_array_equal

from npdiffpool.engine import primitives as p
from npdiffpool.engine import segments

ROUNDED = np.array([0.1, 0.1 + 2**-56, 0.1])  # a column that is constant up to rounding
DIRECTED = np.array([[[0.0, 3.0], [1.0, 0.0]], [[0.0, 0.0], [2.0, 2.0]]])
BY_HAND = {
    "an asymmetric matrix with a row of zeros": (
        lambda A: p.row_mean(A),
        [DIRECTED],
        [[[0, 1], [1, 0]], [[0, 0], [0.5, 0.5]]],
    ),
    "a column that is constant up to rounding": (
        lambda X: p.batch_norm(X, np.ones(1, X.dtype), np.full(1, 5.0, X.dtype))[0],
        [ROUNDED[:, None]],
        [[5.0], [5.0], [5.0]],
    ),
    "logits whose exponentials overflow": (
        lambda R: p.cross_entropy(R, np.array([0, 1])),
        [np.array([[1e4, -1e4], [1e4, -1e4]])],
        [0.0, 2e4],
    ),
}
each_case = pytest.mark.parametrize("name", BY_HAND)


def in_nested_traces(call, *arrays):
    """Return the value that the plain composition computes."""
    values = []

    def inner(arguments):
        values.append(call(*arguments))
        return np.sum(values[0])

    make_vjp(lambda outer: make_vjp(inner, outer)[1], tuple(arrays))
    return getval(getval(values[0]))


@each_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fused_and_plain_values_equal_hand_computed_values(name, dtype):
    call, arrays, expected = BY_HAND[name]
    arrays = [array.astype(dtype) for array in arrays]
    for value in (call(*arrays), in_nested_traces(call, *arrays)):
        assert value.dtype == dtype
        assert_array_equal(value, np.array(expected, dtype))


@pytest.mark.parametrize("name", ["layer", "affine", "row_mean"])
def test_a_fused_primitive_keeps_its_name_and_docstring(name):
    primitive = getattr(p, name)
    assert primitive.__name__ == name
    assert primitive.__doc__ == primitive.with_vjp.__doc__
    assert primitive.__doc__.startswith("Return ")


def test_a_layer_without_batch_norm_has_no_moments():
    X = np.arange(6.0).reshape(3, 2)
    Y, m, v = p.layer(np.zeros(2), None, None, X, np.eye(2), normalize_rows=False)
    assert_array_equal(Y, X)
    assert m.shape == v.shape == (0,)


def test_batch_norm_writes_the_centred_input_into_the_given_array():
    X, into = np.array([[1.0], [3.0]]), np.zeros((2, 1))
    p.batch_norm(X, np.ones(1), np.zeros(1), into=into)
    assert_array_equal(into, [[-1.0], [1.0]])
    assert_array_equal(X, [[1.0], [3.0]])


def test_the_terms_of_the_link_loss_equal_hand_computed_values():
    """One graph with A = [[0, 2], [1, 0]] and S = [[1, 0], [0.5, 0.5]]."""
    A, S = np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    squares = [np.array([np.sum(A * A)]), np.array([0, 2])]
    trace = np.array([np.trace(S.T @ A @ S)])
    square, size, gram = segments._link_terms(trace, S, *squares)
    assert_allclose(square, np.sum((A - S @ S.T) ** 2), rtol=1e-15)
    assert_allclose(size, 5 + 2 * 1.5 + np.sum((S.T @ S) ** 2), rtol=1e-15)
    assert_array_equal(gram[0], S.T @ S)


@pytest.mark.parametrize("residual, exact", [(0.9, 0), (0.5, 0), (0.45, 1), (1e-3, 1)])
def test_the_link_loss_uses_float64_only_where_it_cancels(residual, exact, monkeypatch):
    """For A = (1 - r) S S^T the square is (r / (2 - r))^2 of its terms.

    float64 is used where this is below a tenth: r < 0.48.
    """
    dtypes, terms = [], segments._link_terms
    monkeypatch.setattr(
        segments,
        "_link_terms",
        lambda trace, S, *rest: dtypes.append(S.dtype.name) or terms(trace, S, *rest),
    )
    S = np.eye(2, dtype="float32")[[0, 0, 1, 1]]
    A = S @ S.T * np.float32(1 - residual)
    A_pooled, offsets = (S.T @ A @ S)[None], np.array([0, 4])
    segments.link_norm(A[None], S, A_pooled, None, offsets)
    assert dtypes == ["float32"] + ["float64"] * exact


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_link_loss_that_cancels_is_accurate_fused_and_plain(dtype):
    """For A = (1 - r) S S^T with one-hot rows the loss is r sqrt(8)."""
    S = np.eye(2, dtype=dtype)[[0, 0, 1, 1]]
    A = S @ S.T * np.array(1 - 2**-12, dtype)
    A_pooled, offsets = (S.T @ A @ S)[None], np.array([0, 4])

    def call(S):
        return segments.link_norm(A[None], S, A_pooled, None, offsets)

    for value in (call(S), in_nested_traces(call, S)):
        assert value.dtype == dtype
        assert_allclose(value, 2**-12 * np.sqrt(8), rtol=1e-6)  # float32: 1e-7


def test_a_link_loss_whose_square_rounds_below_zero_is_zero():
    offsets, below = np.array([0, 3]), 0
    for seed in range(50):
        S = p.softmax_entropy(np.random.default_rng(seed).normal(size=(3, 2)))[0]
        A = S @ S.T
        A_pooled = (S.T @ A @ S)[None]
        norms = np.array([np.sum(A * A)])
        square = segments._link_terms(np.trace(A_pooled[0]), S, norms, offsets)[0]
        L = segments.link_norm(A[None], S, A_pooled, norms, offsets)
        below += int(square[0] < 0)
        assert L[0] == 0 if square[0] < 0 else L[0] < 1e-7
    assert below > 5
