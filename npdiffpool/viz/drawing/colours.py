"""Colours that readers with colour-blindness can distinguish, also in grey print.

Up to eight colours are those of Okabe and Ito, "Color Universal Design" (2008),
chosen for all common colour deficiencies. No longer list is safe, so more than eight
are samples of viridis, whose lightness rises in even steps.
"""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb

from npdiffpool._support.types import Floats, Ints

# In the order of Okabe and Ito, but black last: it is easily mistaken for an outline.
OKABE_ITO = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # bluish green
    "#CC79A7",  # reddish purple
    "#56B4E9",  # sky blue
    "#D55E00",  # vermilion
    "#F0E442",  # yellow
    "#000000",  # black
)
GREY = "#7F7F7F"


def palette(n_colours: int) -> Floats:
    """Return RGB colours, (n_colours, 3).

    Up to 8 are Okabe and Ito's. More are evenly spaced on viridis, dark to light: all
    are distinct, but neighbours on the scale look alike, so `far_ranks` gives these
    to clusters far apart. With more than about 20, positions and outlines distinguish
    clusters better than colours do.
    """
    if n_colours <= len(OKABE_ITO):
        return np.array([to_rgb(name) for name in OKABE_ITO[:n_colours]]).reshape(-1, 3)
    # The last twentieth of viridis is a yellow too light for white paper.
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.95, n_colours))
    return np.asarray(colours)[:, :3]


def far_ranks(points: Floats) -> Ints:
    """Rank points 0 ... n - 1 greedily so that near points get distant ranks.

    In order of x, each point takes the free rank with the smallest sum, over the
    points ranked before, of 1 / (distance in the plane x distance in rank)^2.
    """
    ranks = np.full(len(points), -1)
    free = np.arange(len(points))
    order = np.argsort(points[:, 0], kind="stable")
    for step, i in enumerate(order):
        ranked = order[:step]
        near = 1 / (np.sum((points[ranked] - points[i]) ** 2, axis=1) + 1e-6)
        best = (near / (free[:, None] - ranks[ranked]) ** 2.0).sum(axis=1).argmin()
        ranks[i] = free[best]
        free = np.delete(free, best)
    return ranks


def outline_colours(fills: Floats) -> Floats:
    """Darken fill colours into outline colours that show on white paper."""
    return 0.65 * np.asarray(fills)


def text_colour(fill: Floats, opacity: float) -> str:
    """Choose black or white for text on a fill of some opacity over white."""
    seen = opacity * np.asarray(fill) + (1 - opacity)
    # Luminance by the weights of Rec. 709.
    return "black" if seen @ np.array([0.2126, 0.7152, 0.0722]) > 0.45 else "white"
