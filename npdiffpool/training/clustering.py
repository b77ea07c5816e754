"""Training of an assignment without labels, by link and entropy loss alone."""

from __future__ import annotations

from functools import partial
from typing import Callable, NamedTuple

import autograd.numpy as np

from npdiffpool._support.types import Array, Floats, Row
from npdiffpool.engine.autodiff import from_vector, getval, to_vector, value_and_grad
from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Params
from npdiffpool.engine.losses import entropy_loss, link_loss
from npdiffpool.engine.model import _init_pool, _pool_logits
from npdiffpool.engine.pooling import Level, assign
from npdiffpool.engine.segments import quadratic_form
from npdiffpool.training.adam import adam_init, adam_step
from npdiffpool.training.divergence import raise_on_divergence


class Clustering(NamedTuple):
    """Result of a training: the epoch with the lowest loss.

    Attributes
    ----------
    loss : float
    params : nested dicts and lists of arrays
    S : (N, K) array
        Assignment of all nodes.
    history : list of dict
        One row per epoch, before its update: `epoch`, `loss`, `link_loss` and
        `entropy_loss`, means over the graphs.
    """

    loss: float
    params: Params
    S: Floats
    history: list[Row]


def assign_nodes(params: Params, level: Level, config: Config) -> tuple[Array, Array]:
    """Return S = softmax(GNN(A, X)) (equation 6), and the entropies of its rows.

    Parameters
    ----------
    params : dict
        Of the assignment GNN, as the model's ``"pool"``.
    level : Level
        From `npdiffpool.engine.preparation.first_level`.
    config : Config

    Returns
    -------
    S : (N, K) array
    entropies : (N,) array
    """
    R, _ = _pool_logits(params, level, config)
    return assign(R)


def clustering_loss(
    config: Config, level: Level, params: Params
) -> tuple[Array, tuple[Array, ...]]:
    """Return the mean of link_weight L_LP + entropy_weight L_E (section 3.3).

    Returns
    -------
    loss : () array
    parts : tuple
        L_LP and L_E of each graph, (B,), and S.
    """
    S, entropies = assign_nodes(params, level, config)
    A_pooled = quadratic_form(level.A, S, level.offsets, level.symmetric)
    L_link = link_loss(level, S, A_pooled, config.link_scale)
    L_ent = entropy_loss(entropies, level.offsets)
    losses = config.link_weight * L_link + config.entropy_weight * L_ent
    return np.sum(losses) / losses.dtype.type(len(losses)), (L_link, L_ent, S)


def train_assignment(
    config: Config,
    level: Level,
    rng: np.random.Generator,
    epochs: int,
    learning_rate: float,
    on_epoch: Callable[[Row], None],
) -> Clustering:
    """Train an assignment from new parameters, by Adam on all graphs at once.

    Raises
    ------
    ValueError
        If training diverges: a number becomes too large.
    """
    (K,) = config.clusters
    params = _init_pool(rng, config, config.n_features, K)
    loss_of = partial(clustering_loss, config, level)
    differentiate = value_and_grad(loss_of, as_vector=True)
    vector, least, best, history = to_vector(params), np.inf, None, []
    adam = adam_init(vector)
    for epoch in range(1, epochs + 1):
        with raise_on_divergence(epoch):
            now = from_vector(params, vector)
            loss, (*parts, S), gradient = differentiate(now)
            row = _row(epoch, loss, *parts)
            if row["loss"] < least:
                least, best = row["loss"], (now, getval(S))
            adam, vector = adam_step(adam, vector, gradient, learning_rate)
        history.append(row)
        on_epoch(row)
    assert best is not None  # the first loss is finite
    return Clustering(least, *best, history)


def _row(epoch: int, loss: Array, L_link: Array, L_ent: Array) -> Row:
    link, entropy = (float(np.mean(getval(part))) for part in (L_link, L_ent))
    row = {"loss": float(loss), "link_loss": link, "entropy_loss": entropy}
    return {"epoch": epoch, **row}
