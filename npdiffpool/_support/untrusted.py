"""Files that strangers may have made, read within limits that are stated here.

Nothing in them is ever run or unpickled, and nothing is allocated for a size that a
file only claims. `read_arrays` reads an .npz, `read_json` and `read_text` what their
names say; the zips below them are in zips.py.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
import zipfile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from npdiffpool._support.untrusted_zip import BROKEN, open_plain, open_zip

MAX_ARRAYS = 1 << 30  # bytes of all arrays of an .npz together
MAX_JSON = 64 << 20  # bytes of a JSON text
MAX_TABLE = 32 << 20  # bytes of a history.csv
MAX_DEPTH = 50  # of lists and objects in JSON
MAX_DIGITS = 100  # of a whole number in JSON: a generator's state has 39
MAX_EMPTY = 1 << 20  # product of the other sides of an array of no entries

_PIECE = 1 << 20
_HEADER = re.compile(
    rb"\{'descr': '([<>|=][biufSU]\d{1,9})', 'fortran_order': (False|True), "
    rb"'shape': \(([\d, ]{0,200})\), \} *\n"
)
_OBJECTS = re.compile(rb"\{'descr': '\|O'")


def read_arrays(
    path: str | os.PathLike[str], most: int = MAX_ARRAYS
) -> dict[str, npt.NDArray[Any]]:
    """Read an .npz of plain arrays: of numbers, truth values or text.

    A header is compared with the size of its member before anything is allocated.

    Parameters
    ----------
    path : path
    most : int
        Bytes of all arrays together; `MAX_ARRAYS`, 1 GiB, where not given.

    Returns
    -------
    dict of arrays by name

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not such a file, is damaged or too large.
    """
    try:
        with open_zip(path, most) as archive:
            members = archive.infolist()
            return {_name(info): _read_member(archive, info) for info in members}
    except FileNotFoundError:
        raise
    except BROKEN as error:
        raise ValueError(str(error) or type(error).__name__) from None


def _name(member: zipfile.ZipInfo) -> str:
    if not member.filename.endswith(".npy"):
        raise ValueError(f"member {member.filename!r} is no array")
    return member.filename.removesuffix(".npy")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(info) as stream:
        try:
            return _read_array(stream, info.file_size)
        except ValueError as error:
            raise ValueError(f"{_name(info)}: {error}") from None


def _read_array(stream: IO[bytes], size: int) -> npt.NDArray[Any]:
    """Read an array that takes, with its header, so many bytes."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:] not in (b"\1\0", b"\2\0"):
        raise ValueError("no array in NumPy's format, version 1 or 2")
    counter = "<H" if start[6] == 1 else "<I"
    n_counter = struct.calcsize(counter)
    (length,) = struct.unpack(counter, stream.read(n_counter))
    if length > 1 << 16:
        raise ValueError(f"a header of {length} bytes")
    dtype, is_fortran, shape = _parse_header(stream.read(length))
    count, header = math.prod(shape), len(start) + n_counter + length
    if count * dtype.itemsize != size - header:
        needed = f"shape {shape} of {dtype} needs {count * dtype.itemsize} bytes"
        raise ValueError(f"{needed}; there are {size - header}")
    if count == 0 and math.prod(side or 1 for side in shape) > MAX_EMPTY:
        raise ValueError(f"shape {shape} has no entries and long sides")
    array = np.empty(shape[::-1] if is_fortran else shape, dtype)
    _fill(array, stream)
    return array.T if is_fortran else array


def _parse_header(text: bytes) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """Understand the one form of header that NumPy writes of a plain array."""
    if _OBJECTS.match(text):
        raise ValueError("Object arrays cannot be loaded: they would run code")
    found = _HEADER.fullmatch(text)
    if not found:
        raise ValueError(f"the header is not a plain array's: {text[:60]!r}")
    try:
        dtype = np.dtype(found[1].decode())
        shape = tuple(int(side) for side in found[3].split(b",") if side.strip())
    except TypeError as error:
        raise ValueError(str(error)) from None
    if dtype.itemsize == 0 or len(shape) > 8:
        raise ValueError(f"shape {shape} of {dtype} is no plain array's")
    return dtype, found[2] == b"True", shape


def _fill(array: npt.NDArray[Any], stream: IO[bytes]) -> None:
    """Read an array's bytes, piece by piece; text must be text."""
    places, done = array.reshape(-1).view(np.uint8), 0
    while done < len(places):
        piece = stream.read(min(_PIECE, len(places) - done))
        if not piece:
            raise ValueError(f"ends after {done} of {len(places)} bytes")
        places[done : done + len(piece)] = np.frombuffer(piece, np.uint8)
        done += len(piece)
    if stream.read(1):  # its end is where the checksum is compared
        raise ValueError("goes on after its end")
    if array.dtype.kind == "U":
        letters = array.reshape(-1).view(array.dtype.byteorder.replace("|", "=") + "u4")
        if np.any(letters > 0x10FFFF) or np.any((letters >> 11) == 0x1B):
            raise ValueError("text has what is no character")


def read_text(path: str | os.PathLike[str], most: int) -> str:
    """Read a UTF-8 text of at most so many bytes.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is no plain file, too large, or not UTF-8.
    """
    with open_plain(path, most) as file:
        return file.read().decode("utf-8")


def read_json(
    path: str | os.PathLike[str], most: int = MAX_JSON, finite: bool = False
) -> Any:
    """Read a JSON file of at most `most` bytes, 64 MiB where not given.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is too large or `parse_json` refuses it.
    """
    return parse_json(read_text(path, most), finite)


def parse_json(text: str, finite: bool = False) -> Any:
    """Understand JSON; with `finite`, without NaN and infinities.

    Raises
    ------
    ValueError
        If it is no JSON, a name is twice in an object, a whole number has more than
        `MAX_DIGITS` digits, it is nested deeper than `MAX_DEPTH`, or has text that
        is none.

    Examples
    --------
    >>> parse_json('{"hidden": 32, "hidden": 64}')
    Traceback (most recent call last):
        ...
    ValueError: 'hidden' is there twice
    """
    constant = _refuse if finite else float
    hooks: Any = {"object_pairs_hook": _distinct, "parse_constant": constant}
    try:
        content = json.loads(text, parse_int=_whole, **hooks)
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from None
    level = [content]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if "\\u" in text:  # half of a pair is no text
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        found[name] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits; at most {MAX_DIGITS}")
    return int(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def require_version(seen: Any, known: int, error: type[ValueError]) -> None:
    """Require a file's version to be the one that this program reads.

    Raises
    ------
    error
        If it is another version.
    """
    if seen != known:
        is_newer = isinstance(seen, int) and seen > known
        hint = ", written by a newer npdiffpool" if is_newer else ""
        raise error(f"version must be {known}; got {seen!r}{hint}")
