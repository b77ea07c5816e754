"""`GraclusPooling` of torch-geometric-pool, which matches nodes. R is not used.

Nodes are visited in a random order, from the same seed in every call. The graphs of a
batch are joined to one edge list.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from adapters._torch import parts_of
from adapters.torch_geometric_pool_sparse import pooled_edge_list
from tgp.poolers import GraclusPooling

from npdiffpool.testing import Pooled
from npdiffpool.testing.profiles import SUM_X, claims_of

import_module("torch_cluster")  # tgp imports it later, and only if it is there
Tensors = list[Any]


def _forward(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    torch.manual_seed(0)
    parts = pooled_edge_list(GraclusPooling(), As, torch.cat(Zs), Zs)
    return [Pooled(*part) for part in parts]


pool, batched, vjp = parts_of(_forward, __name__)
pool.claims = claims_of("graclus") | {SUM_X}
pool.choices = {
    "P3": "X' = S^T Z, as documented, not means",
    **dict.fromkeys(("B2", "B3"), "nodes are visited in a random order"),
}
