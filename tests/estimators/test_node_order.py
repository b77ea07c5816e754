"""What an estimator learns and returns does not depend on the order of nodes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import npdiffpool as ndp


def permute(graphs):
    rng = np.random.default_rng(1)
    orders = [rng.permutation(graph.n_nodes) for graph in graphs]
    return orders, [graph.permute(order) for graph, order in zip(graphs, orders)]


def assert_learns_the_same(graphs, labels, **options):
    """Fit on the graphs and on permuted ones, in default settings but for `options`."""
    orders, permuted = permute(graphs)
    models = [
        ndp.DiffPoolClassifier(epochs=2, **options).fit(part, labels)
        for part in (graphs, permuted)
    ]
    one, two = models
    assert one.history_ == two.history_
    for name in ("predict_proba", "transform"):
        first, second = getattr(one, name)(graphs), getattr(two, name)(permuted)
        assert first.tobytes() == second.tobytes()
    for graph, moved, order in zip(graphs[:5], permuted, orders):
        (S,), (S_moved,) = one.assignments(graph), two.assignments(moved)
        # Rows of equal nodes may differ in the last bits, by their place in a product.
        assert_allclose(S_moved, S[order], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_training_on_permuted_molecules_gives_the_same_bytes(batch_norm):
    mutag = ndp.load_dataset("MUTAG")
    assert_learns_the_same(list(mutag), mutag.labels, batch_norm=batch_norm)


@pytest.mark.parametrize("name", ["ENZYMES", "PROTEINS"])
def test_training_on_permuted_proteins_gives_the_same_bytes(name, data_folder):
    """With constant features, for which rounding decided every prediction before."""
    dataset = ndp.load_dataset(data_folder / name, features="ones")
    labels = dataset.labels[::6]
    options = dict(batch_norm=True, dtype="float64", hidden=16, clusters=(4,))
    assert_learns_the_same(list(dataset)[::6], labels, **options)


def test_real_features_are_scaled_alike():
    rng = np.random.default_rng(0)
    graphs = [ndp.Graph(np.ones((9, 9)), rng.normal(size=(9, 2))) for _ in range(6)]
    _, permuted = permute(graphs)
    fits = [
        ndp.DiffPoolClassifier(epochs=1, clusters=(2,), hidden=3).fit(part, [0, 1] * 3)
        for part in (graphs, permuted)
    ]
    assert_array_equal(fits[0].scaling_, fits[1].scaling_)
