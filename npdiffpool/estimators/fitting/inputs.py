"""Inputs of an estimator: checked, scaled and prepared for the model."""

from __future__ import annotations

from math import ceil
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import scipy

from npdiffpool._support.arguments import (
    require,
    require_classes,
    require_flag,
    require_int,
)
from npdiffpool._support.types import Array, Floats, Ints
from npdiffpool.engine.autodiff import to_vector
from npdiffpool.engine.canonical_order import in_canonical_order
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import blank_params
from npdiffpool.engine.preparation import prepare
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.block_diagonal import checked_cast
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Checkpoint


class Scaling(NamedTuple):
    """Per-feature mean and standard deviation, each (F,).

    They are 0 and 1 for features that are not scaled.
    """

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, graphs: list[Graph], standardize: bool) -> Scaling:
        """Compute mean and standard deviation over the nodes of all graphs.

        A feature is scaled if its values differ and are not only 0 and 1. The values of
        each graph are sorted before they are summed, so that rounding errors do not
        depend on the order of nodes.

        Raises
        ------
        GraphError
            If a feature is so large that sums of squares overflow in float64.
        """
        require_flag("standardize", standardize)
        parts = [graph.features for graph in graphs if graph.n_nodes]
        for X in parts:
            checked_cast(X, np.float64, "feature")
        width = graphs[0].n_features
        mean, scale = np.zeros(width), np.ones(width)
        if standardize and parts:
            chosen, n = _scalable(parts), sum(map(len, parts))
            columns = [np.sort(X[:, chosen].astype(float), axis=0) for X in parts]
            mean[chosen] = sum(X.sum(axis=0) for X in columns) / n
            squares = (((X - mean[chosen]) ** 2).sum(axis=0) for X in columns)
            scale[chosen] = np.sqrt(sum(squares) / n)
            tiny = chosen & (scale < np.sqrt(np.finfo(float).tiny))
            if tiny.any():
                centred = np.concatenate([(X - mean)[:, tiny] for X in parts])
                scale[tiny] = _root_mean_square(np.sort(centred, axis=0))
        return cls(mean, scale)

    def apply(self, X: Array) -> Array:
        """Return scaled features, (N, F), dense or CSR."""
        if not scipy.sparse.issparse(X):
            return (X - self.mean) / self.scale
        if not self.mean.any():
            return scipy.sparse.csr_array(X / self.scale)
        return (X.toarray() - self.mean) / self.scale


def _scalable(parts: list[Floats]) -> Any:
    """Return the mask of features that differ and are not only 0 and 1."""
    # Not by the standard deviation: rounding may leave a constant column a small one.
    least = np.min([X.min(axis=0) for X in parts], axis=0)
    varied = least < np.max([X.max(axis=0) for X in parts], axis=0)
    is_binary = np.all([np.all((X == 0) | (X == 1), axis=0) for X in parts], axis=0)
    return varied & ~is_binary


def _root_mean_square(X: Floats) -> Floats:
    """Return the root mean square of columns whose squares underflow."""
    size = np.max(np.abs(X), axis=0)
    root = size * np.sqrt(np.mean((X / size) ** 2, axis=0))
    return np.asarray(np.maximum(root, np.finfo(float).tiny))


def check_numbers(graphs: list[Graph], config: Config, standardize: bool) -> None:
    """Check that the model's precision holds all numbers and their squares.

    Raises
    ------
    GraphError
        If an edge weight, or a feature that is not scaled, is too large.
    """
    dtype = np.float64 if standardize else config.dtype
    for graph in graphs:
        checked_cast(graph.adjacency.data, config.dtype, "edge weight")
        checked_cast(graph.features, dtype, "feature")


