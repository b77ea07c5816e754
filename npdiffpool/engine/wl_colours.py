"""1-WL colours: numbers that say, exactly, what each node sees of its graph.

Two nodes, of one graph or of two, have the same colour after r rounds if and only if
1-WL cannot tell them apart in r rounds (but for accidents, of about 1 in 2^64). All is
integer arithmetic modulo 2^64, so the order of nodes and of edges changes no bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

CSR = Any  # scipy.sparse.csr_array
Colours = npt.NDArray[np.uint64]


def colours_of_features(X: Any) -> Colours:
    """Return a colour of each row of X, (N, F) dense or CSR: equal rows, equal ones."""
    X = scipy.sparse.csr_array(X, dtype=np.float64, copy=True)
    X.eliminate_zeros()  # and with them the sign of zero
    columns = mix(X.indices.astype(np.uint64))
    return mix(_row_totals(X.indptr, mix(columns ^ X.data.view(np.uint64))))


def wl_colours(A: CSR, colours: Colours, rounds: int) -> list[Colours]:
    """Refine colours by those of the neighbours (Weisfeiler and Leman 1968).

    Parameters
    ----------
    A : (N, N) csr_array
        A weighted edge is seen with its weight.
    colours : (N,) uint64
        What nodes look like before, such as `colours_of_features`.
    rounds : int

    Returns
    -------
    list of (N,) uint64 arrays
        The colours after 0, 1, ..., `rounds` rounds.
    """
    weights = mix(A.data.astype(np.float64).view(np.uint64))
    seen = [colours]
    for _ in range(rounds):
        of_edges = mix(mix(seen[-1])[A.indices] ^ weights)
        seen.append(mix(mix(seen[-1]) + mix(_row_totals(A.indptr, of_edges))))
    return seen


def stable_colours(A: CSR, colours: Colours) -> Colours:
    """Refine colours of one graph until no round tells more nodes apart."""
    known, n_colours = colours, len(np.unique(colours))
    while n_colours < len(colours):
        refined = wl_colours(A, known, 1)[-1]
        n_refined = len(np.unique(refined))
        if n_refined == n_colours:
            break
        known, n_colours = refined, n_refined
    return known


def merge_colours(colours: Colours, clusters: Any) -> Colours:
    """Return a colour of each cluster, from those of its nodes in any order."""
    totals = np.zeros(int(np.max(clusters, initial=-1)) + 1, np.uint64)
    np.add.at(totals, clusters, mix(colours))
    return totals


def mix(values: Any) -> Colours:
    """Scatter 64-bit numbers, one to one (splitmix64; Steele et al. 2014)."""
    z = np.array(values, np.uint64, ndmin=1)  # of a scalar NumPy would warn
    z += np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Colours = z ^ (z >> np.uint64(31))
    return mixed


def _row_totals(indptr: Any, values: Colours) -> Colours:
    totals, filled = np.zeros(len(indptr) - 1, np.uint64), np.diff(indptr) > 0
    totals[filled] = np.add.reduceat(values, indptr[:-1][filled])
    return totals
