"""DiffPoolRegressor: it finds known numbers, and keeps the classifier's conventions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_regressor

from npdiffpool import DiffPoolRegressor, Graph, GraphBatch, NotFittedError, load_model
from npdiffpool.engine.autodiff import leaves, value_and_grad
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import init_model, total_loss
from npdiffpool.estimators.targets import Numbers


def cliques(sizes):
    """Make disjoint cliques, each node showing nothing but itself."""
    A = np.zeros((sum(sizes),) * 2)
    for start, size in zip(np.cumsum([0, *sizes]), sizes):
        A[start : start + size, start : start + size] = 1
    return Graph(A - np.diag(np.diag(A)), np.ones((len(A), 1)))


def counted(n_graphs, seed=0):
    """Make graphs of two to eight cliques, 24 nodes in all, and say how many."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 9, n_graphs)
    ends = [np.sort(rng.choice(np.arange(1, 24), n - 1, replace=False)) for n in counts]
    return [cliques(np.diff([0, *end, 24]).tolist()) for end in ends], counts


def regressor(**changes):
    small = dict(gnn="s2v", hidden=16, clusters=(4,), readout="sum", epochs=5)
    return DiffPoolRegressor(**{**small, **changes})


def test_it_counts_communities_that_it_has_not_seen():
    """Where a line through the number of edges does not: all have 24 nodes."""
    graphs, counts = counted(300)
    model = regressor(epochs=150, learning_rate=5e-3, seed=1)
    model.fit(graphs[:200], counts[:200], (graphs[200:250], counts[200:250]))
    assert model.score(graphs[250:], counts[250:]) > 0.99
    edges = np.array([graph.n_edges for graph in graphs], float)
    line = np.polyfit(edges[:200], counts[:200], deg=1)
    missed = np.mean((np.polyval(line, edges[250:]) - counts[250:]) ** 2)
    assert 1 - missed / np.var(counts[250:]) < 0.8


def test_its_history_is_of_squared_errors_as_shares_of_the_variance():
    graphs, counts = counted(40)
    held_out = (graphs[30:], counts[30:])
    model = regressor(epochs=3).fit(graphs[:30], counts[:30], held_out)
    row = model.history_[-1]
    assert set(row) == {
        "epoch", "loss", "squared_error", "link_loss", "entropy_loss", "validation_loss"
    }  # fmt: skip
    best = model.history_[model.best_epoch_ - 1]["validation_loss"]
    assert best == min(row["validation_loss"] for row in model.history_)
    predicted = model.predict(graphs[30:])
    error = np.mean((predicted - counts[30:]) ** 2) / np.var(counts[:30])
    assert_allclose(best, error, rtol=1e-5)  # predicted in float32


def test_targets_in_other_units_are_learnt_alike():
    graphs, counts = counted(20)
    plain = regressor().fit(graphs, counts).predict(graphs)
    scaled = regressor().fit(graphs, 1000.0 * counts - 7).predict(graphs)
    assert_allclose(scaled, 1000 * plain - 7, rtol=1e-4)  # the fit is in float32


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_targets_of_any_size_have_a_scale(size):
    of = Numbers.of(size * np.array([0.0, 1.0, -1.0]), 3)
    encoded = of.encode(size * np.array([0.0, 1.0, -1.0]), 3)
    assert_allclose(encoded, np.sqrt(1.5) * np.array([0, 1, -1]), atol=1e-15)
    assert_allclose(of.decode(encoded), size * np.array([0.0, 1.0, -1.0]), rtol=1e-14)


def test_score_is_r_squared():
    graphs, counts = counted(12)
    model = regressor().fit(graphs, counts)
    predicted = model.predict(graphs)
    expected = 1 - np.sum((counts - predicted) ** 2) / (12 * np.var(counts))
    assert_allclose(model.score(graphs, counts), expected, rtol=1e-12)
    assert model.score(graphs, np.ones(12)) == 0
    assert model.score(graphs[:3], [0.1] * 3) == 0  # whose mean is not 0.1
    with pytest.raises(ValueError, match="labels must be finite numbers; got nan"):
        model.score(graphs[:2], [np.nan, 1.0])
    twice = graphs[:1] * 2
    assert model.score(twice, model.predict(twice)) == 1


def test_equal_targets_are_predicted():
    graphs, _ = counted(6)
    model = regressor(epochs=300, learning_rate=1e-2).fit(graphs, [3.0] * 6)
    assert_allclose(model.predict(graphs), 3.0, atol=0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_gradient_is_wider_than_its_parameter(dtype):
    graphs, counts = counted(4)
    config = Config(1, 1, hidden=3, loss="squared_error", dtype=dtype)
    params = init_model(np.random.default_rng(0), config)
    batch = GraphBatch.from_graphs(graphs, dtype)
    find = value_and_grad(lambda *given: total_loss(*given, config))
    loss, _, gradients = find(params, batch, counts.astype(float))
    assert loss.dtype == dtype
    assert {leaf.dtype.name for leaf in leaves(gradients)} == {dtype}


def test_a_model_comes_back_from_its_file(tmp_path):
    graphs, counts = counted(8)
    model = regressor().fit(graphs, counts)
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert isinstance(again, DiffPoolRegressor)
    assert_array_equal(again.predict(graphs), model.predict(graphs))


def test_it_keeps_scikit_learns_conventions():
    assert is_regressor(regressor())
    assert clone(regressor(hidden=5)).get_params() == regressor(hidden=5).get_params()
    with pytest.raises(NotFittedError, match="the regressor is not fitted"):
        regressor().predict(counted(1)[0])
    assert not hasattr(regressor().fit(*counted(4)), "classes_")


@pytest.mark.parametrize(
    "labels, message",
    [
        ([1.0, 2.0], r"labels must be \(3,\); got \(2,\)"),
        ([1.0, np.nan, 2.0], "labels must be finite numbers; got nan"),
        (["a", "b", "c"], "labels must be finite numbers; got 'dtype str"),
    ],
)
def test_targets_that_are_no_numbers_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(counted(3)[0], labels)
