"""A configuration: its defaults, the bounds of its values, and what they imply."""

from dataclasses import FrozenInstanceError

import pytest

from npdiffpool.engine.config import Config

DEFAULTS = {
    "n_features": 7,
    "n_outputs": 2,
    "gnn": "sage",
    "hidden": 64,
    "n_layers": 3,
    "clusters": (8,),
    "assignment": "learned",
    "largest": 0,
    "readout": "max",
    "concat_layers": True,
    "batch_norm": False,
    "normalize_rows": True,
    "classifier_hidden": 50,
    "dropout": 0.0,
    "link_weight": 1.0,
    "entropy_weight": 1.0,
    "link_scale": "frobenius",
    "loss": "cross_entropy",
    "dtype": "float32",
    "recompute": False,
}


def test_the_defaults_are_those_on_which_saved_models_and_results_depend():
    assert vars(Config(7, 2)) == DEFAULTS


@pytest.mark.parametrize(
    "bounds",
    [
        {"n_features": 0, "n_outputs": 1, "hidden": 1, "classifier_hidden": 0},
        {"n_layers": 1, "dropout": 0.0, "link_weight": 0.0, "entropy_weight": 0.0},
        {"n_layers": 1000, "dropout": 0.999, "clusters": ()},
        {"clusters": (1,), "largest": 0},
        {"clusters": (8192,) * 100},
    ],
    ids=str,
)
def test_the_bounds_of_the_allowed_values_are_allowed(bounds):
    assert vars(Config(**{**DEFAULTS, **bounds})) == {**DEFAULTS, **bounds}


def test_a_configuration_cannot_be_changed():
    config = Config(7, 2)
    with pytest.raises(FrozenInstanceError):
        config.hidden = -1


@pytest.mark.parametrize(
    "gnn, pool_gnn", [("gcn",) * 2, ("sage",) * 2, ("s2v", "sage"), ("mlp",) * 2]
)
def test_the_assignment_has_layers_of_the_same_kind_but_for_s2v(gnn, pool_gnn):
    assert Config(7, 2, gnn=gnn).pool_gnn == pool_gnn


def test_embeddings_have_the_width_of_all_layers_or_of_the_last():
    assert Config(7, 2, hidden=5, n_layers=4).width == 20
    assert Config(7, 2, hidden=5, n_layers=4, concat_layers=False).width == 5
