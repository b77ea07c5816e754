"""Trainings that cannot succeed, or did not, say so."""

import warnings

import numpy as np
import pytest

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor, Graph, load_dataset
from npdiffpool.estimators.fitting.training_checks import find_failure

RINGS = [[(i, (i + 1) % 12) for i in range(12)]] * 10
CLIQUES = [[(i, j) for i in range(12) for j in range(i)]] * 10
LABELS = ["ring"] * 10 + ["clique"] * 10


def of_edges(features=None):
    return [Graph.from_edges(edges, 12, features) for edges in RINGS + CLIQUES]


def test_rings_and_cliques_without_features_are_learnt_with_the_defaults():
    graphs = of_edges()
    assert DiffPoolClassifier(epochs=10).fit(graphs, LABELS).score(graphs, LABELS) == 1


@pytest.mark.parametrize("kind", [DiffPoolClassifier, DiffPoolRegressor])
@pytest.mark.parametrize("clusters", [(), (0.25,), (4, 2)])
@pytest.mark.parametrize("options", [{}, {"gnn": "mlp"}, {"batch_norm": True}])
def test_fit_warns_where_no_two_graphs_can_be_told_apart(kind, clusters, options):
    model = kind(hidden=4, clusters=clusters, epochs=1, **options)
    labels = np.repeat([0, 1], 10)
    gnn = f"these features and gnn='{model.gnn}' all of them have the same embedding"
    with pytest.warns(UserWarning, match=gnn) as seen:
        model.fit(of_edges("ones"), labels)
    assert [record.filename for record in seen] == [__file__]


@pytest.mark.parametrize("options", [{"gnn": "s2v"}, {"hidden": 1}])
def test_fit_does_not_warn_where_the_layer_sees_a_difference(options):
    features = "degree" if "hidden" in options else "ones"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DiffPoolClassifier(epochs=1, **options).fit(of_edges(features), LABELS)


@pytest.mark.parametrize("gnn", ["sage", "gcn", "mlp"])
def test_fit_does_not_warn_where_only_the_size_of_a_feature_differs(gnn):
    clique = np.ones((3, 3))
    graphs = [Graph(clique, np.full(3, 1.0 + i % 2)) for i in range(20)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = DiffPoolClassifier(epochs=1, standardize=False, gnn=gnn)
        model.fit(graphs, np.arange(20) % 2)


def test_one_graph_alone_is_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DiffPoolRegressor(epochs=1, hidden=4).fit(of_edges()[:1], [3.0])


def test_one_graph_that_differs_is_found_wherever_it_is():
    graphs = of_edges("ones")[:10]
    for place in (1, 5, 9):
        changed = [*graphs]
        changed[place] = Graph.from_edges([(0, 1)], 12, "ones")  # has isolated nodes
        DiffPoolClassifier(epochs=1, hidden=4).fit(changed, LABELS[5:15])


def test_the_check_does_not_change_the_training():
    graphs, twins = of_edges(), of_edges("ones")
    with pytest.warns(UserWarning, match="told apart"):
        alike = DiffPoolClassifier(epochs=2, hidden=4).fit(twins, LABELS)
    first = DiffPoolClassifier(epochs=2, hidden=4).fit(graphs, LABELS)
    second = DiffPoolClassifier(epochs=2, hidden=4).fit(graphs, LABELS)
    assert first.history_ == second.history_ != alike.history_


MUTAG = load_dataset("MUTAG")


@pytest.mark.parametrize("kind", [DiffPoolClassifier, DiffPoolRegressor])
def test_a_training_that_diverges_says_so(kind):
    constant = "the class frequencies" if kind is DiffPoolClassifier else "the mean"
    model = kind(epochs=3, learning_rate=1e5, hidden=4)
    with pytest.warns(UserWarning, match=f"never better than predicting {constant}:"):
        model.fit(MUTAG, MUTAG.labels)


def test_a_training_is_kept_where_its_warning_is_an_error():
    model = DiffPoolClassifier(epochs=3, learning_rate=1e5, hidden=4)
    with pytest.raises(UserWarning, match="never better than predicting"):
        model.fit(MUTAG, MUTAG.labels)
    assert len(model.history_) == 3 and len(model.predict(MUTAG)) == len(MUTAG)


def test_a_training_that_learns_does_not_warn():
    DiffPoolClassifier(epochs=5).fit(MUTAG, MUTAG.labels)


def history(loss, *values):
    return [{loss: value} for value in values]


def test_the_bounds_are_the_entropy_of_the_classes_and_the_variance_of_the_targets():
    targets = np.array([0, 0, 0, 1])
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    for loss, labels, bound in (
        ("cross_entropy", targets, entropy),
        ("squared_error", targets[:, None].astype(float), 0.1875),
    ):
        above, below = bound * (1 + 1e-9), bound * (1 - 1e-9)
        assert f"{bound:.4g};" in find_failure(
            history(loss, *[above] * 5), labels, loss
        )
        assert find_failure(history(loss, *[above] * 4, below), labels, loss) is None
        assert find_failure(history(loss, *[above] * 4), labels, loss) is None
        assert find_failure(history(loss, 100 * above), labels, loss) is not None


def test_equal_targets_cannot_be_predicted_worse_than_by_their_mean():
    assert (
        find_failure(history("squared_error", 5.0), np.zeros((3, 1)), "squared_error")
        is None
    )
