"""Independent references for one graph, and a decorator to test paper and engine.

- Loops: one entry at a time, with plain NumPy, written from the equations.
- The whole model for one dense graph, for autograd, with the options that `paper.py`
  does not have (sage, s2v, norms, concatenated layers, readouts). It follows the
  documentation of `Config`; it uses functions of `paper.py` and none of the engine.
- `BOTH`: runs a test on `paper.py` and on the engine.
"""

from fractions import Fraction
from typing import Any, Callable, NamedTuple

import autograd.numpy as np
import numpy
import pytest
from scipy import sparse

from npdiffpool import paper
from npdiffpool.engine import autodiff, layers, losses, model, pooling
from npdiffpool.graphs.graph import Graph

# Loops


def gcn_loop(A, H, W, b):
    """Return b + sum_j A~_ij / sqrt(d_i d_j) H_j W; d are row sums of A~ = A + I."""
    deg = [1.0 + sum(row) for row in A]
    out = np.zeros((len(A), len(b)))
    for i in range(len(A)):
        for j in range(len(A)):
            weight = (A[i, j] + (i == j)) / np.sqrt(deg[i] * deg[j])
            out[i] += weight * (H[j] @ W)
        out[i] += b
    return out


def sage_loop(A, H, W, W_neighbours, b):
    """Return b + H_i W + (sum_j A_ij H_j / sum_j A_ij) W_neighbours."""
    out = np.zeros((len(A), len(b)))
    for i in range(len(A)):
        out[i] = H[i] @ W + b
        total = sum(A[i])
        for j in range(len(A)):
            out[i] += (A[i, j] / total if A[i, j] else 0.0) * (H[j] @ W_neighbours)
    return out


def s2v_loop(A, X, mu, W, W_neighbours, b):
    """Return b + X_i W + sum_j A_ij mu_j W_neighbours."""
    out = np.zeros((len(A), len(b)))
    for i in range(len(A)):
        out[i] = X[i] @ W + b
        for j in range(len(A)):
            out[i] += A[i, j] * (mu[j] @ W_neighbours)
    return out


def l2_loop(H):
    """Return H_i / |H_i|, and 0 where H_i = 0."""
    return np.array([row / (np.sqrt(sum(row**2)) or 1.0) for row in H])


def batch_norm_loop(H, gamma, beta, mean, variance):
    """Return gamma_d (H_id - mean_d) / sqrt(variance_d + 1e-5) + beta_d."""
    out = np.zeros_like(H)
    for i, d in np.ndindex(*H.shape):
        slope = gamma[d] / np.sqrt(variance[d] + 1e-5)
        out[i, d] = slope * (H[i, d] - mean[d]) + beta[d]
    return out


def coarsen_loop(A, Z, S):
    """Return A'_kl = sum_ij S_ik A_ij S_jl and X'_kd = sum_i S_ik Z_id."""
    (N, K), D = S.shape, Z.shape[1]
    A_pooled, X_pooled = np.zeros((K, K)), np.zeros((K, D))
    for i, j, k in np.ndindex(N, N, K):
        A_pooled[k] += S[i, k] * A[i, j] * S[j]
    for i, k in np.ndindex(N, K):
        X_pooled[k] += S[i, k] * Z[i]
    return A_pooled, X_pooled


def exact_squared_link(A, S):
    """Return ||A - S S^T||^2, computed in rational arithmetic and rounded once."""
    exact = np.vectorize(Fraction, otypes=[object])
    residual = exact(A) - exact(S) @ exact(S).T
    return float(sum((residual**2).ravel(), Fraction(0)))


# The whole model on one graph


