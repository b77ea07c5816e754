"""Places: where a data set is looked for, before it is downloaded.

Read `find` first. In order: the path given, `$NPDIFFPOOL_DATA`, the cache folder,
the package.
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
    """Hold a row of `known_datasets`; the counts are the published ones.

    Attributes
    ----------
    name : str
    graphs, classes : int
    nodes_mean, edges_mean : float
        A graph; an undirected edge counts once.
    found : str
        A path, "bundled", or "download" where only the TU site has it.
    """

    name: str
    graphs: int
    classes: int
    nodes_mean: float
    edges_mean: float
    found: str


def known_datasets() -> list[KnownDataset]:
    """List the data sets with published counts, and where each is found now.

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
    """Find a data set on this machine.

    Parameters
    ----------
    source : str or path
        A name, or the path of a folder or a zip. What has a separator or ends
        with .zip is a path.
    here : bool
        Whether a name may be that of a folder with TU files in the working folder.

    Returns
    -------
    Path or None
        A folder, a zip, or an .npz inside the package; None where there is none.
        A path that was given is returned whether or not it is there.

    Raises
    ------
    DatasetError
        If `source` is neither a name nor a path, or not fit to be a name.
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
    """Return a name that is safe to make a path of.

    Raises
    ------
    DatasetError
        If it has anything but letters, digits, -, _ and ., or begins with those.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError(
            f"the name of a data set must begin with a letter or digit and hold only "
            f"letters, digits, -, _ and .; got {name!r}"
        )
    return name


def cache_folder() -> Path:
    """Give the folder for downloads; it need not exist.

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
    """Give the path as text, or "bundled" for what the package carries."""
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
