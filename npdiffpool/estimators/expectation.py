"""What to expect of a training before it starts: clusters, and seconds per epoch."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from npdiffpool._support.progress import duration
from npdiffpool.estimators.base import Estimator
from npdiffpool.estimators.fitting.inputs import Scaling, choose_labels, prepare_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Labelled, fit

STEPS = 3  # minibatches that are timed, after a first one
SLOW = 2.0  # seconds: a first minibatch that takes longer is the only one


def describe_clusters(
    model: Estimator,
    graphs: Iterable[Graph],
    labels: npt.ArrayLike | None,
    in_folds: bool = False,
) -> str:
    """Return one line with the number of clusters that `fit` would use.

    Parameters
    ----------
    model : Estimator
    graphs, labels
        As for `fit`.
    in_folds : bool
        Say that a cross-validation will train on parts of these graphs.

    Raises
    ------
    ValueError
        If `fit` would refuse the arguments.

    Examples
    --------
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> mutag = load_dataset("MUTAG")
    >>> describe_clusters(DiffPoolClassifier(), mutag, mutag.labels)
    'clusters: 5 (0.25 of the mean size, 17.9 nodes)'
    >>> describe_clusters(DiffPoolClassifier(clusters=(8, 0.5)), mutag, mutag.labels)
    'clusters: 8, 4'
    >>> print(describe_clusters(DiffPoolClassifier(), mutag, mutag.labels, True))
    clusters: 5 (0.25 of the mean size of all graphs, 17.9 nodes; each fold uses that \
of its training graphs)
    """
    checked, _, _, config = model.check(graphs, labels)
    if not config.clusters:
        return "clusters: none, a flat GNN"
    text = "clusters: " + ", ".join(map(str, config.clusters))
    if model.clusters[0] == config.clusters[0]:
        return text
    sizes = [graph.n_nodes for graph in checked]
    nodes = f"{np.mean(sizes):.1f}" if model.ratio_of == "mean" else str(max(sizes))
    whose = " of all graphs" if in_folds else ""
    note = "; each fold uses that of its training graphs" if in_folds else ""
    size = f"the {model.ratio_of} size{whose}, {nodes} nodes"
    return f"{text} ({model.clusters[0]} of {size}{note})"


def seconds_per_epoch(
    model: Estimator, graphs: Iterable[Graph], labels: npt.ArrayLike | None
) -> float:
    """Return the seconds of an epoch, from the time that a few minibatches take.

    They train new parameters; the model is not changed. One minibatch is trained on
    before the clock starts, because the first one is slower. If it takes more than
    `SLOW` seconds, it is the only one.

    Raises
    ------
    ValueError
        If `fit` would refuse the arguments.
    """
    checked, targets, schedule, config = model.check(graphs, labels)
    once = replace(schedule, epochs=1, learning_rate=1e-30, patience=None)
    encoded = targets.encode(choose_labels(graphs, checked, labels), len(checked))
    order = np.random.default_rng(model.seed).permutation(len(checked))

    def seconds(chosen: Any) -> float:
        part = [checked[i] for i in chosen]
        batch, _ = prepare_graphs(part, config, Scaling.of(part, model.standardize))
        start, rng = time.perf_counter(), np.random.default_rng(0)
        fit(config, once, Labelled(batch, encoded[chosen]), None, rng)
        return time.perf_counter() - start

    first, rest = order[: once.batch_size], order[once.batch_size :]
    timed, taken = first, seconds(first)
    if taken < SLOW and len(rest):
        timed = rest[: STEPS * once.batch_size]
        taken = seconds(timed)
    return taken * len(checked) / len(timed)


def describe_seconds(per_epoch: float, epochs: int) -> str:
    """Describe the duration of an epoch, `per_epoch` seconds, and of a training run.

    Examples
    --------
    >>> describe_seconds(0.2, 100)
    'about 0.2 s an epoch, 20 s for 100 epochs'
    >>> describe_seconds(104.0, 1)
    'about 2 min an epoch, 2 min for 1 epoch'
    >>> describe_seconds(0.004, 5)
    'about 0.004 s an epoch, less than 1 s for 5 epochs'
    """
    is_long = per_epoch >= 9.5
    each = duration(per_epoch) if is_long else f"{max(per_epoch, 1e-4):.2g} s"
    whole = _at_least_a_second(per_epoch * epochs)
    return f"about {each} an epoch, {whole} for {_count(epochs, 'epoch')}"


def describe_jobs(
    n_jobs: int, job: float, epochs: Sequence[int], at_a_time: int | None
) -> str:
    """Describe the expected duration of the trainings of a cross-validation.

    Parameters
    ----------
    n_jobs : int
    job : float
        Seconds of one training, on average.
    epochs : sequence of int
        The numbers of epochs of the configurations.
    at_a_time : int or None
        Number of processes; None if it is unknown.

    Examples
    --------
    >>> describe_jobs(30, 32.0, [20], 2)
    '30 jobs of 20 epochs, 2 at a time: about 8 min'
    >>> describe_jobs(30, 32.0, [20, 100], 1)
    '30 jobs of 20 to 100 epochs: about 16 min'
    >>> describe_jobs(30, 0.2, [1], None)
    '30 jobs of 1 epoch: less than 1 s each on this machine'
    """
    least, most = min(epochs), max(epochs)
    span = f"{least} to {most} epochs" if least < most else _count(most, "epoch")
    what = f"{_count(n_jobs, 'job')} of {span}"
    if at_a_time is None:
        return f"{what}: {_about(job)} each on this machine"
    together = min(at_a_time, n_jobs)
    rounds = -(-n_jobs // together)
    how = f", {together} at a time" if together > 1 else ""
    return f"{what}{how}: {_about(rounds * job)}"


def _about(seconds: float) -> str:
    text = _at_least_a_second(seconds)
    return text if seconds < 1 else f"about {text}"


def _at_least_a_second(seconds: float) -> str:
    return "less than 1 s" if seconds < 1 else duration(seconds)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
