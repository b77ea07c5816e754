"""The results of a run: accuracies of the kept epoch, and the confusion matrix."""

from __future__ import annotations

import math

import numpy as np

from npdiffpool._support.types import Json
from npdiffpool.datasets import Dataset
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.estimators.fitting.training_checks import find_failure
from npdiffpool.estimators.fitting.weights import combine_weights


def compute_results(clf: DiffPoolClassifier, train: Dataset, test: Dataset) -> Json:
    """Compute the results of a fitted classifier on test graphs.

    The majority class is that of the training graphs. `failure` says that no epoch was
    better than predicting the class frequencies; it is None otherwise.
    """
    encoded = clf.targets_.encode(train.labels, len(train))
    weights = combine_weights(None, clf.class_weight, clf.targets_, encoded)
    best = clf.history_[clf.best_epoch_ - 1]
    majority, _ = train.majority_class()
    return {
        "best_epoch": clf.best_epoch_,
        "validation_accuracy": best["validation_accuracy"],
        "test_accuracy": clf.score(test, test.labels),
        "test_graphs": len(test),
        "confusion": confusion(clf, test),
        "majority_class": majority,
        "majority_test_accuracy": float(np.mean(test.labels == majority)),
        "failure": find_failure(clf.history_, encoded, clf.config_.loss, weights),
    }


def confusion(clf: DiffPoolClassifier, test: Dataset) -> Json:
    """Count test graphs by true class (rows) and predicted class (columns)."""
    true, predicted = np.union1d(clf.classes_, test.labels), clf.classes_
    counts = np.zeros((len(true), len(predicted)), dtype=int)
    rows = np.searchsorted(true, test.labels)
    np.add.at(counts, (rows, np.searchsorted(predicted, clf.predict(test))), 1)
    names = {"true": true.tolist(), "predicted": predicted.tolist()}
    return {**names, "counts": counts.tolist()}


def describe_results(results: Json, epochs: int) -> str:
    """Describe results in two lines."""
    accuracy, n_graphs = results["test_accuracy"], results["test_graphs"]
    error = standard_error(accuracy, n_graphs)
    return (
        f"kept epoch {results['best_epoch']} of {epochs}, the best on validation: "
        f"{results['validation_accuracy']:.1%}\n"
        f"test accuracy {accuracy:.1%} ({round(accuracy * n_graphs)} of {n_graphs}, "
        f"standard error {error:.1%}); always the majority class "
        f"({results['majority_class']}): {results['majority_test_accuracy']:.1%}"
    )


def standard_error(accuracy: float, n_graphs: int) -> float:
    """Compute the standard error of an accuracy, sqrt(p (1 - p) / n).

    >>> standard_error(0.9, 100)
    0.03
    """
    return math.sqrt(accuracy * (1 - accuracy) / max(n_graphs, 1))
