"""The paper on one graph: each equation one function, dense and plain.

Ying et al., "Hierarchical Graph Representation Learning with Differentiable Pooling",
arXiv 1806.08804; the numbers are its equations'. Read from top to bottom; nothing else
need be open. Every function takes float arrays, returns float arrays and can be
differentiated by ``autograd.grad``. Numbers past 1e16, or logits past 1e38, are errors.

Letters: N nodes, K clusters, F features, D embedding width, C classes; A (N, N)
adjacency, A[i, j] >= 0 the edge i -> j; X (N, F) features; H (N, width) hidden layer;
Z (N, D) embeddings; R (N, K) logits; S (N, K) assignment, row i node i's; W weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import autograd.numpy as np

Array = Any  # a float array, or autograd's box round one


class Pooled(NamedTuple):
    """Hold what one DiffPool step gives: the coarse graph, and S and Z."""

    A: Array  # (K, K)
    X: Array  # (K, D)
    S: Array  # (N, K)
    Z: Array  # (N, D)


def normalize_adjacency(A: Array) -> Array:
    """Return A_hat = D~^-1/2 A~ D~^-1/2, A~ = A + I, D~ = diag(A~ 1): (N, N)."""
    _check("A", A, "(N, N)", A.shape == (len(A), len(A)), 0.0)
    A_tilde = A + np.eye(len(A), dtype=A.dtype)
    deg = np.sum(A_tilde, axis=1)  # >= 1, for A is not negative
    return A_tilde / np.sqrt(deg)[:, None] / np.sqrt(deg)[None, :]


def gcn_layer(W: Array, A_hat: Array, H: Array) -> Array:
    """Apply equation 2: H' = ReLU(A_hat H W), (N, width) to (N, width')."""
    _check("W", W, f"({H.shape[1]}, width)", len(W) == H.shape[1])
    return relu(np.dot(np.dot(A_hat, H), W))


def gnn(params: list[Array], A: Array, X: Array) -> Array:
    """Apply equation 5, Z = GNN(A, X): equation 2 with each W of `params`."""
    A_hat, H = normalize_adjacency(A), X
    _check("X", X, f"({len(A)}, F)", len(X) == len(A))
    for W in params:
        H = gcn_layer(W, A_hat, H)
    return H


def assign(R: Array) -> Array:
    """Apply equation 6: S = softmax(R) by rows, R = GNN_pool(A, X): (N, K)."""
    _check("R", R, "(N, K) with K >= 1", R.ndim == 2 and R.shape[1] >= 1, -1e38)
    E = np.exp(R - np.max(R, axis=1, keepdims=True))
    return E / np.sum(E, axis=1, keepdims=True)


def coarsen(A: Array, Z: Array, S: Array) -> tuple[Array, Array]:
    """Apply equations 4 and 3: A' = S^T A S, (K, K), and X' = S^T Z, (K, D).

    The diagonal of A' holds the edge mass inside each cluster: it is not zero.
    """
    _check("A", A, "(N, N)", A.shape == (len(A), len(A)))
    _check("S", S, f"({len(A)}, K)", S.ndim == 2 and len(S) == len(A))
    _check("Z", Z, f"({len(A)}, D)", Z.ndim == 2 and len(Z) == len(A))
    return np.dot(np.dot(S.T, A), S), np.dot(S.T, Z)


def diffpool(params: dict[str, list[Array]], A: Array, X: Array) -> Pooled:
    """Apply equations 3 to 6, (A', X') = DiffPool(A, X).

    `params` is ``{"embed": [W, ...], "pool": [W, ...]}``: two GNNs that share
    nothing. The last W of "pool" has K columns.
    """
    Z = gnn(params["embed"], A, X)
    S = assign(gnn(params["pool"], A, X))
    A_pooled, X_pooled = coarsen(A, Z, S)
    return Pooled(A_pooled, X_pooled, S, Z)


def link_loss(A: Array, S: Array) -> Array:
    """Return L_LP = ||A - S S^T||_F of one level (section 3.3), a scalar."""
    _check("A", A, "(N, N)", A.shape == (len(A), len(A)))
    _check("S", S, f"({len(A)}, K)", S.ndim == 2 and len(S) == len(A))
    return frobenius_norm(A - np.dot(S, S.T))


def entropy_loss(S: Array) -> Array:
    """Return L_E = (1/N) sum_i H(S_i) of a level (section 3.3), nats a node."""
    _check("S", S, "(N, K)", S.ndim == 2)
    log_S = np.log(np.where(S > 0, S, 1.0))  # 0 log 0 = 0, its slope finite
    return -np.sum(S * log_S) / max(len(S), 1)


def forward(params: dict[str, Any], A: Array, X: Array) -> tuple[Array, Array, Array]:
    """Run the whole model on one graph (section 3.2).

    Parameters
    ----------
    params : dict
        ``{"levels": [...], "embed": [W, ...], "classify": W}``: what `diffpool`
        takes for each level, the GNN of the last level, the classifier (D, C).
    A, X : (N, N) and (N, F) arrays

    Returns
    -------
    logits : (C,) array
        Of the classes. The last level's S is a vector of ones: a sum over nodes.
    L_link, L_ent : () arrays
        Sums of the levels' link losses, and of their entropy losses, in nats.
    """
    L_link = L_ent = 0.0
    for level in params["levels"]:
        pooled = diffpool(level, A, X)
        L_link = L_link + link_loss(A, pooled.S)
        L_ent = L_ent + entropy_loss(pooled.S)
        A, X = pooled.A, pooled.X
    Z = gnn(params["embed"], A, X)
    _, embedding = coarsen(A, Z, np.ones((len(A), 1), dtype=A.dtype))
    return np.dot(embedding, params["classify"])[0], L_link, L_ent


def cross_entropy(logits: Array, label: int) -> Array:
    """Return -log softmax(logits)[label] of one graph, in nats; logits (C,)."""
    _check("label", label, f"in 0 ... {len(logits) - 1}", 0 <= label < len(logits))
    _check("logits", logits, "(C,)", logits.ndim == 1, -1e38)
    top = np.max(logits)
    return top + np.log(np.sum(np.exp(logits - top))) - logits[label]


def relu(H: Array) -> Array:
    """Return max(0, H), with slope 0 at 0 (autograd's np.maximum has 0.5)."""
    return np.where(H > 0, H, 0.0)


def frobenius_norm(M: Array) -> Array:
    """Return ||M||_F, with slope 0 at 0 (autograd's np.linalg.norm has NaN)."""
    squared = np.sum(M * M)
    return np.where(squared > 0, np.sqrt(np.where(squared > 0, squared, 1.0)), 0.0)


def _check(name: str, value: Array, form: str, fits: bool, low: float = -1e16) -> None:
    if not fits:
        raise ValueError(f"{name} must be {form}; got {getattr(value, 'shape', value)}")
    inside = (value >= low) & (value <= max(-low, 1e16))
    if not np.all(inside):
        form = f"{name} must be >= {low:g} and <= {max(-low, 1e16):g}"
        raise ValueError(f"{form}; got {value[~inside][0]}")
