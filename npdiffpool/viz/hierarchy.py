"""The paper's figure 2: a graph, its clusters, and the pooled graphs beside it.

`plot_hierarchy` takes a classifier, `draw_hierarchy` assignments; what is drawn
where is worked out in `_levels`, and only drawn here.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any, Sequence

import numpy as np
from matplotlib.axes import Axes

from npdiffpool._support.arguments import require, require_int
from npdiffpool.graphs.graph import Floats, Graph
from npdiffpool.viz.drawing.axes import AxesRow, fit_height, row_of_axes, strip
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.drawing.colours import palette
from npdiffpool.viz.drawing.levels import FAINT_SHARE, Level, levels, links
from npdiffpool.viz.drawing.outlines import draw_outlines
from npdiffpool.viz.drawing.panel import draw_links, draw_nodes, draw_numbers, frame
from npdiffpool.viz.drawing.words import count


def plot_hierarchy(clf: Any, graph: Graph, axes: Any = None, seed: int = 0) -> AxesRow:
    """Draw what a fitted classifier pools a graph into, level by level.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier or DiffPoolRegressor
        Asked for ``clf.assignments(graph)``.
    graph, axes, seed
        See `draw_hierarchy`, which also says what the picture shows.

    Returns
    -------
    array of matplotlib axes

    Raises
    ------
    ValueError
        If `clf` is not fitted, or `graph`, `axes` or `seed` is unusable.

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
    """Draw a graph and its pooled graphs side by side (the paper's figure 2).

    Left the graph in a force layout: a node's colour is its cluster, the argmax of
    its row of S, and its opacity that row's largest entry. A dotted outline goes
    round each connected part of each cluster, drawn links connecting; where there
    are over 40 parts, round the 40 largest, but not round those of one node.

    Beside it one panel a level: super-nodes at the mean place of their members
    (the nodes whose argmax they are, by the mass they give; without members, of all
    nodes), pushed aside only where they would overlap or hide a link; area by mass,
    in nodes of the graph, on one scale for all panels; the number is the column of
    S. Links are S^T A S, width and opacity by weight, without those below 5 % of
    the heaviest. Captions count what is left out.

    Parameters
    ----------
    graph : Graph
    assignments : sequence of (N, K) arrays
        S_0 with one row a node, S_1 with one row a column of S_0, and so on; rows
        are distributions. With none the graph is drawn alone, in grey.
    axes : array of len(assignments) + 1 matplotlib axes, optional
        Made with ``matplotlib.pyplot.subplots`` where not given.
    seed : int
        Of the layout: the same seed gives the same picture.

    Returns
    -------
    array of matplotlib axes

    Raises
    ------
    ValueError
        If the assignments do not fit the graph or each other, their rows are not
        distributions, or there are too few or too many axes.

    Notes
    -----
    A cluster is used, and drawn, if it is some used node's argmax or holds more
    than 5 % of the nodes (half an even share, where there are over 10 clusters).
    A super-node's colour is its heaviest member's. With more than 8 colours they
    come from viridis, see `_colours.palette`. Self-loops are not drawn, and what
    links hold inside a cluster (the diagonal of S^T A S) is not either. Takes about
    8 seconds for 1000 nodes, and grows with the square of their number.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> path = Graph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=4)
    >>> S = np.eye(3)[[0, 0, 1, 1]]  # the third cluster is empty
    >>> row = draw_hierarchy(path, [S], axes=Figure().subplots(1, 2))
    >>> [panel.get_title() for panel in row]
    ['graph: 4 nodes, 3 edges', 'level 1: 2 of 3 clusters used']
    """
    kind = type(graph).__name__
    require(isinstance(graph, Graph), "graph", "a Graph", kind)
    usable = isinstance(assignments, (list, tuple))
    require(usable, "assignments", "a list of arrays", assignments)
    require_int("seed", seed, 0)
    stack = levels(graph, assignments, seed)
    box = frame(stack)
    row = row_of_axes(axes, len(stack), (max(9.0, 3.0 * len(stack)), 4.5))
    colours = palette(1 + max(level.colour.max(initial=-1) for level in stack))
    for panel, level, above in zip_longest(row, stack, stack[1:]):
        strip(panel)
        panel.set(xlim=box[:, 0], ylim=box[:, 1])
        _draw_panel(panel, level, above, colours)
    row[0].set_title(_graph_title(graph), fontsize=10)
    for index, (panel, level) in enumerate(zip(row[1:], stack[1:]), start=1):
        used = f"{np.sum(level.used)} of {count(len(level.used), 'cluster')} used"
        panel.set_title(f"level {index}: {used}", fontsize=10)
    if axes is None:
        fit_height(row)
    return row


def _draw_panel(axes: Axes, level: Level, above: Level | None, colours: Floats) -> None:
    """Draw one level and write below it how to read it."""
    pairs, weights = links(level, FAINT_SHARE if level.is_pooled else 0.0)
    draw_links(axes, level, pairs, weights)
    draw_nodes(axes, level, colours)
    notes = []
    if level.is_pooled:
        draw_numbers(axes, level, colours)
        notes.append("area: nodes held")
        faint = len(links(level, 0.0)[0]) - len(pairs)
        if faint:
            least = f"{FAINT_SHARE:.0%} of the heaviest"
            notes.append(f"{count(faint, 'link')} under {least} left out")
    if above is not None and np.any(level.used):
        certainty = np.average(level.certainty, weights=level.mass)
        notes.append(f"opacity: certainty, mean {certainty:.2f}")
        counts = draw_outlines(axes, level, above, pairs, colours)
        notes.append(_outlined(*counts))
    axes.set_xlabel("\n".join(notes), fontsize=8, color="0.35")


def _outlined(n_parts: int, n_bare: int) -> str:
    if n_bare == n_parts:
        return f"not outlined: {n_parts} parts of one node"
    if n_bare:
        n_drawn = n_parts - n_bare
        return f"dotted: {n_drawn} of {n_parts} connected parts, the largest"
    return f"dotted: {count(n_parts, 'connected part')}"


def _graph_title(graph: Graph) -> str:
    nodes, edges = count(graph.n_nodes, "node"), count(graph.n_edges, "edge")
    return f"graph: {nodes}, {edges}"
