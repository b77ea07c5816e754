"""The constant work on a data set gives the same levels as the work on a batch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from samples import dense_and_sparse_graphs, one_hot_graphs

from npdiffpool import GraphBatch
from npdiffpool.engine.autodiff import leaves
from npdiffpool.engine.config import GNNS, Config
from npdiffpool.engine.model import forward, init_model
from npdiffpool.engine.preparation import first_level, prepare

SMALL = dict(hidden=3, n_layers=2, clusters=(4, 2), classifier_hidden=5)


def config_of(graphs, **options):
    return Config(graphs[0].n_features, 3, **{**SMALL, "dtype": "float64", **options})


def arrays_of(level):
    """Return all arrays of a level by name, matrices dense; without `propagated`."""
    N, A, operators = level.n_nodes, level.A, level.operators
    found = {f"P {kind}": P @ np.eye(N) for kind, P in sorted(operators.items())}
    found |= {f"clusters {at}": c for at, c in enumerate(level.fixed_clusters)}
    found |= {"A": A @ np.eye(N), "X": level.X @ np.eye(level.X.shape[1])}
    return {**found, "offsets": level.offsets, "norms": level.squared_norms}


def assert_equal_trees(actual, expected):
    for array, wanted in zip(leaves(actual), leaves(expected), strict=True):
        assert_array_equal(array, wanted, strict=True)


def results(params, batch, config):
    output = forward(params, batch, config)
    steps = [[step.S, step.L_link, step.L_ent] for step in output.steps]
    return [output.logits, output.embeddings, steps, output.moments]


each_storage = pytest.mark.parametrize(
    "make", [one_hot_graphs, dense_and_sparse_graphs]
)


@each_storage
@pytest.mark.parametrize("gnn", GNNS)
def test_minibatches_of_a_prepared_data_set_give_the_same_forward_pass(make, gnn):
    graphs, order = make(), np.array([2, 0])
    config = config_of(graphs, gnn=gnn, assignment="random", batch_norm=True)
    params = init_model(np.random.default_rng(0), config)
    whole = GraphBatch.from_graphs(graphs)
    expected = results(params, prepare(whole.take(order), config), config)
    actual = results(params, prepare(whole, config).take(order), config)
    assert_equal_trees(actual, expected)


@each_storage
@pytest.mark.parametrize("assignment", ["learned", "graclus", "random", "uniform"])
@pytest.mark.parametrize("gnn", GNNS)
def test_first_level_adds_what_an_unprepared_batch_lacks(make, gnn, assignment):
    graphs = make()
    config = config_of(graphs, gnn=gnn, assignment=assignment)
    batch = GraphBatch.from_graphs(graphs)
    expected = first_level(prepare(batch, config), config)
    actual = first_level(batch, config)
    assert arrays_of(actual).keys() == arrays_of(expected).keys()
    assert_equal_trees(arrays_of(actual), arrays_of(expected))
    assert actual.propagated == {}
    for kind, PX in expected.propagated.items():
        identity = np.eye(PX.shape[1])
        found = actual.operators[kind] @ (actual.X @ identity)
        assert_allclose(found, PX @ identity, rtol=1e-12, atol=1e-15)


def test_prepare_scales_features_after_it_fixed_the_clusters():
    graphs = dense_and_sparse_graphs()
    config = config_of(graphs, assignment="random", dtype="float32")
    batch = GraphBatch.from_graphs(graphs)
    plain, scaled = prepare(batch, config), prepare(batch, config, lambda X: 0 * X)
    assert scaled.features.dtype == "float32" and not scaled.features.any()
    assert plain.propagated["sage"].any() and not scaled.propagated["sage"].any()
    assert len(scaled.fixed_clusters) == len(config.clusters)
    assert_equal_trees(list(scaled.fixed_clusters), list(plain.fixed_clusters))
