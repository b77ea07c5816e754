"""The model file: an .npz of plain arrays and JSON, with a version and checks."""
from __future__ import annotations

import json
import tokenize
import zipfile
import zlib
from dataclasses import asdict
from os import PathLike
from typing import Any, Mapping, NamedTuple

import numpy as np

from npdiffpool.checks import require
from npdiffpool.config import Config
from npdiffpool.files import save_arrays
from npdiffpool.layers import Moments
from npdiffpool.model import init_model
from npdiffpool.moments import init_running
from npdiffpool.optim import from_vector, to_vector
from npdiffpool.training import Fitted

FORMAT = "npdiffpool model"
VERSION = 1
TARGETS = {"classifier": "classes", "regressor": "target"}
UNREADABLE = (
    OSError,
    RuntimeError,  # of zipfile: encrypted, an unknown compression
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    SyntaxError,  # of NumPy, which reads an array's header as Python
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class ModelFileError(ValueError):
    """Say why a file cannot be read as a model.

    Examples
    --------
    >>> from npdiffpool import load_model
    >>> load_model("nowhere.npz")
    Traceback (most recent call last):
        ...
    npdiffpool.modelfile.ModelFileError: nowhere.npz: no such model file
    """


class StoredModel(NamedTuple):
    """Hold what a model file holds."""

    kind: str
    parameters: dict[str, Any]
    config: Config
    fitted: Fitted
    feature_names: list[str] | None
    arrays: dict[str, Any]


def write_model(path: str | PathLike[str], model: StoredModel) -> None:
    """Write a model, whole or not at all; equal models give equal bytes.

    Weights and running moments are one vector each, in the order in which
    `init_model` and `init_running` make them.
    """
    require(isinstance(path, (str, PathLike)), "path", "the path of a file", path)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "kind": model.kind,
        "parameters": model.parameters,
        "config": asdict(model.config),
        "history": model.fitted.history,
        "best_epoch": model.fitted.best_epoch,
        "feature_names": model.feature_names,
    }
    text = np.array(json.dumps(header, default=_plain))
    weights, moments = vector_of(model.fitted.params), vector_of(model.fitted.running)
    vectors = {"weights": weights, "moments": moments}
    save_arrays(path, {"header": text, **vectors, **model.arrays})


def _plain(value: Any) -> Any:
    """Turn a NumPy number into Python's for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    kind = type(value).__name__
    raise ValueError(f"a saved parameter must be a number, word or tuple; got {kind}")


def vector_of(tree: Any) -> Any:
    """Return a tree's leaves as one vector, of no leaves an empty one."""
    return to_vector(tree) if tree and any(tree) else np.zeros(0)


def read_model(path: str | PathLike[str]) -> StoredModel:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If the file is missing, not such a file, damaged or of another version.
    """
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            contents = {name: file[name] for name in file.files}
        header = json.loads(str(contents["header"]))
        _require_known(header)
        config = Config(**{**header["config"], "clusters": _tuple(header, "config")})
        parameters = {**header["parameters"], "clusters": _tuple(header, "parameters")}
        fitted = _fitted(config, header, contents)
        kind = header.get("kind", "classifier")  # the first files did not say
        lengths = _lengths(kind, config)
        arrays = {name: contents[name] for name in lengths}
        names = header["feature_names"]
        _require_shapes(arrays, lengths)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such model file") from None
    except UNREADABLE as error:
        raise ModelFileError(f"{path}: not a readable model file ({error})") from error
    return StoredModel(kind, parameters, config, fitted, names, arrays)


def _require_known(header: Any) -> None:
    if header["format"] != FORMAT:
        raise ModelFileError(f"format must be {FORMAT!r}; got {header['format']!r}")
    if header["version"] != VERSION:
        raise ModelFileError(
            f"version must be {VERSION}, which this program reads; "
            f"got {header['version']!r}"
        )


def _tuple(header: Any, part: str) -> tuple[Any, ...]:
    return tuple(header[part]["clusters"])


def _fitted(config: Config, header: Any, contents: Mapping[str, Any]) -> Fitted:
    params = fill("weights", init_model(np.random.default_rng(0), config), contents)
    running: list[Moments] = init_running(config)
    if config.batch_norm:
        running = fill("moments", running, contents)
    return Fitted(params, running, header["history"], header["best_epoch"])


def fill(name: str, tree: Any, contents: Mapping[str, Any]) -> Any:
    """Return the tree with the leaves that the vector of that name has.

    Raises
    ------
    ModelFileError
        If the vector does not fit the tree, or is not finite.
    """
    template, vector = to_vector(tree), contents[name]
    if vector.shape != template.shape or vector.dtype != template.dtype:
        raise ModelFileError(
            f"{name} must be {template.dtype} of shape {template.shape}; "
            f"got {vector.dtype} of shape {vector.shape}"
        )
    if not np.all(np.isfinite(vector)):
        raise ModelFileError(f"{name} must be finite; they hold NaN or infinity")
    return from_vector(tree, vector)


def _lengths(kind: str, config: Config) -> dict[str, int]:
    """Return how long each array must be."""
    of_targets = 2 if kind == "regressor" else config.n_outputs
    n_features = config.n_features
    return {TARGETS[kind]: of_targets, "mean": n_features, "scale": n_features}


def _require_shapes(arrays: Mapping[str, Any], lengths: Mapping[str, int]) -> None:
    for name, length in lengths.items():
        if arrays[name].shape != (length,):
            raise ModelFileError(
                f"{name} must have shape ({length},); got {arrays[name].shape}"
            )
    for name in {"mean", "scale", "target"} & set(lengths):
        if not (arrays[name].dtype.kind == "f" and np.all(np.isfinite(arrays[name]))):
            raise ModelFileError(f"{name} must be finite numbers")
    divisors = [arrays["scale"], arrays.get("target", np.ones(2))[1:]]
    if min(part.min(initial=1.0) for part in divisors) <= 0:
        raise ModelFileError("scales must be above 0; one is not")
