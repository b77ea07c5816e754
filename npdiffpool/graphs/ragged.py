"""Ragged rows: segments of different sizes, stacked in one array.

Segment g has the rows ``offsets[g]`` to ``offsets[g + 1]``. The rows of graph g in a
batch are a segment; so are the entries of one row of a CSR matrix (`indptr` holds their
offsets).
"""

from __future__ import annotations

from typing import Sequence

import numpy as np

from npdiffpool._support.types import Ints


def offsets_of(sizes: Sequence[int] | Ints) -> Ints:
    """Return the offsets of segments of these sizes.

    Examples
    --------
    >>> offsets_of([2, 0, 3])
    array([0, 2, 2, 5])
    """
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)


def slices_of(offsets: Ints) -> list[slice]:
    """Return the rows of each segment as a slice.

    Examples
    --------
    >>> slices_of(np.array([0, 2, 5]))
    [slice(0, 2, None), slice(2, 5, None)]
    """
    return [slice(*ends) for ends in zip(offsets[:-1].tolist(), offsets[1:].tolist())]


def segment_ids(offsets: Ints) -> Ints:
    """Return the index of the segment that each row is in.

    Examples
    --------
    >>> segment_ids(np.array([0, 2, 5]))
    array([0, 0, 1, 1, 1])
    """
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def join_ranges(starts: Ints, sizes: Ints) -> Ints:
    """Return the ranges ``starts[i]`` to ``starts[i] + sizes[i]``, end to end.

    Examples
    --------
    >>> join_ranges(np.array([7, 3]), np.array([2, 3]))
    array([7, 8, 3, 4, 5])
    """
    offsets = offsets_of(sizes)
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
