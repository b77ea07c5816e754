"""Colours that survive colour-blindness and, with their outlines, grey print.

Okabe and Ito, "Color Universal Design" (2008): eight colours that people with
any of the common colour deficiencies tell apart. Past eight no list stays safe,
so a map of even steps in lightness is sampled instead.
"""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb

from npdiffpool.graphs.graph import Floats, Ints

# Okabe and Ito's, black last: it is the one most easily taken for ink.
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
    """Give RGB colours, (n_colours, 3).

    Up to 8 are Okabe and Ito's. More are evenly spaced on viridis, dark to light:
    all distinct, but neighbours on that scale are alike, which is why `far_ranks`
    gives them to clusters far apart. Past about 20, places and outlines tell
    clusters apart better than colours do.
    """
    if n_colours <= len(OKABE_ITO):
        return np.array([to_rgb(name) for name in OKABE_ITO[:n_colours]]).reshape(-1, 3)
    # Viridis without its last twentieth, a yellow too light for white paper.
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.95, n_colours))
    return np.asarray(colours)[:, :3]


def far_ranks(points: Floats) -> Ints:
    """Rank points 0 ... n - 1 so that near points have far ranks, greedily.

    From left to right each point takes the free rank that clashes least with those
    taken: the sum of 1 / (distance in the plane x distance in rank)^2.
    """
    ranks = np.full(len(points), -1)
    free = np.arange(len(points))
    order = np.argsort(points[:, 0], kind="stable")
    for step, i in enumerate(order):
        taken = order[:step]
        near = 1 / (np.sum((points[taken] - points[i]) ** 2, axis=1) + 1e-6)
        clash = (near / (free[:, None] - ranks[taken]) ** 2.0).sum(axis=1)
        best = clash.argmin()
        ranks[i] = free[best]
        free = np.delete(free, best)
    return ranks


def ink(colours: Floats) -> Floats:
    """Darken fills into strokes that show on white paper."""
    return 0.65 * np.asarray(colours)


def text_on(colour: Floats, opacity: float) -> str:
    """Choose black or white for text on a colour laid over white."""
    seen = opacity * np.asarray(colour) + (1 - opacity)
    # Rec. 709 weights: what the eye, or a grey printer, makes of a colour.
    return "black" if seen @ np.array([0.2126, 0.7152, 0.0722]) > 0.45 else "white"
