"""Loading a data set, also with the feature columns of a trained model."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from npdiffpool._support.arguments import warn_caller
from npdiffpool._support.progress import printable
from npdiffpool.datasets import locate
from npdiffpool.datasets.assembly import assemble
from npdiffpool.datasets.bundled import read_bundle
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.features import check_choice, column_kind
from npdiffpool.datasets.fetch import download
from npdiffpool.datasets.tu.archive import TUFiles
from npdiffpool.datasets.tu.reading import TUData, lacks_targets, lacks_weights, read_tu
from npdiffpool.datasets.tu.tables import DatasetError
from npdiffpool.graphs.degrees import DEGREE_CAP
from npdiffpool.graphs.graph import Graph

# The features whose columns are of each kind.
FEATURES = dict(label="labels", attribute="attributes", degree="degree", one="ones")
_WEIGHTS = re.compile(r"attribute \d{1,4}", re.ASCII)
_WRONG_CAP = re.compile(r"degree>=(?!\d{1,9}$).*")


def load_dataset(
    source: str | os.PathLike[Any],
    features: str = "auto",
    degree_cap: int = DEGREE_CAP,
    progress: bool | None = None,
    *,
    weights: str | None = None,
    target: str | None = None,
    require_labels: bool | None = True,
) -> Dataset:
    """Load a data set in the TU format.

    Parameters
    ----------
    source : str or path
        A folder, a zip or a name. In a folder, the files may be one folder deeper, as
        in torch_geometric's ``raw``. A name is searched for in the working folder,
        `$NPDIFFPOOL_DATA`, the cache folder and the package, first as it is spelt, then
        whatever its case. If it is in none of them, it is downloaded from the TU site
        into the cache folder, unless it only resembles a name that is known.
    features : str
        The node features: "labels" (one-hot, one column for each value that occurs, in
        order), "attributes", "degree" (one-hot), "ones", or several of them joined by
        "+", such as "labels+attributes". "auto" selects labels and attributes if the
        data set has them, and "degree" if it has neither.
    degree_cap : int
        There are `degree_cap` + 1 degree columns; column min(degree, degree_cap) is 1.
        The degree is the number of distinct neighbours. A self-loop makes a node its
        own neighbour and adds 1.
    progress : bool, optional
        Show the progress of a download: by default a bar on a terminal and a line
        elsewhere; True always a bar; False nothing.
    weights : str, optional
        "attribute 0" takes the first column of the edge attributes as edge weights,
        "attribute 1" the second. By default all weights are 1.
    target : str, optional
        For regression: "attribute 0" takes the first column of graph_attributes as
        labels, "attribute 0,attribute 3" two columns, and "attributes" all. By default
        the labels are the classes of graph_labels.
    require_labels : bool or None
        False accepts a data set without labels of its graphs; then `Dataset.labels` is
        None, and the last graph is the last one that has nodes. None does so for every
        data set, and of graph_labels.txt reads only the number of graphs, as with
        `target`.

    Returns
    -------
    Dataset
        Undirected graphs. Repeated edges are merged, self-loops are kept, and an edge
        of weight 0 is none.

    Raises
    ------
    DatasetError
        If the data set cannot be found, or one of its files is missing, damaged or
        inconsistent; the message names the file and the line. The numbers of lines of
        edge_attributes, edge_labels and graph_attributes must agree with the others
        even if these files are not used. Also if a weight is negative, or differs
        between the places where an edge is listed; if a file is a link to a place
        outside its folder or exceeds a limit: 1 GiB for a download, 2 GiB for a file or
        for all files of a zip, 2^27 numbers in a file, 2^20 graphs, 2^14 feature
        columns, 2^29 feature values.

    Warns
    -----
    UserWarning
        If a file, such as edge attributes, is not used; if graphs have no nodes; if
        some edges are listed in one direction and others in both. Edge labels of
        `known_datasets` are listed in `Dataset.unused` only: published results do not
        use them.

    Examples
    --------
    >>> mutag = load_dataset("MUTAG")
    >>> mutag.n_classes, mutag.n_features, mutag.feature_names[:3]
    (2, 7, ('label=0', 'label=1', 'label=2'))
    >>> mutag[0]
    Graph(n_nodes=17, n_edges=19, n_features=7, label=1)
    """
    check_choice(features, degree_cap)
    data, about = _read(source, progress, weights, require_labels, target)
    return assemble(data, features, degree_cap, *about)


def _read(
    source: Any, progress: Any, weights: Any, require_labels: Any, target: Any
) -> tuple[TUData, Any]:
    """Return the arrays of a data set; its place, citation, weights and targets."""
    if progress not in (None, True, False):
        raise DatasetError(f"progress must be True, False or None; got {progress!r}")
    if require_labels not in (True, False, None):
        required = "require_labels must be True, False or None"
        raise DatasetError(f"{required}; got {require_labels!r}")
    column, targets = _weights_column(weights), _target_columns(target)
    path = locate.find(source)
    if path is None:
        path = _download(str(source), progress, require_labels and target is None)
    if path.suffix == ".npz":
        data, citation = read_bundle(path)
        if column is not None:
            raise lacks_weights(f"{data.name}_edge_attributes.txt")
        if targets is not None:
            raise lacks_targets(f"{data.name}_graph_attributes.txt")
        if require_labels is None:
            data = data._replace(graph_labels=None)
    else:
        how: Any = {"weights": column, "require_labels": require_labels}
        data = read_tu(TUFiles(path), **how, targets=targets)
        citation = locate.cite(data.name)
    _warn_of_unused(data, needs_labels=require_labels is not None)
    about = locate.describe(path), citation, weights, _target_names(data, targets)
    return data, about


def load_dataset_like(
    source: str | os.PathLike[Any],
    feature_names: Sequence[str],
    *,
    weights: str | None = None,
    target: str | None = None,
    require_labels: bool | None = True,
) -> Dataset:
    """Load a data set with given feature columns, in their order.

    Parameters
    ----------
    source : str or path
        As for `load_dataset`.
    feature_names : sequence of str
        Names as in `Dataset.feature_names`. A label that does not occur in this data
        set gives a column of zeros.
    weights, target : str, optional
        As for `load_dataset`.
    require_labels : bool or None
        As for `load_dataset`.

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
    cap = caps[0] if caps else DEGREE_CAP
    check_choice(features, cap)
    data, about = _read(source, None, weights, require_labels, target)
    _require_tables(data, names)
    dataset = assemble(data, features, cap, *about)
    _require_known(dataset, names)
    place = {name: column for column, name in enumerate(names)}
    columns = [place[name] for name in dataset.feature_names]
    graphs = [_place_columns(graph, columns, len(names)) for graph in dataset]
    return replace(dataset, graphs=graphs, feature_names=tuple(names))


