"""Dotted outlines round the connected parts of clusters.

A cluster need not lie together, so each of its connected parts gets an outline:
the line at one distance from the part's nodes and links, found as a contour on a
grid. One node gets a circle, two a capsule, more a shape that follows them.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from scipy.spatial import cKDTree

from npdiffpool.graphs.graph import Floats
from npdiffpool.viz.drawing.colours import ink
from npdiffpool.viz.drawing.layout import typical_distance
from npdiffpool.viz.drawing.levels import Array, Level

MOST_PARTS = 40  # in a panel, past which only so many, the largest, get an outline
# In distances of an outline from its links:
_GRID = 0.3  # how far apart the points of the grid and of the links are
_LONG = 8  # links from this length on are followed only if the part needs them


def cluster_parts(level: Level, pairs: Array) -> list[Array]:
    """List the connected parts of the clusters: the node numbers of each.

    Parameters
    ----------
    level : Level
        Nodes that are not drawn are in no part.
    pairs : (E, 2) array
        The links that connect: those inside one cluster.
    """
    G = nx.Graph()
    G.add_nodes_from(np.flatnonzero(level.used).tolist())
    G.add_edges_from(pairs[np.ptp(level.cluster[pairs], axis=1) == 0].tolist())
    return [np.array(sorted(part)) for part in nx.connected_components(G)]


def draw_outlines(
    axes: Axes, level: Level, above: Level, pairs: Array, colours: Floats
) -> tuple[int, int]:
    """Draw an outline round each part, in its cluster's colour.

    Where there are over 40 parts, round the 40 largest, but those of one node.

    Returns
    -------
    (int, int)
        How many parts there are, and how many of them have no outline.
    """
    parts = cluster_parts(level, pairs)
    outlined = parts
    if len(parts) > MOST_PARTS:
        largest = sorted(parts, key=len, reverse=True)[:MOST_PARTS]
        outlined = [part for part in largest if len(part) > 1]
    for part in outlined:
        x, y, field = _field(level, part, pairs)
        shade = ink(colours[above.colour[level.cluster[part[0]]]])
        line = axes.contour(x, y, field, levels=[0], colors=[tuple(shade)])
        width = np.clip(50 * level.radii[part].min(), 0.7, 1.5)
        line.set(linestyle=(0, (1, 1.6)), linewidth=width, zorder=4, gid="outline")
        loops = [Path(loop) for loop in line.allsegs[0]]
        # What rings no node is a hole between links, or a sliver: of no interest.
        nodes = level.positions[level.used]
        kept = [loop for loop in loops if np.any(loop.contains_points(nodes))]
        line.set_paths([Path.make_compound_path(*kept)])
    return len(parts), len(parts) - len(outlined)


def _field(level: Level, part: Array, pairs: Array) -> tuple[Floats, Floats, Floats]:
    """Give x, y and a field (len(y), len(x)) that is negative inside the outline.

    Inside is what is within reach of the part's links and discs, but for what is in
    or very near another disc and nearer to that than to the part's own discs.
    """
    thin = level.radii[part].min()
    margin = np.clip(0.14 * typical_distance(level.positions[level.used]), 0.004, 0.015)
    reach = thin + margin
    own = _discs(level, part, thin, reach)
    body = np.concatenate([own, _links(level, part, pairs, reach)])
    low, high = body.min(axis=0) - 1.5 * reach, body.max(axis=0) + 1.5 * reach
    places, radii = level.positions, level.radii[:, None]
    others = np.all((places + radii > low) & (places - radii < high), axis=1)
    others &= level.used & ~np.isin(np.arange(len(others)), part)
    foreign = _discs(level, np.flatnonzero(others), thin, reach)
    x, y = (np.arange(low[i], high[i], _GRID * reach) for i in (0, 1))
    grid = np.stack(np.meshgrid(x, y), axis=-1)

    def distance(points: Floats) -> Floats:
        far = 3 * reach  # no need to know more
        found = cKDTree(points).query(grid, distance_upper_bound=far)[0]
        return np.asarray(np.minimum(found, far))

    near_other = np.minimum(thin + margin / 2, distance(own)) - distance(foreign)
    return x, y, np.maximum(distance(body) - reach, near_other)


def _discs(level: Level, nodes: Array, thin: float, reach: float) -> Floats:
    """Fill discs with points that keep `thin` away from their rims."""
    points = [np.zeros((0, 2))]
    for centre, radius in zip(level.positions[nodes], level.radii[nodes]):
        inner, step = max(radius - thin, 0), _GRID * reach
        for ring in np.linspace(inner, 0, 1 + int(inner / step)):
            turns = np.linspace(0, 2 * np.pi, 1 + int(2 * np.pi * ring / step))
            circle = np.column_stack([np.cos(turns), np.sin(turns)])
            points.append(centre + ring * circle)
    return np.concatenate(points)


def _links(level: Level, part: Array, pairs: Array, reach: float) -> Floats:
    """Give points along the links inside a part: the short, and a tree of the rest.

    Were all long ones followed, each stray would trail a sheaf of outlines.
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
