"""Many graphs as one: a block-diagonal adjacency and stacked features.

Nothing is padded, masked or truncated: memory grows with nodes and edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator

import numpy as np
import scipy

from npdiffpool.graphs import block_diagonal as blocks
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.graph import Floats, Graph, Ints


@dataclass(eq=False, repr=False)
class GraphBatch:
    """Hold several graphs as one: block-diagonal, never padded.

    Node i of graph g is row ``offsets[g] + i``. Besides the adjacency a batch
    carries what layers derive from it once for a whole data set (`operators`,
    `propagated`: see `npdiffpool.engine.preparation.prepare`), so that `take` cuts a
    minibatch out of it without doing that work again.

    Attributes
    ----------
    adjacency : (N, N) scipy.sparse.csr_array
        Block-diagonal; N is the number of nodes of all graphs together.
    features : (N, F) array, or csr_array where few entries are not 0
        Of a csr_array, this or the adjacency, the `data` are read-only where all
        are equal: they are kept once.
    offsets : (B + 1,) ints
        Graph g has rows ``offsets[g]`` to ``offsets[g + 1]``.
    squared_norms : (B,) float64 array
        ||A_g||_F^2 of each graph, for the link loss.
    operators : dict of str to (N, N) csr_array
        Propagation matrices, by the name of the layer that uses them.
    propagated : dict of str to (N, F) array or csr_array
        Each operator times `features`, where that does not make them much larger.
    clusters : tuple of int arrays
        Of a fixed assignment: the cluster of each node, (N,), then of each cluster
        at the next level, (B, K), and so on. See `npdiffpool.engine.fixed_assignments`.

    Examples
    --------
    >>> graphs = [Graph.from_edges([(0, 1)], n_nodes=n) for n in (2, 3, 4)]
    >>> batch = GraphBatch.from_graphs(graphs)
    >>> batch.n_graphs, batch.offsets, batch.squared_norms
    (3, array([0, 2, 5, 9]), array([2., 2., 2.]))
    >>> batch.take(np.array([2, 0])).sizes
    array([4, 2])
    """

    adjacency: scipy.sparse.csr_array
    features: Any
    offsets: Ints
    squared_norms: Floats
    operators: dict[str, scipy.sparse.csr_array] = field(default_factory=dict)
    propagated: dict[str, Any] = field(default_factory=dict)
    clusters: tuple[Ints, ...] = ()

    @classmethod
    def from_graphs(
        cls, graphs: Iterable[Graph], dtype: Any = np.float64
    ) -> GraphBatch:
        """Join graphs, in the order given.

        Parameters
        ----------
        graphs : iterable of Graph
            At least one, all of the same feature width; graphs of 0 nodes count.
        dtype : float32 or float64

        Returns
        -------
        GraphBatch

        Raises
        ------
        GraphError
            If there is no graph, one is not a `Graph`, the feature widths
            differ, or a number is too large for `dtype`: its square must fit in.
        """
        adjacency, features, offsets = blocks.join_graphs(each_graph(graphs), dtype)
        squared_norms = blocks.squared_norms(adjacency, offsets)
        return cls(adjacency, features, offsets, squared_norms)

    @property
    def n_graphs(self) -> int:
        """Count the graphs (B)."""
        return len(self.offsets) - 1

    @property
    def n_nodes(self) -> int:
        """Count the nodes of all graphs together (N)."""
        return int(self.offsets[-1])

    @property
    def n_features(self) -> int:
        """Return the width F of the features."""
        return int(self.features.shape[1])

    @property
    def sizes(self) -> Ints:
        """Give the number of nodes of each graph, (B,)."""
        return np.diff(self.offsets)

    def astype(self, dtype: Any) -> GraphBatch:
        """Return the batch in another precision, without what was derived.

        Parameters
        ----------
        dtype : float32 or float64

        Returns
        -------
        GraphBatch

        Raises
        ------
        GraphError
            If a number is too large for `dtype`: its square must fit in.
        """
        adjacency = blocks.cast(self.adjacency, dtype, "edge weight")
        features = blocks.cast(self.features, dtype, "feature")
        squared_norms = blocks.squared_norms(adjacency, self.offsets)  # of what is kept
        return GraphBatch(adjacency, features, self.offsets, squared_norms)

    def take(self, order: Ints) -> GraphBatch:
        """Cut out the graphs `order`, in that order, with all that is derived.

        Parameters
        ----------
        order : (M,) ints in 0 ... B - 1, at least one

        Returns
        -------
        GraphBatch

        Raises
        ------
        GraphError
            If `order` is anything else.
        """
        order = _check_choice(order, self.n_graphs)
        starts, sizes = self.offsets[order], self.sizes[order]
        offsets = blocks.running_total(sizes)
        rows = blocks.ranges(starts, offsets)

        shifts = np.repeat(offsets[:-1] - starts, sizes)
        operators = self.operators.items()
        return GraphBatch(
            blocks.take_blocks(self.adjacency, rows, shifts),
            blocks.take_rows(self.features, rows),
            offsets,
            self.squared_norms[order],
            {kind: blocks.take_blocks(P, rows, shifts) for kind, P in operators},
            {kind: blocks.take_rows(X, rows) for kind, X in self.propagated.items()},
            tuple(c[order if level else rows] for level, c in enumerate(self.clusters)),
        )


def check_graphs(graphs: Any) -> list[Graph]:
    """Return a list of graphs of one feature width, or say what is wrong.

    Raises
    ------
    GraphError
        If there is no graph, one is not a `Graph`, or the feature widths differ.
    """
    return list(each_graph(graphs))


def each_graph(graphs: Any) -> Iterator[Graph]:
    """Yield graphs as `check_graphs` lists them, one at a time."""
    if isinstance(graphs, Graph):
        raise GraphError("graphs must be a sequence of Graph; got one Graph")
    if not isinstance(graphs, Iterable):
        kind = type(graphs).__name__
        raise GraphError(f"graphs must be a sequence of Graph; got {kind}")
    width = None
    for index, graph in enumerate(graphs):
        if not isinstance(graph, Graph):
            kind = type(graph).__name__
            raise GraphError(f"graphs[{index}] must be a Graph; got {kind}")
        width = graph.n_features if width is None else width
        if graph.n_features != width:
            raise GraphError(
                f"all graphs must have as many features as the first, {width}; "
                f"graphs[{index}] has {graph.n_features}"
            )
        yield graph
    if width is None:
        raise GraphError("graphs must hold at least one Graph; got none")


def _check_choice(order: Any, n_graphs: int) -> Ints:
    """Return the numbers of some graphs, in any order, as an array."""
    array = np.asarray(order)
    whole = array.ndim == 1 and array.dtype.kind in "iu" and len(array) > 0
    if not whole or array.min() < 0 or array.max() >= n_graphs:
        raise GraphError(
            f"order must be whole numbers in 0 ... {n_graphs - 1}, at least "
            f"one; got {array.tolist()}"
        )
    return array
