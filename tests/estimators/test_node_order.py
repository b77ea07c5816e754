"""What an estimator learns and returns does not depend on the order of nodes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import npdiffpool as ndp
from npdiffpool.estimators.fitting.inputs import Scaling


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
    assigned, moved = one.assignments_of(graphs[:5]), two.assignments_of(permuted[:5])
    for (S,), (S_moved,), order in zip(assigned, moved, orders):
        # Rows of equal nodes may differ in the last bits, by their place in a product.
        assert_allclose(S_moved, S[order], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"dropout": 0.3}])
def test_training_on_permuted_molecules_gives_the_same_bytes(options):
    mutag = ndp.load_dataset("MUTAG")
    assert_learns_the_same(list(mutag), mutag.labels, **options)


@pytest.mark.parametrize("name", ["ENZYMES", "PROTEINS"])
def test_training_on_permuted_proteins_gives_the_same_bytes(name, data_folder):
    """With constant features, for which rounding decided every prediction before."""
    dataset = ndp.load_dataset(data_folder / name, features="ones")
    labels = dataset.labels[::6]
    options = dict(batch_norm=True, dtype="float64", hidden=16, clusters=(4,))
    assert_learns_the_same(list(dataset)[::6], labels, **options)


@pytest.mark.parametrize("clusters", [(), (3,), (3, 2)])
def test_assignments_of_several_graphs_are_those_of_each(clusters):
    mutag = ndp.load_dataset("MUTAG")
    small = dict(epochs=1, hidden=4, dtype="float64")
    clf = ndp.DiffPoolClassifier(clusters=clusters, **small)
    clf.fit(mutag[:60], mutag.labels[:60])
    found = clf.assignments_of(mutag[:7])
    for graph, levels in zip(mutag[:7], found, strict=True):
        expected = clf.assignments(graph)
        assert [S.shape for S in levels] == [S.shape for S in expected]
        for S, S_alone in zip(levels, expected):
            assert_allclose(S, S_alone, rtol=1e-12)


@pytest.mark.parametrize("exponent", [0, -170])
def test_the_scale_of_features_does_not_depend_on_the_order_of_nodes(exponent):
    rng = np.random.default_rng(0)
    X = 10.0**exponent * rng.normal(size=(50, 1))
    graph = ndp.Graph(np.zeros((50, 50)), X)
    permuted = graph.permute(rng.permutation(50))
    assert_array_equal(Scaling.of([graph], True), Scaling.of([permuted], True))
