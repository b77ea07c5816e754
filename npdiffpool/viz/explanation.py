"""Plot of what each node and each cluster adds to a prediction."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import CenteredNorm
from matplotlib.ticker import MaxNLocator

from npdiffpool._support.arguments import require, require_int, type_name
from npdiffpool._support.types import Floats
from npdiffpool.estimators.explanation import Explanation
from npdiffpool.graphs.graph import Graph
from npdiffpool.viz.drawing.axes import AxesRow, fit_height, pluralise, row_of_axes
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.drawing.levels import Level, levels, links
from npdiffpool.viz.drawing.outlines import draw_outlines
from npdiffpool.viz.drawing.panel import (
    bounding_box,
    draw_level,
    write_names,
    write_titles,
)

COLOURS = "PuOr_r"  # diverging; distinct for all readers, and white in its middle


def plot_explanation(
    clf: Any, graph: Graph, explanation: Any = None, axes: Any = None, seed: int = 0
) -> AxesRow:
    """Plot what each node and each cluster of a graph adds to its prediction.

    The panels are those of `plot_hierarchy`: the graph, then each level with its used
    clusters. Here the colour is the contribution: orange adds, purple takes away, and
    white is 0. Each panel has a scale of its own, as clusters often add more than
    nodes. A dotted outline surrounds each connected part of a cluster; `plot_hierarchy`
    shows which cluster it is. Captions give the range of the contributions of unused
    clusters, which are not drawn.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier or DiffPoolRegressor
    graph : Graph
    explanation : Explanation, optional
        Of this model and graph, such as ``clf.explain(graph, method="gradient")``.
        Default: ``clf.explain(graph)``.
    axes : array of matplotlib axes, optional
        One for the graph and one for each level; by default those of a new pyplot
        figure. The colour bars have separate axes.
    seed : int
        Seed of the layout.

    Returns
    -------
    array of matplotlib axes

    Raises
    ------
    ValueError
        If `clf` is not fitted, `graph`, `axes` or `seed` is invalid, or `explanation`
        has another number of nodes or clusters, or no label of the model.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> mutag = load_dataset("MUTAG")[:8]
    >>> clf = DiffPoolClassifier(hidden=8, clusters=(4,), epochs=1)
    >>> clf = clf.fit(mutag, mutag.labels)
    >>> row = plot_explanation(clf, mutag[0], axes=Figure().subplots(1, 2))
    >>> row[0].get_title()
    'graph: 17 nodes, 19 edges'
    """
    require_fitted(clf, "explain")
    require_fitted(clf, "config_")
    require(isinstance(graph, Graph), "graph", "a Graph", type_name(graph))
    require_int("seed", seed, 0)
    sizes = [graph.n_nodes, *clf.config_.clusters]
    if explanation is not None:
        _check(explanation, clf, sizes)
    row = row_of_axes(axes, len(sizes), (max(9.0, 4.5 * len(sizes)), 5.5))
    found = clf.explain(graph) if explanation is None else explanation
    stack = levels(graph, clf.assignments(graph), seed)
    box, unit = bounding_box(stack), _unit(found, clf)
    parts = zip_longest(row, stack, stack[1:], [found.nodes, *found.clusters])
    for panel, level, above, values in parts:
        panel.set(xlim=box[:, 0], ylim=box[:, 1])
        _draw_panel(panel, level, above, values, unit)
    write_names(row[0], stack[0], graph.node_names)
    write_titles(row, graph, stack)
    if axes is None:
        fit_height(row, text=1.7)  # with a colour bar
    return row


def _check(found: Any, clf: Any, sizes: list[int]) -> None:
    """Check that an explanation has a label of the model, and fits the panels."""
    kind = type_name(found)
    require(isinstance(found, Explanation), "explanation", "an Explanation", kind)
    seen = [len(found.nodes), *map(len, found.clusters)]
    required = f"of this graph and model, with {sizes} nodes and clusters"
    require(seen == sizes, "explanation", required, seen)
    n_outputs = clf.targets_.n_outputs
    several = [None] if n_outputs == 1 else [*range(n_outputs)]
    labels = several if clf.kind == "regressor" else clf.classes_.tolist()
    require(found.label in labels, "label of explanation", f"in {labels}", found.label)


def _unit(found: Explanation, clf: Any) -> str:
    """Return what a contribution is a part of, and how it was computed."""
    of = f"logit of class {found.label}"
    if clf.kind == "regressor":
        of = "prediction"
        if found.label is not None:  # one of several targets
            names = clf.target_names_
            of += f" of {names[found.label] if names else f'target {found.label}'}"
    return f"contribution to the {of}, {found.output:.2f}, by {found.method}"


def _draw_panel(
    axes: Axes, level: Level, above: Level | None, values: Floats, unit: str
) -> None:
    """Draw one level, its colour bar and its caption."""
    largest = np.max(np.abs(values[level.used]), initial=0) or 1.0
    scale = ScalarMappable(CenteredNorm(halfrange=largest), COLOURS)
    pairs, weights, *_ = links(level)
    draw_level(axes, level, pairs, weights, scale.to_rgba(values)[:, :3])
    if above is not None:
        greys = np.full((1 + above.colour.max(), 3), 0.5)
        draw_outlines(axes, level, above, pairs, greys)
    place: Any = {"orientation": "horizontal", "shrink": 0.8, "pad": 0.12}
    bar = axes.figure.colorbar(scale, ax=axes, **place)
    bar.set_label(unit, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.ax.xaxis.set_major_locator(MaxNLocator(5))
    unused, notes = values[~level.used], []
    if len(unused):
        least, most = (f"{end:.2g}" for end in (unused.min(), unused.max()))
        ends = least if least == most else f"{least} to {most}"
        notes.append(f"{pluralise(len(unused), 'unused cluster')}: {ends}")
    if above is not None:
        notes.append("dotted: connected parts of clusters")
    axes.set_xlabel("\n".join(notes), fontsize=8, color="0.35")
