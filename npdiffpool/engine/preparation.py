"""What is done once for a data set, not in every step."""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence

import scipy

from npdiffpool.engine.layers import CONVOLUTIONS, OPERATORS
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.block_diagonal import choose_format


def prepare(batch: GraphBatch, kinds: Sequence[str]) -> GraphBatch:
    """Add to a batch what the layers of `kinds` need and no parameter changes.

    These are the features propagated once, and gcn's propagation matrix. They are
    made once for a data set; `GraphBatch.take` hands them on. s2v needs neither:
    it propagates by the adjacency itself and starts from zero.
    """
    A, X, operators, propagated = batch.adjacency, batch.features, {}, {}
    for kind in sorted(CONVOLUTIONS.keys() & set(kinds)):
        P = OPERATORS[kind](A)
        PX = choose_format(P @ X)
        if scipy.sparse.issparse(PX) or not scipy.sparse.issparse(X):
            propagated[kind] = PX
        if kind == "gcn":  # the mean of a minibatch is made as fast as cut out
            operators[kind] = P
    return replace(batch, operators=operators, propagated=propagated)
