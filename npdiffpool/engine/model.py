"""The whole model: its parameters, its forward pass, its loss.

Each pooling level has a GNN for the embeddings Z and, if the assignment is learned,
another one for its logits R; they share no parameters. A last GNN follows, then the
readouts of all levels side by side, and a classifier.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import repeat
from typing import Any, Callable, Iterator, NamedTuple, Sequence

import autograd.numpy as np

from npdiffpool._support.arguments import require, type_name
from npdiffpool._support.contracts import (
    IsA,
    Shape,
    is_trusted,
    require_finite,
    requires,
)
from npdiffpool._support.threads import is_worth_threads
from npdiffpool._support.types import Array
from npdiffpool.engine.autodiff import getval, side_by_side
from npdiffpool.engine.config import FIXED, Config
from npdiffpool.engine.dropout import Dropout, dropout_of_pass
from npdiffpool.engine.fixed_assignments import fixed_assignment, harden
from npdiffpool.engine.layers import (
    BLANK,
    Moments,
    Params,
    RngOrBlank,
    gnn,
    init_gnn,
    init_linear,
    linear,
)
from npdiffpool.engine.losses import LOSSES, entropy_loss, link_loss
from npdiffpool.engine.pooling import Level, assign, coarsen, next_level
from npdiffpool.engine.preparation import first_level, layer_kinds
from npdiffpool.engine.primitives import relu
from npdiffpool.engine.readouts import init_readout, readout, readout_width
from npdiffpool.graphs.batch import GraphBatch

GNNOutput = tuple[Array, Moments]  # Z or R, and the moments of each batch norm
LevelFunction = Callable[[Params, "Level", Config], GNNOutput]
BATCH = IsA(GraphBatch, N="n_nodes", B="n_graphs", F="n_features")
CONFIG = IsA(Config, F="n_features")


class PoolingStep(NamedTuple):
    """One pooling of a batch: from a level to the next.

    Attributes
    ----------
    level : Level
        The graphs that are pooled, with N nodes in all.
    Z : (N, D) array
        Embeddings (equation 5).
    S : (N, K) array
        Assignment (equation 6).
    L_link, L_ent : (B,) arrays
        L_LP and L_E of each graph (section 3.3), L_E in nats per node; L_E is that of
        the softmax if `assignment` is "hard".
    pooled : Level
        The coarsened graphs (equations 3 and 4).
    """

    level: Level
    Z: Array
    S: Array
    L_link: Array
    L_ent: Array
    pooled: Level


class Output(NamedTuple):
    """Result of a forward pass.

    Attributes
    ----------
    logits : (B, C) array
        Logits of the classes; for regression the outputs, (B, T).
    embeddings : (B, (levels + 1) W) array
        Readouts of all levels, side by side, each of width W = `readout_width`.
    steps : list of PoolingStep
        One for each pooling level.
    moments : nested dicts and lists of arrays
        Mean and variance used by each batch norm, in the form of the parameters:
        ``{"levels": [{"embed": [...], "pool": [...]}, ...], "embed": [...]}``, with a
        pair (mean, variance) for each batch norm: without batch norm, empty lists.
    """

    logits: Array
    embeddings: Array
    steps: list[PoolingStep]
    moments: Params


@requires(rng=IsA(np.random.Generator), config=IsA(Config))
def init_model(rng: np.random.Generator, config: Config) -> Params:
    """Draw the parameters of the model.

    Parameters
    ----------
    rng : numpy.random.Generator
    config : Config

    Returns
    -------
    dict
        ``{"levels": [{"embed": GNN, "pool": {"gnn": GNN, "head": LINEAR}}, ...],
        "embed": GNN, "read": [LINEAR, ...], "classify": [LINEAR, ...]}`` with GNN =
        ``{"layers": [LINEAR, ...], "norms": [{"gamma", "beta"}, ...]}`` and LINEAR =
        ``{"W": [W_1, ...], "b": b}``. "read" has one entry more than "levels". What a
        configuration does not need is an empty dict or list.

    Raises
    ------
    ValueError
        If `rng` is not a generator or `config` not a `Config`.

    Examples
    --------
    >>> config = Config(n_features=7, n_outputs=2, clusters=(8,))
    >>> params = init_model(np.random.default_rng(0), config)
    >>> list(params), [W.shape for W in params["embed"]["layers"][0]["W"]]
    (['levels', 'embed', 'read', 'classify'], [(192, 64), (192, 64)])
    """
    return _init(rng, config)


@requires(config=IsA(Config))
def blank_params(config: Config) -> Params:
    """Return placeholder parameters, which give only structure, shapes and dtype.

    Parameters
    ----------
    config : Config

    Returns
    -------
    dict
        In the form of `init_model`. The arrays are read-only and take no memory.

    Raises
    ------
    ValueError
        If `config` is not a `Config`.

    Examples
    --------
    >>> params = blank_params(Config(n_features=7, n_outputs=2))
    >>> params["embed"]["layers"][0]["W"][0].shape
    (192, 64)
    """
    return _init(BLANK, config)


def _init(rng: RngOrBlank, config: Config) -> Params:
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


def _init_pool(rng: RngOrBlank, config: Config, n_in: int, K: int) -> Params:
    """Draw the parameters that assign nodes of n_in features to K clusters.

    They are empty for a fixed assignment.
    """
    if config.assignment in FIXED:
        return {"gnn": {"layers": [], "norms": []}, "head": {}}
    widths = [config.hidden] * config.n_layers
    if not config.concat_layers:
        widths[-1] = K
    sizes, dtype = [n_in, *widths], config.dtype
    params = init_gnn(rng, config.pool_gnn, sizes, config.batch_norm, dtype)
    head = init_linear(rng, widths, K, dtype) if config.concat_layers else {}
    return {"gnn": params, "head": head}


@requires(params=IsA(dict), batch=BATCH, config=CONFIG, running=IsA(dict))
def forward(
    params: Params,
    batch: GraphBatch,
    config: Config,
    running: Params | None = None,
    seed: int | None = None,
) -> Output:
    """Run the model on a batch (sections 3.1 and 3.2).

    Parameters
    ----------
    params : dict
        As from `init_model`.
    batch : GraphBatch
        With or without a prior call of `npdiffpool.engine.preparation.prepare`.
    config : Config
    running : dict, optional
        Batch-norm moments to use, in the form of `Output.moments`. Without it each
        batch norm uses those of its own input, as in training.
    seed : int, optional
        Seed of the masks of `config.dropout`, below 2^32. Without it nothing is zeroed.

    Returns
    -------
    Output
        With one `PoolingStep` for each level that is pooled.

    Raises
    ------
    ValueError
        If the graphs do not have as many features as `config` says, `params` are not
        those of this `config`, `running` is not of this form or has not one pair for
        each batch norm, numbers become too large, or `seed` is not a whole number from
        0 to 2^32 - 1.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> graphs = [Graph.from_edges([(0, 1)], n, "ones") for n in (2, 3)]
    >>> config = Config(n_features=1, n_outputs=2, clusters=(4,), dtype="float64")
    >>> params = init_model(np.random.default_rng(0), config)
    >>> output = forward(params, GraphBatch.from_graphs(graphs), config)
    >>> output.logits.shape, [step.S.shape for step in output.steps]
    ((2, 2), [(5, 4)])
    """
    _check_params(params, config)
    _check_running(running, config)
    running = running or {"levels": repeat({}), "embed": None}
    dropout = dropout_of_pass(config.dropout, seed)
    level, steps = first_level(batch, config), []
    moments: Params = {"levels": [], "embed": None}
    poolings = zip(params["levels"], config.clusters, running["levels"])
    for i, (level_params, K, level_running) in enumerate(poolings):
        options: Any = {"running": level_running, "dropout": dropout.at(i)}
        step, used = _pool(level_params, level, K, config, **options)
        steps.append(step)
        moments["levels"].append(used)
        level = step.pooled
    options = {"running": running["embed"], "dropout": dropout.at(len(steps), 0)}
    gnns = [(partial(_embed, **options), params["embed"])]
    ((Z, moments["embed"]),) = _call_on_level(gnns, level, config)
    embedded = [*((step.Z, step.level) for step in steps), (Z, level)]
    readouts = [
        readout(readout_params, config.readout, Z_l, level_l.offsets)
        for readout_params, (Z_l, level_l) in zip(params["read"], embedded)
    ]
    embeddings = np.concatenate(readouts, axis=1)
    logits = _classify(params["classify"], embeddings, dropout.at(len(steps) + 1, 0, 0))
    require_finite("logits", logits)
    return Output(logits, embeddings, steps, moments)


def _check_params(params: Params, config: Config) -> None:
    """Check that parameters have the form and shapes of `init_model`."""
    if is_trusted():
        return
    found = dict(_forms("params", params))
    for name, form in _expected_forms(config).items():  # containers first
        if found.get(name) != form:
            raise ValueError(f"{name} must be {form}; got {found.get(name)}")


@lru_cache(maxsize=16)
def _expected_forms(config: Config) -> dict[str, str]:
    return dict(_forms("params", _init(BLANK, config)))


def _forms(name: str, tree: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the form of a tree and of each of its parts."""
    tree = getval(tree)
    if isinstance(tree, dict):
        yield name, f"a dict with the keys {sorted(map(str, tree))}"
        for key, part in tree.items():
            yield from _forms(f"{name}[{key!r}]", part)
    elif isinstance(tree, (list, tuple)):
        yield name, f"a list of {len(tree)}"
        for at, part in enumerate(tree):
            yield from _forms(f"{name}[{at}]", part)
    else:
        yield name, str(getattr(tree, "shape", type_name(tree)))


