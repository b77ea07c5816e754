"""Training: minibatches, running moments, validation, early stopping, checkpoints.

`fit` is the loop; its randomness is all the given generator's. It knows no files.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterator, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require
from npdiffpool._support.contracts import (
    OverflowedError,
    require_array,
    requires,
    trusted,
)
from npdiffpool._support.parameters import (
    check_parameters,
    document_parameters,
    parameter,
)
from npdiffpool._support.process import keep_freed_memory, one_blas_thread
from npdiffpool.engine.autodiff import from_vector, getval, to_vector, value_and_grad
from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Moments, Params
from npdiffpool.engine.losses import LOSSES
from npdiffpool.engine.model import Output, forward, init_model, total_loss
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Floats, Ints
from npdiffpool.training.adam import AdamState, adam_init, adam_step, clip_by_norm
from npdiffpool.training.moments import init_running, update_running

Row = dict[str, float]


@document_parameters
@dataclass(frozen=True)
class Schedule:
    """Length and step sizes of a training.

    Parameters
    ----------
    {parameters}

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    epochs: int = parameter(100, "Passes over the training graphs.", least=1)
    batch_size: int = parameter(20, "Graphs per gradient step.", least=1)
    learning_rate: float = parameter(1e-3, "Step size of Adam.", positive=True)
    clip_norm: float = parameter(
        2.0, "Maximum norm of the gradient; longer ones are scaled.", positive=True
    )
    patience: int | None = parameter(
        None,
        "Epochs without a better validation score after which training stops. "
        "None trains for all epochs.",
        least=1,
    )

    def __post_init__(self) -> None:
        vars(self).update(check_parameters(self))


class Labelled(NamedTuple):
    """Hold graphs, as `batch`, and `labels`, (B,): class indices or targets."""

    batch: GraphBatch
    labels: Ints | Floats


class Fitted(NamedTuple):
    """Hold what training gives: the kept `params` and `running` moments.

    `history` has a row an epoch (see `fit`); `best_epoch`, counted from 1, is the one
    that the parameters are from.
    """

    params: Params
    running: list[Moments]
    history: list[Row]
    best_epoch: int


class Checkpoint(NamedTuple):
    """Hold all that the next epoch depends on: training can go on from it.

    `epoch` epochs are done, `history` has their rows. `vector` holds the parameters,
    `running` their moments, `adam` the optimiser's memory, `rng_state` the generator's,
    `best` what would be kept if training stopped.
    """

    epoch: int
    vector: Floats
    running: list[Moments]
    adam: AdamState
    rng_state: Any
    history: list[Row]
    best: Fitted | None


@requires(config=Config, schedule=Schedule, rng=np.random.Generator, resume=Checkpoint)
def fit(
    config: Config,
    schedule: Schedule,
    train: Labelled,
    validation: Labelled | None,
    rng: np.random.Generator,
    on_epoch: Callable[[Row], None] = lambda row: None,
    *,
    on_checkpoint: Callable[[Checkpoint], None] = lambda checkpoint: None,
    resume: Checkpoint | None = None,
) -> Fitted:
    """Train a model from new parameters, or from where training stopped.

    With a validation set the parameters given back are those of the best epoch:
    the highest validation accuracy, among equals the lowest validation
    cross-entropy. Without one they are the last. BLAS threads meanwhile, and freed
    memory from then on, are as threads.py and memory.py say.

    Parameters
    ----------
    config : Config
    schedule : Schedule
    train : Labelled
        At least one graph.
    validation : Labelled or None
    rng : numpy.random.Generator
        Draws the parameters and the order of the graphs, nothing else does.
    on_epoch : callable
        Is shown each row of the history.
    on_checkpoint : callable
        Is given the state after each epoch.
    resume : Checkpoint, optional
        Go on after this one. With the other arguments as they were, all that
        follows is as it would have been.

    Returns
    -------
    Fitted
        Each row of its history has `epoch`, the training means a graph `loss`,
        `cross_entropy` (nats), `link_loss`, `entropy_loss` (nats a node, both
        summed over levels) and `train_accuracy`, all while the parameters
        moved, and `validation_loss` (cross-entropy) and `validation_accuracy`.

    Raises
    ------
    ValueError
        If an argument is unusable, or training diverges: a number gets too large.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> graphs = [Graph.from_edges([(0, 1)], n_nodes=n) for n in (2, 3)]
    >>> train = Labelled(GraphBatch.from_graphs(graphs, "float32"), np.array([0, 1]))
    >>> config, rng = Config(1, 2, clusters=(1,)), np.random.default_rng(0)
    >>> fitted = fit(config, Schedule(epochs=2), train, None, rng)
    >>> [row["epoch"] for row in fitted.history], fitted.best_epoch
    ([1, 2], 2)
    """
    for name, data in (("train", train), ("validation", validation)):
        if name == "train" or data is not None:
            _check_labelled(name, data, config)
    keep_freed_memory()
    state = resume if resume is not None else _begin(config, rng)
    rng.bit_generator.state = state.rng_state
    with one_blas_thread():
        while state.epoch < schedule.epochs and not _out_of_patience(state, schedule):
            with _raise_on_divergence(state.epoch + 1):
                state = _next_epoch(state, config, schedule, train, validation, rng)
            on_epoch(state.history[-1])
            on_checkpoint(state)
    assert state.best is not None  # schedule.epochs >= 1
    return state.best._replace(history=state.history)


@contextmanager
def _raise_on_divergence(epoch: int) -> Iterator[None]:
    """Say of numbers that get too large in which epoch, and what to do about it.

    Raises
    ------
    ValueError
    """
    try:
        with trusted():
            yield
    except OverflowedError as error:
        advice = "use a lower learning_rate or smaller loss weights"
        raise ValueError(
            f"training diverged in epoch {epoch}: {error}; {advice}"
        ) from None


