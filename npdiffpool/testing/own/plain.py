"""Parts of the primitives' definitions, in operations that take complex numbers."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import autograd.numpy as np

from npdiffpool.engine import segments

Array = Any
Function = Callable[..., Any]


class Shape(NamedTuple):
    """Hold the sizes of one drawn problem, and its constants."""

    N: int
    B: int
    K: int
    D: int
    F: int
    offsets: Any
    A: Any  # sparse, not square, not symmetric
    blocks: Any  # sparse, (N, N), a block a graph, not symmetric


def by_segment(f: Function, shape: Shape, *arrays: Array) -> Array:
    """Stack what a function gives for the rows of each graph."""
    rows = [slice(*bounds) for bounds in zip(shape.offsets, shape.offsets[1:])]
    return np.array([f(*[X[part] for X in arrays]) for part in rows])


def softmax(R: Array) -> Array:
    """Return the softmax by rows as it is written down."""
    return np.exp(R) / np.sum(np.exp(R), axis=1, keepdims=True)


def standardize(X: Array, gamma: Array, beta: Array) -> Array:
    """Return batch norm as written down."""
    n = max(len(X), 1)
    m = np.sum(X, axis=0) / n
    v = np.sum((X - m) ** 2, axis=0) / n
    return gamma * (X - m) / np.sqrt(v + 1e-5) + beta


def rows_of_length_one(X: Array) -> Array:
    """Return each row over its length."""
    return X / np.sqrt(np.sum(X * X, axis=1, keepdims=True))


def far(b: Array) -> Array:
    """Return b so far from 0, on alternate sides, that no product takes it there."""
    return b + 25.0 * (-1.0) ** np.sum(np.indices(b.shape), axis=0)


def relu(X: Array) -> Array:
    """Return what is positive, by the real part."""
    return (np.real(X) > 0) * X


def softmax_and_entropy(R: Array) -> Array:
    """Return the softmax, and its rows' entropies, end to end."""
    S = softmax(R)
    return flat([S, -np.sum(S * np.log(S), axis=1)])


def flat(parts: Array) -> Array:
    """Lay two results end to end."""
    return np.concatenate([np.ravel(parts[i]) for i in range(2)])


def distances(As: Array, Ss: Array) -> Array:
    """Return ||A - S S^T|| of every graph."""
    squares = [np.sum((A - S @ S.T) ** 2) for A, S in zip(As, Ss)]
    return np.array([np.sqrt(x) if len(S) else x for x, S in zip(squares, Ss)])


def link_norm(fused: Function, s: Shape, S: Array) -> Array:
    """Call link_norm with what it is given of S."""
    norms = np.array([np.sum(A**2) for A in dense_blocks(s)])
    A_pooled = segments.quadratic_form(s.blocks, S, s.offsets)
    return fused(s.blocks, S, A_pooled, norms, s.offsets)


def far_from_product(A: Array) -> Array:
    """Return a stack whose distance to any S S^T here has no kink near by."""
    return A + 10 * np.eye(A.shape[1], dtype=A.dtype)


def link_norm_of_stack(fused: Function, s: Shape, A: Array, S: Array) -> Array:
    """Call link_norm above the first level."""
    A, offsets = far_from_product(A), s.F * np.arange(s.B + 1)
    return fused(A, S, segments.quadratic_form(A, S, offsets), None, offsets)


def dense_blocks(s: Shape) -> list[Array]:
    """Give the adjacency of each graph."""
    A = s.blocks.toarray()
    return [A[i:j, i:j] for i, j in zip(s.offsets, s.offsets[1:])]


def cut(S: Array, s: Shape) -> list[Array]:
    """Give the rows of each graph."""
    return [S[i:j] for i, j in zip(s.offsets, s.offsets[1:])]


def largest(X: Array) -> Array:
    """Return the largest entry of each column, by the real part."""
    if len(X) == 0:
        return np.sum(X, axis=0)
    return np.array([column[np.argmax(np.real(column))] for column in X.T])


def pairs(stack: Array, rows: Array) -> list[tuple[Array, Array]]:
    """Give each matrix of a stack with its rows."""
    return list(zip(stack, rows.reshape(*stack.shape[:2], rows.shape[1])))


def owner(s: Shape) -> Array:
    """Give the graph that each row belongs to."""
    return np.searchsorted(s.offsets, np.arange(s.N), side="right") - 1
