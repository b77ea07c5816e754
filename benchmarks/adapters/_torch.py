"""What the adapters of torch layers share: arrays in and out, padding, gradients."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import torch
from torch.nn.functional import pad

from npdiffpool.testing.subjects import Pooled

Array = Any
Arrays = Sequence[Any]
Tensor = Any
Tensors = list[Any]
Forward = Callable[[Tensors, Tensors, Tensors], list[Pooled]]


def parts_of(forward: Forward, module: str, suffix: str = "") -> tuple[Any, Any, Any]:
    """Make the functions that laws take, of one function of lists of tensors.

    Parameters
    ----------
    forward : callable
        Takes lists of A, of R and of Z, a tensor a graph, and pools them at once.
    module, suffix : str
        Where the functions stand, and what is added to their names there, so that
        the script of a counterexample can import them.

    Returns
    -------
    pool, batched, vjp : functions
        See npdiffpool/testing/subjects.py; the last two are attributes of the
        first also.
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
        if not total.requires_grad:  # a constant, such as A' of no edges
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
    """Stack matrices of unlike heights, with zeros below (and beside, if square)."""
    if len(matrices) == 1:  # not copied: were it written to, that would be seen
        return matrices[0][None]
    tallest = max(map(len, matrices))
    missing = [tallest - len(M) for M in matrices]
    return torch.stack(
        [pad(M, (0, n if square else 0, 0, n)) for M, n in zip(matrices, missing)]
    )


def node_mask(matrices: Tensors) -> Tensor:
    """Mark what is not padding in a stack of matrices: (B, N), of True and False."""
    return stack([torch.ones(len(M), 1) for M in matrices])[:, :, 0] > 0


def _tensor(M: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(M))


def _array(value: Tensor) -> Array:
    return value.detach().numpy()[()]
