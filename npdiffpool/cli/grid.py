"""Files of configurations for ``npdiffpool cv --grid``."""

from __future__ import annotations

import json
import math
from itertools import product

from npdiffpool._support.progress import reason_of
from npdiffpool._support.types import Json
from npdiffpool._support.untrusted import read_json

MAX_GRID = 10_000  # configurations


class GridError(ValueError):
    """A file is not a grid of configurations."""


def read_grid(path: str) -> list[Json]:
    """Read configurations: a JSON list of them, or an object of lists to combine.

    Raises
    ------
    GridError
        If the file is neither, or has more than `MAX_GRID` configurations.
    FileNotFoundError
        If there is no such file.
    """
    try:
        content = read_json(path, finite=True)
        if isinstance(content, dict):
            for name, values in content.items():
                if not isinstance(values, list) or not values:
                    raise TypeError(f"no list of values of {name}: {values!r}")
            _require_few(math.prod(map(len, content.values())))
            combined = product(*content.values())
            content = [dict(zip(content, values)) for values in combined]
        usable = isinstance(content, list) and len(content) > 0
        if not usable or not all(isinstance(choice, dict) for choice in content):
            raise TypeError(f"no configuration: {json.dumps(content)[:60]}")
        _require_few(len(content))
    except FileNotFoundError:
        raise
    except (TypeError, ValueError, OSError) as error:
        form = '[{"hidden": 32}, {"hidden": 64}] or {"hidden": [32, 64]}'
        seen = reason_of(error)
        raise GridError(f"{path} must be JSON such as {form}; got {seen}") from None
    return [_with_levels(choice) for choice in content]


def _require_few(count: int) -> None:
    if count > MAX_GRID:
        raise ValueError(f"{count} configurations; at most {MAX_GRID} are accepted")


def _with_levels(choice: Json) -> Json:
    """Return a configuration with its clusters as a tuple; a number is one level."""
    if "clusters" not in choice:
        return choice
    clusters = choice["clusters"]
    levels = clusters if isinstance(clusters, list) else [clusters]
    return {**choice, "clusters": tuple(levels)}
