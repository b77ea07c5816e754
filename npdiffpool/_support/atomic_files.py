"""Files that are written completely or not at all; arrays, never pickles."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Iterator, Mapping

import numpy as np

PREFIX = ".npdiffpool-"  # of temporary files; a killed process leaves them
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that equal arrays give equal bytes


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the same folder; move it to `path` at the end.

    After an exception `path` is unchanged and the temporary file is removed. If the
    process is killed, `path` is either unchanged or complete.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: no folder {target.parent}")
    with _name_in_errors(target):
        handle, name = tempfile.mkstemp(target.suffix, PREFIX, target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            _set_usual_mode(temporary, 0o666)  # mkstemp creates files with mode 0600
            os.replace(temporary, target)
            _sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _name_in_errors(target: Path) -> Iterator[None]:
    """Replace the temporary file's name in operating-system errors by the target's."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise type(error)(error.errno, error.strerror, os.fspath(target)) from error


def _set_usual_mode(path: Path, mode: int) -> None:
    """Give a file or folder the mode that it would have if `open` had created it."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(mode & ~umask)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power failure, where the system supports that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary folder; move it to `path`, which is new or empty, at the end.

    After an exception `path` is unchanged and the temporary folder is removed.
    """
    target = Path(os.path.realpath(path))  # a link stays one
    with _name_in_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target.parent))
        try:
            yield temporary
            _set_usual_mode(temporary, 0o777)  # mkdtemp creates it with mode 0700
            if target.exists():  # on Windows even an empty folder is not replaced
                target.rmdir()
            temporary.rename(target)
            _sync_folder(target.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write a compressed .npz atomically; equal arrays give equal bytes."""
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                values = np.asanyarray(array)
                np.lib.format.write_array(file, values, allow_pickle=False)
