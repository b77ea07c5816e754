"""DiffPoolRegressor: it learns known targets, and follows the same conventions."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_regressor
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV

from npdiffpool import (
    Dataset,
    DiffPoolRegressor,
    Graph,
    GraphBatch,
    NotFittedError,
    load_model,
)
from npdiffpool.engine.autodiff import leaves, value_and_grad
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import init_model, total_loss
from npdiffpool.estimators.fitting.targets import Numbers
from npdiffpool.runs.of_model import write_run

# Trainings of five epochs, which are worse than the mean, are enough for most tests.
WARNING = "ignore:the training was never better:UserWarning"
pytestmark = pytest.mark.filterwarnings(WARNING)


def cliques(sizes):
    """Return a graph of disjoint cliques with constant features."""
    A = np.zeros((sum(sizes),) * 2)
    for start, size in zip(np.cumsum([0, *sizes]), sizes):
        A[start : start + size, start : start + size] = 1
    return Graph(A - np.diag(np.diag(A)), np.ones((len(A), 1)))


def random_cliques(n_graphs, seed=0):
    """Return graphs of 2 to 8 cliques on 24 nodes, and the numbers of cliques."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 9, n_graphs)
    ends = [np.sort(rng.choice(np.arange(1, 24), n - 1, replace=False)) for n in counts]
    return [cliques(np.diff([0, *end, 24]).tolist()) for end in ends], counts


def regressor(**changes):
    small = dict(gnn="s2v", hidden=16, clusters=(4,), readout="sum", epochs=5)
    return DiffPoolRegressor(**{**small, **changes})


def test_it_counts_communities_in_unseen_graphs():
    """All graphs have 24 nodes; linear regression on the number of edges fails."""
    graphs, counts = random_cliques(300)
    model = regressor(epochs=100, learning_rate=5e-3, seed=1)
    model.fit(graphs[:200], counts[:200], (graphs[200:250], counts[200:250]))
    assert model.score(graphs[250:], counts[250:]) > 0.99
    edges = np.array([graph.n_edges for graph in graphs], float)
    line = np.polyfit(edges[:200], counts[:200], deg=1)
    error = np.mean((np.polyval(line, edges[250:]) - counts[250:]) ** 2)
    assert 1 - error / np.var(counts[250:]) < 0.8


def test_its_history_has_squared_errors_relative_to_the_variance_of_the_targets():
    graphs, counts = random_cliques(40)
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
    assert_allclose(best, error, rtol=1e-5)  # predictions are in float32


def test_the_units_of_the_targets_do_not_matter():
    graphs, counts = random_cliques(20)
    plain = regressor().fit(graphs, counts).predict(graphs)
    scaled = regressor().fit(graphs, 1000.0 * counts - 7).predict(graphs)
    assert_allclose(scaled, 1000 * plain - 7, rtol=1e-4)  # the fit is in float32


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_tiny_and_huge_targets_are_encoded_without_overflow(size):
    of = Numbers.of(size * np.array([0.0, 1.0, -1.0]), 3)
    encoded = of.encode(size * np.array([0.0, 1.0, -1.0]), 3)
    assert_allclose(encoded[:, 0], np.sqrt(1.5) * np.array([0, 1, -1]), atol=1e-15)
    assert_allclose(of.decode(encoded), size * np.array([0.0, 1.0, -1.0]), rtol=1e-14)


def test_score_is_r_squared():
    graphs, counts = random_cliques(12)
    model = regressor().fit(graphs, counts)
    predicted = model.predict(graphs)
    expected = 1 - np.sum((counts - predicted) ** 2) / (12 * np.var(counts))
    assert_allclose(model.score(graphs, counts), expected, rtol=1e-12)
    assert model.score(graphs, np.ones(12)) == 0
    assert (
        model.score(graphs[:3], [0.1] * 3) == 0
    )  # the mean of these is not exactly 0.1
    with pytest.raises(ValueError, match="labels must be finite numbers; got nan"):
        model.score(graphs[:2], [np.nan, 1.0])
    twice = graphs[:1] * 2
    assert model.score(twice, model.predict(twice)) == 1


