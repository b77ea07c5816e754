"""Graph layers: linear, gcn, sage, s2v, batch norm, l2 normalisation, and a GNN.

Features are rows, one a node, of all graphs together: (N, F). A propagation
matrix P is sparse (N, N) where graphs are ragged, and a stack (B, K, K) above,
where every graph has K nodes; `propagate` applies either, so each layer is
written once. For every ``x(params, ...)`` ``init_x(rng, n_in, n_out, dtype)`` draws
the parameters, from widths n_in to n_out.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Sequence

import autograd.numpy as np
import numpy
import scipy

from npdiffpool._support.contracts import require_array, requires
from npdiffpool.engine.primitives import BATCH_NORM_EPSILON, affine
from npdiffpool.engine.primitives import batch_norm as _standardize
from npdiffpool.engine.primitives import l2_normalize, layer, relu, row_mean
from npdiffpool.engine.segments import propagate
from npdiffpool.graphs.block_diagonal import row_sums, with_data

Array = Any  # a float array, or autograd's box round one
Params = dict[str, Any]
Moments = list[tuple[Array, Array]]  # each batch norm's mean and variance


@requires(A="(N, N) or (B, K, K) >= 0")
def gcn_operator(A: Array) -> Array:
    """Return A_hat = D~^-1/2 A~ D~^-1/2, A~ = A + I (equation 2), like A.

    D~ = diag(A~ 1). Where A is a stack (B, K, K), so is A_hat.

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


@requires(A="(N, N) or (B, K, K) >= 0")
def mean_operator(A: Array) -> Array:
    """Return D^-1 A, the mean over neighbours; a row without edges stays 0.

    So does one whose degree is too small for 1 / deg to be safe in the precision of A.

    >>> mean_operator(np.array([[[0.0, 2.0], [0.0, 0.0]]])).tolist()
    [[[0.0, 1.0], [0.0, 0.0]]]
    """
    if scipy.sparse.issparse(A):
        deg = row_sums(A)
        usable = deg > numpy.finfo(A.dtype).tiny  # else 1 / deg may overflow
        inverse = numpy.divide(1, deg, out=numpy.zeros_like(deg), where=usable)
        weights = numpy.repeat(inverse.astype(A.dtype), numpy.diff(A.indptr))
        weights *= A.data
        return with_data(A, weights)
    return row_mean(A)


def sum_operator(A: Array) -> Array:
    """Return A, the sum over neighbours."""
    return A


OPERATORS = {"gcn": gcn_operator, "sage": mean_operator, "s2v": sum_operator}
OPERATORS |= {"mlp": sum_operator}  # which it does not look at


@requires(rng=numpy.random.Generator, n_in=0, n_out=1)
def glorot(rng: np.random.Generator, n_in: int, n_out: int, dtype: Any) -> Array:
    """Draw W (n_in, n_out), uniformly, of Xavier's variance and ReLU's gain."""
    bound = numpy.sqrt(2) * numpy.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, size=(n_in, n_out)).astype(dtype)


