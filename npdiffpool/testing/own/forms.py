"""What npdiffpool computes of one graph, in each form of its adjacency.

At level 0 an adjacency is sparse, or has dense blocks; at upper levels it is a stack.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import autograd.numpy as np
from autograd import make_vjp
from scipy import sparse

from npdiffpool import paper
from npdiffpool._support.types import Array
from npdiffpool.engine import losses, pooling
from npdiffpool.engine.layers import OPERATORS
from npdiffpool.engine.pooling import Level
from npdiffpool.engine.segments import propagate
from npdiffpool.graphs.block_diagonal import BlockDiagonal
from npdiffpool.testing.own.parts import dense_level, sparse_level


def forms(A: Array, R: Array, X: Array) -> dict[str, list[Array]]:
    """Return values and gradients: first by definition, then in each form.

    The definition is computed in float64.

    Parameters
    ----------
    A : (N, N) array
    R : (N, K) array
    X : (N, F) array

    Returns
    -------
    dict of lists of arrays
    """
    S, levels = pooling.assign(R)[0], levels_of(A, X)
    expected = _by_definition(*(M.astype(np.float64) for M in (A, S, X)))
    found = [expected, *(_of_level(level, S) for level in levels)]
    return {name: [values[name] for values in found] for name in expected}


def levels_of(A: Array, X: Array) -> list[Level]:
    """Return a graph as a sparse level, with a dense block, and as a stack."""
    sparse_form = sparse_level([A], X).with_propagation_matrices(OPERATORS)
    stack = dense_level([A], X).with_propagation_matrices(OPERATORS)
    Ps = {kind: _as_block(P) for kind, P in sparse_form.operators.items()}
    blocks = sparse_form._replace(A=_as_block(sparse_form.A), operators=Ps)
    return [sparse_form, blocks, stack]


def _as_block(M: Any) -> BlockDiagonal:
    rest = sparse.csr_array(M.shape, dtype=M.dtype)
    return BlockDiagonal(rest, [(slice(0, M.shape[0]), M.toarray())])


def _by_definition(A: Array, S: Array, X: Array) -> dict[str, Array]:
    deg = np.sum(A, axis=1, keepdims=True)
    mean = A / np.where(deg > 0, deg, 1.0)
    Ps = {"gcn": paper.normalize_adjacency(A), "sage": mean, "s2v": A}
    calls: Any = {kind: (partial(np.dot, P), X) for kind, P in Ps.items()}
    calls["A'"] = lambda S: np.dot(np.dot(S.T, A), S), S
    calls["link loss"] = partial(paper.link_loss, A), S
    return _with_gradients(calls)


def _of_level(level: Level, S: Array) -> dict[str, Array]:
    def link_loss(S: Array) -> Array:
        return losses.link_loss(level, S, pooling.coarsen(level, S, S)[0])[0]

    Ps = level.operators.items()
    calls: Any = {kind: (partial(propagate, P), level.X) for kind, P in Ps}
    calls["A'"] = lambda S: pooling.coarsen(level, S, S)[0][0], S
    calls["link loss"] = link_loss, S
    return _with_gradients(calls)


def _with_gradients(calls: dict[str, Any]) -> dict[str, Array]:
    """Return the value of each function and the gradient of a weighted sum of it."""
    found = {}
    for name, (function, argument) in calls.items():
        vjp, found[name] = make_vjp(function)(argument)
        weights = 1 + np.arange(found[name].size, dtype=argument.dtype)
        found[f"gradient of {name}"] = vjp(weights.reshape(found[name].shape))
    return found
