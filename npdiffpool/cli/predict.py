"""Write predictions as CSV to standard output.

For example:
  npdiffpool predict runs/MUTAG-1/model.npz MUTAG > predictions.csv
"""

from __future__ import annotations

import argparse
import csv
import sys

from npdiffpool._support.progress import printable
from npdiffpool.cli.parameters import add_weights
from npdiffpool.datasets import load_dataset_like
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.estimators.model_file import load_model


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("model", metavar="MODEL", help="a model.npz")
    command.add_argument("data", metavar="DATA", help="data set, as for train")
    add_weights(command)


def run(arguments: argparse.Namespace) -> None:
    """Write a row for each graph: its predicted class and all probabilities."""
    clf = load_model(arguments.model)
    if not isinstance(clf, DiffPoolClassifier):
        raise ValueError(f"{arguments.model} must be a classifier; got a regressor")
    if clf.feature_names_in_ is None:
        raise ValueError(f"{arguments.model} was not trained on a data set")
    how = {"weights": arguments.weights, "require_labels": False}
    dataset = load_dataset_like(arguments.data, clf.feature_names_in_, **how)
    probabilities = clf.predict_proba(dataset.graphs)
    predicted = clf.predict(dataset.graphs)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = [f"p({printable(str(name))})" for name in clf.classes_]
    writer.writerow(["graph", "predicted", *names])
    for index, (label, row) in enumerate(zip(predicted, probabilities)):
        writer.writerow([index, printable(str(label)), *(f"{p:.6f}" for p in row)])
