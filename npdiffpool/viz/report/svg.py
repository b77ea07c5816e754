"""Line charts as SVG for a page: colours and theme are the style sheet's.

matplotlib's SVG has its colours inside and one theme; these are read in dark too.
"""

from __future__ import annotations

from html import escape
from typing import Any, Iterable, Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 10, 34


def chart(
    title: str,
    unit: str,
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    mark: float | None = None,
) -> str:
    """Draw lines over epochs, with a legend, as an HTML figure.

    Parameters
    ----------
    title, unit : str
    x : sequence of E numbers
        Epochs.
    lines : mapping of names to E numbers
        NaN leaves a gap.
    mark : float, optional
        The epoch of a vertical line.
    """
    known = np.array([y for values in lines.values() for y in values], dtype=float)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return ""
    ticks_x = _ticks(min(x), max(x), integer=True)
    ticks_y = _ticks(min(known.min(), 0), known.max())
    span_x, span_y = (min(x), max(x)), (ticks_y[0], ticks_y[-1])
    at_x = _scale(span_x, LEFT, WIDTH - RIGHT)
    at_y = _scale(span_y, HEIGHT - BOTTOM, TOP)
    parts = [_grid(at_x, at_y, [t for t in ticks_x if min(x) <= t <= max(x)], ticks_y)]
    if mark is not None:
        place = f'x1="{at_x(mark):.1f}" x2="{at_x(mark):.1f}"'
        parts.append(f'<line class="kept" {place} y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    for number, values in enumerate(lines.values()):
        parts += _line(number, [at_x(v) for v in x], [at_y(v) for v in values])
    label = escape(f"{title}, {unit}, over epochs: {', '.join(lines)}")
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}"'
    head = f"<figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>"
    return f"<figure>{head}<svg {box}>{''.join(parts)}</svg>{_legend(lines)}</figure>"


def _legend(names: Iterable[str]) -> str:
    """Name the lines by their looks, if there is more than one."""
    keys = [
        f'<span class="key line{number}">{escape(name)}</span>'
        for number, name in enumerate(names)
    ]
    return f"<p>{''.join(keys)}</p>" if len(keys) > 1 else ""


def _ticks(low: float, high: float, integer: bool = False) -> list[float]:
    """Choose round numbers that hold the range."""
    high = high if high > low else low + 1
    found: Any = MaxNLocator(nbins=5, integer=integer, steps=[1, 2, 5, 10])
    ticks: list[float] = found.tick_values(low, high).tolist()
    return ticks


def _scale(span: tuple[float, float], start: float, stop: float) -> Any:
    width = span[1] - span[0] or 1.0
    return lambda value: start + (value - span[0]) / width * (stop - start)


def _grid(at_x: Any, at_y: Any, ticks_x: list[float], ticks_y: list[float]) -> str:
    parts = []
    for tick in ticks_y:
        y = at_y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" ')
        parts.append(f'y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="left">{tick:g}')
        parts.append("</text>")
    for tick in ticks_x:
        parts.append(f'<text x="{at_x(tick):.1f}" y="{HEIGHT - 16}">{tick:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    return "".join(parts) + f'<text x="{middle}" y="{HEIGHT - 2}">epoch</text>'


def _line(number: int, xs: list[float], ys: list[float]) -> list[str]:
    """Draw one line, in pieces between gaps; a piece of one point is a dot."""
    pieces: list[list[str]] = [[]]
    for x, y in zip(xs, ys):
        if np.isfinite(y):
            pieces[-1].append(f"{x:.1f},{y:.1f}")
        elif pieces[-1]:
            pieces.append([])
    style = f'class="line line{number}"'
    found = []
    for piece in filter(None, pieces):
        if len(piece) == 1:
            cx, cy = piece[0].split(",")
            found.append(f'<circle {style} cx="{cx}" cy="{cy}" r="2.5"/>')
        else:
            found.append(f'<polyline {style} points="{" ".join(piece)}"/>')
    return found
