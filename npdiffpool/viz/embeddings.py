"""Graphs as points in the plane, by class or by target."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from npdiffpool._support.arguments import require
from npdiffpool.estimators.targets import numbers
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Floats, Graph
from npdiffpool.viz.drawing.axes import row_of_axes
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.drawing.colours import ink, palette
from npdiffpool.viz.drawing.words import count

# Ten shapes that differ in outline; with more classes they come round again.
MARKERS = "os^DvP*X<>"


class Projection(NamedTuple):
    """Hold points in the plane, and the share of the variance along each axis."""

    points: Floats  # (G, 2)
    shares: Floats  # (2,)


def plot_embeddings(
    clf: Any, graphs: Any, labels: Any = None, axes: Any = None
) -> Axes:
    """Draw graphs as points where a fitted model sees them.

    Their embeddings, ``clf.transform(graphs)``, projected on their first two
    principal components. Each class has a colour and a shape of its own, so that
    they can be told apart in grey too; of a regressor the colour is the target.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier or DiffPoolRegressor
    graphs : sequence of Graph, or Dataset
        At least two.
    labels : sequence, as long as `graphs`, optional
        Of a classifier numbers or strings, known to it or not, of a regressor finite
        numbers. Where not given ``graphs.labels``, or else each graph's own label.
    axes : matplotlib axes, optional
        Made with ``matplotlib.pyplot.subplots`` where not given.

    Returns
    -------
    matplotlib axes
        Their labels say what share of the embeddings' variance lies along each. The
        colour bar of a regressor has its own, beside them.

    Raises
    ------
    ValueError
        If there are fewer than two graphs, a graph has no label, labels are not one
        a graph, or of a regressor not finite numbers, an embedding is not finite, or
        `axes` are not one matplotlib axes.

    Notes
    -----
    A component points where its largest entry is positive, so that the same model and
    graphs give the same picture. Distances are those of the embeddings if the two
    shares sum to 100 %, and less otherwise; the two axes have different scales.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> dataset = load_dataset("MUTAG")[:20]
    >>> clf = DiffPoolClassifier(epochs=1).fit(dataset, dataset.labels)
    >>> axes = plot_embeddings(clf, dataset, axes=Figure().subplots())
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['class -1: 8 graphs', 'class 1: 12 graphs']
    """
    require_fitted(clf, "transform")
    chosen = check_graphs(graphs)
    require(len(chosen) >= 2, "graphs", "at least 2, to project", len(chosen))
    given = getattr(graphs, "labels", None) if labels is None else labels
    kept = _check_labels(chosen, given)
    is_regressor = getattr(clf, "kind", "classifier") == "regressor"
    targets = numbers(kept, len(chosen)) if is_regressor else kept
    embeddings = np.asarray(clf.transform(chosen), dtype=np.float64)
    projection = project(embeddings)
    panel: Axes = row_of_axes(axes, 1, (6.0, 4.5))[0]
    (_draw_targets if is_regressor else _draw_classes)(panel, projection, targets)
    named = zip(("first", "second"), projection.shares, (panel.xaxis, panel.yaxis))
    for name, share, axis in named:
        axis.set_label_text(f"{name} component ({share:.0%} of the variance)")
    G, D = embeddings.shape
    caption = f"{G} graphs, embeddings of {count(D, 'number')}"
    panel.set_xlabel(f"{panel.get_xlabel()}\n{caption}")
    return panel


def project(embeddings: Floats) -> Projection:
    """Project rows, (G, D), on their first two principal components.

    What has no second component, or no first, is at 0 there, with a share of 0.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    wrong = embeddings[~np.isfinite(embeddings)]
    require(len(wrong) == 0, "clf.transform(graphs)", "finite", wrong[:1].tolist())
    centred = embeddings - embeddings.mean(axis=0)
    _, lengths, components = np.linalg.svd(centred, full_matrices=False)
    largest = np.argmax(np.abs(components), axis=1)
    components *= np.sign(components[np.arange(len(components)), largest])[:, None]
    # 1e-12: shorter ones are roundings of float64, of which a plot would make much.
    real = lengths > 1e-12 * np.max(np.abs(embeddings), initial=0)
    lengths, found = lengths[real], centred @ components[real][:2].T
    points, shares = np.zeros((len(embeddings), 2)), np.zeros(2)
    points[:, : found.shape[1]] = found
    if len(lengths):
        squares = (lengths / lengths[0]) ** 2
        shares[: found.shape[1]] = squares[:2] / squares.sum()
    return Projection(points, shares)


def _check_labels(graphs: list[Graph], given: Any) -> npt.NDArray[Any]:
    """Return the labels given, or the graphs' own: one a graph, none missing."""
    labels = [graph.label for graph in graphs] if given is None else given
    kept = np.asarray(labels)
    require(kept.shape == (len(graphs),), "labels", f"({len(graphs)},)", kept.shape)
    for index, label in enumerate(kept):
        if label is None:
            raise ValueError(
                "labels must be given where graphs have none of their own, none "
                f"missing; got None for graphs[{index}]"
            )
    return kept


def _draw_classes(axes: Axes, projection: Projection, labels: Any) -> None:
    """Draw each class in its colour and shape, and count them in the legend."""
    if labels.dtype == object:
        labels = labels.astype(str)  # as pandas holds them
    classes, of_class = np.unique(labels, return_inverse=True)
    for k, colour in enumerate(palette(len(classes))):
        own = of_class == k
        marker = MARKERS[k % len(MARKERS)]
        name = f"class {classes[k]}: {count(int(own.sum()), 'graph')}"
        x, y = projection.points[own].T
        points = axes.scatter(x, y, _size(len(labels)), marker=marker, label=name)
        points.set(facecolor=colour, edgecolor=ink(colour), alpha=0.75, gid="points")
    # Above the panel, where no point can be under it.
    above: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(ncols=3, fontsize=8, frameon=False, columnspacing=1, **above)


def _draw_targets(axes: Axes, projection: Projection, targets: Floats) -> None:
    """Draw points coloured by target, and the scale of the colours."""
    x, y = projection.points.T
    points = axes.scatter(x, y, _size(len(targets)), targets, cmap="viridis")
    points.set(edgecolor="0.3", linewidth=0.5, gid="points")
    axes.figure.colorbar(points, ax=axes, label="target")


def _size(n_points: int) -> float:
    """Choose the area of a marker, in square points: small where many."""
    return float(np.clip(15000 / n_points, 10, 40))
