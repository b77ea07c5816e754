"""Plot of graphs as points, by the first two principal components of embeddings."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from npdiffpool._support.arguments import require, require_labels
from npdiffpool._support.types import Array, Floats
from npdiffpool.estimators.fitting.targets import check_numeric_targets
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.viz.drawing.axes import AxesRow, legend_above, pluralise, row_of_axes
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.drawing.colours import outline_colours, palette

MARKERS = "os^DvP*X<>"  # ten outlines; more than ten classes reuse them


class Projection(NamedTuple):
    """Points in the plane, and each axis's share of the variance."""

    points: Floats  # (G, 2)
    shares: Floats  # (2,)


def plot_embeddings(
    clf: Any, graphs: Any, labels: Any = None, axes: Any = None
) -> AxesRow:
    """Plot the embeddings of graphs by a fitted model.

    The embeddings ``clf.transform(graphs)`` are projected on their first two principal
    components. For a classifier each class has a colour and a marker shape, so that
    classes can be distinguished in grey too; for a regressor the colour is the target.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier or DiffPoolRegressor
    graphs : sequence of Graph, or Dataset
        At least two.
    labels : sequence, as long as `graphs`, optional
        For a classifier numbers or strings, seen in training or not; for a regressor
        finite numbers. By default ``graphs.labels`` if `graphs` has that, else the
        label of each graph.
    axes : matplotlib axes, or array of 1, optional
        Axes to draw on; by default those of a new pyplot figure.

    Returns
    -------
    array of 1 matplotlib axes
        The axis labels give the share of the variance along each. The colour bar of a
        regressor has separate axes.

    Raises
    ------
    ValueError
        If there are fewer than two graphs, labels are missing or not one per graph or,
        for a regressor, not finite numbers, an embedding is not finite, or `axes` is
        not one matplotlib axes.

    Notes
    -----
    The sign of a component is chosen so that its largest entry is positive: the same
    model and graphs give the same picture. Distances in the picture are those of the
    embeddings only if the two shares sum to 100 %. The two axes have different scales.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> dataset = load_dataset("MUTAG")[:20]
    >>> clf = DiffPoolClassifier(epochs=1).fit(dataset, dataset.labels)
    >>> (axes,) = plot_embeddings(clf, dataset, axes=Figure().subplots())
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['class -1: 8 graphs', 'class 1: 12 graphs']
    """
    require_fitted(clf, "transform")
    chosen = check_graphs(graphs)
    require(len(chosen) >= 2, "graphs", "at least 2, to project", len(chosen))
    values: Any = getattr(graphs, "labels", None) if labels is None else labels
    if labels is None and np.ndim(values) == 2:
        n_targets, required = np.shape(values)[1], "one target, such as labels[:, 0]"
        raise ValueError(f"labels must be {required}; got {n_targets} targets")
    targets = _check_labels(chosen, values)
    is_regressor = getattr(clf, "kind", "classifier") == "regressor"
    if is_regressor:
        targets = check_numeric_targets(targets, len(chosen))
    named = graphs if hasattr(graphs, "feature_names") else chosen
    embeddings = np.asarray(clf.transform(named), dtype=np.float64)
    projection = project(embeddings)
    row = row_of_axes(axes, 1, (6.0, 4.5))
    panel: Axes = row[0]
    (_draw_targets if is_regressor else _draw_classes)(panel, projection, targets)
    first, second = (f"component ({s:.0%} of the variance)" for s in projection.shares)
    G, D = embeddings.shape
    caption = f"{G} graphs, embeddings of {pluralise(D, 'number')}"
    panel.set(xlabel=f"first {first}\n{caption}", ylabel=f"second {second}")
    return row


def project(embeddings: Floats) -> Projection:
    """Project rows, (G, D), on their first two principal components.

    If there are fewer than two components, the missing coordinates and shares are 0.

    Raises
    ------
    ValueError
        If an embedding is not finite.
    """
    wrong = embeddings[~np.isfinite(embeddings)]
    require(len(wrong) == 0, "clf.transform(graphs)", "finite", wrong[:1].tolist())
    centred = embeddings - embeddings.mean(axis=0)
    _, lengths, components = np.linalg.svd(centred, full_matrices=False)
    largest = np.argmax(np.abs(components), axis=1)
    components *= np.sign(components[np.arange(len(components)), largest])[:, None]
    # 1e-12: shorter components are rounding errors of float64.
    real = lengths > 1e-12 * np.max(np.abs(embeddings), initial=0)
    lengths, coordinates = lengths[real], centred @ components[real][:2].T
    points, shares = np.zeros((len(embeddings), 2)), np.zeros(2)
    points[:, : coordinates.shape[1]] = coordinates
    if len(lengths):
        squares = (lengths / lengths[0]) ** 2
        shares[: coordinates.shape[1]] = squares[:2] / squares.sum()
    return Projection(points, shares)


def _check_labels(graphs: list[Graph], values: Any) -> Array:
    """Return the given labels, or the graphs' own, one per graph, as an array."""
    own = [graph.label for graph in graphs]
    labels = require_labels("labels", own if values is None else values, len(graphs))
    missing = [index for index, label in enumerate(labels) if label is None]
    if missing:
        raise ValueError(
            "labels must be given, none missing, if graphs have no labels; "
            f"got None for graphs[{missing[0]}]"
        )
    return labels


def _draw_classes(axes: Axes, projection: Projection, labels: Array) -> None:
    """Draw each class in its colour and shape, with its size in the legend."""
    if labels.dtype == object:
        labels = labels.astype(str)  # strings of a pandas column
    classes, of_class = np.unique(labels, return_inverse=True)
    for k, colour in enumerate(palette(len(classes))):
        members = of_class == k
        marker = MARKERS[k % len(MARKERS)]
        name = f"class {classes[k]}: {pluralise(int(members.sum()), 'graph')}"
        x, y = projection.points[members].T
        points = axes.scatter(x, y, _area(len(labels)), marker=marker, label=name)
        points.set(facecolor=colour, edgecolor=outline_colours(colour))
        points.set(alpha=0.75, gid="points")
    legend_above(axes, 3, columnspacing=1)


def _draw_targets(axes: Axes, projection: Projection, targets: Floats) -> None:
    """Draw points coloured by target, and a colour bar."""
    x, y = projection.points.T
    points = axes.scatter(x, y, _area(len(targets)), targets, cmap="viridis")
    points.set(edgecolor="0.3", linewidth=0.5, gid="points")
    axes.figure.colorbar(points, ax=axes, label="target")


def _area(n_points: int) -> float:
    """Return the area of a marker in square points, smaller for many points."""
    return float(np.clip(15000 / n_points, 10, 40))
