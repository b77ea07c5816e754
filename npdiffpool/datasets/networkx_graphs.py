"""Data sets of networkx graphs: the same feature columns for every graph."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

import numpy as np

from npdiffpool._support.arguments import require, require_labels
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.degrees import DEGREE_CAP, degree_names
from npdiffpool.graphs.graph import Graph


def from_networkx(
    graphs: Sequence[Any],
    features: Any = None,
    labels: Any = None,
    *,
    weight: str = "weight",
    name: str = "graphs",
) -> Dataset:
    """Convert networkx graphs to a data set whose feature columns have names.

    An attribute with strings becomes one-hot columns, one for each string that occurs
    in any graph, in sorted order.

    Parameters
    ----------
    graphs : sequence of networkx.Graph
    features : str, list of str, or dict, optional
        Names of node attributes. In a dict such as ``{"element": ["C", "O"], "mass":
        None}``, a list has the values that become one-hot columns. With the same dict,
        other graphs get the same columns. Default: one-hot degrees.
    labels : sequence, optional
        The label of each graph. Default: ``G.graph["label"]``; if no graph has one,
        there are no labels.
    weight : str
        The edge attribute that holds the weight. An edge without it has weight 1.
    name : str
        The name of the data set.

    Returns
    -------
    Dataset
        Its `feature_names` are such as 'element=C' and 'mass'. The columns of an
        attribute that is a list of numbers have names such as 'position 1'. Its
        `weights` is the value of `weight` if some weight is not 1, otherwise None.

    Raises
    ------
    GraphError
        If a node lacks an attribute or has a value that is not listed or of another
        kind, or a graph is invalid; the message names graph and node.
    ValueError
        If there are no graphs, `features` does not name attributes, there is not one
        label for each graph, or only some graphs have one.
    ImportError
        If networkx is not installed.

    Examples
    --------
    >>> import networkx
    >>> G = networkx.Graph([(0, 1)], label=1)
    >>> networkx.set_node_attributes(G, {0: "C", 1: "O"}, "element")
    >>> molecules = from_networkx([G], "element")
    >>> molecules.feature_names, molecules[0].features.tolist()
    (('element=C', 'element=O'), [[1.0, 0.0], [0.0, 1.0]])
    """
    from npdiffpool.graphs.convert import require_networkx

    is_one = hasattr(graphs, "adj")
    require(not is_one, "graphs", "a sequence of networkx graphs", "one graph")
    listed = list(graphs)
    require(len(listed) > 0, "graphs", "one networkx graph or more", listed)
    for i, G in enumerate(listed):
        with _naming(i):
            require_networkx(G)
    given = _labels(listed, labels)
    columns, names = _columns(listed, features)
    made = []
    for i, G in enumerate(listed):
        X = columns if len(G) and columns else np.zeros((len(G), len(names)))
        with _naming(i):
            label = None if given is None else given[i]
            graph = Graph.from_networkx(G, X, label, weight)
        if columns is None:
            node_names = graph.node_names
            graph = Graph(graph.adjacency, "degree", graph.label, node_names=node_names)
        made.append(graph)
    is_weighted = any(np.any(graph.adjacency.data != 1) for graph in made)
    about: Any = {"source": "networkx", "weights": weight if is_weighted else None}
    return Dataset(made, given, name, tuple(names), **about)


@contextmanager
def _naming(i: int) -> Iterator[None]:
    """Name the graph in an error."""
    try:
        yield
    except GraphError as error:
        raise GraphError(f"graphs[{i}]: {error}") from None


def _labels(graphs: list[Any], labels: Any) -> Any:
    """Return the labels given, or those of the graphs; None if there are none."""
    if labels is not None:
        return require_labels("labels", labels, len(graphs)).tolist()
    found = [G.graph.get("label") for G in graphs]
    lacking = [i for i, label in enumerate(found) if label is None]
    if len(lacking) == len(found):
        return None
    if lacking:
        required = "labels must be given for all graphs or none"
        raise ValueError(f"{required}; graph {lacking[0]} has none")
    return found


def _columns(graphs: list[Any], features: Any) -> tuple[Any, list[str]]:
    """Return the attributes, as `Graph.from_networkx` takes them, and columns' names.

    The attributes are None for degrees.
    """
    from npdiffpool.graphs.convert import are_names, check_values

    if features is None:
        return None, degree_names(DEGREE_CAP)
    features = [features] if isinstance(features, str) else features
    required = "names of node attributes, or a dict that has them"
    is_dict = isinstance(features, Mapping) and len(features) > 0
    require(is_dict or are_names(features), "features", required, features)
    features = features if is_dict else dict.fromkeys(features)
    columns, names = {}, []
    for attribute, known in features.items():
        found = _Values.of(graphs, attribute)
        known = found.words() if known is None else check_values(attribute, known)
        columns[attribute] = known
        if known is not None:
            names += [f"{attribute}={value}" for value in known]
        else:
            width = found.width()
            parts = [f"{attribute} {i + 1}" for i in range(width)]
            names += [attribute] if width == 1 else parts
    require(len(names) == len(set(names)), "names of columns", "different", names)
    return columns, names


class _Values(NamedTuple):
    """The values of an attribute: graph, node and value of each node of all graphs."""

    attribute: str
    items: list[tuple[int, Any, Any]]

    @classmethod
    def of(cls, graphs: list[Any], attribute: str) -> _Values:
        """Collect the values of an attribute."""
        from npdiffpool.graphs.convert import attribute_values

        items = []
        for i, G in enumerate(graphs):
            with _naming(i):
                values = attribute_values(G, attribute)
            items += [(i, node, value) for node, value in zip(G.nodes, values)]
        return cls(attribute, items)

    def words(self) -> list[str] | None:
        """Return the different strings, sorted; None if there are none."""
        words = {value for *_, value in self.items if isinstance(value, str)}
        if words:
            self._require(
                lambda value: isinstance(value, str), "a string, as others are"
            )
        return sorted(words) or None

    def width(self) -> int:
        """Return the number of columns of a number, or of a list of numbers."""
        width = np.size(self.items[0][2]) if self.items else 1
        self._require(
            lambda value: np.size(value) == width, f"of width {width}, as others are"
        )
        return width

    def _require(self, holds: Callable[[Any], bool], what: str) -> None:
        for i, node, value in self.items:
            if not holds(value):
                required = f"attribute {self.attribute!r} must be {what}"
                raise GraphError(
                    f"graphs[{i}]: {required}; got {value!r} at node {node!r}"
                )
