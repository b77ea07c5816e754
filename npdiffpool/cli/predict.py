"""Write predictions as CSV to standard output.

For example:
  npdiffpool predict runs/MUTAG-1 MUTAG > predictions.csv
  npdiffpool predict model.npz my_graphs.zip

A regressor of several targets has a column for each, with its name:
"predicted attribute 0". Targets without names are "predicted 0", "predicted 1", ...,
in the order of the labels in training.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from typing import Any, Iterator

from npdiffpool._support.progress import printable
from npdiffpool.cli.parameters import add_weights
from npdiffpool.datasets import Dataset, load_dataset, load_dataset_like
from npdiffpool.datasets.features import column_kind
from npdiffpool.datasets.loading import FEATURES
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.estimators.fitting.schema import is_column
from npdiffpool.estimators.model_file import ModelFileError, load_model


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    text = "a run folder that train wrote, or a model.npz"
    command.add_argument("model", metavar="MODEL", help=text)
    command.add_argument("data", metavar="DATA", help="data set, as for train")
    add_weights(command)


def run(arguments: argparse.Namespace) -> None:
    """Write a row for each graph: its class and all probabilities, or its targets."""
    path = find_model(arguments.model)
    model = load_model(path)
    dataset = _load(arguments.data, model, path, arguments.weights)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for index, row in enumerate(_rows(model, dataset), start=-1):
        writer.writerow(["graph" if index < 0 else index, *row])


def find_model(path: str) -> str:
    """Return the path of a model file: `path` itself, or model.npz in a run folder.

    Raises
    ------
    ModelFileError
        If `path` is a folder without a model.
    """
    if not os.path.isdir(path):
        return path
    inside = os.path.join(path, "model.npz")
    if not os.path.exists(inside):
        hint = "a run folder has one when its training has ended"
        raise ModelFileError(f"{path}: the folder has no model.npz; {hint}")
    return inside


def _load(source: str, model: Any, path: str, given: str | None) -> Dataset:
    """Load the graphs, with the model's feature columns and weights where known."""
    names = model.feature_names_in_
    if names is not None:
        other = [name for name in names if column_kind(name) not in FEATURES]
        if other:
            raise ValueError(
                f"{path} was trained on the feature {other[0]!r}, which a data set in "
                "the TU format cannot have; use the predict of load_model in Python"
            )
        weights = _weights(model.edge_weights_in_, path, given)
        how: Any = {"weights": weights, "require_labels": None}
        return load_dataset_like(source, names, **how)
    dataset = load_dataset(source, weights=given, require_labels=None)
    width, found = model.n_features_in_, dataset.n_features
    if found != width:
        raise ValueError(
            f"{source} must have {width} feature columns, as the graphs that {path} "
            f"was fitted on; got {found}"
        )
    text = "was fitted on a list of graphs, so the names of its feature columns"
    text = f"{path} {text} are unknown and not compared with those of {source}"
    print(f"npdiffpool: {printable(text)}", file=sys.stderr)
    return dataset


def _weights(trained: str | None, path: str, given: str | None) -> str | None:
    """Return the column of the edge weights: that of the training, or the one given."""
    if trained is not None and not is_column(trained):  # those of networkx graphs
        if given is None:
            required = "name a column of edge attributes"
            seen = f"{path} was trained with edge weights, {trained!r}"
            raise ValueError(f"--weights must {required}: {seen}")
        return given
    if given not in (None, trained):
        required = f"{trained!r}, as" if trained else "left out: all are 1"
        raise ValueError(
            f"--weights must be {required} in the training of {path}; got {given!r}"
        )
    return trained


def _rows(model: Any, dataset: Dataset) -> Iterator[list[str]]:
    """Yield the heading, then the cells of each graph."""
    if not isinstance(model, DiffPoolClassifier):
        predicted = model.predict(dataset.graphs)
        columns = predicted.reshape(len(predicted), -1)
        names = model.target_names_ or range(columns.shape[1])
        several = [f"predicted {printable(str(name))}" for name in names]
        yield several if len(several) > 1 else ["predicted"]
        yield from ([f"{number:.9g}" for number in row] for row in columns)
        return
    yield ["predicted", *(f"p({printable(str(name))})" for name in model.classes_)]
    probabilities = model.predict_proba(dataset.graphs)
    for label, row in zip(model.classes_[probabilities.argmax(axis=1)], probabilities):
        yield [printable(str(label)), *(f"{p:.6f}" for p in row)]
