"""Loading: from a name or a path to a `Dataset`."""

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
    """Load a data set in TU form.

    Parameters
    ----------
    source : str or path
        A folder, a zip or a name. A name is looked for in the working folder,
        `$NPDIFFPOOL_DATA`, the cache folder, the package and last on the TU site,
        from where it goes into the cache folder.
    features : str
        The node features: "labels" (one-hot, a column for each value seen, in
        order), "attributes", "degree" (one-hot), "ones", or some of these joined
        by "+", such as "labels+attributes". "auto" takes labels and attributes,
        whichever the data set has, and "degree" if it has neither.
    degree_cap : int
        Column min(degree, degree_cap) of the `degree_cap` + 1 degree columns is
        one. The degree counts distinct neighbours; a self-loop makes a node its
        own neighbour and so adds 1.
    progress : bool, optional
        Show how far a download is: a bar on a terminal, a line elsewhere (None);
        a bar in any case (True); nothing (False).

    Returns
    -------
    Dataset
        Undirected graphs with edge weights 1: edges that are listed repeatedly
        are merged, self-loops are kept.

    Raises
    ------
    DatasetError
        If the data set is not to be found, or one of its files is missing,
        damaged or inconsistent: the message names the file and the line. So it is
        if a file is over a limit (2 GiB of a zip or a file, 2^27 numbers of a file,
        2^20 graphs, 2^14 columns, 2^29 features) or a link out of its folder.

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
