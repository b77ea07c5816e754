"""`MinCutPooling`, `DMoNPooling` and `HOSCPooling` of torch-geometric-pool.

R and Z enter as in `torch_geometric_pool`: the features are [R, Z], and S is the
softmax of the first K. The graphs of a batch are padded and have the losses in common.

- `pool_mincut`: with the defaults.
- `pool_dmon`: with ``ortho_loss_coeff=1``, since its default 0 makes that loss 0.
- `pool_hosc`: with ``alpha=0`` and ``mu=1``, so that its losses are 1 / K of the cut
  loss and the orthogonality loss. A', X' and S do not depend on these options.
"""

from __future__ import annotations

from typing import Any

from adapters._torch import parts_of
from adapters.torch_geometric_pool import dense
from tgp.poolers import DMoNPooling, HOSCPooling, MinCutPooling

from npdiffpool.testing import Pooled
from npdiffpool.testing.profiles import SMOOTH, SUM_X, claims_of

Tensors = list[Any]


def _mincut(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    graphs, loss = dense(MinCutPooling, As, Rs, Zs)
    losses = loss["cut_loss"], loss["ortho_loss"]
    return [Pooled(*graph, None, None, *losses) for graph in graphs]


def _dmon(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    graphs, loss = dense(DMoNPooling, As, Rs, Zs, ortho_loss_coeff=1.0)
    losses = loss["ortho_loss"], loss["spectral_loss"], loss["cluster_loss"]
    return [Pooled(*graph, None, None, None, *losses) for graph in graphs]


def _hosc(As: Tensors, Rs: Tensors, Zs: Tensors) -> list[Pooled]:
    graphs, loss = dense(HOSCPooling, As, Rs, Zs, alpha=0.0, mu=1.0)
    losses = Rs[0].shape[1] * loss["hosc_loss"], loss["ortho_loss"]
    return [Pooled(*graph, None, None, *losses) for graph in graphs]


pool_mincut, batched_mincut, vjp_mincut = parts_of(_mincut, __name__, "_mincut")
pool_dmon, batched_dmon, vjp_dmon = parts_of(_dmon, __name__, "_dmon")
pool_dmon.claims = claims_of("dmon") | {SUM_X, SMOOTH}
pool_hosc, batched_hosc, vjp_hosc = parts_of(_hosc, __name__, "_hosc")
pool_hosc.claims = claims_of("hosc") | {"cut", "orthogonality"}
