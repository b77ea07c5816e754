"""Poolings of torch-geometric-pool that keep the best nodes, on edge lists.

- `pool_topk`: `TopkPooling`, whose ``attn`` is R[:, :1]. It keeps K nodes, with the
  scores tanh(R[:, 0]).
- `pool_sag`: `SAGPooling`, likewise. The GNN of the scores returns its input: it is a
  GraphConv with the weight 0 for neighbours and 1 for the node itself.
- `pool_asap`: `ASAPooling`, whose features are [R[:, :1], Z]. With attention weights of
  zero, all are averaged over a node and its neighbours, and the scores are sigmoids of
  the average of R[:, 0]. So X' is not S^T Z, and it claims nothing of the profile.

The first two have ``remove_self_loops=False``; by default A' loses its diagonal. The
graphs of a batch are joined to one edge list. Of a graph with fewer than K nodes all
are kept; empty clusters are appended here.
"""

from __future__ import annotations

from typing import Any

import torch
from adapters._torch import edge_list, parts_of, split, with_clusters
from tgp.poolers import ASAPooling, SAGPooling, TopkPooling
from torch.nn.init import ones_, zeros_

from npdiffpool.testing import Pooled

Tensors = list[Any]


def pooled_edge_list(
    layer: Any, As: Tensors, features: Any, Zs: Tensors, **inputs: Any
) -> list[tuple[Any, Any, Any]]:
    """Return A', X' and S of each graph."""
    edges, weights, graph_of_node = edge_list(As)
    out = layer(features, edges, weights, batch=graph_of_node, **inputs)
    S = out.so.s.to_dense().to(features.dtype)
    return split(out.edge_index, out.edge_weight, out.x, S, out.batch, Zs)


def _topk(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    K = Rs[0].shape[1]
    layer = TopkPooling(1, ratio=K, remove_self_loops=False).to(Zs[0].dtype)
    parts = pooled_edge_list(layer, As, torch.cat(Zs), Zs, attn=torch.cat(Rs)[:, :1])
    return [Pooled(*with_clusters(*part, K)) for part in parts]


def _sag(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    K = Rs[0].shape[1]
    layer = SAGPooling(1, ratio=K, remove_self_loops=False).to(Zs[0].dtype)
    zeros_(layer.gnn.lin_rel.weight)
    zeros_(layer.gnn.lin_rel.bias)
    ones_(layer.gnn.lin_root.weight)
    parts = pooled_edge_list(layer, As, torch.cat(Zs), Zs, attn=torch.cat(Rs)[:, :1])
    return [Pooled(*with_clusters(*part, K)) for part in parts]


def _asap(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    K, features = Rs[0].shape[1], torch.cat([torch.cat(Rs)[:, :1], torch.cat(Zs)], 1)
    layer = ASAPooling(features.shape[1], ratio=K)
    scorer = layer.select_scorer
    for part in (layer.att, scorer.lin1, scorer.lin2, scorer.lin3):
        for parameter in part.parameters():
            zeros_(parameter)
    scorer.lin3.weight.data[:, 0] = 1
    parts = pooled_edge_list(layer.to(features.dtype), As, features, Zs)
    return [Pooled(*with_clusters(A, X[:, 1:], S, K)) for A, X, S in parts]


pool_topk, batched_topk, vjp_topk = parts_of(_topk, __name__, "_topk")
pool_sag, batched_sag, vjp_sag = parts_of(_sag, __name__, "_sag")
pool_asap, batched_asap, vjp_asap = parts_of(_asap, __name__, "_asap")
pool_asap.claims = frozenset()
