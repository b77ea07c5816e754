"""npdiffpool's pooling steps and layers, with the signatures that laws use.

Arrays are dense and of one graph, with one row per node. Parameters are drawn from
`seed`, and the precision is that of the arrays.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from npdiffpool import paper
from npdiffpool._support.types import Array
from npdiffpool.engine import layers, losses, pooling, primitives
from npdiffpool.engine.pooling import Level
from npdiffpool.graphs.ragged import offsets_of, slices_of
from npdiffpool.testing.subjects import Pooled

# Pooling of one graph or several


def pool_by_paper(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph by `npdiffpool.paper`."""
    S = paper.assign(R)
    link, entropy = paper.link_loss(A, S), paper.entropy_loss(S)
    return Pooled(*paper.coarsen(A, Z, S), S, link, entropy)


def sparse_level(As: list[Array], X: Array) -> Level:
    """Return level 0 of the engine: graphs as blocks of one sparse matrix."""
    offsets = offsets_of([len(A) for A in As])
    squared_norms = np.array([np.sum(A.astype(np.float64) ** 2) for A in As])
    adjacency = sparse.block_diag([sparse.csr_array(A) for A in As], format="csr")
    return Level(adjacency, X, offsets, squared_norms, _are_symmetric(As))


def dense_level(As: list[Array], X: Array) -> Level:
    """Return an upper level of the engine: graphs of one size as a stack."""
    A, stacked = np.array(As), X.reshape(len(As), -1, X.shape[1])
    return pooling.next_level(A, stacked, symmetric=_are_symmetric(As))


def _are_symmetric(As: list[Array]) -> Array:
    return np.array([np.array_equal(A, A.T) for A in As])


def pool_level(level: Level, R: Array) -> list[Pooled]:
    """Pool every graph of a level."""
    (S, entropies), offsets = pooling.assign(R), level.offsets
    A_pooled, X_pooled = pooling.coarsen(level, level.X, S)
    link = losses.link_loss(level, S, A_pooled)
    entropy = losses.entropy_loss(entropies, offsets)
    Ss = [S[rows] for rows in slices_of(offsets)]
    return [Pooled(*parts) for parts in zip(A_pooled, X_pooled, Ss, link, entropy)]


def pool_by_engine(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph as the engine does at the first level, which is sparse."""
    return pool_level(sparse_level([A], Z), R)[0]


def pool_batch(As: list[Array], Rs: list[Array], Zs: list[Array]) -> list[Pooled]:
    """Pool several graphs at once as the engine does at the first level."""
    return pool_level(sparse_level(As, np.concatenate(Zs)), np.concatenate(Rs))


def pool_stack(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph as the engine does at upper levels, which are dense."""
    return pool_level(dense_level([A], Z), R)[0]


def scaled_link(A: Array, R: Array, scale: str) -> Array:
    """Return the engine's link loss of one graph on one of its scales."""
    level, (S, _) = sparse_level([A], R), pooling.assign(R)
    A_pooled, _ = pooling.coarsen(level, R, S)
    return losses.link_loss(level, S, A_pooled, scale)[0]


# Layers


def layer_of_paper(seed: int, A: Array, X: Array) -> Array:
    """Apply equation 2 with a square weight matrix."""
    W = np.random.default_rng(seed).normal(size=(X.shape[1], X.shape[1]))
    return paper.gnn([W.astype(X.dtype)], A, X)


def layer_of_engine(kind: str, seed: int, A: Array, X: Array) -> Array:
    """Apply one layer of a kind, without norms, with a square weight matrix."""
    rng, width = np.random.default_rng(seed), X.shape[1]
    params = layers.init_gnn(rng, kind, [width, width], False, X.dtype)
    params["layers"][0]["b"] = rng.normal(size=width).astype(X.dtype)
    P = sparse_level([A], X).with_propagation_matrices([kind]).operators[kind]
    if kind == "s2v":  # a later iteration, with mu = X: the first has no neighbours
        mu = layers.s2v(params["layers"][0], P, X, mu=X).sum()
        return primitives.relu(mu)
    return layers.gnn(params, kind, P, X, normalize_rows=False)[0][0]


def norm(seed: int, A: Array, X: Array) -> Array:
    """Apply batch norm to the nodes of a graph, as in training."""
    gamma, beta = np.random.default_rng(seed).normal(size=(2, X.shape[1]))
    return layers.batch_norm({"gamma": gamma, "beta": beta}, X)[0]


def unit_rows(seed: int, A: Array, X: Array) -> Array:
    """Normalise the rows of X to length one."""
    return primitives.l2_normalize(X)


def standardize(H: Array) -> Array:
    """Apply a new batch norm to H."""
    new = layers.init_batch_norm(None, H.shape[1], H.dtype)
    return layers.batch_norm(new, H)[0]


def evaluate_norm(seed: int, H: Array) -> Array:
    """Apply batch norm at evaluation, with drawn moments."""
    rng, width = np.random.default_rng(seed), H.shape[1]
    gamma, beta, mean = rng.normal(size=(3, width))
    running = (mean, rng.uniform(0.5, 1.5, size=width))
    return layers.batch_norm({"gamma": gamma, "beta": beta}, H, running)[0]


def gcn_propagation(A: Array) -> Array:
    """Return the engine's A_hat of a sparse graph as a dense array."""
    return layers.gcn_operator(sparse.csr_array(A)).toarray()


def neighbour_mean(A: Array) -> Array:
    """Return the engine's D^-1 A of a sparse graph as a dense array."""
    return layers.mean_operator(sparse.csr_array(A)).toarray()
