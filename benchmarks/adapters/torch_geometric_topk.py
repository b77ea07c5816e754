"""`TopKPooling` of torch_geometric, which keeps K nodes.

The nodes' scores are tanh(R[:, 0]): its ``attn`` is R[:, :1], its weight is 1 and its
ratio is K. The graphs of a batch are joined to one edge list. Of a graph with fewer
than K nodes all are kept; empty clusters are appended here.
"""

from __future__ import annotations

from typing import Any

import torch
from adapters._torch import edge_list, parts_of, split, with_clusters
from torch_geometric.nn import TopKPooling

from npdiffpool.testing import Pooled

Tensors = list[Any]


def _forward(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    R, Z, K = torch.cat(Rs), torch.cat(Zs), Rs[0].shape[1]
    layer = TopKPooling(1, ratio=K).to(R.dtype)
    torch.nn.init.ones_(layer.select.weight)
    edges, weights, graph_of_node = edge_list(As)
    X, edges, weights, graphs, kept, scores = layer(
        Z, edges, weights, graph_of_node, R[:, :1]
    )
    S = R.new_zeros(len(R), len(kept)).index_put(
        (kept, torch.arange(len(kept))), scores
    )
    parts = split(edges, weights, X, S, graphs, Zs)
    return [Pooled(*with_clusters(*part, K)) for part in parts]


pool, batched, vjp = parts_of(_forward, __name__)
