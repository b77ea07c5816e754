"""The whole model: its parameters, its forward pass, its loss.

For each pooling level two GNNs that share nothing, one for the embeddings Z and
one for the logits R of the assignment; then a last GNN, readouts of every level
side by side, and a classifier.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

import autograd.numpy as np

from npdiffpool._support.contracts import require_finite, requires
from npdiffpool.engine.autodiff import recompute
from npdiffpool.engine.config import FIXED, Config
from npdiffpool.engine.fixed_assignments import fixed_assignment, harden, with_clusters
from npdiffpool.engine.layers import Moments, Params, gnn, init_gnn, init_linear, linear
from npdiffpool.engine.losses import LOSSES, entropy_loss, link_loss
from npdiffpool.engine.pooling import Level, coarsen, next_level
from npdiffpool.engine.primitives import relu, softmax_entropy
from npdiffpool.engine.readouts import init_readout, readout, readout_width
from npdiffpool.graphs.batch import GraphBatch

Array = Any  # a float array, or autograd's box round one
Given = Optional[Moments]  # moments to use, those of a GNN's own input where None
Ran = tuple[Array, Moments]  # what a GNN gives, and the moments that it used


class Output(NamedTuple):
    """Hold what a forward pass gives.

    Attributes
    ----------
    logits : (B, C) array
        Of a regression the outputs, (B, 1).
    embeddings : (B, (levels + 1) D) array
        The readouts of all levels side by side.
    link : list of (B,) arrays
        L_LP of each pooling level.
    entropy : list of (B,) arrays
        L_E of each pooling level, in nats a node.
    assignments : list of (N, K) arrays
        S of each pooling level.
    levels : list of Level
        The graphs at every level, the input first.
    moments : list
        What each GNN's batch norms used.
    """

    logits: Array
    embeddings: Array
    link: list[Array]
    entropy: list[Array]
    assignments: list[Array]
    levels: list[Level]
    moments: list[Moments]


@requires(config=Config)
def init_model(rng: np.random.Generator, config: Config) -> Params:
    """Draw the parameters of the model.

    Parameters
    ----------
    rng : numpy.random.Generator
    config : Config

    Returns
    -------
    dict
        ``{"levels": [{"embed", "pool"}, ...], "embed", "read", "classify"}``; "read"
        has one entry more than "levels", empty where a readout has none.

    Raises
    ------
    ValueError
        If `rng` is no generator or `config` no `Config`.

    Examples
    --------
    >>> config = Config(n_features=7, n_outputs=2, clusters=(8,))
    >>> params = init_model(np.random.default_rng(0), config)
    >>> list(params), [W.shape for W in params["embed"]["layers"][0]["W"]]
    (['levels', 'embed', 'read', 'classify'], [(192, 64), (192, 64)])
    """
    dtype, widths = config.dtype, [config.hidden] * config.n_layers
    levels, n_in = [], config.n_features
    for K in config.clusters:
        embed = init_gnn(rng, config.gnn, [n_in, *widths], config.batch_norm, dtype)
        levels.append({"embed": embed, "pool": _init_pool(rng, config, n_in, K)})
        n_in = config.width
    embed = init_gnn(rng, config.gnn, [n_in, *widths], config.batch_norm, dtype)
    hidden = [config.classifier_hidden] if config.classifier_hidden else []
    kind, D = config.readout, config.width
    read = [init_readout(rng, kind, D, dtype) for _ in range(len(levels) + 1)]
    sizes = [readout_width(kind, D) * len(read), *hidden, config.n_outputs]
    classify = [init_linear(rng, [n], m, dtype) for n, m in zip(sizes, sizes[1:])]
    return {"levels": levels, "embed": embed, "read": read, "classify": classify}


def _init_pool(rng: Any, config: Config, n_in: int, K: int) -> Params:
    if config.assignment in FIXED:
        return {"gnn": {"layers": [], "norms": []}, "head": {}}
    widths = [config.hidden] * config.n_layers
    if not config.concat_layers:
        widths[-1] = K
    sizes, dtype = [n_in, *widths], config.dtype
    params = init_gnn(rng, config.pool_gnn, sizes, config.batch_norm, dtype)
    head = init_linear(rng, widths, K, dtype) if config.concat_layers else {}
    return {"gnn": params, "head": head}


@requires(params=dict, batch=GraphBatch, config=Config, running=list)
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
        Prepared by `npdiffpool.engine.preparation.prepare`, or not.
    config : Config
    running : list, optional
        Batch-norm moments, as in `Output.moments`. Without it each batch norm
        uses those of its own input, as in training.

    Returns
    -------
    Output

    Raises
    ------
    ValueError
        If the graphs are not as wide as `config` says, or numbers get too large.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> graphs = [Graph.from_edges([(0, 1)], n_nodes=n) for n in (2, 3)]
    >>> config = Config(n_features=1, n_outputs=2, clusters=(4,), dtype="float64")
    >>> params = init_model(np.random.default_rng(0), config)
    >>> output = forward(params, GraphBatch.from_graphs(graphs), config)
    >>> output.logits.shape, [S.shape for S in output.assignments]
    ((2, 2), [(5, 4)])
    """
    kinds = {config.gnn, config.pool_gnn}
    level = Level.of(with_clusters(batch, config)).with_operators(kinds)
    level = level.with_dense_blocks()
    given = iter(running) if running is not None else iter([])
    levels, Zs, assignments, link, entropy, moments = [level], [], [], [], [], []
    for block, K in zip(params["levels"], config.clusters):
        Z, used = _embed(block["embed"], level, config, next(given, None))
        S, entropies, by_pool = _assign(block, level, K, config, next(given, None))
        A_pooled, X_pooled = coarsen(level, Z, S)
        link.append(link_loss(level, S, A_pooled, config.link_scale))
        entropy.append(entropy_loss(S, level.offsets, entropies))
        level = next_level(A_pooled, X_pooled, level.clusters[1:])
        level = level.with_operators(kinds)
        levels.append(level)
        Zs.append(Z)
        assignments.append(S)
        moments += [used, by_pool]
    Z, used = _embed(params["embed"], level, config, next(given, None))
    read = zip(params["read"], [*Zs, Z], levels)
    readouts = [readout(part, config.readout, Z, at.offsets) for part, Z, at in read]
    embeddings = np.concatenate(readouts, axis=1)
    logits, moments = _classify(params["classify"], embeddings), [*moments, used]
    require_finite("logits", logits)
    return Output(logits, embeddings, link, entropy, assignments, levels, moments)


