"""Plot of a training history: losses and accuracies by epoch."""

from __future__ import annotations

from numbers import Real
from typing import Any, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from npdiffpool._support.arguments import require, require_choice, require_int
from npdiffpool._support.types import Floats
from npdiffpool.viz.drawing.axes import AxesRow, legend_above, row_of_axes
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.drawing.colours import OKABE_ITO

BLUE, ORANGE, GREEN, PURPLE, SKY_BLUE, VERMILION, _, BLACK = OKABE_ITO
# Key in a history row: name in the legend, colour, line style. Lines differ in both.
NATS = {
    "loss": ("total (weighted sum)", BLACK, "-"),
    "validation_loss": ("cross-entropy, validation", VERMILION, (0, (5, 1.5))),
    "cross_entropy": ("cross-entropy", BLUE, (0, (3, 1, 1, 1))),
    "entropy_loss": ("entropy", GREEN, (0, (2, 1))),
}
LINK_FORMULAS = {
    "frobenius": "||A - S S^T||_F",
    "nodes": "||A - S S^T||_F / n",
    "entries": "||A - S S^T||_F / n^2",
    "relative": "||A / c - S S^T||_F",
}
ERRORS = {
    "squared_error": ("train", BLUE, "-"),
    "validation_loss": ("validation", VERMILION, (0, (5, 1.5))),
}
OF_TARGET = "validation_loss_"  # a number follows
# Lines of targets: 5 colours and 3 styles in turn, so that 15 targets differ.
COLOURS = GREEN, ORANGE, BLACK, PURPLE, SKY_BLUE
STYLES = (0, (2, 1)), (0, (3, 1, 1, 1)), (0, (1, 1.5))
LINK = {"link_loss": ("link (right scale)", ORANGE, "-")}
ACCURACIES = {
    "train_accuracy": ("train", BLUE, "-"),
    "validation_accuracy": ("validation", VERMILION, (0, (5, 1.5))),
}
VALIDATED = ("validation_loss", "validation_accuracy")
Lines = Mapping[str, tuple[str, str, Any]]
History = Sequence[Mapping[str, Any]]


