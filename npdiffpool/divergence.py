"""Training that diverges is one error, whatever became too large first."""
from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import numpy as np

from npdiffpool.contracts import OverflowedError, trusted
from npdiffpool.graphs import Floats


@contextmanager
def told_as_divergence(epoch: int) -> Iterator[None]:
    """Say of numbers that get too large in which epoch, and what to do about it.

    Raises
    ------
    ValueError
    """
    try:
        with trusted():
            yield
    except OverflowedError as error:
        advice = "use a lower learning_rate or smaller loss weights"
        raise ValueError(
            f"training diverged in epoch {epoch}: {error}; {advice}"
        ) from None


def require_not_diverged(row: dict[str, float], vector: Floats) -> None:
    """Require a finite row of the history, and parameters whose products are.

    Raises
    ------
    OverflowedError
    """
    largest = float(np.max(np.abs(vector)))
    usable = largest < np.sqrt(np.finfo(vector.dtype).max)  # else a product overflows
    seen = {**row, "largest parameter": largest if usable else np.inf}
    for name, value in seen.items():
        if not np.isfinite(value):
            raise OverflowedError(f"the {name} is {value}")
