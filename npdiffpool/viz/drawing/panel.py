"""Draw one panel of a hierarchy: its links, nodes and numbers.

Nodes are circles in layout units, not markers in points: a panel looks the same at
every size, and overlaps can be computed beforehand. Artists have a gid ("links",
"fills", "nodes", "number"), which SVG files keep.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Wedge

from npdiffpool._support.types import Floats, Ints
from npdiffpool.graphs.graph import Graph
from npdiffpool.viz.drawing.axes import AxesRow, pluralise
from npdiffpool.viz.drawing.colours import GREY, outline_colours, text_colour
from npdiffpool.viz.drawing.levels import Level

MOST_NAMES = 50  # of nodes; more would cover the picture
_FAINTEST = 0.3  # opacity of a link of a pooled graph, at least: few are drawn
_RIM = 0.42  # width of a rim, as a part of the radius
_MIN_NUMBERED = 0.025  # radius below which a super-node has no room for its number


def bounding_box(stack: list[Level]) -> Floats:
    """Return two corners of a box around all levels, (2, 2).

    It is at least 0.6 wide and high, so that a single node does not fill the panel.
    """
    low = [(one.positions - one.radii[:, None])[one.used] for one in stack]
    high = [(one.positions + one.radii[:, None])[one.used] for one in stack]
    least = np.min(np.concatenate([*low, [[-0.3, -0.3]]]), axis=0) - 0.05
    most = np.max(np.concatenate([*high, [[0.3, 0.3]]]), axis=0) + 0.05
    return np.array([least, most])


def draw_level(
    axes: Axes,
    level: Level,
    pairs: Ints,
    weights: Floats,
    fill: Floats,
    shares: Floats | None = None,
) -> None:
    """Draw links, nodes and, if the level is pooled, numbers; no ticks or frame.

    `fill` has a colour for each node, (n, 3). `shares` (n,) are the parts of the rims
    that are filled, clockwise from the top, 1 by default.
    """
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    _draw_links(axes, level, pairs, weights)
    _draw_nodes(axes, level, fill, np.ones(len(fill)) if shares is None else shares)
    if level.is_pooled:
        _draw_numbers(axes, level, fill)


def _draw_links(axes: Axes, level: Level, pairs: Ints, weights: Floats) -> None:
    """Draw grey links; width and opacity grow with the weight, and fade if many."""
    thin, wide, many = (0.7, 4.5, 12.0) if level.is_pooled else (0.3, 1.0, 150.0)
    fade = np.sqrt(np.clip(many / max(weights.sum(), 1), 0.004, 1))
    opacity = np.maximum(_FAINTEST * level.is_pooled, fade * (0.15 + 0.6 * weights))
    lines = LineCollection(
        list(level.positions[pairs]),
        colors=[(0.3, 0.3, 0.3, part) for part in opacity],
        linewidths=thin + (wide - thin) * weights * fade,
        zorder=1,
        gid="links",
    )
    axes.add_collection(lines, autolim=False)


def _draw_nodes(axes: Axes, level: Level, fill: Floats, shares: Floats) -> None:
    """Draw the used nodes: a disc, and around it a rim that is filled in part."""
    used = np.flatnonzero(level.used)
    fill, places = fill[used], list(zip(level.positions[used], level.radii[used]))
    circles = [Circle(tuple(centre), radius) for centre, radius in places]
    sectors = [
        Wedge(tuple(centre), radius, 90 - 360 * share, 90)
        for (centre, radius), share in zip(places, shares[used])
    ]
    cores = [Circle(tuple(centre), (1 - _RIM) * radius) for centre, radius in places]
    # White below, so that links do not show through.
    colours = np.concatenate([np.ones_like(fill), fill, fill])
    shapes = circles + sectors + cores
    look: Any = {"facecolors": list(colours), "linewidths": 0, "gid": "fills"}
    axes.add_collection(PatchCollection(shapes, zorder=2, **look), autolim=False)
    nodes = PatchCollection(
        circles,
        facecolors="none",
        edgecolors=list(outline_colours(fill)),
        linewidths=np.clip(60 * level.radii[used], 0.25, 1.2),
        zorder=3,
        gid="nodes",
    )
    axes.add_collection(nodes, autolim=False)


def _draw_numbers(axes: Axes, level: Level, fill: Floats) -> None:
    """Write the cluster's index, its column of S, into each large super-node."""
    for k in np.flatnonzero(level.used & (level.radii >= _MIN_NUMBERED)):
        x, y = level.positions[k]
        number = axes.text(x, y, str(k), fontsize=7, zorder=5, gid="number")
        number.set(ha="center", va="center_baseline")
        number.set_color(text_colour(fill[k]))


def fill_by_cluster(level: Level, colours: Floats) -> Floats:
    """Return the colours of the nodes' clusters, (n, 3), grey without a cluster."""
    table = np.concatenate([colours, [to_rgb(GREY)]])  # index -1 is the last
    return np.asarray(table[level.colour])


def write_titles(row: AxesRow, graph: Graph, stack: list[Level]) -> None:
    """Write the sizes of the graph and of its levels above the panels."""
    edges = pluralise(graph.n_edges, "edge")
    titles = [f"graph: {pluralise(graph.n_nodes, 'node')}, {edges}"]
    for index, level in enumerate(stack[1:], start=1):
        n_clusters = pluralise(len(level.used), "cluster")
        titles.append(f"level {index}: {np.sum(level.used)} of {n_clusters} used")
    for panel, title in zip(row, titles):
        panel.set_title(title, fontsize=10)


def write_names(axes: Axes, level: Level, names: Sequence[Any] | None) -> None:
    """Write the name of each node, if it has one, to the right of it."""
    if names is None or len(names) > MOST_NAMES:
        return
    for (x, y), radius, name in zip(level.positions, level.radii, names):
        style: Any = {"fontsize": 7, "va": "center", "zorder": 4, "gid": "name"}
        style |= {"xytext": (2, 0), "textcoords": "offset points"}
        axes.annotate(str(name), (x + radius, y), **style)
