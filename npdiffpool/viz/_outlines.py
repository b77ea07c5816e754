"""Rounded outlines round groups of discs.

The outline is the convex hull of the discs, each grown by a margin. So one disc
gives a circle, two or a row of them a capsule, three a triangle with round corners.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull

Floats = npt.NDArray[np.floating[Any]]

_CORNERS = 32  # of the polygon that stands for a circle


def outline(centres: Floats, radii: Floats, margin: float) -> Floats:
    """Give the convex polygon round discs, (corners, 2), counterclockwise.

    Parameters
    ----------
    centres : (n, 2) array
        At least one.
    radii : (n,) array
    margin : float
        What the polygon keeps from the discs.
    """
    angles = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rims = centres[:, None] + (radii + margin)[:, None, None] * circle
    points = rims.reshape(-1, 2)
    return np.asarray(points[ConvexHull(points).vertices])
