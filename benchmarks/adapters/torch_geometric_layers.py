"""What DenseGCNConv and DenseSAGEConv of torch_geometric multiply features by.

Read off by giving a layer whose weights are the identity, without bias, the
features I. The adjacency A (N, N) is passed on as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch_geometric.nn import DenseGCNConv, DenseSAGEConv

from npdiffpool.testing.subjects import Subject

Array = Any
BINARY = (
    "DenseSAGEConv is documented as for binary adjacencies: a degree below one counts "
    "as one; DenseGraphConv takes weights"
)


def gcn_propagation(A: Array) -> Array:
    """Return the A_hat (N, N) of DenseGCNConv."""
    layer = DenseGCNConv(_width(A), _width(A), bias=False)
    return _operator(layer, layer.lin, A)


def sage_mean(A: Array) -> Array:
    """Return the neighbours' mean (N, N) of DenseSAGEConv; its root part is zero."""
    layer = DenseSAGEConv(_width(A), _width(A), bias=False)
    torch.nn.init.zeros_(layer.lin_root.weight)
    return _operator(layer, layer.lin_rel, A)


def _width(A: Array) -> int:
    """Give the number of features: N, but one without nodes, as no layer has none."""
    return max(len(A), 1)


def _operator(layer: Any, linear: Any, A: Array) -> Array:
    """Apply a layer to the features I, `linear` in it being the identity."""
    torch.nn.init.eye_(linear.weight)
    adjacency = torch.from_numpy(np.ascontiguousarray(A))
    one_hot = torch.eye(len(A), _width(A), dtype=adjacency.dtype)
    with torch.no_grad():
        H = layer.to(adjacency.dtype)(one_hot, adjacency)
    return H[0, :, : len(A)].numpy()


sage_mean.choices = {"G4": BINARY}  # type: ignore[attr-defined]

layers = Subject(
    "torch_geometric layers",
    {"propagation": gcn_propagation, "neighbour_mean": sage_mean},
    sources={
        "propagation": f"from {__name__} import gcn_propagation as propagation",
        "neighbour_mean": f"from {__name__} import sage_mean as neighbour_mean",
    },
)
