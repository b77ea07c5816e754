"""One graph, and the ways to make one.

`Graph` checks its input, so that no later code has to. `GraphBatch` in batch.py joins
many graphs.
"""

from __future__ import annotations

from typing import Any, Hashable, Sequence

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
    node_names : sequence of N hashable objects, optional
        A name for each node, such as the nodes of a networkx graph. No computation
        depends on them.

    Attributes
    ----------
    adjacency : (N, N) scipy.sparse.csr_array
        Duplicates are summed, zeros dropped, columns sorted. float32 stays float32,
        every other dtype becomes float64.
    features : (N, F) array
        float32 stays float32, every other dtype becomes float64.
    label : object
        The label given, unchecked; None without one.
    node_names : tuple or None

    Raises
    ------
    GraphError
        If the adjacency is not square, not numeric, negative or not finite, the
        features are not an (N, F) array of finite numbers, or the names are not N
        different ones.

    Examples
    --------
    >>> graph = Graph([[0, 1], [1, 0]], [[1.0], [3.0]], label="a dimer")
    >>> graph
    Graph(n_nodes=2, n_edges=1, n_features=1, label='a dimer')
    """

    __slots__ = ("adjacency", "features", "label", "node_names")

    def __init__(
        self,
        adjacency: Any,
        features: Any = None,
        label: Any = None,
        *,
        node_names: Sequence[Hashable] | None = None,
    ) -> None:
        self.adjacency = checks.check_adjacency(adjacency)
        features = "degree" if features is None else features
        if isinstance(features, str):
            features = made_features(features, self.adjacency)
        self.features = checks.check_features(features, self.n_nodes)
        self.label = label
        self.node_names = checks.check_names(node_names, self.n_nodes)

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
        A, X = self.adjacency[order][:, order], self.features[order]
        names = self.node_names and [self.node_names[i] for i in order]
        return Graph(A, X, self.label, node_names=names)

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
    def from_edge_index(
        cls,
        edge_index: Any,
        x: Any = None,
        edge_weight: Any = None,
        y: Any = None,
        *,
        n_nodes: int | None = None,
    ) -> Graph:
        """Return the graph of the arrays that torch_geometric, OGB and DGL have.

        Each argument may be a tensor: anything that NumPy can convert. Nodes aggregate
        over the same edges as in these libraries: node ``edge_index[1, e]`` over node
        ``edge_index[0, e]``. The edge from s to t is therefore ``adjacency[t, s]``, and
        `to_networkx` returns a directed graph with its edges reversed. An undirected
        graph has each edge in both directions; one that lists each once is for
        `from_edges`.

        Parameters
        ----------
        edge_index : (2, E) ints
            The sources, then the targets of the edges. Repeated edges add up.
        x : (N, F) array, "degree" or "ones", optional
            The features, as for `Graph`; by default one-hot degrees.
        edge_weight : (E,) or (E, 1) array, optional
            Default: ones.
        y : optional
            The label: an array of one number is that number, (T,) or (1, T) numbers are
            a tuple, the targets of a regression.
        n_nodes : int, optional
            N, needed if `x` is not an array.

        Returns
        -------
        Graph

        Raises
        ------
        GraphError
            If `edge_index` is not (2, E) or names a node outside 0 ... N - 1, there is
            not one weight for each edge, N is unknown, or the features are invalid.

        Examples
        --------
        >>> Graph.from_edge_index([[0, 1], [1, 0]], x=[[1.0], [3.0]], y=[1])
        Graph(n_nodes=2, n_edges=1, n_features=1, label=1)
        """
        from npdiffpool.graphs import edge_index as arrays

        n_nodes = arrays.count_nodes(x, n_nodes)
        adjacency = arrays.matrix_of_edge_index(edge_index, edge_weight, n_nodes)
        return cls(adjacency, x, arrays.label_of(y))

    @classmethod
    def list_from_edge_index(
        cls,
        edge_index: Any,
        x: Any,
        batch: Any,
        edge_weight: Any = None,
        y: Any = None,
        *,
        n_graphs: int | None = None,
    ) -> list[Graph]:
        """Return the graphs of a batch of torch_geometric.

        Parameters
        ----------
        edge_index, x
            As for `from_edge_index`, of all graphs.
        batch : (N,) ints
            The graph of each node, from 0; not decreasing.
        edge_weight
            As for `from_edge_index`.
        y : (B, ...) array, optional
            The label of each graph.
        n_graphs : int, optional
            Number of graphs, B; needed if the last ones have no nodes. Default:
            ``max(batch) + 1``.

        Returns
        -------
        list of B Graph

        Raises
        ------
        GraphError
            As for `from_edge_index`; if `batch` does not have a number for each node,
            decreases, or has more graphs than `n_graphs`; there is not one label for
            each graph; or an edge joins two graphs.

        Examples
        --------
        >>> edges, x = [[0, 1, 2], [1, 0, 2]], [[1.0], [3.0], [5.0]]
        >>> Graph.list_from_edge_index(edges, x, batch=[0, 0, 1], y=[7, 8])
        [Graph(n_nodes=2, n_edges=1, n_features=1, label=7), \
Graph(n_nodes=1, n_edges=1, n_features=1, label=8)]
        """
        from npdiffpool.graphs.edge_index import split_batch

        n_nodes = None
        if x is None or isinstance(x, str):
            n_nodes = checks.as_array(batch, "batch").size
        whole = cls.from_edge_index(edge_index, x, edge_weight, n_nodes=n_nodes)
        rows, labels = split_batch(whole.adjacency, batch, y, n_graphs)
        A, X = whole.adjacency, whole.features
        return [cls(A[s, s], X[s], label) for s, label in zip(rows, labels)]

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
        features : str, list of str, dict or (N, F) array, optional
            The name or names of the node attributes that hold the features, or the
            features themselves, also "degree" or "ones" as for `Graph` if no node has
            an attribute of that name. A dict such as ``{"element": ["C", "O"], "mass":
            None}`` makes a one-hot column for each of the values listed; None is for an
            attribute with numbers. Default: the attributes that `to_networkx` wrote, if
            there are any, otherwise "degree".
        label : optional
            The class or the target of the graph. Default: ``G.graph["label"]``, if
            there is one.
        weight : str
            The edge attribute that holds the weight. An edge without it has weight 1.

        Returns
        -------
        Graph
            Its `node_names` are the nodes of `G`, unless these are 0 ... N - 1.

        Raises
        ------
        GraphError
            If a node lacks an attribute or has a value that is not listed, or the graph
            or its features are invalid.
        ImportError
            If networkx is not installed.

        Examples
        --------
        >>> import networkx
        >>> Graph.from_networkx(networkx.cycle_graph(4), label="a ring")
        Graph(n_nodes=4, n_edges=4, n_features=65, label='a ring')
        """
        from npdiffpool.graphs.convert import from_networkx

        adjacency, features, names = from_networkx(G, features, weight)
        label = G.graph.get("label") if label is None else label
        return cls(adjacency, features, label, node_names=names)

    def to_networkx(self) -> Any:
        """Convert to networkx: edges have a `weight`, nodes `feature_0` and so on.

        Nodes are called by their `node_names`, otherwise 0 ... N - 1. All attributes
        are Python numbers and strings, so that networkx can write the graph as GraphML,
        GEXF or node-link JSON; `from_networkx` reads it back. In the files of GraphML
        and GEXF all names of nodes are text.

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
        return to_networkx(*parts, not self.is_undirected, self.node_names)

    def __repr__(self) -> str:
        return (
            f"Graph(n_nodes={self.n_nodes}, n_edges={self.n_edges}, "
            f"n_features={self.n_features}, label={self.label!r})"
        )

    def _repr_html_(self) -> str:
        """Return a small drawing and the counts, for notebooks."""
        from npdiffpool.graphs.display import html_graph

        return html_graph(self)
