"""Joining and cutting of block-diagonal matrices and of sparse features."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np
import scipy

from npdiffpool._support.contracts import largest
from npdiffpool.graphs.graph import Floats, Graph, GraphError, Ints

CSR = Any  # scipy.sparse.csr_array
_FEW = 1 / 8  # the share of entries below which CSR is smaller and multiplies faster
_LARGE = 1000  # numbers from which on that matters
_DENSE = 0.15  # the density, and
_EDGES = 8  # the mean degree, above which a dense block multiplies faster than CSR


def running_total(sizes: Any) -> Ints:
    """Return where each of some ranges begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)


def ranges(starts: Ints, offsets: Ints) -> Ints:
    """Join the ranges that begin at `starts`; range i fills offsets[i] and on."""
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], np.diff(offsets))


def compact(X: Any) -> Any:
    """Return X (N, F) as CSR where it is large and mostly 0, else dense."""
    size, is_sparse = np.prod(X.shape), scipy.sparse.issparse(X)
    entries = X.nnz if is_sparse else np.count_nonzero(X)
    if size >= _LARGE and entries < _FEW * size:
        return X if is_sparse else scipy.sparse.csr_array(X)
    return X.toarray() if is_sparse else X


def join_rows(parts: list[Any]) -> Any:
    """Put the features of several graphs one below the other: dense or CSR."""
    if not any(scipy.sparse.issparse(part) for part in parts):
        return compact(np.concatenate(parts))
    sparse = [scipy.sparse.csr_array(part) for part in parts]
    return compact(scipy.sparse.csr_array(scipy.sparse.vstack(sparse, "csr")))


def take_rows(X: Any, rows: Ints) -> Any:
    """Cut rows out of dense or CSR features."""
    if not scipy.sparse.issparse(X):
        return X[rows]
    first, counts = X.indptr[rows], np.diff(X.indptr)[rows]
    entries = ranges(first, running_total(counts))
    return _csr(X.data[entries], X.indices[entries], counts, X.shape[1])


