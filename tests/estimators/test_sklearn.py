"""The classifier works in place of an estimator of scikit-learn."""

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor, Graph, GraphError
from npdiffpool.estimators.baselines import SubtreeKernelClassifier


def ring_or_path(n, closed):
    steps = [(i, i + 1) for i in range(n - 1)] + ([(n - 1, 0)] if closed else [])
    return Graph.from_edges(steps, n)


GRAPHS = [ring_or_path(n, closed) for n in range(3, 9) for closed in (True, False)]
LABELS = ["ring", "path"] * 6


def classifier(**changes):
    small = dict(gnn="gcn", hidden=4, n_layers=1, clusters=(2,), epochs=2)
    small["normalize_rows"] = (
        False  # it would remove the degrees in a model of one layer
    )
    return DiffPoolClassifier(**{**small, **changes})


def with_degrees(graphs):
    degrees = [np.asarray(graph.adjacency.sum(axis=1)) for graph in graphs]
    return [Graph(g.adjacency, column, g.label) for g, column in zip(graphs, degrees)]


def test_a_clone_has_the_same_parameters_and_is_not_fitted():
    clf = classifier(clusters=[2, 0.5]).fit(GRAPHS, LABELS)
    copied = clone(clf)
    assert copied.get_params() == clf.get_params()
    assert not vars(copied).keys() - clf.get_params().keys()
    expected = clf.predict_proba(GRAPHS)
    assert_array_equal(copied.fit(GRAPHS, LABELS).predict_proba(GRAPHS), expected)


def test_the_kernel_classifier_can_be_cloned():
    copied = clone(SubtreeKernelClassifier(rounds=(2,)))
    assert copied.get_params() == {"rounds": (2,), "penalties": (0.01, 0.1, 1, 10, 100)}


def test_scikit_learn_recognises_a_classifier_and_whether_it_is_fitted():
    clf = classifier()
    assert is_classifier(clf)
    with pytest.raises(NotFittedError):
        check_is_fitted(clf)
    check_is_fitted(clf.fit(GRAPHS, LABELS))


def test_cross_val_score_equals_fitting_and_scoring_each_fold():
    folds = StratifiedKFold(3)
    scores = cross_val_score(classifier(), GRAPHS, LABELS, cv=folds)
    expected = []
    for train, test in folds.split(GRAPHS, LABELS):
        clf = classifier().fit(*taken(train))
        expected.append(clf.score(*taken(test)))
    assert_array_equal(scores, expected)


def taken(indices):
    return [GRAPHS[i] for i in indices], [LABELS[i] for i in indices]


def test_cross_val_score_stratifies_the_folds():
    counts = []

    def score(clf, graphs, labels):
        counts.append((labels.count("ring"), labels.count("path")))
        return 0.0

    cross_val_score(classifier(), GRAPHS, sorted(LABELS), cv=3, scoring=score)
    assert counts == [(2, 2)] * 3


def test_a_grid_search_finds_the_best_number_of_epochs():
    grid = {"clusters": [(), (2,), (0.5, 2)], "epochs": [1, 20]}
    clf = classifier(learning_rate=0.01, hidden=8)
    search = GridSearchCV(clf, grid, cv=2, error_score="raise")
    search.fit(GRAPHS, LABELS)
    assert len(search.cv_results_["params"]) == 6
    assert search.best_params_["epochs"] == 20
    assert search.best_estimator_.score(GRAPHS, LABELS) == search.score(GRAPHS, LABELS)


def test_a_grid_search_runs_over_patience_clusters_and_layer():
    grid = {"patience": [1, 4], "clusters": [(), (2,)], "gnn": ["gcn", "s2v"]}
    clf = classifier(epochs=30, validation_fraction=0.34, learning_rate=0.1)
    search = GridSearchCV(clf, grid, cv=2, error_score="raise").fit(GRAPHS, LABELS)
    assert len(search.cv_results_["params"]) == 8
    best = search.best_estimator_
    assert len(best.history_) <= best.best_epoch_ + search.best_params_["patience"]
    assert best.get_params().items() >= search.best_params_.items()


ENSEMBLES = {
    "bagging": lambda: BaggingClassifier(classifier(), n_estimators=2, random_state=0),
    "boosting": lambda: AdaBoostClassifier(classifier(), n_estimators=2),
}


@pytest.mark.filterwarnings("ignore:training did not:UserWarning")
@pytest.mark.parametrize("kind", ENSEMBLES)
def test_an_ensemble_is_fitted_on_a_column_of_graphs(kind):
    column = np.array(GRAPHS, dtype=object)[:, None]
    model = ENSEMBLES[kind]().fit(column, LABELS)
    assert set(model.predict(column)) <= {"ring", "path"}
    assert model.predict_proba(column).shape == (12, 2)
    alone = model.estimators_[0]
    assert_array_equal(alone.predict_proba(column), alone.predict_proba(GRAPHS))


