"""Differentiable pooling of a batch: equations 3, 4 and 6, and the levels.

At level 0 graphs differ in size and A is sparse; above it every graph has K nodes and A
is a dense stack (B, K, K). At every level X is (N, F), one row per node.
"""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple

import autograd.numpy as np

from npdiffpool._support.contracts import IsA, Shape, requires
from npdiffpool._support.types import Array, Ints
from npdiffpool.engine.layers import OPERATORS
from npdiffpool.engine.primitives import softmax_entropy
from npdiffpool.engine.segments import quadratic_form, segment_product
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.block_diagonal import with_dense_blocks


class Level(NamedTuple):
    """The graphs of one level of the hierarchy, B of them, with N nodes in all.

    Attributes
    ----------
    A : (N, N) csr_array or BlockDiagonal at level 0, (B, K, K) array above
        Adjacency.
    X : (N, F) array
        Features, one row per node.
    offsets : (B + 1,) ints
        Graph g has rows ``offsets[g]`` to ``offsets[g + 1]``.
    squared_norms : (B,) array or None
        ||A_g||_F^2 of each graph, where A is sparse.
    symmetric : (B,) bools or None
        Whether A_g = A_g^T exactly; None if no graph is known to be.
    operators : dict of str to matrices of the form of A
        Propagation matrices by the kind of layer.
    propagated : dict of str to (N, F) arrays
        Each operator times X, where it is known.
    fixed_clusters : tuple of int arrays
        Fixed assignments of this level and of the levels above it.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> pair, dot = Graph.from_edges([(0, 1)], 2, "ones"), Graph([[0]], [[5.0]])
    >>> level = Level.of(GraphBatch.from_graphs([pair, dot]))
    >>> level.offsets, level.squared_norms
    (array([0, 2, 3]), array([2., 0.]))
    """

    A: Array
    X: Array
    offsets: Array
    squared_norms: Array | None = None
    symmetric: Array | None = None
    operators: Mapping[str, Array] = {}
    propagated: Mapping[str, Array] = {}
    fixed_clusters: tuple[Ints, ...] = ()

    @property
    def n_graphs(self) -> int:
        """Return the number B of graphs."""
        return len(self.offsets) - 1

    @property
    def n_nodes(self) -> int:
        """Return the number N of nodes of all graphs together."""
        return int(self.offsets[-1])

    @classmethod
    def of(cls, batch: GraphBatch) -> Level:
        """Return a batch as level 0, with its precomputed operators and fixed clusters.

        Parameters
        ----------
        batch : GraphBatch

        Returns
        -------
        Level
        """
        return cls(
            A=batch.adjacency,
            X=batch.features,
            offsets=batch.offsets,
            squared_norms=batch.squared_norms,
            symmetric=batch.symmetric,
            operators=batch.operators,
            propagated=batch.propagated,
            fixed_clusters=batch.fixed_clusters,
        )

    def with_propagation_matrices(self, kinds: Iterable[str]) -> Level:
        """Return the level with any missing propagation matrices added.

        Parameters
        ----------
        kinds : iterable of str
            Kinds of layers, from `npdiffpool.engine.layers.KINDS`.

        Returns
        -------
        Level
        """
        missing = (set(kinds) & set(OPERATORS)) - set(self.operators)
        made = {kind: OPERATORS[kind](self.A) for kind in sorted(missing)}
        return self._replace(operators={**self.operators, **made})

    def with_dense_blocks(self) -> Level:
        """Return level 0 with the blocks of dense graphs stored as dense arrays.

        Returns
        -------
        Level
        """
        A, Ps = with_dense_blocks(self.A, self.offsets), {}
        for kind, P in self.operators.items():  # that of "s2v" is A itself
            Ps[kind] = A if P is self.A else with_dense_blocks(P, self.offsets)
        return self._replace(A=A, operators=Ps)


LEVEL = IsA(Level, N="n_nodes", B="n_graphs")


@requires(R=Shape("N K", large=True, floats=True))
def assign(R: Array) -> tuple[Array, Array]:
    """Return S = softmax(R) by rows (equation 6), and the entropies of its rows.

    The entropies come from the logits, not from S, so that they are exact and their
    gradient finite also where S underflows.

    Parameters
    ----------
    R : (N, K) array
        Logits.

    Returns
    -------
    S : (N, K) array
        Rows sum to 1.
    entropies : (N,) array
        H(S_i) of each row, in nats.

    Raises
    ------
    ValueError
        If `R` is not an (N, K) array of finite numbers, or K is 0.

    Examples
    --------
    >>> S, entropies = assign(np.log([[1.0, 3.0], [1.0, 1.0]]))
    >>> S
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])
    >>> entropies.round(4)
    array([0.5623, 0.6931])
    """
    S, entropies = softmax_entropy(R)  # autograd traces the pair as one box
    return S, entropies


@requires(level=LEVEL, Z=Shape("N D"), S=Shape("N K"))
def coarsen(level: Level, Z: Array, S: Array) -> tuple[Array, Array]:
    """Return A' = S^T A S and X' = S^T Z of each graph (equations 4 and 3).

    A S is computed first, at a cost of O(E K + N K^2); no N x N array is formed. The
    arithmetic and its gradient are `segments.quadratic_form`. Where A_g = A_g^T exactly
    (`Level.symmetric`), so is A'_g.

    Parameters
    ----------
    level : Level
        Graphs with N nodes in all.
    Z : (N, D) array
        Embeddings.
    S : (N, K) array
        Assignment.

    Returns
    -------
    A_pooled : (B, K, K) array
    X_pooled : (B, K, D) array

    Raises
    ------
    ValueError
        If an argument does not have the documented shape or type, or a number is too
        large (`contracts.largest_allowed`).

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> pair, dot = Graph.from_edges([(0, 1)], 2, "ones"), Graph([[0]], [[5.0]])
    >>> level = Level.of(GraphBatch.from_graphs([pair, dot]))
    >>> A_pooled, X_pooled = coarsen(level, level.X, S=np.ones((3, 1)))
    >>> A_pooled.ravel(), X_pooled.ravel()
    (array([2., 0.]), array([2., 5.]))
    """
    A_pooled = quadratic_form(level.A, S, level.offsets, level.symmetric)
    return A_pooled, segment_product(S, Z, level.offsets)


@requires(A_pooled=Shape("B M M"), X_pooled=Shape("B M D"))
def next_level(
    A_pooled: Array,
    X_pooled: Array,
    fixed_clusters: tuple[Ints, ...] = (),
    symmetric: Array | None = None,
) -> Level:
    """Return the coarsened graphs as the next level.

    Parameters
    ----------
    A_pooled : (B, K, K) array
    X_pooled : (B, K, D) array
    fixed_clusters : tuple of int arrays
        Fixed assignments of the next level and of the levels above it.
    symmetric : (B,) bools, optional
        Whether each A' is exactly symmetric, as for the level below.

    Returns
    -------
    Level
        With N = B K nodes.

    Raises
    ------
    ValueError
        If the shapes differ from these, or a number is too large.

    Examples
    --------
    >>> next_level(np.ones((2, 3, 3)), np.ones((2, 3, 1))).offsets
    array([0, 3, 6])
    """
    B, K, D = X_pooled.shape
    X, offsets = X_pooled.reshape(B * K, D), np.arange(B + 1) * K
    return Level(
        A_pooled, X, offsets, symmetric=symmetric, fixed_clusters=fixed_clusters
    )
