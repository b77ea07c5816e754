"""Reading model files, within limits: they may be damaged or untrusted.

The configuration in the header determines the lengths of all vectors, and the zip has a
checksum of each member. Older files lack some entries, which have defaults.
"""

from __future__ import annotations

from os import PathLike
from typing import Any, List, Mapping, Tuple

import numpy as np

from npdiffpool._support.arguments import require
from npdiffpool._support.progress import reason_of
from npdiffpool._support.settings import complete
from npdiffpool._support.types import Array, Json
from npdiffpool._support.untrusted import (
    UNREADABLE,
    parse_json,
    read_arrays,
    require_version,
)
from npdiffpool.engine.autodiff import from_vector, leaves
from npdiffpool.engine.config import FIXED, Config
from npdiffpool.engine.layers import Params
from npdiffpool.engine.model import blank_params
from npdiffpool.estimators.diffpool import DiffPoolClassifier, DiffPoolRegressor
from npdiffpool.estimators.fitting.inputs import Scaling
from npdiffpool.estimators.fitting.schema import InputSchema
from npdiffpool.estimators.stored_model import FORMAT, VERSION
from npdiffpool.training.fit import Fitted
from npdiffpool.training.moments import init_running

Shapes = List[Tuple[int, ...]]
KINDS = {kind.kind: kind for kind in (DiffPoolClassifier, DiffPoolRegressor)}


class ModelFileError(ValueError):
    """A file cannot be read as a model.

    Examples
    --------
    >>> from npdiffpool import load_model
    >>> load_model("nowhere.npz")
    Traceback (most recent call last):
        ...
    npdiffpool.estimators.model_file.ModelFileError: nowhere.npz: no such model file
    """


def load_model(path: str | PathLike[str]) -> DiffPoolClassifier | DiffPoolRegressor:
    """Read a fitted model from a file that its method `save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    DiffPoolClassifier or DiffPoolRegressor
        With the parameters of the saved model.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, not a model file, of another version or too
        large: over 1 GiB of arrays, or beyond the limits of `Config`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from npdiffpool import load_dataset
    >>> mutag = load_dataset("MUTAG")[:20]
    >>> clf = DiffPoolClassifier(hidden=8, epochs=1).fit(mutag, mutag.labels)
    >>> with TemporaryDirectory() as folder:
    ...     clf.save(Path(folder) / "model.npz")
    ...     same = load_model(Path(folder) / "model.npz")
    >>> bool(np.all(same.predict_proba(mutag) == clf.predict_proba(mutag)))
    True
    """
    is_path = isinstance(path, (str, PathLike))  # open() would take a number as well
    require(is_path, "path", "the path of a file", path)
    try:
        return _restore(read_arrays(path))
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such model file") from None
    except UNREADABLE as error:
        reason = f"not a readable model file ({reason_of(error)})"
        raise ModelFileError(f"{path}: {reason}") from error


def _restore(contents: Mapping[str, Array]) -> DiffPoolClassifier | DiffPoolRegressor:
    """Return the fitted model that a file contains."""
    header = parse_json(str(contents["header"]))
    _require_known(header)
    config = Config(**_as_given(header["config"]))
    fitted = _read_fitted(config, header, contents)
    kind = header.get("kind", "classifier")  # the first files lack it
    shapes = _shapes(kind, config)
    if kind == "regressor" and "target_names" in contents:  # if they are known
        shapes["target_names"] = [(config.n_outputs,)]
    arrays = {name: contents[name] for name in shapes}
    schema = InputSchema(header.get("feature_names"), header.get("edge_weights"))
    _require_shapes(arrays, shapes)
    _require_schema(schema, config)
    model = KINDS[kind](**_as_given(complete(header["parameters"])))
    targets = model.targets_kind.from_arrays(arrays)
    scaling = Scaling(arrays["mean"], arrays["scale"])
    return model._set_fitted(fitted, config, scaling, targets, schema)


def _require_known(header: Json) -> None:
    if header["format"] != FORMAT:
        raise ModelFileError(f"format must be {FORMAT!r}; got {header['format']!r}")
    require_version(header["version"], VERSION, ModelFileError)


def _as_given(parameters: Json) -> Json:
    """Restore the tuple `clusters` and the dict `class_weight`, which JSON lacks."""
    given = {**parameters, "clusters": tuple(parameters["clusters"])}
    if isinstance(given.get("class_weight"), list):
        given["class_weight"] = dict(map(tuple, given["class_weight"]))
    return given


