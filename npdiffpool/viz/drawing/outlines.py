"""Draw dotted outlines around the connected parts of clusters.

The nodes of a cluster need not be connected, so each connected part has an outline:
the line at a fixed distance from the part's nodes and links, computed as a contour on
a grid. It is a circle around one node and a capsule around two linked nodes.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from scipy.spatial import cKDTree

from npdiffpool._support.types import Floats, Ints
from npdiffpool.viz.drawing.colours import outline_colours
from npdiffpool.viz.drawing.layout import typical_distance
from npdiffpool.viz.drawing.levels import Level

MAX_PARTS = 40  # in a panel; with more, only the largest get an outline
# In distances of an outline from its links:
_GRID = 0.3  # spacing of the grid, and of points along links
_LONG = 8  # longer links are followed only to connect the part


def draw_outlines(
    axes: Axes, level: Level, above: Level, pairs: Ints, colours: Floats
) -> tuple[int, int]:
    """Outline each connected part of each cluster in the cluster's colour.

    With more than 40 parts, only the 40 largest have outlines, and of these not the
    parts of one node.

    Parameters
    ----------
    axes : matplotlib axes
    level, above : Level
        The level to draw on, and the next one, which has the clusters' colours.
    pairs : (E, 2) array
        The drawn links; those within a cluster connect its nodes.
    colours : (n_colours, 3) array
        The palette.

    Returns
    -------
    n_parts, n_bare : int
        Number of parts, and how many of them have no outline.
    """
    G = nx.Graph()
    G.add_nodes_from(np.flatnonzero(level.used).tolist())
    G.add_edges_from(pairs[np.ptp(level.cluster[pairs], axis=1) == 0].tolist())
    parts = [np.array(sorted(part)) for part in nx.connected_components(G)]
    outlined = parts
    if len(parts) > MAX_PARTS:
        largest = sorted(parts, key=len, reverse=True)[:MAX_PARTS]
        outlined = [part for part in largest if len(part) > 1]
    for part in outlined:
        colour = outline_colours(colours[above.colour[level.cluster[part[0]]]])
        _draw_outline(axes, level, part, pairs, colour)
    return len(parts), len(parts) - len(outlined)


def _draw_outline(
    axes: Axes, level: Level, part: Ints, pairs: Ints, colour: Floats
) -> None:
    x, y, field = _field(level, part, pairs)
    line = axes.contour(x, y, field, levels=[0], colors=[tuple(colour)])
    width = np.clip(50 * level.radii[part].min(), 0.7, 1.5)
    line.set(linestyle=(0, (1, 1.6)), linewidth=width, zorder=4, gid="outline")
    loops = [Path(loop) for loop in line.allsegs[0]]
    # A loop around no node is a hole between links, or a sliver.
    nodes = level.positions[level.used]
    kept = [loop for loop in loops if np.any(loop.contains_points(nodes))]
    line.set_paths([Path.make_compound_path(*kept)])


def _field(level: Level, part: Ints, pairs: Ints) -> tuple[Floats, Floats, Floats]:
    """Return x, y and a field (len(y), len(x)) that is negative inside the outline.

    Inside are the points within reach of the part's links and discs, except those in
    or very near another disc that are nearer to it than to the part's own discs.
    """
    thin = level.radii[part].min()
    margin = np.clip(0.14 * typical_distance(level.positions[level.used]), 0.004, 0.015)
    reach = thin + margin
    own = _disc_points(level, part, thin, reach)
    body = np.concatenate([own, _link_points(level, part, pairs, reach)])
    low, high = body.min(axis=0) - 1.5 * reach, body.max(axis=0) + 1.5 * reach
    positions, radii = level.positions, level.radii[:, None]
    others = np.all((positions + radii > low) & (positions - radii < high), axis=1)
    others &= level.used & ~np.isin(np.arange(len(others)), part)
    foreign = _disc_points(level, np.flatnonzero(others), thin, reach)
    x, y = (np.arange(low[i], high[i], _GRID * reach) for i in (0, 1))
    grid = np.stack(np.meshgrid(x, y), axis=-1)

    def distance(points: Floats) -> Floats:
        limit = 3 * reach  # larger distances make no difference
        found = cKDTree(points).query(grid, distance_upper_bound=limit)[0]
        return np.asarray(np.minimum(found, limit))

    near_other = np.minimum(thin + margin / 2, distance(own)) - distance(foreign)
    return x, y, np.maximum(distance(body) - reach, near_other)


def _disc_points(level: Level, nodes: Ints, thin: float, reach: float) -> Floats:
    """Return points that fill the discs, at least `thin` away from their rims."""
    points = [np.zeros((0, 2))]
    for centre, radius in zip(level.positions[nodes], level.radii[nodes]):
        inner, step = max(radius - thin, 0), _GRID * reach
        for ring in np.linspace(inner, 0, 1 + int(inner / step)):
            angles = np.linspace(0, 2 * np.pi, 1 + int(2 * np.pi * ring / step))
            circle = np.column_stack([np.cos(angles), np.sin(angles)])
            points.append(centre + ring * circle)
    return np.concatenate(points)


def _link_points(level: Level, part: Ints, pairs: Ints, reach: float) -> Floats:
    """Return points along a part's links: all short ones, and a spanning tree.

    Following every long link would give outlines of many thin strips.
    """
    ends = level.positions[pairs]
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    inside = np.isin(pairs, part).all(axis=1)
    short = inside & (lengths < _LONG * reach)
    G = nx.Graph()
    G.add_weighted_edges_from(zip(*pairs[inside].T.tolist(), lengths[inside]))
    tree = np.array(list(nx.minimum_spanning_edges(G, data=False)), dtype=int)
    followed = np.concatenate([pairs[short], tree.reshape(-1, 2)])
    points = [np.zeros((0, 2))]
    for start, end in level.positions[followed]:
        n_points = 2 + int(np.linalg.norm(end - start) / (_GRID * reach))
        points.append(np.linspace(start, end, n_points))
    return np.concatenate(points)
