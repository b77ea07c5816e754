"""Snapshots: what training does to the assignments of a few graphs, by epoch.

Kept is what a picture shows, not S itself: each node's cluster (the argmax of its row
of S), its share there, the masses of the clusters and the heavier links of A'.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
from scipy import sparse

from npdiffpool.evaluation import measures
from npdiffpool.graphs.graph import Floats, Graph, Ints

WATCHED = 6  # graphs
MOST_NODES = 300  # of a watched graph, if there are such
MEASURED = 100  # graphs of which measures are means, evenly from all
EPOCHS = 40
MEASURES = (
    "entropy of S / log K",
    "clusters used",
    "effective clusters",
    "edges inside clusters",
    "modularity",
)
FAINT = 0.05  # links of A' below this share of the heaviest are not kept


class Pooling(NamedTuple):
    """Hold one pooling, of n nodes into K clusters, at each of E epochs."""

    cluster: Ints  # (E, n) the argmax of each row of S
    share: Floats  # (E, n) what the row has there
    mass: Floats  # (E, K) nodes of the graph that each cluster holds
    links: Floats  # (M, 4) place among the epochs, clusters k < l, weight / heaviest


class Watched(NamedTuple):
    """Hold one graph and what became of it at each of E epochs."""

    number: int  # in the data set
    truth: int  # place of its class among the model's, -1 if it has no such class
    edges: Ints  # (M, 2)
    kinds: Ints  # (N,) column of the node's one feature that is 1, -1 if not one-hot
    probabilities: Floats  # (E, C)
    poolings: list[Pooling]


class Snapshots(NamedTuple):
    """Hold what a training's snapshots saw."""

    epochs: Ints  # (E,)
    measures: dict[str, Floats]  # (E,) each, of the first pooling
    graphs: list[Watched]


