"""Charts as SVG, coloured by the style sheet of the page.

SVG files of matplotlib contain fixed colours; these follow a light or dark theme.
"""

from __future__ import annotations

from html import escape
from typing import Any, Callable, Iterable, Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 10, 34
MAX_LINES = 4  # of a chart: the style sheet has as many styles
Scale = Callable[[float], float]


def chart(
    title: str,
    unit: str,
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    mark: float | None = None,
    from_zero: bool = True,
) -> str:
    """Draw lines over epochs, with a legend, as an HTML figure.

    Parameters
    ----------
    title, unit : str
    x : sequence of E numbers
        Epochs.
    lines : mapping of names to E numbers
        At most `MAX_LINES` lines. NaN leaves a gap.
    mark : float, optional
        The epoch of a vertical line.
    from_zero : bool
        Whether the vertical axis includes zero. Otherwise it covers the values alone,
        so that a small change of a large value is visible.

    Returns
    -------
    str
        An HTML element; empty if no value is finite.
    """
    known = np.array([y for values in lines.values() for y in values], dtype=float)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return ""
    low, high = min(x), max(x)
    ticks_x = [tick for tick in _ticks(low, high, integer=True) if low <= tick <= high]
    lowest = min(known.min(), 0) if from_zero else known.min()
    ticks_y = _ticks(lowest, _widen(lowest, known.max()))
    at_x = _scale(low, high, LEFT, WIDTH - RIGHT)
    at_y = _scale(ticks_y[0], ticks_y[-1], HEIGHT - BOTTOM, TOP)
    parts = [_grid(at_x, at_y, ticks_x, ticks_y, "epoch")]
    if mark is not None:
        place = f'x1="{at_x(mark):.1f}" x2="{at_x(mark):.1f}"'
        parts.append(f'<line class="best" {place} y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    for number, values in enumerate(lines.values()):
        parts += _line(number, [at_x(v) for v in x], [at_y(v) for v in values])
    label = f"{title}, {unit}, over epochs: {', '.join(lines)}"
    return _figure(title, unit, label, parts, _legend(lines))


def scatter(name: str, true: Sequence[float], predicted: Sequence[float]) -> str:
    """Draw the predictions of one target over its true values, as an HTML figure.

    Parameters
    ----------
    name : str
        Of the target.
    true, predicted : sequences of G finite numbers

    Returns
    -------
    str
        An HTML element. On its diagonal line predictions are exact.
    """
    values = np.array([*true, *predicted], dtype=float)
    ticks = _ticks(float(values.min()), _widen(float(values.min()), values.max()))
    at_x = _scale(ticks[0], ticks[-1], LEFT, WIDTH - RIGHT)
    at_y = _scale(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = [_grid(at_x, at_y, ticks, ticks, "true value")]
    ends = f'x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH - RIGHT}" y2="{TOP}"'
    parts.append(f'<line class="best" {ends}/>')
    for t, y in zip(true, predicted):
        place = f'cx="{at_x(t):.1f}" cy="{at_y(y):.1f}"'
        parts.append(f'<circle class="point" {place} r="2.5"/>')
    label = f"{name}: predictions of {len(true)} test graphs over true values"
    return _figure(name, "prediction over true value", label, parts, "")


def _figure(title: str, unit: str, label: str, parts: list[str], legend: str) -> str:
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}"'
    head = f"<figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>"
    return f"<figure>{head}<svg {box}>{''.join(parts)}</svg>{legend}</figure>"


def _legend(names: Iterable[str]) -> str:
    """Return the legend if there is more than one line."""
    keys = [
        f'<span class="key line{number}">{escape(name)}</span>'
        for number, name in enumerate(names)
    ]
    return f"<p>{''.join(keys)}</p>" if len(keys) > 1 else ""


def _widen(low: float, high: float) -> float:
    """Return `high`, or more if the labels of ticks could not show the difference."""
    return max(high, low + 1e-3 * abs(low))


def _ticks(low: float, high: float, integer: bool = False) -> list[float]:
    """Return round numbers that cover the range."""
    locator: Any = MaxNLocator(nbins=5, integer=integer, steps=[1, 2, 5, 10])
    return list(locator.tick_values(low, high if high > low else low + 1).tolist())


def _scale(low: float, high: float, start: float, stop: float) -> Scale:
    width = high - low or 1.0
    return lambda value: start + (value - low) / width * (stop - start)


def _grid(
    at_x: Scale, at_y: Scale, ticks_x: list[float], ticks_y: list[float], name: str
) -> str:
    """Return grid lines and labels of the ticks."""
    parts = []
    for tick in ticks_y:
        y = at_y(tick)
        line = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
        label = f'x="{LEFT - 6}" y="{y + 4:.1f}" class="left"'
        parts.append(f'<line class="grid" {line}/><text {label}>{tick:g}</text>')
    for tick in ticks_x:
        parts.append(f'<text x="{at_x(tick):.1f}" y="{HEIGHT - 16}">{tick:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    return "".join(parts) + f'<text x="{middle}" y="{HEIGHT - 2}">{name}</text>'


def _line(number: int, xs: list[float], ys: list[float]) -> list[str]:
    """Draw a line as one polyline between two gaps, or a dot for a single point."""
    pieces: list[list[str]] = [[]]
    for x, y in zip(xs, ys):
        if np.isfinite(y):
            pieces[-1].append(f"{x:.1f},{y:.1f}")
        elif pieces[-1]:
            pieces.append([])
    style = f'class="line line{number}"'
    drawn = []
    for piece in filter(None, pieces):
        if len(piece) == 1:
            cx, cy = piece[0].split(",")
            drawn.append(f'<circle {style} cx="{cx}" cy="{cy}" r="2.5"/>')
        else:
            drawn.append(f'<polyline {style} points="{" ".join(piece)}"/>')
    return drawn
