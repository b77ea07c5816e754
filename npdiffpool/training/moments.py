"""Running mean and variance of each batch norm, which evaluation uses."""

from __future__ import annotations

import numpy as np

from npdiffpool.engine.autodiff import leaves, rebuild
from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Moments, Params
from npdiffpool.engine.model import blank_params

MOMENTUM = 0.1  # weight of the newest batch


def init_running(config: Config) -> Params:
    """Return the running moments before training: mean 0, variance 1.

    They have the form of `npdiffpool.engine.model.Output.moments`.
    """

    def of(gnn: Params) -> Moments:
        norms = [norm for norm in gnn["norms"] if norm]
        return [(np.zeros_like(n["beta"]), np.ones_like(n["gamma"])) for n in norms]

    params = blank_params(config)
    levels = [
        {"embed": of(level["embed"]), "pool": of(level["pool"]["gnn"])}
        for level in params["levels"]
    ]
    return {"levels": levels, "embed": of(params["embed"])}


def update_running(running: Params, latest: Params) -> Params:
    """Return running moments moved towards those of the latest batch."""
    moved = (
        old + old.dtype.type(MOMENTUM) * (new - old)
        for old, new in zip(leaves(running), leaves(latest))
    )
    updated: Params = rebuild(running, moved)
    return updated
