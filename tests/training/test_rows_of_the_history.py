"""What the history says of weighted graphs and of several levels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_training import GRAPHS, LABELS, config, labelled

from npdiffpool.engine.config import Config
from npdiffpool.engine.model import forward, init_model
from npdiffpool.training.fit import Labelled, fit, init_running, validate
from npdiffpool.training.schedule import Schedule

SMALL = dict(hidden=4, n_layers=2, clusters=(3, 2), dtype="float64", batch_norm=False)
CLASSES, NUMBERS = Config(2, 2, **SMALL), Config(2, 2, loss="squared_error", **SMALL)
COUNTS = np.arange(24) % 4
TARGETS = np.column_stack([LABELS, np.arange(24) / 10])


@pytest.mark.parametrize("chosen, labels", [(CLASSES, LABELS), (NUMBERS, TARGETS)])
def test_a_weight_counts_as_that_many_copies_in_every_row(chosen, labels):
    batch = labelled(GRAPHS, LABELS, chosen).batch
    each, copies = np.arange(24), np.repeat(np.arange(24), COUNTS)
    weights = COUNTS / np.mean(COUNTS)
    weighted = Labelled(batch.take(each), labels, weights)
    repeated = Labelled(batch.take(copies), labels[copies])
    params = init_model(np.random.default_rng(0), chosen)
    of_weights, of_copies, of_graphs = (
        validate(params, init_running(chosen), data, chosen)
        for data in (weighted, repeated, Labelled(batch.take(each), labels))
    )
    assert of_weights == pytest.approx(of_copies, rel=1e-12)  # order of summation
    still = Schedule(epochs=1, batch_size=99, learning_rate=1e-300)
    first, second = (
        fit(chosen, still, data, None, np.random.default_rng(0)).history[0]
        for data in (weighted, repeated)
    )
    assert first == pytest.approx(second, rel=1e-12)
    assert all(of_weights[name] != of_graphs[name] for name in of_graphs)


def test_link_and_entropy_loss_are_summed_over_levels():
    chosen = config(clusters=(3, 2), batch_norm=False)
    data = labelled(GRAPHS, LABELS, chosen)
    still = Schedule(epochs=1, batch_size=5, learning_rate=1e-300)
    (row,) = fit(chosen, still, data, None, np.random.default_rng(0)).history
    params = init_model(np.random.default_rng(0), chosen)
    steps = forward(params, data.batch, chosen).steps
    assert len(steps) == 2
    for name, kind in (("link_loss", "L_link"), ("entropy_loss", "L_ent")):
        means = [np.mean(getattr(step, kind)) for step in steps]
        assert_allclose(row[name], sum(means), rtol=1e-12)
