"""Every function of the paper and of the engine, with arrays of one precision.

The primitives of the engine are in `definitions`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Sequence

import autograd.numpy as np

from npdiffpool import paper
from npdiffpool._support.types import Array
from npdiffpool.engine import layers, losses, pooling
from npdiffpool.engine.autodiff import leaves, rebuild
from npdiffpool.engine.config import Config
from npdiffpool.engine.fixed_assignments import harden
from npdiffpool.engine.model import init_model, total_loss
from npdiffpool.engine.readouts import READOUTS, init_readout, readout
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph
from npdiffpool.testing.own.definitions import flat
from npdiffpool.testing.own.parts import dense_level, sparse_level

Functions = dict[str, tuple[Callable[..., Array], list[Array]]]  # with its arguments
N, F, K = 4, 3, 2


def _arrays(seed: int, dtype: str, *shapes: tuple[int, ...]) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def functions_of_paper(seed: int, dtype: str) -> Functions:
    """Return each public function of `npdiffpool.paper` with arrays for it."""
    A, X, W, V, U, R = _arrays(
        seed, dtype, (N, N), (N, F), (F, K), (K, K), (F, K), (N, K)
    )
    A, S = np.abs(np.triu(A)), paper.assign(R)  # with entries of 0
    S[0] = np.eye(K)[0]

    def forward(A: Array, X: Array, W: Array, V: Array, U: Array) -> Array:
        level = {"embed": [W], "pool": [U]}
        params = {"levels": [level], "embed": [V], "classify": V}
        return flat(paper.forward(params, A, X))

    def diffpool(A: Array, X: Array, W: Array, U: Array) -> Array:
        return flat(paper.diffpool({"embed": [W], "pool": [U]}, A, X))

    return {
        "normalize_adjacency": (paper.normalize_adjacency, [A]),
        "gcn_layer": (paper.gcn_layer, [W, A, X]),
        "gnn": (lambda W, V, A, X: paper.gnn([W, V], A, X), [W, V, A, X]),
        "assign": (paper.assign, [R]),
        "coarsen": (lambda *args: flat(paper.coarsen(*args)), [A, X, S]),
        "diffpool": (diffpool, [A, X, W, U]),
        "link_loss": (paper.link_loss, [A, S]),
        "entropy_loss": (paper.entropy_loss, [S]),
        "forward": (forward, [A, X, W, V, U]),
        "cross_entropy": (partial(paper.cross_entropy, label=1), [R[0]]),
        "relu": (paper.relu, [X]),
        "frobenius_norm": (paper.frobenius_norm, [X]),
    }


def functions_of_engine(
    models: Sequence[dict[str, Any]], seed: int, dtype: str
) -> Functions:
    """Return the layers, losses, readouts, and the loss of one of some models."""
    A, X, R = _arrays(seed, dtype, (N, N), (N, F), (N, K))
    A, S, offsets = np.abs(np.triu(A)), pooling.assign(R)[0], np.array([0, N])
    rng, found = np.random.default_rng(seed), dict[str, Any]()
    for form, make in {"sparse": sparse_level, "stack": dense_level}.items():
        level = make([A], X).with_propagation_matrices(layers.OPERATORS)
        for kind in layers.KINDS:
            params = layers.init_gnn(rng, kind, [F, K, K], True, dtype)
            gnn = partial(_gnn, kind, level.operators.get(kind, level.A), params)
            found[f"{kind}, {form}"] = gnn, [X, *leaves(params)]
        found[f"link loss, {form}"] = partial(_link_loss, level), [S]
        found[f"coarsen, {form}"] = partial(_coarsen, level), [X, S]
    for kind in READOUTS:
        params = init_readout(rng, kind, F, dtype)
        call = partial(_readout, kind, params, offsets)
        found[f"readout {kind}"] = call, [X, *leaves(params)]
    chosen = models[seed % len(models)]
    return {
        **found,
        "assign": (lambda R: flat(pooling.assign(R)), [R]),
        "entropy_loss": (partial(losses.entropy_loss, offsets=offsets), [R[:, 0]]),
        "harden": (harden, [S]),
        "squared_error": (partial(losses.squared_error, targets=X[:, :1]), [R[:, :1]]),
        "total_loss": _total_loss(chosen, rng, A, X),
    }


def _gnn(kind: str, P: Any, params: Any, X: Array, *arrays: Array) -> Array:
    """Return the outputs of a GNN in training, and with given moments."""
    params = rebuild(params, iter(arrays))
    outputs, moments = layers.gnn(params, kind, P, X)
    known = [(mean * 0, variance * 0 + 1) for mean, variance in moments]
    return flat([*outputs, *layers.gnn(params, kind, P, X, running=known)[0]])


def _coarsen(level: pooling.Level, Z: Array, S: Array) -> Array:
    return flat(pooling.coarsen(level, Z, S))


def _link_loss(level: pooling.Level, S: Array) -> Array:
    A_pooled, _ = pooling.coarsen(level, S, S)
    scales = losses.LINK_SCALES
    return flat([losses.link_loss(level, S, A_pooled, scale) for scale in scales])


def _readout(kind: str, params: Any, offsets: Array, Z: Array, *arrays: Array) -> Array:
    return readout(rebuild(params, iter(arrays)), kind, Z, offsets)


def _total_loss(options: Any, rng: Any, A: Array, X: Array) -> Any:
    """Return the loss as a function of every array of a model's parameters."""
    sizes = dict(n_features=F, n_outputs=2, hidden=3, n_layers=2, dtype=X.dtype.name)
    config = Config(**{"clusters": (3,), **options, **sizes})
    graphs = [Graph(A, X), Graph(A + A.T, X)]
    batch, params = GraphBatch.from_graphs(graphs, X.dtype), init_model(rng, config)

    def loss(*arrays: Array) -> Array:
        tree = rebuild(params, iter(arrays))
        return total_loss(tree, batch, np.array([0, 1]), config)[0]

    return loss, leaves(params)
