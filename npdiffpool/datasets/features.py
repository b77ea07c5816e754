"""Node features: columns made of labels, attributes, degrees or ones.

Read `node_features`. A one-hot column is kept as one code a node until the
features of a graph are asked for: all of COLLAB's at once would be 1.5 GB.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from npdiffpool.datasets.tables import DatasetError
from npdiffpool.datasets.tu import Floats, Ints, TUData

MAX_COLUMNS = 1 << 14
MAX_CELLS = 1 << 29  # nodes times columns: 4 GiB of float64
KINDS = ("labels", "attributes", "degree", "ones")


class Columns(NamedTuple):
    """Hold some feature columns of all nodes.

    Attributes
    ----------
    names : list of str
        One for each column.
    values : (N,) ints or (N, F) floats
        Codes, which are the number of the column that is one, or the columns.
    """

    names: list[str]
    values: npt.NDArray[Any]

    def rows(self, start: int, stop: int) -> Floats:
        """Give the columns of the nodes start ... stop - 1, as float64."""
        part = self.values[start:stop]
        if self.values.ndim == 2:
            return part.astype(np.float64)
        one_hot = np.zeros((len(part), len(self.names)))
        one_hot[np.arange(len(part)), part] = 1.0
        return one_hot


def check_choice(features: Any, degree_cap: Any) -> None:
    """Raise if `features` or `degree_cap` is not fit for `node_features`.

    Raises
    ------
    DatasetError
        If `features` is not "auto" nor distinct `KINDS` joined by "+", or
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
    """Make the feature columns, in the order in which `features` names them.

    Parameters
    ----------
    data : TUData
    degrees : (N,) ints
    features : str
        "auto" takes labels and attributes, whichever there are, or else degrees.
    degree_cap : int

    Raises
    ------
    DatasetError
        If `features` asks for labels or attributes that the data set lacks, or for
        more than `MAX_COLUMNS` columns or `MAX_CELLS` numbers.
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
            f"{data.name}: {features} make {n_columns} columns of {n_nodes} nodes; at "
            f"most {MAX_COLUMNS} columns, {MAX_CELLS} numbers are accepted: give other "
            f"features, such as degree"
        )
    return made


def _columns(kind: str, data: TUData, degrees: Ints, degree_cap: int) -> list[Columns]:
    """Make the columns of one kind."""
    if kind == "labels":
        return _label_columns(_required(data, "node_labels"))
    if kind == "attributes":
        attributes = _required(data, "node_attributes")
        names = [f"attribute {i + 1}" for i in range(attributes.shape[1])]
        return [Columns(names, attributes)]
    if kind == "degree":
        names = [f"degree={degree}" for degree in range(degree_cap)]
        codes = np.minimum(degrees, degree_cap)
        return [Columns([*names, f"degree>={degree_cap}"], codes)]
    return [Columns(["one"], np.zeros(len(degrees), dtype=np.intp))]


def _label_columns(labels: npt.NDArray[Any]) -> list[Columns]:
    """Make a column for each value seen: 82 for DD, though it counts to 89."""
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
        raise DatasetError(f"features asks for {kind}; {data.name} has no {part}.txt")
    return table
