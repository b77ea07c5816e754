"""`dense_mincut_pool` and `DMoNPooling` of torch_geometric.

- `pool_mincut`: takes the logits R (its argument ``s``) and does not return S. The
  identity is appended to Z, so that its output S^T [Z, I] contains X' and S.
- `pool_dmon`: computes S from the features that it pools, by the softmax of an MLP.
  The features are [R, Z] and the MLP is one linear map set to [I, 0], so that S is the
  softmax of R; of X' = SELU(S^T [R, Z]) the second part is returned.

The graphs of a batch are padded to the largest, with a mask, and have the losses in
common.
"""

from __future__ import annotations

from typing import Any

import torch
from adapters._torch import node_mask, parts_of, stack
from torch_geometric.nn import DMoNPooling, dense_mincut_pool

from npdiffpool.testing import Pooled

Tensors = list[Any]


def _mincut(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    A, R, Z = stack(As, square=True), stack(Rs), stack(Zs)
    B, N, D = Z.shape
    Z_and_I = torch.cat([Z, torch.eye(N, dtype=Z.dtype).expand(B, N, N)], dim=2)
    X, A, *losses = dense_mincut_pool(Z_and_I, A, R, node_mask(Zs))
    return [
        Pooled(A[g], X[g, :, :D], X[g, :, D : D + len(Zs[g])].T, None, None, *losses)
        for g in range(B)
    ]


def _dmon(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    features, K = [torch.cat([R, Z], dim=1) for R, Z in zip(Rs, Zs)], Rs[0].shape[1]
    layer = DMoNPooling(features[0].shape[1], K).to(features[0].dtype)
    (linear,) = layer.mlp.lins
    torch.nn.init.eye_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    S, X, A, modularity, orthogonality, collapse = layer(
        stack(features), stack(As, square=True), node_mask(Zs)
    )
    losses = None, orthogonality, modularity, collapse
    return [
        Pooled(A[g], X[g, :, K:], S[g, : len(R)], None, None, *losses)
        for g, R in enumerate(Rs)
    ]


pool_mincut, batched_mincut, vjp_mincut = parts_of(_mincut, __name__, "_mincut")
pool_dmon, batched_dmon, vjp_dmon = parts_of(_dmon, __name__, "_dmon")
