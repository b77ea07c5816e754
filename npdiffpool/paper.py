"""DiffPool on one graph, in dense arrays: one short function per equation.

Ying et al., "Hierarchical Graph Representation Learning with Differentiable Pooling",
arXiv 1806.08804; equation numbers are those of the paper. Read this file from top to
bottom; it needs no other file of the package. Every function takes and returns float32
or float64 arrays and can be differentiated with ``autograd.grad``. Arrays of int64 with
entries of at most a million are accepted, too; any other dtype is a ValueError.

Letters::

    N nodes, K clusters, F features, D embedding width, C classes
    A (N, N)        adjacency; A[i, j] >= 0 is the weight of the edge i -> j
    A_hat (N, N)    normalised adjacency
    X (N, F)        node features
    H (N, width)    hidden layer of a GNN; W its weights
    Z (N, D)        node embeddings
    R (N, K)        assignment logits
    S (N, K)        assignment; row i is the distribution of node i over the clusters
"""

from __future__ import annotations

from typing import Any, NamedTuple

import autograd.numpy as np

Array = Any  # an array of floats, or autograd's box around one

# Ranges of entries, so that sums of squares fit in float32. Logits are not squared.
_REAL, _NONNEGATIVE, _LOGITS = (-1e16, 1e16), (0.0, 1e16), (-1e38, 1e38)


class Pooled(NamedTuple):
    """One graph after a DiffPool step, with the assignment and the embeddings.

    Attributes
    ----------
    A : (K, K) array
        Adjacency of the clusters.
    X : (K, D) array
        Features of the clusters.
    S : (N, K) array
        Assignment of the nodes to the clusters.
    Z : (N, D) array
        Embeddings of the nodes.

    Examples
    --------
    >>> A, X, W = np.ones((3, 3)), np.ones((3, 1)), np.ones((1, 2))
    >>> pooled = diffpool({"embed": [W], "pool": [W]}, A, X)
    >>> pooled.A.shape, pooled.X.shape, pooled.S.shape, pooled.Z.shape
    ((2, 2), (2, 2), (3, 2), (3, 2))
    """

    A: Array
    X: Array
    S: Array
    Z: Array


