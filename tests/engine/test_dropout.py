"""Dropout: unbiased, where it is documented, and the same masks from the same seed."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from samples import dense_and_sparse_graphs

from npdiffpool import GraphBatch
from npdiffpool.engine.autodiff import to_vector, value_and_grad
from npdiffpool.engine.config import GNNS, Config
from npdiffpool.engine.dropout import Dropout, dropout_of_pass
from npdiffpool.engine.layers import init_linear, linear
from npdiffpool.engine.model import forward, init_model, total_loss
from npdiffpool.engine.preparation import prepare

RATE = 0.4
GRAPHS = dense_and_sparse_graphs()
LABELS = np.arange(len(GRAPHS)) % 2
SMALL = dict(hidden=4, n_layers=3, clusters=(5, 2), classifier_hidden=6)


def case(dtype="float64", **options):
    """Return the arguments of `total_loss` but for weights and seed."""
    config = Config(2, 2, dtype=dtype, **{"dropout": RATE, **SMALL, **options})
    batch = prepare(GraphBatch.from_graphs(GRAPHS), config)
    return init_model(np.random.default_rng(0), config), batch, LABELS, config


def gradient(arguments, seed=1):
    loss, _, slopes = value_and_grad(total_loss)(*arguments, None, seed)
    return np.append(to_vector(slopes), loss)


def test_the_mean_over_masks_of_a_linear_layer_is_the_layer_without_dropout():
    rng, n_masks = np.random.default_rng(0), 4000
    params, H = init_linear(rng, [6], 2, "float64"), rng.normal(size=(3, 6))
    masks = [Dropout(RATE, (seed, 0, 0, 0)) for seed in range(n_masks)]
    found = np.array([linear(params, dropout.apply(H)) for dropout in masks])
    error = found.mean(axis=0) - linear(params, H)
    assert np.all(np.abs(error) < 4 * found.std(axis=0) / np.sqrt(n_masks))
    assert np.all(found.std(axis=0) > 0.1)


def test_an_entry_is_zeroed_with_probability_rate_or_scaled():
    dropped = Dropout(0.25, (3, 0, 0, 0)).apply(np.full((100, 100), 3.0))
    assert set(np.unique(dropped)) == {0.0, 4.0}
    share = np.mean(dropped == 0)
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1e4)  # 4 standard deviations


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_the_dtype_and_zeroes_the_same_entries_in_each(dtype):
    H, dropout = np.ones((5, 7)), Dropout(RATE, (1, 2, 3, 4))
    dropped = dropout.apply(H.astype(dtype))
    assert dropped.dtype == dtype
    assert_array_equal(dropped == 0, dropout.apply(H) == 0)
    assert gradient(case(dtype)).dtype == dtype


def test_without_a_seed_or_without_a_rate_nothing_is_zeroed():
    params, batch, _, config = case()
    expected = forward(params, batch, replace(config, dropout=0.0)).logits
    for other, seed in ((config, None), (replace(config, dropout=0.0), 1)):
        assert_array_equal(forward(params, batch, other, seed=seed).logits, expected)
    assert np.any(forward(params, batch, config, seed=1).logits != expected)
    H = np.ones((2, 3))
    assert Dropout().apply(H) is H  # and no number is drawn


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_every_seed_below_2_to_the_32_is_a_seed(seed):
    assert dropout_of_pass(RATE, seed) == Dropout(RATE, (seed,))


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("gnn", GNNS)
def test_no_two_layers_share_a_mask(gnn, recompute, monkeypatch):
    seeds, apply = [], Dropout.apply
    monkeypatch.setattr(
        Dropout, "apply", lambda d, H: (seeds.append(d), apply(d, H))[1]
    )
    gradient(case(gnn=gnn, recompute=recompute))
    of_gnns = [(1, i, j, k) for i in range(2) for j in (0, 1) for k in (1, 2)]
    expected = [*of_gnns, (1, 2, 0, 1), (1, 2, 0, 2), (1, 3, 0, 0)]
    assert {dropout.seed for dropout in seeds} == set(expected)
    assert len(seeds) == len(expected) + 10 * recompute  # the classifier's is kept


@pytest.mark.parametrize("gnn", GNNS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_recomputation_uses_the_same_masks(gnn, batch_norm):
    options = dict(gnn=gnn, batch_norm=batch_norm)
    plain, again = (
        gradient(case(recompute=recompute, **options)) for recompute in (False, True)
    )
    atol = 1e-12 * np.max(np.abs(plain))  # the order of summation differs
    assert_allclose(again, plain, rtol=1e-9, atol=atol)
    other = gradient(case(**options), seed=2)
    assert np.max(np.abs(other - plain)) > 1e9 * atol


def test_embeddings_have_all_entries_of_a_first_layer():
    params, batch, _, config = case()
    plain, dropped = (
        forward(params, batch, config, seed=s).steps[0] for s in (None, 1)
    )
    hidden = config.hidden
    assert_array_equal(plain.Z[:, :hidden], dropped.Z[:, :hidden])
    assert np.any(plain.Z[:, hidden:] != dropped.Z[:, hidden:])
    assert_allclose(dropped.S.sum(axis=1), 1, rtol=1e-12)  # rounding


def test_one_layer_and_no_hidden_units_leave_nothing_to_zero():
    arguments = case(n_layers=1, classifier_hidden=0)
    assert gradient(arguments).tobytes() == gradient(arguments, None).tobytes()
