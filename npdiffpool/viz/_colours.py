"""Colours that survive colour-blindness and, with their outlines, grey print.

Okabe and Ito, "Color Universal Design" (2008): eight colours that people with
any of the common colour deficiencies tell apart. Past eight no list stays safe,
so a map of even steps in lightness is sampled instead, in an order that puts
consecutive colours far apart.
"""
from __future__ import annotations

from math import gcd
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb

Floats = npt.NDArray[np.floating[Any]]

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
    """Give RGB colours, (n_colours, 3), consecutive ones easily told apart.

    Up to 8 are Okabe and Ito's. More are evenly spaced on viridis, visited with a
    stride of about 0.38 of its length (the golden section), so that colours i and
    i + 1 differ in lightness; they are all distinct, but past about 20 the places
    and outlines tell clusters apart better than the colours do.
    """
    if n_colours <= len(OKABE_ITO):
        return np.array([to_rgb(name) for name in OKABE_ITO[:n_colours]]).reshape(-1, 3)
    stride = round(0.382 * n_colours)
    while gcd(stride, n_colours) > 1:
        stride += 1
    steps = np.arange(n_colours) * stride % n_colours
    # Viridis without its last twentieth, a yellow too light for white paper.
    colours = matplotlib.colormaps["viridis"](0.95 * steps / (n_colours - 1))
    return np.asarray(colours)[:, :3]


def ink(colours: Floats) -> Floats:
    """Darken fills into strokes that show on white paper."""
    return 0.65 * np.asarray(colours)


def text_on(colour: Floats, opacity: float) -> str:
    """Choose black or white for text on a colour laid over white."""
    seen = opacity * np.asarray(colour) + (1 - opacity)
    # Rec. 709 weights: what the eye, or a grey printer, makes of a colour.
    return "black" if seen @ np.array([0.2126, 0.7152, 0.0722]) > 0.45 else "white"