def normalize_adjacency(A: Array) -> Array:
    """Normalise an adjacency symmetrically, with self-loops (equation 2).

        A_hat = D~^-1/2 A~ D~^-1/2,  A~ = A + I,  D~ = diag(A~ 1)

    Parameters
    ----------
    A : (N, N) array
        Adjacency, not negative.

    Returns
    -------
    A_hat : (N, N) array

    Raises
    ------
    ValueError
        If `A` is not square, negative or larger than 1e16 anywhere.

    Examples
    --------
    >>> normalize_adjacency(np.array([[0.0, 1.0], [1.0, 0.0]]))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    _check("A", A, ("N", "N"), _NONNEGATIVE)
    A_tilde = A + np.eye(len(A), dtype=A.dtype)
    deg = np.sum(A_tilde, axis=1)  # >= 1, because A is not negative
    return A_tilde / np.sqrt(deg)[:, None] / np.sqrt(deg)[None, :]


def gcn_layer(W: Array, A_hat: Array, H: Array) -> Array:
    """Apply one graph convolution (equation 2).

        H' = ReLU(A_hat H W)

    Parameters
    ----------
    W : (width, width') array
        Weights.
    A_hat : (N, N) array
        Adjacency normalised by `normalize_adjacency`.
    H : (N, width) array

    Returns
    -------
    (N, width') array

    Raises
    ------
    ValueError
        If `A_hat` is not square, shapes disagree, or an entry exceeds 1e16 in size.

    Examples
    --------
    >>> gcn_layer(np.array([[2.0]]), np.full((2, 2), 0.5), np.array([[1.0], [3.0]]))
    array([[4.],
           [4.]])
    """
    _check("A_hat", A_hat, ("N", "N"))
    _check("H", H, (len(A_hat), "width"))
    _check("W", W, (H.shape[1], "width"))
    return relu(np.dot(np.dot(A_hat, H), W))


def gnn(params: list[Array], A: Array, X: Array) -> Array:
    """Compute node embeddings with a GNN (equation 5).

        Z = GNN(A, X),  which is equation 2 once for each W in params

    Parameters
    ----------
    params : list of arrays
        The weights W of each layer: (F, width), (width, width'), ..., (width, D).
    A : (N, N) array
        Adjacency, not negative.
    X : (N, F) array
        Node features.

    Returns
    -------
    Z : (N, D) array

    Raises
    ------
    ValueError
        If `A` is not square or is negative, shapes disagree, or an entry exceeds
        1e16 in size.

    Notes
    -----
    Differs from the paper: its experiments use GraphSAGE layers with batch norm; see
    `npdiffpool.engine.layers`.

    Examples
    --------
    >>> A, X = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0], [3.0]])
    >>> gnn([np.array([[1.0]]), np.array([[1.0, -1.0]])], A, X)
    array([[2., 0.],
           [2., 0.]])
    """
    A_hat, H = normalize_adjacency(A), X
    _check("X", X, (len(A), "F"))
    for W in params:
        H = gcn_layer(W, A_hat, H)
    return H


def assign(R: Array) -> Array:
    """Turn logits into a soft assignment of nodes to clusters (equation 6).

        S = softmax(R) by rows,  R = GNN_pool(A, X)

    Parameters
    ----------
    R : (N, K) array
        Assignment logits, at least one column.

    Returns
    -------
    S : (N, K) array
        Its rows sum to 1.

    Raises
    ------
    ValueError
        If `R` is not (N, K) with K >= 1, or a logit exceeds 1e38 in size.

    Examples
    --------
    >>> assign(np.array([[0.0, 0.0], [0.0, np.log(3.0)]]))
    array([[0.5 , 0.5 ],
           [0.25, 0.75]])
    """
    _check("R", R, ("N", "K"), _LOGITS, least=1)
    # Subtracting `top` prevents overflow and does not change S, so `top` needs no
    # gradient: floor makes it 0. (That of np.max would turn float32 into float64.)
    top = np.floor(np.max(R, axis=1, keepdims=True))
    E = np.exp(R - top)
    return E / np.sum(E, axis=1, keepdims=True)


def coarsen(A: Array, Z: Array, S: Array) -> tuple[Array, Array]:
    """Pool a graph with a soft assignment (equations 3 and 4).

        X' = S^T Z,  A' = S^T A S

    Parameters
    ----------
    A : (N, N) array
        Adjacency, any real weights.
    Z : (N, D) array
        Node embeddings.
    S : (N, K) array
        Assignment.

    Returns
    -------
    A_pooled : (K, K) array
        Its diagonal holds the edge weight inside each cluster, so it is not zero.
    X_pooled : (K, D) array

    Raises
    ------
    ValueError
        If `A` is not square, `A`, `Z` and `S` disagree on N, or an entry exceeds
        1e16 in size.

    Notes
    -----
    Differs from the paper: nothing. Some implementations pool X instead of Z.

    Examples
    --------
    >>> A, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0], [3.0]])
    >>> coarsen(A, Z, S=np.ones((2, 1)))
    (array([[2.]]), array([[4.]]))
    """
    _check("A", A, ("N", "N"))
    _check("S", S, (len(A), "K"))
    _check("Z", Z, (len(A), "D"))
    return np.dot(np.dot(S.T, A), S), np.dot(S.T, Z)


def diffpool(params: dict[str, list[Array]], A: Array, X: Array) -> Pooled:
    """Apply one DiffPool step to a graph (equations 3 to 6).

        (A', X') = DiffPool(A, X)

    Parameters
    ----------
    params : dict
        ``{"embed": [W, ...], "pool": [W, ...]}``, the weights of two GNNs, which
        share nothing. The last W of "pool" has K columns.
    A : (N, N) array
        Adjacency, not negative.
    X : (N, F) array
        Node features.

    Returns
    -------
    Pooled
        The pooled graph, the assignment and the node embeddings.

    Raises
    ------
    ValueError
        If `A` is not square or is negative, shapes disagree, or an entry exceeds
        1e16 in size.

    Notes
    -----
    Differs from the paper: in the layers of its GNNs; see `gnn`.

    Examples
    --------
    >>> A, X, W = np.ones((3, 3)), np.ones((3, 1)), np.ones((1, 2))
    >>> diffpool({"embed": [W], "pool": [W]}, A, X).A.sum().round(9)  # 1^T A 1
    np.float64(9.0)
    """
    Z = gnn(params["embed"], A, X)
    S = assign(gnn(params["pool"], A, X))
    A_pooled, X_pooled = coarsen(A, Z, S)
    return Pooled(A_pooled, X_pooled, S, Z)


def link_loss(A: Array, S: Array) -> Array:
    """Compute the link prediction loss of one level (section 3.3).

        L_LP = ||A - S S^T||_F

    Parameters
    ----------
    A : (N, N) array
        Adjacency, any real weights.
    S : (N, K) array
        Assignment.

    Returns
    -------
    L_link : () array

    Raises
    ------
    ValueError
        If `A` is not square, `A` and `S` disagree on N, or an entry exceeds 1e16 in
        size.

    Notes
    -----
    Differs from the paper: nothing. The authors' code uses a binary cross-entropy
    instead; other implementations divide by N^2.

    Examples
    --------
    >>> S = np.eye(2)[[0, 0, 1]]
    >>> link_loss(np.dot(S, S.T), S), link_loss(np.zeros((3, 3)), S[:, :1])
    (np.float64(0.0), np.float64(2.0))
    """
    _check("A", A, ("N", "N"))
    _check("S", S, (len(A), "K"))
    return frobenius_norm(A - np.dot(S, S.T))


def entropy_loss(S: Array) -> Array:
    """Compute the mean entropy of the assignment at one level (section 3.3).

        L_E = (1/N) sum_i H(S_i),  H(S_i) = -sum_k S_ik log S_ik

    Parameters
    ----------
    S : (N, K) array
        Assignment.

    Returns
    -------
    L_ent : () array
        In nats per node; 0 for a graph without nodes.

    Raises
    ------
    ValueError
        If `S` is not (N, K), or an entry exceeds 1e16 in size.

    Notes
    -----
    Differs from the paper: nothing.

    Examples
    --------
    >>> entropy_loss(np.array([[1.0, 0.0], [0.5, 0.5]])) / np.log(2)
    np.float64(0.5)
    """
    _check("S", S, ("N", "K"))
    positive = S > 0
    log_S = np.log(S * positive + ~positive)  # log 1 where S = 0: no infinite slope
    return -np.sum(S * log_S) / max(len(S), 1)


def forward(params: dict[str, Any], A: Array, X: Array) -> tuple[Array, Array, Array]:
    """Run the whole model on one graph (section 3.2).

    Parameters
    ----------
    params : dict
        ``{"levels": [...], "embed": [W, ...], "classify": W}``: the parameters of
        `diffpool` for each level, the GNN of the last level, the classifier (D, C).
    A : (N, N) array
        Adjacency, not negative.
    X : (N, F) array
        Node features.

    Returns
    -------
    logits : (C,) array
        Class logits.
    L_link : () array
        Sum of the link losses over the levels.
    L_ent : () array
        Sum of the entropy losses over the levels, in nats.

    Raises
    ------
    ValueError
        If `A` is not square or is negative, shapes disagree, or an entry exceeds
        1e16 in size.

    Notes
    -----
    At the last level S is a vector of ones, so that the embedding of the graph is
    the sum of its last node embeddings.

    Differs from the paper: in the layers of its GNNs; see `gnn`. The paper leaves the
    classifier open; here it is linear, without a bias.

    Examples
    --------
    >>> A, X, W = np.ones((3, 3)), np.ones((3, 1)), np.ones((1, 2))
    >>> level = {"embed": [W], "pool": [W]}
    >>> params = {"levels": [level], "embed": [np.ones((2, 2))], "classify": np.eye(2)}
    >>> logits, L_link, L_ent = forward(params, A, X)
    >>> logits.round(9), L_link.round(9), L_ent.round(4)  # 3 / 2, log(2)
    (array([6., 6.]), np.float64(1.5), np.float64(0.6931))
    """
    _check("A", A, ("N", "N"))
    L_link = L_ent = np.zeros((), np.result_type(A.dtype, np.float32))
    for level in params["levels"]:
        pooled = diffpool(level, A, X)
        L_link = L_link + link_loss(A, pooled.S)
        L_ent = L_ent + entropy_loss(pooled.S)
        A, X = pooled.A, pooled.X
    Z = gnn(params["embed"], A, X)
    _, embedding = coarsen(A, Z, np.ones((len(A), 1), dtype=A.dtype))
    W = params["classify"]
    _check("classify", W, (Z.shape[1], "C"))
    return np.dot(embedding, W)[0], L_link, L_ent


def cross_entropy(logits: Array, label: int) -> Array:
    """Compute the classification loss of one graph.

        L_cls = -log softmax(logits)[label]

    Parameters
    ----------
    logits : (C,) array
        Class logits.
    label : int
        The class of the graph, 0 ... C - 1.

    Returns
    -------
    L_cls : () array
        In nats.

    Raises
    ------
    ValueError
        If `logits` is not (C,), a logit exceeds 1e38 in size, or `label` is not a
        class.

    Examples
    --------
    >>> cross_entropy(np.log(np.array([1.0, 3.0])), 1).round(4)  # -log(3 / 4)
    np.float64(0.2877)
    """
    _check("logits", logits, ("C",), _LOGITS)
    if np.ndim(label) > 0 or label not in range(len(logits)):
        raise ValueError(f"label must be in 0 ... {len(logits) - 1}; got {label}")
    top = np.floor(np.max(logits))  # as in `assign`
    return top + np.log(np.sum(np.exp(logits - top))) - logits[int(label)]


def relu(H: Array) -> Array:
    """Return max(0, H) elementwise.

    Parameters
    ----------
    H : array

    Returns
    -------
    array of the shape of `H`

    Notes
    -----
    Its gradient at 0 is 0; that of autograd's ``np.maximum`` is 0.5.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.clip(H, 0.0, np.inf)


