"""Colours that readers with colour-blindness can distinguish, also in grey print.

Up to eight colours are those of Okabe and Ito, "Color Universal Design" (2008),
chosen for all common colour deficiencies. No longer list is safe: the following ones
are samples of viridis, whose lightness rises in even steps.

Colour number i is the same in every palette. So a cluster of a model has one colour in
all pictures: cluster k of the first level has number k, the clusters of the next level
have the next numbers.
"""

from __future__ import annotations

from typing import Sequence

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
    """Return RGB colours, (n_colours, 3); fewer colours are the first of more.

    The first 8 are Okabe and Ito's. Colour i of the others is at the fractional part of
    i times the golden section on viridis, so that colours with near numbers look
    different. With more than about 20, positions and outlines distinguish clusters
    better than colours do.
    """
    safe = [to_rgb(name) for name in OKABE_ITO[:n_colours]]
    places = np.arange(len(OKABE_ITO), n_colours) * ((np.sqrt(5) - 1) / 2) % 1
    # The last twentieth of viridis is a yellow too light for white paper.
    more = matplotlib.colormaps["viridis"](0.95 * places)[:, :3]
    return np.concatenate([np.reshape(safe, (-1, 3)), more])


def first_colours(sizes: Sequence[int]) -> Ints:
    """Return the number of the first cluster's colour for each level of K clusters."""
    return np.cumsum([0, *sizes])[:-1]


def outline_colours(fills: Floats) -> Floats:
    """Darken fill colours into outline colours that show on white paper."""
    return 0.65 * np.asarray(fills)


def text_colour(fill: Floats) -> str:
    """Choose black or white for text on a fill."""
    # Luminance by the weights of Rec. 709.
    return "black" if fill @ np.array([0.2126, 0.7152, 0.0722]) > 0.45 else "white"
