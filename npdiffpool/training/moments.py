"""The running moments of batch norm, used at evaluation for a batch's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Moments
from npdiffpool.engine.model import init_model

MOMENTUM = 0.1  # the share of the newest batch


def init_running(config: Config) -> list[Moments]:
    """Make the running moments before training: mean 0, variance 1."""
    params = init_model(np.random.default_rng(0), config)
    blocks = [
        block
        for level in params["levels"]
        for block in (level["embed"], level["pool"]["gnn"])
    ]
    return [
        [
            (np.zeros_like(norm["beta"]), np.ones_like(norm["gamma"]))
            for norm in block["norms"]
            if norm
        ]
        for block in [*blocks, params["embed"]]
    ]


def update_running(running: list[Moments], latest: list[Moments]) -> list[Moments]:
    """Move each running mean and variance towards the latest batch's."""

    def move(old: Any, new: Any) -> Any:
        return old + old.dtype.type(MOMENTUM) * (new - old)

    return [
        [(move(m, m_new), move(v, v_new)) for (m, v), (m_new, v_new) in zip(old, new)]
        for old, new in zip(running, latest)
    ]
