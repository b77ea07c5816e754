"""Checks of many graphs at once."""
from __future__ import annotations

from typing import Any, Iterable, Iterator

import numpy as np

from npdiffpool.graphchecks import GraphError, Ints
from npdiffpool.graphs import Graph


def check_graphs(graphs: Any) -> list[Graph]:
    """Return a list of graphs of one feature width, or say what is wrong.

    Raises
    ------
    GraphError
        If there is no graph, one is not a `Graph`, or the feature widths differ.
    """
    return list(each_graph(graphs))


def each_graph(graphs: Any) -> Iterator[Graph]:
    """Yield graphs as `check_graphs` lists them, one at a time."""
    if isinstance(graphs, Graph):
        raise GraphError("graphs must be a sequence of Graph; got one Graph")
    if not isinstance(graphs, Iterable):
        kind = type(graphs).__name__
        raise GraphError(f"graphs must be a sequence of Graph; got {kind}")
    width = None
    for index, graph in enumerate(graphs):
        if not isinstance(graph, Graph):
            kind = type(graph).__name__
            raise GraphError(f"graphs[{index}] must be a Graph; got {kind}")
        width = graph.n_features if width is None else width
        if graph.n_features != width:
            raise GraphError(
                f"all graphs must have as many features as the first, {width}; "
                f"graphs[{index}] has {graph.n_features}"
            )
        yield graph
    if width is None:
        raise GraphError("graphs must hold at least one Graph; got none")


def check_choice(order: Any, n_graphs: int) -> Ints:
    """Return the numbers of some graphs, in any order, as an array."""
    array = np.asarray(order)
    whole = array.ndim == 1 and array.dtype.kind in "iu" and len(array) > 0
    if not whole or array.min() < 0 or array.max() >= n_graphs:
        raise GraphError(
            f"order must be whole numbers in 0 ... {n_graphs - 1}, at least "
            f"one; got {array.tolist()}"
        )
    return array
