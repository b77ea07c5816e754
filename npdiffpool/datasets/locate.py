"""Places that are searched for a data set before it is downloaded.

Read `find` first. The order is: a path as given, the working folder,
`$NPDIFFPOOL_DATA`, the cache folder, the package.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from npdiffpool.datasets.registry import KNOWN
from npdiffpool.datasets.tables import DatasetError

PACKAGE = Path(__file__).parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class KnownDataset(NamedTuple):
    """One row of `known_datasets`, with the published counts.

    Attributes
    ----------
    name : str
        The name of the data set.
    graphs, classes : int
        Numbers of graphs and classes.
    nodes_mean, edges_mean : float
        Means per graph; an undirected edge counts once.
    found : str
        A path, "bundled", or "download" if only the TU site has it.
    """

    name: str
    graphs: int
    classes: int
    nodes_mean: float
    edges_mean: float
    found: str


def known_datasets() -> list[KnownDataset]:
    """Return the data sets with published counts, and the place of each.

    Returns
    -------
    list of KnownDataset

    Examples
    --------
    >>> [row[:5] for row in known_datasets() if row.graphs == 188]
    [('MUTAG', 188, 2, 17.93, 19.79)]
    """
    rows = []
    for name, counts in KNOWN.items():
        path = find(name, here=False)
        found = "download" if path is None else describe(path)
        rows.append(KnownDataset(name, *counts[:4], found))
    return rows


def find(source: Any, here: bool = True) -> Path | None:
    """Return the place of a data set on this machine.

    Parameters
    ----------
    source : str or path
        A name, or the path of a folder or a zip. A string is a path if it has a
        separator or ends with .zip.
    here : bool
        Whether to search the working folder for a folder of this name with TU files.

    Returns
    -------
    Path or None
        A folder, a zip, or an .npz inside the package; None if the name is not found. A
        path is returned even if it does not exist.

    Raises
    ------
    DatasetError
        If `source` is neither a name nor a path, or the name is not valid.
    """
    if not isinstance(source, (str, os.PathLike)):
        kind = type(source).__name__
        raise DatasetError(f"source must be a name or a path; got {kind}")
    path = _expand(os.fsdecode(source))
    if _is_path(source):
        return path
    name = check_name(os.fsdecode(source))
    if here and any(path.glob("*_A.txt")):
        return path
    return next((place for place in _places(name) if place.exists()), None)


def check_name(name: str) -> str:
    """Return the name if it is safe as a part of a path.

    Raises
    ------
    DatasetError
        If it has characters other than letters, digits, -, _ and ., or does not begin
        with a letter or digit.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError(
            f"the name of a data set must begin with a letter or digit and hold only "
            f"letters, digits, -, _ and .; got {name!r}"
        )
    return name


def cache_folder() -> Path:
    """Return the folder for downloads, which may not exist yet.

    Returns
    -------
    pathlib.Path
        `$NPDIFFPOOL_CACHE`, else `$XDG_CACHE_HOME/npdiffpool`, else
        `~/.cache/npdiffpool`.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, NPDIFFPOOL_CACHE="downloads"):
    ...     print(cache_folder())
    downloads
    """
    own = os.environ.get("NPDIFFPOOL_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expand(own or os.path.join(base, "npdiffpool"))


def describe(path: Path) -> str:
    """Return the path as text, or "bundled" for a data set inside the package."""
    return "bundled" if path.parent == PACKAGE else str(path)


def _is_path(source: str | os.PathLike[Any]) -> bool:
    if isinstance(source, os.PathLike):
        return True
    separators = [os.sep, os.altsep or os.sep]
    return source.endswith(".zip") or any(mark in source for mark in separators)


def _places(name: str) -> list[Path]:
    data = os.environ.get("NPDIFFPOOL_DATA")
    folders = [_expand(data)] if data else []
    folders.append(cache_folder())
    places = [folder / file for folder in folders for file in (name, f"{name}.zip")]
    return [*places, PACKAGE / f"{name}.npz"]


def _expand(path: str) -> Path:
    # Path.expanduser raises where there is no such user.
    return Path(os.path.expanduser(path))
