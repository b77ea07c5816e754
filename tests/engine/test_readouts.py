"""Readouts are invariant to order and batch, and follow their definitions."""

import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import expit, softmax

from npdiffpool.engine.config import Config
from npdiffpool.engine.readouts import init_readout, readout, readout_width

# Constants of the package, on which the form and the outputs of saved models depend.
STEPS, KEPT, CHANNELS, SORTED_BY = 3, 30, 16, 8
WIDTHS = {"sum": 1, "mean": 1, "max": 1, "set2set": 2}  # over D; of sortpool 480
each_readout = pytest.mark.parametrize("kind", [*WIDTHS, "sortpool"])
SIZES = (5, 1, 0, 40)
OFFSETS = np.cumsum([0, *SIZES])


def drawn(kind, seed=0, hidden=3):
    """Draw parameters with nonzero biases, and embeddings of four graphs."""
    config = Config(2, 2, readout=kind, hidden=hidden, n_layers=2, dtype="float64")
    rng = np.random.default_rng(seed)
    params = init_readout(rng, kind, config.width, config.dtype)
    if params:
        params["b"] = rng.normal(size=params["b"].shape)
    return config, params, rng.normal(size=(OFFSETS[-1], config.width))


def parts(Z):
    return np.split(Z, OFFSETS[1:-1])


@each_readout
def test_a_readout_has_one_row_per_graph_of_the_readout_width(kind):
    config, params, Z = drawn(kind)
    rows = readout(params, config.readout, Z, OFFSETS)
    expected = WIDTHS[kind] * config.width if kind in WIDTHS else KEPT * CHANNELS
    assert rows.shape == (4, expected) == (4, readout_width(kind, config.width))


@pytest.mark.parametrize(
    "kind, name", [("sum", np.sum), ("mean", np.mean), ("max", np.max)]
)
def test_sum_mean_and_maximum_are_those_of_numpy_without_parameters(kind, name):
    config, params, Z = drawn(kind)
    assert params == {}
    for part, row in zip(parts(Z), readout(params, kind, Z, OFFSETS), strict=True):
        expected = name(part, axis=0) if len(part) else np.zeros(config.width)
        assert_allclose(row, expected, rtol=1e-12, atol=1e-15)  # order of summation


@each_readout
def test_a_readout_does_not_depend_on_the_batch(kind):
    config, params, Z = drawn(kind)
    together = readout(params, config.readout, Z, OFFSETS)
    for row, part in zip(together, parts(Z)):
        alone = readout(params, config.readout, part, np.array([0, len(part)]))
        assert_allclose(row, alone[0], rtol=1e-12, atol=1e-12)


@each_readout
@given(seed=st.integers(0, 2**32 - 1))
def test_a_readout_does_not_depend_on_the_order_of_nodes(kind, seed):
    config, params, Z = drawn(kind)
    rng = np.random.default_rng(seed)
    shuffled = np.concatenate([rng.permutation(part) for part in parts(Z)])
    expected = readout(params, config.readout, Z, OFFSETS)
    assert_allclose(
        readout(params, config.readout, shuffled, OFFSETS), expected, atol=1e-12
    )


@each_readout
def test_readouts_keep_float32(kind):
    config, params, Z = drawn(kind)
    params = {
        "W": [W.astype("float32") for W in params.get("W", [])],
        "b": np.float32(params.get("b", 0)),
    }
    assert (
        readout(params, config.readout, Z.astype("float32"), OFFSETS).dtype == "float32"
    )


def test_set2set_equals_an_lstm_with_attention():
    config, params, Z = drawn("set2set")
    (W_q, W_r), b, D = params["W"], params["b"], config.width
    for part, row in zip(parts(Z), readout(params, config.readout, Z, OFFSETS)):
        q, r, cell = np.zeros((3, D))
        for _ in range(STEPS):
            i, f, g, o = np.split(b + q @ W_q + r @ W_r, 4)
            cell = expit(f) * cell + expit(i) * np.tanh(g)
            q = expit(o) * np.tanh(cell)
            r = softmax(part @ q) @ part if len(part) else np.zeros(D)
        assert_allclose(row, np.concatenate([q, r]), rtol=1e-12, atol=1e-12)


def test_sortpool_keeps_the_nodes_with_the_largest_last_column():
    config, params, Z = drawn("sortpool")
    for part, row in zip(parts(Z), readout(params, config.readout, Z, OFFSETS)):
        kept = np.zeros((KEPT, config.width))
        chosen = part[np.argsort(-part[:, -1])][:KEPT]
        kept[: len(chosen)] = chosen
        expected = np.maximum(kept @ params["W"][0] + params["b"], 0)
        assert_allclose(row.reshape(KEPT, CHANNELS), expected, rtol=1e-12, atol=1e-12)


def test_sortpool_breaks_ties_by_the_preceding_columns():
    config, params, _ = drawn("sortpool")
    Z = np.zeros((KEPT + 1, config.width))
    Z[7, -2] = 1.0  # sorted first, because the last column ties
    offsets = np.array([0, len(Z)])
    row = readout(params, config.readout, Z, offsets).reshape(KEPT, CHANNELS)
    W, b = params["W"][0], params["b"]
    assert_allclose(row[0], np.maximum(W[-2] + b, 0), rtol=1e-12)
    assert_allclose(row[1:], [np.maximum(b, 0)] * (KEPT - 1), rtol=1e-12)


@pytest.mark.parametrize("n_tied", [SORTED_BY - 1, SORTED_BY])
def test_sortpool_sorts_by_eight_columns_and_then_by_a_sum_of_all(n_tied):
    config, params, Z = drawn("sortpool", hidden=8)
    Z[:, -n_tied:] = 0.0
    keys = -Z[:, -SORTED_BY] if n_tied < SORTED_BY else Z @ np.cos(np.arange(16))
    rng = np.random.default_rng(3)
    shuffled = np.concatenate([rng.permutation(part) for part in parts(Z)])
    rows = readout(params, config.readout, shuffled, OFFSETS)
    for part, key, row in zip(parts(Z), parts(keys), rows, strict=True):
        kept = np.zeros((KEPT, config.width))
        kept[: len(part)] = part[np.argsort(key)][:KEPT]
        expected = np.maximum(kept @ params["W"][0] + params["b"], 0)
        assert_allclose(row.reshape(KEPT, CHANNELS), expected, rtol=1e-12, atol=1e-12)


def test_the_gradient_of_set2set_is_0_without_a_warning_where_its_lstm_saturates():
    config, params, Z = drawn("set2set")
    saturated = {**params, "b": np.full(4 * config.width, 1e4)}
    slope = grad(lambda Z: readout(saturated, "set2set", Z, OFFSETS)[:, :6].sum())(Z)
    assert not slope.any()  # the query is 1 in all


@pytest.mark.parametrize("kind", ["set2set", "sortpool"])
def test_gradients_of_readouts_equal_finite_differences(kind):
    config, params, Z = drawn(kind)
    weights = np.random.default_rng(1).normal(
        size=(4, readout_width(config.readout, config.width))
    )

    def value(W):
        changed = {**params, "W": [W, *params["W"][1:]]}
        return (readout(changed, config.readout, Z, OFFSETS) * weights).sum()

    W = params["W"][0]
    direction = np.random.default_rng(2).normal(size=W.shape)
    step = 1e-6 * direction
    difference = (value(W + step) - value(W - step)) / 2e-6
    slope = float(np.sum(grad(value)(W) * direction))
    assert_allclose(slope, difference, rtol=1e-6)  # rounding over the step