def _assign(
    params: Params, level: Level, K: int, config: Config, running: Moments | None
) -> tuple[Array, Array, Moments]:
    """Return S (equation 6, or fixed), the entropies of its rows, and the moments."""
    if config.assignment in FIXED:
        return (*fixed_assignment(level, K, config), [])
    R, used = _pool_logits(params["pool"], level, config, running)
    S, entropies = softmax_entropy(R)
    return harden(S) if config.assignment == "hard" else S, entropies, used


def _recomputable(function: Callable[..., Ran]) -> Callable[..., Ran]:
    """Run a GNN again for its gradient where the configuration says so."""

    def run(params: Params, level: Level, config: Config, running: Given) -> Ran:
        def again(tree: Any) -> Ran:
            X, operators, params = tree
            given = level._replace(X=X, operators=operators)
            return function(params, given, config, running)

        if not config.recompute:
            return function(params, level, config, running)
        return recompute(again)([level.X, level.operators, params])

    return run


@_recomputable
def _embed(params: Params, level: Level, config: Config, running: Given) -> Ran:
    """Return Z = GNN_embed(A, X) (equation 5)."""
    layers, moments = _run_gnn(params, config.gnn, level, config, running)
    Z = np.concatenate(layers, axis=1) if config.concat_layers else layers[-1]
    return Z, moments


@_recomputable
def _pool_logits(params: Params, level: Level, config: Config, running: Given) -> Ran:
    """Return R = GNN_pool(A, X), what equation 6 takes the softmax of."""
    layers, moments = _run_gnn(params["gnn"], config.pool_gnn, level, config, running)
    R = linear(params["head"], *layers) if config.concat_layers else layers[-1]
    return R, moments


def _run_gnn(
    params: Params, kind: str, level: Level, config: Config, running: Moments | None
) -> tuple[list[Array], Moments]:
    P, PX = level.operators[kind], level.propagated.get(kind)
    flag = config.normalize_rows
    return gnn(params, kind, P, level.X, PX, normalize_rows=flag, running=running)


def _classify(params: list[Params], embeddings: Array) -> Array:
    *hidden, last = params
    for layer in hidden:
        embeddings = relu(linear(layer, embeddings))
    return linear(last, embeddings)


@requires(params=dict, batch=GraphBatch, labels="(B,)", config=Config)
def total_loss(
    params: Params, batch: GraphBatch, labels: Array, config: Config
) -> tuple[Array, Output]:
    """Return the training loss, and the forward pass that it comes from.

    Of a graph: cross-entropy (or squared error) + sum over levels of (link_weight
    L_LP + entropy_weight L_E).

    Parameters
    ----------
    params : as `init_model` makes them
    batch : GraphBatch
    labels : (B,) ints, of a regression floats
    config : Config

    Returns
    -------
    loss : () array
        The mean over the graphs.
    output : Output

    Raises
    ------
    ValueError
        As of `forward`, or if there is not one label a graph, each a class.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> batch = GraphBatch.from_graphs([Graph.from_edges([(0, 1)], n_nodes=2)])
    >>> config = Config(n_features=1, n_outputs=2, clusters=(1,), dtype="float64")
    >>> params = init_model(np.random.default_rng(0), config)
    >>> loss, output = total_loss(params, batch, np.array([1]), config)
    >>> output.link, output.entropy  # one cluster: ||A - 1 1^T||, log 1
    ([array([1.41421356])], [array([0.])])
    """
    output = forward(params, batch, config)
    losses = LOSSES[config.loss](output.logits, labels)
    for L_link, L_ent in zip(output.link, output.entropy):
        losses = losses + config.link_weight * L_link + config.entropy_weight * L_ent
    return np.sum(losses) / losses.dtype.type(len(losses)), output
