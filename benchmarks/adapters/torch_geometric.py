"""`dense_diff_pool` of torch_geometric, with its defaults and with normalize=False.

It takes the logits R (its argument ``s``) and does not return S. Here the identity is
appended to Z, so that its output S^T [Z, I] contains X' and S. The graphs of a batch
are padded to the largest, with a mask, and have one loss in common.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from adapters._torch import node_mask, parts_of, stack
from torch_geometric.nn import dense_diff_pool

from npdiffpool.testing.subjects import Pooled

Tensors = list[Any]
DIVIDED = "the link loss is divided by n^2; it is the paper's with normalize=False"


def _forward(
    As: Tensors, Rs: Tensors, Zs: Tensors, normalize: bool = True
) -> list[Pooled]:
    A, R, Z = stack(As, square=True), stack(Rs), stack(Zs)
    B, N, D = Z.shape
    Z_and_I = torch.cat([Z, torch.eye(N, dtype=Z.dtype).expand(B, N, N)], dim=2)
    X, A, link, entropy = dense_diff_pool(Z_and_I, A, R, node_mask(Zs), normalize)
    return [
        Pooled(A[g], X[g, :, :D], X[g, :, D : D + len(Zs[g])].T, link, entropy)
        for g in range(B)
    ]


pool, batched, vjp = parts_of(_forward, __name__)
pool.choices = dict.fromkeys(("L1", "L3"), DIVIDED)

pool_unnormalised, batched_unnormalised, vjp_unnormalised = parts_of(
    partial(_forward, normalize=False), __name__, "_unnormalised"
)
