"""Plot of differences between scores and their confidence intervals."""

from __future__ import annotations

from numbers import Real
from typing import Any, Mapping

import numpy as np
from matplotlib.axes import Axes

from npdiffpool._support.types import Array
from npdiffpool.viz.drawing.axes import AxesRow, label_rows, legend_above, row_of_axes
from npdiffpool.viz.drawing.colours import OKABE_ITO

BLUE = OKABE_ITO[0]
# Filled or hollow: the two kinds differ without colours too.
FACES = {"interval excludes 0": BLUE, "interval includes 0": "white"}


def plot_differences(differences: Mapping[str, Any], axes: Any = None) -> AxesRow:
    """Plot differences between accuracies with their 95 % intervals.

    There is one row per name, in the order of `differences`. The disc is the mean; it
    is filled if the interval excludes 0, where a line is drawn.

    Parameters
    ----------
    differences : mapping of names to `Difference`, (mean, low, high) or None
        Differences between accuracies as fractions, such as those that
        `npdiffpool.evaluation.compare` returns. None leaves the row empty.
    axes : matplotlib axes, or array of 1, optional
        Axes to draw on; by default those of a new pyplot figure.

    Returns
    -------
    array of 1 matplotlib axes
        The horizontal axis is in percentage points.

    Raises
    ------
    ValueError
        If there is no difference, one is not three finite numbers with
        low <= mean <= high, or `axes` is not one matplotlib axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> found = {"flat": (0.019, 0.003, 0.035), "graclus": (-0.003, -0.039, 0.033)}
    >>> (axes,) = plot_differences(found, Figure().subplots())
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['flat', 'graclus']
    """
    if not isinstance(differences, Mapping) or len(differences) == 0:
        text = "differences must map one name or more to differences"
        raise ValueError(f"{text}; got {differences!r}")
    found = np.array([_checked(*item) for item in differences.items()])
    row = row_of_axes(axes, 1, (6.0, 1.4 + 0.3 * len(found)))
    panel: Axes = row[0]
    panel.axvline(0, color="0.4", linewidth=0.8, zorder=1, gid="zero")
    _, lows, highs = found.T
    _draw(panel, "interval excludes 0", found, (lows > 0) | (highs < 0))
    _draw(panel, "interval includes 0", found, (lows <= 0) & (highs >= 0))
    label_rows(panel, list(differences))
    panel.set_xlabel("difference in percentage points\nbars: 95 % interval")
    legend_above(panel, 2)
    return row


def _draw(axes: Axes, kind: str, found: Array, is_kind: Array) -> None:
    """Draw the differences of a kind; without any, the legend still names it."""
    means, lows, highs = 100 * found[is_kind].T
    bars = axes.errorbar(
        means,
        np.flatnonzero(is_kind),
        # Lists, since matplotlib 3.9 misreads an array of length one.
        xerr=[list(means - lows), list(highs - means)],
        fmt="o",
        color=BLUE,
        markersize=5,
        markerfacecolor=FACES[kind],
    )
    bars.lines[0].set(label=kind, gid=kind)
    bars.lines[2][0].set_gid(f"{kind}, bars")


def _checked(name: str, value: Any) -> tuple[float, float, float]:
    """Return the mean and the ends of the interval; NaN for a row without any."""
    if value is None:
        return np.nan, np.nan, np.nan
    found = value
    if hasattr(value, "low"):
        found = value.mean, value.low, value.high
    usable = isinstance(found, (tuple, list)) and len(found) == 3
    usable = usable and all(
        isinstance(n, Real) and np.isfinite(float(n)) for n in found
    )
    if not usable or not found[1] <= found[0] <= found[2]:
        form = "a Difference, None, or (mean, low, high) with low <= mean <= high"
        raise ValueError(f"differences[{name!r}] must be {form}; got {value!r}")
    mean, low, high = map(float, found)
    return mean, low, high