def forward(params, A, X, config, running=None):
    """Return logits, link losses, entropy losses and assignments."""
    running = running or {"levels": [{}] * len(config.clusters)}
    readouts, link, entropy, assignments, n = [], [], [], [], len(A)
    for level, moments in zip(params["levels"], running["levels"]):
        outputs = _gnn(level["embed"], config.gnn, A, X, config, moments.get("embed"))
        Z = _concatenate(outputs) if config.concat_layers else outputs[-1]
        known = moments.get("pool")
        R = _gnn(level["pool"]["gnn"], config.pool_gnn, A, X, config, known)
        R = _head(level["pool"]["head"], R) if config.concat_layers else R[-1]
        S = paper.assign(R)
        divisor = {"nodes": n, "entries": n**2}.get(config.link_scale, 1)
        c = mean_weight(A) if config.link_scale == "relative" else 1.0
        link.append(paper.frobenius_norm(A / c - S @ S.T) / max(divisor, 1))
        entropy.append(paper.entropy_loss(S))
        readouts.append(_readout(Z, config.readout))
        assignments.append(S)
        A, X, n = S.T @ A @ S, S.T @ Z, S.shape[1]
    outputs = _gnn(params["embed"], config.gnn, A, X, config, running.get("embed"))
    Z = _concatenate(outputs) if config.concat_layers else outputs[-1]
    H = np.concatenate([*readouts, _readout(Z, config.readout)])
    *hidden, last = params["classify"]
    for layer in hidden:
        H = paper.relu(H @ layer["W"][0] + layer["b"])
    return H @ last["W"][0] + last["b"], link, entropy, assignments


def mean_weight(A):
    """Return the mean of the edge weights, weighted by themselves; 1 without edges."""
    return np.sum(A * A) / np.sum(A) if np.sum(A) > 0 else 1.0


def loss(params, A, X, label, config):
    """Return the cross-entropy plus the weighted link and entropy losses."""
    logits, link, entropy, _ = forward(params, A, X, config)
    auxiliary = config.link_weight * sum(link) + config.entropy_weight * sum(entropy)
    return paper.cross_entropy(logits, label) + auxiliary


def _gnn(params, kind, A, X, config, moments):
    P, H, outputs = _operator(kind, A), X, []
    for depth in range(config.n_layers):
        H = _convolve(params["layers"], kind, depth, P, X, H)
        if config.normalize_rows:
            squared = np.sum(H**2, axis=1, keepdims=True)
            H = H / np.sqrt(np.where(squared > 0, squared, 1.0))
        H = paper.relu(H)
        if config.batch_norm:
            H = _batch_norm(params["norms"][depth], H, moments and moments[depth])
        outputs.append(H)
    return outputs


def _convolve(layers, kind, depth, P, X, H):
    layer = layers[0 if kind == "s2v" else depth]
    if kind == "gcn":
        return P @ H @ layer["W"][0] + layer["b"]
    if kind == "sage":
        return _concatenate([H, P @ H]) @ np.concatenate(layer["W"]) + layer["b"]
    mu = H if depth > 0 else np.zeros((len(X), len(layer["b"])))
    return X @ layer["W"][0] + P @ mu @ layer["W"][1] + layer["b"]


def _operator(kind, A):
    if kind == "s2v":
        return A
    A_used = A + np.eye(len(A)) if kind == "gcn" else A
    deg = np.sum(A_used, axis=1)
    if kind == "gcn":
        return A_used / np.sqrt(np.outer(deg, deg))
    return A_used / np.where(deg > 0, deg, 1.0)[:, None]


def _batch_norm(params, H, moments):
    n = max(len(H), 1)
    mean = moments[0] if moments else np.sum(H, axis=0) / n
    variance = moments[1] if moments else np.sum((H - mean) ** 2, axis=0) / n
    return (H - mean) / np.sqrt(variance + 1e-5) * params["gamma"] + params["beta"]


def _head(head, outputs):
    return _concatenate(outputs) @ np.concatenate(head["W"]) + head["b"]


def _concatenate(outputs):
    return np.concatenate(outputs, axis=1)


def _readout(Z, kind):
    if kind == "max":
        return np.max(Z, axis=0) if len(Z) else np.zeros(Z.shape[1])
    return np.sum(Z, axis=0) / (max(len(Z), 1) if kind == "mean" else 1)


