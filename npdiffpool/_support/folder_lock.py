"""A folder that one run at a time writes into, as long as it holds the lock.

The lock is the system's, so it ends with the process, however that ends; two threads
of one process, and systems without such locks (Windows), are not told apart.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Iterator

from npdiffpool._support.atomic_files import PREFIX

LOCK = ".lock"


@contextmanager
def own_folder(path: str | os.PathLike[str], is_new: bool = False) -> Iterator[Path]:
    """Give a folder, made where missing, that no other run writes into.

    At the end the folder is removed, if it was made here and is empty.

    Parameters
    ----------
    path : path
    is_new : bool
        Require it to be missing, and to be made by no other run meanwhile.

    Raises
    ------
    ValueError
        If it is no folder, or another run has it.
    FileExistsError
        If it is there, but was to be new.
    OSError
        If nothing can be written there.
    """
    folder = Path(path)
    if not is_new and folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    made = [part for part in (folder, *folder.parents) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=not is_new)
    try:
        with _lock(folder):
            yield folder
    finally:
        with suppress(OSError):  # something is in it
            for part in made:
                part.rmdir()


def holdings(folder: Path) -> list[Path]:
    """List what is in a folder, but for the lock and what is half written."""
    paths = [path for path in folder.iterdir() if not path.name.startswith(PREFIX)]
    return sorted(path for path in paths if path.name != LOCK)


def clear(folder: Path) -> None:
    """Remove what a killed run left half written; the folder must be one's own."""
    for place in (folder, folder / "figures"):
        for left in place.glob(f"{PREFIX}*"):
            if left.is_file():
                left.unlink()


@contextmanager
def hinting(kept: Path, hint: str) -> Iterator[None]:
    """Give the hint where work is stopped after the file `kept` was written.

    That is by Ctrl-C, or by an error of the system, such as a full disk.
    """
    try:
        yield
    except (KeyboardInterrupt, OSError) as stop:
        if not kept.exists():
            raise
        raise type(stop)(f"{str(stop) or 'interrupted'}; {hint}") from stop


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    path = folder / LOCK
    file = _open(path)
    while not _is_taken(file, path):  # whoever had it has just removed it
        file.close()
        file = _open(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


def _open(path: Path) -> IO[str]:
    flags = os.O_RDWR | os.O_CREAT
    for name in ("O_NOFOLLOW", "O_NONBLOCK"):  # neither a link nor a pipe
        flags |= getattr(os, name, 0)
    try:
        return open(os.open(path, flags, 0o666), "w")
    except OSError as error:
        reason = f"nothing can be written there: {error.strerror}"
        raise OSError(f"{path.parent}: {reason}") from None


if sys.platform == "win32":

    def _is_taken(file: IO[str], path: Path) -> bool:
        return True

else:
    import fcntl

    def _is_taken(file: IO[str], path: Path) -> bool:
        """Take the lock; tell whether the file is still the one of that name."""
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # a record lock: no child has it
            file.close()
            raise ValueError(f"{path.parent}: another run is writing there") from None
        except OSError:  # a file system without locks
            return True
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file.fileno()), path.stat())
        return False
