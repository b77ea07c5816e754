"""DiffPoolClassifier, DiffPoolRegressor and how they come back from a file."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require
from npdiffpool.engine.pooling import assign
from npdiffpool.estimators.base import Estimator, NotFittedError
from npdiffpool.estimators.inputs import Scaling
from npdiffpool.estimators.model_file import ModelFileError, read_model
from npdiffpool.estimators.targets import Classes, Numbers, numbers
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Floats

__all__ = ["DiffPoolClassifier", "DiffPoolRegressor", "NotFittedError", "load_model"]


class DiffPoolClassifier(Estimator):
    """Classify graphs by differentiable pooling (DiffPool, arXiv 1806.08804).

    Parameters
    ----------
    gnn : "sage", "gcn", "s2v" or "mlp"
        The graph layer: GraphSAGE "mean" (the paper's), equation 2,
        structure2vec (with sage for the assignment, as in the paper), or none: each
        node by itself, which with ``clusters=()`` is the structure-free baseline.
    hidden, n_layers : int
        Width of every layer, and graph layers in each GNN.
    clusters : sequence of int or float
        One entry a pooling level: a number of clusters, or a ratio in (0, 1),
        rounded up, of the largest training graph and then of the level before.
        () pools nothing: a flat GNN.
    assignment : "learned", "hard", "graclus", "random" or "uniform"
        Where the clusters come from: equation 6; its argmax, with the gradient
        straight through; Graclus (the paper's DiffPool-Det); and two controls that
        training does not change.
    readout : "max", "mean", "sum", "set2set" or "sortpool"
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
        Passes over the training graphs, and graphs a step.
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
        One row an epoch: see `npdiffpool.training.fit.fit`.
    best_epoch_ : int
        The epoch, from 1, whose parameters were kept.
    n_features_in_ : int
    feature_names_in_ : list of str or None
        Known if the classifier was fitted on a `Dataset`.
    config_ : Config
        The model as built, the clusters as numbers.
    params_ : nested dicts and lists of arrays

    Raises
    ------
    ValueError
        By `fit`, if a parameter is out of range.
    NotFittedError
        By what needs a fitted model, before `fit`.
    GraphError
        By every method, of what are no graphs, or none as wide as in training.

    Notes
    -----
    Differs from the paper: readouts of every level, maximum, layers side by side,
    a hidden layer before the logits, as in the authors' code; no batch norm. All
    but the first: ``readout="sum", concat_layers=False, classifier_hidden=0,
    batch_norm=True, standardize=False``.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> ring = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    >>> path = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    >>> ones = [[1.0], [1.0], [1.0]]
    >>> graphs = [Graph(ring, ones), Graph(path, ones)] * 4
    >>> options = {"hidden": 16, "clusters": (2,), "learning_rate": 0.01}
    >>> clf = DiffPoolClassifier(gnn="s2v", epochs=15, **options)
    >>> clf.fit(graphs, ["ring", "path"] * 4).predict(graphs[:2])
    array(['ring', 'path'], dtype='<U4')
    >>> clf.transform(graphs).shape, [S.shape for S in clf.assignments(graphs[0])]
    ((8, 96), [(3, 2)])
    >>> clf.hierarchy(graphs[0])
    [Graph(n_nodes=2, n_edges=3, n_features=48, label=None)]
    >>> DiffPoolClassifier().predict(graphs)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    NotFittedError: the classifier is not fitted; call fit first
    """

    kind = "classifier"
    targets_kind = Classes

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Give the labels, sorted, (C,)."""
        self._require_fitted()
        return self.targets_.classes  # type: ignore[union-attr]

    def predict(self, graphs: Any) -> npt.NDArray[Any]:
        """Return the most probable class of each graph.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G,) array of labels
        """
        chosen = np.argmax(self._joined(graphs, "logits"), axis=1)
        return np.asarray(self.classes_[chosen])

    def predict_proba(self, graphs: Any) -> Floats:
        """Return the probability of each class.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G, C) array
            Columns as `classes_`; rows sum to 1.
        """
        return np.asarray(assign(self._joined(graphs, "logits")))

    def score(self, graphs: Any, labels: Any) -> float:
        """Return the accuracy, the share of graphs whose class is predicted.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
        labels : sequence, as long as `graphs`

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        ValueError
            If there is not one label a graph.
        """
        self._require_fitted()
        graphs, labels = check_graphs(graphs), np.asarray(labels)
        require(labels.shape == (len(graphs),), "labels", "one a graph", labels.shape)
        return float(np.mean(self.predict(graphs) == labels))


class DiffPoolRegressor(Estimator):
    """Predict a number of each graph by differentiable pooling.

    The model, its parameters and conventions are those of `DiffPoolClassifier`, but
    for the loss: the squared error of targets that are centred and scaled by the
    training graphs' (so it is a share of their variance), in `history_` as
    `squared_error` and `validation_loss`; the epoch that is kept has the lowest.

    Differs from the paper: it classifies only.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> sizes = [3, 4, 5, 6] * 4
    >>> rings = [Graph(np.roll(np.eye(n), 1, 1), np.ones((n, 1))) for n in sizes]
    >>> flat = {"readout": "sum", "clusters": (), "learning_rate": 0.03}
    >>> model = DiffPoolRegressor(**flat, hidden=16, n_layers=1, epochs=60)
    >>> np.rint(model.fit(rings, sizes).predict(rings[:4]))
    array([3., 4., 5., 6.])
    """

    kind = "regressor"
    targets_kind = Numbers

    def predict(self, graphs: Any) -> Floats:
        """Return the number predicted of each graph.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G,) float64 array
            In the units of the training labels.
        """
        outputs = self._joined(graphs, "logits")[:, 0].astype(np.float64)
        return self.targets_.decode(outputs)  # type: ignore[union-attr]

    def score(self, graphs: Any, labels: Any) -> float:
        """Return R^2, the share of the labels' variance that is predicted.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
        labels : (G,) finite numbers

        Returns
        -------
        float
            1 at best, 0 if no better than their mean; of equal labels 0, or 1 where
            each is predicted exactly.

        Raises
        ------
        ValueError
            If there is not one finite number a graph.
        """
        self._require_fitted()
        graphs = check_graphs(graphs)
        labels = numbers(labels, len(graphs))
        predicted = self.predict(graphs)
        largest = max(np.max(np.abs(labels)), np.max(np.abs(predicted)), 1e-300)
        labels, predicted = labels / largest, predicted / largest  # no square overflows
        error = float(np.sum((labels - predicted) ** 2))
        if np.min(labels) == np.max(labels):
            return float(error == 0)
        return 1 - error / float(np.sum((labels - labels.mean()) ** 2))


def load_model(path: str | PathLike[str]) -> Any:
    """Read a model that `save` of a classifier or a regressor wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    DiffPoolClassifier or DiffPoolRegressor
        Fitted, with the parameters that it was made with.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, too large, of another version or no such file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from npdiffpool import load_dataset
    >>> mutag = load_dataset("MUTAG")[:20]
    >>> clf = DiffPoolClassifier(hidden=8, epochs=1).fit(mutag, mutag.labels)
    >>> with TemporaryDirectory() as folder:
    ...     clf.save(Path(folder) / "model.npz")
    ...     same = load_model(Path(folder) / "model.npz")
    >>> bool(np.all(same.predict_proba(mutag) == clf.predict_proba(mutag)))
    True
    """
    is_path = isinstance(path, (str, PathLike))  # a number would be an open file
    require(is_path, "path", "the path of a file", path)
    stored = read_model(path)
    kinds = {kind.kind: kind for kind in (DiffPoolClassifier, DiffPoolRegressor)}
    try:
        model = kinds[stored.kind](**stored.parameters)
        targets = model.targets_kind.from_arrays(stored.arrays)
    except (TypeError, KeyError) as error:
        raise ModelFileError(f"{path}: not a readable model file ({error})") from None
    scaling = Scaling(stored.arrays["mean"], stored.arrays["scale"])
    names = stored.feature_names
    model._keep(stored.fitted, stored.config, scaling, targets, names)
    return model
