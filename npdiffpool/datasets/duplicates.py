"""Isomorphic graphs: a copy in the training part makes a test easier."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from npdiffpool._support.types import Ints
from npdiffpool.engine.canonical_order import in_canonical_order
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.digest import digest_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import offsets_of, slices_of


def find_duplicates(graphs: Iterable[Graph]) -> list[Ints]:
    """Find graphs that are equal up to the order of their nodes.

    Edge weights and features are compared exactly, labels not at all. Two graphs in a
    group are isomorphic. Isomorphic graphs can be missed only if they have nodes that
    1-WL cannot distinguish although no symmetry exchanges them, such as a 3-ring and a
    6-ring in one graph (`npdiffpool.engine.canonical_order`).

    Parameters
    ----------
    graphs : sequence of Graph, or Dataset

    Returns
    -------
    list of int arrays
        The indices of each group of two graphs or more, sorted.

    Raises
    ------
    GraphError
        If `graphs` is not a sequence of Graph, or empty.

    Examples
    --------
    >>> path = Graph.from_edges([(0, 1), (1, 2)], n_nodes=3)
    >>> star = Graph.from_edges([(2, 0), (2, 1)], n_nodes=3)
    >>> ring = Graph.from_edges([(0, 1), (1, 2), (2, 0)], n_nodes=3)
    >>> find_duplicates([path, ring, star])
    [array([0, 2])]
    """
    listed = check_graphs(graphs)
    _, order = in_canonical_order(listed)
    groups: dict[str, list[int]] = {}
    for i, rows in enumerate(slices_of(offsets_of([g.n_nodes for g in listed]))):
        canonical = listed[i].permute(order[rows] - rows.start)
        groups.setdefault(digest_graphs([canonical]), []).append(i)
    return [np.array(group) for group in groups.values() if len(group) > 1]


def count_copies(groups: list[Ints], folds: Iterable[tuple[Any, Any]]) -> int:
    """Count the test graphs that have a copy in the training part of their fold.

    Parameters
    ----------
    groups : list of int arrays
        From `find_duplicates`.
    folds : iterable of pairs of int sequences
        The training graphs and the test graphs of each fold.

    Returns
    -------
    int
        Summed over the folds.

    Examples
    --------
    >>> count_copies([[0, 3], [1, 2]], [([0, 1], [3, 5]), ([3], [1])])
    1
    """
    group_of = {int(graph): i for i, group in enumerate(groups) for graph in group}
    copies = 0
    for train, test in folds:
        known = {group_of[graph] for graph in train if graph in group_of}
        copies += sum(group_of.get(graph, -1) in known for graph in test)
    return copies
