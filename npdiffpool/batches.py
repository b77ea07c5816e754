"""Many graphs as one: a block-diagonal adjacency and stacked features.

Nothing is padded, masked or truncated: memory grows with nodes and edges.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Sequence

import numpy as np
from scipy import sparse

from npdiffpool.blocks import block_diagonal, ranges, running_total, take_blocks
from npdiffpool.graphs import Floats, Graph, GraphError, Ints, check_graphs


@dataclass(eq=False, repr=False)
class GraphBatch:
    """Hold several graphs as one: block-diagonal, never padded.

    Node i of graph g is row ``offsets[g] + i``. Besides the adjacency a batch
    carries what layers derive from it once for a whole data set (`operators`,
    `propagated`: see `npdiffpool.layers.prepare`), so that `take` cuts a
    minibatch out of it without doing that work again.

    Attributes
    ----------
    adjacency : (N, N) scipy.sparse.csr_array
        Block-diagonal; N is the number of nodes of all graphs together.
    features : (N, F) array
    offsets : (B + 1,) ints
        Graph g has rows ``offsets[g]`` to ``offsets[g + 1]``.
    squared_norms : (B,) float64 array
        ||A_g||_F^2 of each graph, for the link loss.
    operators : dict of str to (N, N) csr_array
        Propagation matrices, by the name of the layer that uses them.
    propagated : dict of str to (N, F) array
        Each operator times `features`.
    """

    adjacency: sparse.csr_array
    features: Floats
    offsets: Ints
    squared_norms: Floats
    operators: dict[str, sparse.csr_array] = field(default_factory=dict)
    propagated: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def from_graphs(
        cls, graphs: Sequence[Graph], dtype: Any = np.float64
    ) -> GraphBatch:
        """Join graphs, in the order given.

        Parameters
        ----------
        graphs : sequence of Graph
            At least one, all of the same feature width; graphs of 0 nodes count.
        dtype : float32 or float64

        Raises
        ------
        GraphError
            If there is no graph, one is not a `Graph`, the feature widths
            differ, or a number is too large for `dtype`.
        """
        graphs = check_graphs(graphs)
        sizes = [graph.n_nodes for graph in graphs]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
        blocks = [graph.adjacency for graph in graphs]
        adjacency = block_diagonal(blocks, offsets)
        features = np.concatenate([graph.features for graph in graphs])
        return cls(adjacency, features, offsets, np.zeros(len(graphs))).astype(dtype)

    @property
    def n_graphs(self) -> int:
        """Count the graphs (B)."""
        return len(self.offsets) - 1

    @property
    def n_nodes(self) -> int:
        """Count the nodes of all graphs together (N)."""
        return int(self.offsets[-1])

    @property
    def sizes(self) -> Ints:
        """Give the number of nodes of each graph, (B,)."""
        return np.diff(self.offsets)

    def astype(self, dtype: Any) -> GraphBatch:
        """Return the batch in float32 or float64, without what was derived.

        Raises
        ------
        GraphError
            If a number is too large for `dtype`.
        """
        adjacency = self.adjacency.copy()
        adjacency.data = _cast(adjacency.data, dtype, "edge weight")
        features = _cast(self.features, dtype, "feature")
        squared_norms = _squared_norms(adjacency, self.offsets)  # of what is kept
        return GraphBatch(adjacency, features, self.offsets, squared_norms)

    def take(self, order: Ints) -> GraphBatch:
        """Cut out the graphs `order`, in that order, with all that is derived.

        Parameters
        ----------
        order : (M,) ints in 0 ... B - 1, at least one

        Raises
        ------
        GraphError
            If `order` is anything else.
        """
        order = np.asarray(order)
        whole = order.ndim == 1 and order.dtype.kind in "iu" and len(order) > 0
        if not whole or order.min() < 0 or order.max() >= self.n_graphs:
            raise GraphError(
                f"order must be whole numbers in 0 ... {self.n_graphs - 1}, at least "
                f"one; got {order}"
            )
        starts, sizes = self.offsets[order], self.sizes[order]
        offsets = running_total(sizes)
        rows = ranges(starts, offsets)

        def blocks(M: sparse.csr_array) -> sparse.csr_array:
            return take_blocks(M, rows, np.repeat(offsets[:-1] - starts, sizes))

        return GraphBatch(
            blocks(self.adjacency),
            self.features[rows],
            offsets,
            self.squared_norms[order],
            {name: blocks(M) for name, M in self.operators.items()},
            {name: X[rows] for name, X in self.propagated.items()},
        )


def _cast(values: Floats, dtype: Any, name: str) -> Floats:
    with np.errstate(over="ignore"):
        cast = values.astype(dtype, copy=False)
    if not np.all(np.isfinite(cast)):
        raise GraphError(f"every {name} must fit into {np.dtype(dtype).name}")
    return cast


def _squared_norms(A: sparse.csr_array, offsets: Ints) -> Floats:
    weights = A.data.astype(np.float64, copy=False)
    bounds = A.indptr[offsets]
    parts = [weights[start:stop] for start, stop in zip(bounds, bounds[1:])]
    return np.array([np.dot(part, part) for part in parts])
