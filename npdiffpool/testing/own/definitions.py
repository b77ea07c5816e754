"""The definition of every primitive of the engine.

A definition is written with plain operations that accept complex numbers, for complex
steps. relu, safe_sqrt, layer and segment_max are analytic between their kinks.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import autograd.numpy as np
from scipy import sparse

from npdiffpool._support.types import CSR, Array, Ints
from npdiffpool.engine import primitives as p
from npdiffpool.engine import segments as g

Function = Callable[..., Any]
TINY = 1e-250  # in float64 its square is 0
# The argument, and a function that returns its vjp.
WrongGradient = tuple[int, Function]


class Problem(NamedTuple):
    """Sizes and constants of one drawn problem."""

    N: int  # nodes
    B: int  # graphs
    K: int
    D: int
    F: int
    offsets: Ints
    A: CSR  # (N + 1, N), not symmetric
    blocks: CSR  # (N, N), one block per graph, not symmetric

    def size(self, letter: str) -> int:
        """Return a size of `Primitive.shapes`."""
        products = {"E": self.D + 1, "P": self.B * self.F, "Q": self.B * self.K}
        return int({**self._asdict(), **products}[letter])

    def split(self, rows: Array) -> list[Array]:
        """Return the rows of each graph."""
        return [rows[i:j] for i, j in zip(self.offsets, self.offsets[1:])]

    def graphs(self) -> list[Array]:
        """Return the dense adjacency of each graph."""
        starts = zip(self.split(self.blocks.toarray()), self.offsets, self.offsets[1:])
        return [rows[:, i:j] for rows, i, j in starts]

    def graph_of_row(self) -> Array:
        """Return the graph of each row, (N,)."""
        return np.repeat(np.arange(self.B), np.diff(self.offsets))


def call_with_arrays(fused: Function, problem: Problem, *arrays: Array) -> Array:
    """Call a primitive with the arrays only."""
    return fused(*arrays)


def call_with_offsets(fused: Function, problem: Problem, *arrays: Array) -> Array:
    """Call a primitive with the arrays and the offsets of the graphs."""
    return fused(*arrays, problem.offsets)


class Primitive(NamedTuple):
    """A primitive, its definition, and the shapes of its arrays."""

    fused: Function
    plain: Function  # (problem, *arrays) -> array
    shapes: str  # one word per array, one letter per axis: E = D + 1, P = BF, Q = BK
    call: Function = call_with_arrays  # (fused, problem, *arrays) -> array


def row_mean(A: Array) -> Array:
    """Divide each row by its sum."""
    return A / np.sum(A, axis=1, keepdims=True)


def softmax(R: Array) -> Array:
    """Compute the softmax by rows."""
    return np.exp(R) / np.sum(np.exp(R), axis=1, keepdims=True)


def batch_norm(X: Array, gamma: Array, beta: Array) -> Array:
    """Compute batch norm."""
    n = max(len(X), 1)
    m = np.sum(X, axis=0) / n
    v = np.sum((X - m) ** 2, axis=0) / n
    return gamma * (X - m) / np.sqrt(v + 1e-5) + beta


def l2_normalize(X: Array) -> Array:
    """Divide each row by its length."""
    return X / np.sqrt(np.sum(X * X, axis=1, keepdims=True))


def relu(X: Array) -> Array:
    """Return X where its real part is positive, else 0."""
    return (np.real(X) > 0) * X


def shifted(b: Array) -> Array:
    """Return b plus or minus 25, so that ReLUs are far from their kink."""
    return b + 25.0 * (-1.0) ** np.sum(np.indices(b.shape), axis=0)


def flat(outputs: Any) -> Array:
    """Return several arrays as one vector."""
    return np.concatenate([np.ravel(output) for output in outputs])


def softmax_entropy(R: Array) -> Array:
    """Return the softmax and the entropies of its rows as one vector."""
    S = softmax(R)
    return flat([S, -np.sum(S * np.log(S), axis=1)])


def quadratic_forms(As: Array, Ss: Array) -> Array:
    """Return S^T A S of every graph."""
    return np.array([S.T @ A @ S for A, S in zip(As, Ss)])


def link_norms(As: Array, Ss: Array) -> Array:
    """Return ||A - S S^T|| of every graph."""
    squares = [np.sum((A - S @ S.T) ** 2) for A, S in zip(As, Ss)]
    return np.array([np.sqrt(x) if len(S) else x for x, S in zip(squares, Ss)])


def call_link_norm(fused: Function, s: Problem, S: Array) -> Array:
    """Call link_norm at the first level."""
    norms = np.array([np.sum(A**2) for A in s.graphs()])
    A_pooled = g.quadratic_form(s.blocks, S, s.offsets)
    return fused(s.blocks, S, A_pooled, norms, s.offsets)


def some_symmetric(s: Problem) -> tuple[Array, list[Array]]:
    """Return which graphs are made symmetric, all but the second, and all graphs."""
    symmetric = np.arange(s.B) != 1
    return symmetric, [A + A.T if x else A for x, A in zip(symmetric, s.graphs())]


def call_quadratic_form_of_symmetric(fused: Function, s: Problem, S: Array) -> Array:
    """Call quadratic_form with symmetric graphs, and a directed one among them."""
    symmetric, As = some_symmetric(s)
    stored = sparse.block_diag([sparse.csr_array(A) for A in As], format="csr")
    blocks = sparse.csr_array(stored, dtype=s.blocks.dtype)
    return fused(blocks, S, s.offsets, symmetric)


def far_from_products(A: Array) -> Array:
    """Return a stack of matrices far from every S S^T here, where there is a kink."""
    return A + 10 * np.eye(A.shape[1], dtype=A.dtype)


def call_link_norm_of_stack(fused: Function, s: Problem, A: Array, S: Array) -> Array:
    """Call link_norm above the first level."""
    A, offsets = far_from_products(A), s.F * np.arange(s.B + 1)
    return fused(A, S, g.quadratic_form(A, S, offsets), None, offsets)


def column_maxima(X: Array) -> Array:
    """Return the entry of each column with the largest real part."""
    if len(X) == 0:
        return np.sum(X, axis=0)
    return np.array([column[np.argmax(np.real(column))] for column in X.T])


def of_each(rows: Array, stack: Array) -> list[Array]:
    """Split rows evenly among the matrices of a stack."""
    return list(rows.reshape(*stack.shape[:2], rows.shape[1]))


PRIMITIVES = {
    "affine": Primitive(
        p.affine, lambda s, b, X, W, Y, V: b + X @ W + Y @ V, "D NF FD NK KD"
    ),
    "sparse_matmul": Primitive(
        p.sparse_matmul,
        lambda s, H: s.A.toarray() @ H,
        "ND",
        lambda fused, s, H: fused(s.A, H),
    ),
    "stack_matmul": Primitive(
        g.stack_matmul,
        lambda s, P, H: np.concatenate([M @ H_g for M, H_g in zip(P, of_each(H, P))]),
        "BKK QD",
    ),
    "row_mean": Primitive(
        p.row_mean,
        lambda s, X: row_mean(X * X),
        "ND",
        lambda fused, s, X: fused(X * X),
    ),
    "row_mean of tiny degrees": Primitive(
        p.row_mean,
        lambda s, X: row_mean(X * X),
        "ND",
        lambda fused, s, X: fused(X * X * TINY),
    ),
    "relu": Primitive(p.relu, lambda s, X: relu(X), "ND"),
    "l2_normalize": Primitive(p.l2_normalize, lambda s, X: l2_normalize(X), "ND"),
    "batch_norm": Primitive(
        p.batch_norm,
        lambda s, *arrays: batch_norm(*arrays),
        "ND D D",
        lambda fused, s, *arrays: fused(*arrays)[0],
    ),
    "layer": Primitive(
        p.layer,
        lambda s, b, gamma, beta, X, W, Y, V: batch_norm(
            relu(l2_normalize(shifted(b) + X @ W + Y @ V)), gamma, beta
        ),
        "NE E E NF FE NK KE",
        lambda fused, s, b, *rest: fused(shifted(b), *rest, normalize_rows=True)[0],
    ),
    "layer without norms": Primitive(
        p.layer,
        lambda s, b, X, W: relu(shifted(b) + X @ W),
        "D NF FD",
        lambda fused, s, b, X, W: (
            fused(shifted(b), None, None, X, W, normalize_rows=False)[0]
        ),
    ),
    "softmax_entropy": Primitive(
        p.softmax_entropy,
        lambda s, R: softmax_entropy(R),
        "NK",
        lambda fused, s, R: flat(fused(R)),
    ),
    "cross_entropy": Primitive(
        p.cross_entropy,
        lambda s, R: -np.log(softmax(R))[np.arange(s.N), np.arange(s.N) % s.K],
        "NK",
        lambda fused, s, R: fused(R, np.arange(s.N) % s.K),
    ),
    "quadratic_form": Primitive(
        g.quadratic_form,
        lambda s, S: quadratic_forms(s.graphs(), s.split(S)),
        "NK",
        lambda fused, s, S: fused(s.blocks, S, s.offsets),
    ),
    "quadratic_form of a stack": Primitive(
        g.quadratic_form,
        lambda s, A, S: quadratic_forms(A, of_each(S, A)),
        "BFF PK",
        lambda fused, s, A, S: fused(A, S, s.F * np.arange(s.B + 1)),
    ),
    "quadratic_form of symmetric graphs": Primitive(
        g.quadratic_form,
        lambda s, S: quadratic_forms(some_symmetric(s)[1], s.split(S)),
        "NK",
        call_quadratic_form_of_symmetric,
    ),
    "quadratic_form of a symmetric stack": Primitive(
        g.quadratic_form,
        lambda s, A, S: quadratic_forms(A + A.swapaxes(1, 2), of_each(S, A)),
        "BFF PK",
        lambda fused, s, A, S: fused(
            A + A.swapaxes(1, 2), S, s.F * np.arange(s.B + 1), np.ones(s.B, bool)
        ),
    ),
    "link_norm": Primitive(
        g.link_norm,
        lambda s, S: link_norms(s.graphs(), s.split(S)),
        "NK",
        call_link_norm,
    ),
    "link_norm of a stack": Primitive(
        g.link_norm,
        lambda s, A, S: link_norms(far_from_products(A), of_each(S, A)),
        "BFF PK",
        call_link_norm_of_stack,
    ),
    "safe_sqrt": Primitive(
        p.safe_sqrt,
        lambda s, x: np.sqrt(np.where(np.real(x) > 0, x, 1.0)) * (np.real(x) > 0),
        "N",
    ),
    "segment_product": Primitive(
        g.segment_product,
        lambda s, S, Z: np.array(
            [S_g.T @ Z_g for S_g, Z_g in zip(s.split(S), s.split(Z))]
        ),
        "NK ND",
        call_with_offsets,
    ),
    "segment_apply": Primitive(
        g.segment_apply,
        lambda s, S, M: np.sum(S[:, :, None] * M[s.graph_of_row()], axis=1),
        "NK BKD",
        call_with_offsets,
    ),
    "segment_sum": Primitive(
        g.segment_sum,
        lambda s, X: np.array([np.sum(X_g, axis=0) for X_g in s.split(X)]),
        "ND",
        call_with_offsets,
    ),
    "segment_repeat": Primitive(
        g.segment_repeat, lambda s, Y: Y[s.graph_of_row()], "BD", call_with_offsets
    ),
    "segment_max": Primitive(
        g.segment_max,
        lambda s, X: np.array([column_maxima(X_g) for X_g in s.split(X)]),
        "ND",
        call_with_offsets,
    ),
}
