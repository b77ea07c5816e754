"""Readouts: from any number of nodes to one row per graph.

Sum (the paper's last level, where S is a vector of ones), mean, maximum, and two
baselines of the paper, Set2Set and SortPool. To add one, write a function of (params,
Z, offsets) and enter it in `READOUTS`. If it has parameters, add a case to
`init_readout`; if its width differs from D, add it to `readout_width`.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
import numpy
import scipy
from autograd.extend import defvjp, primitive

from npdiffpool._support.types import Array
from npdiffpool.engine.autodiff import getval
from npdiffpool.engine.layers import Params, RngOrBlank, init_linear, linear
from npdiffpool.engine.primitives import relu, sparse_matmul
from npdiffpool.engine.segments import segment_max, segment_repeat, segment_sum
from npdiffpool.graphs.ragged import segment_ids

STEPS = 3  # iterations of Set2Set
KEPT = 30  # nodes of a graph that SortPool keeps
CHANNELS = 16  # width of each kept node after its linear layer
SORTED_BY = 8  # last columns to sort by; then by a weighted sum of all columns


def readout_width(kind: str, D: int) -> int:
    """Return the width of a graph's row for embeddings of width D."""
    return {"set2set": 2 * D, "sortpool": KEPT * CHANNELS}.get(kind, D)


def init_readout(rng: RngOrBlank, kind: str, D: int, dtype: Any) -> Params:
    """Draw the parameters of a readout; sum, mean and maximum have none."""
    if kind == "set2set":
        return init_linear(rng, [D, D], 4 * D, dtype)
    if kind == "sortpool":
        return init_linear(rng, [D], CHANNELS, dtype)
    return {}


def readout(params: Params, kind: str, Z: Array, offsets: Array) -> Array:
    """Return one row per graph: Z (N, D) to (B, `readout_width`).

    `kind` is a key of `READOUTS`. The row of a graph without nodes is 0, except for
    "set2set" and "sortpool", which have biases.
    """
    return READOUTS[kind](params, Z, offsets)


def _sum(params: Params, Z: Array, offsets: Array) -> Array:
    return segment_sum(Z, offsets)


def _mean(params: Params, Z: Array, offsets: Array) -> Array:
    sizes = numpy.maximum(numpy.diff(offsets), 1).astype(Z.dtype)
    return segment_sum(Z, offsets) / sizes[:, None]


def _max(params: Params, Z: Array, offsets: Array) -> Array:
    return segment_max(Z, offsets)


def _set2set(params: Params, Z: Array, offsets: Array) -> Array:
    """Return [q, r] of Set2Set (arXiv 1511.06391): (N, D) to (B, 2 D).

    In every step an LSTM turns [q, r] into a query q, and r becomes the mean of the
    nodes weighted by softmax(Z q). The hidden state of the LSTM is q itself, so one
    matrix serves both.
    """
    B, D = len(offsets) - 1, Z.shape[1]
    q = r = cell = numpy.zeros((B, D), Z.dtype)
    for _ in range(STEPS):
        i, f, g, o = np.split(linear(params, q, r), 4, axis=1)
        cell = _sigmoid(f) * cell + _sigmoid(i) * tanh(g)
        q = _sigmoid(o) * tanh(cell)
        e = np.sum(Z * segment_repeat(q, offsets), axis=1)[:, None]
        largest = segment_repeat(segment_max(getval(e), offsets), offsets)
        weights = np.exp(e - largest)
        weights = weights / segment_repeat(segment_sum(weights, offsets), offsets)
        r = segment_sum(Z * weights, offsets)
    return np.concatenate([q, r], axis=1)


@primitive
def tanh(X: Array) -> Array:
    """Return tanh elementwise; the gradient of autograd's own tanh overflows."""
    return numpy.tanh(X)


# y = tanh(x): dy = (1 - y^2) dx.
defvjp(tanh, lambda Y, X: lambda G: G * (1 - Y * Y))


def _sigmoid(X: Array) -> Array:
    return (tanh(X / 2) + 1) / 2


def _sortpool(params: Params, Z: Array, offsets: Array) -> Array:
    """Return the first nodes in sorted order (SortPool, Zhang et al., AAAI 2018).

    Nodes are sorted in descending order of the last column, then of the column before
    it, and so on for `SORTED_BY` columns, and last by a weighted sum of all columns.
    Each kept node passes a linear layer, and their rows are concatenated: (N, D) to
    (B, KEPT * CHANNELS). Graphs with fewer nodes are filled up with zeros.

    Differs from the source (DGCNN): no convolution along the sequence of nodes, no
    pooling of it, and the same number of kept nodes for every data set.
    """
    B, N = len(offsets) - 1, len(Z)
    graph = segment_ids(offsets)
    keys = -getval(Z).T[-SORTED_BY:]
    # cos: fixed weights that differ from column to column
    tie_breaker = getval(Z) @ numpy.cos(numpy.arange(Z.shape[1]))
    order = numpy.lexsort((tie_breaker, *keys, graph))
    rank = numpy.arange(N) - offsets[:-1][graph]
    is_kept = rank < KEPT
    at = (graph * KEPT + rank)[is_kept]
    parts = numpy.ones(len(at), Z.dtype), (at, order[is_kept])
    chosen = scipy.sparse.csr_array(parts, shape=(B * KEPT, N))
    return relu(linear(params, sparse_matmul(chosen, Z))).reshape(B, KEPT * CHANNELS)


READOUTS = {
    "sum": _sum,
    "mean": _mean,
    "max": _max,
    "set2set": _set2set,
    "sortpool": _sortpool,
}
