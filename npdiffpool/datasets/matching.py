"""Loading a data set with the feature columns that a model was trained on."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any, Sequence

import numpy as np

from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.features import column_kind
from npdiffpool.datasets.loading import DEGREE_CAP, load_dataset
from npdiffpool.datasets.tables import DatasetError
from npdiffpool.graphs.graph import Graph

# The kind of features that has columns of each kind.
FEATURES = {
    "label": "labels",
    "attribute": "attributes",
    "degree": "degree",
    "one": "ones",
}


def load_dataset_like(
    source: str | os.PathLike[Any], feature_names: Sequence[str]
) -> Dataset:
    """Load a data set with given feature columns, in their order.

    Parameters
    ----------
    source : str or path
        As for `load_dataset`.
    feature_names : sequence of str
        Names as in `Dataset.feature_names`. A label that does not occur in this data
        set gives a column of zeros.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If `feature_names` are not such names, the data set cannot be loaded, or it has
        a column that is not among them or lacks an attribute.

    Examples
    --------
    >>> trained_on = [f"label={n}" for n in (9, 6, 5, 4, 3, 2, 1, 0)]
    >>> mutag = load_dataset_like("MUTAG", trained_on)
    >>> mutag[0].features.sum(axis=0)  # 17 atoms, none of label 9
    array([ 0.,  0.,  0.,  0.,  0.,  2.,  1., 14.])
    """
    names = _check_names(feature_names)
    features = "+".join(dict.fromkeys(FEATURES[column_kind(name)] for name in names))
    caps = [int(name[8:]) for name in names if name.startswith("degree>=")]
    dataset = load_dataset(source, features, caps[0] if caps else DEGREE_CAP)
    _require_known(dataset, names)
    place = {name: column for column, name in enumerate(names)}
    columns = [place[name] for name in dataset.feature_names]
    graphs = [_place_columns(graph, columns, len(names)) for graph in dataset]
    return replace(dataset, graphs=graphs, feature_names=tuple(names))


def _check_names(feature_names: Any) -> list[str]:
    usable = isinstance(feature_names, (list, tuple)) and len(feature_names) > 0
    for name in feature_names if usable else ():
        usable = usable and column_kind(str(name)) in FEATURES
        usable = usable and re.fullmatch(r"degree>=(?!\d{1,9}$).*", str(name)) is None
    if not usable:
        raise DatasetError(
            "feature_names must be those of a Dataset, such as 'label=0', one or "
            f"more; got {feature_names!r}"
        )
    return [str(name) for name in feature_names]


def _require_known(dataset: Dataset, names: list[str]) -> None:
    unknown = [name for name in dataset.feature_names if name not in names]
    if unknown:
        raise DatasetError(
            f"{dataset.name} has the feature {unknown[0]!r}, which the model was not "
            f"trained on"
        )
    missing = set(names) - set(dataset.feature_names)
    attributes = sorted(name for name in missing if name.startswith("attribute"))
    if attributes:
        raise DatasetError(f"{dataset.name} lacks the feature {attributes[0]!r}")


def _place_columns(graph: Graph, columns: list[int], width: int) -> Graph:
    """Return a graph whose feature column i is moved to columns[i] of `width`."""
    features = np.zeros((graph.n_nodes, width))
    features[:, columns] = graph.features
    return Graph(graph.adjacency, features, graph.label)