class Recorder:
    """Take snapshots of a training: give it as `on_epoch` to `fit`.

    Parameters
    ----------
    numbers : sequence of int
        Which graphs of the data set may be watched.
    graphs : sequence of Graph
        These graphs. Watched are `WATCHED` of them, small to large, of no more than
        `MOST_NODES` nodes (or the smallest), measured `MEASURED`.
    labels : (G,) array
    epochs : int
        Epochs at most. Snapshots are taken of `EPOCHS` of them, early ones closer.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        graphs: Sequence[Graph],
        labels: Any,
        epochs: int,
    ) -> None:
        places = np.linspace(0, len(graphs) - 1, min(MEASURED, len(graphs)))
        self._measured = [graphs[place] for place in places.round().astype(int)]
        sizes = np.array([graph.n_nodes for graph in graphs])
        self._places = _choose(sizes)
        self._chosen = [graphs[place] for place in self._places]
        self._numbers = [int(numbers[place]) for place in self._places]
        self._labels = [labels[place] for place in self._places]
        steps = np.geomspace(1, epochs, EPOCHS).round().astype(int)
        self._wanted = set(np.maximum(steps, np.arange(EPOCHS) + 1).tolist())
        self._seen: dict[int, Any] = {}

    def __call__(self, clf: Any) -> None:
        """Look at the model after an epoch, if it is one of those."""
        epoch = len(clf.history_)
        if epoch in self._wanted:
            self.look(clf, epoch)

    def look(self, clf: Any, epoch: int) -> None:
        """Take a snapshot of a fitted model, once an epoch."""
        if epoch in self._seen:
            return
        poolings = [_poolings(graph, clf.assignments(graph)) for graph in self._chosen]
        measured = [_measure(g, clf.assignments(g)) for g in self._measured]
        means = {name: _mean(row[name] for row in measured) for name in measured[0]}
        self._classes = clf.classes_.tolist()
        truths = [self._truth(i) for i in range(len(self._chosen))]
        self._seen[epoch] = poolings, clf.predict_proba(self._chosen), means, truths

    def snapshots(self, last: int | None = None) -> Snapshots:
        """Return what was seen, of epochs up to `last`, in their order."""
        epochs = sorted(e for e in self._seen if last is None or e <= last)
        seen = [self._seen[epoch] for epoch in epochs]
        poolings, probabilities, means, (truths, *_) = zip(*seen)
        graphs = [
            Watched(
                self._numbers[i],
                truths[i],
                _edges(graph),
                _kinds(graph),
                np.array([rows[i] for rows in probabilities]),
                _over_epochs([levels[i] for levels in poolings]),
            )
            for i, graph in enumerate(self._chosen)
        ]
        over = {name: np.array([row[name] for row in means]) for name in means[0]}
        return Snapshots(np.array(epochs), over, graphs)

    def restore(self, snapshots: Snapshots) -> None:
        """Take what another recorder of the same graphs has seen for one's own.

        Raises
        ------
        ValueError
            If it has seen other graphs, or others of their nodes.
        """
        numbers = [graph.number for graph in snapshots.graphs]
        if numbers != self._numbers:
            raise ValueError(f"seen must be graphs {self._numbers}; got {numbers}")
        sizes = [len(graph.kinds) for graph in snapshots.graphs]
        own = [graph.n_nodes for graph in self._chosen]
        if sizes != own:
            raise ValueError(f"seen must be graphs of {own} nodes; got {sizes}")
        truths = [graph.truth for graph in snapshots.graphs]
        for at, epoch in enumerate(snapshots.epochs.tolist()):
            poolings = [_at_epoch(graph.poolings, at) for graph in snapshots.graphs]
            chances = [graph.probabilities[at] for graph in snapshots.graphs]
            means = {name: row[at] for name, row in snapshots.measures.items()}
            self._seen[epoch] = poolings, chances, means, truths

    def _truth(self, i: int) -> int:
        label, known = self._labels[i], self._classes
        return known.index(label) if label in known else -1


def _choose(sizes: Ints) -> Ints:
    """Choose graphs from small to large, evenly, among those that are not too large."""
    order = np.argsort(sizes, kind="stable")
    fitting = order[sizes[order] <= MOST_NODES]
    order = fitting if len(fitting) else order[:1]
    places = np.linspace(0, len(order) - 1, min(WATCHED, len(order)))
    chosen: Ints = order[places.round().astype(int)]
    return chosen


def _poolings(graph: Graph, assignments: Sequence[Any]) -> list[Any]:
    """Return (cluster, share, mass, links) of each level."""
    A, mass, found = graph.adjacency, np.ones(graph.n_nodes), []
    for S in assignments:
        mass, A = S.T @ mass, S.T @ (A @ S)
        found.append((S.argmax(axis=1), S.max(axis=1), mass, _heavy_links(A)))
    return found


def _heavy_links(A: Any) -> Floats:
    """List k, l and weight over the heaviest of the links between clusters, (M, 3)."""
    entries = sparse.coo_array(np.triu((A + A.T) / 2, k=1))
    weights = entries.data / entries.data.max(initial=1e-300)
    table = np.stack([entries.row, entries.col, weights], axis=1)
    heavy: Floats = table[weights >= FAINT]
    return heavy


def _over_epochs(epochs: list[list[Any]]) -> list[Pooling]:
    """Turn levels at each epoch into epochs of each level."""
    found = []
    for level in zip(*epochs):
        cluster, share, mass, links = zip(*level)
        placed = [np.column_stack([np.full(len(t), e), t]) for e, t in enumerate(links)]
        stacked = [np.array(part) for part in (cluster, share, mass)]
        found.append(Pooling._make([*stacked, np.concatenate(placed)]))
    return found


def _at_epoch(poolings: list[Pooling], at: int) -> list[Any]:
    """Turn epochs of each level into the levels at one epoch."""
    found = []
    for cluster, share, mass, links in poolings:
        here = links[links[:, 0] == at][:, 1:]
        found.append((cluster[at], share[at], mass[at], here))
    return found


def _measure(graph: Graph, assignments: Sequence[Any]) -> dict[str, float]:
    """Measure the first pooling, if there is one."""
    if not assignments:
        return {}
    S, clusters = assignments[0], assignments[0].argmax(axis=1)
    measured = (
        measures.normalized_entropy(S),
        measures.clusters_used(S),
        measures.effective_clusters(S),
        measures.edges_inside(graph.adjacency, clusters),
        measures.modularity(graph.adjacency, clusters),
    )
    return dict(zip(MEASURES, measured))


def _mean(values: Any) -> float:
    """Return the mean of what is a number; of graphs without edges some are not."""
    array = np.array(list(values), dtype=float)
    known = array[~np.isnan(array)]
    return float(known.mean()) if len(known) else float("nan")


def _edges(graph: Graph) -> Ints:
    links = sparse.coo_array(sparse.triu(graph.adjacency, k=1))
    return np.stack([links.row, links.col], axis=1).astype(np.int64)


def _kinds(graph: Graph) -> Ints:
    X = np.asarray(graph.features)
    one_hot = X.size and np.all((X == 0) | (X == 1)) and np.all(X.sum(axis=1) == 1)
    return X.argmax(axis=1) if one_hot else np.full(graph.n_nodes, -1)
