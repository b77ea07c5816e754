"""DiffPoolClusterer: clusters of nodes from the link and entropy losses alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterable, TypeVar

import numpy as np

from npdiffpool._support.arguments import require, warn_caller
from npdiffpool._support.parameters import (
    check_parameters,
    documented,
    parameter,
    parameter_of,
)
from npdiffpool._support.progress import progress_bar
from npdiffpool._support.threads import use_threads
from npdiffpool._support.types import Floats, Ints, Row
from npdiffpool.engine.config import MAX_CLUSTERS, Config
from npdiffpool.engine.pooling import Level
from npdiffpool.engine.preparation import first_level
from npdiffpool.estimators.fitted import GraphModel
from npdiffpool.estimators.fitting import inputs
from npdiffpool.estimators.fitting.schema import InputSchema, check_name_count
from npdiffpool.estimators.parameters import Parameters
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import slices_of
from npdiffpool.training.clustering import Clustering, assign_nodes, train_assignment

Clusterer = TypeVar("Clusterer", bound="DiffPoolClusterer")
Given = Graph | Iterable[Graph]
COLLAPSED = (
    "all nodes are in one cluster; use features that distinguish nodes, such as "
    'Graph(A, np.eye(N)), link_scale="relative" for edge weights above 1, a lower '
    "entropy_weight or more epochs"
)


@documented
@dataclass(eq=False, repr=False)
class DiffPoolClusterer(Parameters, GraphModel):
    """Clusters of the nodes of one graph or several, without labels.

    The assignment S = softmax(GNN(A, X)) of equation 6 is trained on the link loss and
    the entropy loss of section 3.3 alone; each node belongs to its most probable
    cluster. The GNN is the same for all graphs, so that cluster k of one graph
    corresponds to cluster k of another.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    labels_ : (N,) ints, or list of them
        The cluster of each node, 0 to n_clusters - 1; for a sequence of graphs, a list
        with one array for each graph. Some clusters may have no node.
    assignments_ : (N, K) array, or list of them
        S, whose rows sum to 1.
    loss_ : float
        The lowest loss of all epochs of all trainings; its parameters were kept.
    history_ : list of dict
        For each epoch of the training with the lowest loss: `epoch`, `loss`,
        `link_loss` and `entropy_loss` (nats per node), means over the graphs before the
        update of that epoch.
    n_features_in_, feature_names_in_, edge_weights_in_, config_, params_
        As for `DiffPoolClassifier`.

    Raises
    ------
    ValueError
        By `fit`, if a parameter is out of range.
    NotFittedError
        By `predict` and `predict_proba`, before `fit`.
    GraphError
        By every method, if its argument is neither a `Graph` nor a sequence of them, or
        the graphs have another number of features than in `fit`.

    Warns
    -----
    UserWarning
        By `fit`, if all nodes are in one cluster.

    Notes
    -----
    Features decide what can be told apart. Nodes that a symmetry of the graph and its
    features maps to each other always have the same row of S: with constant features or
    degrees (the default of `Graph`) all nodes of a ring are in one cluster, and so are
    two equal components. For one graph, one-hot numbers of the nodes,
    ``Graph(A, np.eye(N))``, distinguish all of them; they do not apply to other graphs,
    for which `predict` needs features that mean the same in each.

    The losses favour clusters of equal size. For one-hot rows of S and K clusters of
    sizes n_k,

        ||A - S S^T||^2 = ||A||^2 - 2 (sum of A inside clusters) + sum_k n_k^2

    and in a sparse graph the last term is the largest: small communities are joined and
    large ones divided, also with the right number of clusters. An entry of S S^T is at
    most 1 and cannot fit a larger edge weight: use ``link_scale="relative"``.
    The diagonal of S S^T is near 1 where A has 0, so the loss is far from 0 for the
    best clusters too, and S stays soft.

    If the entropy loss outweighs the link loss, S becomes one-hot before clusters form.
    On the karate club of networkx (K = 4, edge weights 1) one or two clusters then have
    all nodes, for each of ten seeds: with `entropy_weight` 30, and with `link_scale`
    "nodes" or "entries", which need a smaller `entropy_weight`.

    All graphs are one batch. There is no model file; a fitted clusterer can be pickled.

    Differs from the paper: it trains these losses with a classifier only.

    Examples
    --------
    >>> clique = np.ones((4, 4)) - np.eye(4)
    >>> A = np.block([[clique, np.zeros((4, 4))], [np.zeros((4, 4)), clique]])
    >>> A[3, 4] = A[4, 3] = 1
    >>> model = DiffPoolClusterer(n_clusters=2, epochs=50)
    >>> labels = model.fit_predict(Graph(A, np.eye(8)))
    >>> labels[:4] == labels[0], labels[4:] == labels[0]
    (array([ True,  True,  True,  True]), array([False, False, False, False]))
    """

    n_clusters: int = parameter(8, "Number K of clusters.", least=1, most=MAX_CLUSTERS)
    gnn: str = parameter(
        "sage",
        'Graph layer of the assignment, as for `DiffPoolClassifier`: "gcn", "sage" or '
        '"mlp" (each node by itself; edges count in the loss only).',
        choices=("gcn", "sage", "mlp"),
    )
    hidden: int = parameter_of(Config, "hidden")
    n_layers: int = parameter_of(Config, "n_layers")
    link_weight: float = parameter_of(Config, "link_weight")
    entropy_weight: float = parameter_of(Config, "entropy_weight")
    link_scale: str = parameter_of(Config, "link_scale")
    standardize: bool = parameter(
        True, "Standardise features by all nodes, except columns of 0 and 1."
    )
    n_init: int = parameter(
        3, "Number of trainings from new parameters; the lowest loss is kept.", least=1
    )
    epochs: int = parameter(300, "Gradient steps of each training.", least=1)
    learning_rate: float = parameter(0.01, "Step size of Adam.", positive=True)
    seed: int = parameter(0, "Seed of all random numbers.")
    dtype: str = parameter_of(Config, "dtype")
    verbose: bool = parameter(False, "Show progress on standard error.")

    kind = "clusterer"

    def fit(self: Clusterer, graphs: Given, y: Any = None) -> Clusterer:
        """Find the clusters of the nodes.

        Parameters
        ----------
        graphs : Graph, sequence of Graph, or Dataset
        y : object
            Ignored (scikit-learn's convention).

        Returns
        -------
        self
            The fitted clusterer.

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid, or training diverges; the
            clusterer is then unchanged.
        """
        check_parameters(self)
        weights = self.link_weight, self.entropy_weight
        require(any(weights), "link_weight or entropy_weight", "above 0", weights)
        checked = check_graphs(_listed(graphs))
        schema = InputSchema.from_graphs(graphs)
        check_name_count(graphs, checked[0].n_features)
        config = self._config(checked[0].n_features)
        scaling = inputs.Scaling.of(checked, self.standardize)
        batch, order = inputs.prepare_graphs(checked, config, scaling)
        with use_threads():
            best = self._train(config, first_level(batch, config))
        self._set_inputs(config, scaling, schema)
        self.loss_, self.params_, S, self.history_ = best
        self.assignments_ = _as_given(graphs, S, order, batch.offsets)
        self.labels_: Ints | list[Ints] = _most_probable(self.assignments_)
        could_differ = min(self.n_clusters, batch.n_nodes) > 1
        if could_differ and len(set(S.argmax(axis=1))) == 1:
            warn_caller(COLLAPSED)
        return self

    def fit_predict(self, graphs: Given, y: Any = None) -> Ints | list[Ints]:
        """Find the clusters of the nodes, and return them.

        Parameters
        ----------
        graphs : Graph, sequence of Graph, or Dataset
        y : object
            Ignored (scikit-learn's convention).

        Returns
        -------
        (N,) ints, or list of them
            `labels_`.

        Raises
        ------
        ValueError
            As for `fit`.
        """
        return self.fit(graphs).labels_

    def predict(self, graphs: Given) -> Ints | list[Ints]:
        """Return the most probable cluster of each node, also of new graphs.

        Parameters
        ----------
        graphs : Graph, sequence of Graph, or Dataset

        Returns
        -------
        (N,) ints, or list of them
            For a sequence of graphs a list with one array for each graph.
        """
        return _most_probable(self.predict_proba(graphs))

    def predict_proba(self, graphs: Given) -> Floats | list[Floats]:
        """Return the assignment S of the nodes (equation 6), also of new graphs.

        Parameters
        ----------
        graphs : Graph, sequence of Graph, or Dataset

        Returns
        -------
        (N, K) array, or list of them
            For a sequence of graphs a list with one array for each graph. Rows sum
            to 1.

        Raises
        ------
        NotFittedError
            If the clusterer is not fitted.
        """
        batch, order = self._prepare(_listed(graphs))
        with use_threads():
            level = first_level(batch, self.config_)
            S, _ = assign_nodes(self.params_, level, self.config_)
        return _as_given(graphs, S, order, batch.offsets)

    def _config(self, n_features: int) -> Config:
        """Return the configuration of the assignment's GNN and losses."""
        clusters = (int(self.n_clusters),)
        return Config(n_features, 1, clusters=clusters, **self._fields_of(Config))

    def _train(self, config: Config, level: Level) -> Clustering:
        """Return the training with the lowest loss."""
        total, found = self.n_init * self.epochs, []
        options: Any = {"shown": self.verbose, "width": 4}
        with progress_bar(total, "epoch", "clustering", **options) as update:
            for i in range(self.n_init):
                rng = np.random.default_rng([self.seed, i])
                show = partial(_show_row, update, i * self.epochs)
                steps = self.epochs, float(self.learning_rate)
                found.append(train_assignment(config, level, rng, *steps, show))
        return min(found, key=lambda training: training.loss)


def _listed(graphs: Given) -> Iterable[Graph]:
    return [graphs] if isinstance(graphs, Graph) else graphs


def _as_given(
    graphs: Given, S: Floats, order: Ints, offsets: Ints
) -> Floats | list[Floats]:
    """Return S in the order of the nodes given: for one graph, or for each of many."""
    S = S[np.argsort(order)]
    parts = [S[rows] for rows in slices_of(offsets)]
    return parts[0] if isinstance(graphs, Graph) else parts


def _most_probable(S: Floats | list[Floats]) -> Ints | list[Ints]:
    if isinstance(S, list):
        return [np.argmax(part, axis=1) for part in S]
    labels: Ints = np.argmax(S, axis=1)
    return labels


def _show_row(update: Callable[..., None], done: int, row: Row) -> None:
    update(done + int(row["epoch"]), f"loss {row['loss']:.3f}")
