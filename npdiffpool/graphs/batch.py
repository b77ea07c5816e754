"""Many graphs as one: a block-diagonal adjacency and stacked features.

Nothing is padded, masked or truncated: memory grows with nodes and edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import type_name
from npdiffpool._support.types import CSR, Array, Floats, Ints
from npdiffpool.graphs import block_diagonal as blocks
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import join_ranges, offsets_of


@dataclass(eq=False, repr=False)
class GraphBatch:
    """Several graphs as one block-diagonal graph, never padded.

    Node i of graph g is row ``offsets[g] + i``. A batch also holds what layers derive
    from it once per data set (`operators`, `propagated`; see
    `npdiffpool.engine.preparation.prepare`), and `take` cuts minibatches out of that
    as well.

    Attributes
    ----------
    adjacency : (N, N) csr_array
        Block-diagonal; N is the number of nodes of all graphs together. ``[i, j]`` is
        the edge i -> j; node i aggregates over its nodes j.
    features : (N, F) array or csr_array
        CSR if few entries are not 0. The `data` of a CSR array, here and of the
        adjacency, are a read-only view of one number if all are equal.
    offsets : (B + 1,) ints
        Graph g has rows ``offsets[g]`` to ``offsets[g + 1]``.
    squared_norms : (B,) float64 array
        ||A_g||_F^2 of each graph, for the link loss.
    symmetric : (B,) bools
        Whether A_g = A_g^T exactly; its coarsened graphs are then made so, too.
    operators : dict of str to (N, N) csr_array
        Propagation matrices P that are computed already, by the kind of layer.
    propagated : dict of str to (N, F) array or csr_array
        P times `features`, by the kind of layer, also where P itself is not kept; left
        out where it would take much more memory than the features.
    fixed_clusters : tuple of int arrays
        Fixed assignments: the cluster of each node, (N,), then of each cluster at the
        next level, (B, K), and so on. See `npdiffpool.engine.fixed_assignments`.

    Examples
    --------
    >>> graphs = [Graph.from_edges([(0, 1)], n_nodes=n) for n in (2, 3, 4)]
    >>> batch = GraphBatch.from_graphs(graphs)
    >>> batch.n_graphs, batch.offsets, batch.squared_norms
    (3, array([0, 2, 5, 9]), array([2., 2., 2.]))
    >>> batch.take(np.array([2, 0])).sizes
    array([4, 2])
    """

    adjacency: CSR
    features: Array
    offsets: Ints
    squared_norms: Floats
    symmetric: Array
    operators: dict[str, CSR] = field(default_factory=dict)
    propagated: dict[str, Array] = field(default_factory=dict)
    fixed_clusters: tuple[Ints, ...] = ()

    @classmethod
    def from_graphs(
        cls, graphs: Iterable[Graph], dtype: npt.DTypeLike = np.float64
    ) -> GraphBatch:
        """Join graphs, in the order given.

        Parameters
        ----------
        graphs : iterable of Graph
            At least one, all with the same number of features; graphs without nodes
            are allowed.
        dtype : float32 or float64

        Returns
        -------
        GraphBatch

        Raises
        ------
        GraphError
            If there is no graph, one is not a `Graph`, the numbers of features
            differ, or a number is so large that sums of squares overflow `dtype`.
        """
        A, X, offsets = blocks.join_graphs(iter_graphs(graphs), dtype)
        return cls(A, X, offsets, *_norms_and_symmetry(A, offsets))

    @property
    def n_graphs(self) -> int:
        """Return the number of graphs (B)."""
        return len(self.offsets) - 1

    @property
    def n_nodes(self) -> int:
        """Return the number of nodes of all graphs together (N)."""
        return int(self.offsets[-1])

    @property
    def n_features(self) -> int:
        """Return the number of features of a node (F)."""
        return int(self.features.shape[1])

    @property
    def sizes(self) -> Ints:
        """Return the number of nodes of each graph, (B,)."""
        return np.diff(self.offsets)

    def astype(self, dtype: npt.DTypeLike) -> GraphBatch:
        """Return the batch in another precision, without what `prepare` derived.

        Parameters
        ----------
        dtype : float32 or float64

        Returns
        -------
        GraphBatch

        Raises
        ------
        GraphError
            If a number is so large that sums of squares overflow `dtype`.
        """
        adjacency = blocks.checked_cast(self.adjacency, dtype, "edge weight")
        features = blocks.checked_cast(self.features, dtype, "feature")
        known = _norms_and_symmetry(adjacency, self.offsets)  # after rounding
        return GraphBatch(adjacency, features, self.offsets, *known)

    def take(self, order: Ints) -> GraphBatch:
        """Return a batch of the graphs `order`, in that order.

        Operators, propagated features and fixed clusters are taken along.

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
        offsets, rows = offsets_of(sizes), join_ranges(starts, sizes)
        shifts = np.repeat(offsets[:-1] - starts, sizes)
        operators, fixed = self.operators.items(), enumerate(self.fixed_clusters)
        return GraphBatch(
            blocks.take_blocks(self.adjacency, rows, shifts),
            blocks.take_rows(self.features, rows),
            offsets,
            self.squared_norms[order],
            self.symmetric[order],
            {kind: blocks.take_blocks(P, rows, shifts) for kind, P in operators},
            {kind: blocks.take_rows(X, rows) for kind, X in self.propagated.items()},
            tuple(c[order if level else rows] for level, c in fixed),
        )


def _norms_and_symmetry(A: CSR, offsets: Ints) -> tuple[Floats, Array]:
    """Return the squared norm of each block, and whether it is symmetric."""
    return blocks.squared_norms(A, offsets), blocks.symmetric_blocks(A, offsets)


def check_graphs(graphs: Any) -> list[Graph]:
    """Return graphs as a list, after checking them.

    Raises
    ------
    GraphError
        If there is no graph, one is not a `Graph`, or the numbers of features differ.
    """
    return list(iter_graphs(graphs))


def iter_graphs(graphs: Any) -> Iterator[Graph]:
    """Yield graphs one at a time, with the checks of `check_graphs`.

    An array (G, 1) is allowed: scikit-learn's ensembles need a table.
    """
    graphs = np.ravel(graphs) if getattr(graphs, "shape", ())[1:] == (1,) else graphs
    if isinstance(graphs, Graph):
        raise GraphError("graphs must be a sequence of Graph; got one Graph")
    kind = type_name(graphs)
    if not isinstance(graphs, Iterable) or kind.startswith("networkx."):
        raise GraphError(f"graphs must be a sequence of Graph; got {kind}")
    width = None
    for index, graph in enumerate(graphs):
        if not isinstance(graph, Graph):
            kind = type_name(graph)
            hint = "; convert it by npdiffpool.Graph.from_networkx"
            hint *= kind.startswith("networkx.")
            raise GraphError(f"graphs[{index}] must be a Graph; got {kind}{hint}")
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
    """Return the indices of some graphs as an array, after checking them."""
    array = np.asarray(order)
    is_list = array.ndim == 1 and array.dtype.kind in "iu" and len(array) > 0
    if not is_list or array.min() < 0 or array.max() >= n_graphs:
        raise GraphError(
            f"order must be whole numbers in 0 ... {n_graphs - 1}, at least "
            f"one; got {array.tolist()}"
        )
    return array
