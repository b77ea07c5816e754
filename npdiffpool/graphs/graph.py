"""One graph, and the ways to make one.

`Graph` checks its input, so that no later code has to. `GraphBatch` in batch.py joins
many graphs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npdiffpool.graphs import checks
from npdiffpool.graphs.degrees import made_features
from npdiffpool.graphs.edges import join_edges


class Graph:
    """One graph: weighted edges, node features and an optional label.

    Parameters
    ----------
    adjacency : (N, N) scipy sparse or dense array
        Non-negative finite weights; ``adjacency[i, j]`` is the edge i -> j.
        Symmetric for an undirected graph, the case that DiffPool is designed for;
        symmetry is not required. In a directed graph, messages go against the edges:
        node i aggregates the features of the nodes j that it has edges to.
    features : (N, F) array, "degree" or "ones", optional
        Finite node features. An (N,) array becomes one column. Default: "degree",
        one-hot degrees in 65 columns, of which the last is for degrees from 64, as
        for data sets without labels and attributes (`load_dataset`). "ones" is one
        constant column.
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

    def __init__(self, adjacency: Any, features: Any = None, label: Any = None) -> None:
        self.adjacency = checks.check_adjacency(adjacency)
        features = "degree" if features is None else features
        if isinstance(features, str):
            features = made_features(features, self.adjacency)
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
            Each undirected edge once, or all of them in both directions, as in an
            `edge_index`: i, j and j, i are the same edge. An edge that is repeated in
            one direction adds up.
        n_nodes : int
            N; may exceed the nodes that have edges.
        features : (N, F) array, "degree" or "ones", optional
            As for `Graph`; by default one-hot degrees.
        weights : (E,) array, optional
            Default: ones. Both directions of an edge must have the same weight.
        label : optional
            The class or the target of the graph.

        Returns
        -------
        Graph

        Raises
        ------
        GraphError
            If `edges` is not (E, 2) or names a node outside 0 ... N - 1, `weights`
            does not have one number per edge or differs between the directions of an
            edge, or the features are invalid.

        Warns
        -----
        UserWarning
            If some edges are listed in both directions and others in one.

        Examples
        --------
        >>> Graph.from_edges([(0, 1), (1, 2)], n_nodes=3).adjacency.toarray()
        array([[0., 1., 0.],
               [1., 0., 1.],
               [0., 1., 0.]])
        """
        edges = checks.check_edges(edges, n_nodes)
        weights = checks.check_weights(weights, len(edges))
        return cls(join_edges(edges, weights, n_nodes), features, label)

    @classmethod
    def from_networkx(
        cls, G: Any, features: Any = None, label: Any = None, weight: str = "weight"
    ) -> Graph:
        """Convert a networkx graph; nodes have the order of ``G.nodes``.

        Parameters
        ----------
        G : networkx.Graph or networkx.DiGraph
            Parallel edges of a multigraph are added up. An edge u -> v of a directed
            graph is ``adjacency[u, v]``.
        features : str, sequence of str or (N, F) array, optional
            The name or names of the node attributes that hold the features, or the
            features themselves, also "degree" or "ones" as for `Graph` if no node has
            an attribute of that name. Default: the attributes that `to_networkx`
            wrote, if there are any, otherwise "degree".
        label : optional
            The class or the target of the graph. Default: ``G.graph["label"]``, if
            there is one.
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
        Graph(n_nodes=4, n_edges=4, n_features=65, label='a ring')
        """
        from npdiffpool.graphs.convert import from_networkx

        adjacency, features = from_networkx(G, features, weight)
        label = G.graph.get("label") if label is None else label
        return cls(adjacency, features, label)

    def to_networkx(self) -> Any:
        """Convert to networkx: edges have a `weight`, nodes `feature_0` and so on.

        All attributes are Python numbers and strings, so that networkx can write the
        graph as GraphML, GEXF or node-link JSON; `from_networkx` reads it back.

        Returns
        -------
        networkx.Graph or networkx.DiGraph
            A DiGraph if the adjacency is not symmetric. ``G.graph`` has `n_features`,
            and `label` if there is one; a label of another kind than number or string
            is kept as it is.

        Raises
        ------
        ImportError
            If networkx is not installed.

        Examples
        --------
        >>> G = Graph.from_edges([(0, 1)], 2, [5.0, 6.0], label="a").to_networkx()
        >>> G.edges(data=True), G.nodes[1], G.graph
        (EdgeDataView([(0, 1, {'weight': 1.0})]), {'feature_0': 6.0}, \
{'n_features': 1, 'label': 'a'})
        >>> Graph.from_networkx(G)
        Graph(n_nodes=2, n_edges=1, n_features=1, label='a')
        """
        from npdiffpool.graphs.convert import to_networkx

        parts = self.adjacency, self.features, self.label
        return to_networkx(*parts, is_directed=not self.is_undirected)

    def __repr__(self) -> str:
        return (
            f"Graph(n_nodes={self.n_nodes}, n_edges={self.n_edges}, "
            f"n_features={self.n_features}, label={self.label!r})"
        )
