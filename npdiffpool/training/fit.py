"""Training: minibatches, validation, early stopping, checkpoints.

Start with `fit`, the loop, then read `_next_epoch`. All randomness comes from the
generator that `fit` is given; it reads and writes no files.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Iterator, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require
from npdiffpool._support.contracts import (
    IsA,
    OverflowedError,
    Shape,
    requires,
)
from npdiffpool._support.process import keep_freed_memory
from npdiffpool._support.threads import count_threads, run_together, use_threads
from npdiffpool._support.types import Array, Floats, Ints, Row
from npdiffpool.engine.autodiff import from_vector, getval, to_vector, value_and_grad
from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Params
from npdiffpool.engine.losses import LOSSES
from npdiffpool.engine.model import (
    Output,
    blank_params,
    forward,
    init_model,
    total_loss,
)
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.training.adam import (
    AdamState,
    adam_init,
    adam_step,
    clip_by_norm,
    decay_of,
)
from npdiffpool.training.divergence import raise_on_divergence
from npdiffpool.training.moments import init_running, update_running
from npdiffpool.training.schedule import OWN_MONITORS, Schedule


class Labelled(NamedTuple):
    """Graphs and their labels.

    Attributes
    ----------
    batch : GraphBatch
        B graphs.
    labels : (B,) ints or (B, T) floats
        Indices of classes, or T regression targets.
    weights : (B,) array or None
        Weights of the graphs in all means, themselves with mean 1; None for equal ones.
    """

    batch: GraphBatch
    labels: Ints | Floats
    weights: Floats | None = None


class Fitted(NamedTuple):
    """Result of a training.

    Attributes
    ----------
    params : nested dicts and lists of arrays
        Parameters of the kept epoch.
    running : nested dicts and lists of arrays
        Running moments of batch norm of that epoch.
    history : list of dict
        One row per epoch: see `fit`.
    best_epoch : int
        The kept epoch, counted from 1.
    """

    params: Params
    running: Params
    history: list[Row]
    best_epoch: int


class Checkpoint(NamedTuple):
    """Everything that the next epoch depends on: a training can resume from it.

    Attributes
    ----------
    epoch : int
        Number of epochs done.
    vector : (P,) array
        Parameters.
    running : nested dicts and lists of arrays
        Running moments of batch norm.
    adam : AdamState
    rng_state : dict
        State of the generator.
    history : list of dict
        One row per epoch.
    best : Fitted or None
        The best epoch so far. Its history ends with that epoch.
    """

    epoch: int
    vector: Floats
    running: Params
    adam: AdamState
    rng_state: Any
    history: list[Row]
    best: Fitted | None


@requires(
    config=IsA(Config),
    schedule=IsA(Schedule),
    rng=IsA(np.random.Generator),
    resume=IsA(Checkpoint),
)
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
    score: Callable[[Floats], float] | None = None,
    threads: int | None = None,
) -> Fitted:
    """Train a model from new parameters, or resume from a checkpoint.

    With a validation set the parameters of the best epoch are returned: by
    `schedule.monitor` that of the highest validation accuracy ("accuracy"; for
    regression the lowest validation loss), of the lowest validation loss ("loss"), or
    of the highest `score` (any other). Ties are broken by the lower validation loss.
    Without a validation set the parameters of the last epoch are returned. From then on
    the process keeps the memory that it frees (process.py).

    Parameters
    ----------
    config : Config
    schedule : Schedule
    train : Labelled
        At least one graph.
    validation : Labelled or None
    rng : numpy.random.Generator
        Draws the parameters, the order of the graphs and, with dropout, one seed for
        each gradient step; nothing else.
    on_epoch : callable
        Called with each row of the history.
    on_checkpoint : callable
        Called with the `Checkpoint` after each epoch.
    resume : Checkpoint, optional
        Checkpoint to continue from. With the other arguments unchanged, the result is
        bit-identical to that of an uninterrupted run. The learning-rate schedule counts
        epochs by the steps in `resume.adam`.
    score : callable, optional
        From the logits of the validation set to a number, `validation_score` in the
        history; needed if `schedule.monitor` is neither "accuracy" nor "loss".
    threads : int, optional
        Number of threads. Default: the environment variable OMP_NUM_THREADS, otherwise
        all CPUs. The result is the same for any number.

    Returns
    -------
    Fitted
        Its history has these columns. Losses and accuracies are means over graphs,
        weighted if the graphs have weights; those of the training graphs are computed
        before the update of each minibatch.

        - `epoch`: counted from 1
        - `loss`: the weighted sum that is trained on
        - `cross_entropy` (nats), or `squared_error` (squared unit of the labels)
        - `link_loss` (see `config.link_scale`): summed over levels
        - `entropy_loss` (nats per node): summed over levels
        - `train_accuracy` (fraction): for classes

        With a validation set it also has these:

        - `validation_loss`: cross-entropy (nats) or squared error alone
        - `validation_accuracy` (fraction): for classes
        - `validation_loss_0`, `validation_loss_1`, ...: squared error of each of
          several targets
        - `validation_score`: if `score` is given

    Raises
    ------
    ValueError
        If an argument is invalid, or training diverges: a number becomes too large.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> graphs = [Graph.from_edges([(0, 1)], n, "ones") for n in (2, 3)]
    >>> train = Labelled(GraphBatch.from_graphs(graphs, "float32"), np.array([0, 1]))
    >>> config, rng = Config(1, 2, clusters=(1,)), np.random.default_rng(0)
    >>> fitted = fit(config, Schedule(epochs=2), train, None, rng)
    >>> [row["epoch"] for row in fitted.history], fitted.best_epoch
    ([1, 2], 2)
    """
    if validation is not None and schedule.monitor not in OWN_MONITORS:
        require(callable(score), "score", f"given for {schedule.monitor!r}", score)
    _check_labelled("train", train, config)
    if validation is not None:
        _check_labelled("validation", validation, config)
    keep_freed_memory()
    state = resume if resume is not None else _start(config, rng)
    rng.bit_generator.state = state.rng_state
    with use_threads(threads):
        while state.epoch < schedule.epochs and not _out_of_patience(state, schedule):
            with raise_on_divergence(state.epoch + 1):
                state = _next_epoch(
                    state, config, schedule, train, validation, score, rng
                )
            on_epoch(state.history[-1])
            on_checkpoint(state)
    assert state.best is not None  # schedule.epochs >= 1
    return state.best._replace(history=state.history)


def _require_not_diverged(row: Row, vector: Floats) -> None:
    """Check that the history is finite and products of parameters do not overflow."""
    largest = float(np.max(np.abs(vector)))
    usable = largest < np.sqrt(np.finfo(vector.dtype).max)  # else a product overflows
    seen = {**row, "largest parameter": largest if usable else np.inf}
    for name, value in seen.items():
        if not np.isfinite(value):
            raise OverflowedError(f"the {name} is {value}")


def _check_labelled(name: str, data: Any, config: Config) -> None:
    require(isinstance(data, Labelled), name, "a Labelled", type(data).__name__)
    F, required = data.batch.n_features, f"{config.n_features}, as config.n_features"
    require(F == config.n_features, f"n_features of {name}.batch", required, F)
    is_class = config.loss == "cross_entropy"
    sizes = {"B": data.batch.n_graphs, "C": config.n_outputs}
    labels = Shape("B", below="C") if is_class else Shape("B C")
    labels.check(f"{name}.labels", data.labels, sizes)
    if data.weights is not None:
        Shape("B").check(f"{name}.weights", data.weights, sizes)


def _start(config: Config, rng: np.random.Generator) -> Checkpoint:
    """Return the state before the first epoch."""
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
    score: Callable[[Floats], float] | None,
    rng: np.random.Generator,
) -> Checkpoint:
    """Train for one epoch, validate, and return the state after it."""
    state, params, row = _train_epoch(state, config, schedule, train, rng)
    if validation is not None:
        row.update(validate(params, state.running, validation, config, score))
    _require_not_diverged(row, state.vector)
    history, epoch = [*state.history, row], state.epoch + 1
    latest = Fitted(params, state.running, history, epoch)
    best = _better(state.best, latest, schedule.monitor)
    return state._replace(epoch=epoch, history=history, best=best)


def _train_epoch(
    state: Checkpoint,
    config: Config,
    schedule: Schedule,
    train: Labelled,
    rng: np.random.Generator,
) -> tuple[Checkpoint, Params, Row]:
    """Take the gradient steps of an epoch; also return the parameters and its row."""
    vector, running, adam = state.vector.copy(), state.running, state.adam
    params = from_vector(blank_params(config), vector)  # views of the vector
    differentiate = value_and_grad(partial(_loss, config), as_vector=True)
    rate, decay = _rate(state, schedule, train), schedule.weight_decay
    decays = decay_of(params, decay) if decay else 0.0
    totals = np.zeros(())  # of the columns of `_summary`
    for minibatch in minibatches(train, schedule.batch_size, rng):
        seed = int(rng.integers(1 << 32)) if config.dropout else None
        loss, output, gradient = differentiate(params, minibatch, seed)
        gradient = clip_by_norm(gradient, schedule.clip_norm)
        adam, moved = adam_step(adam, vector, gradient, rate, weight_decay=decays)
        vector[:] = moved
        running = update_running(running, output.moments)
        means = _summary(loss, output, minibatch, config)
        totals = totals + len(minibatch.labels) * means
        del output  # frees S and the levels before the next step makes its own
    row = _row(state.epoch + 1, totals / len(train.labels), config)
    rng_state = rng.bit_generator.state
    trained = state._replace(
        vector=vector, running=running, adam=adam, rng_state=rng_state
    )
    return trained, params, row


def _rate(state: Checkpoint, schedule: Schedule, train: Labelled) -> float:
    """Return the learning rate of the next epoch.

    A warm start runs through the whole schedule in its own epochs. Its Adam begins
    anew, so Adam's steps count these epochs alone.
    """
    steps_per_epoch = -(-len(train.labels) // schedule.batch_size)
    done = state.adam.step // steps_per_epoch
    earlier = state.epoch - done  # epochs before the warm start
    return schedule.rate_after(done, schedule.epochs - earlier)


def _loss(
    config: Config, params: Params, data: Labelled, seed: int | None
) -> tuple[Array, Output]:
    return total_loss(params, data.batch, data.labels, config, data.weights, seed)


def _better(best: Fitted | None, latest: Fitted, monitor: str) -> Fitted:
    """Return the better one on the validation set; the latest without such a set."""
    name = f"validation_{monitor if monitor in OWN_MONITORS else 'score'}"

    def rank(fitted: Fitted) -> tuple[float, float]:
        row = fitted.history[fitted.best_epoch - 1]
        # The loss alone decides for "loss", and for a regressor's "accuracy".
        first = 0.0 if monitor == "loss" else row.get(name, 0.0)
        return first, -row["validation_loss"]

    unvalidated = "validation_loss" not in latest.history[-1]
    if best is None or unvalidated or rank(latest) > rank(best):
        return latest
    return best


def minibatches(
    data: Labelled, batch_size: int, rng: np.random.Generator
) -> Iterator[Labelled]:
    """Yield all graphs once, in random order, `batch_size` at a time."""
    order = rng.permutation(len(data.labels))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        weights = None if data.weights is None else data.weights[chosen]
        yield Labelled(data.batch.take(chosen), data.labels[chosen], weights)


def evaluate(
    params: Params,
    running: Params,
    batch: GraphBatch,
    config: Config,
    chunk_nodes: int = 6000,
) -> Iterator[Output]:
    """Run the model on all graphs in their order; yield one Output per chunk.

    A chunk consists of complete graphs with about `chunk_nodes` nodes in total, so that
    memory does not grow with the data set. The output of a graph does not depend on its
    chunk. Within `use_threads`, each thread has a chunk at a time: memory grows with
    the number of threads.
    """
    chunk = np.cumsum(batch.sizes) // chunk_nodes
    chunks = [np.flatnonzero(chunk == index) for index in np.unique(chunk)]

    def run(graphs: Ints) -> Output:
        return forward(params, batch.take(graphs), config, running)

    for start in range(0, len(chunks), count_threads()):
        at_once = chunks[start : start + count_threads()]
        yield from run_together([partial(run, graphs) for graphs in at_once])


def validate(
    params: Params,
    running: Params,
    data: Labelled,
    config: Config,
    score: Callable[[Floats], float] | None = None,
) -> Row:
    """Return the validation columns of a row of the history.

    They are the mean loss over graphs, for classes the accuracy, for several targets
    the loss of each, and the score if there is one.
    """
    outputs = evaluate(params, running, data.batch, config)
    logits = np.concatenate([output.logits for output in outputs])
    losses = LOSSES[config.loss](logits, data.labels)
    row = {"validation_loss": float(np.mean(_weighted(losses, data)))}
    if config.loss == "cross_entropy":
        row["validation_accuracy"] = _accuracy(logits, data)
    elif config.n_outputs > 1:
        for j, (of_y, of_t) in enumerate(zip(logits.T, data.labels.T)):
            row[f"validation_loss_{j}"] = float(_mean((of_y - of_t) ** 2, data))
    if score is not None:
        row["validation_score"] = float(score(logits))
    return row


def _accuracy(logits: Array, data: Labelled) -> float:
    return float(_mean(np.argmax(logits, axis=1) == data.labels, data))


def _summary(loss: Array, output: Output, data: Labelled, config: Config) -> Floats:
    """Return a batch's mean losses and accuracy, in the order of `_row`."""
    logits = getval(output.logits)
    link = sum(_mean(step.L_link, data) for step in output.steps)
    entropy = sum(_mean(step.L_ent, data) for step in output.steps)
    main_loss = _mean(LOSSES[config.loss](logits, data.labels), data)
    accuracy = [_accuracy(logits, data)] if config.loss == "cross_entropy" else []
    return np.array([float(loss), main_loss, link, entropy, *accuracy])


def _mean(values: Array, data: Labelled) -> Any:
    return np.mean(_weighted(getval(values), data), dtype=np.float64)


def _weighted(values: Array, data: Labelled) -> Array:
    return values if data.weights is None else values * data.weights


def _row(epoch: int, means: Floats, config: Config) -> Row:
    # A regression has no accuracy: `zip` leaves out the last name.
    names = ("loss", config.loss, "link_loss", "entropy_loss", "train_accuracy")
    return {"epoch": epoch, **dict(zip(names, means.tolist()))}
