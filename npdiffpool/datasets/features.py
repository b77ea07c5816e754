"""Node features: columns of one-hot labels, attributes, one-hot degrees or ones.

Read `node_features` first. One-hot columns are stored as one integer per node and
expanded graph by graph: all of COLLAB's at once would need 1.5 GB.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from npdiffpool._support.types import Floats, Ints
from npdiffpool.datasets.tu.reading import TUData
from npdiffpool.datasets.tu.tables import DatasetError
from npdiffpool.graphs.degrees import degree_names, one_hot

MAX_COLUMNS = 1 << 14
MAX_CELLS = 1 << 29  # nodes times columns: 4 GiB of float64
KINDS = ("labels", "attributes", "degree", "ones")


class Columns(NamedTuple):
    """Some feature columns of all nodes.

    Attributes
    ----------
    names : list of str
        The name of each column.
    values : (N,) ints or (N, F) floats
        For one-hot columns, the index of the column that is 1; otherwise the columns.
    """

    names: list[str]
    values: npt.NDArray[Any]

    def rows(self, chosen: slice) -> Floats:
        """Return the columns of some nodes as float64."""
        part = self.values[chosen]
        if self.values.ndim == 2:
            return part.astype(np.float64)
        return one_hot(part, len(self.names))


def column_kind(name: str) -> str:
    """Return the kind of a feature column by its name: "label" for 'label 1=3'."""
    return re.split("[ =>]", name)[0]


def check_choice(features: Any, degree_cap: Any) -> None:
    """Validate the arguments `features` and `degree_cap` of `node_features`.

    Raises
    ------
    DatasetError
        If `features` is neither "auto" nor distinct `KINDS` joined by "+", or
        `degree_cap` is not a whole number of at least 1.
    """
    kinds = features.split("+") if isinstance(features, str) else [features]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if features != "auto" and (unknown or len(set(kinds)) != len(kinds)):
        raise DatasetError(
            f'features must be "auto" or one or more of {", ".join(KINDS)}, '
            f"joined by +; got {features!r}"
        )
    whole = isinstance(degree_cap, (int, np.integer)) and degree_cap is not True
    if not whole or not 1 <= degree_cap < MAX_COLUMNS:
        raise DatasetError(
            f"degree_cap must be a whole number of at least 1 and below {MAX_COLUMNS}; "
            f"got {degree_cap!r}"
        )


def node_features(
    data: TUData, degrees: Ints, features: str, degree_cap: int
) -> list[Columns]:
    """Return the feature columns in the order of their kinds in `features`.

    Parameters
    ----------
    data : TUData
    degrees : (N,) ints
        The degree of each node.
    features : str
        Kinds joined by "+". "auto" selects labels and attributes if the data set has
        them, and degrees if it has neither.
    degree_cap : int
        Degrees from this one share a column.

    Raises
    ------
    DatasetError
        If `features` names labels or attributes that the data set lacks, or needs more
        than `MAX_COLUMNS` columns or `MAX_CELLS` numbers.
    """
    if features == "auto":
        has = {"labels": data.node_labels, "attributes": data.node_attributes}
        kinds = [kind for kind, table in has.items() if table is not None]
        features = "+".join(kinds or ["degree"])
    made: list[Columns] = []
    for kind in features.split("+"):
        made += _columns(kind, data, degrees, degree_cap)
    n_columns, n_nodes = sum(len(group.names) for group in made), len(degrees)
    if n_columns > MAX_COLUMNS or n_columns * n_nodes > MAX_CELLS:
        raise DatasetError(
            f"{data.name}: the features {features} have {n_columns} columns for "
            f"{n_nodes} nodes; at most {MAX_COLUMNS} columns and {MAX_CELLS} numbers "
            f"are accepted; choose other features, such as degree"
        )
    return made


def _columns(kind: str, data: TUData, degrees: Ints, degree_cap: int) -> list[Columns]:
    """Return the columns of one kind."""
    if kind == "labels":
        return _label_columns(_required(data, "node_labels"))
    if kind == "attributes":
        attributes = _required(data, "node_attributes")
        names = [f"attribute {i + 1}" for i in range(attributes.shape[1])]
        return [Columns(names, attributes)]
    if kind == "degree":
        return [Columns(degree_names(degree_cap), np.minimum(degrees, degree_cap))]
    return [Columns(["one"], np.zeros(len(degrees), dtype=np.intp))]


def _label_columns(labels: npt.NDArray[Any]) -> list[Columns]:
    """Return a column for each value that occurs: 82 for DD, whose largest is 89."""
    made = []
    for index, column in enumerate(labels.T):
        values, codes = np.unique(column, return_inverse=True)
        prefix = "label" if labels.shape[1] == 1 else f"label {index + 1}"
        made.append(Columns([f"{prefix}={value}" for value in values], codes))
    return made


def _required(data: TUData, part: str) -> npt.NDArray[Any]:
    table: npt.NDArray[Any] | None = getattr(data, part)
    if table is None:
        kind = part.removeprefix("node_")
        raise DatasetError(f"features names {kind}, but {data.name} has no {part}.txt")
    return table
