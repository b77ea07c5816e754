"""Blank parameters: the form of a model's parameters without their memory."""

import numpy as np
import pytest
from claims import little_memory

from npdiffpool.engine.autodiff import leaves, rebuild
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import blank_params, init_model

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
    with little_memory(1 << 20):
        params = blank_params(config)
    assert sum(array.size for array in leaves(params)) > 10**9