def _require_not_diverged(row: dict[str, float], vector: Floats) -> None:
    """Require a finite row of the history, and parameters whose products are.

    Raises
    ------
    OverflowedError
    """
    largest = float(np.max(np.abs(vector)))
    usable = largest < np.sqrt(np.finfo(vector.dtype).max)  # else a product overflows
    seen = {**row, "largest parameter": largest if usable else np.inf}
    for name, value in seen.items():
        if not np.isfinite(value):
            raise OverflowedError(f"the {name} is {value}")


def _check_labelled(name: str, data: Any, config: Config) -> None:
    require(isinstance(data, Labelled), name, "a Labelled", type(data).__name__)
    form = "(B,) < C" if config.loss == "cross_entropy" else "(B,)"
    sizes = {"B": data.batch.n_graphs, "C": config.n_outputs}
    require_array(f"{name}.labels", data.labels, form, sizes)


def _begin(config: Config, rng: np.random.Generator) -> Checkpoint:
    vector = to_vector(init_model(rng, config))
    running, adam = init_running(config), adam_init(vector)
    return Checkpoint(0, vector, running, adam, rng.bit_generator.state, [], None)


def _out_of_patience(state: Checkpoint, schedule: Schedule) -> bool:
    if schedule.patience is None or state.best is None:
        return False
    return state.epoch - state.best.best_epoch >= schedule.patience


def _next_epoch(
    state: Checkpoint,
    config: Config,
    schedule: Schedule,
    train: Labelled,
    validation: Labelled | None,
    rng: np.random.Generator,
) -> Checkpoint:
    vector, running, adam = state.vector.copy(), state.running, state.adam
    params = from_vector(init_model(np.random.default_rng(0), config), vector)
    differentiate = value_and_grad(partial(total_loss, config=config))
    totals = np.zeros(())
    for part in minibatches(train, schedule.batch_size, rng):
        loss, output, gradients = differentiate(params, *part)
        gradient = clip_by_norm(to_vector(gradients), schedule.clip_norm)
        adam, moved = adam_step(adam, vector, gradient, schedule.learning_rate)
        vector[:] = moved  # params are views of it
        running = update_running(running, output.moments)
        totals = totals + len(part.labels) * _summary(loss, output, part.labels, config)
        del output  # holds S and the levels, which the next step makes anew
    epoch = state.epoch + 1
    row = _row(epoch, totals / len(train.labels), config)
    if validation is not None:
        row.update(validate(params, running, validation, config))
    _require_not_diverged(row, vector)
    history = [*state.history, row]
    best = _better(state.best, Fitted(params, running, history, epoch))
    rng_state = rng.bit_generator.state
    return Checkpoint(epoch, vector, running, adam, rng_state, history, best)


def _better(best: Fitted | None, latest: Fitted) -> Fitted:
    """Choose by validation; the latest where there is none."""

    def score(fitted: Fitted) -> tuple[float, float]:
        row = fitted.history[fitted.best_epoch - 1]
        return row.get("validation_accuracy", 0.0), -row["validation_loss"]

    unvalidated = "validation_loss" not in latest.history[-1]
    if best is None or unvalidated or score(latest) > score(best):
        return latest
    return best


def minibatches(
    data: Labelled, batch_size: int, rng: np.random.Generator
) -> Iterator[Labelled]:
    """Yield all graphs once, in random order, `batch_size` at a time."""
    order = rng.permutation(len(data.labels))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        yield Labelled(data.batch.take(chosen), data.labels[chosen])


def evaluate(
    params: Params,
    running: list[Moments],
    batch: GraphBatch,
    config: Config,
    chunk_nodes: int = 20_000,
) -> Iterator[Output]:
    """Yield the forward pass of all graphs in order, some at a time.

    Chunks hold whole graphs, about `chunk_nodes` nodes, so that memory does not
    grow with the data set. A graph's output does not depend on its chunk.
    """
    chunk = np.cumsum(batch.sizes) // chunk_nodes
    for index in np.unique(chunk):
        part = batch.take(np.flatnonzero(chunk == index))
        yield forward(params, part, config, running)


def validate(
    params: Params, running: list[Moments], data: Labelled, config: Config
) -> Row:
    """Return `validation_loss`, the mean over graphs, and of classes the accuracy."""
    outputs = evaluate(params, running, data.batch, config)
    logits = np.concatenate([output.logits for output in outputs])
    losses = LOSSES[config.loss](logits, data.labels)
    row = {"validation_loss": float(np.mean(losses))}
    if config.loss == "cross_entropy":
        row["validation_accuracy"] = _accuracy(logits, data.labels)
    return row


def _accuracy(logits: Any, labels: Any) -> float:
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def _summary(loss: Any, output: Output, labels: Any, config: Config) -> Floats:
    """Return the batch's mean losses and accuracy, in the order of `_row`."""
    logits = getval(output.logits)
    link = sum(np.mean(getval(part), dtype=np.float64) for part in output.link)
    entropy = sum(np.mean(getval(part), dtype=np.float64) for part in output.entropy)
    main_loss = np.mean(LOSSES[config.loss](logits, labels), dtype=np.float64)
    accuracy = [_accuracy(logits, labels)] if config.loss == "cross_entropy" else []
    return np.array([float(loss), main_loss, link, entropy, *accuracy])


def _row(epoch: int, means: Floats, config: Config) -> Row:
    names = ("loss", config.loss, "link_loss", "entropy_loss", "train_accuracy")
    return {"epoch": epoch, **dict(zip(names, means.tolist()))}
