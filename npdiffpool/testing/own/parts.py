"""npdiffpool's pooling steps and layers, in the form that laws take them.

Arrays are dense and of one graph, a row a node; parameters are drawn from `seed`
and the precision is that of the arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from npdiffpool import paper
from npdiffpool.engine import layers, losses, pooling, primitives
from npdiffpool.engine.pooling import Level
from npdiffpool.testing.subjects import Pooled

Array = Any

# One graph or several, pooled


def pool_by_paper(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph as `npdiffpool.paper` tells it."""
    S = paper.assign(R)
    link, entropy = paper.link_loss(A, S), paper.entropy_loss(S)
    return Pooled(*paper.coarsen(A, Z, S), S, link, entropy)


def sparse_level(As: list[Array], X: Array) -> Level:
    """Make level 0 of the engine: graphs side by side in one sparse matrix."""
    offsets = np.cumsum([0, *map(len, As)])
    squared_norms = np.array([np.sum(A.astype(np.float64) ** 2) for A in As])
    adjacency = sparse.block_diag([sparse.csr_array(A) for A in As], format="csr")
    return Level(adjacency, X, offsets, squared_norms)


def pool_level(level: Level, R: Array) -> list[Pooled]:
    """Pool every graph of a level."""
    S, cut = pooling.assign(R), level.offsets
    A_pooled, X_pooled = pooling.coarsen(level, level.X, S)
    link = losses.link_loss(level, S, A_pooled)
    entropy = losses.entropy_loss(R, cut)
    return [
        Pooled(A_pooled[g], X_pooled[g], S[cut[g] : cut[g + 1]], link[g], entropy[g])
        for g in range(len(cut) - 1)
    ]


def pool_by_engine(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph as the engine does where graphs are ragged and sparse."""
    return pool_level(sparse_level([A], Z), R)[0]


def pool_batch(As: list[Array], Rs: list[Array], Zs: list[Array]) -> list[Pooled]:
    """Pool several graphs as the engine does, all at once."""
    return pool_level(sparse_level(As, np.concatenate(Zs)), np.concatenate(Rs))


def pool_stack(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph as the engine does at its upper levels, which are dense."""
    return pool_level(pooling.next_level(A[None], Z[None]), R)[0]


def scaled_link(A: Array, R: Array, scale: str) -> Array:
    """Return the engine's link loss of one graph on one of its scales."""
    level, S = sparse_level([A], R), pooling.assign(R)
    A_pooled, _ = pooling.coarsen(level, R, S)
    return losses.link_loss(level, S, A_pooled, scale)[0]


# Layers


def layer_of_paper(seed: int, A: Array, X: Array) -> Array:
    """Apply equation 2 to one graph, to as many features as there were."""
    W = np.random.default_rng(seed).normal(size=(X.shape[1], X.shape[1]))
    return paper.gnn([W.astype(X.dtype)], A, X)


def layer_of_engine(kind: str, seed: int, A: Array, X: Array) -> Array:
    """Apply one layer of a kind without norms, to as many features as there were."""
    rng, width = np.random.default_rng(seed), X.shape[1]
    params = layers.init_gnn(rng, kind, [width, width], False, X.dtype)
    params["layers"][0]["b"] = rng.normal(size=width).astype(X.dtype)
    P = sparse_level([A], X).with_operators([kind]).operators[kind]
    if kind == "s2v":  # a later iteration, of mu = X, sees its neighbours too
        mu = layers.s2v(params["layers"][0], P, X, mu=X).sum()
        return primitives.relu(mu)
    return layers.gnn(params, kind, P, X, normalize_rows=False)[0][0]


def norm(seed: int, A: Array, X: Array) -> Array:
    """Standardise the features of a graph's nodes, as in training."""
    gamma, beta = np.random.default_rng(seed).normal(size=(2, X.shape[1]))
    return layers.batch_norm({"gamma": gamma, "beta": beta}, X)[0]


def unit_rows(seed: int, A: Array, X: Array) -> Array:
    """Normalise the rows of X."""
    return primitives.l2_normalize(X)


def standardize(H: Array) -> Array:
    """Standardise the columns of H."""
    one = layers.init_batch_norm(None, H.shape[1], H.dtype)
    return layers.batch_norm(one, H)[0]


def evaluate_norm(seed: int, H: Array) -> Array:
    """Apply batch norm with moments that are given."""
    rng, width = np.random.default_rng(seed), H.shape[1]
    gamma, beta, mean = rng.normal(size=(3, width))
    running = (mean, rng.uniform(0.5, 1.5, size=width))
    return layers.batch_norm({"gamma": gamma, "beta": beta}, H, running)[0]


def gcn_propagation(A: Array) -> Array:
    """Return the engine's A_hat of a sparse graph, dense."""
    return layers.gcn_operator(sparse.csr_array(A)).toarray()


def neighbour_mean(A: Array) -> Array:
    """Return the engine's D^-1 A of a sparse graph, dense."""
    return layers.mean_operator(sparse.csr_array(A)).toarray()
