"""From what a user gives to what the model takes: checked, scaled, prepared."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import scipy

from npdiffpool._support.arguments import require, require_flag, require_int
from npdiffpool.engine.autodiff import to_vector
from npdiffpool.engine.config import Config
from npdiffpool.engine.fixed_assignments import with_clusters
from npdiffpool.engine.model import init_model
from npdiffpool.engine.preparation import prepare
from npdiffpool.estimators.targets import Targets
from npdiffpool.graphs.batch import GraphBatch, check_graphs
from npdiffpool.graphs.block_diagonal import cast
from npdiffpool.graphs.graph import Floats, Graph, GraphError
from npdiffpool.training.fit import Checkpoint, Labelled


class Scaling(NamedTuple):
    """Hold what is taken from each feature and what it is then divided by, (F,)."""

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, graphs: list[Graph], standardize: bool) -> Scaling:
        """Measure the nodes of `graphs`; 0 and 1 for features that are 0 or 1.

        Raises
        ------
        GraphError
            If a feature is so large that its square overflows in float64.
        """
        require_flag("standardize", standardize)
        width = graphs[0].n_features
        mean, scale = np.zeros(width), np.ones(width)
        parts = [graph.features for graph in graphs if graph.n_nodes]
        for X in parts:
            cast(X, np.float64, "feature")
        if not standardize or not parts:
            return cls(mean, scale)
        # Not std > 0: that of a constant column may be a rounding error.
        least = np.min([X.min(axis=0) for X in parts], axis=0)
        varied = least < np.max([X.max(axis=0) for X in parts], axis=0)
        varied &= ~np.all([np.all((X == 0) | (X == 1), axis=0) for X in parts], axis=0)
        n = sum(map(len, parts))
        mean[varied] = sum(X[:, varied].sum(axis=0, dtype=float) for X in parts) / n
        squares = (((X - mean)[:, varied] ** 2).sum(axis=0) for X in parts)
        scale[varied] = np.sqrt(sum(squares) / n)
        lost = varied & (scale < np.sqrt(np.finfo(float).tiny))  # squares underflow
        if lost.any():
            scale[lost] = _tiny_scale([(X - mean)[:, lost] for X in parts])
        return cls(mean, scale)

    def apply(self, X: Any) -> Any:
        """Scale features, dense or CSR; (N, F)."""
        if not scipy.sparse.issparse(X):
            return (X - self.mean) / self.scale
        if not self.mean.any():
            return scipy.sparse.csr_array(X / self.scale)
        return (X.toarray() - self.mean) / self.scale


def _tiny_scale(centred: list[Floats]) -> Floats:
    """Return the root of the mean square by columns, of numbers near the smallest."""
    every = np.concatenate(centred)
    size = np.max(np.abs(every), axis=0)
    scale = size * np.sqrt(np.mean((every / size) ** 2, axis=0))
    return np.asarray(np.maximum(scale, np.finfo(float).tiny))


def check_numbers(graphs: list[Graph], config: Config, standardize: bool) -> None:
    """Require numbers that the model's precision holds, with their squares.

    Raises
    ------
    GraphError
        If one is too large: an edge weight, or a feature that is not scaled.
    """
    dtype = np.float64 if standardize else config.dtype
    for graph in graphs:
        cast(graph.adjacency.data, config.dtype, "edge weight")
        cast(graph.features, dtype, "feature")


def count_clusters(clusters: Any, largest: int) -> tuple[int, ...]:
    """Turn ratios into numbers of clusters, level by level.

    Parameters
    ----------
    clusters : sequence of int >= 1 or float in (0, 1)
    largest : int
        Nodes of the largest training graph.

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
            exact = ratio * (counts[-1] if counts else largest)
            entry = max(1, ceil(exact - 1e-9))  # 0.07 * 100 is a little over 7
        require_int("a number in clusters", entry, 1)
        counts.append(int(entry))
    return tuple(counts)


def prepare_graphs(graphs: list[Graph], config: Config, scaling: Scaling) -> GraphBatch:
    """Join graphs, scale their features and do the model's constant work.

    Raises
    ------
    GraphError
        If the features are not as wide as in training.
    """
    if graphs[0].n_features != config.n_features:
        raise GraphError(
            f"graphs must have {config.n_features} features, as in training; "
            f"got {graphs[0].n_features}"
        )
    whole = with_clusters(GraphBatch.from_graphs(graphs, np.float64), config)
    scaled = replace(whole, features=scaling.apply(whole.features))
    batch = prepare(scaled.astype(config.dtype), (config.gnn, config.pool_gnn))
    return replace(batch, clusters=whole.clusters)


def prepare_validation(
    pair: Any, targets: Targets, config: Config, scaling: Scaling
) -> Labelled | None:
    """Prepare the pair (graphs, labels) that chooses the epoch, or None.

    Raises
    ------
    ValueError
        If it is not such a pair, or holds a label that training has not.
    """
    if pair is None:
        return None
    usable = isinstance(pair, (tuple, list)) and len(pair) == 2
    require(usable, "validation", "a pair (graphs, labels)", type(pair).__name__)
    graphs = check_graphs(pair[0])
    encoded = targets.encode(pair[1], len(graphs), "validation labels")
    return Labelled(prepare_graphs(graphs, config, scaling), encoded)


def check_hooks(**hooks: Any) -> None:
    """Require callables, or None for no hook, by their names.

    Raises
    ------
    ValueError
    """
    for name, hook in hooks.items():
        require(hook is None or callable(hook), name, "callable", hook)


def check_resume(resume: Checkpoint | None, config: Config) -> int:
    """Return how many epochs are done; require a checkpoint of such a model.

    Raises
    ------
    ValueError
    """
    if resume is None:
        return 0
    kind = type(resume).__name__
    require(isinstance(resume, Checkpoint), "resume", "a training.Checkpoint", kind)
    expected = to_vector(init_model(np.random.default_rng(0), config))
    required = f"of a model of {len(expected)} parameters in {expected.dtype}"
    found = f"{len(resume.vector)} in {resume.vector.dtype}"
    is_such = (resume.vector.shape, resume.vector.dtype)
    require(is_such == (expected.shape, expected.dtype), "resume", required, found)
    return resume.epoch
