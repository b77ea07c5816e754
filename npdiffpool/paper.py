"""The paper on one graph: each equation one function, dense and plain.

Ying et al., "Hierarchical Graph Representation Learning with Differentiable
Pooling", arXiv 1806.08804; the numbers are its equations'. Read from top to
bottom; nothing else need be open. Every function takes float arrays, returns
float arrays and can be differentiated by ``autograd.grad``; an argument of a
wrong shape is a ValueError.

Letters: N nodes, K clusters, F input features, D embedding width, C classes;
A (N, N) adjacency, A[i, j] the edge i -> j, non-negative; X (N, F) features;
H (N, width) hidden layer; Z (N, D) embeddings; R (N, K) assignment logits;
S (N, K) assignment, row i being node i's distribution over clusters; W weights.
"""
from __future__ import annotations

from typing import Any, NamedTuple

import autograd.numpy as np

Array = Any  # a float array, or autograd's box round one


class Pooled(NamedTuple):
    """Hold what a step gives: A (K, K), X (K, D) pooled, S (N, K), Z (N, D)."""

    A: Array
    X: Array
    S: Array
    Z: Array


def normalize_adjacency(A: Array) -> Array:
    """Return A_hat = D~^-1/2 A~ D~^-1/2, A~ = A + I, D~ = diag(A~ 1): (N, N).

    >>> normalize_adjacency(np.array([[0.0, 1.0], [1.0, 0.0]]))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    _check("A", A, "(N, N)", A.shape == (len(A), len(A)))
    A_tilde = A + np.eye(len(A), dtype=A.dtype)
    deg = np.sum(A_tilde, axis=1)  # >= 1, for A is not negative
    return A_tilde / np.sqrt(deg)[:, None] / np.sqrt(deg)[None, :]


def gcn_layer(W: Array, A_hat: Array, H: Array) -> Array:
    """Apply equation 2: H' = ReLU(A_hat H W), (N, width) to (N, width').

    >>> gcn_layer(np.array([[1.0, -1.0]]), np.eye(2), np.array([[3.0], [5.0]]))
    array([[3., 0.],
           [5., 0.]])
    """
    _check("W", W, f"({H.shape[1]}, width)", len(W) == H.shape[1])
    return relu(np.dot(np.dot(A_hat, H), W))


def gnn(params: list[Array], A: Array, X: Array) -> Array:
    """Apply equation 5, Z = GNN(A, X): equation 2 with each W of `params`.

    >>> W = np.array([[2.0]])
    >>> gnn([W, W], np.zeros((2, 2)), np.array([[3.0], [5.0]]))
    array([[12.],
           [20.]])
    """
    A_hat, H = normalize_adjacency(A), X
    _check("X", X, f"({len(A)}, F)", len(X) == len(A))
    for W in params:
        H = gcn_layer(W, A_hat, H)
    return H


def assign(R: Array) -> Array:
    """Apply equation 6: S = softmax(R) by rows, R = GNN_pool(A, X): (N, K).

    >>> assign(np.log(np.array([[1.0, 3.0], [4.0, 1.0]])))
    array([[0.25, 0.75],
           [0.8 , 0.2 ]])
    """
    _check("R", R, "(N, K) with K >= 1", R.ndim == 2 and R.shape[1] >= 1)
    E = np.exp(R - np.max(R, axis=1, keepdims=True))
    return E / np.sum(E, axis=1, keepdims=True)


def coarsen(A: Array, Z: Array, S: Array) -> tuple[Array, Array]:
    """Apply equations 4 and 3: A' = S^T A S, (K, K), and X' = S^T Z, (K, D).

    The diagonal of A' holds the edge mass inside each cluster: it is not zero.

    >>> A, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0], [3.0]])
    >>> coarsen(A, Z, S=np.ones((2, 1)))
    (array([[2.]]), array([[4.]]))
    """
    _check("S", S, f"({len(A)}, K)", S.ndim == 2 and len(S) == len(A))
    _check("Z", Z, f"({len(A)}, D)", Z.ndim == 2 and len(Z) == len(A))
    A_pooled = np.dot(np.dot(S.T, A), S)
    X_pooled = np.dot(S.T, Z)
    return A_pooled, X_pooled


def diffpool(params: dict[str, list[Array]], A: Array, X: Array) -> Pooled:
    """Apply equations 3 to 6, (A', X') = DiffPool(A, X).

    `params` is ``{"embed": [W, ...], "pool": [W, ...]}``: two GNNs that share
    nothing. The last W of "pool" has K columns.

    >>> params = {"embed": [np.eye(2)], "pool": [2 * np.eye(2)]}
    >>> pooled = diffpool(params, A=np.eye(2), X=np.eye(2))
    >>> pooled.S.round(2), pooled.A.round(2)
    (array([[0.88, 0.12],
           [0.12, 0.88]]), array([[0.79, 0.21],
           [0.21, 0.79]]))
    """
    Z = gnn(params["embed"], A, X)
    S = assign(gnn(params["pool"], A, X))
    A_pooled, X_pooled = coarsen(A, Z, S)
    return Pooled(A_pooled, X_pooled, S, Z)


def link_loss(A: Array, S: Array) -> Array:
    """Return L_LP = ||A - S S^T||_F of one level (section 3.3), a scalar.

    >>> print(link_loss(A=np.zeros((2, 2)), S=np.eye(2)).round(4))
    1.4142
    """
    _check("S", S, f"({len(A)}, K)", S.ndim == 2 and len(S) == len(A))
    return frobenius_norm(A - np.dot(S, S.T))


def entropy_loss(S: Array) -> Array:
    """Return L_E = (1/N) sum_i H(S_i) of a level (section 3.3), nats a node.

    >>> print(entropy_loss(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4))  # log(2) / 2
    0.3466
    """
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
    A : (N, N) array
    X : (N, F) array

    Returns
    -------
    logits : (C,) array
        Of the classes. The last level's S is a vector of ones: a sum over nodes.
    L_link : () array
        Sum of the levels' link losses.
    L_ent : () array
        Sum of the levels' entropy losses, in nats.

    Examples
    --------
    >>> level = {"embed": [np.eye(2)], "pool": [np.ones((2, 1))]}  # K = 1
    >>> params = {"levels": [level], "embed": [np.eye(2)], "classify": np.eye(2)}
    >>> A, X = np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(2)
    >>> logits, L_link, L_ent = forward(params, A, X)
    >>> logits, float(L_link.round(4)), float(L_ent)
    (array([1., 1.]), 1.4142, 0.0)
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
    """Return -log softmax(logits)[label] of one graph, in nats; logits (C,).

    >>> print(cross_entropy(np.log([1.0, 3.0]), label=1).round(4))  # log(4 / 3)
    0.2877
    """
    _check("label", label, f"in 0 ... {len(logits) - 1}", 0 <= label < len(logits))
    top = np.max(logits)
    return top + np.log(np.sum(np.exp(logits - top))) - logits[label]


def relu(H: Array) -> Array:
    """Return max(0, H), with slope 0 at 0 (autograd's np.maximum has 0.5).

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.where(H > 0, H, 0.0)


def frobenius_norm(M: Array) -> Array:
    """Return ||M||_F, with slope 0 at 0 (autograd's np.linalg.norm has NaN).

    >>> print(frobenius_norm(np.array([[3.0, 0.0], [0.0, 4.0]])))
    5.0
    """
    squared = np.sum(M * M)
    return np.where(squared > 0, np.sqrt(np.where(squared > 0, squared, 1.0)), 0.0)


def _check(name: str, value: Array, required: str, holds: bool) -> None:
    if not holds:
        seen = getattr(value, "shape", value)
        raise ValueError(f"{name} must be {required}; got {seen}")
