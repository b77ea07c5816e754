"""Graph layers: linear, gcn, sage, s2v, mlp, batch norm, and a whole GNN.

Features are rows, one per node, of all graphs together: (N, F). A propagation matrix P
is sparse (N, N) where graphs are ragged, and a stack (B, K, K) above level 0, where
every graph has K nodes; `propagate` applies either, so each layer is written once.

P is made from A by an operator (`OPERATORS`). A `Level` holds the matrices P as
`operators` and the products P X as `propagated`, by the kind of layer.

A convolution returns its `Terms`, b + H_1 W_1 + H_2 W_2 + ... `gnn` computes them
together with the l2 normalisation, ReLU and batch norm that follow, in one fused
primitive, `primitives.layer`, where the gradient of a layer is derived. A layer whose
batch norm has given moments, as in evaluation, is computed step by step.
``init_x(rng, ...)`` draws the parameters of ``x(params, ...)``; those of `mlp` are like
those of `gcn`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import autograd.numpy as np
import numpy
import scipy

from npdiffpool._support.arguments import require
from npdiffpool._support.contracts import (
    AtLeast,
    HasEntries,
    IsA,
    OneOf,
    Shape,
    is_trusted,
    requires,
)
from npdiffpool._support.types import Array
from npdiffpool.engine.autodiff import getval
from npdiffpool.engine.dropout import NO_DROPOUT, Dropout
from npdiffpool.engine.primitives import BATCH_NORM_EPSILON, affine
from npdiffpool.engine.primitives import batch_norm as _batch_norm_of_batch
from npdiffpool.engine.primitives import l2_normalize, layer, reciprocal, relu, row_mean
from npdiffpool.engine.segments import propagate
from npdiffpool.graphs.block_diagonal import row_sums, with_data

Params = dict[str, Any]
Moments = list[tuple[Array, Array]]  # mean and variance of each batch norm of a GNN
RngOrBlank = Any  # a numpy.random.Generator, or BLANK
BLANK = object()  # in place of a generator: parameters that give only their shapes
ADJACENCY = Shape("N N", "B K K", nonnegative=True, floats=True)
PROPAGATION = Shape("N N", "B K K")


class Terms(NamedTuple):
    """The terms of b + H_1 W_1 + H_2 W_2 + ..., whose sum is not yet computed.

    Attributes
    ----------
    bias : (D,) or (N, D) array, or None
    products : list of pairs of arrays
        H_i (N, F_i) and W_i (F_i, D).
    magnitudes : list of pairs
        H (N, F) and a list of matrices W (F, D), without gradient. Only batch norm uses
        them, as the size of the terms that are summed, to bound rounding errors. For
        gcn and sage they are H and W also for a term P H W, which is about as large as
        H W.
    """

    bias: Array | None
    products: list[tuple[Array, Array]]
    magnitudes: Sequence[tuple[Array, list[Array]]] = ()

    @property
    def arguments(self) -> list[Array]:
        """Return b, H_1, W_1, H_2, W_2, ...: the arguments of `primitives.affine`."""
        return [self.bias, *(factor for pair in self.products for factor in pair)]

    def sum(self) -> Array:
        """Compute the sum.

        Returns
        -------
        (N, D) array
        """
        return affine(*self.arguments)


def _terms(
    bias: Array | None, products: dict[str, tuple[Array, Array]], magnitudes: Any = None
) -> Terms:
    """Return terms whose inputs, by name, fit their matrices and are finite."""
    for name, (H, W) in ({} if is_trusted() else products).items():
        Shape("N F").check(name, H, {"F": len(W)})
    pairs = magnitudes or [(H, [W]) for H, W in products.values()]
    constants = [(getval(H), [getval(W) for W in Ws]) for H, Ws in pairs]
    return Terms(bias, list(products.values()), constants)


@requires(A=ADJACENCY)
def gcn_operator(A: Array) -> Array:
    """Return A_hat = D~^-1/2 A~ D~^-1/2 of equation 2.

    Parameters
    ----------
    A : (N, N) csr_array, or (B, K, K) array
        Adjacency, not negative.

    Returns
    -------
    A_hat : of the form of A
        With A~ = A + I and D~ = diag(A~ 1).

    Raises
    ------
    ValueError
        If `A` is not of this shape, or has a negative or too large number.

    Examples
    --------
    >>> gcn_operator(np.array([[[0.0, 1.0], [1.0, 0.0]]])).round(9).tolist()
    [[[0.5, 0.5], [0.5, 0.5]]]
    """
    if scipy.sparse.issparse(A):
        A_tilde = A + scipy.sparse.eye_array(A.shape[0], dtype=A.dtype, format="csr")
        root = scipy.sparse.diags_array(1 / numpy.sqrt(row_sums(A_tilde)))
        return scipy.sparse.csr_array(root @ A_tilde @ root, dtype=A.dtype)
    A_tilde = A + np.eye(A.shape[-1], dtype=A.dtype)
    root = np.sqrt(np.sum(A_tilde, axis=-1))
    return A_tilde / root[..., :, None] / root[..., None, :]


@requires(A=ADJACENCY)
def mean_operator(A: Array) -> Array:
    """Return D^-1 A, whose product with H is the mean over neighbours.

    Parameters
    ----------
    A : (N, N) csr_array, or (B, K, K) array
        Adjacency, not negative.

    Returns
    -------
    P : of the form of A
        A row without edges stays 0, as does a row whose degree is too small to divide
        by: at most 1e-31 in float32, 1e-292 in float64 (`primitives.reciprocal`).

    Raises
    ------
    ValueError
        If `A` is not of this shape, or has a negative or too large number.

    Examples
    --------
    >>> mean_operator(np.array([[[0.0, 2.0], [0.0, 0.0]]])).tolist()
    [[[0.0, 1.0], [0.0, 0.0]]]
    """
    if scipy.sparse.issparse(A):
        inverse = reciprocal(row_sums(A), A.dtype)
        weights = numpy.repeat(inverse, numpy.diff(A.indptr))
        weights *= A.data
        return with_data(A, weights)
    return row_mean(A)


def sum_operator(A: Array) -> Array:
    """Return A, whose product with H is the sum over neighbours.

    Parameters
    ----------
    A : (N, N) csr_array, or (B, K, K) array

    Returns
    -------
    A : the argument
    """
    return A


OPERATORS = {
    "gcn": gcn_operator,
    "sage": mean_operator,
    "s2v": sum_operator,
}
KINDS = (*OPERATORS, "mlp")


@requires(rng=IsA(numpy.random.Generator), n_in=AtLeast(0), n_out=AtLeast(1))
def glorot(rng: numpy.random.Generator, n_in: int, n_out: int, dtype: Any) -> Array:
    """Draw a weight matrix: Glorot uniform with gain sqrt(2), for ReLU.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_in, n_out : int
    dtype : float32 or float64

    Returns
    -------
    W : (n_in, n_out) array

    Raises
    ------
    ValueError
        If `rng` is not a numpy.random.Generator, or a width is too small.
    """
    bound = numpy.sqrt(2) * numpy.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, size=(n_in, n_out)).astype(dtype)


def _constant(rng: RngOrBlank, value: float, shape: Any, dtype: Any) -> Array:
    """Return a constant array; for `BLANK` one that takes no memory."""
    if rng is BLANK:
        return numpy.broadcast_to(numpy.asarray(value, dtype), shape)
    return numpy.full(shape, value, dtype)


def init_linear(rng: RngOrBlank, n_in: Sequence[int], n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `linear`, with a bias of 0.

    Parameters
    ----------
    rng : numpy.random.Generator, or `BLANK` for placeholders
    n_in : sequence of int
        Width of each input.
    n_out : int
    dtype : float32 or float64

    Returns
    -------
    dict
        ``{"W": [W_1, W_2, ...], "b": b}``
    """

    def draw(width: int) -> Array:
        if rng is BLANK:
            return _constant(rng, 0, (width, n_out), dtype)
        return glorot(rng, width, n_out, dtype)

    return {"W": [draw(width) for width in n_in], "b": _constant(rng, 0, n_out, dtype)}