def count_clusters(clusters: Any, n_nodes: float) -> tuple[int, ...]:
    """Return the number of clusters of each level, with ratios resolved.

    Parameters
    ----------
    clusters : sequence of int >= 1 or float in (0, 1)
        A float is a ratio of `n_nodes` at the first level, and of the number of
        clusters of the level before at others, rounded up.
    n_nodes : float
        Mean number of nodes of the training graphs, or that of the largest.

    Raises
    ------
    ValueError
        If `clusters` is not such a sequence.
    """
    require(isinstance(clusters, (tuple, list)), "clusters", "a tuple", clusters)
    counts: list[int] = []
    for entry in clusters:
        if isinstance(entry, Real) and not isinstance(entry, Integral):
            ratio = float(entry)
            require(0 < ratio < 1, "a ratio in clusters", "in (0, 1)", entry)
            exact = ratio * (counts[-1] if counts else n_nodes)
            entry = max(1, ceil(exact - 1e-9))  # 0.07 * 100 is slightly above 7
        require_int("a number in clusters", entry, 1)
        counts.append(int(entry))
    return tuple(counts)


def prepare_graphs(
    graphs: list[Graph], config: Config, scaling: Scaling
) -> tuple[GraphBatch, Ints]:
    """Join graphs to a batch, scale the features and do the model's constant work.

    The nodes of each graph are in canonical order. This order is returned as well: row
    i of the batch is row ``order[i]`` of the graphs, stacked as they are.

    Raises
    ------
    GraphError
        If the graphs have another number of features than in training.
    """
    check_width(graphs, config.n_features)
    batch, order = in_canonical_order(graphs)
    return prepare(batch, config, scale=scaling.apply), order


def check_width(graphs: list[Graph], n_features: int) -> None:
    """Check that graphs have as many features as in training.

    Raises
    ------
    GraphError
        If they have not.
    """
    if graphs[0].n_features != n_features:
        raise GraphError(
            f"graphs must have {n_features} features, as in training; "
            f"got {graphs[0].n_features}"
        )


def choose_labels(
    given: Any,
    graphs: list[Graph],
    labels: Any,
    name: str = "labels",
    *,
    by_class: bool = False,
) -> Any:
    """Return labels; if they are None, those of the data set, or of each graph.

    Parameters
    ----------
    given : sequence of Graph, or Dataset
    graphs : list of Graph
        The same graphs.
    labels : (G,) array_like or None
    name : str
        What errors call the labels.
    by_class : bool
        Whether a classifier reads them.

    Raises
    ------
    ValueError
        If they are None, and a graph has no label, or a classifier would read the
        targets of a regression.
    """
    if labels is None and by_class:
        require_classes(name, given)
    labels = getattr(given, "labels", None) if labels is None else labels
    if labels is not None:
        return labels
    own = [graph.label for graph in graphs]
    first = next((i for i, label in enumerate(own) if label is None), None)
    if first is not None:
        raise ValueError(
            f"{name} must be given unless every graph has a label; graphs[{first}] has "
            "none"
        )
    return own


def check_options(threads: int | None, **callbacks: Any) -> None:
    """Check the number of threads, and callbacks, given by name.

    Raises
    ------
    ValueError
        If the number is neither None nor a whole number >= 1, or a callback is neither
        None nor callable.
    """
    if threads is not None:
        require_int("threads", threads, 1)
    for name, callback in callbacks.items():
        require(callback is None or callable(callback), name, "callable", callback)


def check_resume(resume: Checkpoint | None, config: Config) -> None:
    """Check that a checkpoint fits the model.

    Raises
    ------
    ValueError
        If it is not a checkpoint, or one of another model.
    """
    if resume is None:
        return
    kind = type(resume).__name__
    require(
        isinstance(resume, Checkpoint),
        "resume",
        "a Checkpoint (npdiffpool.training.fit)",
        kind,
    )
    vector = to_vector(blank_params(config))
    found = resume.vector
    if (found.shape, found.dtype) != (vector.shape, vector.dtype):
        raise ValueError(
            f"resume must be a checkpoint of a model with {len(vector)} {vector.dtype} "
            f"parameters; got {len(found)} {found.dtype} parameters"
        )