def _weights_column(weights: Any) -> int | None:
    """Return the column that `weights` names: 0 for "attribute 0"."""
    if weights is None:
        return None
    if not isinstance(weights, str) or not _WEIGHTS.fullmatch(weights):
        required = '"attribute 0", "attribute 1", ..., or left out'
        raise DatasetError(f"weights must be {required}; got {weights!r}")
    return int(weights.split()[1])


def _target_columns(target: Any) -> list[int] | None:
    """Return the columns that `target` names: [0] for "attribute 0", [] for all."""
    if target is None or target == "attributes":
        return None if target is None else []
    parts = target.split(",") if isinstance(target, str) else [""]
    names = [part.strip() for part in parts]
    if not all(map(_WEIGHTS.fullmatch, names)) or len(set(names)) < len(names):
        required = '"attribute 0", several such names joined by ",", or "attributes"'
        raise DatasetError(f"target must be {required} for all; got {target!r}")
    return [int(name.split()[1]) for name in names]


def _target_names(data: TUData, columns: list[int] | None) -> tuple[str, ...]:
    """Return the name of each column of the targets."""
    if columns is None or data.graph_targets is None:
        return ()
    n_columns = data.graph_targets.shape[1]
    return tuple(f"attribute {i}" for i in columns or range(n_columns))


def _warn_of_unused(data: TUData, needs_labels: bool) -> None:
    """Warn of unused files and of graphs without nodes."""
    silent = {"edge_labels"} if locate.cite(data.name) else set()
    silent |= set() if needs_labels else {"graph_attributes"}
    unused = [part for part in data.unused if part not in silent]
    if unused:
        files = ", ".join(f"{printable(part)}.txt" for part in unused[:5])
        files += f" and {len(unused) - 5} others" * (len(unused) > 5)
        hint = '; weights="attribute 0" would use a column of edge_attributes.txt'
        hint *= "edge_attributes" in unused
        if "graph_attributes" in unused:
            hint += '; target="attribute 0" would use a column of graph_attributes.txt'
        warn_caller(f"{data.name}: not used: {files}{hint}")
    empty = data.n_graphs - len(np.unique(data.graph_indicator))
    if empty:
        warn_caller(f"{data.name}: {empty} of {data.n_graphs} graphs have no nodes")


def _download(name: str, progress: bool | None, require_labels: Any) -> Path:
    """Download a data set, unless its name only resembles one that is known."""
    data = os.environ.get("NPDIFFPOOL_DATA") or "not set"
    here = "the working folder"
    if Path(name).is_dir():
        here += f" (whose folder {name} has no file ending in _A.txt)"
    places = f"{here}, $NPDIFFPOOL_DATA ({data}), {locate.cache_folder()}"
    missing = f"{name!r} is not in {places} or the package"
    name, similar = locate.site_name(name), locate.suggest(name)
    if similar:
        raise DatasetError(f"{missing}, nor on the TU site.{similar}")
    try:
        return download(name, progress=progress, require_labels=bool(require_labels))
    except DatasetError as error:
        raise DatasetError(f"{missing}, and cannot be downloaded: {error}.") from error


def _check_names(feature_names: Any) -> list[str]:
    """Return the names as a list, validated."""
    is_list = isinstance(feature_names, (list, tuple))
    names = [str(name) for name in feature_names] if is_list else []
    known = [name for name in names if column_kind(name) in FEATURES]
    if not names or known != names or any(map(_WRONG_CAP.fullmatch, names)):
        raise DatasetError(
            "feature_names must be a non-empty list of names from "
            f"Dataset.feature_names, such as ['label=0']; got {feature_names!r}"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DatasetError(f"feature_names must be different; got {twice[0]!r} twice")
    return names


def _require_tables(data: TUData, names: list[str]) -> None:
    """Require the files of the columns `names`."""
    tables = {"label": data.node_labels, "attribute": data.node_attributes}
    for kind, table in tables.items():
        own = [name for name in names if column_kind(name) == kind]
        if own and table is None:
            listed = own[0] + ", ..." * (len(own) > 1)
            raise DatasetError(
                f"the model was trained on node {kind}s ({listed}), which {data.name} "
                "lacks"
            )


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