def _read_fitted(config: Config, header: Json, contents: Mapping[str, Array]) -> Fitted:
    n_weights = contents["weights"].size
    for name in ("hidden", "n_outputs", "classifier_hidden"):
        size = getattr(config, name)
        if size > n_weights:
            raise ModelFileError(f"{name} must be at most {n_weights}; got {size}")
    if _count_layers(config) > n_weights:  # each has one weight at least
        raise ModelFileError(
            f"weights are {n_weights}, fewer than the model has layers"
        )
    params = fill("weights", blank_params(config), contents)
    running = init_running(config)
    if config.batch_norm:
        running = fill("moments", running, contents)
    require_variances("moments", running)
    history, best = header["history"], header["best_epoch"]
    _require_history(history, best, config)
    return Fitted(params, running, history, best)


def _count_layers(config: Config) -> int:
    """Return the number of graph layers that have parameters of their own."""
    levels = len(config.clusters)
    embed = 1 if config.gnn == "s2v" else config.n_layers
    pool = 0 if config.assignment in FIXED else config.n_layers
    return (levels + 1) * embed + levels * pool


def _require_history(history: Any, best: Any, config: Config) -> None:
    """Check that each row has what a warm start reads, and that one is the best."""
    names = {"epoch", "loss", config.loss, "link_loss", "entropy_loss"}
    is_list = isinstance(history, list) and len(history) > 0
    if not (is_list and all(_is_row(row, names) for row in history)):
        required = f"finite numbers, {sorted(names)} among them; one or more"
        raise ModelFileError(f"history must be a list of objects of {required}")
    if not (isinstance(best, int) and 1 <= best <= len(history)):
        required = f"a whole number in 1 ... {len(history)}"
        raise ModelFileError(f"best_epoch must be {required}; got {best!r}")


def _is_row(row: Any, names: set[str]) -> bool:
    if not (isinstance(row, dict) and names <= row.keys()):
        return False
    values = row.values()
    return all(isinstance(v, (int, float)) and abs(v) < np.inf for v in values)


def require_variances(name: str, running: Params) -> None:
    """Check that no running variance is negative.

    Raises
    ------
    ModelFileError
        If one is.
    """
    if any(np.any(variance < 0) for variance in leaves(running)[1::2]):
        raise ModelFileError(f"variances in {name} must be at least 0; one is not")


def _require_schema(schema: InputSchema, config: Config) -> None:
    """Check that there is None or one name per feature, and None or a text."""
    names, weights = schema
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if names is not None and not (is_list and len(names) == config.n_features):
        raise ModelFileError(f"feature_names must be {config.n_features} texts or null")
    if not isinstance(weights, (str, type(None))):
        raise ModelFileError(f"edge_weights must be a text or null; got {weights!r}")


def fill(name: str, tree: Any, contents: Mapping[str, Array]) -> Any:
    """Return a tree like `tree` with the numbers of the stored vector `name`.

    Raises
    ------
    ModelFileError
        If the vector does not fit the tree, or is not finite.
    """
    arrays, vector = leaves(tree), contents[name]
    dtype, shape = arrays[0].dtype, (sum(array.size for array in arrays),)
    if vector.shape != shape or vector.dtype != dtype:
        raise ModelFileError(
            f"{name} must be {dtype} of shape {shape}; "
            f"got {vector.dtype} of shape {vector.shape}"
        )
    if not np.all(np.isfinite(vector)):
        raise ModelFileError(f"{name} must be finite; they hold NaN or infinity")
    return from_vector(tree, vector)


def _shapes(kind: str, config: Config) -> dict[str, Shapes]:
    """Return the shapes that each array of a file may have."""
    F, T = config.n_features, config.n_outputs
    target: Shapes = [(2, T), (2,)] if T == 1 else [(2, T)]  # (2,): labels are numbers
    shapes: dict[str, Shapes] = {"mean": [(F,)], "scale": [(F,)]}
    classes: Shapes = [(T,)]
    return shapes | (
        {"target": target} if kind == "regressor" else {"classes": classes}
    )


def _require_shapes(arrays: Mapping[str, Array], shapes: Mapping[str, Shapes]) -> None:
    for name, allowed in shapes.items():
        if arrays[name].shape not in allowed:
            raise ModelFileError(
                f"{name} must have shape {allowed[-1]}; got {arrays[name].shape}"
            )
    for name in {"mean", "scale", "target"} & set(shapes):
        if not (arrays[name].dtype.kind == "f" and np.all(np.isfinite(arrays[name]))):
            raise ModelFileError(f"{name} must be finite numbers")
    if arrays.get("target_names", np.array("")).dtype.kind != "U":
        raise ModelFileError("target_names must be texts")
    divisors = [arrays["scale"], arrays.get("target", np.ones(2))[1:]]
    if min(part.min(initial=1.0) for part in divisors) <= 0:
        raise ModelFileError("scales must be above 0; one is not")
