"""`DiffPool` of torch-geometric-pool, with four choices of its options.

- `pool`: dense, with the defaults.
- `pool_plain`: dense, with A' of equation 4, that is without ``remove_self_loops`` and
  ``degree_norm``.
- `pool_normalised`: as `pool_plain`, with ``normalize_loss``.
- `pool_sparse`: with A' of equation 4, on edge lists (``batched=False``).

The layer computes S from the features that it pools, by the softmax of an MLP. Here
the features are [R, Z] and the MLP is one linear map set to [I, 0], so that S is the
softmax of R; of X' = S^T [R, Z] the second part is returned. The graphs of a batch are
padded with a mask, or joined to one edge list, and have one loss in common.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from adapters._torch import edge_list, node_mask, parts_of, stack
from tgp.poolers import DiffPool

from npdiffpool.testing.subjects import Pooled

Tensor = Any
Tensors = list[Any]
PROCESSED = (
    "the diagonal of A' is removed and A' is normalised by degrees; equation 4 holds "
    "with remove_self_loops=False and degree_norm=False"
)
DIVIDED = "the link loss is divided by n^2; it is the paper's with normalize_loss=False"
PLAIN: dict[str, Any] = {"remove_self_loops": False, "degree_norm": False}


def dense(
    kind: Any, As: Tensors, Rs: Tensors, Zs: Tensors, **options: Any
) -> tuple[list[tuple[Tensor, Tensor, Tensor]], dict[str, Tensor]]:
    """Pool dense graphs by a layer; return A', X' and S of each, and the losses."""
    features, K = [torch.cat([R, Z], dim=1) for R, Z in zip(Rs, Zs)], Rs[0].shape[1]
    layer = _layer(kind, Rs[0], Zs[0], **options)
    out = layer(stack(features), stack(As, square=True), mask=node_mask(Zs))
    Ss = [S[: len(R)] for S, R in zip(out.so.s, Rs)]
    return list(zip(out.edge_index, out.x[:, :, K:], Ss, strict=True)), out.loss


def _dense(As: Tensors, Rs: Tensors, Zs: Tensors, **options: Any) -> list[Pooled]:
    graphs, loss = dense(DiffPool, As, Rs, Zs, **options)
    return [Pooled(*graph, loss["link_loss"], loss["entropy_loss"]) for graph in graphs]


def _sparse(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    edges, weights, graph_of_node = edge_list(As)
    features, K = torch.cat([torch.cat(Rs), torch.cat(Zs)], dim=1), Rs[0].shape[1]
    layer = _layer(DiffPool, Rs[0], Zs[0], batched=False, **PLAIN)
    out = layer(features, edges, weights, batch=graph_of_node)
    Ss = out.so.s.split([len(R) for R in Rs])
    losses = out.loss["link_loss"], out.loss["entropy_loss"]
    return [
        Pooled(out.edge_index[g], out.x[g, :, K:], S, *losses) for g, S in enumerate(Ss)
    ]


def _layer(kind: Any, R: Tensor, Z: Tensor, **options: Any) -> Any:
    """Return a layer whose S is the softmax of the first K features."""
    K, D = R.shape[1], Z.shape[1]
    layer = kind(K + D, K, **options).to(R.dtype)
    (linear,) = layer.selector.mlp.lins
    torch.nn.init.eye_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    return layer


pool, batched, vjp = parts_of(_dense, __name__)
pool.choices = dict.fromkeys("C2 C5 C8 C9 C10 C11 C12 C13".split(), PROCESSED)

pool_plain, batched_plain, vjp_plain = parts_of(
    partial(_dense, **PLAIN), __name__, "_plain"
)
pool_normalised, batched_normalised, vjp_normalised = parts_of(
    partial(_dense, normalize_loss=True, **PLAIN), __name__, "_normalised"
)
pool_normalised.choices = dict.fromkeys(("L1", "L3"), DIVIDED)
pool_sparse, batched_sparse, vjp_sparse = parts_of(_sparse, __name__, "_sparse")
