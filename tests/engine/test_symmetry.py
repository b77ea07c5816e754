"""Training does not depend on the order of nodes or of graphs.

Laws A3 to A8, C6, C7, L4, L5, E4, G3, M1 and M2 state the other symmetries.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import close, random_params, with_normal_features

from npdiffpool.engine import model
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph
from npdiffpool.testing.strategies import batches, permutations

seeds = st.integers(0, 2**32 - 1)
widths = dict(n_features=2, exponents=(-6, 1))
# Without huge weights: their sums, squared at the next level, leave no exact digits.
mild = dict(**widths, weights=("ones", "equal", "unlike", "tiny"), max_nodes=8)

OPTIONS = {
    "gcn, one level": dict(gnn="gcn"),
    "gcn, two levels, the paper's": dict(
        gnn="gcn",
        clusters=(3, 2),
        concat_layers=False,
        batch_norm=False,
        normalize_rows=False,
        readout="sum",
        classifier_hidden=0,
    ),
    "sage, one level": dict(gnn="sage", clusters=(4,)),
    "sage, two levels": dict(gnn="sage", clusters=(4, 2), readout="mean"),
    "sage, flat": dict(gnn="sage", clusters=(), readout="sum"),
    "s2v, one level": dict(gnn="s2v", readout="sum"),
    "s2v, two levels": dict(gnn="s2v", clusters=(4, 2)),
}
MODELS = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def config_of(options):
    defaults = dict(n_features=2, n_outputs=3, hidden=3, n_layers=2, clusters=(3,))
    small = dict(classifier_hidden=4, batch_norm=True, dtype="float64")
    return model.Config(**{**defaults, **small, **options})


def run(params, graphs, config, running=None):
    return model.forward(params, GraphBatch.from_graphs(graphs), config, running)


@MODELS
@given(batch=batches(**mild, max_graphs=3), seed=seeds, data=st.data())
def test_a_training_pass_does_not_depend_on_the_order_of_nodes(
    options, batch, seed, data
):
    """Law M1 with the batch norm of training, whose rounding errors need 1e-7."""
    config = config_of(options)
    params = random_params(seed, config)
    batch = [with_normal_features(graph, seed) for graph in batch]
    orders = [data.draw(permutations(graph.n_nodes)) for graph in batch]
    permuted = [graph.permute(order) for graph, order in zip(batch, orders)]
    expected, actual = (run(params, b, config).logits for b in (batch, permuted))
    close(actual, expected, np.max(np.abs(expected)), rtol=1e-7)


@pytest.mark.parametrize("hidden", [3, 64, 128])
def test_constant_features_in_a_new_model_do_not_depend_on_the_order_of_nodes(hidden):
    """Law M1 in training, with the zero biases of `init_model`.

    All nodes have the same first layer up to the last bit, because 1 / deg is added
    deg times. After subtraction of the mean only rounding is left, and the l2
    normalisation must not scale it to length 1. Of 64 columns, some are small compared
    with their terms (H W_1 = -0.99 H_neighbours W_2).
    """
    edges = [(0, i) for i in range(1, 8)] + [(i, i % 7 + 1) for i in range(1, 8)]
    graph = Graph.from_edges(edges, 8, "ones")
    config = config_of(dict(hidden=hidden, n_features=1))
    for seed in (*range(20), 64, 77, 169):
        rng = np.random.default_rng(seed)
        params, order = model.init_model(rng, config), rng.permutation(8)
        expected = run(params, [graph], config).logits
        actual = run(params, [graph.permute(order)], config).logits
        close(actual, expected, scale=np.max(np.abs(expected)))


@given(batch=batches(**mild), seed=seeds, data=st.data())
def test_the_loss_does_not_depend_on_the_order_of_graphs(batch, seed, data):
    """Law B2 in training: logits are permuted alike; 1e-7 because of batch norm."""
    order, config = data.draw(permutations(len(batch))), config_of(dict(gnn="sage"))
    batch = [with_normal_features(graph, seed) for graph in batch]
    params, labels = random_params(seed, config), np.arange(len(batch)) % 3
    shuffled = GraphBatch.from_graphs([batch[g] for g in order])
    straight = GraphBatch.from_graphs(batch)
    L, output = model.total_loss(params, straight, labels, config)
    L_shuffled, rows = model.total_loss(params, shuffled, labels[order], config)
    scale = np.max(np.abs(output.logits))
    close(L_shuffled, L, scale, rtol=1e-7)
    close(rows.logits, output.logits[order], scale, rtol=1e-7)
