"""The error of a training run whose numbers become too large."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from npdiffpool._support.contracts import OverflowedError, trusted


@contextmanager
def raise_on_divergence(epoch: int) -> Iterator[None]:
    """Turn numbers that become too large into one error with the epoch and advice.

    Within it the engine does not check its arguments (`contracts.trusted`); `fit` has
    checked the data.
    """
    try:
        with trusted():
            yield
    except OverflowedError as error:
        advice = "use a lower learning_rate, weight_decay or weight of a loss"
        raise ValueError(
            f"training diverged in epoch {epoch}: {error}; {advice}"
        ) from None
