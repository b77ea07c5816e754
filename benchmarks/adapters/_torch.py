"""Helpers of the adapters of torch layers: conversion, padding, gradients."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import torch
from torch.nn.functional import pad

from npdiffpool._support.types import Array

Arrays = Sequence[Array]
Tensor = Any
Tensors = list[Any]
Forward = Callable[[Tensors, Tensors, Tensors], list[Any]]


def parts_of(forward: Forward, module: str, suffix: str = "") -> tuple[Any, Any, Any]:
    """Return the functions that laws use, from one function of lists of tensors.

    Parameters
    ----------
    forward : callable
        Takes lists As, Rs and Zs with one tensor per graph, and pools all graphs.
        Returns a named tuple per graph, with None for a loss that there is not.
    module, suffix : str
        The module of the functions, and the suffix of their names there, so that the
        script of a counterexample can import them.

    Returns
    -------
    pool, batched, vjp : functions
        See npdiffpool/testing/subjects.py. The last two are also attributes of the
        first.
    """

    def batched(As: Arrays, Rs: Arrays, Zs: Arrays) -> list[Any]:
        pooled = forward(*([_tensor(M) for M in Ms] for Ms in (As, Rs, Zs)))
        return [type(graph)(*map(_array, graph)) for graph in pooled]

    def pool(A: Array, R: Array, Z: Array) -> Any:
        return batched([A], [R], [Z])[0]

    def vjp(A: Array, R: Array, Z: Array, output: str, G: Array) -> Any:
        inputs = [_tensor(M).requires_grad_() for M in (R, Z)]
        pooled = forward([_tensor(A)], *([M] for M in inputs))[0]
        total = torch.sum(_tensor(np.asarray(G)) * getattr(pooled, output))
        if not total.requires_grad:  # a constant, such as A' without edges
            return tuple(np.zeros_like(M) for M in (R, Z))
        gradients = torch.autograd.grad(total, inputs, materialize_grads=True)
        return tuple(gradient.numpy() for gradient in gradients)

    parts: tuple[Any, Any, Any] = (pool, batched, vjp)
    for part in parts:
        part.__name__ = part.__qualname__ = part.__name__ + suffix
        part.__module__ = module
    parts[0].batched, parts[0].vjp = batched, vjp
    return parts


def stack(matrices: Tensors, square: bool = False) -> Tensor:
    """Stack matrices, padded with rows of zeros (and columns, if square)."""
    if len(matrices) == 1:  # not a copy, so that law D5 sees writes into it
        return matrices[0][None]
    tallest = max(map(len, matrices))
    missing = [tallest - len(M) for M in matrices]
    return torch.stack(
        [pad(M, (0, n if square else 0, 0, n)) for M, n in zip(matrices, missing)]
    )


def node_mask(matrices: Tensors) -> Tensor:
    """Return a boolean array (B, N) that is True for nodes, False for padding."""
    return stack([torch.ones(len(M), 1) for M in matrices])[:, :, 0] > 0


def edge_list(As: Tensors) -> tuple[Tensor, Tensor, Tensor]:
    """Return the edges (2, E) of joined graphs, their weights, each node's graph."""
    sizes = [len(A) for A in As]
    starts = [sum(sizes[:g]) for g in range(len(As))]
    edges = torch.cat([A.nonzero().T + n for A, n in zip(As, starts)], dim=1)
    weights = torch.cat([A[A != 0] for A in As])
    return edges, weights, torch.repeat_interleave(torch.tensor(sizes))


def split(
    edges: Tensor, weights: Tensor, X: Tensor, S: Tensor, graphs: Tensor, Zs: Tensors
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Return dense A', X' and S of each graph, from clusters of several graphs.

    `graphs` has the graph of each cluster, Zs one row for each node.
    """
    M, rows = len(X), S.split([len(Z) for Z in Zs])
    A = X.new_zeros(M, M).index_put((edges[0], edges[1]), weights, accumulate=True)
    own = [torch.nonzero(graphs == g)[:, 0] for g in range(len(Zs))]
    return [(A[i][:, i], X[i], rows[g][:, i]) for g, i in enumerate(own)]


def with_clusters(A: Tensor, X: Tensor, S: Tensor, K: int) -> tuple[Any, Any, Any]:
    """Append empty clusters, so that there are K."""
    n = K - len(X)
    return pad(A, (0, n, 0, n)), pad(X, (0, 0, 0, n)), pad(S, (0, n))


def _tensor(M: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(M))


def _array(value: Tensor) -> Array | None:
    return None if value is None else value.detach().numpy()[()]