def init_linear(rng: Any, n_in: Sequence[int], n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `linear`: one W for each of its inputs' widths."""
    weights = [glorot(rng, width, n_out, dtype) for width in n_in]
    return {"W": weights, "b": numpy.zeros(n_out, dtype)}


def linear(params: Params, *inputs: Array, then: Any = affine) -> Array:
    """Return b + H_1 W_1 + H_2 W_2 + ...: (N, F_i) to (N, n_out).

    The same as one linear layer of the `inputs` put side by side, without the copy.
    `then` is called with b, H_1, W_1, ... and may go on from there.

    >>> params = {"W": [np.eye(2), np.ones((1, 2))], "b": np.zeros(2)}
    >>> linear(params, np.array([[1.0, 2.0]]), np.array([[10.0]]))
    array([[11., 12.]])
    """
    for at, (H, W) in enumerate(zip(inputs, params["W"])):
        require_array(f"inputs[{at}]", H, "(N, F)", {"F": len(W)})
    factors = [factor for pair in zip(inputs, params["W"]) for factor in pair]
    return then(params["b"], *factors)


def init_gcn(rng: Any, n_in: int, n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `gcn`."""
    return init_linear(rng, [n_in], n_out, dtype)


def gcn(params: Params, H: Array, PH: Array, then: Any = affine) -> Array:
    """Return A_hat H W + b: equation 2 before its ReLU, with a bias.

    `PH` is P H, P = `gcn_operator` (A): (N, n_in) to (N, n_out). `then` as of `linear`.

    >>> params = {"W": [np.eye(1)], "b": np.array([0.5])}
    >>> gcn(params, H=None, PH=np.array([[2.0]]))
    array([[2.5]])
    """
    return linear(params, PH, then=then)


def init_sage(rng: Any, n_in: int, n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `sage`."""
    return init_linear(rng, [n_in, n_in], n_out, dtype)


def sage(params: Params, H: Array, PH: Array, then: Any = affine) -> Array:
    """Return H W_1 + mean_neighbours(H) W_2 + b (GraphSAGE, 1706.02216).

    `PH` is the mean over neighbours, P = `mean_operator` (A); zero at a node
    without any. A weighted edge counts by its weight. `then` as of `linear`.

    >>> params = {"W": [np.eye(1), 10 * np.eye(1)], "b": np.zeros(1)}
    >>> sage(params, H=np.array([[1.0]]), PH=np.array([[2.0]]))
    array([[21.]])
    """
    return linear(params, H, PH, then=then)


def init_s2v(rng: Any, n_in: int, n_out: int, dtype: Any) -> Params:
    """Draw the parameters of `s2v`."""
    return init_linear(rng, [n_in, n_out], n_out, dtype)


def s2v(params: Params, X: Array, P_mu: Any, then: Any = affine) -> Array:
    """Return X W_1 + sum_neighbours(mu) W_2 + b (structure2vec, 1603.05629).

    `P_mu` is A mu, (N, n_out); None stands for mu = 0, where it starts. The
    same parameters serve every iteration; `then` as of `linear`.

    >>> params = {"W": [np.eye(1), 10 * np.eye(1)], "b": np.zeros(1)}
    >>> s2v(params, X=np.array([[1.0]]), P_mu=np.array([[3.0]]))
    array([[31.]])
    """
    return linear(params, *([X] if P_mu is None else [X, P_mu]), then=then)


def init_batch_norm(width: int, dtype: Any) -> Params:
    """Make the parameters of `batch_norm`, of a `width`: gamma = 1, beta = 0."""
    return {"gamma": numpy.ones(width, dtype), "beta": numpy.zeros(width, dtype)}


@requires(params=dict, H="(N, D)")
def batch_norm(
    params: Params, H: Array, running: tuple[Array, Array] | None = None
) -> tuple[Array, tuple[Array, Array]]:
    """Standardise each feature over nodes, then scale and shift (1502.03167).

    Differs from the authors' code, which normalises over the node *index* and
    so depends on the order of nodes.

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
        The mean and (biased) variance that were used, without gradient.

    Examples
    --------
    >>> params = init_batch_norm(1, np.float64)
    >>> Y, (mean, variance) = batch_norm(params, np.array([[1.0], [3.0]]))
    >>> Y.ravel().round(3), mean, variance
    (array([-1.,  1.]), array([2.]), array([1.]))
    """
    gamma, beta = params["gamma"], params["beta"]
    if running is None:
        Y, mean, variance = _standardize(H, gamma, beta)
        return Y, (mean, variance)
    mean, variance = running
    scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
    return H * scale + (beta - mean * scale), running


CONVOLUTIONS = {"gcn": (init_gcn, gcn), "sage": (init_sage, sage)}


@requires(kind=tuple(OPERATORS))
def init_gnn(
    rng: Any, kind: str, sizes: Sequence[int], normalize: bool, dtype: Any
) -> Params:
    """Draw the parameters of `gnn`, of widths sizes[0] -> sizes[1] -> ...

    `kind` as of `gnn`; for s2v all of sizes[1:] must be equal, for the layers share
    their weights. With `normalize` every layer has a batch norm.
    """
    if kind == "s2v":
        layers = [init_s2v(rng, sizes[0], sizes[1], dtype)]
    else:
        init = CONVOLUTIONS[kind][0] if kind != "mlp" else init_gcn
        layers = [init(rng, *step, dtype) for step in zip(sizes, sizes[1:])]
    norms = [init_batch_norm(n, dtype) if normalize else {} for n in sizes[1:]]
    return {"layers": layers, "norms": norms}


@requires(kind=tuple(OPERATORS), P="(N, N) or (B, K, K)", X="(N, F)", PX="(N, F)")
def gnn(
    params: Params,
    kind: str,
    P: Array,
    X: Array,
    PX: Array | None = None,
    *,
    normalize_rows: bool = True,
    running: Moments | None = None,
) -> tuple[list[Array], Moments]:
    """Apply a graph neural network (equation 5); return each layer's output.

    A layer is a convolution, l2 normalisation of each node's row (if
    `normalize_rows`), ReLU, and batch norm (if the parameters have it): the
    order of the authors' code.

    Parameters
    ----------
    params : as `init_gnn` makes them
    kind : "gcn", "sage", "s2v" or "mlp", which looks at no edge
    P : propagation matrix of that kind
    X : (N, F) array
    PX : (N, F) array, optional
        P X, where it is known already.
    normalize_rows : bool
    running : list of pairs, optional
        Batch-norm moments to use. Without it each batch norm uses its input's.

    Returns
    -------
    layers : list of (N, width) arrays
    moments : list of pairs of (width,) arrays
        What each batch norm used.

    Examples
    --------
    >>> params = init_gnn(np.random.default_rng(0), "gcn", [1, 4, 5], True, np.float64)
    >>> A, X = np.ones((1, 3, 3)), np.ones((3, 1))
    >>> layers, moments = gnn(params, "gcn", gcn_operator(A), X)
    >>> [H.shape for H in layers], [mean.shape for mean, _ in moments]
    ([(3, 4), (3, 5)], [(4,), (5,)])
    """
    H, outputs, moments = X, [], []
    for depth, norm in enumerate(params["norms"]):
        given = running[depth] if running and norm else None
        then = partial(_activate, norm, normalize_rows, given)
        weights = params["layers"][0 if kind == "s2v" else depth]
        if kind == "s2v":
            H, *used = s2v(weights, X, propagate(P, H) if depth else None, then)
        elif kind == "mlp":
            H, *used = linear(weights, H, then=then)
        else:
            H, *used = _convolve(kind, weights, P, H, None if depth else PX, then)
        moments += [tuple(used)] if norm else []
        outputs.append(H)
    return outputs, moments


def _convolve(kind: str, params: Params, P: Array, H: Array, PH: Any, then: Any) -> Any:
    n_in, n_out = params["W"][-1].shape
    if PH is None and kind == "sage" and n_in > n_out:  # P (H W_2) is cheaper there
        PHW = propagate(P, affine(None, H, params["W"][1]))
        return then(params["b"] + PHW, H, params["W"][0])
    PH = propagate(P, H) if PH is None else PH
    return CONVOLUTIONS[kind][1](params, H, PH, then)


def _activate(
    norm: Params, normalize_rows: bool, running: Any, b: Array, *factors: Array
) -> tuple[Array, Array, Array]:
    """Return a layer's output, and the moments that its batch norm used."""
    if running is None:
        gamma, beta, flag = norm.get("gamma"), norm.get("beta"), normalize_rows
        Y, mean, variance = layer(b, gamma, beta, *factors, normalize_rows=flag)
        return Y, mean, variance
    H = affine(b, *factors)
    H = relu(l2_normalize(H) if normalize_rows else H)
    return batch_norm(norm, H, running)[0], *running
