"""Graphs: one, and how it is made.

`Graph` checks what comes in, once, so that nothing after it has to. Many graphs
at once are a `GraphBatch` (batches.py).
"""
from __future__ import annotations

from typing import Any, Iterable

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]


class GraphError(ValueError):
    """Say which part of a graph is unusable, what is required and what was seen."""


class Graph:
    """Hold one graph: weighted edges, node features and perhaps a label.

    Parameters
    ----------
    adjacency : (N, N) scipy sparse or dense array
        Non-negative finite weights; ``adjacency[i, j]`` is the edge i -> j.
        Symmetric for an undirected graph, which is what DiffPool is meant for;
        symmetry is not required.
    features : (N, F) array
        Finite node features. An (N,) array is taken as one column.
    label : optional
        The class or the target of the graph.

    Attributes
    ----------
    adjacency : (N, N) scipy.sparse.csr_array
        Duplicates summed, zeros dropped, columns sorted. float32 stays float32,
        everything else becomes float64.
    features : (N, F) array
        float32 stays float32, everything else becomes float64.

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
        self.adjacency = _check_adjacency(adjacency)
        self.features = _check_features(features, self.n_nodes)
        self.label = label

    @property
    def n_nodes(self) -> int:
        """Count the nodes."""
        return int(self.adjacency.shape[0])

    @property
    def n_features(self) -> int:
        """Count the feature columns."""
        return int(self.features.shape[1])

    @property
    def n_edges(self) -> int:
        """Count the edges: {i, j} once if the graph is undirected, loops once."""
        if not self.is_undirected:
            return int(self.adjacency.nnz)
        loops = np.count_nonzero(self.adjacency.diagonal())
        return int(self.adjacency.nnz + loops) // 2

    @property
    def is_undirected(self) -> bool:
        """Tell whether the adjacency is exactly symmetric."""
        return bool((self.adjacency != self.adjacency.T).nnz == 0)

    def permute(self, order: Any) -> Graph:
        """Renumber the nodes: node i of the result is node ``order[i]`` of this.

        Parameters
        ----------
        order : (N,) ints
            Each of 0 ... N - 1 once.

        Raises
        ------
        GraphError
            If `order` is not a permutation of the nodes.
        """
        order = np.asarray(order, dtype=np.intp if len(order) == 0 else None)
        whole = order.dtype.kind in "iu"
        if not whole or not np.array_equal(np.sort(order), np.arange(self.n_nodes)):
            raise GraphError(
                f"order must hold each of 0 ... {self.n_nodes - 1} once; got {order}"
            )
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
        """Make an undirected graph from a list of edges.

        Parameters
        ----------
        edges : (E, 2) ints
            Each undirected edge once, in either direction; repeated edges add up.
        n_nodes : int
            N; nodes without edges are kept.
        features : (N, F) array, optional
            Ones of shape (N, 1) where not given.
        weights : (E,) array, optional
            Ones where not given.
        label : optional
            The class or the target of the graph.

        Raises
        ------
        GraphError
            If `edges` is not (E, 2) or names a node outside 0 ... N - 1, or
            `weights` does not have one number an edge.

        Examples
        --------
        >>> Graph.from_edges([(0, 1), (1, 2)], n_nodes=3).adjacency.toarray()
        array([[0., 1., 0.],
               [1., 0., 1.],
               [0., 1., 0.]])
        """
        edges = _check_edges(edges, n_nodes)
        weights = np.ones(len(edges)) if weights is None else weights
        weights = numeric(weights, "weights")
        if weights.shape != (len(edges),):
            raise GraphError(
                f"weights must have shape ({len(edges)},), one for each edge; "
                f"got {weights.shape}"
            )
        source, target = edges.T
        once = source != target
        rows = np.concatenate([source, target[once]])
        columns = np.concatenate([target, source[once]])
        values = np.concatenate([weights, weights[once]])
        shape = (n_nodes, n_nodes)
        adjacency = sparse.coo_array((values, (rows, columns)), shape=shape)
        features = np.ones((n_nodes, 1)) if features is None else features
        return cls(adjacency, features, label)

    @classmethod
    def from_networkx(
        cls, G: Any, features: Any = None, label: Any = None, weight: str = "weight"
    ) -> Graph:
        """Make a graph from a networkx graph, nodes in the order of ``G.nodes``.

        Parameters
        ----------
        G : networkx.Graph or networkx.DiGraph
            Parallel edges of a multigraph are added up.
        features : str, sequence of str or (N, F) array, optional
            The name or names of the node attributes that hold the features, or
            the features themselves. Ones of shape (N, 1) where not given.
        label : optional
            The class or the target of the graph.
        weight : str
            The edge attribute that holds the weight; 1 where an edge has none.

        Raises
        ------
        GraphError
            If a node lacks an attribute, or the graph or features are unusable.
        """
        from npdiffpool.interop import from_networkx

        return cls(*from_networkx(G, features, weight), label)

    def to_networkx(self) -> Any:
        """Make a networkx graph: edges carry `weight`, nodes carry `features`.

        Returns
        -------
        networkx.Graph, or networkx.DiGraph where the adjacency is not symmetric.
        """
        from npdiffpool.interop import to_networkx

        return to_networkx(self)

    def __repr__(self) -> str:
        return (
            f"Graph(n_nodes={self.n_nodes}, n_edges={self.n_edges}, "
            f"n_features={self.n_features}, label={self.label!r})"
        )


def check_graphs(graphs: Any) -> list[Graph]:
    """Return a list of graphs of one feature width, or say what is wrong.

    Raises
    ------
    GraphError
        If there is no graph, one is not a `Graph`, or the feature widths differ.
    """
    if isinstance(graphs, Graph):
        raise GraphError("graphs must be a sequence of Graph; got one Graph")
    if not isinstance(graphs, Iterable):
        kind = type(graphs).__name__
        raise GraphError(f"graphs must be a sequence of Graph; got {kind}")
    checked: list[Graph] = list(graphs)
    if not checked:
        raise GraphError("graphs must hold at least one Graph; got none")
    for index, graph in enumerate(checked):
        if not isinstance(graph, Graph):
            kind = type(graph).__name__
            raise GraphError(f"graphs[{index}] must be a Graph; got {kind}")
        if graph.n_features != checked[0].n_features:
            raise GraphError(
                f"all graphs must have as many features as the first, "
                f"{checked[0].n_features}; graphs[{index}] has {graph.n_features}"
            )
    return checked


def _check_adjacency(adjacency: Any) -> sparse.csr_array:
    A = adjacency if sparse.issparse(adjacency) else numeric(adjacency, "adjacency")
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise GraphError(f"adjacency must be square, (N, N); got shape {A.shape}")
    # Widened first: uint8 duplicates, 200 and 200, would add up to 144.
    A = sparse.csr_array(A.astype(_float_dtype(A, "adjacency")), copy=True)
    A.sum_duplicates()
    if not np.all(np.isfinite(A.data)):
        raise GraphError("adjacency must be finite; it holds NaN or infinity")
    if np.any(A.data < 0):
        raise GraphError(f"adjacency must not be negative; got {A.data.min()}")
    A.eliminate_zeros()
    return A


def _check_features(features: Any, n_nodes: int) -> Floats:
    X = numeric(features, "features")
    X = X.reshape(-1, 1) if X.ndim == 1 else X
    if X.ndim != 2 or len(X) != n_nodes:
        raise GraphError(
            f"features must have one row for each of the {n_nodes} nodes, (N, F); "
            f"got shape {X.shape}"
        )
    if not np.all(np.isfinite(X)):
        raise GraphError("features must be finite; they hold NaN or infinity")
    return X


def numeric(values: Any, name: str) -> Floats:
    """Copy into a float array; strings, objects and complex numbers are errors."""
    try:
        array = values.toarray() if sparse.issparse(values) else np.asarray(values)
    except ValueError as error:  # rows of unlike lengths
        raise GraphError(f"{name} must be an array of numbers: {error}") from None
    return np.array(array, dtype=_float_dtype(array, name))


def _float_dtype(array: Any, name: str) -> Any:
    empty = 0 in array.shape
    if array.dtype.kind not in "biuf" and not empty:
        raise GraphError(f"{name} must be real numbers; got dtype {array.dtype}")
    return np.float32 if array.dtype == np.float32 else np.float64


def _check_edges(edges: Any, n_nodes: int) -> Ints:
    if not isinstance(n_nodes, (int, np.integer)) or n_nodes < 0:
        raise GraphError(f"n_nodes must be a whole number >= 0; got {n_nodes!r}")
    array = np.asarray(edges)
    if array.size == 0:
        return np.zeros((0, 2), dtype=np.intp)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise GraphError(
            f"edges must be whole numbers of shape (E, 2); "
            f"got {array.dtype} of shape {array.shape}"
        )
    outside = array[(array < 0) | (array >= n_nodes)]
    if len(outside):
        raise GraphError(f"edges must name nodes 0 ... {n_nodes - 1}; got {outside[0]}")
    return array
