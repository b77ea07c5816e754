"""Drawing one panel: links, nodes, numbers, in layout units.

Nodes are circles in the units of the layout rather than markers in points, so a
panel looks the same at every size and overlaps can be worked out beforehand.
Every artist carries a gid ("links", "nodes", "number"), as SVG does.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

from npdiffpool.graphs.graph import Floats
from npdiffpool.viz.drawing.colours import GREY, ink, text_on
from npdiffpool.viz.drawing.levels import Array, Level

_LEAST_LABELLED = 0.025  # smaller super-nodes have no room for a number


def frame(stack: list[Level]) -> Floats:
    """Give two corners of a box round everything, (2, 2), one for every panel."""
    low = [(one.positions - one.radii[:, None])[one.used] for one in stack]
    high = [(one.positions + one.radii[:, None])[one.used] for one in stack]
    # At least 0.6 wide and high: a lone node does not fill the panel.
    least = np.min(np.concatenate([*low, [[-0.3, -0.3]]]), axis=0) - 0.05
    most = np.max(np.concatenate([*high, [[0.3, 0.3]]]), axis=0) + 0.05
    return np.array([least, most])


def draw_links(axes: Axes, level: Level, pairs: Array, weights: Array) -> None:
    """Draw links in grey, width and opacity by weight, fainter where many."""
    widest, many = (4.5, 12.0) if level.is_pooled else (1.0, 150.0)
    fade = np.sqrt(np.clip(many / max(weights.sum(), 1), 0.004, 1))
    lines = LineCollection(
        list(level.positions[pairs]),
        colors=[(0.3, 0.3, 0.3, fade * (0.15 + 0.6 * one)) for one in weights],
        linewidths=0.3 + (widest - 0.3) * weights * fade,
        zorder=1,
        gid="links",
    )
    axes.add_collection(lines, autolim=False)


def draw_nodes(axes: Axes, level: Level, colours: Floats) -> None:
    """Draw the used nodes: fill by colour and certainty, rim in full colour."""
    used = np.flatnonzero(level.used)
    circles = [Circle(tuple(level.positions[i]), level.radii[i]) for i in used]
    fill = _fill(level, colours)[used]
    # White below, so that links do not show through uncertain nodes.
    backing = PatchCollection(circles, facecolors="white", linewidths=0, zorder=2)
    axes.add_collection(backing, autolim=False)
    nodes = PatchCollection(
        circles,
        facecolors=list(fill),
        edgecolors=list(ink(fill[:, :3])),
        linewidths=np.clip(60 * level.radii[used], 0.25, 1.2),
        zorder=3,
        gid="nodes",
    )
    axes.add_collection(nodes, autolim=False)


def draw_numbers(axes: Axes, level: Level, colours: Floats) -> None:
    """Write its column of S into each super-node that has room for it."""
    for k in np.flatnonzero(level.used & (level.radii >= _LEAST_LABELLED)):
        *rgb, opacity = _fill(level, colours)[k]
        x, y = level.positions[k]
        number = axes.text(x, y, str(k), fontsize=7, zorder=5, gid="number")
        number.set(ha="center", va="center_baseline")
        number.set_color(text_on(np.array(rgb), opacity))


def _fill(level: Level, colours: Floats) -> Floats:
    """Give RGBA fills, (n, 4); nodes without a colour are grey."""
    table = np.concatenate([colours, [to_rgb(GREY)]])  # index -1 is the last
    return np.column_stack([table[level.colour], level.certainty])
