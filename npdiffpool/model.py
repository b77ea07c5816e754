"""The whole model: its configuration, its parameters, its forward pass, its loss.

For each pooling level two GNNs that share nothing, one for the embeddings Z and
one for the logits R of the assignment; then a last GNN, readouts of every level
side by side, and a classifier.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import autograd.numpy as np
import numpy

from npdiffpool import checks
from npdiffpool.batches import GraphBatch
from npdiffpool.layers import Moments, gnn, init_gnn, init_linear, linear
from npdiffpool.losses import LINK_SCALES, cross_entropy, entropy_loss, link_loss
from npdiffpool.pooling import Level, assign, coarsen, next_level
from npdiffpool.primitives import relu, segment_max, segment_sum

Array = Any  # a float array, or autograd's box round one
Params = dict[str, Any]

GNNS = ("gcn", "sage", "s2v")
READOUTS = ("sum", "mean", "max")


@dataclass(frozen=True)
class Config:
    """Hold every choice that shapes the model and its loss.

    Parameters
    ----------
    n_features, n_outputs : int
        Input feature width F and number of classes C.
    gnn : "gcn", "sage" or "s2v"
        The layer of every GNN. With "s2v" the assignment's GNN is "sage", as in
        the paper.
    hidden : int
        Width of every layer.
    n_layers : int
        Layers of every GNN.
    clusters : tuple of int
        K of each pooling level; () is a flat GNN.
    readout : "sum", "mean" or "max"
        "sum" is the paper's last level (S a vector of ones).
    concat_layers : bool
        Put a GNN's layers side by side, the logits being a linear layer of
        them (the authors' code); without it the last layer alone is used, and
        the last layer of the assignment's GNN is K wide (equation 2).
    batch_norm, normalize_rows : bool
        Batch norm and l2 normalisation in every layer.
    classifier_hidden : int
        Width of the classifier's hidden layer; 0 for none.
    link_weight, entropy_weight : float
        Weights of the auxiliary losses in the total.
    link_scale : "frobenius", "nodes" or "entries"
        See `npdiffpool.losses.link_loss`.
    dtype : "float32" or "float64"

    Raises
    ------
    ValueError
        If a value is outside its range.
    """

    n_features: int
    n_outputs: int
    gnn: str = "sage"
    hidden: int = 64
    n_layers: int = 3
    clusters: tuple[int, ...] = (8,)
    readout: str = "max"
    concat_layers: bool = True
    batch_norm: bool = False
    normalize_rows: bool = True
    classifier_hidden: int = 50
    link_weight: float = 1.0
    entropy_weight: float = 1.0
    link_scale: str = "frobenius"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name, least in (("n_features", 0), ("n_outputs", 1), ("hidden", 1)):
            checks.require_int(name, getattr(self, name), least)
        checks.require_int("n_layers", self.n_layers, 1)
        checks.require_int("classifier_hidden", self.classifier_hidden, 0)
        is_tuple = isinstance(self.clusters, tuple)
        checks.require(is_tuple, "clusters", "a tuple", self.clusters)
        for K in self.clusters:
            checks.require_int("each of clusters", K, 1)
        checks.require_choice("gnn", self.gnn, GNNS)
        checks.require_choice("readout", self.readout, READOUTS)
        checks.require_choice("link_scale", self.link_scale, tuple(LINK_SCALES))
        checks.require_choice("dtype", self.dtype, ("float32", "float64"))
        for name in ("concat_layers", "batch_norm", "normalize_rows"):
            checks.require_flag(name, getattr(self, name))
        for name in ("link_weight", "entropy_weight"):
            weight = checks.require_number(name, getattr(self, name))
            object.__setattr__(self, name, weight)

    @property
    def pool_gnn(self) -> str:
        """Name the layer of the assignment's GNN."""
        return "sage" if self.gnn == "s2v" else self.gnn

    @property
    def width(self) -> int:
        """Give D, the width of the embeddings Z."""
        return self.hidden * (self.n_layers if self.concat_layers else 1)


class Output(NamedTuple):
    """Hold what a forward pass gives."""

    logits: Array  # (B, C)
    embeddings: Array  # (B, (levels + 1) D), the readouts side by side
    link: list[Array]  # of each pooling level, (B,)
    entropy: list[Array]  # of each pooling level, (B,), nats a node
    assignments: list[Array]  # S of each pooling level, (N, K)
    levels: list[Level]  # the graphs at every level, the input first
    moments: list[Moments]  # what each GNN's batch norms used


def init_model(rng: np.random.Generator, config: Config) -> Params:
    """Draw the parameters: ``{"levels": [{"embed", "pool"}], "embed", "classify"}``."""
    dtype, widths = config.dtype, [config.hidden] * config.n_layers
    levels, n_in = [], config.n_features
    for K in config.clusters:
        embed = init_gnn(rng, config.gnn, [n_in, *widths], config.batch_norm, dtype)
        levels.append({"embed": embed, "pool": _init_pool(rng, config, n_in, K)})
        n_in = config.width
    embed = init_gnn(rng, config.gnn, [n_in, *widths], config.batch_norm, dtype)
    width = config.width * (len(levels) + 1)
    sizes = [width, config.classifier_hidden, config.n_outputs]
    sizes = [size for size in sizes if size > 0]
    steps = zip(sizes, sizes[1:])
    classify = [init_linear(rng, [n_in], n_out, dtype) for n_in, n_out in steps]
    return {"levels": levels, "embed": embed, "classify": classify}


def _init_pool(rng: Any, config: Config, n_in: int, K: int) -> Params:
    widths = [config.hidden] * config.n_layers
    if not config.concat_layers:
        widths[-1] = K
    sizes, dtype = [n_in, *widths], config.dtype
    params = init_gnn(rng, config.pool_gnn, sizes, config.batch_norm, dtype)
    head = init_linear(rng, widths, K, dtype) if config.concat_layers else {}
    return {"gnn": params, "head": head}


def forward(
    params: Params,
    batch: GraphBatch,
    config: Config,
    running: list[Moments] | None = None,
) -> Output:
    """Run the model on a batch (sections 3.1 and 3.2).

    Parameters
    ----------
    params : as `init_model` makes them
    batch : GraphBatch
        Prepared by `npdiffpool.layers.prepare`, or not.
    config : Config
    running : list, optional
        Batch-norm moments, as in `Output.moments`. Without it each batch norm
        uses those of its own input, as in training.

    Returns
    -------
    Output
    """
    level = Level.of(batch)
    given = iter(running) if running is not None else iter([])
    levels, assignments, link, entropy, moments = [level], [], [], [], []
    readouts = []
    for block in params["levels"]:
        Z, used = _embed(block["embed"], level, config, next(given, None))
        R, used_by_pool = _pool_logits(block["pool"], level, config, next(given, None))
        S = assign(R)
        A_pooled, X_pooled = coarsen(level, Z, S)
        link.append(link_loss(level, S, A_pooled, config.link_scale))
        entropy.append(entropy_loss(R, level.offsets))
        readouts.append(_readout(Z, level.offsets, config.readout))
        level = next_level(A_pooled, X_pooled)
        levels.append(level)
        assignments.append(S)
        moments += [used, used_by_pool]
    Z, used = _embed(params["embed"], level, config, next(given, None))
    readouts.append(_readout(Z, level.offsets, config.readout))
    embeddings = np.concatenate(readouts, axis=1)
    logits = _classify(params["classify"], embeddings)
    moments.append(used)
    return Output(logits, embeddings, link, entropy, assignments, levels, moments)


def _embed(
    params: Params, level: Level, config: Config, running: Moments | None
) -> tuple[Array, Moments]:
    """Return Z = GNN_embed(A, X) (equation 5)."""
    layers, moments = _run_gnn(params, config.gnn, level, config, running)
    Z = np.concatenate(layers, axis=1) if config.concat_layers else layers[-1]
    return Z, moments


def _pool_logits(
    params: Params, level: Level, config: Config, running: Moments | None
) -> tuple[Array, Moments]:
    """Return R = GNN_pool(A, X), what equation 6 takes the softmax of."""
    layers, moments = _run_gnn(params["gnn"], config.pool_gnn, level, config, running)
    R = linear(params["head"], *layers) if config.concat_layers else layers[-1]
    return R, moments


def _run_gnn(
    params: Params, kind: str, level: Level, config: Config, running: Moments | None
) -> tuple[list[Array], Moments]:
    P, PX = level.operator(kind), level.propagated.get(kind)
    options: Any = {"normalize_rows": config.normalize_rows, "running": running}
    return gnn(params, kind, P, level.X, PX, **options)


def _readout(Z: Array, offsets: Array, kind: str) -> Array:
    """Return the sum, mean or maximum over each graph's nodes: (N, D) to (B, D)."""
    if kind == "max":
        return segment_max(Z, offsets)
    total = segment_sum(Z, offsets)
    sizes = numpy.maximum(numpy.diff(offsets), 1).astype(Z.dtype)
    return total / sizes[:, None] if kind == "mean" else total


def _classify(params: list[Params], embeddings: Array) -> Array:
    *hidden, last = params
    for layer in hidden:
        embeddings = relu(linear(layer, embeddings))
    return linear(last, embeddings)


def total_loss(
    params: Params, batch: GraphBatch, labels: Array, config: Config
) -> tuple[Array, Output]:
    """Return the training loss, mean over the graphs, and the pass it came from.

    Of a graph: cross-entropy + sum over levels of (link_weight L_LP +
    entropy_weight L_E).
    """
    output = forward(params, batch, config)
    losses = cross_entropy(output.logits, labels)
    for L_link, L_ent in zip(output.link, output.entropy):
        losses = losses + config.link_weight * L_link + config.entropy_weight * L_ent
    return np.sum(losses) / losses.dtype.type(len(losses)), output
