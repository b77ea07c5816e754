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
from scipy.spatial import ConvexHull

from npdiffpool.graphs import Floats
from npdiffpool.viz._colours import GREY, ink, text_on
from npdiffpool.viz._layout import typical_distance
from npdiffpool.viz._levels import Array, Level

OWN_SHARE = 2 / 3  # an outline that holds a smaller share of its own says little
_LEAST_LABELLED = 0.025  # smaller super-nodes have no room for a number
_CORNERS = 32  # of the polygon that stands for a circle


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


def draw_outlines(axes: Axes, level: Level, above: Level, colours: Floats) -> int:
    """Draw dotted outlines round the clusters, and count those left out.

    An outline is left out where under two thirds of the nodes inside are its own.
    """
    left_out = 0
    margin = float(np.clip(0.4 * typical_distance(level.positions), 0.008, 0.03))
    for k in np.unique(level.cluster[level.used]):
        own = np.flatnonzero(level.used & (level.cluster == k))
        core = own[_is_core(level.positions[own])]
        corners = outline(level.positions[core], level.radii[core], margin)
        inside = Path(corners).contains_points(level.positions) & level.used
        if np.sum(level.cluster[inside] == k) < OWN_SHARE * np.sum(inside):
            left_out += 1
            continue
        shade = tuple(ink(colours[above.colour[k]]))
        dots = Polygon(corners, fill=False, edgecolor=shade, zorder=4, gid="outline")
        dots.set(linestyle=(0, (1, 1.6)), linewidth=1.5)
        axes.add_patch(dots)
    return left_out


def outline(centres: Floats, radii: Floats, margin: float) -> Floats:
    """Give the convex polygon round discs, (corners, 2), counterclockwise.

    One disc gives a circle, two or a row of them a capsule, three a triangle with
    round corners.

    Parameters
    ----------
    centres : (n, 2) array
        At least one.
    radii : (n,) array
    margin : float
        What the polygon keeps from the discs.
    """
    angles = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rims = centres[:, None] + (radii + margin)[:, None, None] * circle
    points = rims.reshape(-1, 2)
    return np.asarray(points[ConvexHull(points).vertices])


def _is_core(positions: Floats) -> Array:
    """Tell a large cluster's strays from the rest: one would stretch its outline."""
    if len(positions) < 20:
        return np.ones(len(positions), dtype=bool)
    away = np.linalg.norm(positions - np.median(positions, axis=0), axis=1)
    return np.asarray(away <= 3 * np.median(away))


def _fill(level: Level, colours: Floats) -> Floats:
    """Give RGBA fills, (n, 4); nodes without a colour are grey."""
    table = np.concatenate([colours, [to_rgb(GREY)]])  # index -1 is the last
    return np.column_stack([table[level.colour], level.certainty])
