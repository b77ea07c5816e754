"""The run folder of a model that was fitted in Python."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterable

import numpy.typing as npt

from npdiffpool._support.arguments import require, type_name
from npdiffpool._support.folder_lock import list_contents, lock_folder
from npdiffpool.datasets import Dataset
from npdiffpool.estimators.diffpool import DiffPoolClassifier, DiffPoolRegressor, Model
from npdiffpool.estimators.fitting.inputs import check_width, choose_labels
from npdiffpool.estimators.not_fitted import NotFittedError
from npdiffpool.graphs.graph import Graph
from npdiffpool.runs.results import compute_results
from npdiffpool.runs.snapshots import Recorder
from npdiffpool.runs.train import CHECKPOINT, describe_run, write_files

KINDS = DiffPoolClassifier, DiffPoolRegressor


def write_run(
    model: Model,
    graphs: Iterable[Graph],
    labels: npt.ArrayLike | None,
    folder: str | os.PathLike[str],
) -> tuple[Path, Dataset]:
    """Write what ``npdiffpool train`` keeps, for a fitted model and test graphs.

    The snapshots are those of the fitted model alone, and there is no checkpoint.

    Parameters
    ----------
    model : fitted DiffPoolClassifier or DiffPoolRegressor
    graphs : sequence of Graph, or Dataset
        Test graphs, of which the results are computed.
    labels : (G,) or (G, T) array_like or None
        Default: those of the graphs.
    folder : path
        New, empty, or written by this function before.

    Returns
    -------
    folder : Path
    test : Dataset
        The graphs with their labels.

    Raises
    ------
    ValueError
        If the model is not fitted, graphs or labels are not those of such a model, or
        the folder has other files or is in use.
    """
    kind = type_name(model)
    require(isinstance(model, KINDS), "model", "a fitted model", kind)
    if not hasattr(model, "targets_"):
        raise NotFittedError(f"model must be fitted; call fit of {kind} first")
    with lock_folder(folder) as path:
        names = [part.name for part in list_contents(path)]
        own = not names or "config.json" in names and CHECKPOINT not in names
        required = "a new or empty folder, or one of an earlier report"
        require(own, "folder", required, str(path))
        test = _as_dataset(model, graphs, labels)
        recorder = Recorder(range(len(test)), test.graphs, test.labels, 1)
        recorder.record(model, model.best_epoch_)
        config = describe_run(model, test, {}, compute_results(model, None, test))
        write_files(path, model, recorder, config)
    return path, test


def _as_dataset(model: Model, graphs: Any, labels: Any) -> Dataset:
    """Return graphs as a data set with labels, checked, and names of the targets."""
    listed = model._check_graphs(graphs)
    check_width(listed, model.n_features_in_)
    labels = choose_labels(graphs, listed, labels)
    labels = model.targets_.read(labels, len(listed))
    known = graphs if isinstance(graphs, Dataset) else Dataset(listed, None)
    targets, n = known.targets, model.targets_.n_outputs
    if model.kind == "regressor":
        named = ("target",) if n == 1 else tuple(f"target {j}" for j in range(n))
        targets = targets or named
        labels = labels.reshape(len(listed)) if n == 1 else labels
    return replace(known, graphs=listed, labels=labels, targets=targets)
