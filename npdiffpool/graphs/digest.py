"""SHA-256 digest of graphs, which identifies the data of a saved run."""

from __future__ import annotations

import hashlib
from typing import Iterable

import numpy as np
import scipy

from npdiffpool.graphs.graph import Graph


def digest_graphs(graphs: Iterable[Graph]) -> str:
    """Return a SHA-256 digest of the adjacencies and features of graphs."""
    digest = hashlib.sha256()
    for graph in graphs:
        for M in map(scipy.sparse.csr_array, (graph.adjacency, graph.features)):
            digest.update(repr(M.shape).encode())
            for part in (M.indptr, M.indices):
                digest.update(part.astype(np.int64).tobytes())
            digest.update(M.data.astype(np.float64).tobytes())
    return digest.hexdigest()
