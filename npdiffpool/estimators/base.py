"""What DiffPoolClassifier and DiffPoolRegressor share: scikit-learn's conventions."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, fields
from os import PathLike
from typing import Any, Callable, ClassVar, Iterator, Sequence

import numpy as np

from npdiffpool._support.arguments import require, require_flag, require_int
from npdiffpool._support.contracts import OverflowedError
from npdiffpool._support.progress import progress_bar
from npdiffpool._support.types import Row
from npdiffpool.engine.autodiff import from_vector
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import Output, init_model
from npdiffpool.estimators.inputs import (
    Scaling,
    check_hooks,
    check_numbers,
    check_resume,
    count_clusters,
    prepare_graphs,
    prepare_validation,
)
from npdiffpool.estimators.model_file import StoredModel, write_model
from npdiffpool.estimators.targets import Classes, Numbers, Targets
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Floats, Graph
from npdiffpool.training.fit import (
    Checkpoint,
    Fitted,
    Labelled,
    Schedule,
    evaluate,
    fit,
)


class NotFittedError(ValueError, AttributeError):
    """Say that the model must be fitted first."""


@dataclass(eq=False)
class Estimator:
    """Train DiffPool, with the parameters of `npdiffpool.DiffPoolClassifier`."""

    gnn: str = Config.gnn
    hidden: int = Config.hidden
    n_layers: int = Config.n_layers
    clusters: Sequence[float] = (0.25,)
    assignment: str = Config.assignment
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

    kind: ClassVar[str]  # in a model file
    targets_kind: ClassVar[type[Classes] | type[Numbers]]

    def fit(
        self,
        graphs: Any,
        labels: Any,
        validation: Any = None,
        on_epoch: Callable[[Any], None] | None = None,
        *,
        on_checkpoint: Callable[[Checkpoint], None] | None = None,
        resume: Checkpoint | None = None,
    ) -> Any:
        """Train on graphs and their labels.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
            Of a `Dataset` the names of the features are remembered.
        labels : sequence, as long as `graphs`
            Of a classifier numbers or strings, of at least two kinds; of a regressor
            finite numbers.
        validation : pair of graphs and labels, optional
            Chooses the epoch whose parameters are kept (best accuracy, then
            lowest loss) and, with `patience`, when to stop. Without it the last
            epoch's are kept.
        on_epoch : callable, optional
            Is shown, after each epoch, the model as it then is: a fitted one.
        on_checkpoint : callable, optional
            Is given the training's state after each epoch, after `on_epoch`.
        resume : npdiffpool.training.fit.Checkpoint, optional
            Go on after this one: with the same parameters and data, all that follows
            is as it would have been.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument or parameter is unusable; the estimator is then as it was.
        """
        check_hooks(on_epoch=on_epoch, on_checkpoint=on_checkpoint)
        feature_names = getattr(graphs, "feature_names", None)
        graphs, targets, schedule, config = self.check(graphs, labels)
        scaling = Scaling.of(graphs, self.standardize)
        encoded = targets.encode(labels, len(graphs))
        train = Labelled(prepare_graphs(graphs, config, scaling), encoded)
        held_out = prepare_validation(validation, targets, config, scaling)
        usable = held_out is not None or schedule.patience is None
        require(usable, "patience", "None without a validation set", self.patience)
        about = config, scaling, targets, feature_names

        def look(state: Checkpoint) -> None:
            if on_epoch is not None:
                on_epoch(copy(self)._keep(_latest(state, config), *about))
            if on_checkpoint is not None:
                on_checkpoint(state)

        done, rng = check_resume(resume, config), np.random.default_rng(self.seed)
        bar: Any = {"done": done, "shown": self.verbose, "width": 4}
        with progress_bar(schedule.epochs, "epoch", "training", **bar) as update:
            hooks: Any = {"on_checkpoint": look, "resume": resume}
            hooks["on_epoch"] = lambda row: update(int(row["epoch"]), _describe(row))
            fitted = fit(config, schedule, train, held_out, rng, **hooks)
        return self._keep(fitted, *about)

    def check(
        self, graphs: Any, labels: Any
    ) -> tuple[list[Graph], Targets, Schedule, Config]:
        """Check graphs, labels and every parameter, as `fit` does first.

        Parameters
        ----------
        graphs, labels : as of `fit`

        Returns
        -------
        list of Graph, targets, Schedule, Config
            What they were understood as.

        Raises
        ------
        ValueError
            If one is unusable.
        """
        for name in ("verbose", "standardize"):
            require_flag(name, getattr(self, name))
        require_int("seed", self.seed, 0)
        graphs = check_graphs(graphs)
        targets = self.targets_kind.of(labels, len(graphs))
        schedule, config = self._schedule(), self._config(graphs, targets)
        check_numbers(graphs, config, self.standardize)
        return graphs, targets, schedule, config

    def _keep(
        self,
        fitted: Fitted,
        config: Config,
        scaling: Scaling,
        targets: Targets,
        feature_names: Sequence[str] | None,
    ) -> Any:
        self.config_, self.scaling_, self.targets_ = config, scaling, targets
        self.params_, self.running_, self.history_, self.best_epoch_ = fitted
        self.n_features_in_ = config.n_features
        self.feature_names_in_ = None if feature_names is None else list(feature_names)
        return self

    def _schedule(self) -> Schedule:
        return Schedule(**{f.name: getattr(self, f.name) for f in fields(Schedule)})

    def _config(self, graphs: list[Graph], targets: Targets) -> Config:
        """Build the model's configuration; `Config` checks what it is given."""
        given = self.get_params()
        choices = {f.name: given[f.name] for f in fields(Config) if f.name in given}
        largest = max(graph.n_nodes for graph in graphs)
        choices["clusters"] = count_clusters(self.clusters, largest)
        choices |= {"largest": largest, "loss": targets.loss}
        return Config(graphs[0].n_features, targets.n_outputs, **choices)

    def transform(self, graphs: Any) -> Floats:
        """Return the graphs' embeddings: what the last layers see.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G, D) array
        """
        return self._joined(graphs, "embeddings")

    def assignments(self, graph: Graph) -> list[Floats]:
        """Return the assignments of one graph, level by level (equation 6).

        Parameters
        ----------
        graph : Graph

        Returns
        -------
        list of arrays, S_0 (N, K_0), S_1 (K_0, K_1), ...
        """
        (output,) = self._run([graph])
        return list(output.assignments)

    def hierarchy(self, graph: Graph) -> list[Graph]:
        """Return the coarsened graphs of one graph, level by level.

        Parameters
        ----------
        graph : Graph

        Returns
        -------
        list of Graph
            Of level l: K_l nodes, adjacency S^T A S, whose diagonal holds the edge
            mass inside each cluster, features S^T Z. The graph itself is not there.
        """
        (output,) = self._run([graph])
        return [Graph(level.A[0], level.X, graph.label) for level in output.levels[1:]]

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model to an .npz file, whole or not at all.

        Parameters
        ----------
        path : path

        Raises
        ------
        NotFittedError
            If it is not fitted.
        """
        self._require_fitted()
        fitted = Fitted(self.params_, self.running_, self.history_, self.best_epoch_)
        arrays = {**self.targets_.arrays(), **self.scaling_._asdict()}
        names, parameters = self.feature_names_in_, self.get_params()
        model = StoredModel(self.kind, parameters, self.config_, fitted, names, arrays)
        write_model(path, model)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters (scikit-learn's convention)."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def set_params(self, **params: Any) -> Any:
        """Change parameters by name, return self (scikit-learn's convention).

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        known = self.get_params()
        for name in params:
            require(name in known, "a parameter", f"one of {', '.join(known)}", name)
        vars(self).update(params)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "params_")

    def __sklearn_tags__(self) -> Any:
        from sklearn import utils

        is_classifier = self.kind == "classifier"
        return utils.Tags(
            estimator_type=self.kind,
            target_tags=utils.TargetTags(required=True),
            classifier_tags=utils.ClassifierTags() if is_classifier else None,
            regressor_tags=None if is_classifier else utils.RegressorTags(),
            input_tags=utils.InputTags(two_d_array=False),
        )

    def _require_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"the {self.kind} is not fitted; call fit first")

    def _run(self, graphs: Any) -> Iterator[Output]:
        self._require_fitted()
        batch = prepare_graphs(check_graphs(graphs), self.config_, self.scaling_)
        try:
            yield from evaluate(self.params_, self.running_, batch, self.config_)
        except OverflowedError as error:
            raise OverflowedError(f"graphs hold too large numbers: {error}") from None

    def _joined(self, graphs: Any, part: str) -> Floats:
        return np.concatenate([getattr(output, part) for output in self._run(graphs)])


def _latest(state: Checkpoint, config: Config) -> Fitted:
    """Return what a training has come to after an epoch."""
    params = from_vector(init_model(np.random.default_rng(0), config), state.vector)
    return Fitted(params, state.running, state.history, state.epoch)


def _describe(row: Row) -> str:
    """Describe a row of the training history in one line."""
    parts = [f"loss {row['loss']:.3f}"]
    for name in ("train", "validation"):
        if f"{name}_accuracy" in row:
            parts.append(f"{name} {row[f'{name}_accuracy']:.1%}")
    if "validation_loss" in row and "validation_accuracy" not in row:
        parts.append(f"validation loss {row['validation_loss']:.3f}")
    return ", ".join(parts)
