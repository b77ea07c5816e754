"""Accuracies with their spread, beside those that others published."""

from __future__ import annotations

from numbers import Real
from typing import Any, Mapping, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from npdiffpool.viz.drawing.axes import row_of_axes
from npdiffpool.viz.drawing.colours import OKABE_ITO

BLUE, VERMILION = OKABE_ITO[0], OKABE_ITO[5]
# A disc, and a hollow diamond: they differ in shape and fill, not in colour alone.
LOOKS: dict[str, Any] = {
    "measured": {"fmt": "o", "color": BLUE},
    "published": {"fmt": "D", "color": VERMILION, "markerfacecolor": "white"},
}
_APART = 0.14  # of a row, from its middle: measured above, published below


class Accuracy(NamedTuple):
    """Hold one accuracy, in fractions; the spread is NaN where it is not known."""

    mean: float
    spread: float


Rows = Mapping[str, Accuracy]


def plot_results(
    results: Mapping[str, Any],
    published: Mapping[str, Any] | None = None,
    axes: Any = None,
) -> Axes:
    """Draw accuracies with their spread, beside published ones.

    A row a name, in the order given, those that are only published last. A disc is
    what was measured, a hollow diamond what was published; the bars go one spread to
    either side. The spread is a standard deviation over folds, as `cross_validate`
    gives it: how much one fold's accuracy differs, not how well the mean is known.

    Parameters
    ----------
    results : mapping of names to (mean, spread) or `Evaluation`
        Accuracies as fractions. Of an `Evaluation` `score` and `spread` are taken:
        of test accuracies ("fair") or of validation accuracies ("paper").
    published : mapping of names to mean or (mean, spread), optional
        A mean alone has no bar.
    axes : matplotlib axes, optional
        Made with ``matplotlib.pyplot.subplots`` where not given.

    Returns
    -------
    matplotlib axes
        Its horizontal scale is in percent.

    Raises
    ------
    ValueError
        If there is no result, a mean is not a fraction, a spread is not one or, of a
        result, is missing, or `axes` are not one matplotlib axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> results = {"DiffPool": (0.67, 0.05), "flat": (0.61, 0.06)}
    >>> published = {"DiffPool": (0.595, 0.056), "GIN": 0.596}
    >>> axes = plot_results(results, published, Figure().subplots())
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['DiffPool', 'flat', 'GIN']
    """
    published = {} if published is None else published
    for argument, given in (("results", results), ("published", published)):
        if not isinstance(given, Mapping):
            raise ValueError(f"{argument} must map names to accuracies; got {given!r}")
    if len(results) == 0:
        raise ValueError("results must hold at least one accuracy; got none")
    measured = {name: _measured(name, given) for name, given in results.items()}
    others = {name: _published(name, given) for name, given in published.items()}
    names = list(dict.fromkeys([*measured, *others]))
    panel: Axes = row_of_axes(axes, 1, (6.0, 1.4 + 0.45 * len(names)))[0]
    _draw(panel, "measured", measured, _places(names, measured, others, -_APART))
    if others:
        _draw(panel, "published", others, _places(names, others, measured, _APART))
    _finish(panel, names)
    return panel


def _draw(axes: Axes, kind: str, rows: Rows, places: list[float]) -> None:
    """Draw what was measured, or published, with bars where a spread is known."""
    percent = 100 * np.array(list(rows.values()))
    look, spread = LOOKS[kind], percent[:, 1]
    bars = axes.errorbar(percent[:, 0], places, xerr=spread, capsize=3, **look)
    bars.lines[0].set(label=kind, gid=kind)
    for part in (*bars.lines[1], *bars.lines[2]):
        part.set_gid(f"{kind} spread")


def _places(names: list[str], rows: Rows, beside: Rows, apart: float) -> list[float]:
    """Give heights: a row's middle, or `apart` from it where there is one beside."""
    return [names.index(name) + (apart if name in beside else 0) for name in rows]


def _finish(axes: Axes, names: list[str]) -> None:
    """Name the rows, the first on top, and the scale; put the legend above."""
    for y in np.arange(1, len(names)) - 0.5:
        axes.axhline(y, color="0.9", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(names)), labels=names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("accuracy (% of graphs)\nbars: ± one standard deviation over folds")
    above: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(ncols=2, fontsize=8, frameon=False, **above)


def _measured(name: str, given: Any) -> Accuracy:
    """Read what was measured: an evaluation or a pair."""
    form = "(mean, spread), fractions in 0 ... 1, or an Evaluation"
    if hasattr(given, "score") and hasattr(given, "spread"):
        given = given.score, given.spread
    return _accuracy(f"results[{name!r}]", form, given)


def _published(name: str, given: Any) -> Accuracy:
    """Read what was published: a pair, or a mean alone."""
    form = "a mean or (mean, spread), fractions in 0 ... 1"
    if _is_fraction(given):
        return Accuracy(float(given), np.nan)
    return _accuracy(f"published[{name!r}]", form, given)


def _accuracy(name: str, form: str, given: Any) -> Accuracy:
    is_pair = isinstance(given, (tuple, list)) and len(given) == 2
    if not is_pair or not all(_is_fraction(number) for number in given):
        raise ValueError(f"{name} must be {form}; got {given!r}")
    mean, spread = given
    return Accuracy(float(mean), float(spread))


def _is_fraction(number: Any) -> bool:
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    return is_number and 0 <= float(number) <= 1
