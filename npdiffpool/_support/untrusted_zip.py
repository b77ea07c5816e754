"""Files and zip archives from untrusted sources, opened within stated limits.

Read `open_plain`, then `open_zip`. No memory is allocated for a size that a file only
claims.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO, Iterator

MAX_MEMBERS = 10_000
_MAX_DIRECTORY = 8 << 20  # bytes of a zip's central directory
_MAX_RATIO = 1032  # the largest compression ratio of deflate
# Exceptions of zipfile on a damaged zip; found by damaging one at random.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,  # an encrypted member, or an unknown compression
    OverflowError,
    OSError,
    UnicodeDecodeError,
)
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class _LimitedReader(io.BufferedReader):
    """A reader that refuses the large read of a zip with a huge directory."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most `size` bytes; raise a ValueError if that is too large."""
        if size is not None and size > _MAX_DIRECTORY:
            limit = f"{_MAX_DIRECTORY} bytes"
            raise ValueError(f"the zip's central directory exceeds {limit}")
        return super().read(size)


def path_inside(folder: Path, name: str | PurePath) -> Path:
    """Resolve links, and require the resulting path to be inside a folder.

    The folder itself may be a link.

    Raises
    ------
    ValueError
        If a link leads out of the folder.
    """
    top = Path(os.path.realpath(folder))  # Path.resolve() raises on a loop of links
    path = Path(os.path.realpath(top / name))
    if not path.is_relative_to(top):
        raise ValueError(f"{name}: is a link to outside the folder {folder}")
    return path


def open_plain(path: str | os.PathLike[str], most: int | None = None) -> IO[bytes]:
    """Open a regular file for reading.

    Raises
    ------
    OSError
        If the file does not exist or cannot be opened.
    ValueError
        If it is a device, a pipe or a folder, or has more than `most` bytes.
    """
    handle = os.open(path, _FLAGS)  # does not wait for the writer of a pipe
    status = os.fstat(handle)
    reason = None if stat.S_ISREG(status.st_mode) else "it is not a plain file"
    if most is not None and status.st_size > most:
        reason = f"{status.st_size} bytes; at most {most} are accepted"
    if reason:
        os.close(handle)
        raise ValueError(reason)
    return _LimitedReader(io.FileIO(handle, "rb"))


@contextmanager
def open_zip(path: str | os.PathLike[str], most: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive and check it with `check_zip`.

    Raises
    ------
    ValueError
        If `check_zip` refuses the archive.
    OSError, zipfile.BadZipFile, ...
        If the archive does not exist or is damaged: see `BROKEN`.
    """
    with open_plain(path) as file, zipfile.ZipFile(file) as archive:
        check_zip(archive, most)
        yield archive


def check_zip(archive: zipfile.ZipFile, most: int) -> None:
    """Check the number, names, packing and sizes of an archive's members.

    Raises
    ------
    ValueError
        If there are more than `MAX_MEMBERS` members or two of the same name; if one is
        encrypted, is not stored or deflated, or claims a size that its compressed
        bytes cannot hold; or if all together claim more than `most` bytes.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"{len(members)} members; at most {MAX_MEMBERS} are accepted")
    names: set[str] = set()
    for member in members:
        _check_member(member, names)
        names.add(member.filename)
    size = sum(member.file_size for member in members)
    if size > most:
        raise ValueError(f"unzips to {size} bytes; at most {most} are accepted")


def _check_member(member: zipfile.ZipInfo, names: set[str]) -> None:
    fault, method = "", member.compress_type
    ratio = 1 if method == zipfile.ZIP_STORED else _MAX_RATIO
    if member.filename in names:
        fault = "occurs twice"
    elif member.flag_bits & 1:
        fault = "is encrypted"
    elif method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        fault = "is not stored or deflated"
    elif member.file_size > member.compress_size * ratio:
        most = f"more than {member.compress_size} compressed bytes can hold"
        fault = f"unpacks to {member.file_size} bytes, {most}"
    if fault:
        raise ValueError(f"member {member.orig_filename!r} {fault}")
