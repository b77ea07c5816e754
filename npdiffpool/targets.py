"""What a model learns to tell: one of some classes, or a number."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Union

import numpy as np
import numpy.typing as npt

from npdiffpool.checks import require
from npdiffpool.graphs import Floats, Ints


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
        usable = labels.dtype.kind in "biuUS" or _all_finite(labels)
        kind = f"dtype {labels.dtype.name}"
        require(usable, "labels", "numbers or strings, none missing", kind)
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
        labels = _numbers(labels, n_graphs, "labels")
        varies = np.min(labels) < np.max(labels)
        return cls(float(np.mean(labels)), float(np.std(labels)) if varies else 1.0)

    def encode(self, labels: Any, n_graphs: int, name: str = "labels") -> Floats:
        """Return the targets, centred and scaled.

        Raises
        ------
        ValueError
            If there is not one finite number a graph.
        """
        return (_numbers(labels, n_graphs, name) - self.mean) / self.scale

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


def _numbers(labels: Any, n_graphs: int, name: str) -> Floats:
    array = _one_a_graph(labels, n_graphs, name)
    usable = array.dtype.kind in "iu" or _all_finite(array)
    require(usable, name, "finite numbers", f"dtype {array.dtype.name}")
    return np.asarray(array, np.float64)


def _all_finite(labels: npt.NDArray[Any]) -> bool:
    return labels.dtype.kind == "f" and bool(np.all(np.isfinite(labels)))


Targets = Union[Classes, Numbers]
