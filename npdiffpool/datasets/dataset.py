"""A data set: graphs, their labels and the names of their features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterator, overload

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import as_array, require, require_labels
from npdiffpool._support.types import Ints
from npdiffpool.datasets.features import column_kind
from npdiffpool.datasets.tu.tables import DatasetError
from npdiffpool.graphs.graph import Graph

SHOWN = 6  # graphs that a notebook shows


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """The graphs of a data set, in the order of its files.

    ``Dataset(graphs, labels)`` is one of graphs made in Python. An index gives one
    graph; a slice, a mask or an array of indices gives a smaller `Dataset`.

    Attributes
    ----------
    graphs : list of Graph
        Undirected, if `load_dataset` made them. ``graph.label`` is the label, or None.
    labels : (G,) array, or None
        The class of each graph, in data sets from files an int; None without labels,
        and then `statistics` counts 0 classes. With `targets`, floats of shape (G,),
        or (G, T) for T targets.
    name : str
        The name of the data set, by default "graphs".
    feature_names : tuple of str or None
        The name of each feature column: 'label=3', 'attribute 1' (counted from 1),
        'degree=4', 'degree>=64' or 'one'. None, the default, if the names are unknown:
        as for graphs in a list, models then do not compare them.
    source : str
        The place of the files: a folder, a zip or "bundled"; by default "memory".
    citation : str
        The publications to cite; empty if unknown.
    unused : tuple of str
        What the files have and the graphs lack, such as 'edge_labels'.
    weights : str or None
        The column of edge attributes that has the edge weights, such as 'attribute 0'
        (counted from 0), or the attribute of networkx graphs that has them, such as
        'weight'; None if all are 1.
    targets : tuple of str
        For regression the name of each target, such as 'attribute 0'; empty for
        classes.

    Examples
    --------
    >>> from npdiffpool import load_dataset
    >>> mutag = load_dataset("MUTAG")
    >>> len(mutag), mutag.classes, mutag.feature_names[:2]
    (188, array([-1,  1]), ('label=0', 'label=1'))
    >>> mutag[3]
    Graph(n_nodes=19, n_edges=22, n_features=7, label=1)
    >>> ones = mutag[mutag.labels == 1]
    >>> len(ones), ones.statistics()["nodes_max"]
    (125, 28)
    >>> Dataset([Graph([[0, 1], [1, 0]], "ones")], labels=[7])
    Dataset('graphs': 1 graphs, 1 classes, 2.00 nodes and 1.00 edges on average, \
1 features; from memory)
    """

    graphs: list[Graph]
    labels: Any  # an array or None; Any, so that who has labels need not ask
    name: str = "graphs"
    feature_names: Any = None  # tuple of str or None
    source: str = "memory"
    citation: str = ""
    unused: tuple[str, ...] = ()
    weights: str | None = None
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        is_tuple = isinstance(self.targets, (tuple, list))
        named = is_tuple and all(isinstance(name, str) for name in self.targets)
        require(named, "targets", "a tuple of names", self.targets)
        if self.labels is not None:
            labels = _check_labels(self.labels, len(self.graphs), len(self.targets))
            object.__setattr__(self, "labels", labels)

    def __len__(self) -> int:
        return len(self.graphs)

    def __iter__(self) -> Iterator[Graph]:
        return iter(self.graphs)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Graph: ...

    @overload
    def __getitem__(self, index: slice | list[Any] | npt.NDArray[Any]) -> Dataset: ...

    def __getitem__(self, index: Any) -> Graph | Dataset:
        chosen = np.arange(len(self))[index]
        if chosen.ndim == 0:
            return self.graphs[int(chosen)]
        if chosen.ndim > 1:
            raise IndexError(f"an index must have one dimension; got {index!r}")
        graphs = [self.graphs[i] for i in chosen]
        labels = None if self.labels is None else self.labels[chosen]
        return replace(self, graphs=graphs, labels=labels)

    @property
    def classes(self) -> Ints:
        """The distinct labels, sorted.

        Raises
        ------
        DatasetError
            If the data set has no labels, or its labels are targets of a regression.
        """
        if self.targets:
            listed = ", ".join(self.targets)
            raise DatasetError(f"{self.name} has no classes; its targets are {listed}")
        if self.labels is None:
            raise DatasetError(f"{self.name} has no labels (graph_labels.txt)")
        return np.unique(self.labels)

    @property
    def n_classes(self) -> int:
        """Number of distinct labels; raises a `DatasetError` as `classes` does."""
        return len(self.classes)

    @property
    def n_features(self) -> int:
        """Number of feature columns."""
        if self.feature_names is None:
            return self.graphs[0].n_features if self.graphs else 0
        return len(self.feature_names)

    def majority_class(self) -> tuple[Any, float]:
        """Return the most frequent label and its share of the graphs.

        If several labels are equally frequent, it is the smallest of them.

        Returns
        -------
        label : int or str
        share : float
            Between 0 and 1.

        Raises
        ------
        ValueError
            If there is no graph, or no label (a `DatasetError`).

        Examples
        --------
        >>> from npdiffpool import load_dataset
        >>> label, share = load_dataset("MUTAG").majority_class()
        >>> label, round(share, 3)
        (1, 0.665)
        """
        require(len(self) > 0, "the number of graphs", "at least 1", len(self))
        classes, (_, counts) = self.classes, np.unique(self.labels, return_counts=True)
        most = int(np.argmax(counts))
        return classes[most].item(), float(counts[most] / counts.sum())

    def duplicates(self) -> list[Ints]:
        """Return the groups of isomorphic graphs: `datasets.find_duplicates`.

        Returns
        -------
        list of int arrays
            The indices of each group of two graphs or more, sorted.

        Examples
        --------
        >>> from npdiffpool import load_dataset
        >>> groups = load_dataset("MUTAG").duplicates()
        >>> 188 - sum(len(group) - 1 for group in groups)  # different graphs
        175
        """
        from npdiffpool.datasets.duplicates import find_duplicates

        return find_duplicates(self.graphs)

    def statistics(self) -> dict[str, float]:
        """Return the statistics that papers publish, and some others.

        Returns
        -------
        dict
            `graphs`, `classes`, `nodes_mean`, `nodes_max`, `edges_mean` (of
            `Graph.n_edges`), `features`, and among them `label_features`,
            `attribute_features` and `degree_features`, `isolated_nodes` (without an
            edge to another node) and `self_loops`.
        """
        nodes = np.array([graph.n_nodes for graph in self.graphs])
        loops = [np.count_nonzero(g.adjacency.diagonal()) for g in self.graphs]
        edges = [graph.n_edges for graph in self.graphs]
        kinds = [column_kind(name) for name in self.feature_names or ()]
        return {
            "graphs": len(self),
            "classes": 0 if self.labels is None or self.targets else self.n_classes,
            "nodes_mean": float(nodes.mean()) if len(self) else 0.0,
            "nodes_max": int(nodes.max(initial=0)),
            "edges_mean": float(np.mean(edges)) if len(self) else 0.0,
            "features": self.n_features,
            "label_features": kinds.count("label"),
            "attribute_features": kinds.count("attribute"),
            "degree_features": kinds.count("degree"),
            "isolated_nodes": sum(_count_isolated(graph) for graph in self.graphs),
            "self_loops": int(sum(loops)),
        }

    def describe_labels(self) -> str:
        """Return the number of classes, or the names of the targets, as text.

        Returns
        -------
        str

        Examples
        --------
        >>> from npdiffpool import load_dataset
        >>> load_dataset("MUTAG").describe_labels()
        '2 classes'
        """
        if not self.targets:
            return f"{0 if self.labels is None else self.n_classes} classes"
        listed = ", ".join(self.targets[:5]) + ", ..." * (len(self.targets) > 5)
        return f"target{'s' * (len(self.targets) > 1)} {listed}"

    def __repr__(self) -> str:
        counts = self.statistics()
        unused = f"; not used: {', '.join(self.unused)}" if self.unused else ""
        return (
            f"Dataset({self.name!r}: {len(self)} graphs, {self.describe_labels()}, "
            f"{counts['nodes_mean']:.2f} nodes and {counts['edges_mean']:.2f} edges "
            f"on average, {self.n_features} features; from {self.source}{unused})"
        )

    def _repr_html_(self) -> str:
        """Return the statistics and the first graphs, for notebooks."""
        from npdiffpool.graphs.display import html_row, html_table, svg_graph

        about = {"source": self.source, "not used": ", ".join(self.unused)}
        about |= {"edge weights": self.weights or "", "cite": self.citation}
        rows = {name: f"{value:.6g}" for name, value in self.statistics().items()}
        rows |= {name: text for name, text in about.items() if text}
        drawings = [svg_graph(graph, 90) for graph in self.graphs[:SHOWN]]
        return html_table(self.name, rows) + html_row(drawings)


def _check_labels(labels: Any, n_graphs: int, n_targets: int) -> npt.NDArray[Any]:
    """Return labels, (G,), or (G, T) for several targets."""
    if n_targets == 0:
        return require_labels("labels", labels, n_graphs)
    array = as_array("labels", labels, n_graphs)
    if n_targets == 1 and array.shape == (n_graphs, 1):
        array = array[:, 0]
    shape = (n_graphs,) if n_targets == 1 else (n_graphs, n_targets)
    required = f"{shape}, a column for each of the targets"
    require(array.shape == shape, "labels", required, array.shape)
    are_numbers, required = array.dtype.kind in "iuf", "finite numbers for targets"
    require(are_numbers, "labels", required, f"dtype {array.dtype.name}")
    wrong = array[~np.isfinite(array)].tolist()
    require(not wrong, "labels", required, (wrong or [0.0])[0])
    return array


def _count_isolated(graph: Graph) -> int:
    loops = graph.adjacency.diagonal() != 0
    return int(np.count_nonzero(np.diff(graph.adjacency.indptr) == loops))
