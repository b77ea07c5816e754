"""The results of a run: the scores of the kept epoch on the test graphs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from npdiffpool._support.types import Json, Row
from npdiffpool.datasets import Dataset
from npdiffpool.estimators.diffpool import Model
from npdiffpool.estimators.fitting.targets import r_squared
from npdiffpool.estimators.fitting.training_checks import find_failure
from npdiffpool.estimators.fitting.weights import combine_weights
from npdiffpool.training.schedule import OWN_MONITORS

SHOWN = 500  # test graphs whose targets and predictions are listed, for the report


def compute_results(model: Model, train: Dataset | None, test: Dataset) -> Json:
    """Compute the results of a fitted model on test graphs.

    Those of a classifier are accuracies and the confusion matrix. Those of a regressor
    are R^2 and the mean absolute error of each target, beside that of predicting its
    mean in training. `failure` says that no epoch was better than a constant
    prediction; it is None otherwise. The majority class is that of the training graphs.
    If `train` is None, it is that of the test graphs, and `failure` is not known: None.
    """
    best = model.history_[model.best_epoch_ - 1]
    found: Json = {"best_epoch": model.best_epoch_, "monitor": model.monitor}
    found |= {"test_graphs": len(test)}
    if model.kind == "classifier":
        majority, _ = (test if train is None else train).majority_class()
        found |= _of_classes(model, best, majority, test)
    else:
        found |= _of_targets(model, best, test)
    failure = None if train is None else _find_failure(model, train)
    return {**found, "failure": failure}


def is_regression(results: Json) -> bool:
    """Return whether the results of a run are those of a regressor."""
    return "targets" in results


def _find_failure(model: Model, train: Dataset) -> str | None:
    encoded = model.targets_.encode(train.labels, len(train))
    weights = combine_weights(None, model.class_weight, model.targets_, encoded)
    return find_failure(model.history_, encoded, model.config_.loss, weights)


def _of_classes(clf: Any, best: Row, majority: Any, test: Dataset) -> Json:
    return {
        "validation_accuracy": best.get("validation_accuracy"),
        "test_accuracy": clf.score(test, test.labels),
        "confusion": confusion(clf, test),
        "majority_class": majority,
        "majority_test_accuracy": float(np.mean(test.labels == majority)),
    }


def _of_targets(model: Any, best: Row, test: Dataset) -> Json:
    predicted = model.predict(test)
    true, found = (x.reshape(len(test), -1) for x in (test.labels, predicted))
    errors = np.mean(np.abs(found - true), axis=0)
    means = model.targets_.mean.reshape(-1)
    columns = {
        "name": test.targets or ["target"],
        "r2": r_squared(test.labels, predicted).tolist(),
        "mean_absolute_error": errors.tolist(),
        "mean_absolute_error_of_mean": np.mean(np.abs(true - means), axis=0).tolist(),
    }
    places = np.linspace(0, len(test) - 1, min(SHOWN, len(test))).round().astype(int)
    return {
        "validation_loss": best.get("validation_loss"),
        "test_r2": float(np.mean(columns["r2"])),
        "targets": [
            dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)
        ],
        "true": true[places].tolist(),
        "predicted": found[places].tolist(),
    }


def confusion(clf: Any, test: Dataset) -> Json:
    """Count test graphs by true class (rows) and predicted class (columns)."""
    true, predicted = np.union1d(clf.classes_, test.labels), clf.classes_
    counts = np.zeros((len(true), len(predicted)), dtype=int)
    rows = np.searchsorted(true, test.labels)
    np.add.at(counts, (rows, np.searchsorted(predicted, clf.predict(test))), 1)
    names = {"true": true.tolist(), "predicted": predicted.tolist()}
    return {**names, "counts": counts.tolist()}


def describe_results(results: Json, epochs: int) -> str:
    """Describe results in two lines, and one more for each of several targets."""
    kept = f"kept epoch {results['best_epoch']} of {epochs}{describe_choice(results)}"
    n_graphs = results["test_graphs"]
    if is_regression(results):
        return f"{kept}\n{_describe_targets(results, n_graphs)}"
    accuracy = results["test_accuracy"]
    error = standard_error(accuracy, n_graphs)
    return (
        f"{kept}\n"
        f"test accuracy {accuracy:.1%} ({round(accuracy * n_graphs)} of {n_graphs}, "
        f"standard error {error:.1%}); always the majority class "
        f"({results['majority_class']}): {results['majority_test_accuracy']:.1%}"
    )


def describe_choice(results: Json) -> str:
    """Return how the kept epoch was chosen; nothing without validation graphs."""
    is_regressor = is_regression(results)
    value = results["validation_loss" if is_regressor else "validation_accuracy"]
    if value is None:
        return ""
    monitor = str(results.get("monitor", "accuracy"))  # runs of older versions lack it
    best = "squared error" if is_regressor else "accuracy"
    score = f"{value:.4g} of the variance" if is_regressor else f"{value:.1%}"
    if monitor not in (OWN_MONITORS if is_regressor else ["accuracy"]):
        best, score = monitor, f"{best} {score}"
    return f", with the best {best} on the validation graphs ({score})"


def _describe_targets(results: Json, n_graphs: int) -> str:
    rows = results["targets"]
    head = f"test R^2 {results['test_r2']:.3f} ({n_graphs} graphs"
    errors = [
        f"mean absolute error {row['mean_absolute_error']:.4g}; always the mean of the "
        f"training graphs: {row['mean_absolute_error_of_mean']:.4g}"
        for row in rows
    ]
    if len(rows) == 1:
        return f"{head}), {errors[0]}"
    lines = [f"  {r['name']}: R^2 {r['r2']:.3f}, {e}" for r, e in zip(rows, errors)]
    return "\n".join([f"{head}, the mean over {len(rows)} targets)", *lines])


def standard_error(accuracy: float, n_graphs: int) -> float:
    """Compute the standard error of an accuracy, sqrt(p (1 - p) / n).

    >>> standard_error(0.9, 100)
    0.03
    """
    return math.sqrt(accuracy * (1 - accuracy) / max(n_graphs, 1))
