"""One graph, and the ways to make one.

`Graph` checks its input, so that no later code has to. `GraphBatch` in batch.py joins
many graphs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from npdiffpool._support.types import Floats, Ints
from npdiffpool.graphs import checks
from npdiffpool.graphs.checks import GraphError

__all__ = ["Floats", "Graph", "GraphError", "Ints"]


class Graph:
    """One graph: weighted edges, node features and an optional label.

    Parameters
    ----------
    adjacency : (N, N) scipy sparse or dense array
        Non-negative finite weights; ``adjacency[i, j]`` is the edge i -> j.
        Symmetric for an undirected graph, the case that DiffPool is designed for;
        symmetry is not required.
    features : (N, F) array
        Finite node features. An (N,) array becomes one column.
    label : optional
        The class or the target of the graph.

    Attributes
    ----------
    adjacency : (N, N) scipy.sparse.csr_array
        Duplicates are summed, zeros dropped, columns sorted. float32 stays float32,
        every other dtype becomes float64.
    features : (N, F) array
        float32 stays float32, every other dtype becomes float64.
    label : object
        The label given, unchecked; None without one.

    Raises
    ------
    GraphError
        If the adjacency is not square, not numeric, negative or not finite, or
        the features are not an (N, F) array of finite numbers.

    Examples
    --------
    >>> graph = Graph([[0, 1], [1, 0]], [[1.0], [3.0]], label="a dimer")
    >>> graph
    Graph(n_nodes=2, n_edges=1, n_features=1, label='a dimer')
    """

    __slots__ = ("adjacency", "features", "label")

    def __init__(self, adjacency: Any, features: Any, label: Any = None) -> None:
        self.adjacency = checks.check_adjacency(adjacency)
        self.features = checks.check_features(features, self.n_nodes)
        self.label = label

    @property
    def n_nodes(self) -> int:
        """Return the number of nodes (N)."""
        return int(self.adjacency.shape[0])

    @property
    def n_features(self) -> int:
        """Return the number of features of a node (F)."""
        return int(self.features.shape[1])

    @property
    def n_edges(self) -> int:
        """Return the number of edges.

        An edge {i, j} of an undirected graph counts once, as does a self-loop; in a
        directed graph i -> j and j -> i are two edges.
        """
        if not self.is_undirected:
            return int(self.adjacency.nnz)
        loops = np.count_nonzero(self.adjacency.diagonal())
        return int(self.adjacency.nnz + loops) // 2

    @property
    def is_undirected(self) -> bool:
        """Return whether the adjacency is exactly symmetric."""
        return bool((self.adjacency != self.adjacency.T).nnz == 0)

    def permute(self, order: Any) -> Graph:
        """Return the graph with its nodes in another order.

        Node i of the result is node ``order[i]`` of this graph.

        Parameters
        ----------
        order : (N,) ints
            Each of 0 ... N - 1 once.

        Returns
        -------
        Graph

        Raises
        ------
        GraphError
            If `order` is not a permutation of the nodes.

        Examples
        --------
        >>> graph = Graph(np.zeros((3, 3)), [10.0, 11.0, 12.0])
        >>> graph.permute([2, 0, 1]).features.ravel()
        array([12., 10., 11.])
        """
        order = checks.check_order(order, self.n_nodes)
        permuted = self.adjacency[order][:, order]
        return Graph(permuted, self.features[order], self.label)

    @classmethod
    def from_edges(
        cls,
        edges: Any,
        n_nodes: int,
        features: Any = None,
        weights: Any = None,
        label: Any = None,
    ) -> Graph:
        """Return an undirected graph with these edges.

        Parameters
        ----------
        edges : (E, 2) ints
            Each undirected edge once, in either direction; repeated edges add up.
        n_nodes : int
            N; may exceed the nodes that have edges.
        features : (N, F) array, optional
            Default: ones, (N, 1).
        weights : (E,) array, optional
            Default: ones.
        label : optional
            The class or the target of the graph.

        Returns
        -------
        Graph

        Raises
        ------
        GraphError
            If `edges` is not (E, 2) or names a node outside 0 ... N - 1, `weights`
            does not have one number per edge, or the features are invalid.

        Examples
        --------
        >>> Graph.from_edges([(0, 1), (1, 2)], n_nodes=3).adjacency.toarray()
        array([[0., 1., 0.],
               [1., 0., 1.],
               [0., 1., 0.]])
        """
        edges = checks.check_edges(edges, n_nodes)
        weights = checks.check_weights(weights, len(edges))
        is_loop = edges[:, 0] == edges[:, 1]
        ends = np.concatenate([edges, edges[~is_loop, ::-1]])
        values = np.concatenate([weights, weights[~is_loop]])
        adjacency = scipy.sparse.coo_array((values, tuple(ends.T)), (n_nodes, n_nodes))
        features = np.ones((n_nodes, 1)) if features is None else features
        return cls(adjacency, features, label)

    @classmethod
    def from_networkx(
        cls, G: Any, features: Any = None, label: Any = None, weight: str = "weight"
    ) -> Graph:
        """Convert a networkx graph; nodes have the order of ``G.nodes``.

        Parameters
        ----------
        G : networkx.Graph or networkx.DiGraph
            Parallel edges of a multigraph are added up.
        features : str, sequence of str or (N, F) array, optional
            The name or names of the node attributes that hold the features, or
            the features themselves. Default: ones, (N, 1).
        label : optional
            The class or the target of the graph.
        weight : str
            The edge attribute that holds the weight. An edge without it has weight 1.

        Returns
        -------
        Graph

        Raises
        ------
        GraphError
            If a node lacks an attribute, or the graph or its features are invalid.
        ImportError
            If networkx is not installed.

        Examples
        --------
        >>> import networkx
        >>> Graph.from_networkx(networkx.cycle_graph(4), label="a ring")
        Graph(n_nodes=4, n_edges=4, n_features=1, label='a ring')
        """
        from npdiffpool.graphs.convert import from_networkx

        return cls(*from_networkx(G, features, weight), label)

    def to_networkx(self) -> Any:
        """Convert to networkx: edges have a `weight`, nodes have `features`.

        Returns
        -------
        networkx.Graph or networkx.DiGraph
            A DiGraph if the adjacency is not symmetric.

        Raises
        ------
        ImportError
            If networkx is not installed.

        Examples
        --------
        >>> Graph.from_edges([(0, 1)], n_nodes=2).to_networkx().edges(data=True)
        EdgeDataView([(0, 1, {'weight': 1.0})])
        """
        from npdiffpool.graphs.convert import to_networkx

        parts = self.adjacency, self.features, self.label
        return to_networkx(*parts, is_directed=not self.is_undirected)

    def __repr__(self) -> str:
        return (
            f"Graph(n_nodes={self.n_nodes}, n_edges={self.n_edges}, "
            f"n_features={self.n_features}, label={self.label!r})"
        )
