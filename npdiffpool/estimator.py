"""DiffPoolClassifier: scikit-learn's conventions, kept without scikit-learn."""
from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike
from typing import Any, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from npdiffpool.checks import require, require_flag, require_int
from npdiffpool.config import Config
from npdiffpool.graphlists import check_graphs
from npdiffpool.graphs import Floats, Graph
from npdiffpool.inputs import (
    Scaling,
    count_clusters,
    index_classes,
    prepare_graphs,
    prepare_validation,
)
from npdiffpool.model import Output
from npdiffpool.modelfile import ModelFileError, StoredModel, read_model, write_model
from npdiffpool.pooling import assign
from npdiffpool.progress import training_progress
from npdiffpool.training import Fitted, Labelled, Schedule, evaluate, fit


class NotFittedError(ValueError, AttributeError):
    """Say that the model must be fitted first."""


@dataclass(eq=False)
class DiffPoolClassifier:
    """Classify graphs by differentiable pooling (DiffPool, arXiv 1806.08804).

    Parameters
    ----------
    gnn : "sage", "gcn" or "s2v"
        The graph layer: GraphSAGE "mean" (the paper's), equation 2, or
        structure2vec (with sage for the assignment, as in the paper).
    hidden, n_layers : int
        Width of every layer, and graph layers in each GNN.
    clusters : sequence of int or float
        One entry a pooling level: a number of clusters, or a ratio in (0, 1),
        rounded up, of the largest training graph and then of the level before.
        () pools nothing: a flat GNN.
    readout : "max", "mean" or "sum"
        How nodes become a graph's embedding at each level. "sum" is the paper's.
    link_weight, entropy_weight : float
        Weights of the two auxiliary losses.
    link_scale : "frobenius", "nodes" or "entries"
        The paper's own link loss, or that divided by n, or by n^2.
    concat_layers, normalize_rows, batch_norm : bool
        Use all layers' outputs side by side; normalise each layer's rows to
        length one; standardise its features over the nodes.
    classifier_hidden : int
        Width of the hidden layer before the logits; 0 for none.
    standardize : bool
        Centre and scale the features that are not just 0 and 1, by the training
        nodes' mean and standard deviation.
    epochs, batch_size : int
    learning_rate, clip_norm : float
        Adam's step, and the gradient's largest norm.
    patience : int or None
        Epochs without a better validation score before training stops.
    seed : int
        Of everything random. The same seed gives the same bytes.
    dtype : "float32" or "float64"
    recompute : bool
        Save memory on large graphs, for a longer epoch.
    verbose : bool
        Show progress on standard error.

    Attributes
    ----------
    classes_ : (C,) array
        The labels, sorted.
    history_ : list of dict
        One row an epoch: see `npdiffpool.training.fit`.
    best_epoch_ : int
        The epoch, from 1, whose parameters were kept.
    n_features_in_ : int
    feature_names_in_ : list of str or None
        Known if the classifier was fitted on a `Dataset`.
    config_ : Config
        The model as built, the clusters as numbers.
    params_ : nested dicts and lists of arrays

    Notes
    -----
    Differs from the paper: readouts of every level, maximum, layers side by side,
    a hidden layer before the logits, as in the authors' code; no batch norm. All
    but the first: ``readout="sum", concat_layers=False, classifier_hidden=0,
    batch_norm=True, standardize=False``.

    Examples
    --------
    >>> ring = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    >>> path = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    >>> ones = [[1.0], [1.0], [1.0]]
    >>> graphs = [Graph(ring, ones), Graph(path, ones)] * 4
    >>> clf = DiffPoolClassifier(gnn="s2v", epochs=40)
    >>> clf.fit(graphs, ["ring", "path"] * 4).predict(graphs[:2])
    array(['ring', 'path'], dtype='<U4')
    """

    gnn: str = Config.gnn
    hidden: int = Config.hidden
    n_layers: int = Config.n_layers
    clusters: Sequence[float] = (0.25,)
    readout: str = Config.readout
    link_weight: float = Config.link_weight
    entropy_weight: float = Config.entropy_weight
    link_scale: str = Config.link_scale
    concat_layers: bool = Config.concat_layers
    batch_norm: bool = Config.batch_norm
    normalize_rows: bool = Config.normalize_rows
    classifier_hidden: int = Config.classifier_hidden
    standardize: bool = True
    epochs: int = Schedule.epochs
    batch_size: int = Schedule.batch_size
    learning_rate: float = Schedule.learning_rate
    clip_norm: float = Schedule.clip_norm
    patience: int | None = Schedule.patience
    seed: int = 0
    dtype: str = Config.dtype
    recompute: bool = Config.recompute
    verbose: bool = False

    def fit(self, graphs: Any, labels: Any, validation: Any = None) -> Any:
        """Train on graphs and their labels.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
            Of a `Dataset` the names of the features are remembered.
        labels : sequence, as long as `graphs`
            Numbers or strings, of at least two kinds.
        validation : pair of graphs and labels, optional
            Chooses the epoch whose parameters are kept (best accuracy, then
            lowest cross-entropy) and, with `patience`, when to stop. Without
            it the last epoch's are kept.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument or a parameter is unusable; the classifier is then
            as it was.
        """
        require_flag("verbose", self.verbose)
        require_int("seed", self.seed, 0)
        feature_names = getattr(graphs, "feature_names", None)
        graphs = check_graphs(graphs)
        classes, indices = index_classes(labels, len(graphs))
        schedule, config = self._schedule(), self._config(graphs, len(classes))
        scaling = Scaling.of(graphs, self.standardize)
        train = Labelled(prepare_graphs(graphs, config, scaling), indices)
        held_out = prepare_validation(validation, classes, config, scaling)
        if schedule.patience is not None and held_out is None:
            raise ValueError("patience needs a validation set; fit was given none")
        rng = np.random.default_rng(self.seed)
        with training_progress(schedule.epochs, self.verbose) as show:
            fitted = fit(config, schedule, train, held_out, rng, show)
        self.classes_, self.config_, self.scaling_ = classes, config, scaling
        self._keep(fitted, feature_names)
        return self

    def _keep(self, fitted: Fitted, feature_names: Sequence[str] | None) -> None:
        self.params_, self.running_, self.history_, self.best_epoch_ = fitted
        self.n_features_in_ = self.config_.n_features
        self.feature_names_in_ = None if feature_names is None else list(feature_names)

    def _schedule(self) -> Schedule:
        return Schedule(**{f.name: getattr(self, f.name) for f in fields(Schedule)})

    def _config(self, graphs: list[Graph], n_classes: int) -> Config:
        """Build the model's configuration; `Config` checks what it is given."""
        given = self.get_params()
        choices = {f.name: given[f.name] for f in fields(Config) if f.name in given}
        largest = max(graph.n_nodes for graph in graphs)
        choices["clusters"] = count_clusters(self.clusters, largest)
        return Config(graphs[0].n_features, n_classes, **choices)

    def predict(self, graphs: Any) -> npt.NDArray[Any]:
        """Return the most probable class of each graph, (G,)."""
        chosen = np.argmax(self._logits(graphs), axis=1)
        return np.asarray(self.classes_[chosen])

    def predict_proba(self, graphs: Any) -> Floats:
        """Return the probability of each class, (G, C), columns as `classes_`."""
        return np.asarray(assign(self._logits(graphs)))

    def score(self, graphs: Any, labels: Any) -> float:
        """Return the accuracy, the share of graphs whose class is predicted."""
        labels = np.asarray(labels)
        predicted = self.predict(graphs)
        require(labels.shape == predicted.shape, "labels", "one a graph", labels.shape)
        return float(np.mean(predicted == labels))

    def transform(self, graphs: Any) -> Floats:
        """Return the graphs' embeddings, (G, D): what the classifier sees."""
        return np.concatenate([output.embeddings for output in self._run(graphs)])

    def assignments(self, graph: Graph) -> list[Floats]:
        """Return [S_0, S_1, ...] of one graph, (N, K_0), (K_0, K_1), ..."""
        (output,) = self._run([graph])
        return list(output.assignments)

    def hierarchy(self, graph: Graph) -> list[Graph]:
        """Return the coarsened graphs of one graph, level by level.

        Of level l: K_l nodes, adjacency S^T A S, whose diagonal holds the edge
        mass inside each cluster, features S^T Z. The graph itself is not there.
        """
        (output,) = self._run([graph])
        return [Graph(level.A[0], level.X, graph.label) for level in output.levels[1:]]

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model to an .npz file, whole or not at all.

        Raises
        ------
        NotFittedError
        """
        self._require_fitted()
        fitted = Fitted(self.params_, self.running_, self.history_, self.best_epoch_)
        arrays = {"classes": self.classes_, **self.scaling_._asdict()}
        names = self.feature_names_in_
        model = StoredModel(self.get_params(), self.config_, fitted, names, arrays)
        write_model(path, model)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters (scikit-learn's convention)."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def set_params(self, **params: Any) -> DiffPoolClassifier:
        """Change parameters by name and return self (scikit-learn's convention).

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        known = self.get_params()
        for name, value in params.items():
            require(name in known, "a parameter", f"one of {', '.join(known)}", name)
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "params_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=False),
        )

    def _require_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("the classifier is not fitted; call fit first")

    def _run(self, graphs: Any) -> Iterator[Output]:
        self._require_fitted()
        batch = prepare_graphs(check_graphs(graphs), self.config_, self.scaling_)
        return evaluate(self.params_, self.running_, batch, self.config_)

    def _logits(self, graphs: Any) -> Floats:
        logits = np.concatenate([output.logits for output in self._run(graphs)])
        if not np.all(np.isfinite(logits)):
            raise ValueError("graphs hold numbers so large that the model overflows")
        return logits


def load_model(path: str | PathLike[str]) -> DiffPoolClassifier:
    """Read a model that `DiffPoolClassifier.save` wrote.

    Raises
    ------
    ModelFileError
        If the file is missing, not such a file, damaged or of another version.
    """
    stored = read_model(path)
    try:
        clf = DiffPoolClassifier(**stored.parameters)
    except TypeError as error:
        raise ModelFileError(f"{path}: not a readable model file ({error})") from None
    clf.classes_, clf.config_ = stored.arrays["classes"], stored.config
    clf.scaling_ = Scaling(stored.arrays["mean"], stored.arrays["scale"])
    clf._keep(stored.fitted, stored.feature_names)
    return clf
