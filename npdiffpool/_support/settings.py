"""Settings that decide a result: as JSON values, and how two of them differ."""

from __future__ import annotations

import json
from typing import Any, Iterator


def to_json(value: Any) -> Any:
    """Return a value as it is after a JSON round trip.

    Tuples become lists, NumPy scalars Python numbers.
    """
    plain = _with_plain_keys(value)
    return json.loads(json.dumps(plain, default=lambda number: number.item()))


def _with_plain_keys(value: Any) -> Any:
    """Return dicts whose keys are NumPy numbers with Python's numbers as keys."""
    if isinstance(value, dict):
        keys = (key.item() if hasattr(key, "item") else key for key in value)
        return dict(zip(keys, map(_with_plain_keys, value.values())))
    if isinstance(value, (list, tuple)):
        return [_with_plain_keys(item) for item in value]
    return value


# The values, in earlier versions, of parameters that came later; their files lack them.
_LATER_PARAMETERS = {"ratio_of": "largest"}
# Parameters that came later, and whose defaults do what was done before.
_LATER_DEFAULTS: dict[str, Any] = {"class_weight": None, "monitor": "accuracy"}
_LATER_DEFAULTS |= {"validation_fraction": None, "warm_start": False}
_LATER_DEFAULTS |= {"dropout": 0.0, "weight_decay": 0.0}
_LATER_DEFAULTS |= {"learning_rate_schedule": "constant"}


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

    `ratio_of` is compared only if some number of clusters is a ratio.

    >>> describe_differences({"seed": 1, "gnn": "gcn"}, {"seed": 2, "gnn": "gcn"})
    'seed (1 saved, 2 given)'
    """
    if not (_has_ratio(saved) or _has_ratio(given)):
        saved, given = _without_ratio_of(saved), _without_ratio_of(given)
    return ", ".join(_differences(saved, given))


def _differences(saved: Any, given: Any) -> Iterator[str]:
    if isinstance(saved, dict):
        later = {k: v for k, v in _LATER_DEFAULTS.items() if k in given}
        saved = {**later, **saved}
    if not isinstance(saved, dict) or set(saved) != set(given):
        yield "the names of the settings"
        return
    for key in sorted(key for key in given if saved[key] != given[key]):
        old, new = saved[key], given[key]
        if isinstance(new, dict) and isinstance(old, dict):
            yield from _differences(old, new)
        else:
            is_short = len(str(old)) < 30 > len(str(new))
            yield f"{key} ({old} saved, {new} given)" if is_short else key


def _has_ratio(settings: Any) -> bool:
    """Return whether the settings, or a configuration of their grid, have a ratio."""
    if isinstance(settings, list):
        return any(_has_ratio(part) for part in settings if isinstance(part, dict))
    if not isinstance(settings, dict):
        return False
    clusters = settings.get("clusters")
    entries = clusters if isinstance(clusters, list) else [clusters]
    is_here = any(isinstance(entry, float) for entry in entries)
    return is_here or any(map(_has_ratio, settings.values()))


def _without_ratio_of(settings: Any) -> Any:
    if not isinstance(settings, dict):
        return settings
    kept = {key: _without_ratio_of(value) for key, value in settings.items()}
    kept.pop("ratio_of", None)
    return kept
