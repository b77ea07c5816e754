"""The model file: an .npz of plain arrays and JSON, with a version and checks.

Weights and moments are vectors whose lengths the configuration tells, and each member
has the zip's checksum. `VERSION` is raised when an older program could not read the
file; what older files lack has a default.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from os import PathLike
from typing import Any, Mapping, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require
from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.contracts import trusted
from npdiffpool._support.untrusted import UNREADABLE, parse_json, read_arrays
from npdiffpool.engine.autodiff import from_vector, to_vector
from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Moments
from npdiffpool.engine.model import init_model
from npdiffpool.training.fit import Fitted
from npdiffpool.training.moments import init_running

FORMAT = "npdiffpool model"
VERSION = 1
TARGETS = {"classifier": "classes", "regressor": "target"}


class ModelFileError(ValueError):
    """Say why a file cannot be read as a model.

    Examples
    --------
    >>> from npdiffpool import load_model
    >>> load_model("nowhere.npz")
    Traceback (most recent call last):
        ...
    npdiffpool.estimators.model_file.ModelFileError: nowhere.npz: no such model file
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
        If the file is missing, not such a file, damaged, of another version or too
        large: over 1 GiB of arrays, or more than `Config` takes.
    """
    try:
        contents = read_arrays(path)
        header = parse_json(str(contents["header"]))
        _require_known(header)
        config = Config(**{**header["config"], "clusters": _tuple(header, "config")})
        parameters = {**header["parameters"], "clusters": _tuple(header, "parameters")}
        fitted = _fitted(config, header, contents)
        kind = header.get("kind", "classifier")  # the first files did not say
        lengths = _lengths(kind, config)
        arrays = {name: contents[name] for name in lengths}
        names = header.get("feature_names")  # nor this
        _require_shapes(arrays, lengths)
        _require_names(names, config)
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
    seen = header["version"]
    if seen != VERSION:
        is_newer = isinstance(seen, int) and seen > VERSION
        hint = ", of a newer npdiffpool" if is_newer else ""
        raise ModelFileError(
            f"version must be {VERSION}, which this program reads; got {seen!r}{hint}"
        )


def _tuple(header: Any, part: str) -> tuple[Any, ...]:
    return tuple(header[part]["clusters"])


def _fitted(config: Config, header: Any, contents: Mapping[str, Any]) -> Fitted:
    params = fill("weights", _form(config, contents["weights"].size), contents)
    running: list[Moments] = init_running(config)
    if config.batch_norm:
        running = fill("moments", running, contents)
    require_variances("moments", running)
    history, best = header["history"], header["best_epoch"]
    if not (isinstance(history, list) and all(map(_is_row, history))):
        raise ModelFileError("history must be a list of objects of numbers")
    if not isinstance(best, int):
        raise ModelFileError(f"best_epoch must be a whole number; got {best!r}")
    return Fitted(params, running, history, best)


def _is_row(row: Any) -> bool:
    numbers = (int, float, type(None))
    is_object = isinstance(row, dict)
    return is_object and all(isinstance(value, numbers) for value in row.values())


def _form(config: Config, n_weights: int) -> Any:
    """Return a tree of the parameters' form, if so many numbers may fill it.

    A configuration may ask for any number of them: nothing is made for more.
    """
    for name in ("hidden", "n_outputs", "classifier_hidden"):
        count = getattr(config, name)
        if count > n_weights:
            raise ModelFileError(f"{name} must be at most {n_weights}; got {count}")
    with trusted():  # it stands for a generator
        return init_model(_Undrawn(n_weights), config)


class _Undrawn:
    """Stand for a generator: give zeros, while there are weights for them."""

    def __init__(self, n_weights: int) -> None:
        self._n_weights = self._left = n_weights

    def uniform(self, low: float, high: float, size: tuple[int, int]) -> Any:
        """Return a matrix of that size."""
        self._left -= math.prod(size)
        if self._left < 0:
            reason = "fewer than the configuration needs"
            raise ModelFileError(f"weights are {self._n_weights}, {reason}")
        return np.zeros(size, np.float32)


def require_variances(name: str, running: list[Moments]) -> None:
    """Require running variances that are none below zero.

    Raises
    ------
    ModelFileError
    """
    if any(np.any(variance < 0) for block in running for _, variance in block):
        raise ModelFileError(f"variances in {name} must be at least 0; one is not")


def _require_names(names: Any, config: Config) -> None:
    """Require a name of each feature, or none."""
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if names is not None and not (is_list and len(names) == config.n_features):
        raise ModelFileError(f"feature_names must be {config.n_features} texts or null")


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
