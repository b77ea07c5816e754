"""Helpers of the adapters of torch layers: conversion, padding, gradients."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import torch
from torch.nn.functional import pad

from npdiffpool._support.types import Array
from npdiffpool.testing.subjects import Pooled

Arrays = Sequence[Array]
Tensor = Any
Tensors = list[Any]
Forward = Callable[[Tensors, Tensors, Tensors], list[Pooled]]


def parts_of(forward: Forward, module: str, suffix: str = "") -> tuple[Any, Any, Any]:
    """Return the functions that laws use, from one function of lists of tensors.

    Parameters
    ----------
    forward : callable
        Takes lists As, Rs and Zs with one tensor per graph, and pools all graphs.
    module, suffix : str
        The module of the functions, and the suffix of their names there, so that the
        script of a counterexample can import them.

    Returns
    -------
    pool, batched, vjp : functions
        See npdiffpool/testing/subjects.py. The last two are also attributes of the
        first.
    """

    def batched(As: Arrays, Rs: Arrays, Zs: Arrays) -> list[Pooled]:
        pooled = forward(*([_tensor(M) for M in Ms] for Ms in (As, Rs, Zs)))
        return [Pooled(*map(_array, graph)) for graph in pooled]

    def pool(A: Array, R: Array, Z: Array) -> Pooled:
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


def _tensor(M: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(M))


def _array(value: Tensor) -> Array:
    return value.detach().numpy()[()]
