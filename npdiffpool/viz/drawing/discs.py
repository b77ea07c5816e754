"""Spread discs over a panel, move them apart, and off links between other discs.

Super-nodes are drawn at the mean position of their members. Clusters that spread over
the whole graph would all be in the middle, and those of a symmetric graph on one line,
where every link runs behind the discs between its ends.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from npdiffpool._support.types import Floats, Ints

_GAP = 0.5  # between discs, in mean radii; half as much between discs and links
_ROUNDS = 4000  # at most, without links: enough for 1000 discs at one place
_LINK_ROUNDS = 400  # at most, with links: more rarely help
_MAX_PRODUCT = 20_000  # of discs and links; with more, links are ignored
_NO_LINKS = np.zeros((0, 2), dtype=int)
_TOUCH = 1e-9  # shorter distances count as zero
_SPAN = 0.75  # of the layout's width or height, that discs span at least
_ZOOM = 10.0  # at most; larger factors would magnify what is one place

Pushes = tuple[Ints, Floats]  # indices of discs, (P,), and displacements, (P, 2)


def spread(centres: Floats, radii: Floats, layout: Floats) -> Floats:
    """Move discs that are crowded in a part of a layout away from each other.

    Parameters
    ----------
    centres : (K, 2) array
    radii : (K,) array
    layout : (N, 2) array
        Positions of a graph's nodes.

    Returns
    -------
    (K, 2) array
        The centres, if the discs, with their mean radius, span 0.75 of the width or
        the height of the layout. Otherwise all distances are multiplied by one number,
        at most 10, so that they do. The middle of the centres moves towards that of the
        layout, so that they stay in it. Directions do not change.
    """
    if len(centres) < 2:
        return centres
    room = _SPAN * np.ptp(layout, axis=0) - 2 * np.mean(radii)
    spans = np.maximum(np.ptp(centres, axis=0), _TOUCH)
    zoom = np.clip(np.min(room / spans), 1, _ZOOM)
    middle, target = _middle(centres), _middle(layout)
    return np.asarray(target + (middle - target) / zoom + zoom * (centres - middle))


def separate(
    centres: Floats,
    radii: Floats,
    pairs: Ints = _NO_LINKS,
    rounds: int = _LINK_ROUNDS,
) -> Floats:
    """Move discs until none overlap and none cover links between others.

    Parameters
    ----------
    centres : (K, 2) array
    radii : (K,) array
    pairs : (E, 2) array, optional
        Links, as the indices of the discs at their two ends.
    rounds : int
        Maximum number of rounds that move discs off links.

    Returns
    -------
    (K, 2) array
        New centres. A disc that touches no other disc and no link does not move; discs
        with the same centre are moved apart along a spiral. Some discs still cover
        links if `rounds` was too small, or if discs times links exceed 20,000.
    """
    if 0 < len(pairs) * len(centres) <= _MAX_PRODUCT:
        centres = _relax(centres, radii, pairs, rounds)
    return _relax(centres, radii, _NO_LINKS, _ROUNDS)


def _relax(centres: Floats, radii: Floats, pairs: Ints, rounds: int) -> Floats:
    """Move each disc by the mean of its pushes, round by round, until there are none.

    The sum of pushes in place of their mean would scatter a heap of discs.
    """
    K, moved = len(centres), centres
    gap = _GAP * np.mean(radii) if K else 0.0
    for _ in range(rounds):
        found = _off_discs(moved, radii, gap), _off_links(moved, radii, gap / 2, pairs)
        discs, pushes = (np.concatenate(parts) for parts in zip(*found))
        if len(discs) == 0:
            break
        step = np.zeros_like(moved)
        np.add.at(step, discs, pushes)
        moved = moved + step / np.maximum(np.bincount(discs, minlength=K), 1)[:, None]
    return moved


def _off_discs(centres: Floats, radii: Floats, gap: float) -> Pushes:
    """Push discs closer than `gap` away from each other, each half of the way."""
    reach = 2 * radii.max(initial=0) + gap
    i, j = cKDTree(centres).query_pairs(reach, output_type="ndarray").T
    apart = centres[i] - centres[j]
    distance = np.linalg.norm(apart, axis=1)
    angles = 2.4 * np.arange(len(centres))  # the golden angle: all directions differ
    spiral = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    apart = np.where(distance[:, None] < _TOUCH, spiral[i] - spiral[j], apart)
    missing = radii[i] + radii[j] + gap - distance
    near = missing > _TOUCH
    push = 0.5 * missing[near, None] * _unit(apart[near])
    return np.concatenate([i[near], j[near]]), np.concatenate([push, -push])


def _off_links(centres: Floats, radii: Floats, gap: float, pairs: Ints) -> Pushes:
    """Push discs closer than `gap` to a link away from it, and its ends back.

    A disc k whose centre is on the link goes left or right, by the parity of k.
    """
    link, k = np.indices((len(pairs), len(centres))).reshape(2, -1)
    other = np.all(pairs[link] != k[:, None], axis=1)
    (i, j), k = pairs[link[other]].T, k[other]
    along, away = centres[j] - centres[i], centres[k] - centres[i]
    length = np.maximum(np.sum(along**2, axis=1), _TOUCH**2)
    place = np.clip(np.sum(along * away, axis=1) / length, 0, 1)[:, None]
    away = away - place * along
    distance = np.linalg.norm(away, axis=1)
    aside = np.column_stack([-along[:, 1], along[:, 0]]) * (1 - 2 * (k % 2))[:, None]
    away = np.where(distance[:, None] < _TOUCH, aside, away)
    missing = radii[k] + gap - distance
    near = missing > _TOUCH
    push, place = 0.5 * missing[near, None] * _unit(away[near]), place[near]
    discs = np.concatenate([k[near], i[near], j[near]])
    return discs, np.concatenate([push, (place - 1) * push, -place * push])


def _middle(points: Floats) -> Floats:
    """Return the middle of the bounding box of points."""
    return np.asarray((points.min(axis=0) + points.max(axis=0)) / 2)


def _unit(vectors: Floats) -> Floats:
    """Scale vectors to length one; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))