def _check_running(running: Params | None, config: Config) -> None:
    """Check that moments, if given, have the form of `Output.moments`."""
    if running is None:
        return
    levels = running.get("levels")
    parts = [running, *levels] if isinstance(levels, list) else [running]
    found = [sorted(part) if isinstance(part, dict) else part for part in parts]
    form = [["embed", "levels"], *[["embed", "pool"]] * len(config.clusters)]
    name = "keys of running and of its levels (see Output.moments)"
    require(found == form, name, str(form), found)


def _pool(
    params: Params,
    level: Level,
    K: int,
    config: Config,
    running: Params,
    dropout: Dropout,
) -> tuple[PoolingStep, Params]:
    """Pool one level into K clusters per graph; also return the moments used."""
    options: Any = {"running": running.get("embed"), "dropout": dropout.at(0)}
    gnns = [(partial(_embed, **options), params["embed"])]
    if config.assignment not in FIXED:
        options = {"running": running.get("pool"), "dropout": dropout.at(1)}
        gnns.append((partial(_pool_logits, **options), params["pool"]))
    (Z, embed_moments), *learned = _call_on_level(gnns, level, config)
    R, pool_moments = learned[0] if learned else (None, [])
    S, entropies = _assign(R, level, K, config)
    A_pooled, X_pooled = coarsen(level, Z, S)
    L_link = link_loss(level, S, A_pooled, config.link_scale)
    L_ent = entropy_loss(entropies, level.offsets)
    pooled = next_level(A_pooled, X_pooled, level.fixed_clusters[1:], level.symmetric)
    pooled = pooled.with_propagation_matrices(layer_kinds(config))
    step = PoolingStep(level, Z, S, L_link, L_ent, pooled)
    return step, {"embed": embed_moments, "pool": pool_moments}


