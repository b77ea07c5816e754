r"""The TU files of a data set, in a folder or inside a zip.

A data set NAME has the files NAME_A.txt, NAME_graph_indicator.txt and
NAME_graph_labels.txt, and perhaps more. A zip is never extracted: its members are
validated and read in place. In a folder, only regular files inside it are read. Names
are normalised before they are compared: ``NCI1//NCI1_A.txt``, ``./NCI1/NCI1_A.txt`` and
``NCI1\\NCI1_A.txt`` are the same file.
"""

from __future__ import annotations

import os
import stat
import zipfile
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Iterable, Iterator

from npdiffpool._support.untrusted_zip import BROKEN, open_plain, open_zip, path_inside
from npdiffpool.datasets.tu.tables import DatasetError

MAX_UNZIPPED = 2 << 30  # bytes: all members of a zip, or one file in a folder
REQUIRED = ("A", "graph_indicator", "graph_labels")


class TUFiles:
    """The files of one data set, in a folder or a zip.

    Parameters
    ----------
    path : path
        A folder or a zip. The files may be one folder deeper, as in the zips of the TU
        site and in the ``raw`` folders of torch_geometric.
    label : str, optional
        The name of the folder or zip in error messages; by default the path.

    Attributes
    ----------
    path : Path
    name : str
        The NAME in NAME_A.txt; not always the name of the folder or zip.

    Raises
    ------
    DatasetError
        If there is no such folder or zip, the zip is damaged or unsafe (see `check_zip`
        in untrusted_zip.py, and `MAX_UNZIPPED`), or it does not hold exactly one data
        set.
    """

    def __init__(self, path: str | Path, label: str | None = None) -> None:
        self.path = Path(path)
        self._label = label or str(path)
        with broken_as_error(self._label):
            if self.path.is_dir():
                names = _list_folder(self.path)
            elif self.path.is_file():
                with open_zip(self.path, MAX_UNZIPPED) as archive:
                    names = check_members(archive, self._label)
            else:
                raise DatasetError(f"{self._label}: no such folder or zip")
        first = _find_edges(names, self._label)
        self.name = first.name[: -len("_A.txt")]
        self._folder = first.parent
        self._stored = names

    def has(self, part: str) -> bool:
        """Return whether there is a file NAME_part.txt."""
        return str(self._member(part)) in self._stored

    def parts(self) -> list[str]:
        """Return the part of each file NAME_part.txt that is not a README, sorted."""
        start = str(self._folder / f"{self.name}_")
        ends = (n.removeprefix(start) for n in self._stored if n.startswith(start))
        parts = (e[:-4] for e in ends if e.endswith(".txt") and "/" not in e)
        return sorted(part for part in parts if "readme" not in part.lower())

    def label(self, part: str) -> str:
        """Return the name of the file NAME_part.txt in error messages."""
        return f"{self._label}/{self._member(part)}"

    @contextmanager
    def open(self, part: str) -> Iterator[IO[bytes]]:
        """Open the file NAME_part.txt for reading.

        Raises
        ------
        DatasetError
            If there is no such file, it cannot be read to its end, it is a link to a
            place outside the folder, not a regular file or larger than `MAX_UNZIPPED`.
        """
        label = self.label(part)
        if not self.has(part):
            raise DatasetError(f"{label}: the file is missing")
        with broken_as_error(label):
            if self.path.is_dir():
                path = path_inside(self.path, self._member(part))
                with open_plain(path, MAX_UNZIPPED) as stream:
                    yield stream
            else:
                with open_zip(self.path, MAX_UNZIPPED) as archive:
                    with archive.open(self._stored[str(self._member(part))]) as member:
                        yield member

    def _member(self, part: str) -> PurePosixPath:
        return self._folder / f"{self.name}_{part}.txt"


def check_members(archive: zipfile.ZipFile, label: str) -> dict[str, str]:
    """Return the stored name of each file in a zip, by its normalised name.

    Raises
    ------
    DatasetError
        If a member would be extracted to a place outside the folder, or is a link, or
        two files have the same normalised name.
    """
    stored: dict[str, str] = {}
    for member in archive.infolist():
        name = member.orig_filename
        parts = _normalise(name).split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise DatasetError(f"{label}: unsafe member path {name!r}")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DatasetError(f"{label}: member {name!r} is a link")
        if member.filename.endswith(("/", "\\")):  # a folder
            continue
        normal = _normalise(member.filename)
        if normal in stored:
            names = f"{stored[normal]!r} and {name!r}"
            raise DatasetError(f"{label}: the members {names} are the same file")
        stored[normal] = member.filename
    return stored


def _normalise(name: str) -> str:
    r"""Return a path without ``//``, ``./`` and backslashes."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", "."))


@contextmanager
def broken_as_error(label: str) -> Iterator[None]:
    """Raise exceptions of zipfile and the operating system as a `DatasetError`."""
    try:
        yield
    except DatasetError:
        raise
    except (*BROKEN, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise DatasetError(f"{label}: cannot be read: {reason}") from error


def _list_folder(folder: Path) -> dict[str, str]:
    top = folder.resolve()
    # Not Path.is_dir: it raises for a link to an impossible place.
    inner = [path for path in folder.iterdir() if os.path.isdir(path)]
    inner = [path for path in inner if path.resolve().is_relative_to(top)]
    files = [file for place in (folder, *inner) for file in place.glob("*.txt")]
    names = [file.relative_to(folder).as_posix() for file in files]
    return dict(zip(names, names))


def _find_edges(names: Iterable[str], label: str) -> PurePosixPath:
    """Return the NAME_A.txt at the lowest depth; prefer NAME = `label`."""
    found = [PurePosixPath(name) for name in names if name.endswith("_A.txt")]
    found = [name for name in found if name.parts[0] != "__MACOSX"]
    if not found:
        raise DatasetError(f"{label}: no file ending in _A.txt; it must hold one")
    depth = min(len(name.parts) for name in found)
    found = [name for name in found if len(name.parts) == depth]
    wanted = PurePath(label).name.removesuffix(".zip") + "_A.txt"
    found = [name for name in found if name.name == wanted] or found
    if not found[0].name.isprintable():
        raise DatasetError(f"{label}: the name {found[0].name!r} is not printable")
    if len(found) > 1:
        several = ", ".join(sorted(str(name) for name in found))
        raise DatasetError(f"{label}: several data sets, {several}; it must hold one")
    return found[0]
