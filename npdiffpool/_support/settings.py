"""Settings that decide a result: as JSON values, and how two of them differ."""

from __future__ import annotations

import json
from typing import Any


def to_json(value: Any) -> Any:
    """Return a value as it is after a JSON round trip.

    Tuples become lists, NumPy scalars Python numbers.
    """
    return json.loads(json.dumps(value, default=lambda number: number.item()))


# The values, in earlier versions, of parameters that came later; their files lack them.
_LATER_PARAMETERS = {"ratio_of": "largest"}


def complete(saved: Any) -> Any:
    """Add to saved settings the parameters that an earlier version did not have.

    >>> complete({"parameters": {"clusters": [0.25]}})
    {'parameters': {'ratio_of': 'largest', 'clusters': [0.25]}}
    """
    if not isinstance(saved, dict):
        return saved
    settings = {key: complete(value) for key, value in saved.items()}
    return _LATER_PARAMETERS | settings if "clusters" in settings else settings


def describe_differences(saved: Any, given: Any) -> str:
    """Name the settings that differ, with their values where these are short.

    >>> describe_differences({"seed": 1, "gnn": "gcn"}, {"seed": 2, "gnn": "gcn"})
    'seed (1 saved, 2 given)'
    """
    if not isinstance(saved, dict) or set(saved) != set(given):
        return "the names of the settings"
    parts = []
    for key in sorted(key for key in given if saved[key] != given[key]):
        old, new = saved[key], given[key]
        if isinstance(new, dict):
            parts.append(describe_differences(old, new))
        else:
            is_short = len(str(old)) < 30 > len(str(new))
            parts.append(f"{key} ({old} saved, {new} given)" if is_short else key)
    return ", ".join(parts)
