"""Drawing one panel: links, nodes, numbers, outlines, in layout units.

Nodes are circles in the units of the layout rather than markers in points, so a
panel looks the same at every size and overlaps can be worked out beforehand.
Every artist carries a gid ("links", "nodes", "outline", ...), as SVG does.
"""
from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Polygon
from matplotlib.path import Path

from npdiffpool.viz._colours import GREY, Floats, ink, text_on
from npdiffpool.viz._layout import typical_distance
from npdiffpool.viz._levels import Array, Level
from npdiffpool.viz._outlines import outline

OWN_SHARE = 0.5  # an outline that holds a smaller share of its own says nothing
_LABEL_RADIUS = 0.03  # smaller super-nodes have no room for a number


def frame(stack: list[Level]) -> Floats:
    """Give two corners of a box round everything, (2, 2), one for every panel."""
    low = [(one.positions - one.radii[:, None])[one.used] for one in stack]
    high = [(one.positions + one.radii[:, None])[one.used] for one in stack]
    # At least 0.6 wide and high: a lone node does not fill the panel.
    least = np.min(np.concatenate([*low, [[-0.3, -0.3]]]), axis=0) - 0.05
    most = np.max(np.concatenate([*high, [[0.3, 0.3]]]), axis=0) + 0.05
    return np.array([least, most])


def draw_links(
    axes: Axes, level: Level, pairs: Array, weights: Array, widest: float
) -> None:
    """Draw links in grey, width and opacity by weight, fainter where many."""
    few = float(np.clip(12 / np.sqrt(max(len(pairs), 1)), 0.1, 1))
    lines = LineCollection(
        list(level.positions[pairs]),
        colors=[(0.35, 0.35, 0.35, few * (0.15 + 0.65 * one)) for one in weights],
        linewidths=(0.4 + (widest - 0.4) * weights) * few**0.3,
        zorder=1,
        gid="links",
    )
    axes.add_collection(lines, autolim=False)


def draw_nodes(axes: Axes, level: Level, colours: Floats) -> None:
    """Draw the used nodes: fill by colour and certainty, rim in full colour."""
    used = np.flatnonzero(level.used)
    circles = [Circle((x, y), r) for (x, y), r in _discs(level, used)]
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
    for k in np.flatnonzero(level.used & (level.radii >= _LABEL_RADIUS)):
        *rgb, opacity = _fill(level, colours)[k]
        x, y = level.positions[k]
        style = {"ha": "center", "va": "center_baseline", "zorder": 5}
        shade = text_on(np.array(rgb), opacity)
        axes.text(x, y, str(k), color=shade, fontsize=8, gid="number", **style)


def draw_outlines(axes: Axes, level: Level, above: Level, colours: Floats) -> int:
    """Draw dotted outlines round the clusters, and count those left out.

    An outline is left out where less than half the nodes inside it are its own.
    """
    left_out = 0
    margin = float(np.clip(0.4 * typical_distance(level.positions), 0.008, 0.03))
    for k in np.flatnonzero(above.used):
        own = level.used & (level.cluster == k)
        if not np.any(own):
            continue
        corners = outline(level.positions[own], level.radii[own], margin)
        inside = Path(corners).contains_points(level.positions[level.used])
        if np.sum(own) < OWN_SHARE * np.sum(inside):
            left_out += 1
            continue
        shade = ink(colours[above.colour[k]])
        style = {"fill": False, "linestyle": (0, (1, 1.6)), "linewidth": 1.5}
        axes.add_patch(Polygon(corners, edgecolor=shade, gid="outline", **style))
    return left_out


def _discs(level: Level, chosen: Array) -> list[tuple[Floats, float]]:
    return list(zip(level.positions[chosen], level.radii[chosen].tolist()))


def _fill(level: Level, colours: Floats) -> Floats:
    """Give RGBA fills, (n, 4); nodes without a colour are grey."""
    table = np.concatenate([colours, [to_rgb(GREY)]])  # index -1 is the last
    return np.column_stack([table[level.colour], level.certainty])
