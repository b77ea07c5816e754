"""Snapshots: how training changes the assignments of a few graphs.

A snapshot stores only what the figures show, not the assignment S itself: each node's
cluster and its membership in it (argmax and maximum of its row of S), the masses of the
clusters and the links of the pooled adjacency A' to draw (`backbone`).
"""

from __future__ import annotations

from typing import Any, Iterable, NamedTuple, Sequence

import numpy as np
from scipy import sparse

from npdiffpool._support.types import Array, Floats, Ints
from npdiffpool.evaluation import measures
from npdiffpool.graphs.degrees import is_one_hot
from npdiffpool.graphs.graph import Graph
from npdiffpool.runs.backbone import backbone

N_RECORDED = 6  # number of graphs to record
MOST_NODES = 300  # largest recorded graph, if there are smaller ones
READABLE = 40  # nodes of the graph that is drawn first, if there is such a graph
MEASURED = 100  # number of graphs, evenly spaced, over which measures are averaged
EPOCHS = 40  # number of snapshots
MAX_SHOWN = 1 << 20  # nodes and clusters of all graphs in all snapshots
OF_ASSIGNMENT = {
    "entropy of S / log K": measures.normalized_entropy,
    "clusters used": measures.clusters_used,
    "effective clusters": measures.effective_clusters,
}
OF_CLUSTERS = {"edges inside clusters": measures.edges_inside}
MEASURES = [*OF_ASSIGNMENT, *OF_CLUSTERS, "modularity"]  # of undirected graphs


class Pooling(NamedTuple):
    """One pooling of a graph, n nodes into K clusters, in each of E snapshots."""

    cluster: Ints  # (E, n) argmax of each row of S
    share: Floats  # (E, n) maximum of each row of S
    mass: Floats  # (E, K) number of the graph's nodes in each cluster
    links: Floats  # (M, 4) snapshot, clusters k < l, weight / heaviest weight
    # (E, 2) number of all links between used clusters, and the share of their weight
    # that `links` have. Snapshots of older versions lack it.
    between: Floats | None = None


class RecordedGraph(NamedTuple):
    """One graph in each of E snapshots."""

    number: int  # index in the data set
    truth: int  # index of its class among the model's; -1 if it is none of them
    edges: Ints  # (M, 2)
    kinds: Ints  # (N,) column of each node's one-hot feature; -1 if it is not one-hot
    probabilities: Floats  # (E, C); C is 0 for a regressor
    poolings: list[Pooling]
    target: Floats | None = None  # (T,) of a regressor
    predicted: Floats | None = None  # (E, T) of a regressor


class Snapshots(NamedTuple):
    """Snapshots of a training run, taken after E of its epochs."""

    epochs: Ints  # (E,)
    measures: dict[str, Floats]  # (E,) each; mean measures of the first pooling
    graphs: list[RecordedGraph]


