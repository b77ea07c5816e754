"""What `fit` prepares before it trains, and what it shows of each epoch."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Callable, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require
from npdiffpool._support.types import Floats, Json, Row
from npdiffpool.engine.autodiff import to_vector
from npdiffpool.engine.config import Config
from npdiffpool.estimators.fitting.inputs import (
    Scaling,
    check_resume,
    choose_labels,
    prepare_graphs,
)
from npdiffpool.estimators.fitting.schema import (
    InputSchema,
    check_schema,
    check_target_names,
    names_of_targets,
)
from npdiffpool.estimators.fitting.scores import make_score
from npdiffpool.estimators.fitting.targets import Targets
from npdiffpool.estimators.fitting.training_checks import warn_if_alike
from npdiffpool.estimators.fitting.validation import (
    FitData,
    hold_out,
    prepare_validation,
    require_validation,
)
from npdiffpool.estimators.fitting.weights import check_sample_weight, combine_weights
from npdiffpool.training.adam import adam_init
from npdiffpool.training.fit import Checkpoint, Fitted, Labelled, fit
from npdiffpool.training.schedule import Schedule

# Fields of Config that a warm start may change. It may change all fields of Schedule.
WARM_START_MAY_CHANGE = (
    "link_weight",
    "entropy_weight",
    "link_scale",
    "dropout",
    "recompute",
)


class Training(NamedTuple):
    """A training that is prepared.

    Attributes
    ----------
    config : Config
    schedule : Schedule
    train, validation : Labelled
        The latter may be None.
    score : callable or None
        See `npdiffpool.training.fit.fit`.
    resume : Checkpoint or None
    context : tuple
        Config, scaling, targets and schema, which a fitted model keeps.
    """

    config: Config
    schedule: Schedule
    train: Labelled
    validation: Labelled | None
    score: Callable[[Floats], float] | None
    resume: Checkpoint | None
    context: tuple[Config, Scaling, Targets, InputSchema]

    @property
    def done(self) -> int:
        """Return the number of epochs that are done."""
        return 0 if self.resume is None else self.resume.epoch

    def run(
        self,
        seed: int,
        on_epoch: Callable[[Row], None],
        on_checkpoint: Callable[[Checkpoint], None],
        threads: int | None,
    ) -> Fitted:
        """Train; the arguments are those of `npdiffpool.training.fit.fit`."""
        return fit(
            self.config,
            self.schedule,
            self.train,
            self.validation,
            np.random.default_rng(seed),
            on_epoch,
            on_checkpoint=on_checkpoint,
            resume=self.resume,
            score=self.score,
            threads=threads,
        )


def prepare_training(model: Any, data: FitData, resume: Checkpoint | None) -> Training:
    """Check and prepare everything that a training needs.

    Parameters
    ----------
    model : Estimator
        With parameters that are checked.
    data : FitData
    resume : Checkpoint or None

    Raises
    ------
    ValueError
        If an argument or a parameter is invalid.
    """
    if data.validation is None and model.validation_fraction is not None:
        data = hold_out(data, model)
    graphs, labels, sample_weight, validation = data
    is_warm = model.warm_start and hasattr(model, "params_")
    checked, targets, schedule, config = model.check(graphs, labels)
    weights = check_sample_weight(sample_weight, len(checked))
    labels = choose_labels(graphs, checked, labels)
    if is_warm:
        targets, scaling, schema = model.targets_, model.scaling_, model._schema
        check_schema(graphs, schema)
        check_target_names(graphs, labels, targets.names)
        config = _config_of_warm_start(model, config)
        schedule = replace(schedule, epochs=schedule.epochs + len(model.history_))
    else:
        schema = InputSchema.from_graphs(graphs)
        scaling = Scaling.of(checked, model.standardize)
        names = names_of_targets(graphs, labels)
        targets = model.targets_kind.of(labels, len(checked), weights, names)
    encoded = targets.encode(labels, len(checked))
    weights = combine_weights(weights, model.class_weight, targets, encoded)
    check_resume(resume, config)
    resume = _start(model, resume) if is_warm else resume
    context = config, scaling, targets, schema
    held_out = prepare_validation(validation, *context)
    require_validation(held_out, "patience", "None", model.patience)
    score = make_score(model.monitor, targets, held_out)
    train = Labelled(prepare_graphs(checked, config, scaling)[0], encoded, weights)
    if resume is None:
        warn_if_alike(checked, config, scaling)
    return Training(config, schedule, train, held_out, score, resume, context)


def _config_of_warm_start(model: Any, config: Config) -> Config:
    """Return a configuration with the sizes that came from the first graphs.

    Raises
    ------
    ValueError
        If a field of the configuration differs from before, except those of
        `WARM_START_MAY_CHANGE`.
    """
    old = model.config_
    for name, value in unchangeable(model).items():
        _require_same(name, model._fixed_parameters[name], value)
    sizes: Any = {"clusters": old.clusters, "largest": old.largest}
    new = replace(config, n_outputs=old.n_outputs, **sizes)
    for name in (field.name for field in fields(Config)):
        if name not in WARM_START_MAY_CHANGE:
            _require_same(name, getattr(old, name), getattr(new, name))
    return new


def unchangeable(model: Any) -> Json:
    """Return parameters that no warm start may change, beside the fields of `Config`.

    `clusters` is among them because `Config` has only the numbers that ratios gave.
    """
    names = ("ratio_of", "standardize")
    return {"clusters": tuple(model.clusters)} | {n: getattr(model, n) for n in names}


def _require_same(name: str, before: Any, now: Any) -> None:
    if now != before:
        required = f"warm_start must be with the same {name} as before, {before!r}"
        raise ValueError(f"{required}; got {now!r}")


def _start(model: Any, resume: Checkpoint | None) -> Checkpoint:
    """Return where a warm start begins: after the last `fit`, unless it is resumed.

    Raises
    ------
    ValueError
        If `resume` is a checkpoint of an earlier `fit`.
    """
    done = len(model.history_)
    if resume is not None:
        required = f"a checkpoint of this fit, which begins after epoch {done}"
        require(resume.epoch > done, "resume", required, f"epoch {resume.epoch}")
        return resume
    vector, rng = to_vector(model.params_), np.random.default_rng([model.seed, done])
    state = adam_init(vector), rng.bit_generator.state, model.history_
    return Checkpoint(done, vector, model.running_, *state, best=None)


def show_row(update: Callable[..., None], row: Row) -> None:
    """Show a row of the training history in a progress bar."""
    parts = [f"loss {row['loss']:.3f}"]
    for name in ("train", "validation"):
        if f"{name}_accuracy" in row:
            parts.append(f"{name} {row[f'{name}_accuracy']:.1%}")
    if "validation_loss" in row and "validation_accuracy" not in row:
        parts.append(f"validation loss {row['validation_loss']:.3f}")
    if "validation_score" in row:
        parts.append(f"score {row['validation_score']:.3f}")
    update(row["epoch"], ", ".join(parts))
