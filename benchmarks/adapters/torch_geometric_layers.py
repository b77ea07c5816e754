"""The propagation matrices of DenseGCNConv and DenseSAGEConv of torch_geometric.

They are the output for the features I of a layer without bias whose weights are the
identity. The adjacency A (N, N) is passed unchanged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch_geometric.nn import DenseGCNConv, DenseSAGEConv

from npdiffpool._support.types import Array
from npdiffpool.testing.subjects import Subject

BINARY = (
    "DenseSAGEConv is documented for binary adjacencies: a degree below one counts as "
    "one; DenseGraphConv accepts weights"
)


def gcn_propagation(A: Array) -> Array:
    """Return A_hat (N, N) of DenseGCNConv."""
    layer = DenseGCNConv(_width(A), _width(A), bias=False)
    return _operator(layer, layer.lin, A)


def sage_mean(A: Array) -> Array:
    """Return the mean over neighbours (N, N) of DenseSAGEConv, its root part zero."""
    layer = DenseSAGEConv(_width(A), _width(A), bias=False)
    torch.nn.init.zeros_(layer.lin_root.weight)
    return _operator(layer, layer.lin_rel, A)


def _width(A: Array) -> int:
    """Return the number of features: N, or 1 for N = 0, as a layer needs one."""
    return max(len(A), 1)


def _operator(layer: Any, linear: Any, A: Array) -> Array:
    """Apply a layer to the features I, with its `linear` set to the identity."""
    torch.nn.init.eye_(linear.weight)
    adjacency = torch.from_numpy(np.ascontiguousarray(A))
    one_hot = torch.eye(len(A), _width(A), dtype=adjacency.dtype)
    with torch.no_grad():
        H = layer.to(adjacency.dtype)(one_hot, adjacency)
    return H[0, :, : len(A)].numpy()


sage_mean.choices = {"G4": BINARY}

layers = Subject(
    "torch_geometric layers",
    {"propagation": gcn_propagation, "neighbour_mean": sage_mean},
    sources={
        "propagation": f"from {__name__} import gcn_propagation as propagation",
        "neighbour_mean": f"from {__name__} import sage_mean as neighbour_mean",
    },
)
