"""Files and zips that strangers may have made: opened only within stated limits.

Read `open_plain`, then `open_zip`. Nothing is allocated for a size only claimed.
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
_DIRECTORY = 8 << 20  # bytes of a zip's directory
_SQUEEZE = 1032  # what deflate makes of one byte, at most
# What zipfile lets through for a damaged zip, found by damaging one at random.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,  # encrypted, an unknown compression
    OverflowError,
    OSError,
    UnicodeDecodeError,
)
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class _Careful(io.BufferedReader):
    """Refuse to read at once what a zip says is its directory, if it is huge."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _DIRECTORY:
            raise ValueError(f"a directory of more than {_DIRECTORY} bytes")
        return super().read(size)


def path_inside(folder: Path, name: str | PurePath) -> Path:
    """Follow links from a folder; it may be one itself, but none may leave it.

    Raises
    ------
    ValueError
        If one does.
    """
    top = Path(os.path.realpath(folder))  # resolve() raises where links go in a ring
    path = Path(os.path.realpath(top / name))
    if not path.is_relative_to(top):
        raise ValueError(f"{name}: is a link to outside the folder {folder}")
    return path


def open_plain(path: str | os.PathLike[str], most: int | None = None) -> IO[bytes]:
    """Open a file, and no device, pipe or folder, for reading.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be opened.
    ValueError
        If it is no plain file, or has more than `most` bytes.
    """
    handle = os.open(path, _FLAGS)  # a pipe is not waited for
    found = os.fstat(handle)
    reason = None if stat.S_ISREG(found.st_mode) else "it is not a plain file"
    if most is not None and found.st_size > most:
        reason = f"{found.st_size} bytes; at most {most} are accepted"
    if reason:
        os.close(handle)
        raise ValueError(reason)
    return _Careful(io.FileIO(handle, "rb"))


@contextmanager
def open_zip(path: str | os.PathLike[str], most: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip of which `check_zip` holds.

    Raises
    ------
    ValueError
        If it does not.
    OSError, zipfile.BadZipFile, ...
        If there is no such zip, or it is damaged: see `BROKEN`.
    """
    with open_plain(path) as file, zipfile.ZipFile(file) as archive:
        check_zip(archive, most)
        yield archive


def check_zip(archive: zipfile.ZipFile, most: int) -> None:
    """Require few, distinct, plainly packed members of bearable size.

    Raises
    ------
    ValueError
        If there are more than `MAX_MEMBERS` or two of one name, one is encrypted or
        neither stored nor deflated, they say that they unpack to more than `most`
        bytes, or one to more than its bytes can hold.
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
    name = member.orig_filename
    if member.filename in names:
        raise ValueError(f"member {name!r} is there twice")
    if member.flag_bits & 1:
        raise ValueError(f"member {name!r} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"member {name!r} is not stored or deflated")
    stored = member.compress_type == zipfile.ZIP_STORED
    holds = member.compress_size * (1 if stored else _SQUEEZE)
    if member.file_size > holds:
        packed = f"{member.compress_size} bytes"
        claim = f"unpacks to {member.file_size} bytes; {packed} cannot hold that"
        raise ValueError(f"member {name!r} {claim}")