def _assign(
    R: Array | None, level: Level, K: int, config: Config
) -> tuple[Array, Array]:
    """Return S (equation 6, or fixed) and the entropies of its rows, (N,).

    With ``assignment="hard"`` they are those of the softmax, before its argmax.
    """
    if R is None:
        return fixed_assignment(level, K, config)
    S, entropies = assign(R)
    return harden(S) if config.assignment == "hard" else S, entropies


def _call_on_level(
    calls: Sequence[tuple[LevelFunction, Params]], level: Level, config: Config
) -> list[GNNOutput]:
    """Call functions on one level, each with its own parameters.

    In a large level they run in parallel threads. With `recompute` the backward pass
    runs them again (gradient checkpointing).
    """

    def of_tree(function: LevelFunction, tree: Any) -> GNNOutput:
        X, operators, params = tree
        return function(params, level._replace(X=X, operators=operators), config)

    cost = level.n_nodes * config.hidden**2 * config.n_layers
    in_threads = len(calls) > 1 and is_worth_threads(cost)
    if not (in_threads or config.recompute):
        return [function(params, level, config) for function, params in calls]
    functions = [partial(of_tree, function) for function, _ in calls]
    trees = [[level.X, level.operators, params] for _, params in calls]
    return side_by_side(functions, trees, config.recompute)