@pytest.mark.parametrize("kind", ENSEMBLES)
def test_an_ensemble_refuses_a_list_of_graphs(kind):
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        ENSEMBLES[kind]().fit(GRAPHS, LABELS)


def test_only_a_column_of_graphs_is_taken_for_a_list():
    table = np.array(GRAPHS, dtype=object).reshape(6, 2)
    with pytest.raises(GraphError, match=r"graphs\[0\] must be a Graph; got numpy.nd"):
        classifier().fit(table, LABELS[:6])


def test_fit_transform_returns_what_transform_returns_after_fit():
    weights = np.arange(12.0)
    clf = classifier().fit(GRAPHS, LABELS, sample_weight=weights)
    found = classifier().fit_transform(GRAPHS, LABELS, sample_weight=weights)
    assert_array_equal(found, clf.transform(GRAPHS))


@pytest.mark.parametrize(
    "changes", [{}, {"clusters": ()}, {"readout": "set2set"}, {"classifier_hidden": 0}]
)
def test_every_column_of_the_embeddings_has_a_name(changes):
    clf = classifier(**changes).fit(GRAPHS, LABELS)
    names = clf.get_feature_names_out(["x"] * 65)
    width = clf.transform(GRAPHS).shape[1]
    assert names.tolist() == [f"diffpoolclassifier{i}" for i in range(width)]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output_makes_a_data_frame_that_a_clone_and_a_pipeline_keep(library):
    frames = pytest.importorskip(library)
    clf = clone(classifier().set_output(transform=library)).fit(GRAPHS, LABELS)
    frame = clf.set_output(transform=None).transform(GRAPHS)
    assert isinstance(frame, frames.DataFrame)
    assert list(frame.columns) == list(clf.get_feature_names_out())
    plain = clf.set_output(transform="default").transform(GRAPHS)
    assert type(plain) is np.ndarray and plain.dtype == np.float32
    assert_array_equal(frame.to_numpy(), plain)
    pipe = Pipeline([("pool", classifier())]).set_output(transform=library)
    assert isinstance(pipe.fit(GRAPHS, LABELS).transform(GRAPHS), frames.DataFrame)


def test_a_data_frame_has_the_columns_by_their_names(monkeypatch):
    made = SimpleNamespace(DataFrame=lambda columns: columns)
    monkeypatch.setitem(sys.modules, "pandas", made)
    clf = classifier().fit(GRAPHS, LABELS)
    plain = clf.transform(GRAPHS)
    columns = clf.set_output(transform="pandas").transform(GRAPHS)
    assert list(columns) == list(clf.get_feature_names_out())
    assert_array_equal(np.stack(list(columns.values()), axis=1), plain)


def test_scikit_learns_own_setting_applies_unless_the_estimator_has_one(monkeypatch):
    made = SimpleNamespace(DataFrame=lambda columns: columns)
    monkeypatch.setitem(sys.modules, "pandas", made)
    clf = classifier().fit(GRAPHS, LABELS)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(clf.transform(GRAPHS), dict)
        assert isinstance(
            clf.set_output(transform="default").transform(GRAPHS), np.ndarray
        )


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="the output 'polars' needs polars: pip inst"):
        classifier().set_output(transform="polars")


def test_an_estimator_prints_the_parameters_that_differ_from_the_defaults():
    assert repr(DiffPoolClassifier()) == "DiffPoolClassifier()"
    clf = DiffPoolRegressor(clusters=[0.25], gnn="gcn", hidden=64)
    assert repr(clf) == "DiffPoolRegressor(gnn='gcn', clusters=[0.25])"


def test_a_pipeline_can_transform_the_graphs_first():
    degrees = FunctionTransformer(with_degrees)
    pipe = Pipeline([("degrees", degrees), ("pool", classifier())])
    pipe.set_params(pool__hidden=3).fit(GRAPHS, LABELS)
    alone = classifier(hidden=3).fit(with_degrees(GRAPHS), LABELS)
    assert is_classifier(pipe)
    assert_array_equal(pipe.predict(GRAPHS), alone.predict(with_degrees(GRAPHS)))
    assert pipe.score(GRAPHS, LABELS) == alone.score(with_degrees(GRAPHS), LABELS)
    assert_array_equal(pipe.classes_, alone.classes_)


def test_the_embeddings_can_be_the_input_of_another_estimator():
    pipe = Pipeline([("pool", classifier(epochs=20)), ("svc", SVC())])
    assert pipe.fit(GRAPHS, LABELS).predict(GRAPHS).shape == (12,)


def test_a_pickled_classifier_makes_the_same_predictions():
    clf = classifier().fit(GRAPHS, LABELS)
    again = pickle.loads(pickle.dumps(clf))
    assert_array_equal(again.predict_proba(GRAPHS), clf.predict_proba(GRAPHS))


def test_the_classifier_does_not_inherit_from_scikit_learn():
    assert not isinstance(classifier(), BaseEstimator)
