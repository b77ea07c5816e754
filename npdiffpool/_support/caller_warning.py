"""Warnings that point at the caller's code, however deep in the package they arise."""

from __future__ import annotations

import sys
import warnings


def warn_caller(text: str) -> None:
    """Warn once for each line outside of this package that leads here.

    Parameters
    ----------
    text : str
        One sentence.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_own(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)


def _is_own(module: str) -> bool:
    return module.split(".")[0] == "npdiffpool"
