"""Held-out graphs, scores that choose the epoch, and going on with a training."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics
from sklearn.model_selection import GridSearchCV, cross_val_score
from test_sklearn import GRAPHS, classifier

from npdiffpool import Dataset, DiffPoolRegressor, load_model
from npdiffpool.datasets import stratified_split
from npdiffpool.engine.autodiff import leaves, to_vector

LABELS = np.array(["path", "ring"] * 6)
NUMBERS = np.array([graph.n_nodes for graph in GRAPHS])
HELD_OUT = (GRAPHS[:7], LABELS[:7])
SMALL = dict(hidden=4, n_layers=1, clusters=(2,), epochs=4)


def assert_same_model(one, other):
    assert one.history_ == other.history_
    for array, expected in zip(leaves(one.params_), leaves(other.params_), strict=True):
        assert_array_equal(array, expected)


@pytest.mark.parametrize("as_dataset", [False, True])
def test_a_held_out_fraction_is_a_validation_set_with_the_same_share_of_each_class(
    as_dataset,
):
    train, held = stratified_split(LABELS, (0.75, 0.25), seed=3)
    assert [np.sum(LABELS[held] == c) for c in ("path", "ring")] in ([1, 2], [2, 1])
    graphs, weights = GRAPHS, np.arange(1.0, 13)
    if as_dataset:
        names = tuple(f"degree={i}" for i in range(65))
        graphs = Dataset(GRAPHS, LABELS, "rings", names, "here")
    by_fraction = classifier(validation_fraction=0.25, patience=1, seed=3, epochs=6)
    by_fraction.fit(graphs, LABELS, sample_weight=weights)
    given = [GRAPHS[i] for i in held], LABELS[held], weights[held]
    by_hand = classifier(patience=1, seed=3, epochs=6)
    training = [GRAPHS[i] for i in train], LABELS[train]
    by_hand.fit(*training, given, sample_weight=weights[train])
    assert_same_model(by_fraction, by_hand)
    assert (by_fraction.feature_names_in_ is not None) == as_dataset


def test_a_given_validation_set_comes_before_the_fraction():
    with_both = classifier(validation_fraction=0.5).fit(GRAPHS, LABELS, HELD_OUT)
    assert_same_model(with_both, classifier().fit(GRAPHS, LABELS, HELD_OUT))


def test_patience_works_in_grid_search_and_cross_validation():
    clf = classifier(validation_fraction=0.25, patience=1, epochs=30)
    scores = cross_val_score(clf, GRAPHS, LABELS, cv=2)
    assert scores.shape == (2,)
    search = GridSearchCV(clf, {"patience": [1, 2], "clusters": [(2,), (3,)]}, cv=2)
    best = search.fit(GRAPHS, LABELS).best_estimator_
    assert len(best.history_) == best.best_epoch_ + best.patience < 30


def test_a_regressor_holds_out_graphs_too():
    model = DiffPoolRegressor(**SMALL, validation_fraction=0.25).fit(GRAPHS, NUMBERS)
    assert "validation_loss" in model.history_[0]


SCORES = {
    "roc_auc": lambda y, p, found: metrics.roc_auc_score(y == "ring", p[:, 1]),
    "f1_macro": lambda y, p, found: metrics.f1_score(y, found, average="macro"),
    "neg_log_loss": lambda y, p, found: -metrics.log_loss(y, p),
    "balanced_accuracy": lambda y, p, found: metrics.balanced_accuracy_score(y, found),
}


@pytest.mark.parametrize("monitor", SCORES)
def test_a_score_of_scikit_learn_chooses_the_epoch(monitor):
    expected, weighted = [], []

    def watch(model):
        p, found = (f(HELD_OUT[0]) for f in (model.predict_proba, model.predict))
        expected.append(SCORES[monitor](HELD_OUT[1], p, found))

    clf = classifier(monitor=monitor, epochs=5, learning_rate=0.05)
    clf.fit(GRAPHS, LABELS, HELD_OUT, on_epoch=watch)
    scores = [row["validation_score"] for row in clf.history_]
    assert_allclose(scores, expected, rtol=1e-6)  # float32
    losses = [row["validation_loss"] for row in clf.history_]
    best = max(range(5), key=lambda i: (scores[i], -losses[i]))
    assert clf.best_epoch_ == best + 1
    copies = [0, 0, 0, *range(1, 7)]
    repeated = [GRAPHS[i] for i in copies], LABELS[:7][copies]
    for held_out in (repeated, (*HELD_OUT, [3] + [1] * 6)):
        clf = classifier(monitor=monitor, epochs=5, learning_rate=0.05)
        clf.fit(GRAPHS, LABELS, held_out)
        weighted.append([row["validation_score"] for row in clf.history_])
    assert_allclose(*weighted, rtol=1e-6)


def test_the_loss_and_a_score_of_numbers_choose_the_epoch():
    for monitor, name, sign in (
        ("loss", "validation_loss", 1),
        ("neg_mean_absolute_error", "validation_score", -1),
        ("accuracy", "validation_loss", 1),  # a regressor has none
    ):
        model = DiffPoolRegressor(**SMALL, monitor=monitor, learning_rate=0.05)
        model.fit(GRAPHS, NUMBERS, (GRAPHS[:5], NUMBERS[:5]))
        values = [sign * row[name] for row in model.history_]
        assert model.best_epoch_ == np.argmin(values) + 1
    clf = classifier(monitor="loss", epochs=4, learning_rate=0.05)
    losses = [r["validation_loss"] for r in clf.fit(GRAPHS, LABELS, HELD_OUT).history_]
    assert clf.best_epoch_ == np.argmin(losses) + 1


def test_a_warm_start_goes_on(tmp_path):
    clf = classifier(warm_start=True, epochs=2).fit(GRAPHS, LABELS)
    first, params = clf.history_, to_vector(clf.params_).copy()
    assert_same_model(clf, classifier(epochs=2).fit(GRAPHS, LABELS))
    clf.save(tmp_path / "model.npz")
    clf.fit(GRAPHS, LABELS)
    assert clf.history_[:2] == first
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3, 4]
    assert not np.array_equal(to_vector(clf.params_), params)
    loaded = load_model(tmp_path / "model.npz").fit(GRAPHS, LABELS)
    assert_same_model(loaded, clf)


@pytest.mark.filterwarnings("ignore:the training was never better")
def test_a_warm_start_keeps_parameters_scaling_and_clusters_for_new_graphs():
    clf = classifier(warm_start=True, clusters=(0.3,)).fit(GRAPHS, LABELS)
    params, scaling = to_vector(clf.params_).copy(), clf.scaling_
    clf.set_params(learning_rate=1e-30)
    clf.fit(GRAPHS[2:4] + GRAPHS[-2:], LABELS[:4], (GRAPHS[:2], LABELS[:2]))
    assert_array_equal(to_vector(clf.params_), params)
    for one, other in zip(clf.scaling_, scaling):
        assert_array_equal(one, other)
    message = r"labels must be among the training classes .*; got \['tree'\]"
    with pytest.raises(ValueError, match=message):
        clf.fit(GRAPHS, ["path", "tree"] * 6)
    for name, value in (
        ("hidden", 5),
        ("clusters", ()),
        ("clusters", (7,)),
        ("clusters", (0.9,)),
        ("ratio_of", "largest"),
        ("standardize", False),
    ):
        other = deepcopy(clf).set_params(**{name: value})
        with pytest.raises(ValueError, match=f"^warm_start must .* same .*{name}"):
            other.fit(GRAPHS, LABELS)
        assert_array_equal(to_vector(other.params_), params)


@pytest.mark.filterwarnings("ignore:the training was never better")
@pytest.mark.parametrize("assignment", ["learned", "graclus"])
def test_a_warm_start_on_smaller_graphs_keeps_the_sizes_of_the_first(assignment):
    options = dict(warm_start=True, clusters=(0.5, 0.5), assignment=assignment)
    clf = classifier(**options).fit(GRAPHS, LABELS)
    before = clf.config_
    clf.fit(GRAPHS[:2], LABELS[:2])
    assert clf.config_ == before and before.clusters == (3, 2)
    assert clf.config_.largest == 8 and len(clf.history_) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"link_weight": 0.5},
        {"entropy_weight": 0.5},
        {"link_scale": "nodes"},
        {"dropout": 0.5},
        {"recompute": True},
    ],
    ids=str,
)
def test_a_warm_start_may_change_the_loss_and_how_it_is_computed(change):
    clf = classifier(warm_start=True).fit(GRAPHS, LABELS)
    before = clf.config_
    clf.set_params(**change).fit(GRAPHS, LABELS)
    assert clf.config_ == replace(before, **change) and len(clf.history_) == 4


@pytest.mark.filterwarnings("ignore:the training was never better")
def test_a_warm_start_resumes_and_keeps_the_names_of_features():
    names = tuple(f"degree={i}" for i in range(65))
    data, saved = Dataset(GRAPHS, LABELS, "rings", names, "here"), []
    clf = classifier(warm_start=True, epochs=3).fit(data)
    again = deepcopy(clf)
    clf.fit(GRAPHS, LABELS, on_checkpoint=saved.append)
    again.fit(GRAPHS, LABELS, resume=saved[0])
    assert_same_model(clf, again)
    assert clf.feature_names_in_ == list(names)
    for earlier in (saved[0], saved[-1]):  # epochs 4 and 6
        message = "of this fit, which begins after epoch 6; got"
        with pytest.raises(ValueError, match=message):
            clf.fit(GRAPHS, LABELS, resume=earlier)
    assert len(clf.history_) == 6


@pytest.mark.filterwarnings("ignore:the training was never better")
def test_a_warm_start_draws_new_numbers_by_the_seed():
    """Parameters that do not move: only the masks of dropout differ."""
    options = dict(warm_start=True, dropout=0.5, learning_rate=1e-30)
    clf = classifier(**options).fit(GRAPHS, LABELS)
    other = deepcopy(clf).set_params(seed=1)
    for model in (clf, other, clf):
        model.fit(GRAPHS, LABELS)
    losses = {row["loss"] for model in (clf, other) for row in model.history_}
    assert len(losses) == 6 + 2


def test_the_only_graph_of_a_class_is_trained_on():
    labels = [*range(4), *[4] * 8]
    for seed in range(5):
        clf = classifier(validation_fraction=0.3, seed=seed).fit(GRAPHS, labels)
        assert len(clf.classes_) == 5


def test_a_score_that_fails_in_a_later_epoch_is_named():
    model = DiffPoolRegressor(**{**SMALL, "epochs": 30}, learning_rate=1.0)
    model.set_params(monitor="neg_mean_squared_log_error")
    pairs = GRAPHS, [0.0, 2.0] * 6
    message = "^monitor 'neg_mean_squared_log_error' is not defined for this validation"
    with pytest.raises(ValueError, match=message):
        model.fit(*pairs, pairs)


def test_a_score_that_takes_no_weights_is_refused_with_weights():
    held_out = (GRAPHS[:5], NUMBERS[:5], [1, 2, 1, 1, 1])
    model = DiffPoolRegressor(**SMALL, monitor="neg_max_error")
    with pytest.raises(ValueError, match="neg_max_error' is not defined .*weight"):
        model.fit(GRAPHS, NUMBERS, held_out)
    model.fit(GRAPHS, NUMBERS, held_out[:2])
