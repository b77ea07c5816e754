"""The matrices of a batch: joined, cut, cast and multiplied.

Adjacencies of several graphs form one block-diagonal CSR matrix, their features one
dense or CSR array. Both are joined here, and minibatches are cut out of them.
"""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np
import scipy

from npdiffpool._support.contracts import largest_allowed
from npdiffpool._support.threads import run_in_pieces
from npdiffpool._support.types import CSR, Array, Floats, Ints
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import join_ranges, offsets_of, segment_ids, slices_of

# Features are CSR if they have _MIN_SIZE entries and at most _MAX_DENSITY of them are
# not 0: CSR is then smaller, and its products are faster.
_MIN_SIZE, _MAX_DENSITY = 1000, 1 / 8
# Products with a block of a higher density and a higher mean degree are faster dense.
_MIN_BLOCK_DENSITY, _MIN_MEAN_DEGREE = 0.15, 8


def choose_format(X: Array) -> Array:
    """Return X (N, F) as CSR if it is large and mostly 0, otherwise as dense."""
    size, is_sparse = np.prod(X.shape), scipy.sparse.issparse(X)
    n_nonzero = X.nnz if is_sparse else np.count_nonzero(X)
    if size >= _MIN_SIZE and n_nonzero < _MAX_DENSITY * size:
        return X if is_sparse else scipy.sparse.csr_array(X)
    return X.toarray() if is_sparse else X


def stack_features(parts: list[Array]) -> Array:
    """Stack the features of several graphs, as CSR if that is better."""
    if not any(scipy.sparse.issparse(part) for part in parts):
        return choose_format(np.concatenate(parts))
    sparse = [scipy.sparse.csr_array(part) for part in parts]
    return choose_format(scipy.sparse.csr_array(scipy.sparse.vstack(sparse, "csr")))


def take_rows(X: Array, rows: Ints) -> Array:
    """Return some rows of dense or CSR features."""
    if not scipy.sparse.issparse(X):
        return X[rows]
    counts = np.diff(X.indptr)[rows]
    entries = join_ranges(X.indptr[rows], counts)
    return _csr(X.data[entries], X.indices[entries], counts, X.shape[1])