def frobenius_norm(M: Array) -> Array:
    """Return the Frobenius norm ||M||_F of an array.

    Parameters
    ----------
    M : array

    Returns
    -------
    () array

    Notes
    -----
    Its gradient at M = 0 is 0; that of autograd's ``np.linalg.norm`` is NaN.

    Examples
    --------
    >>> frobenius_norm(np.array([[3.0, 4.0]]))
    np.float64(5.0)
    """
    squared = np.sum(M * M)
    positive = squared > 0
    return np.sqrt(squared * positive + ~positive) * positive


def _check(
    name: str, value: Array, form: tuple[Any, ...], span: Any = _REAL, least: int = 0
) -> None:
    """Raise unless `value` is an array of this form, with entries in `span`.

    A form has sizes and letters: (3, "K") is 3 rows, ("N", "N") a square matrix. The
    last size must be at least `least`.
    """
    is_array = isinstance(value, np.ndarray) or type(value).__name__ == "ArrayBox"
    shape: Any = getattr(value, "shape", ()) if is_array else type(value).__name__
    sizes = dict(zip(form, shape))
    wanted = tuple(sizes.get(n) if isinstance(n, str) else n for n in form)
    if shape != wanted or shape[-1] < least:
        text = str(form).replace("'", "")
        text += f" with {form[-1]} >= {least}" if least else ""
        raise ValueError(f"{name} must be {text}; got {shape}")
    low, high = span
    if value.dtype.name == "int64":  # larger whole numbers might overflow in silence
        low, high = max(low, -1e6), min(high, 1e6)
    elif value.dtype.name not in ("float32", "float64"):
        raise ValueError(f"{name} must be float32 or float64; got {value.dtype}")
    inside = (value >= low) & (value <= high)
    if not np.all(inside):
        seen = value[~inside][0]
        note = "" if seen < low else " (an argument, or computed from one)"
        text = str(seen).replace("Autograd ArrayBox with value ", "")
        raise ValueError(f"{name} must be >= {low:g} and <= {high:g}; got {text}{note}")