def plot_history(clf: Any, axes: Any = None) -> AxesRow:
    """Plot the training history of a fitted model.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier, DiffPoolRegressor or DiffPoolClusterer
        ``clf.history_`` and ``clf.best_epoch_`` are drawn.
    axes : array of 2 matplotlib axes, optional
        As for `draw_history`, which also describes the picture; one for a clusterer.

    Returns
    -------
    array of 2 matplotlib axes, or of 1

    Raises
    ------
    ValueError
        If `clf` is not fitted, or `axes` does not hold 2 axes, or 1.

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
    best_epoch = getattr(clf, "best_epoch_", None)
    link_scale = getattr(clf, "link_scale", "frobenius")
    names = getattr(clf, "target_names_", None)
    weighted = getattr(clf, "class_weight", None) is not None
    return draw_history(clf.history_, best_epoch, axes, link_scale, names, weighted)


def draw_history(
    history: History,
    best_epoch: int | None = None,
    axes: Any = None,
    link_scale: str = "frobenius",
    target_names: Sequence[str] | None = None,
    weighted: bool = False,
) -> AxesRow:
    """Plot losses and accuracies by epoch, and mark the best epoch.

    The left panel has the losses in nats: the cross-entropy of training and validation
    graphs, and the entropy loss, summed over levels. The link loss, summed over levels
    too, is a norm, not in nats, so it has its own scale on the right.
    The total is the weighted sum of all three. The right panel has the accuracies in
    percent; for a regressor it has the squared errors, in units of the variance of the
    training targets, and those of each of several targets. Without either, as for a
    clusterer, there is no right panel. The scales show the change of the lines: they
    need not start at 0.

    Parameters
    ----------
    history : sequence of dicts
        One per epoch, with any of the keys ``epoch`` (by default counted from 1),
        ``loss``, ``validation_loss``, ``cross_entropy`` or ``squared_error``,
        ``entropy_loss``, ``link_loss``, ``train_accuracy`` and ``validation_accuracy``
        (as fractions), and ``validation_loss_0``, ... of several targets.
        None, or a key missing from some rows, leaves a gap in the line.
    best_epoch : int, optional
        Epoch to mark with a vertical dotted line. It is called the best epoch if the
        history has a validation loss or accuracy, and the kept epoch otherwise.
    axes : array of 2 matplotlib axes, or of 1 without a right panel, optional
        Axes to draw on; by default those of a new pyplot figure.
    link_scale : "frobenius", "nodes", "entries" or "relative"
        The model's parameter, for the formula of the link loss.
    target_names : sequence of str, optional
        The names of the targets 0, 1, ..., for the legend; by default their numbers.
    weighted : bool
        Whether training losses and accuracies are weighted by class, for the legend.

    Returns
    -------
    array of 2 matplotlib axes, or of 1
        The axes of the link loss are a twin of the first.

    Raises
    ------
    ValueError
        If `history` is empty or not a list of dicts of numbers, `axes` does not hold
        as many axes as there are panels, `link_scale` is another word, or there is not
        a name for each target.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> history = [{"loss": 2.0, "train_accuracy": 0.5}, {"loss": 1.0}]
    >>> losses, accuracies = draw_history(history, axes=Figure().subplots(1, 2))
    >>> losses.lines[0].get_ydata(), accuracies.lines[0].get_ydata()
    (array([2., 1.]), array([50., nan]))
    """
    _check(history, best_epoch, target_names)
    require_choice("link_scale", link_scale, [*LINK_FORMULAS])
    is_regressor = _has(history, "squared_error")
    has_scores = is_regressor or _has(history, *ACCURACIES)
    row = row_of_axes(axes, 1 + has_scores, (4.5 * (1 + has_scores), 3.6))
    panels = [(row[0], _draw_losses(row[0], history, link_scale, weighted))]
    if is_regressor:
        panels.append((row[1], _draw_errors(row[1], history, target_names)))
    elif has_scores:
        looks = _name_weighted(ACCURACIES, weighted)
        panels.append((row[1], _draw_lines(row[1], history, looks, scale=100)))
        row[1].set_ylabel("accuracy (% of graphs)")
    is_best = _has(history, *VALIDATED)
    mark = None if best_epoch is None else (best_epoch, "best" if is_best else "kept")
    for panel, lines in panels:
        _finish(panel, lines, mark)
    return row


def _check(history: Any, best_epoch: Any, names: Any) -> None:
    is_list = isinstance(history, (list, tuple))
    if is_list and len(history) == 0:
        raise ValueError("history must hold at least one epoch; got none")
    valid = is_list and all(isinstance(row, Mapping) for row in history)
    require(valid, "history", "a list of dicts", history)
    for row in history:
        for key in ("epoch", *NATS, *LINK, *ACCURACIES, *ERRORS):
            valid = row.get(key) is None or isinstance(row[key], Real)
            require(valid, f"{key} in history", "a number", row.get(key))
    if best_epoch is not None:
        require_int("best_epoch", best_epoch, 1)
    if names is not None:
        is_list = isinstance(names, (list, tuple))
        named = is_list and all(isinstance(name, str) for name in names)
        fits = named and len(names) > max(_targets_of(history), default=-1)
        require(fits, "target_names", "a list with a name for each target", names)


def _targets_of(history: History) -> list[int]:
    """Return the numbers of the targets that have losses, if there are several."""
    keys = {key for row in history for key in row if key.startswith(OF_TARGET)}
    ends = [key.removeprefix(OF_TARGET) for key in keys]
    return sorted(int(end) for end in ends if end.isdecimal())


def _has(history: History, *keys: str) -> bool:
    """Return whether an epoch has a number for one of these keys."""
    return any(row.get(key) is not None for row in history for key in keys)


def _column(history: History, key: str) -> Floats | None:
    """Return one number per epoch, NaN where missing; None if all are missing."""
    values = [row.get(key) for row in history]
    if all(value is None for value in values):
        return None
    return np.array([np.nan if value is None else value for value in values], float)


def _draw_lines(
    axes: Axes, history: History, lines: Lines, scale: float = 1
) -> list[Any]:
    epochs = [row.get("epoch", i) for i, row in enumerate(history, start=1)]
    marker = "o" if len(epochs) == 1 else None  # a line of one point is invisible
    drawn = []
    for key, (name, colour, dashes) in lines.items():
        values = _column(history, key)
        if values is not None:
            style = {"color": colour, "linestyle": dashes, "marker": marker}
            drawn += axes.plot(epochs, scale * values, label=name, gid=key, **style)
    return drawn


def _draw_losses(
    axes: Axes, history: History, link_scale: str, weighted: bool
) -> list[Any]:
    """Draw the losses in nats and, on a scale of its own, the link loss."""
    # The validation loss of a regressor is not in nats: it is in the right panel.
    elsewhere = ERRORS if _has(history, "squared_error") else ()
    own = {key: look for key, look in NATS.items() if key not in elsewhere}
    drawn = _draw_lines(axes, history, _name_weighted(own, weighted))
    if _has(history, "link_loss"):
        right = axes.twinx()
        drawn += _draw_lines(right, history, _name_weighted(LINK, weighted))
        right.set_ylabel(f"link loss, ${LINK_FORMULAS[link_scale]}$")
        right.spines["top"].set_visible(False)
    axes.set_ylabel("loss (nats)" if _has(history, "cross_entropy") else "loss")
    return drawn


def _name_weighted(lines: Lines, weighted: bool) -> Lines:
    """Return lines whose names say which are weighted by class: those of training."""
    return {
        key: (name if key in VALIDATED or not weighted else f"{name}, weighted", *look)
        for key, (name, *look) in lines.items()
    }


def _draw_errors(
    axes: Axes, history: History, names: Sequence[str] | None
) -> list[Any]:
    """Draw the squared errors of a regressor, and those of each of its targets."""
    several: dict[str, Any] = {}
    for j in _targets_of(history):
        name = f"target {j}" if names is None else names[j]
        look = COLOURS[j % len(COLOURS)], STYLES[j % len(STYLES)]
        several[f"{OF_TARGET}{j}"] = f"validation, {name}", *look
    drawn = _draw_lines(axes, history, {**ERRORS, **several})
    axes.set_ylabel("squared error (variance of the targets = 1)")
    return drawn


def _finish(axes: Axes, lines: list[Any], mark: tuple[int, str] | None) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines["top"].set_visible(False)
    if mark is not None:
        epoch, kind = mark
        line = axes.axvline(epoch, label=f"{kind} epoch: {epoch}", gid="best")
        line.set(color="0.35", linestyle=":", linewidth=1.3, zorder=1)
        lines = [*lines, line]
    legend_above(axes, 3, handles=lines, columnspacing=1)