class GrowingArray:
    """A one-dimensional array that parts are appended to.

    Unlike `numpy.concatenate`, it does not need all parts in memory next to the result.
    """

    def __init__(self, dtype: Any) -> None:
        self._array, self._size = np.empty(1024, dtype), 0

    def append(self, part: Array) -> None:
        """Append a copy of an array."""
        stop = self._size + len(part)
        if stop > len(self._array):  # realloc often extends it without a copy
            self._array.resize(stop + stop // 8, refcheck=False)
        self._array[self._size : stop] = part
        self._size = stop

    def finish(self) -> Array:
        """Return everything appended, without a copy."""
        self._array.resize(self._size, refcheck=False)
        return self._array


def join_graphs(graphs: Iterable[Graph], dtype: Any) -> tuple[CSR, Array, Ints]:
    """Return the block-diagonal adjacency, the features and the offsets of graphs.

    An item may also be a `GraphBatch`, which counts as one graph.
    """
    largest_allowed(dtype)  # raises if it is neither float32 nor float64
    weights, columns = GrowingArray(dtype), GrowingArray(np.int32)
    counts = GrowingArray(np.intp)  # entries of each row
    features, sizes, n = [], [], 0
    for graph in graphs:
        A, X = graph.adjacency, checked_cast(graph.features, dtype, "feature")
        weights.append(checked_cast(A.data, dtype, "edge weight"))
        columns.append(A.indices + n)
        counts.append(np.diff(A.indptr))
        features.append(choose_format(X))
        sizes.append(graph.n_nodes)
        n += graph.n_nodes
    data = _broadcast_if_constant(weights.finish())
    adjacency = _csr(data, columns.finish(), counts.finish(), n)
    return adjacency, stack_features(features), offsets_of(sizes)


def take_blocks(M: CSR, rows: Ints, shifts: Ints) -> CSR:
    """Return the blocks of M at `rows` as a block-diagonal matrix.

    ``shifts[i]`` is added to the columns of ``rows[i]``: blocks change their place.
    """
    counts = np.diff(M.indptr)[rows]
    entries = join_ranges(M.indptr[rows], counts)
    columns = M.indices[entries] + np.repeat(shifts, counts)
    return _csr(M.data[entries], columns, counts, len(counts))


def with_data(M: CSR, data: Floats) -> CSR:
    """Return a matrix with the sparsity pattern of M, whose arrays it shares."""
    return scipy.sparse.csr_array((data, M.indices, M.indptr), shape=M.shape)


def _csr(data: Floats, columns: Ints, counts: Ints, width: int) -> CSR:
    """Return a CSR matrix with `counts` entries per row and the smallest index type."""
    dtype = np.int32 if max(len(data), width) < 2**31 else np.int64
    indptr = offsets_of(counts).astype(dtype)
    parts = (data, columns.astype(dtype, copy=False), indptr)
    return scipy.sparse.csr_array(parts, shape=(len(counts), width))


def _broadcast_if_constant(values: Floats) -> Floats:
    """Return equal numbers, such as weights of 1, as a read-only view of one number."""
    is_constant = len(values) > 0 and values.min() == values.max()
    return np.broadcast_to(values[:1].copy(), values.shape) if is_constant else values


def checked_cast(values: Array, dtype: Any, name: str) -> Array:
    """Return numbers, dense or CSR, in float32 or float64; raise if one is too large.

    The limit is `npdiffpool._support.contracts.largest_allowed`.
    """
    if scipy.sparse.issparse(values):
        data = checked_cast(values.data, dtype, name)
        return with_data(values, _broadcast_if_constant(data))
    limit = largest_allowed(dtype)
    size = float(np.maximum(values.max(initial=0), -values.min(initial=0)))
    if not size <= limit:
        kind = np.dtype(dtype).name
        required = f"fit into {kind} with room for sums of squares, {limit:.2g} at most"
        raise GraphError(f"every {name} must {required}; got {size}")
    return values.astype(dtype, copy=False)


def row_sums(A: CSR) -> Floats:
    """Return A 1, the degrees, summed in float64 without a copy of A."""
    deg, filled = np.zeros(A.shape[0]), np.diff(A.indptr) > 0
    deg[filled] = np.add.reduceat(A.data, A.indptr[:-1][filled], dtype=np.float64)
    return deg


def squared_norms(A: CSR, offsets: Ints) -> Floats:
    """Return ||A_g||_F^2 of each block, (B,) float64."""
    parts = (A.data[s].astype(np.float64) for s in slices_of(A.indptr[offsets]))
    return np.array([np.dot(part, part) for part in parts])


def symmetric_blocks(A: CSR, offsets: Ints) -> Array:
    """Return whether each block equals its transpose exactly, (B,) bools."""
    found, step = np.empty(len(offsets) - 1, bool), 128  # blocks, to limit the memory
    for g in range(0, len(found), step):
        part = offsets[g : g + step + 1]
        M = A[part[0] : part[-1], part[0] : part[-1]]
        found[g : g + step] = np.diff((M != M.T).indptr[part - part[0]]) == 0
    return found


class BlockDiagonal:
    """A block-diagonal matrix: dense blocks of dense graphs, and CSR for the rest."""

    ndim = 2

    def __init__(self, rest: CSR, dense: list[tuple[slice, Floats]]) -> None:
        self.rest, self.dense = rest, dense
        self.shape, self.dtype = rest.shape, rest.dtype

    @property
    def T(self) -> BlockDiagonal:  # noqa: N802
        """Return the transpose."""
        dense = [(rows, block.T) for rows, block in self.dense]
        return BlockDiagonal(self.rest.T, dense)

    def __matmul__(self, H: Array) -> Any:
        H = H.toarray() if scipy.sparse.issparse(H) else H
        product = self.rest @ H

        def work(blocks: slice) -> None:
            for rows, block in self.dense[blocks]:
                np.dot(block, H[rows], out=product[rows])

        areas = offsets_of([block.size for _, block in self.dense])
        run_in_pieces(work, areas, int(areas[-1]) * (H.size // max(len(H), 1)))
        return product


def with_dense_blocks(M: CSR, offsets: Ints) -> CSR | BlockDiagonal:
    """Return M with the blocks of dense graphs as dense arrays; M if none is dense."""
    sizes, n_entries = np.diff(offsets), np.diff(M.indptr[offsets])
    min_degree = np.maximum(_MIN_BLOCK_DENSITY * sizes, _MIN_MEAN_DEGREE)
    is_dense = n_entries > min_degree * sizes
    if not is_dense.any():
        return M
    segments = slices_of(offsets)
    dense = [(segments[g], _block(M, segments[g])) for g in np.flatnonzero(is_dense)]
    kept, counts = np.repeat(~is_dense, sizes), np.diff(M.indptr)
    entries = np.repeat(kept, counts)
    rest = _csr(M.data[entries], M.indices[entries], counts * kept, M.shape[1])
    return BlockDiagonal(rest, dense)


def _block(M: CSR, rows: slice) -> Floats:
    """Return the diagonal block of M at `rows` as a dense array."""
    indptr = M.indptr[rows.start : rows.stop + 1]
    entries = slice(indptr[0], indptr[-1])
    block: Floats = np.zeros((len(indptr) - 1,) * 2, M.dtype)
    block[segment_ids(indptr), M.indices[entries] - rows.start] = M.data[entries]
    return block
