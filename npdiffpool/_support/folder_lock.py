"""A folder that one run at a time writes into, protected by a lock.

The operating system holds the lock, so it ends with the process, even if that is
killed. It does not separate two threads of one process, and has no effect on systems
without such locks (Windows).
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Iterator

from npdiffpool._support.atomic_files import PREFIX
from npdiffpool._support.progress import reason_of

LOCK = ".lock"


@contextmanager
def lock_folder(path: str | os.PathLike[str], is_new: bool = False) -> Iterator[Path]:
    """Create a folder if it is missing, and lock it against other runs.

    On exit, folders that were created here are removed if they are empty.

    Parameters
    ----------
    path : path
    is_new : bool
        Raise if the folder exists, even if another run has just created it.

    Raises
    ------
    ValueError
        If the path is not a folder, or another run has locked it.
    FileExistsError
        If `is_new` and the folder exists.
    OSError
        If the folder is not writable.
    """
    folder = Path(path)
    if not is_new and folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    created = [part for part in (folder, *folder.parents) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=not is_new)
    try:
        with _lock(folder):
            yield folder
    finally:
        with suppress(OSError):  # not empty
            for part in created:
                part.rmdir()


def list_contents(folder: Path) -> list[Path]:
    """List the paths in a folder, except the lock and temporary files."""
    paths = [path for path in folder.iterdir() if not path.name.startswith(PREFIX)]
    return sorted(path for path in paths if path.name != LOCK)


def remove_partial_files(folder: Path) -> None:
    """Remove temporary files of a killed run from a locked folder and its figures."""
    for place in (folder, folder / "figures"):
        for path in place.glob(f"{PREFIX}*"):
            if path.is_file():
                path.unlink()


@contextmanager
def add_resume_hint(checkpoint: Path, hint: str) -> Iterator[None]:
    """Add a hint to the error that stops the work, if the checkpoint exists by then.

    Such errors are Ctrl-C and errors of the operating system, such as a full disk.
    """
    try:
        yield
    except (KeyboardInterrupt, OSError) as error:
        if not checkpoint.exists():
            raise
        is_stop = isinstance(error, KeyboardInterrupt) and not str(error)
        reason = "interrupted" if is_stop else reason_of(error, with_path=True)
        raise type(error)(f"{reason}; {hint}") from error


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    path = folder / LOCK
    file = _open(path)
    while not _acquire(file, path):  # the last owner has just removed the file
        file.close()
        file = _open(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


def _open(path: Path) -> IO[str]:
    flags = os.O_RDWR | os.O_CREAT
    for name in ("O_NOFOLLOW", "O_NONBLOCK"):  # neither follow links nor wait on pipes
        flags |= getattr(os, name, 0)
    try:
        return open(os.open(path, flags, 0o666), "w")
    except OSError as error:
        reason = f"the folder is not writable: {error.strerror}"
        raise OSError(f"{path.parent}: {reason}") from None


if sys.platform == "win32":

    def _acquire(file: IO[str], path: Path) -> bool:
        return True

else:
    import fcntl

    def _acquire(file: IO[str], path: Path) -> bool:
        """Lock the file; return whether `path` still refers to that file."""
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # children do not inherit the lock
            file.close()
            raise ValueError(f"{path.parent}: another run is writing there") from None
        except OSError:  # a file system without locks
            return True
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file.fileno()), path.stat())
        return False
