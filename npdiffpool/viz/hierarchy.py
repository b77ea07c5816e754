"""Plot of a graph, its clusters and its pooled graphs (the paper's figure 2).

`plot_hierarchy` takes a fitted model, `draw_hierarchy` assignments.
`npdiffpool.viz.drawing.levels` computes what is drawn.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any, Sequence

import numpy as np
from matplotlib.axes import Axes

from npdiffpool._support.arguments import require, require_int, type_name
from npdiffpool._support.types import Floats
from npdiffpool.graphs.graph import Graph
from npdiffpool.runs.backbone import describe_links
from npdiffpool.viz.drawing.axes import AxesRow, fit_height, pluralise, row_of_axes
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.drawing.colours import palette
from npdiffpool.viz.drawing.levels import Level, levels, links
from npdiffpool.viz.drawing.outlines import draw_outlines
from npdiffpool.viz.drawing.panel import (
    bounding_box,
    draw_level,
    fill_by_cluster,
    write_names,
    write_titles,
)


def plot_hierarchy(clf: Any, graph: Graph, axes: Any = None, seed: int = 0) -> AxesRow:
    """Plot how a fitted model pools a graph, level by level.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier or DiffPoolRegressor
        ``clf.assignments(graph)`` is drawn.
    graph : Graph
    axes : array of matplotlib axes, optional
        As for `draw_hierarchy`, which also describes the picture.
    seed : int
        Seed of the layout.

    Returns
    -------
    array of matplotlib axes

    Raises
    ------
    ValueError
        If `clf` is not fitted, or `graph`, `axes` or `seed` is invalid.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> mutag = load_dataset("MUTAG")[:8]
    >>> clf = DiffPoolClassifier(hidden=8, clusters=(4,), epochs=1)
    >>> clf = clf.fit(mutag, mutag.labels)
    >>> row = plot_hierarchy(clf, mutag[0], axes=Figure().subplots(1, 2))
    >>> row[0].get_title()
    'graph: 17 nodes, 19 edges'
    """
    require_fitted(clf, "assignments")
    return draw_hierarchy(graph, clf.assignments(graph), axes, seed)


def draw_hierarchy(
    graph: Graph, assignments: Sequence[Any], axes: Any = None, seed: int = 0
) -> AxesRow:
    """Plot a graph and its pooled graphs side by side (the paper's figure 2).

    The first panel is the graph in a force layout. A node's colour is its cluster (the
    argmax of its row of S). Its rim shows its certainty, the largest entry of that row:
    empty for a uniform row (1 / K), filled clockwise from the top up to a full rim for
    a one-hot row. So are the rims of super-nodes that have a next level. If the graph
    has `node_names` and at most 50 nodes, they stand beside the nodes. A dotted outline
    surrounds each part of a cluster that drawn links connect. With more than 40 parts,
    only the 40 largest have outlines, and of these not the parts of one node.

    Each following panel is one level of pooled graph, with a super-node for each used
    cluster. It is at the mean position of its members, the nodes whose argmax it is,
    weighted by the mass that they give it. It is moved only if it would overlap another
    or cover a link, and if the super-nodes of a level are crowded in a part of the
    panel: then their distances are multiplied by one number. Its area is its mass in
    nodes of the graph, on one scale for all panels, its number is its column of S, and
    its colour depends on its level and number alone: it is the same in the pictures of
    all graphs.

    Links are those of S^T A S, with width and opacity by weight; links below 5 % of the
    heaviest are hidden. With more than 8 used clusters, about two links for each are
    drawn: a maximum spanning forest, which connects what S^T A S connects, and the
    heaviest others. The captions tell what is hidden.

    Parameters
    ----------
    graph : Graph
    assignments : sequence of (N, K) arrays
        S_0 with one row per node, S_1 with one row per column of S_0, and so on; rows
        are distributions. If empty, only the graph is drawn, in grey.
    axes : array of len(assignments) + 1 matplotlib axes, optional
        Axes to draw on; by default those of a new pyplot figure.
    seed : int
        Seed of the layout; the same seed gives the same picture.

    Returns
    -------
    array of matplotlib axes

    Raises
    ------
    ValueError
        If the assignments do not fit the graph or each other, their rows are not
        distributions, or the number of axes is wrong.

    Notes
    -----
    A cluster is used, and so drawn, if a node of the graph belongs to it, as defined by
    `npdiffpool.evaluation.measures.used_clusters`. The first 8 colours are distinct for
    all readers, the others are taken from viridis, see
    `npdiffpool.viz.drawing.colours.palette`. Self-loops are not drawn, nor is the
    diagonal of S^T A S. The run time grows with the square of the number of nodes:
    about 8 seconds for 1000.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> path = Graph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=4)
    >>> S = np.eye(3)[[0, 0, 1, 1]]  # the third cluster is empty
    >>> row = draw_hierarchy(path, [S], axes=Figure().subplots(1, 2))
    >>> [panel.get_title() for panel in row]
    ['graph: 4 nodes, 3 edges', 'level 1: 2 of 3 clusters used']
    """
    kind = type_name(graph)
    require(isinstance(graph, Graph), "graph", "a Graph", kind)
    is_list = isinstance(assignments, (list, tuple))
    require(is_list, "assignments", "a list of arrays", assignments)
    require_int("seed", seed, 0)
    stack = levels(graph, assignments, seed)
    box = bounding_box(stack)
    row = row_of_axes(axes, len(stack), (max(9.0, 3.0 * len(stack)), 4.5))
    colours = palette(1 + max(level.colour.max(initial=-1) for level in stack))
    for panel, level, above in zip_longest(row, stack, stack[1:]):
        panel.set(xlim=box[:, 0], ylim=box[:, 1])
        _draw_panel(panel, level, above, colours)
    write_names(row[0], stack[0], graph.node_names)
    write_titles(row, graph, stack)
    if axes is None:
        fit_height(row)
    return row


def _draw_panel(axes: Axes, level: Level, above: Level | None, colours: Floats) -> None:
    """Draw one level and its caption."""
    drawn = links(level)
    fill, shares = fill_by_cluster(level, colours), _shares(level, above)
    draw_level(axes, level, drawn.pairs, drawn.weights, fill, shares)
    notes = []
    if level.is_pooled:
        notes.append("area: mass in nodes")
        if not np.all(level.used):
            unused, total = level.mass[~level.used].sum(), level.mass.sum()
            notes[0] += f"; {unused:.1f} of {total:.0f} in unused clusters"
        if text := describe_links(len(drawn.pairs), drawn.total, drawn.share):
            notes.append(text)
    if above is not None and np.any(level.used):
        certainty = np.mean(level.certainty[level.used])
        ends = f"; empty at 1/{len(above.used)}, full at 1" * (len(above.used) > 1)
        notes.append(f"rim: certainty, mean {certainty:.2f}{ends}")
        n_parts, n_bare = draw_outlines(axes, level, above, drawn.pairs, colours)
        notes.append(_describe_outlines(n_parts, n_bare))
    axes.set_xlabel("\n".join(notes), fontsize=8, color="0.35")


def _shares(level: Level, above: Level | None) -> Floats:
    """Return the certainty of each node from 0, a uniform row of S, to 1, one-hot."""
    uniform = 0.0 if above is None or len(above.used) == 1 else 1 / len(above.used)
    shares = (level.certainty - uniform) / (1 - uniform)
    return np.asarray(np.clip(shares, 0, 1))  # rows sum to 1 up to rounding


def _describe_outlines(n_parts: int, n_bare: int) -> str:
    if n_bare == n_parts:
        return f"no outlines: {n_parts} parts of one node"
    if n_bare:
        n_drawn = n_parts - n_bare
        return f"dotted: {n_drawn} of {n_parts} connected parts, the largest"
    return f"dotted: {pluralise(n_parts, 'connected part')}"
