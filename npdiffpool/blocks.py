"""Block-diagonal sparse matrices: joining blocks and cutting them out."""
from __future__ import annotations

import numpy as np
from scipy import sparse

from npdiffpool.graphs import Floats, Ints


def running_total(sizes: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)


def ranges(starts: Ints, offsets: Ints) -> Ints:
    """Join the ranges that begin at `starts`; range i fills offsets[i] and on."""
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], np.diff(offsets))


def block_diagonal(blocks: list[sparse.csr_array], offsets: Ints) -> sparse.csr_array:
    columns = [block.indices + start for block, start in zip(blocks, offsets)]
    counts = np.concatenate([np.diff(block.indptr) for block in blocks])
    data = np.concatenate([block.data for block in blocks])
    return _csr(data, np.concatenate(columns), counts)


def take_blocks(M: sparse.csr_array, rows: Ints, shifts: Ints) -> sparse.csr_array:
    """Cut out rows, whose columns move by `shifts`, one number a row."""
    first = M.indptr[rows]
    counts = M.indptr[rows + 1] - first
    edges = ranges(first, running_total(counts))
    return _csr(M.data[edges], M.indices[edges] + np.repeat(shifts, counts), counts)


def _csr(data: Floats, columns: Ints, counts: Ints) -> sparse.csr_array:
    indptr = np.concatenate([[0], np.cumsum(counts)])
    kind = np.int32 if max(len(data), len(counts)) < 2**31 else np.int64
    parts = (data, columns.astype(kind, copy=False), indptr.astype(kind, copy=False))
    return sparse.csr_array(parts, shape=(len(counts), len(counts)))