class Pile:
    """Join arrays end to end as they come, holding none of them twice."""

    def __init__(self, dtype: Any) -> None:
        self.array, self.size = np.empty(1024, dtype), 0

    def add(self, part: Any) -> None:
        """Append a copy; realloc moves no memory where the system can remap it."""
        stop = self.size + len(part)
        if stop > len(self.array):
            self.array.resize(stop + stop // 8, refcheck=False)
        self.array[self.size : stop] = part
        self.size = stop

    def close(self) -> Any:
        """Return all that was added."""
        self.array.resize(self.size, refcheck=False)
        return self.array


def join_graphs(graphs: Iterable[Graph], dtype: Any) -> tuple[CSR, Any, Ints]:
    """Return the block-diagonal adjacency, the features and the offsets of graphs."""
    largest(dtype)  # or say that it is no dtype
    weights, columns, counts = Pile(dtype), Pile(np.int32), Pile(np.intp)
    features, sizes, n = [], [], 0
    for graph in graphs:
        A, X = graph.adjacency, cast(graph.features, dtype, "feature")
        weights.add(cast(A.data, dtype, "edge weight"))
        columns.add(A.indices + n)
        counts.add(np.diff(A.indptr))
        features.append(compact(X))
        sizes.append(graph.n_nodes)
        n += graph.n_nodes
    data = _once_if_equal(weights.close())
    adjacency = _csr(data, columns.close(), counts.close(), n)
    return adjacency, join_rows(features), running_total(sizes)


def take_blocks(M: CSR, rows: Ints, shifts: Ints) -> CSR:
    """Cut rows out of a matrix; their columns move by `shifts`, one a row."""
    first, counts = M.indptr[rows], np.diff(M.indptr)[rows]
    entries = ranges(first, running_total(counts))
    columns = M.indices[entries] + np.repeat(shifts, counts)
    return _csr(M.data[entries], columns, counts, len(counts))


def with_data(M: CSR, data: Floats) -> CSR:
    """Return a matrix with other entries at the places of M, whose arrays it shares."""
    return scipy.sparse.csr_array((data, M.indices, M.indptr), shape=M.shape)


def _csr(data: Floats, columns: Ints, counts: Ints, width: int) -> CSR:
    kind = np.int32 if max(len(data), width) < 2**31 else np.int64
    indptr = running_total(counts).astype(kind)
    parts = (data, columns.astype(kind, copy=False), indptr)
    return scipy.sparse.csr_array(parts, shape=(len(counts), width))


def _once_if_equal(values: Any) -> Any:
    """Return equal numbers, such as no weights, as a view that repeats the first."""
    is_equal = len(values) > 0 and values.min() == values.max()
    return np.broadcast_to(values[:1].copy(), values.shape) if is_equal else values


def cast(values: Any, dtype: Any, name: str) -> Any:
    """Return numbers, dense or CSR, in float32 or float64, or say what does not fit.

    What fits is `npdiffpool._support.contracts.largest` at most.
    """
    if scipy.sparse.issparse(values):
        return with_data(values, _once_if_equal(cast(values.data, dtype, name)))
    limit = largest(dtype)
    size = float(np.maximum(values.max(initial=0), -values.min(initial=0)))
    if not size <= limit:
        kind = np.dtype(dtype).name
        required = f"fit into {kind}, with its square: be at most {limit:.2g}"
        raise GraphError(f"every {name} must {required}; got {size}")
    return values.astype(dtype, copy=False)


def row_sums(A: CSR) -> Floats:
    """Return A 1, the degrees, in float64, in which no copy of A is made."""
    deg, filled = np.zeros(A.shape[0]), np.diff(A.indptr) > 0
    deg[filled] = np.add.reduceat(A.data, A.indptr[:-1][filled], dtype=np.float64)
    return deg


def squared_norms(A: CSR, offsets: Ints) -> Floats:
    """Return ||A_g||_F^2 of each block, (B,) float64."""
    bounds = A.indptr[offsets]
    parts = (A.data[i:j].astype(np.float64) for i, j in zip(bounds, bounds[1:]))
    return np.array([np.dot(part, part) for part in parts])


class BlockDiagonal:
    """A block-diagonal matrix of which dense blocks are kept, and multiply, as such."""

    ndim = 2

    def __init__(self, rest: CSR, dense: list[tuple[slice, Any]]) -> None:
        self.rest, self.dense = rest, dense
        self.shape, self.dtype = rest.shape, rest.dtype

    @property
    def T(self) -> BlockDiagonal:  # noqa: N802
        """Transpose."""
        dense = [(rows, block.T) for rows, block in self.dense]
        return BlockDiagonal(self.rest.T, dense)

    def __matmul__(self, H: Any) -> Any:
        H = H.toarray() if scipy.sparse.issparse(H) else H
        product = self.rest @ H
        for rows, block in self.dense:
            np.dot(block, H[rows], out=product[rows])
        return product


def with_dense_blocks(M: CSR, offsets: Ints) -> Any:
    """Keep the blocks of dense graphs dense, if there are any: CSR is slower there."""
    sizes, bounds = np.diff(offsets), M.indptr[offsets]
    is_dense = np.diff(bounds) > np.maximum(_DENSE * sizes, _EDGES) * sizes
    if not is_dense.any():
        return M
    dense = []
    for start, stop in zip(offsets[:-1][is_dense], offsets[1:][is_dense]):
        rows, block = slice(start, stop), np.zeros((stop - start,) * 2, M.dtype)
        entries = slice(M.indptr[start], M.indptr[stop])
        counts = np.diff(M.indptr[start : stop + 1])
        at = np.repeat(np.arange(stop - start), counts), M.indices[entries] - start
        block[at] = M.data[entries]
        dense.append((rows, block))
    counts = np.diff(M.indptr) * np.repeat(~is_dense, sizes)
    kept = np.repeat(np.repeat(~is_dense, sizes), np.diff(M.indptr))
    rest = _csr(M.data[kept], M.indices[kept], counts, M.shape[1])
    return BlockDiagonal(rest, dense)
