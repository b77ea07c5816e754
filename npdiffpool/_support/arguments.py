"""Checks of arguments, each a ValueError that says what was wrong; warnings."""

from __future__ import annotations

import sys
import warnings
from numbers import Integral, Real
from typing import Any, Sequence

import numpy as np
import numpy.typing as npt


def require(holds: bool, name: str, requirement: str, seen: Any) -> None:
    """Raise a ValueError naming argument, requirement and value unless it holds."""
    if not holds:
        raise ValueError(f"{name} must be {requirement}; got {seen!r}")


def type_name(value: Any) -> str:
    """Return the name of a value's type, with its module unless built in or ours.

    >>> type_name([]), type_name(np.zeros(1))
    ('list', 'numpy.ndarray')
    """
    kind = type(value)
    is_known = kind.__module__.split(".")[0] in ("builtins", "npdiffpool")
    return kind.__name__ if is_known else f"{kind.__module__}.{kind.__qualname__}"


def require_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Require one of some words."""
    words = ", ".join(repr(choice) for choice in choices)
    require(isinstance(value, str) and value in choices, name, f"one of {words}", value)


def require_int(name: str, value: Any, least: int) -> None:
    """Require a whole number of at least `least`; True and False are not numbers."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    require(whole and value >= least, name, f"a whole number >= {least}", value)


def require_number(
    name: str, value: Any, above: bool = False, below: float = float("inf")
) -> float:
    """Require a finite number >= 0, or > 0 with `above`; return it as a float.

    `below`: exclusive upper bound.

    A NumPy float64 would widen float32 arrays; a Python float does not.
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    inside = real and 0 <= value < below and not (above and value == 0)
    bound = "" if below == float("inf") else f" and < {below:g}"
    require(inside, name, f"a finite number {'>' if above else '>='} 0{bound}", value)
    return float(value)


def require_flag(name: str, value: Any) -> None:
    """Require True or False."""
    require(isinstance(value, (bool, np.bool_)), name, "True or False", value)


def require_labels(name: str, labels: Any, n_graphs: int) -> npt.NDArray[Any]:
    """Require one label per graph; return them as an array of shape (n_graphs,)."""
    array = as_array(name, labels, n_graphs)
    require(array.shape == (n_graphs,), name, f"({n_graphs},)", array.shape)
    if array.dtype.kind in "US" and not hasattr(labels, "dtype"):
        # NumPy makes strings of numbers among strings.
        kind = str if array.dtype.kind == "U" else bytes
        others = [label for label in labels if not isinstance(label, kind)]
        require(not others, name, "all numbers or all strings", (others or [None])[0])
    return array


def require_classes(name: str, graphs: Any) -> None:
    """Require that the labels of a data set are not the targets of a regression."""
    targets = getattr(graphs, "targets", ())
    required = "classes for a classifier; those of graphs are targets of a regression"
    require(not targets, name, required, ", ".join(targets))


def as_array(name: str, labels: Any, n_graphs: int) -> npt.NDArray[Any]:
    """Return labels as an array, of any shape."""
    try:
        return np.asarray(labels)
    except ValueError as error:  # items of different lengths
        raise ValueError(f"{name} must be ({n_graphs},): {error}") from None


def warn_caller(text: str) -> None:
    """Warn, as if in the line outside of this package that leads here."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_own(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)


def _is_own(module: str) -> bool:
    return module.split(".")[0] in ("npdiffpool", "contextlib")  # it runs our contexts
