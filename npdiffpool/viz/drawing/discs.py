"""Discs pushed apart, and off the links between others.

Super-nodes want to stand where their members are. Clusters that spread over the
whole graph all want the middle, and those of a symmetric graph one line, on which
every link runs behind the discs between its ends.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from npdiffpool.graphs.graph import Floats, Ints

_GAP = 0.5  # between discs, in mean radii; half as much between discs and links
_ROUNDS = 4000  # of pushes at most: enough for a heap of 1000 discs
_LINK_ROUNDS = 400  # the same with links: where these do not do, there is no place
_MOST = 20_000  # discs times links, past which links may run behind discs
_NO_LINKS = np.zeros((0, 2), dtype=int)
_TOUCH = 1e-9  # what is nearer than that to its due distance is there

Pushes = tuple[Ints, Floats]  # which discs, (P,), and by how much, (P, 2)


def separate(
    centres: Floats,
    radii: Floats,
    pairs: Ints = _NO_LINKS,
    rounds: int = _LINK_ROUNDS,
) -> Floats:
    """Push discs apart until none overlap, and off the links between others.

    Parameters
    ----------
    centres : (K, 2) array
    radii : (K,) array
    pairs : (E, 2) array, optional
        Links, as the numbers of the two discs at their ends.
    rounds : int
        Of pushes off links, at most.

    Returns
    -------
    (K, 2) array
        Discs clear of all others and of their links stay put; those at one and the
        same place leave it in a spiral. Links stay behind discs where the rounds
        find no place for all, and where discs times links are over 20,000.
    """
    if 0 < len(pairs) * len(centres) <= _MOST:
        centres = _relax(centres, radii, pairs, rounds)
    return _relax(centres, radii, _NO_LINKS, _ROUNDS)


def _relax(centres: Floats, radii: Floats, pairs: Ints, rounds: int) -> Floats:
    """Move discs in rounds, each by the mean of what pushes it."""
    K, moved = len(centres), centres
    gap = _GAP * np.mean(radii) if K else 0.0
    for _ in range(rounds):
        found = _off_discs(moved, radii, gap), _off_links(moved, radii, gap / 2, pairs)
        discs, pushes = (np.concatenate(parts) for parts in zip(*found))
        if len(discs) == 0:
            break
        step = np.zeros_like(moved)
        np.add.at(step, discs, pushes)
        # The mean, not the sum: a heap would burst into a ring.
        moved = moved + step / np.maximum(np.bincount(discs, minlength=K), 1)[:, None]
    return moved


def _off_discs(centres: Floats, radii: Floats, gap: float) -> Pushes:
    """Push two discs that are nearer than `gap` apart, each half the way."""
    reach = 2 * radii.max(initial=0) + gap
    i, j = cKDTree(centres).query_pairs(reach, output_type="ndarray").T
    apart = centres[i] - centres[j]
    distance = np.linalg.norm(apart, axis=1)
    turns = 2.4 * np.arange(len(centres))  # the golden angle: no two directions alike
    spiral = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    apart = np.where(distance[:, None] < _TOUCH, spiral[i] - spiral[j], apart)
    missing = radii[i] + radii[j] + gap - distance
    near = missing > _TOUCH
    push = 0.5 * missing[near, None] * _unit(apart[near])
    return np.concatenate([i[near], j[near]]), np.concatenate([push, -push])


def _off_links(centres: Floats, radii: Floats, gap: float, pairs: Ints) -> Pushes:
    """Push discs and the links that run behind them, or within `gap`, apart."""
    link, k = np.indices((len(pairs), len(centres))).reshape(2, -1)
    other = np.all(pairs[link] != k[:, None], axis=1)
    (i, j), k = pairs[link[other]].T, k[other]
    along, away = centres[j] - centres[i], centres[k] - centres[i]
    length = np.maximum(np.sum(along**2, axis=1), _TOUCH**2)
    place = np.clip(np.sum(along * away, axis=1) / length, 0, 1)[:, None]
    away = away - place * along
    distance = np.linalg.norm(away, axis=1)
    # From the very middle of a link to its left or right, by turns.
    aside = np.column_stack([-along[:, 1], along[:, 0]]) * (1 - 2 * (k % 2))[:, None]
    away = np.where(distance[:, None] < _TOUCH, aside, away)
    missing = radii[k] + gap - distance
    near = missing > _TOUCH
    push, place = 0.5 * missing[near, None] * _unit(away[near]), place[near]
    discs = np.concatenate([k[near], i[near], j[near]])
    return discs, np.concatenate([push, (place - 1) * push, -place * push])


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = vectors / np.where(lengths > 0, lengths, 1)
    return unit
