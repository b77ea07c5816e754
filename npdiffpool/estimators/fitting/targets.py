"""Targets of a model, encoded for its loss: classes or real numbers; their R^2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Mapping, Union

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import as_array, require, require_labels
from npdiffpool._support.types import Floats, Ints
from npdiffpool.estimators.fitting.schema import shortened

LEAST = -1e150  # of R^2; its square is a number, for a standard deviation
_KINDS = {"U": "strings", "S": "bytes"}  # by the kind of a dtype; others are numbers


@dataclass(frozen=True)
class Classes:
    """The sorted classes; a label is encoded as its index among them."""

    classes: npt.NDArray[Any]

    loss: ClassVar[str] = "cross_entropy"
    names: ClassVar[None] = None

    @classmethod
    def of(
        cls,
        labels: npt.ArrayLike,
        n_graphs: int,
        weights: Floats | None = None,
        names: tuple[str, ...] | None = None,
    ) -> Classes:
        """Find the classes of the training labels, whatever their weights and names.

        Raises
        ------
        ValueError
            If there is not one number or string per graph, both kinds occur, or there
            is only one class.
        """
        array = _class_labels(labels, n_graphs, "labels")
        found = np.unique(array)
        if len(found) < 2:
            seen = f"one class, {found.tolist()}"
            raise ValueError(f"labels must contain at least two classes; got {seen}")
        return cls(found)

    @property
    def n_outputs(self) -> int:
        """Return the number of classes."""
        return len(self.classes)

    def encode(
        self, labels: npt.ArrayLike, n_graphs: int, name: str = "labels"
    ) -> Ints:
        """Return the index of each label's class.

        Raises
        ------
        ValueError
            If there is not one label per graph, or one is not a class.
        """
        array = self.read(labels, n_graphs, name)
        unseen = np.setdiff1d(array, self.classes)
        if len(unseen):
            known, seen = (shortened(a.tolist()) for a in (self.classes, unseen))
            required = f"among the training classes [{known}]"
            raise ValueError(f"{name} must be {required}; got [{seen}]")
        return np.asarray(np.searchsorted(self.classes, array))

    def read(
        self, labels: npt.ArrayLike, n_graphs: int, name: str = "labels"
    ) -> npt.NDArray[Any]:
        """Return labels as an array of the classes' kind, numbers or strings.

        Raises
        ------
        ValueError
            If there is not one label per graph, or they are of another kind.
        """
        array = _class_labels(labels, n_graphs, name)
        kinds = array.dtype.kind, self.classes.dtype.kind
        found, known = (_KINDS.get(kind, "numbers") for kind in kinds)
        require(found == known, name, f"{known}, as in training", array[:1].tolist())
        return array

    def decode(self, indices: Ints) -> npt.NDArray[Any]:
        """Return the labels of class indices."""
        return np.asarray(self.classes[indices])

    def arrays(self) -> dict[str, Any]:
        """Return the arrays that a model file stores."""
        return {"classes": self.classes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Classes:
        """Return the classes that a model file stores."""
        return cls(arrays["classes"])


@dataclass(frozen=True)
class Numbers:
    """Mean and standard deviation of real targets, by which they are encoded.

    Both are of shape (T,) for T targets per graph, and () if a label is a number. There
    are T `names`, or None if they are unknown.
    """

    mean: Floats
    scale: Floats
    names: tuple[str, ...] | None = None

    loss: ClassVar[str] = "squared_error"

    @classmethod
    def of(
        cls,
        labels: npt.ArrayLike,
        n_graphs: int,
        weights: Floats | None = None,
        names: tuple[str, ...] | None = None,
    ) -> Numbers:
        """Compute mean and standard deviation of each training target; 1 if equal.

        Both are weighted if `weights` (G,) are given. `names` are those of the targets.

        Raises
        ------
        ValueError
            If there are not finite numbers, equally many, per graph.
        """
        targets = check_numeric_targets(labels, n_graphs)
        if weights is not None:  # smaller ones would leave no variance to divide by
            counted = weights > 1e-30 * np.max(weights)
            targets, weights = targets[counted], weights[counted]
            weights = None if np.min(weights) == np.max(weights) else weights
        columns = targets.reshape(len(targets), -1).T
        found = np.array([_moments(column, weights) for column in columns])
        shape = targets.shape[1:]
        mean, scale = (column.reshape(shape) for column in found.T)
        return cls(mean, scale, names)

    @property
    def n_outputs(self) -> int:
        """Return T, 1 if a label is a number."""
        return self.mean.size

    def encode(
        self, labels: npt.ArrayLike, n_graphs: int, name: str = "labels"
    ) -> Floats:
        """Return (target - mean) / scale for each target, (G, T).

        Raises
        ------
        ValueError
            If there are not as many finite numbers per graph as in training.
        """
        encoded = (self.read(labels, n_graphs, name) - self.mean) / self.scale
        return encoded.reshape(n_graphs, -1)

    def read(
        self, labels: npt.ArrayLike, n_graphs: int, name: str = "labels"
    ) -> Floats:
        """Return labels as float64, (G,) or (G, T) as in training.

        Raises
        ------
        ValueError
            If there are not as many finite numbers per graph as in training.
        """
        targets = check_numeric_targets(labels, n_graphs, name)
        shape = (n_graphs, *self.mean.shape)
        if self.n_outputs == 1 and targets.size == n_graphs:  # (G,) or (G, 1)
            return targets.reshape(shape)
        fits = targets.shape == shape
        require(fits, name, f"{shape}, as in training", targets.shape)
        return targets

    def decode(self, outputs: Floats) -> Floats:
        """Return model outputs, (G, T), in the units and shape of the targets."""
        return outputs.reshape(len(outputs), *self.mean.shape) * self.scale + self.mean

    def arrays(self) -> dict[str, Any]:
        """Return the arrays that a model file stores."""
        named = {} if self.names is None else {"target_names": np.array(self.names)}
        return {"target": np.array([self.mean, self.scale]), **named}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Numbers:
        """Return the mean, the standard deviation and any names of a model file."""
        mean, scale = arrays["target"]
        names = arrays.get("target_names")  # older files lack them
        listed = None if names is None else tuple(names.tolist())
        return cls(np.asarray(mean), np.asarray(scale), listed)


def _moments(targets: Floats, weights: Floats | None) -> tuple[float, float]:
    """Return mean and standard deviation of one target, 1 if all are equal."""
    if np.min(targets) == np.max(targets):
        return float(targets[0]), 1.0
    largest = np.max(np.abs(targets))  # divided by it, no square overflows
    scaled = targets / largest
    mean = np.average(scaled, weights=weights)
    scale = np.sqrt(np.average((scaled - mean) ** 2, weights=weights))
    return float(largest * mean), float(largest * scale)


def _class_labels(labels: Any, n_graphs: int, name: str) -> npt.NDArray[Any]:
    """Return labels as an array of numbers or of strings, none missing."""
    array = require_labels(name, labels, n_graphs)
    if array.dtype == object and all(isinstance(label, str) for label in array):
        array = array.astype(str)  # pandas stores text as objects
    kind = array.dtype.kind
    usable = kind in "biuUS" or kind == "f" and np.all(np.isfinite(array))
    seen = f"dtype {array.dtype.name}"
    require(bool(usable), name, "numbers or strings, none missing", seen)
    return array


def check_numeric_targets(
    labels: npt.ArrayLike, n_graphs: int, name: str = "labels"
) -> Floats:
    """Return labels as float64, (G,) or, for several targets, (G, T).

    Raises
    ------
    ValueError
        If there are not finite numbers, equally many, per graph.
    """
    array = as_array(name, labels, n_graphs)
    if array.ndim != 2 or len(array) != n_graphs or not array.size:
        array = require_labels(name, labels, n_graphs)
    is_number = array.dtype.kind in "iuf"
    require(is_number, name, "finite numbers", f"dtype {array.dtype.name}")
    array = array.astype(np.float64)
    wrong = array[~np.isfinite(array)].tolist()
    require(not wrong, name, "finite numbers", (wrong or [0.0])[0])
    return array


def r_squared(
    targets: Floats, predicted: Floats, weights: Floats | None = None
) -> Floats:
    """Return R^2 of each target, (T,): 1 - squared error / variance.

    If all values of a target are equal, it is 1 for exact predictions, otherwise 0. It
    is at least -1e150.

    Parameters
    ----------
    targets, predicted : (G,) or (G, T) arrays
        A (G,) array is one target.
    weights : (G,) array, optional
        Not negative.

    Examples
    --------
    >>> t = np.array([[0.0, 3.0], [1.0, 3.0], [2.0, 3.0]])
    >>> r_squared(t, t + [[0.5, 0.0]])
    array([0.625, 1.   ])
    """
    pairs = zip(_columns(targets), _columns(predicted))
    return np.array([_of_one(t, y, weights) for t, y in pairs])


def _columns(values: Floats) -> Floats:
    columns: Floats = values.reshape(len(values), -1).T
    return columns


def _of_one(targets: Floats, predicted: Floats, weights: Floats | None) -> float:
    if weights is not None:
        counted = weights > 0
        targets, predicted = targets[counted], predicted[counted]
        weights = weights[counted]
    are_equal = np.min(targets) == np.max(targets)
    largest = max(np.max(np.abs(targets)), np.max(np.abs(predicted)), 1e-300)
    targets, predicted = targets / largest, predicted / largest  # no overflow
    error = float(np.average((targets - predicted) ** 2, weights=weights))
    if are_equal or error == 0:
        return float(error == 0)
    mean = np.average(targets, weights=weights)
    variance = float(np.average((targets - mean) ** 2, weights=weights))
    return max(1 - error / variance, LEAST) if variance > 0 else LEAST


Targets = Union[Classes, Numbers]
