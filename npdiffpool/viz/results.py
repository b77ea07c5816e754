"""Plot of accuracies and their spread, beside published ones."""

from __future__ import annotations

from numbers import Real
from typing import Any, Mapping, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from npdiffpool.viz.drawing.axes import AxesRow, label_rows, legend_above, row_of_axes
from npdiffpool.viz.drawing.colours import OKABE_ITO

BLUE, VERMILION = OKABE_ITO[0], OKABE_ITO[5]
# A disc and a hollow diamond differ in shape and fill, not only in colour.
LOOKS: dict[str, Any] = {
    "measured": {"fmt": "o", "color": BLUE},
    "published": {"fmt": "D", "color": VERMILION, "markerfacecolor": "white"},
}
_OFFSET = 0.14  # from the middle of a row that has both: measured above


class Accuracy(NamedTuple):
    """An accuracy as a fraction; the spread is NaN if unknown."""

    mean: float
    spread: float


Rows = Mapping[str, Accuracy]


def plot_results(
    results: Mapping[str, Any],
    published: Mapping[str, Any] | None = None,
    axes: Any = None,
) -> AxesRow:
    """Plot accuracies with their spread, beside published ones.

    There is one row per name, in the order of `results`, then those only in
    `published`. A disc is a measured accuracy, a hollow diamond a published one; the
    bars extend one spread to either side. The spread is the standard deviation over
    folds that `cross_validate` returns: the variation between folds, not the standard
    error of the mean.

    Parameters
    ----------
    results : mapping of names to (mean, spread) or `Evaluation`
        Accuracies as fractions. The `score` and `spread` of an `Evaluation` are those
        of test accuracies ("fair") or of validation accuracies ("paper").
    published : mapping of names to mean or (mean, spread), optional
        A mean without a spread has no bar.
    axes : matplotlib axes, or array of 1, optional
        Axes to draw on; by default those of a new pyplot figure.

    Returns
    -------
    array of 1 matplotlib axes
        The horizontal axis is in percent.

    Raises
    ------
    ValueError
        If there is no result, a mean or spread is not a fraction, the spread of a
        result is missing, an `Evaluation` is of a regressor, or `axes` is not one
        matplotlib axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> results = {"DiffPool": (0.67, 0.05), "flat": (0.61, 0.06)}
    >>> published = {"DiffPool": (0.595, 0.056), "GIN": 0.596}
    >>> (axes,) = plot_results(results, published, Figure().subplots())
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['DiffPool', 'flat', 'GIN']
    """
    published = {} if published is None else published
    for argument, value in (("results", results), ("published", published)):
        if not isinstance(value, Mapping):
            raise ValueError(f"{argument} must map names to accuracies; got {value!r}")
    if len(results) == 0:
        raise ValueError("results must contain at least one accuracy; got none")
    measured = {name: _measured(name, value) for name, value in results.items()}
    others = {name: _published(name, value) for name, value in published.items()}
    names = list(dict.fromkeys([*measured, *others]))
    row = row_of_axes(axes, 1, (6.0, 1.4 + 0.45 * len(names)))
    panel: Axes = row[0]
    _draw(panel, "measured", measured, _heights(names, measured, others, -_OFFSET))
    if others:
        _draw(panel, "published", others, _heights(names, others, measured, _OFFSET))
    label_rows(panel, names)
    panel.set_xlabel(
        "accuracy (% of graphs)\nbars: ± one standard deviation over folds"
    )
    legend_above(panel, 2)
    return row


def _draw(axes: Axes, kind: str, rows: Rows, heights: list[float]) -> None:
    """Draw the points of a kind, with bars where the spread is known."""
    means, spreads = 100 * np.array(list(rows.values())).T
    bars = axes.errorbar(means, heights, xerr=spreads, capsize=3, **LOOKS[kind])
    bars.lines[0].set(label=kind, gid=kind)
    for part in (*bars.lines[1], *bars.lines[2]):
        part.set_gid(f"{kind} spread")


def _heights(names: list[str], rows: Rows, others: Rows, offset: float) -> list[float]:
    """Return the middle of each row, plus `offset` if `others` has the row too."""
    return [names.index(name) + (offset if name in others else 0) for name in rows]


def _measured(name: str, value: Any) -> Accuracy:
    """Validate a measured accuracy: an evaluation or a pair."""
    form = "(mean, spread), fractions in 0 ... 1, or an Evaluation"
    if hasattr(value, "score") and hasattr(value, "spread"):
        measure = getattr(value, "measure", "accuracy")
        if measure != "accuracy":
            seen = f"{measure} of a regressor"
            raise ValueError(f"results[{name!r}] must be accuracies; got {seen}")
        value = value.score, value.spread
    return _accuracy(f"results[{name!r}]", form, value)


def _published(name: str, value: Any) -> Accuracy:
    """Validate a published accuracy: a pair, or only a mean."""
    form = "a mean or (mean, spread), fractions in 0 ... 1"
    if _is_fraction(value):
        return Accuracy(float(value), np.nan)
    return _accuracy(f"published[{name!r}]", form, value)


def _accuracy(name: str, form: str, value: Any) -> Accuracy:
    is_pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not is_pair or not all(map(_is_fraction, value)):
        raise ValueError(f"{name} must be {form}; got {value!r}")
    return Accuracy(*map(float, value))


def _is_fraction(value: Any) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and 0 <= float(value) <= 1
