"""The model's constant work on its input.

`prepare` does the work needed once for a data set; `GraphBatch.take` cuts minibatches
out of the result. `first_level` does the rest for each batch: matrices that are as fast
to build as to cut out, and dense blocks, which would take too much memory for a whole
data set.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Iterable

import scipy

from npdiffpool._support.types import Array
from npdiffpool.engine.config import FIXED, Config
from npdiffpool.engine.fixed_assignments import with_fixed_clusters
from npdiffpool.engine.layers import OPERATORS
from npdiffpool.engine.pooling import Level
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.block_diagonal import choose_format


def layer_kinds(config: Config) -> set[str]:
    """Return the kinds of layers of a model; fixed assignments have no GNN."""
    return {config.gnn} if config.assignment in FIXED else {config.gnn, config.pool_gnn}


def prepare(
    batch: GraphBatch, config: Config, scale: Callable[[Array], Array] = lambda X: X
) -> GraphBatch:
    """Return a data set with everything that the model derives from it once.

    That is: fixed assignments (from the features as given), scaled features, numbers in
    the model's precision, propagation matrices and propagated features.

    Parameters
    ----------
    batch : GraphBatch
        All graphs of a data set, in float64.
    config : Config
    scale : callable, optional
        Applied to the features.

    Returns
    -------
    GraphBatch

    Raises
    ------
    GraphError
        If a number is too large for the model's precision.
    """
    fixed = with_fixed_clusters(batch, config).fixed_clusters
    scaled = replace(batch, features=scale(batch.features)).astype(config.dtype)
    prepared = precompute_propagation(scaled, layer_kinds(config))
    return replace(prepared, fixed_clusters=fixed)


def precompute_propagation(batch: GraphBatch, kinds: Iterable[str]) -> GraphBatch:
    """Return a batch with the propagation that no training step changes.

    For "gcn" it is the matrix P and P X; for "s2v" and "mlp" nothing. Only P X is
    stored for "sage": building P for a minibatch costs no more than slicing it. A dense
    P X of sparse X is left out, as it would take much more memory.

    Parameters
    ----------
    batch : GraphBatch
    kinds : iterable of str
        Kinds of layers.

    Returns
    -------
    GraphBatch
    """
    A, X, operators, propagated = batch.adjacency, batch.features, {}, {}
    for kind in sorted({"gcn", "sage"} & set(kinds)):
        P = OPERATORS[kind](A)
        PX = choose_format(P @ X)
        if scipy.sparse.issparse(PX) or not scipy.sparse.issparse(X):
            propagated[kind] = PX
        if kind == "gcn":
            operators[kind] = P
    return replace(batch, operators=operators, propagated=propagated)


def first_level(batch: GraphBatch, config: Config) -> Level:
    """Return a batch as level 0, with all that the model needs.

    Parameters
    ----------
    batch : GraphBatch
        From `prepare` or its `take`; anything missing in another batch is added.
    config : Config

    Returns
    -------
    Level
        Dense graphs as dense blocks, which as part of a whole data set would take
        several times the memory of the sparse matrices.
    """
    level = Level.of(with_fixed_clusters(batch, config))
    return level.with_propagation_matrices(layer_kinds(config)).with_dense_blocks()