# Parameters


def random_params(seed, config):
    """Draw parameters at a general point: no bias is 0 and no gamma is 1.

    The zeros of `init_model` can make a row vanish, for example before l2
    normalisation. Here this has probability 0.
    """
    rng = np.random.default_rng(seed)
    params = model.init_model(rng, config)
    draws = [W + 0.3 * rng.normal(size=W.shape) for W in autodiff.leaves(params)]
    return autodiff.rebuild(params, (W.astype(config.dtype) for W in draws))


def random_moments(seed, config):
    """Draw batch-norm moments for `model.forward`, with variances of 0.5 to 1.5."""
    rng = np.random.default_rng(seed)

    def moments(gnn):
        widths = [len(norm["gamma"]) for norm in gnn["norms"] if norm]
        pairs = [(rng.normal(size=n), rng.uniform(0.5, 1.5, size=n)) for n in widths]
        return [tuple(x.astype(config.dtype) for x in pair) for pair in pairs]

    params = model.blank_params(config)
    levels = [
        {"embed": moments(level["embed"]), "pool": moments(level["pool"]["gnn"])}
        for level in params["levels"]
    ]
    return {"levels": levels, "embed": moments(params["embed"])}


# The two implementations


class Implementation(NamedTuple):
    """Functions of one dense graph, of the paper or of the engine."""

    assign: Callable[[Any], Any]  # R -> S
    coarsen: Callable[[Any, Any, Any], Any]  # A, Z, S -> A_pooled, X_pooled
    link: Callable[[Any, Any], Any]  # A, S -> ()
    entropy: Callable[[Any], Any]  # R -> ()
    propagation: Callable[[Any], Any]  # A -> A_hat


def one_graph(A, X):
    """Return one dense graph as level 0 of the engine."""
    squared_norms = np.array([np.sum(A.astype(np.float64) ** 2)])
    symmetric = np.array([np.array_equal(A, A.T)])
    offsets = np.array([0, len(A)])
    return pooling.Level(sparse.csr_array(A), X, offsets, squared_norms, symmetric)


def _engine_coarsen(A, Z, S):
    A_pooled, X_pooled = pooling.coarsen(one_graph(A, Z), Z, S)
    return A_pooled[0], X_pooled[0]


def _engine_link(A, S):
    level = one_graph(A, S)
    return losses.link_loss(level, S, pooling.coarsen(level, S, S)[0])[0]


PAPER = Implementation(
    paper.assign,
    paper.coarsen,
    paper.link_loss,
    lambda R: paper.entropy_loss(paper.assign(R)),
    paper.normalize_adjacency,
)
ENGINE = Implementation(
    lambda R: pooling.assign(R)[0],
    _engine_coarsen,
    _engine_link,
    lambda R: losses.entropy_loss(pooling.assign(R)[1], np.array([0, len(R)]))[0],
    lambda A: layers.gcn_operator(sparse.csr_array(A)).toarray(),
)
BOTH = pytest.mark.parametrize(
    "implementation", [PAPER, ENGINE], ids=["paper", "engine"]
)


def close(actual, expected, scale=0.0, rtol=1e-9):
    """Assert equality up to `rtol` of each entry plus `rtol` of `scale`."""
    numpy.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale)


def with_normal_features(graph, seed):
    """Return a graph with random features, different for all nodes.

    In training, a batch norm multiplies the rounding error of an almost constant column
    by 1 / sqrt(1e-5) = 316, and there are up to six of them in a row.
    """
    rng = np.random.default_rng(seed)
    return Graph(graph.adjacency, rng.normal(size=graph.features.shape))


def link_error(A, S):
    """Return the bound on the error of the squared link loss from its docstring."""
    terms = np.sum(A**2) + 2 * np.sum(A * (S @ S.T)) + np.sum((S.T @ S) ** 2)
    return 4 * sum(S.shape) * 2.0**-53 * terms
