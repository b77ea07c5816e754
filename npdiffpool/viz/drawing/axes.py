"""Axes to draw on: the caller's, checked, or those of a new figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

AxesRow = npt.NDArray[np.object_]


def row_of_axes(axes: Any, n_panels: int, size: tuple[float, float]) -> AxesRow:
    """Check the axes given, or make a figure with pyplot where none are.

    Parameters
    ----------
    axes : None, Axes or array of Axes
    n_panels : int
        How many axes are needed.
    size : (width, height) in inches
        Of a new figure.

    Raises
    ------
    ValueError
        If `axes` does not hold exactly `n_panels` matplotlib axes.
    """
    if axes is None:
        import matplotlib.pyplot as plt  # only here: pyplot keeps global state

        _, axes = plt.subplots(1, n_panels, figsize=size, layout="constrained")
    row: AxesRow = np.array(axes, dtype=object).ravel()
    if len(row) != n_panels or not all(isinstance(one, Axes) for one in row):
        held = [type(one).__name__ for one in row]
        raise ValueError(
            f"axes must hold {n_panels} matplotlib axes, one a panel; "
            f"got {len(row)}: {', '.join(held) or 'none'}"
        )
    return row


def strip(axes: Axes) -> None:
    """Take away ticks and frame, keep the title and the line below: a drawing."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal")


def fit_height(row: AxesRow) -> None:
    """Make the figure as high as its drawings, between a half and one panel."""
    figure = row[0].figure
    (left, right), (low, high) = row[0].get_xlim(), row[0].get_ylim()
    panel = figure.get_figwidth() / len(row)
    words = 0.9  # inches, for the title and up to four lines below
    figure.set_figheight(panel * np.clip((high - low) / (right - left), 0.5, 1) + words)
