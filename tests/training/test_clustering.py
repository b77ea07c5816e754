"""A training without labels keeps the epoch with the lowest of the paper's losses."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from samples import dense_and_sparse_graphs

from npdiffpool import GraphBatch, paper
from npdiffpool.engine.config import Config
from npdiffpool.engine.preparation import first_level, prepare
from npdiffpool.training.clustering import assign_nodes, train_assignment

GRAPHS = dense_and_sparse_graphs()
SMALL = dict(hidden=3, n_layers=1, clusters=(3,), dtype="float64")


CONFIG = Config(2, 1, link_weight=0.5, entropy_weight=2.0, **SMALL)
LEVEL = first_level(prepare(GraphBatch.from_graphs(GRAPHS), CONFIG), CONFIG)


def train(epochs):
    """Train on the graphs; return the result and the rows that it announced."""
    rows, rng = [], np.random.default_rng(0)
    return train_assignment(CONFIG, LEVEL, rng, epochs, 1.0, rows.append), rows


@pytest.mark.parametrize("epochs", [1, 9])
def test_the_row_of_the_kept_epoch_has_the_means_of_the_papers_losses(epochs):
    result, rows = train(epochs)
    cuts = np.cumsum([graph.n_nodes for graph in GRAPHS])[:-1]
    pairs = list(zip(GRAPHS, np.split(result.S, cuts), strict=True))
    link = np.mean([paper.link_loss(g.adjacency.toarray(), S) for g, S in pairs])
    entropy = np.mean([paper.entropy_loss(S) for _, S in pairs])
    row = min(result.history, key=lambda row: row["loss"])
    expected = {"loss": 0.5 * link + 2 * entropy, "link_loss": link}
    expected |= {"epoch": row["epoch"], "entropy_loss": entropy}
    assert row == pytest.approx(expected, rel=1e-12)  # another order of summation
    assert [row["epoch"] for row in rows] == list(range(1, epochs + 1))
    assert (result.history, result.loss) == (rows, row["loss"])


def test_the_parameters_of_the_kept_epoch_give_its_assignment():
    result, rows = train(9)
    assert result.loss < rows[-1]["loss"]  # the last epoch is not the kept one
    S, _ = assign_nodes(result.params, LEVEL, CONFIG)
    assert_array_equal(S, result.S)