def _embed(params: Params, level: Level, config: Config, **options: Any) -> GNNOutput:
    """Return Z = GNN_embed(A, X) (equation 5), with options of `layers.gnn`."""
    layers, moments = _layer_outputs(config.gnn, params, level, config, **options)
    Z = np.concatenate(layers, axis=1) if config.concat_layers else layers[-1]
    return Z, moments


def _pool_logits(
    params: Params, level: Level, config: Config, **options: Any
) -> GNNOutput:
    """Return R = GNN_pool(A, X), the logits of equation 6."""
    layers, moments = _layer_outputs(
        config.pool_gnn, params["gnn"], level, config, **options
    )
    R = linear(params["head"], *layers) if config.concat_layers else layers[-1]
    return R, moments


def _layer_outputs(
    kind: str, params: Params, level: Level, config: Config, **options: Any
) -> tuple[list[Array], Moments]:
    """Return the output of each layer of a GNN of this kind, and its moments."""
    P, PX = level.operators.get(kind, level.A), level.propagated.get(kind)
    options["normalize_rows"] = config.normalize_rows
    return gnn(params, kind, P, level.X, PX, **options)


def _classify(params: list[Params], embeddings: Array, dropout: Dropout) -> Array:
    *hidden, last = params
    for layer in hidden:
        embeddings = dropout.apply(relu(linear(layer, embeddings)))
    return linear(last, embeddings)


@requires(params=IsA(dict), batch=BATCH, labels=Shape("B", "B T"), config=CONFIG)
def total_loss(
    params: Params,
    batch: GraphBatch,
    labels: Array,
    config: Config,
    weights: Array | None = None,
    seed: int | None = None,
) -> tuple[Array, Output]:
    """Return the training loss of a batch and its forward pass.

    The loss of a graph is its cross-entropy (or squared error) + sum over levels of
    (link_weight L_LP + entropy_weight L_E).

    Parameters
    ----------
    params : dict
        As from `init_model`.
    batch : GraphBatch
    labels : (B,) ints
        Classes; for regression (B, T) floats, the targets.
    config : Config
    weights : (B,) array, optional
        The loss of each graph is multiplied by its weight.
    seed : int, optional
        Seed of the masks of `config.dropout`, below 2^32. Without it nothing is zeroed.

    Returns
    -------
    loss : () array
        Mean over the graphs.
    output : Output

    Raises
    ------
    ValueError
        As for `forward`, or if there is not one label, or not one weight, per graph;
        for classes each label in 0 ... C - 1; for regression T numbers.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> batch = GraphBatch.from_graphs([Graph.from_edges([(0, 1)], 2, "ones")])
    >>> config = Config(n_features=1, n_outputs=2, clusters=(1,), dtype="float64")
    >>> params = init_model(np.random.default_rng(0), config)
    >>> loss, output = total_loss(params, batch, np.array([1]), config)
    >>> (step,) = output.steps
    >>> step.L_link, step.L_ent  # one cluster: ||A - 1 1^T||, log 1
    (array([1.41421356]), array([0.]))
    """
    if weights is not None:
        Shape("B").check("weights", weights, {"B": len(labels)})
    output = forward(params, batch, config, seed=seed)
    losses = LOSSES[config.loss](output.logits, labels)
    for step in output.steps:
        losses = losses + config.link_weight * step.L_link
        losses = losses + config.entropy_weight * step.L_ent
    if weights is not None:
        losses = losses * weights.astype(losses.dtype)
    return np.sum(losses) / losses.dtype.type(len(losses)), output
