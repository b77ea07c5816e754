"""Axes to draw on, with their legends and captions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

AxesRow = npt.NDArray[np.object_]


def row_of_axes(axes: Any, n_panels: int, size: tuple[float, float]) -> AxesRow:
    """Return the given axes as an array, or the axes of a new pyplot figure.

    Parameters
    ----------
    axes : None, Axes or array of Axes
    n_panels : int
        Number of axes required.
    size : (width, height)
        Size of a new figure, in inches.

    Returns
    -------
    (n_panels,) array of Axes

    Raises
    ------
    ValueError
        If `axes` does not hold exactly `n_panels` matplotlib axes.
    """
    if axes is None:
        import matplotlib.pyplot as plt  # imported here: pyplot keeps global state

        _, axes = plt.subplots(1, n_panels, figsize=size, layout="constrained")
    row: AxesRow = np.array(axes, dtype=object).ravel()
    if len(row) != n_panels or not all(isinstance(one, Axes) for one in row):
        kinds = [type(one).__name__ for one in row]
        raise ValueError(
            f"axes must hold {n_panels} matplotlib axes, one per panel; "
            f"got {len(row)}: {', '.join(kinds) or 'none'}"
        )
    return row


def fit_height(row: AxesRow, text: float = 0.9) -> None:
    """Set the figure's height to fit its panels, half to one panel width high.

    `text` is the height in inches of a title and a caption of up to four lines.
    """
    figure = row[0].figure
    (left, right), (low, high) = row[0].get_xlim(), row[0].get_ylim()
    panel = figure.get_figwidth() / len(row)
    figure.set_figheight(panel * np.clip((high - low) / (right - left), 0.5, 1) + text)


def label_rows(axes: Axes, names: list[str]) -> None:
    """Label the rows 0, 1, ... from top to bottom; draw lines between them."""
    for y in np.arange(1, len(names)) - 0.5:
        axes.axhline(y, color="0.9", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(names)), labels=names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def legend_above(axes: Axes, n_columns: int, **options: Any) -> None:
    """Draw the legend above the panel, where it hides no data."""
    place: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(ncols=n_columns, fontsize=8, frameon=False, **place, **options)


def pluralise(number: int, noun: str) -> str:
    """Return a number and its noun, such as "1 node" or "2 nodes"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
