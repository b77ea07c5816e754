"""Loading a data set by its name or path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from npdiffpool.datasets.archive import TUFiles
from npdiffpool.datasets.assembly import assemble
from npdiffpool.datasets.bundled import read_bundle
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.features import check_choice
from npdiffpool.datasets.fetch import download
from npdiffpool.datasets.locate import cache_folder, describe, find
from npdiffpool.datasets.registry import cite, suggest
from npdiffpool.datasets.tables import DatasetError
from npdiffpool.datasets.tu import read_tu

DEGREE_CAP = 64


def load_dataset(
    source: str | os.PathLike[Any],
    features: str = "auto",
    degree_cap: int = DEGREE_CAP,
    progress: bool | None = None,
) -> Dataset:
    """Load a data set in the TU format.

    Parameters
    ----------
    source : str or path
        A folder, a zip or a name. A name is searched for in the working folder,
        `$NPDIFFPOOL_DATA`, the cache folder and the package. If it is in none of them,
        it is downloaded from the TU site into the cache folder.
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

    Returns
    -------
    Dataset
        Undirected graphs with edge weights 1. Repeated edges are merged, self-loops are
        kept.

    Raises
    ------
    DatasetError
        If the data set cannot be found, or one of its files is missing, damaged or
        inconsistent; the message names the file and the line. Also if a file is a link
        to a place outside its folder or exceeds a limit: 2 GiB for a zip or a file,
        2^27 numbers in a file, 2^20 graphs, 2^14 feature columns, 2^29 feature values.

    Examples
    --------
    >>> mutag = load_dataset("MUTAG")
    >>> mutag.n_classes, mutag.n_features, mutag.feature_names[:3]
    (2, 7, ('label=0', 'label=1', 'label=2'))
    >>> mutag[0]
    Graph(n_nodes=17, n_edges=19, n_features=7, label=1)
    """
    check_choice(features, degree_cap)
    if progress not in (None, True, False):
        raise DatasetError(f"progress must be True, False or None; got {progress!r}")
    path = find(source)
    if path is None:
        path = _download(str(source), progress)
    if path.suffix == ".npz":
        data, citation = read_bundle(path)
    else:
        data = read_tu(TUFiles(path))
        citation = cite(data.name)
    return assemble(data, features, degree_cap, describe(path), citation)


def _download(name: str, progress: bool | None) -> Path:
    try:
        return download(name, progress=progress)
    except DatasetError as error:
        data = os.environ.get("NPDIFFPOOL_DATA") or "not set"
        raise DatasetError(
            f"{name!r} is not in the working folder, $NPDIFFPOOL_DATA ({data}), "
            f"{cache_folder()} or the package, and cannot be downloaded: "
            f"{error}.{suggest(name)}"
        ) from error
