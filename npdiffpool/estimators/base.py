"""What the classifier and the regressor share, by scikit-learn's conventions."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Any, Callable, ClassVar, Iterable, Sequence, TypeVar

import numpy as np
import numpy.typing as npt

from npdiffpool._support.parameters import (
    check_parameters,
    parameter,
    parameter_of,
)
from npdiffpool._support.progress import progress_bar
from npdiffpool.engine.autodiff import from_vector
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import blank_params
from npdiffpool.estimators.conventions import Conventions
from npdiffpool.estimators.fitting import inputs
from npdiffpool.estimators.fitting.prepare import (
    prepare_training,
    show_row,
    unchangeable,
)
from npdiffpool.estimators.fitting.schema import InputSchema, check_name_count
from npdiffpool.estimators.fitting.scores import check_monitor
from npdiffpool.estimators.fitting.targets import Classes, Numbers, Targets
from npdiffpool.estimators.fitting.training_checks import warn_if_failed
from npdiffpool.estimators.fitting.validation import FitData, check_fraction
from npdiffpool.estimators.fitting.weights import check_class_weight
from npdiffpool.estimators.stored_model import StoredModel, write_model
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Checkpoint, Fitted
from npdiffpool.training.schedule import Schedule

Model = TypeVar("Model", bound="Estimator")


@dataclass(eq=False, repr=False)
class Estimator(Conventions):
    """DiffPool with a target per graph; its subclasses document the parameters."""

    gnn: str = parameter_of(Config, "gnn")
    hidden: int = parameter_of(Config, "hidden")
    n_layers: int = parameter_of(Config, "n_layers")
    clusters: Sequence[float] = parameter(
        (0.25,),
        "Number of clusters of each pooling level, or a ratio, rounded up, of the "
        "nodes of a graph (`ratio_of`), then of the previous level; an empty tuple is "
        "a flat GNN.",
        values="tuple of int >= 1 or float in (0, 1)",
    )
    ratio_of: str = parameter(
        "mean",
        "A ratio at the first level is relative to the mean number of nodes of the "
        'training graphs, or to the number of nodes of the "largest" one (the '
        "authors' code).",
        choices=("mean", "largest"),
    )
    assignment: str = parameter_of(Config, "assignment")
    readout: str = parameter_of(Config, "readout")
    link_weight: float = parameter_of(Config, "link_weight")
    entropy_weight: float = parameter_of(Config, "entropy_weight")
    link_scale: str = parameter_of(Config, "link_scale")
    concat_layers: bool = parameter_of(Config, "concat_layers")
    batch_norm: bool = parameter_of(Config, "batch_norm")
    normalize_rows: bool = parameter_of(Config, "normalize_rows")
    classifier_hidden: int = parameter_of(Config, "classifier_hidden")
    dropout: float = parameter_of(Config, "dropout")
    standardize: bool = parameter(
        True, "Standardise features by the training nodes, except columns of 0 and 1."
    )
    epochs: int = parameter_of(Schedule, "epochs")
    batch_size: int = parameter_of(Schedule, "batch_size")
    learning_rate: float = parameter_of(Schedule, "learning_rate")
    learning_rate_schedule: str = parameter_of(Schedule, "learning_rate_schedule")
    weight_decay: float = parameter_of(Schedule, "weight_decay")
    clip_norm: float = parameter_of(Schedule, "clip_norm")
    patience: int | None = parameter_of(Schedule, "patience")
    monitor: str = parameter_of(Schedule, "monitor")
    validation_fraction: float | None = parameter(
        None,
        "Share of the training graphs, the same of each class, that `fit` holds out as "
        "the validation set if it is given none.",
        values="float in (0, 1) | None",
    )
    warm_start: bool = parameter(
        False,
        "Go on from the parameters that the last `fit` kept, for `epochs` more epochs, "
        "with its clusters, its scaling of features and targets, and new moments of "
        "Adam. Only the new epochs compete for the best one.",
    )
    seed: int = parameter(0, "Seed of all random numbers.")
    dtype: str = parameter_of(Config, "dtype")
    recompute: bool = parameter_of(Config, "recompute")
    verbose: bool = parameter(False, "Show progress on standard error.")

    class_weight: ClassVar[Any] = None  # a parameter of the classifier
    targets_kind: ClassVar[type[Classes] | type[Numbers]]

    def fit(
        self: Model,
        graphs: Iterable[Graph],
        labels: npt.ArrayLike | None = None,
        validation: tuple[Iterable[Graph], npt.ArrayLike | None] | None = None,
        on_epoch: Callable[[Model], None] | None = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        on_checkpoint: Callable[[Checkpoint], None] | None = None,
        resume: Checkpoint | None = None,
        threads: int | None = None,
    ) -> Model:
        """Train on graphs and their labels.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
            The feature names of a `Dataset` are kept in `feature_names_in_`. Every
            `Dataset` that the model is given later must have the same, in this order.
        labels : (G,) array_like, optional
            For a classifier numbers or strings of at least two classes, for a
            regressor finite numbers, (G,) or (G, T) for T targets. Default: those of
            the `Dataset`, or the `label` of each graph.
        validation : tuple, optional
            (graphs, labels) or (graphs, labels, sample_weight); the weights apply to
            the validation loss and scores. The validation set chooses the epoch whose
            parameters are kept (by `monitor`) and, with `patience`, when to stop.
            Default: the part that `validation_fraction` holds out; without it, the
            parameters of the last epoch are kept.
        on_epoch : callable, optional
            Called after each epoch with a fitted model of that epoch's parameters.
        sample_weight : (G,) array_like, optional
            Weights of the graphs in the loss, in all means of `history_` and, for a
            regressor, in the scaling of the targets; finite and not negative. A weight
            of 2 is a graph that is there twice. The scaling of features, the number of
            clusters that a ratio gives, and batch norm do not depend on them. Default:
            equal weights.
        on_checkpoint : callable, optional
            Called after each epoch with the state of the run, after `on_epoch`.
        resume : npdiffpool.training.fit.Checkpoint, optional
            State to resume from. With the same parameters and data, the result is the
            same as that of an uninterrupted run.
        threads : int, optional
            Number of threads. Default: the environment variable OMP_NUM_THREADS,
            otherwise all CPUs. The result is the same for any number.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or parameter is invalid; the estimator is then unchanged.

        Warns
        -----
        UserWarning
            If features and layer cannot tell any two training graphs apart, or the
            training was never better than a constant prediction: the cross-entropy
            of no epoch was below that of the class frequencies, or the squared error
            below that of the mean.
        """
        inputs.check_options(threads, on_epoch=on_epoch, on_checkpoint=on_checkpoint)
        self.check_parameters()
        data = FitData(graphs, labels, sample_weight, validation)
        training = prepare_training(self, data, resume)

        def after_epoch(state: Checkpoint) -> None:
            if on_epoch is not None:
                latest = _latest(state, training.config)
                on_epoch(copy(self)._set_fitted(latest, *training.context))
            if on_checkpoint is not None:
                on_checkpoint(state)

        bar: Any = {"done": training.done, "shown": self.verbose, "width": 4}
        with progress_bar(
            training.schedule.epochs, "epoch", "training", **bar
        ) as update:
            show = partial(show_row, update)
            fitted = training.run(self.seed, show, after_epoch, threads)
        self._set_fitted(fitted, *training.context)
        # Last, since it raises where warnings are errors.
        warn_if_failed(fitted.history, training.train, training.config.loss)
        return self

    def check(
        self, graphs: Iterable[Graph], labels: npt.ArrayLike | None = None
    ) -> tuple[list[Graph], Targets, Schedule, Config]:
        """Validate graphs, labels and all parameters, as `fit` does before any work.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
        labels : (G,) array_like, optional
            Default: the labels of the `Dataset`, or of each graph.

        Returns
        -------
        graphs : list of Graph
        targets : Classes or Numbers
            The encoding of the labels.
        schedule : Schedule
        config : Config

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid.
        """
        self.check_parameters()
        checked = check_graphs(graphs)
        check_name_count(graphs, checked[0].n_features)
        by_class = self.targets_kind is Classes
        labels = inputs.choose_labels(graphs, checked, labels, by_class=by_class)
        targets = self.targets_kind.of(labels, len(checked))
        schedule = Schedule(**self._fields_of(Schedule))
        config = self._config(checked, targets)
        inputs.check_numbers(checked, config, self.standardize)
        return checked, targets, schedule, config

    def check_parameters(self) -> None:
        """Validate all parameters, as far as that is possible without graphs.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        check_parameters(self)
        check_class_weight(self.class_weight)
        check_fraction(self.validation_fraction)
        check_monitor(self.monitor)
        counts = inputs.count_clusters(self.clusters, 1.0)
        Config(n_features=1, n_outputs=1, clusters=counts)
        Schedule(**self._fields_of(Schedule))

    def _set_fitted(
        self: Model,
        fitted: Fitted,
        config: Config,
        scaling: inputs.Scaling,
        targets: Targets,
        schema: InputSchema,
    ) -> Model:
        """Set the attributes of a fitted estimator; return the estimator."""
        self._set_inputs(config, scaling, schema)
        self._fixed_parameters = unchangeable(self)  # for a warm start
        self.targets_: Any = targets  # Classes or Numbers
        self.params_, self.running_, self.history_, self.best_epoch_ = fitted
        return self

    def _config(self, graphs: list[Graph], targets: Targets) -> Config:
        """Return the model's configuration for these graphs and targets."""
        choices, sizes = self._fields_of(Config), [g.n_nodes for g in graphs]
        n_nodes = max(sizes) if self.ratio_of == "largest" else np.mean(sizes)
        choices["clusters"] = inputs.count_clusters(self.clusters, float(n_nodes))
        choices |= {"largest": max(sizes), "loss": targets.loss}
        return Config(graphs[0].n_features, targets.n_outputs, **choices)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model to an .npz file, atomically.

        Parameters
        ----------
        path : path

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        """
        self._require_fitted()
        fitted = Fitted(self.params_, self.running_, self.history_, self.best_epoch_)
        arrays = {**self.targets_.arrays(), **self.scaling_._asdict()}
        names, weights = self.feature_names_in_, self.edge_weights_in_
        about = self.kind, self.get_params(), self.config_, fitted, names, weights
        write_model(path, StoredModel(*about, arrays))


def _latest(state: Checkpoint, config: Config) -> Fitted:
    """Return the model of a checkpoint's last epoch."""
    params = from_vector(blank_params(config), state.vector)
    return Fitted(params, state.running, state.history, state.epoch)