def test_a_constant_target_is_predicted():
    graphs, _ = random_cliques(6)
    model = regressor(epochs=300, learning_rate=1e-2).fit(graphs, [3.0] * 6)
    assert_allclose(model.predict(graphs), 3.0, atol=0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_have_the_precision_of_the_parameters(dtype):
    graphs, counts = random_cliques(4)
    config = Config(1, 1, hidden=3, loss="squared_error", dtype=dtype)
    params = init_model(np.random.default_rng(0), config)
    batch = GraphBatch.from_graphs(graphs, dtype)
    differentiate = value_and_grad(lambda *args: total_loss(*args, config))
    loss, _, gradients = differentiate(params, batch, counts.astype(float)[:, None])
    assert loss.dtype == dtype
    assert {leaf.dtype.name for leaf in leaves(gradients)} == {dtype}


def test_a_loaded_model_makes_the_same_predictions(tmp_path):
    graphs, counts = random_cliques(8)
    model = regressor().fit(graphs, counts)
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert isinstance(again, DiffPoolRegressor)
    assert_array_equal(again.predict(graphs), model.predict(graphs))


def test_it_follows_the_conventions_of_scikit_learn():
    assert is_regressor(regressor())
    assert clone(regressor(hidden=5)).get_params() == regressor(hidden=5).get_params()
    with pytest.raises(NotFittedError, match="the regressor is not fitted"):
        regressor().predict(random_cliques(1)[0])
    assert not hasattr(regressor().fit(*random_cliques(4)), "classes_")


@pytest.mark.parametrize(
    "labels, message",
    [
        ([1.0, 2.0], r"labels must be \(3,\); got \(2,\)"),
        ([1.0, np.nan, 2.0], "labels must be finite numbers; got nan"),
        (["a", "b", "c"], "labels must be finite numbers; got 'dtype str"),
    ],
)
def test_targets_that_are_not_finite_numbers_are_rejected(labels, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(random_cliques(3)[0], labels)


def several_targets(n_graphs=24):
    """Return graphs, and of each the number of cliques and the size of the largest."""
    graphs, counts = random_cliques(n_graphs)
    largest = [graph.adjacency.sum(axis=1).max() + 1 for graph in graphs]
    return graphs, np.stack([counts, 100 * np.array(largest)], axis=1)


def test_several_targets_are_learned_at_once_each_in_its_units():
    graphs, targets = several_targets(300)
    parts = graphs[:200], targets[:200], (graphs[200:250], targets[200:250])
    model = regressor(epochs=100, learning_rate=5e-3, seed=1).fit(*parts)
    predicted = model.predict(graphs[250:])
    assert predicted.shape == (50, 2)
    of_each = r2_score(targets[250:], predicted, multioutput="raw_values")
    assert of_each.min() > 0.9
    assert_allclose(model.score(graphs[250:], targets[250:]), of_each.mean(), rtol=1e-9)


def test_the_history_has_the_loss_of_each_target():
    graphs, targets = several_targets()
    model = regressor(epochs=2).fit(
        graphs[:16], targets[:16], (graphs[16:], targets[16:])
    )
    row = model.history_[model.best_epoch_ - 1]
    errors = (model.predict(graphs[16:]) - targets[16:]) / targets[:16].std(axis=0)
    expected = np.mean(errors**2, axis=0)
    found = [row["validation_loss_0"], row["validation_loss_1"]]
    assert_allclose(found, expected, rtol=1e-4)  # predictions are in float32
    assert_allclose(row["validation_loss"], expected.mean(), rtol=1e-4)


def test_a_column_of_targets_is_the_same_model_with_predictions_in_a_column(tmp_path):
    graphs, counts = random_cliques(12)
    one, column = regressor().fit(graphs, counts), regressor().fit(
        graphs, counts[:, None]
    )
    assert_array_equal(column.predict(graphs)[:, 0], one.predict(graphs))
    column.save(tmp_path / "model.npz")
    assert_array_equal(
        load_model(tmp_path / "model.npz").predict(graphs), column.predict(graphs)
    )


def test_a_loaded_model_of_several_targets_predicts_the_same(tmp_path):
    graphs, targets = several_targets(8)
    model = regressor().fit(graphs, targets)
    model.save(tmp_path / "model.npz")
    assert_array_equal(
        load_model(tmp_path / "model.npz").predict(graphs), model.predict(graphs)
    )


def test_weights_are_copies_for_several_targets_too():
    graphs, targets = several_targets(6)
    model = regressor().fit(graphs, targets)
    weights, copies = [2, 1, 0, 1, 3, 1], np.repeat(np.arange(6), [2, 1, 0, 1, 3, 1])
    repeated = model.score([graphs[i] for i in copies], targets[copies])
    assert_allclose(
        model.score(graphs, targets, weights), repeated, rtol=1e-6
    )  # of float32


def test_the_score_of_several_targets_is_the_mean_of_theirs():
    graphs, (first, second) = random_cliques(8)[0], np.eye(2, 8)
    targets = np.column_stack([first, 9 * second, np.arange(8.0)])
    model = regressor().fit(graphs, targets)
    of_each = r2_score(targets, model.predict(graphs), multioutput="raw_values")
    assert abs(np.mean(of_each) - np.median(of_each)) > 0.01
    assert_allclose(model.score(graphs, targets), np.mean(of_each), rtol=1e-9)


def test_a_number_per_graph_and_two_are_not_mixed():
    graphs, targets = several_targets(8)
    model = regressor().fit(graphs, targets)
    with pytest.raises(ValueError, match=r"labels must be \(8, 2\), as in training"):
        model.score(graphs, targets[:, 0])
    own = [Graph(g.adjacency, g.features, tuple(t)) for g, t in zip(graphs, targets)]
    assert_array_equal(regressor().fit(own).predict(own), model.predict(graphs))


def test_a_grid_search_over_several_targets_by_a_score_of_scikit_learn():
    graphs, targets = several_targets(16)
    options = {"validation_fraction": 0.25, "monitor": "r2", "epochs": 2}
    search = GridSearchCV(regressor(**options), {"clusters": [(2,), ()]}, cv=2)
    assert search.fit(graphs, targets).predict(graphs).shape == (16, 2)
    best = search.best_estimator_
    scores = [row["validation_score"] for row in best.history_]
    assert scores[best.best_epoch_ - 1] == max(scores)


def named(n_graphs=8):
    """Return a data set of two targets with names."""
    return Dataset(*several_targets(n_graphs), targets=("cliques", "largest"))


def test_targets_have_the_names_of_the_data_set_also_in_its_parts_and_files(tmp_path):
    data, names = named(), ["cliques", "largest"]
    fits = {
        "own labels": (data,),
        "given labels": (data, data.labels),
        "a copy of them": (data, data.labels.tolist()),
        "a part": (data[2:], data.labels[2:]),
        "a pickle": (pickle.loads(pickle.dumps(data)),),
    }
    for case, arguments in fits.items():
        assert regressor().fit(*arguments).target_names_ == names, case
    held_out = regressor(validation_fraction=0.25).fit(data)
    held_out.save(tmp_path / "model.npz")
    assert load_model(tmp_path / "model.npz").target_names_ == names


def test_targets_that_are_not_those_of_the_data_set_have_no_names(tmp_path):
    data = named()
    swapped = data.labels[:, ::-1]
    for arguments in (
        (data.graphs, data.labels),
        (data, swapped),
        (data, swapped[:, 0]),
    ):
        model = regressor().fit(*arguments)
        model.save(tmp_path / "model.npz")
        assert model.target_names_ is None
        assert load_model(tmp_path / "model.npz").target_names_ is None


def test_targets_in_another_order_than_those_of_training_are_refused(tmp_path):
    data, labels = named(), named().labels[:, ::-1]
    swapped = Dataset(data.graphs, labels, targets=("largest", "cliques"))
    model = regressor(warm_start=True).fit(data)
    message = r"must be the targets \['cliques', 'largest'\] of training; got \['larg"
    for use in (
        lambda: model.score(swapped),
        lambda: model.fit(swapped),
        lambda: regressor().fit(data, validation=(swapped, None)),
        lambda: write_run(model, swapped, None, tmp_path / "run", print),
    ):
        with pytest.raises(ValueError, match=message):
            use()
    assert model.score(swapped.graphs, data.labels) == model.score(data)


def test_a_warm_start_keeps_the_names_of_the_targets():
    data, model = named(), regressor(warm_start=True)
    again = model.fit(data).fit(data.graphs, data.labels)
    assert again.target_names_ == ["cliques", "largest"]
