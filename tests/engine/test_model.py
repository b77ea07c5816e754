"""Blank parameters, which have a form and no memory, and weights of graphs."""

import numpy as np
import pytest
from file_limits import limited_memory
from samples import dense_and_sparse_graphs

from npdiffpool import GraphBatch
from npdiffpool.engine.autodiff import leaves, rebuild
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import blank_params, init_model, total_loss

SMALL = dict(hidden=3, n_layers=2, clusters=(4, 2), classifier_hidden=5)
OPTIONS = [
    {},
    dict(batch_norm=True),
    dict(batch_norm=True, dtype="float64", gnn="s2v"),
    dict(gnn="s2v", n_layers=3),
    dict(gnn="gcn", concat_layers=False, batch_norm=True),
    dict(gnn="mlp", clusters=(), classifier_hidden=0),
    dict(readout="set2set"),
    dict(readout="sortpool", concat_layers=False),
    dict(assignment="graclus", batch_norm=True),
]


def form_of(params):
    """Return the tree with shape and dtype in place of each array."""
    forms = [(array.shape, array.dtype) for array in leaves(params)]
    return rebuild(params, iter(forms))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_blank_params_have_the_form_of_init_model(options):
    config = Config(2, 3, **{**SMALL, **options})
    expected = init_model(np.random.default_rng(0), config)
    assert form_of(blank_params(config)) == form_of(expected)


@pytest.mark.parametrize("readout", ["max", "set2set", "sortpool"])
def test_blank_params_take_no_memory(readout):
    config = Config(2, 3, hidden=10**5, readout=readout, batch_norm=True)
    with limited_memory(1 << 20):
        params = blank_params(config)
    assert sum(array.size for array in leaves(params)) > 10**9


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-5), ("float64", 1e-12)])
def test_the_loss_is_the_mean_of_the_weighted_losses_in_the_dtype(dtype, rtol):
    config = Config(2, 3, dtype=dtype, **SMALL)
    batch = GraphBatch.from_graphs(dense_and_sparse_graphs(), dtype)
    params, labels = init_model(np.random.default_rng(0), config), np.arange(4) % 3
    weights = np.array([0.0, 3.0, 0.5, 0.25])
    alone = [
        total_loss(params, batch.take(i), labels[i], config)[0]
        for i in np.split(np.arange(4), 4)
    ]
    loss, _ = total_loss(params, batch, labels, config, weights)
    assert loss.dtype == dtype
    np.testing.assert_allclose(loss, np.mean(weights * alone), rtol=rtol)  # rounding
