"""The contents of a model file, and writing them.

A model file is an .npz: a JSON header, the parameters and the running moments as one
vector each, and a few arrays. model_file.py reads it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require
from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.types import Array, Json
from npdiffpool.engine.autodiff import leaves, to_vector
from npdiffpool.engine.config import Config
from npdiffpool.training.fit import Fitted

FORMAT = "npdiffpool model"
VERSION = 1  # increased when older programs cannot read the file


class StoredModel(NamedTuple):
    """Contents of a model file.

    Attributes
    ----------
    kind : "classifier" or "regressor"
    parameters : dict
        Of the estimator's constructor.
    config : Config
    fitted : Fitted
    feature_names : list of str or None
    edge_weights : str or None
    arrays : dict of arrays
        Of the estimator's scaling and targets.
    """

    kind: str
    parameters: Json
    config: Config
    fitted: Fitted
    feature_names: list[str] | None
    edge_weights: str | None
    arrays: dict[str, Array]


def write_model(path: str | PathLike[str], model: StoredModel) -> None:
    """Write a model file atomically; equal models give equal bytes.

    Raises
    ------
    ValueError
        If `path` is not a path, or a parameter cannot be written as JSON.
    """
    require(isinstance(path, (str, PathLike)), "path", "the path of a file", path)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "kind": model.kind,
        "parameters": _as_pairs(model.parameters),
        "config": asdict(model.config),
        "history": model.fitted.history,
        "best_epoch": model.fitted.best_epoch,
        "feature_names": model.feature_names,
    }
    if model.edge_weights is not None:
        header["edge_weights"] = model.edge_weights
    text = np.array(json.dumps(header, default=_plain_number))
    weights, moments = vector_of(model.fitted.params), vector_of(model.fitted.running)
    vectors = {"weights": weights, "moments": moments}
    save_arrays(path, {"header": text, **vectors, **model.arrays})


def _as_pairs(parameters: Json) -> Json:
    """Return parameters with a dict of class weights as a list of pairs.

    JSON would make texts of labels that are numbers.
    """
    weights = parameters.get("class_weight")
    pairs = [*weights.items()] if isinstance(weights, dict) else weights
    return parameters if weights is None else {**parameters, "class_weight": pairs}


def _plain_number(value: Any) -> Any:
    """Convert a NumPy number to a Python number, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    kind = type(value).__name__
    raise ValueError(f"a saved parameter must be a number, text or tuple; got {kind}")


def vector_of(tree: Any) -> Array:
    """Return the leaves of a tree as one vector, empty if there are none."""
    return to_vector(tree) if leaves(tree) else np.zeros(0)
