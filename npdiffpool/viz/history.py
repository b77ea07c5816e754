"""How the training went: losses and accuracies, epoch by epoch."""

from __future__ import annotations

from numbers import Real
from typing import Any, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from npdiffpool._support.arguments import require, require_int
from npdiffpool.graphs.graph import Floats
from npdiffpool.viz.drawing.axes import AxesRow, row_of_axes
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.drawing.colours import OKABE_ITO

BLUE, ORANGE, GREEN, _, _, VERMILION, _, BLACK = OKABE_ITO
# Key in a record, name in the legend, colour, dashes: each line differs in both.
NATS = (
    ("loss", "total", BLACK, "-"),
    ("validation_loss", "cross-entropy, validation", VERMILION, (0, (5, 1.5))),
    ("cross_entropy", "cross-entropy", BLUE, (0, (3, 1, 1, 1))),
    ("entropy_loss", "entropy", GREEN, (0, (2, 1))),
)
LINK = (("link_loss", "link (right scale)", ORANGE, "-"),)
ACCURACIES = (
    ("train_accuracy", "train", BLUE, "-"),
    ("validation_accuracy", "validation", VERMILION, (0, (5, 1.5))),
)
Lines = Sequence[tuple[str, str, str, Any]]


def plot_history(clf: Any, axes: Any = None) -> AxesRow:
    """Draw how the training of a classifier went.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier or DiffPoolRegressor
        Its ``history_`` and ``best_epoch_`` are read.
    axes
        See `draw_history`, which also says what the picture shows.

    Returns
    -------
    array of 2 matplotlib axes

    Raises
    ------
    ValueError
        If `clf` is not fitted, or `axes` are not 2 axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> mutag = load_dataset("MUTAG")[:8]
    >>> clf = DiffPoolClassifier(hidden=8, epochs=2).fit(mutag, mutag.labels)
    >>> losses, accuracies = plot_history(clf, axes=Figure().subplots(1, 2))
    >>> losses.get_ylabel(), accuracies.get_ylabel()
    ('loss (nats)', 'accuracy (% of graphs)')
    """
    require_fitted(clf, "history_")
    return draw_history(clf.history_, getattr(clf, "best_epoch_", None), axes)


def draw_history(
    history: Sequence[Mapping[str, Any]],
    best_epoch: int | None = None,
    axes: Any = None,
) -> AxesRow:
    """Draw losses and accuracies over epochs, the kept epoch dotted.

    Left the losses in nats: the total, the cross-entropy of training and validation
    graphs, the entropy loss. The link loss is a norm of edge weights, not nats, so
    it has a scale of its own on the right. Right the accuracies, in percent.

    Parameters
    ----------
    history : sequence of dicts
        One an epoch. Read are ``epoch`` (counted from 1 where missing), ``loss``,
        ``validation_loss``, ``cross_entropy``, ``entropy_loss``, ``link_loss``,
        ``train_accuracy`` and ``validation_accuracy`` (as fractions); what no
        record holds is not drawn, and None leaves a gap.
    best_epoch : int, optional
        Where the vertical dotted line goes, in the numbers of ``epoch``.
    axes : array of 2 matplotlib axes, optional
        Made with ``matplotlib.pyplot.subplots`` where not given.

    Returns
    -------
    array of 2 matplotlib axes
        The link loss's scale is a twin of the first.

    Raises
    ------
    ValueError
        If there is no epoch, one is no dict of numbers, or not exactly 2 axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> history = [{"loss": 2.0, "train_accuracy": 0.5}, {"loss": 1.0}]
    >>> losses, accuracies = draw_history(history, axes=Figure().subplots(1, 2))
    >>> losses.lines[0].get_ydata(), accuracies.lines[0].get_ydata()
    (array([2., 1.]), array([50., nan]))
    """
    _check(history, best_epoch)
    row = row_of_axes(axes, 2, (9.0, 3.6))
    losses, accuracies = row
    handles = _draw_lines(losses, history, NATS)
    if _column(history, "link_loss") is not None:
        right = losses.twinx()
        handles += _draw_lines(right, history, LINK)
        right.set_ylabel("link loss (edge weight)")
        _from_zero(right)
        right.spines["top"].set_visible(False)
    is_classifier = _column(history, "cross_entropy") is not None
    losses.set_ylabel("loss (nats)" if is_classifier else "loss")
    _from_zero(losses)
    kept = _draw_lines(accuracies, history, ACCURACIES, scale=100)
    accuracies.set_ylabel("accuracy (% of graphs)")
    if not kept:
        middle = {"ha": "center", "transform": accuracies.transAxes}
        accuracies.text(0.5, 0.5, "no accuracies were recorded", **middle)
    for panel, lines in ((losses, handles), (accuracies, kept)):
        _finish(panel, lines, best_epoch)
    return row


def _check(history: Any, best_epoch: Any) -> None:
    if isinstance(history, (list, tuple)) and len(history) == 0:
        raise ValueError("history must hold at least one epoch; got none")
    usable = isinstance(history, (list, tuple))
    usable = usable and all(isinstance(row, Mapping) for row in history)
    require(usable, "history", "a list of dicts", history)
    for row in history:
        for key in ("epoch", *(line[0] for line in (*NATS, *LINK, *ACCURACIES))):
            usable = row.get(key) is None or isinstance(row[key], Real)
            require(usable, f"{key} in history", "a number", row.get(key))
    if best_epoch is not None:
        require_int("best_epoch", best_epoch, 1)


def _column(history: Sequence[Mapping[str, Any]], key: str) -> Floats | None:
    values = [record.get(key) for record in history]
    if all(value is None for value in values):
        return None
    return np.array([np.nan if value is None else value for value in values], float)


def _draw_lines(
    axes: Axes, history: Sequence[Mapping[str, Any]], lines: Lines, scale: float = 1
) -> list[Any]:
    epochs = [record.get("epoch", i) for i, record in enumerate(history, start=1)]
    marker = "o" if len(epochs) == 1 else None  # a line of one point is invisible
    handles = []
    for key, name, colour, dashes in lines:
        values = _column(history, key)
        if values is not None:
            style = {"color": colour, "linestyle": dashes, "marker": marker}
            handles += axes.plot(epochs, scale * values, label=name, gid=key, **style)
    return handles


def _from_zero(axes: Axes) -> None:
    """Begin the scale at 0, and end it where no line runs along the edge."""
    highest = axes.dataLim.y1
    axes.set_ylim(0, 1.05 * highest if highest > 0 else 1)


def _finish(axes: Axes, handles: list[Any], best_epoch: int | None) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines["top"].set_visible(False)
    if best_epoch is not None:
        line = axes.axvline(best_epoch, label=f"kept: epoch {best_epoch}", gid="kept")
        line.set(color="0.35", linestyle=":", linewidth=1.3, zorder=1)
        handles = [*handles, line]
    # Above the panel, where no line can run through it.
    above: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    look: Any = {"fontsize": 8, "frameon": False, "columnspacing": 1}
    axes.legend(handles=handles, ncols=3, **above, **look)
