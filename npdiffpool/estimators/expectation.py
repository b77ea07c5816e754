"""What to expect of a training before it starts: clusters, and seconds per epoch."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Iterable

import numpy as np
import numpy.typing as npt

from npdiffpool._support.progress import duration
from npdiffpool.estimators.base import Estimator
from npdiffpool.estimators.inputs import Scaling, prepare_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Labelled, fit

STEPS = 3  # minibatches that are timed, after a first one
SLOW = 2.0  # seconds: a first minibatch that takes longer is the only one


def describe_clusters(
    model: Estimator, graphs: Iterable[Graph], labels: npt.ArrayLike
) -> str:
    """Return one line with the number of clusters that `fit` would use.

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
    """
    checked, _, _, config = model.check(graphs, labels)
    if not config.clusters:
        return "clusters: none, a flat GNN"
    text = "clusters: " + ", ".join(map(str, config.clusters))
    if model.clusters[0] == config.clusters[0]:
        return text
    sizes = [graph.n_nodes for graph in checked]
    nodes = f"{np.mean(sizes):.1f}" if model.ratio_of == "mean" else str(max(sizes))
    return f"{text} ({model.clusters[0]} of the {model.ratio_of} size, {nodes} nodes)"


def seconds_per_epoch(
    model: Estimator, graphs: Iterable[Graph], labels: npt.ArrayLike
) -> float:
    """Time a few minibatches on a copy of the model; return the seconds of an epoch.

    One minibatch is trained on before the clock starts, because the first one is
    slower. If it takes more than `SLOW` seconds, it is the only one.

    Raises
    ------
    ValueError
        If `fit` would refuse the arguments.
    """
    checked, targets, schedule, config = model.check(graphs, labels)
    once = replace(schedule, epochs=1, learning_rate=1e-30, patience=None)
    encoded = targets.encode(labels, len(checked))
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


def describe_seconds(epoch: float, epochs: int, runs: float = 1, what: str = "") -> str:
    """Describe the expected duration of an epoch and of all of them.

    Parameters
    ----------
    epoch : float
        Seconds of one epoch.
    epochs : int
    runs : float
        Number of trainings, one after the other.
    what : str
        The trainings, if there are several.

    Examples
    --------
    >>> describe_seconds(0.2, 100)
    'about 0.2 s an epoch, 20 s for 100 epochs'
    >>> describe_seconds(1.5, 20, 15, "30 jobs on 2 workers")
    'about 1.5 s an epoch, 8 min for 20 epochs in 30 jobs on 2 workers'
    """
    whole, where = duration(epoch * epochs * runs), f" in {what}" if what else ""
    count = f"{epochs} epoch{'s' * (epochs != 1)}"
    return f"about {epoch:.2g} s an epoch, {whole} for {count}{where}"