def linear(params: Params, *inputs: Array) -> Array:
    """Return b + H_1 W_1 + H_2 W_2 + ...

    Equivalent to a linear layer on the concatenated inputs, without copying them.

    Parameters
    ----------
    params : dict
        As from `init_linear`.
    *inputs : (N, F_i) arrays

    Returns
    -------
    (N, n_out) array

    Raises
    ------
    ValueError
        If there is not one input for each matrix, or an input does not have as many
        columns as its matrix has rows.

    Examples
    --------
    >>> params = {"W": [np.eye(2), np.ones((1, 2))], "b": np.zeros(2)}
    >>> linear(params, np.array([[1.0, 2.0]]), np.array([[10.0]]))
    array([[11., 12.]])
    """
    n = len(params["W"])
    require(len(inputs) == n, "number of inputs", f"{n}, that of W", len(inputs))
    pairs = zip(inputs, params["W"])
    return _terms(params["b"], {f"inputs[{i}]": p for i, p in enumerate(pairs)}).sum()


def init_gcn(rng: RngOrBlank, n_in: int, n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `gcn` or `mlp`.

    Parameters
    ----------
    rng : numpy.random.Generator, or `BLANK` for placeholders
    n_in, n_out : int
    dtype : float32 or float64

    Returns
    -------
    dict
        ``{"W": [W], "b": b}``
    """
    return init_linear(rng, [n_in], n_out, dtype)


@requires(H=Shape("N F"), PH=Shape("N F"))
def gcn(params: Params, P: Array, H: Array, PH: Array | None = None) -> Terms:
    """Return the terms of A_hat H W + b: equation 2 before its ReLU, with a bias.

    Parameters
    ----------
    params : dict
        As from `init_gcn`.
    P : (N, N) or (B, K, K) matrix
        A_hat, from `gcn_operator`.
    H : (N, n_in) array
    PH : (N, n_in) array, optional
        P H, where it is known.

    Returns
    -------
    Terms

    Raises
    ------
    ValueError
        If `H` or `PH` is not of this shape, or a number of it or of a product is
        too large.

    Examples
    --------
    >>> params = {"W": [np.eye(1)], "b": np.array([0.5])}
    >>> gcn(params, P=np.array([[[2.0]]]), H=np.array([[1.0]])).sum()
    array([[2.5]])
    """
    PH = propagate(P, H) if PH is None else PH
    W = params["W"][0]
    return _terms(params["b"], {"P H": (PH, W)}, [(H, [W])])


def init_sage(rng: RngOrBlank, n_in: int, n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `sage`.

    Parameters
    ----------
    rng : numpy.random.Generator, or `BLANK` for placeholders
    n_in, n_out : int
    dtype : float32 or float64

    Returns
    -------
    dict
        ``{"W": [W_1, W_2], "b": b}``
    """
    return init_linear(rng, [n_in, n_in], n_out, dtype)


@requires(H=Shape("N F"), PH=Shape("N F"))
def sage(params: Params, P: Array, H: Array, PH: Array | None = None) -> Terms:
    """Return the terms of H W_1 + mean_neighbours(H) W_2 + b.

    GraphSAGE (arXiv 1706.02216) with the mean aggregator, weighted by edge weights.

    Parameters
    ----------
    params : dict
        As from `init_sage`.
    P : (N, N) or (B, K, K) matrix
        From `mean_operator`. The mean of a node without neighbours is 0.
    H : (N, n_in) array
    PH : (N, n_in) array, optional
        P H, where it is known.

    Returns
    -------
    Terms

    Raises
    ------
    ValueError
        If `H` or `PH` is not of this shape, or a number of it or of a product is
        too large.

    Examples
    --------
    >>> params = {"W": [np.eye(1), 10 * np.eye(1)], "b": np.zeros(1)}
    >>> sage(params, P=np.array([[[2.0]]]), H=np.array([[1.0]])).sum()
    array([[21.]])
    """
    b, (W_1, W_2) = params["b"], params["W"]
    n_in, n_out = W_2.shape
    magnitudes = [(H, [W_1, W_2])]
    if PH is None and n_in > n_out:  # P (H W_2) costs less than (P H) W_2
        terms = _terms(b, {"H": (H, W_1)}, magnitudes)  # checks H before the product
        return terms._replace(bias=b + propagate(P, affine(None, H, W_2)))
    PH = propagate(P, H) if PH is None else PH
    return _terms(b, {"H": (H, W_1), "P H": (PH, W_2)}, magnitudes)


def init_s2v(rng: RngOrBlank, n_in: int, n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `s2v`.

    Parameters
    ----------
    rng : numpy.random.Generator, or `BLANK` for placeholders
    n_in, n_out : int
    dtype : float32 or float64

    Returns
    -------
    dict
        ``{"W": [W_1, W_2], "b": b}``
    """
    return init_linear(rng, [n_in, n_out], n_out, dtype)


@requires(X=Shape("N F"), mu=Shape("N D"))
def s2v(params: Params, P: Array, X: Array, mu: Array | None = None) -> Terms:
    """Return the terms of X W_1 + sum_neighbours(mu) W_2 + b.

    structure2vec (arXiv 1603.05629); the same parameters serve every iteration.

    Parameters
    ----------
    params : dict
        As from `init_s2v`.
    P : (N, N) or (B, K, K) matrix
        The adjacency.
    X : (N, n_in) array
    mu : (N, n_out) array, optional
        Output of the previous iteration; by default 0, the initial value.

    Returns
    -------
    Terms

    Raises
    ------
    ValueError
        If `X` or `mu` is not of this shape, or a number of it or of a product is
        too large.

    Examples
    --------
    >>> params = {"W": [np.eye(1), 10 * np.eye(1)], "b": np.zeros(1)}
    >>> s2v(params, P=np.array([[[3.0]]]), X=np.ones((1, 1)), mu=np.ones((1, 1))).sum()
    array([[31.]])
    """
    W_1, W_2 = params["W"]
    of_neighbours = {} if mu is None else {"P mu": (propagate(P, mu), W_2)}
    return _terms(params["b"], {"X": (X, W_1)} | of_neighbours)


@requires(H=Shape("N F"))
def mlp(params: Params, P: Array, H: Array, PH: Array | None = None) -> Terms:
    """Return the terms of H W + b: each node by itself, without edges.

    Parameters
    ----------
    params : dict
        As from `init_gcn`.
    P : ignored
    H : (N, n_in) array
    PH : ignored

    Returns
    -------
    Terms

    Raises
    ------
    ValueError
        If `H` is not of this shape, or a number of it or of a product is too large.

    Examples
    --------
    >>> params = {"W": [np.eye(1)], "b": np.array([0.5])}
    >>> mlp(params, P=None, H=np.array([[2.0]])).sum()
    array([[2.5]])
    """
    return _terms(params["b"], {"H": (H, params["W"][0])})


def init_batch_norm(rng: RngOrBlank, width: int, dtype: Any) -> Params:
    """Return the initial parameters of `batch_norm`: gamma = 1, beta = 0.

    Parameters
    ----------
    rng : numpy.random.Generator, or `BLANK` for placeholders
        Nothing is drawn.
    width : int
    dtype : float32 or float64

    Returns
    -------
    dict of `gamma` and `beta`, both (width,)
    """
    parts = {"gamma": 1, "beta": 0}
    return {name: _constant(rng, value, width, dtype) for name, value in parts.items()}


@requires(params=HasEntries(D="gamma"), H=Shape("N D"))
def batch_norm(
    params: Params, H: Array, running: tuple[Array, Array] | None = None
) -> tuple[Array, tuple[Array, Array]]:
    """Standardise each feature over nodes, then scale and shift (arXiv 1502.03167).

    Differs from the authors' code, which normalises over the node *index* and
    therefore depends on the order of nodes.

    Parameters
    ----------
    params : dict of `gamma`, `beta`, both (D,)
    H : (N, D) array
    running : pair of (D,) arrays, optional
        Mean and variance to use, as at evaluation. Without it, those of `H`.

    Returns
    -------
    Y : (N, D) array
    moments : pair of (D,) arrays
        The mean and (biased) variance used, without gradient.

    Raises
    ------
    ValueError
        If `H` is not as wide as `gamma`, or has a number that is too large.

    Examples
    --------
    >>> params = init_batch_norm(None, 1, np.float64)
    >>> Y, (mean, variance) = batch_norm(params, np.array([[1.0], [3.0]]))
    >>> Y.ravel().round(3), mean, variance
    (array([-1.,  1.]), array([2.]), array([1.]))
    """
    gamma, beta = params["gamma"], params["beta"]
    if running is None:
        Y, mean, variance = _batch_norm_of_batch(H, gamma, beta)
        return Y, (mean, variance)
    mean, variance = running
    scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
    return H * scale + (beta - mean * scale), running


CONVOLUTIONS = {"gcn": gcn, "sage": sage, "mlp": mlp}
INIT = {"gcn": init_gcn, "sage": init_sage, "mlp": init_gcn}


@requires(kind=OneOf(KINDS))
def init_gnn(
    rng: RngOrBlank, kind: str, sizes: Sequence[int], batch_norm: bool, dtype: Any
) -> Params:
    """Draw the parameters of `gnn`, of widths sizes[0] -> sizes[1] -> ...

    Parameters
    ----------
    rng : numpy.random.Generator, or `BLANK` for placeholders
    kind : {"gcn", "sage", "s2v", "mlp"}
    sizes : sequence of int
        For "s2v" all but the first must be equal, as the layers share their weights.
    batch_norm : bool
        Whether every layer has a batch norm.
    dtype : float32 or float64

    Returns
    -------
    dict
        ``{"layers": [...], "norms": [...]}``, with an empty dict for each missing norm.

    Raises
    ------
    ValueError
        If `kind` is none of these, or widths of "s2v" differ.
    """
    if kind == "s2v":
        are_equal = len(set(sizes[1:])) == 1
        require(are_equal, "sizes[1:]", 'equal for "s2v"', list(sizes[1:]))
        layers = [init_s2v(rng, sizes[0], sizes[1], dtype)]
    else:
        layers = [INIT[kind](rng, *step, dtype) for step in zip(sizes, sizes[1:])]
    norms = [init_batch_norm(rng, n, dtype) if batch_norm else {} for n in sizes[1:]]
    return {"layers": layers, "norms": norms}


@requires(kind=OneOf(KINDS), P=PROPAGATION, X=Shape("N F"), PX=Shape("N F"))
def gnn(
    params: Params,
    kind: str,
    P: Array,
    X: Array,
    PX: Array | None = None,
    *,
    normalize_rows: bool = True,
    running: Moments | None = None,
    dropout: Dropout = NO_DROPOUT,
) -> tuple[list[Array], Moments]:
    """Apply a graph neural network (equation 5); return each layer's output.

    A layer is a convolution, l2 normalisation of each node's row (if `normalize_rows`),
    ReLU, and batch norm (if the parameters have it): the order of the authors' code.

    Parameters
    ----------
    params : dict
        As from `init_gnn`.
    kind : {"gcn", "sage", "s2v", "mlp"}
        "mlp" uses no edges.
    P : (N, N) or (B, K, K) matrix
        Propagation matrix of that kind, from `OPERATORS`; "mlp" ignores it.
    X : (N, F) array
    PX : (N, F) array, optional
        P X, where it is known.
    normalize_rows : bool
    running : list of pairs, optional
        Mean and variance for each batch norm. Without it each batch norm uses those of
        its input.
    dropout : Dropout, optional
        Of what each layer passes to the next one; the outputs that are returned are
        complete.

    Returns
    -------
    layers : list of (N, width) arrays
    moments : list of pairs of (width,) arrays
        Mean and variance used by each batch norm.

    Raises
    ------
    ValueError
        If an argument does not have the documented shape or type, `params` have not one
        layer for each of "norms" (s2v: one), `running` has not one pair for each batch
        norm, or a number is too large (`contracts.largest_allowed`).

    Examples
    --------
    >>> params = init_gnn(np.random.default_rng(0), "gcn", [1, 4, 5], True, np.float64)
    >>> A, X = np.ones((1, 3, 3)), np.ones((3, 1))
    >>> layers, moments = gnn(params, "gcn", gcn_operator(A), X)
    >>> [H.shape for H in layers], [mean.shape for mean, _ in moments]
    ([(3, 4), (3, 5)], [(4,), (5,)])
    """
    n_norms = sum(map(bool, params["norms"]))
    n_layers = 1 if kind == "s2v" else len(params["norms"])  # s2v repeats its layer
    found = len(params["layers"])
    require(found == n_layers, "number of layers of params", str(n_layers), found)
    if running is not None:
        require(len(running) == n_norms, "running", f"{n_norms} pairs", len(running))
    H, outputs, moments = X, [], list[Any]()
    for depth, norm in enumerate(params["norms"]):
        H = dropout.at(depth).apply(H) if depth else H
        if kind == "s2v":
            terms = s2v(params["layers"][0], P, X, H if depth else None)
        else:
            known = None if depth else PX
            terms = CONVOLUTIONS[kind](params["layers"][depth], P, H, known)
        given = running[len(moments)] if running is not None and norm else None
        H, used = _activate(terms, norm, normalize_rows, given)
        moments += [used] if norm else []
        outputs.append(H)
    return outputs, moments


def _activate(
    terms: Terms,
    norm: Params,
    normalize_rows: bool,
    running: tuple[Array, Array] | None,
) -> tuple[Array, tuple[Array, Array]]:
    """Return a layer's output, and the moments used by its batch norm."""
    if running is None:  # in training, or without batch norm
        bias, *factors = terms.arguments
        arguments = bias, norm.get("gamma"), norm.get("beta"), *factors
        of_sum = {"normalize_rows": normalize_rows, "magnitudes": terms.magnitudes}
        Y, mean, variance = layer(*arguments, **of_sum)
        return Y, (mean, variance)
    H = terms.sum()
    H = relu(l2_normalize(H) if normalize_rows else H)
    return batch_norm(norm, H, running)
