"""DiffPoolClassifier and DiffPoolRegressor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Union

import numpy as np
import numpy.typing as npt

from npdiffpool._support.parameters import documented, parameter
from npdiffpool._support.types import Floats
from npdiffpool.engine.pooling import assign
from npdiffpool.estimators.base import Estimator
from npdiffpool.estimators.fitting.inputs import choose_labels
from npdiffpool.estimators.fitting.schema import check_target_names
from npdiffpool.estimators.fitting.targets import Classes, Numbers, r_squared
from npdiffpool.estimators.fitting.weights import check_sample_weight
from npdiffpool.graphs.graph import Graph


@documented
@dataclass(eq=False, repr=False)
class DiffPoolClassifier(Estimator):
    """Graph classifier with differentiable pooling (DiffPool, arXiv 1806.08804).

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : (C,) array
        The sorted labels.
    history_ : list of dict
        One row per epoch: see `npdiffpool.training.fit.fit`.
    best_epoch_ : int
        Epoch, counted from 1, whose parameters were kept.
    n_features_in_ : int
        Number of features per node.
    feature_names_in_ : list of str or None
        Known if the classifier was fitted on a `Dataset`.
    edge_weights_in_ : str or None
        `Dataset.weights` of the training set; None if all are 1, or unknown.
    config_ : Config
        Configuration of the model, with clusters as numbers.
    params_ : nested dicts and lists of arrays
        Parameters of the model.

    Raises
    ------
    ValueError
        By `fit`, if a parameter is out of range.
    NotFittedError
        By methods that need a fitted model, before `fit`.
    GraphError
        By every method, if its argument is not a sequence of `Graph`, or the graphs
        have another number of features than in training. If a `Dataset` has other
        feature names than the training set, the error is a `ValueError`.

    Notes
    -----
    In a directed graph, messages go against the edges: a layer computes ``A @ H``, so
    node i aggregates over the nodes j of its edges i -> j. For the other direction,
    transpose the adjacency.

    Differs from the paper as the authors' code does: every level has a readout; it is
    the maximum; all layers of a GNN are used, side by side; a hidden layer precedes the
    logits. Differs from both: no batch normalisation, standardised features, a ratio of
    clusters of the mean number of nodes. ``readout="sum", concat_layers=False,
    classifier_hidden=0, batch_norm=True, standardize=False, ratio_of="largest"`` undoes
    all of these but the first.

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

    class_weight: str | dict[Any, float] | None = parameter(  # type: ignore[misc]
        None,
        'Weights of the classes in the training loss, "balanced" for the same sum of '
        "weights in every class. A dict has the weight of each label, 1 if it lacks "
        "one.",
        values='"balanced" | dict | None',
    )

    kind = "classifier"
    targets_kind = Classes

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Return the sorted labels, (C,)."""
        self._require_fitted()
        classes: npt.NDArray[Any] = self.targets_.classes
        return classes

    def predict(self, graphs: Iterable[Graph]) -> npt.NDArray[Any]:
        """Return the most probable class of each graph.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G,) array of labels
        """
        chosen = np.argmax(self._outputs(graphs, "logits"), axis=1)
        return np.asarray(self.classes_[chosen])

    def predict_proba(self, graphs: Iterable[Graph]) -> Floats:
        """Return the probability of each class.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G, C) array
            Columns as `classes_`; rows sum to 1.
        """
        return np.asarray(assign(self._outputs(graphs, "logits"))[0])

    def score(
        self,
        graphs: Iterable[Graph],
        labels: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> float:
        """Return the accuracy, the fraction of graphs classified correctly.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
        labels : (G,) array_like, optional
            Default: the labels of the `Dataset`, or of each graph.
        sample_weight : (G,) array_like, optional
            Weights of the graphs, not negative. Default: equal weights.

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        ValueError
            If there is not one label per graph, or numbers are given for classes that
            are strings, or strings for numbers; or a weight is invalid.
        """
        checked = self._check_graphs(graphs)
        labels = choose_labels(graphs, checked, labels, by_class=True)
        expected = self.targets_.read(labels, len(checked))
        weights = check_sample_weight(sample_weight, len(checked))
        return float(np.average(self.predict(checked) == expected, weights=weights))


@documented
class DiffPoolRegressor(Estimator):
    """Graph regressor with differentiable pooling.

    The model is that of `DiffPoolClassifier` with another loss: the squared error of
    targets that are centred and scaled by the mean and standard deviation of the
    training targets. It is `squared_error` and `validation_loss` in `history_`, and the
    epoch with the lowest validation loss is kept.

    Labels of shape (G, T) are T targets, learned together: each is scaled by itself,
    the loss is the mean of their squared errors, and `history_` has that of each in
    `validation_loss_0`, `validation_loss_1`, ...

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    target_names_ : list of str or None
        `Dataset.targets` of the training set. None if the labels of `fit` did not equal
        those of the data set in shape and values, or the graphs were a list.
    history_, best_epoch_, config_, params_
        As for `DiffPoolClassifier`.
    n_features_in_, feature_names_in_, edge_weights_in_
        As for `DiffPoolClassifier`.

    Raises
    ------
    ValueError, NotFittedError, GraphError
        As for `DiffPoolClassifier`.

    Notes
    -----
    Differs from the paper: it has no regression.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> sizes = [3, 4, 5, 6] * 4
    >>> rings = [Graph(np.roll(np.eye(n), 1, 1), np.ones((n, 1))) for n in sizes]
    >>> flat = {"readout": "sum", "clusters": (), "learning_rate": 0.01}
    >>> model = DiffPoolRegressor(**flat, hidden=16, n_layers=1, epochs=100)
    >>> np.rint(model.fit(rings, sizes).predict(rings[:4]))
    array([3., 4., 5., 6.])
    """

    kind = "regressor"
    targets_kind = Numbers

    @property
    def target_names_(self) -> list[str] | None:
        """Return the name of each target, or None if they are unknown."""
        self._require_fitted()
        names = self.targets_.names
        return None if names is None else list(names)

    def predict(self, graphs: Iterable[Graph]) -> Floats:
        """Return the predicted targets of each graph.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G,) or (G, T) float64 array
            As the training targets, in their units.
        """
        outputs = self._outputs(graphs, "logits").astype(np.float64)
        decoded: Floats = self.targets_.decode(outputs)
        return decoded

    def score(
        self,
        graphs: Iterable[Graph],
        labels: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> float:
        """Return R^2, the fraction of the targets' variance that is predicted.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
        labels : (G,) or (G, T) array_like, optional
            Finite numbers. Default: the labels of the `Dataset`, or of each graph.
        sample_weight : (G,) array_like, optional
            Weights of the graphs, not negative. Default: equal weights.

        Returns
        -------
        float
            At most 1; 0 for predicting the mean of the targets. If all targets are
            equal, 1 for exact predictions and 0 otherwise. For several targets the mean
            of theirs.

        Raises
        ------
        ValueError
            If there are not as many finite numbers per graph as in training, a data set
            has other `targets`, or a weight is invalid.
        """
        checked = self._check_graphs(graphs)
        labels = choose_labels(graphs, checked, labels)
        check_target_names(graphs, labels, self.targets_.names)
        targets = self.targets_.read(labels, len(checked))
        weights = check_sample_weight(sample_weight, len(checked))
        return float(np.mean(r_squared(targets, self.predict(checked), weights)))


Model = Union[DiffPoolClassifier, DiffPoolRegressor]
