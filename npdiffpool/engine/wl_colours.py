"""Colour refinement (1-WL): a colour is a 64-bit hash of a node's surroundings.

Two nodes, in one graph or in two, have the same colour after r rounds if and only if
1-WL cannot distinguish them in r rounds, except for hash collisions (1 in 2^64 per
pair). All arithmetic is on integers modulo 2^64 and therefore exact, so colours do not
depend on the order of nodes and edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from npdiffpool._support.types import CSR, Array, Ints

Colours = npt.NDArray[np.uint64]


def colours_of_features(X: Array) -> Colours:
    """Return a colour for each row of X, (N, F) dense or CSR; equal for equal rows."""
    X = scipy.sparse.csr_array(X, dtype=np.float64, copy=True)
    X.eliminate_zeros()  # 0.0 and -0.0 are equal
    columns = mix(X.indices)
    return mix(_row_totals(X.indptr, mix(columns ^ X.data.view(np.uint64))))


def wl_colours(A: CSR, colours: Colours, rounds: int) -> list[Colours]:
    """Refine colours by the colours of the neighbours (Weisfeiler and Leman 1968).

    Parameters
    ----------
    A : (N, N) csr_array
        Adjacency. Edges of different weights are distinguished.
    colours : (N,) uint64
        Initial colours, such as `colours_of_features`.
    rounds : int

    Returns
    -------
    list of (N,) uint64 arrays
        The colours after 0, 1, ..., `rounds` rounds.
    """
    history = [colours]
    for _ in range(rounds):
        history.append(refine(A, history[-1]))
    return history


def refine(A: CSR, colours: Colours) -> Colours:
    """Return the colours after one round of `wl_colours`."""
    own = mix(colours)
    return mix(own + mix(neighbour_totals(A, own)))


def neighbour_totals(A: CSR, numbers: Colours) -> Colours:
    """Return a hash of the neighbours' numbers and edge weights, for each node."""
    data = A.data.astype(np.float64)
    if len(data) and data.min() == data.max():  # a hash per node serves all its edges
        edges = mix(numbers ^ mix(data[:1].view(np.uint64)))[A.indices]
    else:
        edges = mix(numbers[A.indices] ^ mix(data.view(np.uint64)))
    return _row_totals(A.indptr, edges)


def stable_colours(A: CSR, colours: Colours) -> Colours:
    """Refine the colours of one graph until their number no longer grows."""
    n_colours = len(np.unique(colours))
    while n_colours < len(colours):
        refined = wl_colours(A, colours, 1)[-1]
        n_refined = len(np.unique(refined))
        if n_refined == n_colours:
            break
        colours, n_colours = refined, n_refined
    return colours


def merge_colours(colours: Colours, clusters: Ints) -> Colours:
    """Return a colour for each cluster: a hash of the multiset of node colours."""
    totals = np.zeros(int(np.max(clusters, initial=-1)) + 1, np.uint64)
    np.add.at(totals, clusters, mix(colours))
    return totals


def mix(values: Any) -> Colours:
    """Hash 64-bit numbers one to one, by the finaliser of splitmix64 (Steele 2014)."""
    z = np.array(values, np.uint64, ndmin=1)  # NumPy warns if a scalar overflows
    z += np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Colours = z ^ (z >> np.uint64(31))
    return mixed


def _row_totals(indptr: Ints, values: Colours) -> Colours:
    """Return the sum of the entries of each row of a CSR matrix, modulo 2^64."""
    totals, filled = np.zeros(len(indptr) - 1, np.uint64), np.diff(indptr) > 0
    totals[filled] = np.add.reduceat(values, indptr[:-1][filled])
    return totals
