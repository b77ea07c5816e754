"""Files that are written whole or not at all, and arrays in them, never pickles."""

from __future__ import annotations

import os
import tempfile
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Iterator, Mapping

import numpy as np

PREFIX = ".npdiffpool-"  # of files half written, which a kill may leave
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that equal arrays are equal bytes


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path` that replaces it at the end.

    After an exception `path` is as it was and the temporary file is gone; when the
    process is killed `path` is as it was, or whole.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: no folder {target.parent}")
    with _about(target):
        handle, name = tempfile.mkstemp(target.suffix, PREFIX, target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)  # mkstemp's 0600 is not what is expected
            os.replace(temporary, target)
            _sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _about(target: Path) -> Iterator[None]:
    """Have errors of the system name the file, not the temporary one."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise type(error)(error.errno, error.strerror, os.fspath(target)) from error


def _sync_folder(folder: Path) -> None:
    """Have the new name outlast a loss of power, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write a compressed .npz, whole or not at all; equal arrays, equal bytes."""
    with atomic_path(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, array in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w", force_zip64=True) as file:
                    np.lib.format.write_array(
                        file, np.asanyarray(array), allow_pickle=False
                    )
