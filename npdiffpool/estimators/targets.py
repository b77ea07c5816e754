"""What a model learns to tell: one of some classes, or a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Union

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require
from npdiffpool.graphs.graph import Floats, Ints


@dataclass(frozen=True)
class Classes:
    """Hold the classes, sorted; a label is encoded as its place among them."""

    classes: npt.NDArray[Any]

    loss: ClassVar[str] = "cross_entropy"

    @classmethod
    def of(cls, labels: Any, n_graphs: int) -> Classes:
        """Find the classes among the labels of the training graphs.

        Raises
        ------
        ValueError
            If there is not one number or string a graph, or only one class.
        """
        labels = _one_a_graph(labels, n_graphs, "labels")
        if labels.dtype == object and all(isinstance(label, str) for label in labels):
            labels = labels.astype(str)  # as pandas holds them
        kind = labels.dtype.kind
        usable = kind in "biuUS" or kind == "f" and np.all(np.isfinite(labels))
        seen = f"dtype {labels.dtype.name}"
        require(bool(usable), "labels", "numbers or strings, none missing", seen)
        found = np.unique(labels)
        require(len(found) >= 2, "labels", "of at least two classes", found.tolist())
        return cls(found)

    @property
    def n_outputs(self) -> int:
        """Count the classes."""
        return len(self.classes)

    def encode(self, labels: Any, n_graphs: int, name: str = "labels") -> Ints:
        """Return the place of each label.

        Raises
        ------
        ValueError
            If there is not one a graph, or one that training has not.
        """
        labels = _one_a_graph(labels, n_graphs, name)
        unseen = np.setdiff1d(labels, self.classes)
        require(not len(unseen), name, "seen in training", unseen.tolist())
        return np.asarray(np.searchsorted(self.classes, labels))

    def arrays(self) -> dict[str, Any]:
        """Return what a model file holds."""
        return {"classes": self.classes}

    @classmethod
    def from_arrays(cls, arrays: Any) -> Classes:
        """Make it from what a model file holds."""
        return cls(arrays["classes"])


@dataclass(frozen=True)
class Numbers:
    """Hold what is taken from each target and what it is then divided by."""

    mean: float
    scale: float

    loss: ClassVar[str] = "squared_error"
    n_outputs: ClassVar[int] = 1

    @classmethod
    def of(cls, labels: Any, n_graphs: int) -> Numbers:
        """Measure the targets of the training graphs.

        Raises
        ------
        ValueError
            If there is not one finite number a graph.
        """
        labels = numbers(labels, n_graphs)
        if np.min(labels) == np.max(labels):
            return cls(float(labels[0]), 1.0)
        largest = np.max(np.abs(labels))  # divided by it, squares do not overflow
        mean, scale = (largest * f(labels / largest) for f in (np.mean, np.std))
        return cls(float(mean), float(scale))

    def encode(self, labels: Any, n_graphs: int, name: str = "labels") -> Floats:
        """Return the targets, centred and scaled.

        Raises
        ------
        ValueError
            If there is not one finite number a graph.
        """
        return (numbers(labels, n_graphs, name) - self.mean) / self.scale

    def decode(self, outputs: Floats) -> Floats:
        """Return outputs in the units of the targets."""
        return outputs * self.scale + self.mean

    def arrays(self) -> dict[str, Any]:
        """Return what a model file holds."""
        return {"target": np.array([self.mean, self.scale])}

    @classmethod
    def from_arrays(cls, arrays: Any) -> Numbers:
        """Make it from what a model file holds."""
        return cls(*arrays["target"].tolist())


def _one_a_graph(labels: Any, n_graphs: int, name: str) -> npt.NDArray[Any]:
    array = np.asarray(labels)
    require(array.shape == (n_graphs,), name, f"({n_graphs},)", array.shape)
    return array


def numbers(labels: Any, n_graphs: int, name: str = "labels") -> Floats:
    """Return the labels as float64, if they are one finite number a graph."""
    array = _one_a_graph(labels, n_graphs, name)
    is_number = array.dtype.kind in "iuf"
    require(is_number, name, "finite numbers", f"dtype {array.dtype.name}")
    array = array.astype(np.float64)
    wrong = array[~np.isfinite(array)].tolist()
    require(not wrong, name, "finite numbers", (wrong or [0.0])[0])
    return array


Targets = Union[Classes, Numbers]