class Recorder:
    """A callback that records snapshots: the `on_epoch` of an estimator's `fit`.

    Parameters
    ----------
    numbers : sequence of int
        The indices of the graphs in the data set.
    graphs : sequence of Graph
        The graphs to choose from. `N_RECORDED` of them are recorded, from small to
        large, with 1 to `MOST_NODES` nodes (or else the smallest graph that has nodes).
    labels : (G,) array
        The labels of the graphs.
    epochs : int
        Maximal number of epochs. At most `EPOCHS` snapshots are taken, more of them in
        early epochs.
    n_clusters : int
        The number of clusters of all levels. If it is large, fewer graphs are recorded,
        or fewer snapshots are taken: a file has at most `MAX_SHOWN` nodes and clusters.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        graphs: Sequence[Graph],
        labels: Sequence[Any] | Ints,
        epochs: int,
        n_clusters: int = 0,
    ) -> None:
        most = min(epochs, EPOCHS)
        chosen, most = _limit(choose_recorded(graphs), graphs, n_clusters, most)
        self._graphs = [graphs[i] for i in chosen]
        self._numbers = [int(numbers[i]) for i in chosen]
        self._labels = [labels[i] for i in chosen]
        places = np.linspace(0, len(graphs) - 1, min(MEASURED, len(graphs)))
        measured = [graphs[i] for i in places.round().astype(int)]
        self._measured = [(graph, graph.is_undirected) for graph in measured]
        steps = np.geomspace(1, epochs, most).round().astype(int)
        self._wanted = set(np.maximum(steps, np.arange(most) + 1).tolist())
        self._snapshots: dict[int, Snapshots] = {}  # one epoch each

    def __call__(self, model: Any) -> None:
        """Record the model after an epoch, if the epoch is one of those chosen."""
        epoch = len(model.history_)
        if epoch in self._wanted:
            self.record(model, epoch)

    def record(self, model: Any, epoch: int) -> None:
        """Record a fitted model, unless there is a snapshot of that epoch."""
        if epoch in self._snapshots:
            return
        outcomes = _outcomes(model, self._graphs, self._labels)
        assignments, graphs = model.assignments_of(self._graphs), []
        for i, graph in enumerate(self._graphs):
            known: Any = {"number": self._numbers[i], "edges": _edges(graph)}
            known |= {"kinds": _kinds(graph), **outcomes[i]}
            graphs.append(
                RecordedGraph(poolings=_poolings(graph, assignments[i]), **known)
            )
        measured = model.assignments_of([graph for graph, _ in self._measured])
        rows = [_measure(*pair, found) for pair, found in zip(self._measured, measured)]
        means = {name: np.array([_mean(row[name] for row in rows)]) for name in rows[0]}
        self._snapshots[epoch] = Snapshots(np.array([epoch]), means, graphs)

    def snapshots(self, last: int | None = None) -> Snapshots:
        """Return the snapshots of epochs up to `last`, or all, ordered by epoch."""
        epochs = sorted(e for e in self._snapshots if last is None or e <= last)
        return _join([self._snapshots[epoch] for epoch in epochs])

    def restore(self, snapshots: Snapshots) -> None:
        """Add the snapshots of an earlier recorder of the same graphs.

        Raises
        ------
        ValueError
            If they are of other graphs, or of other numbers of nodes.
        """
        numbers = [graph.number for graph in snapshots.graphs]
        if numbers != self._numbers:
            raise ValueError(
                f"snapshots must be of graphs {self._numbers}; got {numbers}"
            )
        sizes = [len(graph.kinds) for graph in snapshots.graphs]
        expected = [graph.n_nodes for graph in self._graphs]
        if sizes != expected:
            raise ValueError(f"snapshots must be of {expected} nodes; got {sizes}")
        for i, epoch in enumerate(snapshots.epochs.tolist()):
            self._snapshots[epoch] = _take(snapshots, i)


def _outcomes(model: Any, graphs: list[Graph], labels: list[Any]) -> list[Any]:
    """Return what a model predicts for graphs, as fields of `RecordedGraph`."""
    if not hasattr(model, "classes_"):
        found = model.predict(graphs).reshape(len(graphs), -1)
        targets = np.reshape(np.array(labels, dtype=float), found.shape)
        none = {"truth": -1, "probabilities": np.zeros((1, 0))}
        rows = zip(targets, found[:, None])
        return [{**none, "target": t, "predicted": y} for t, y in rows]
    classes = model.classes_.tolist()
    truths = [classes.index(k) if k in classes else -1 for k in labels]
    rows = zip(truths, model.predict_proba(graphs)[:, None])
    return [{"truth": truth, "probabilities": p} for truth, p in rows]


def choose_recorded(graphs: Sequence[Graph]) -> Ints:
    """Return the indices of graphs to record, from small to large.

    They are evenly spaced among the graphs of 1 to `MOST_NODES` nodes ordered by size,
    or the smallest graph that has nodes if there is none of these.
    """
    sizes = np.array([graph.n_nodes for graph in graphs])
    order = np.argsort(sizes, kind="stable")
    order = order[sizes[order] > 0] if np.any(sizes) else order
    small = order[sizes[order] <= MOST_NODES]
    order = small if len(small) else order[:1]
    places = np.linspace(0, len(order) - 1, min(N_RECORDED, len(order)))
    chosen: Ints = order[places.round().astype(int)]
    return chosen


def _limit(
    chosen: Ints, graphs: Sequence[Graph], n_clusters: int, n_snapshots: int
) -> tuple[Ints, int]:
    """Return as many of the chosen graphs as a file may have, one or more.

    If only one is left, also as many snapshots as it may have. That of the kept epoch
    comes in addition.
    """
    shown = np.array([graphs[i].n_nodes + n_clusters for i in chosen], dtype=int)
    fits = np.cumsum(shown) * (n_snapshots + 1) <= MAX_SHOWN
    if len(chosen) == 0 or fits[0]:
        return chosen[fits], n_snapshots
    return chosen[:1], max(1, MAX_SHOWN // int(shown[0]) - 1)


def readable(sizes: Sequence[int]) -> int:
    """Return the index of the recorded graph to draw first, by numbers of nodes.

    It is the graph of the size nearest to the median, or to `READABLE` nodes if the
    median is larger; the first of equally near ones.
    """
    wanted = min(float(np.median(sizes)), READABLE)
    return int(np.argmin(np.abs(np.asarray(sizes) - wanted)))


def _poolings(graph: Graph, assignments: Sequence[Array]) -> list[Pooling]:
    """Return the poolings of a graph in one snapshot."""
    A, mass, found = graph.adjacency, np.ones(graph.n_nodes), []
    clusters = [S.argmax(axis=1) for S in assignments]
    for S, own, used in zip(assignments, clusters, measures.used_clusters(clusters)):
        mass, A = S.T @ mass, S.T @ (A @ S)
        links = backbone(A, np.isin(np.arange(len(A)), used))
        columns = np.zeros(len(links.pairs)), *links.pairs.T, links.weights
        rows = own[None], S.max(axis=1)[None], mass[None], np.stack(columns, axis=1)
        found.append(Pooling(*rows, np.array([[links.total, links.share]])))
    return found


def _join(parts: Sequence[Snapshots]) -> Snapshots:
    """Concatenate snapshots of the same graphs."""
    epochs, means, graphs = zip(*parts)
    joined = {name: np.concatenate([row[name] for row in means]) for name in means[0]}
    return Snapshots(np.concatenate(epochs), joined, [*map(_join_graph, zip(*graphs))])


def _join_graph(parts: Sequence[RecordedGraph]) -> RecordedGraph:
    probabilities = np.concatenate([part.probabilities for part in parts])
    levels = zip(*(part.poolings for part in parts))
    poolings = [_join_pooling(level) for level in levels]
    joined = parts[0]._replace(probabilities=probabilities, poolings=poolings)
    found = [part.predicted for part in parts if part.predicted is not None]
    return joined._replace(predicted=np.concatenate(found)) if found else joined


def _join_pooling(parts: Sequence[Pooling]) -> Pooling:
    cluster, share, mass, links, between = zip(*parts)
    shifted = [rows + [i, 0, 0, 0] for i, rows in enumerate(links)]
    joined = Pooling(*map(np.concatenate, (cluster, share, mass, shifted)))
    if any(rows is None for rows in between):
        return joined
    return joined._replace(between=np.concatenate(between))


def _take(snapshots: Snapshots, i: int) -> Snapshots:
    """Return the i-th snapshot alone; the inverse of `_join`."""
    one = slice(i, i + 1)
    means = {name: row[one] for name, row in snapshots.measures.items()}
    graphs = [
        graph._replace(
            probabilities=graph.probabilities[one],
            predicted=None if graph.predicted is None else graph.predicted[one],
            poolings=[_take_pooling(pooling, i) for pooling in graph.poolings],
        )
        for graph in snapshots.graphs
    ]
    return Snapshots(snapshots.epochs[one], means, graphs)


def _take_pooling(pooling: Pooling, i: int) -> Pooling:
    links = pooling.links[pooling.links[:, 0] == i] - [i, 0, 0, 0]
    rows = [None if values is None else values[i : i + 1] for values in pooling]
    return Pooling._make(rows)._replace(links=links)


def _measure(
    graph: Graph, is_undirected: bool, assignments: Sequence[Array]
) -> dict[str, float]:
    """Compute the measures of the first pooling; without poolings there are none."""
    if not assignments:
        return {}
    S, A = assignments[0], graph.adjacency
    found = {name: measure(S) for name, measure in OF_ASSIGNMENT.items()}
    clusters = S.argmax(axis=1)
    found |= {name: f(A, clusters) for name, f in OF_CLUSTERS.items()}
    modularity = measures.modularity(A, clusters) if is_undirected else float("nan")
    return found | {"modularity": modularity}


def _mean(values: Iterable[float]) -> float:
    """Return the mean without NaNs, where a measure is not defined."""
    array = np.array(list(values), dtype=float)
    known = array[~np.isnan(array)]
    return float(known.mean()) if len(known) else float("nan")


def _edges(graph: Graph) -> Ints:
    """Return the `graph.n_edges` edges; those of an undirected graph as i <= j."""
    A = graph.adjacency
    links = sparse.coo_array(sparse.triu(A) if graph.is_undirected else A)
    return np.stack([links.row, links.col], axis=1).astype(np.int64)


def _kinds(graph: Graph) -> Ints:
    X = np.asarray(graph.features)
    has_kinds = X.size > 0 and is_one_hot(X)
    return X.argmax(axis=1) if has_kinds else np.full(graph.n_nodes, -1)
