"""Warnings of trainings that cannot succeed, or that did not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from npdiffpool._support.arguments import warn_caller
from npdiffpool._support.contracts import OverflowedError
from npdiffpool._support.types import Floats, Ints, Row
from npdiffpool.engine.autodiff import leaves, rebuild
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import init_model
from npdiffpool.estimators.fitting.inputs import Scaling, prepare_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Labelled, evaluate
from npdiffpool.training.moments import init_running


def warn_if_alike(graphs: list[Graph], config: Config, scaling: Scaling) -> None:
    """Warn if features and layer cannot tell any two graphs apart.

    That is if a random model, 16 wide and in float64, gives all graphs the same
    embedding up to rounding. Graphs are compared with the first in growing portions,
    until one differs: mostly the second does.
    """
    if len(graphs) < 2:
        return
    probe = replace(config, hidden=16, dtype="float64", recompute=False)
    rng, running = np.random.default_rng(0), init_running(probe)
    new = init_model(rng, probe)
    draws = (W + 0.1 * rng.normal(size=W.shape) for W in leaves(new))
    params = rebuild(new, draws)  # with biases, which show the size of features
    start, stop = 1, 2
    with suppress(OverflowedError):  # training will raise it with advice
        while start < len(graphs):
            part = [graphs[0], *graphs[start:stop]]
            batch, _ = prepare_graphs(part, probe, scaling)
            outputs = evaluate(params, running, batch, probe)
            found = np.concatenate([output.embeddings for output in outputs])
            # 1e-9: rounding is relative to terms that may cancel.
            if np.any(np.ptp(found, axis=0) > 1e-9 * np.max(np.abs(found), axis=0)):
                return
            start, stop = stop, 2 * stop
        warn_caller(
            "no two training graphs can be told apart: with these features and "
            f"gnn={config.gnn!r} all of them have the same embedding; use other node "
            'features, such as features="degree" of Graph, or another gnn'
        )


def warn_if_failed(history: list[Row], train: Labelled, loss: str) -> None:
    """Warn of what `find_failure` finds."""
    failure = find_failure(history, train.labels, loss, train.weights)
    if failure is not None:
        warn_caller(failure)


def find_failure(
    history: list[Row],
    targets: Ints | Floats,
    loss: str,
    weights: Floats | None = None,
) -> str | None:
    """Return a sentence if a training was never better than a constant prediction.

    A training of fewer than five epochs may only have begun; it has failed if its loss
    is always a hundred times that of the constant.

    Parameters
    ----------
    history : list of dict
    targets : (G,) ints or (G, T) array
        Encoded training targets: indices of classes, or T numbers each.
    loss : {"cross_entropy", "squared_error"}
    weights : (G,) array, optional
        With mean 1.
    """
    if loss == "cross_entropy":
        shares = np.bincount(targets, weights) / len(targets)
        shares, constant = shares[shares > 0], "the class frequencies"
        bound = -float(np.sum(shares * np.log(shares)))
    else:
        constant, squares = "the mean", targets - np.average(targets, 0, weights)
        bound = float(np.average(np.mean(squares**2, axis=1), weights=weights))
    lowest = min(row[loss] for row in history)
    is_constant = bound < 1e-20  # up to rounding, or graphs of a tiny weight
    if is_constant or lowest < (1 if len(history) >= 5 else 100) * bound:
        return None
    name = loss.replace("_", "-" if loss == "cross_entropy" else " ")
    return (
        f"the training was never better than predicting {constant}: the lowest {name} "
        f"of an epoch is {lowest:.4g}, that of {constant} {bound:.4g}; try "
        "another learning_rate, more epochs or other features"
    )
