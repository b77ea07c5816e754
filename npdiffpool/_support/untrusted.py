"""Files from untrusted sources, read within the limits stated here.

Their contents are never executed or unpickled, and no memory is allocated for a size
that a file only claims. Read `read_arrays` (.npz), then `read_text` and `read_json`.
`untrusted_zip` opens the archives.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
import zipfile
from typing import IO, Any, Iterable

import numpy as np
import numpy.typing as npt

from npdiffpool._support.progress import reason_of
from npdiffpool._support.untrusted_zip import BROKEN, open_plain, open_zip

MAX_ARRAYS = 1 << 30  # bytes of all arrays of an .npz together
MAX_JSON = 64 << 20  # bytes of a JSON text
MAX_TABLE = 32 << 20  # bytes of a history.csv
MAX_DEPTH = 50  # nesting of lists and objects in JSON
MAX_DIGITS = 100  # digits of an integer in JSON; the state of a generator has 39
MAX_EMPTY = 1 << 20  # product of the nonzero dimensions of an array without entries
# Exceptions that the contents of a malformed file raise where they are used.
UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
)

_CHUNK = 1 << 20
_HEADER = re.compile(
    rb"\{'descr': '([<>|=][biufSU]\d{1,9})', 'fortran_order': (False|True), "
    rb"'shape': \(([\d, ]{0,200})\), \} *\n"
)
_OBJECTS = re.compile(rb"\{'descr': '\|O'")


def read_arrays(
    path: str | os.PathLike[str], most: int = MAX_ARRAYS
) -> dict[str, npt.NDArray[Any]]:
    """Read an .npz of plain arrays: numbers, truth values or text.

    The header of an array is compared with the size of its member before memory is
    allocated.

    Parameters
    ----------
    path : path
    most : int
        Maximal number of bytes of all arrays together; 1 GiB by default.

    Returns
    -------
    dict of arrays by name

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is not such an archive, is damaged or is too large.
    """
    try:
        with open_zip(path, most) as archive:
            members = archive.infolist()
            return {_name(info): _read_member(archive, info) for info in members}
    except FileNotFoundError:
        raise
    except BROKEN as error:
        raise ValueError(reason_of(error)) from None


def _name(member: zipfile.ZipInfo) -> str:
    if not member.filename.endswith(".npy"):
        raise ValueError(f"member {member.filename!r} is not an array")
    return member.filename.removesuffix(".npy")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(info) as stream:
        try:
            return _read_array(stream, info.file_size)
        except ValueError as error:
            raise ValueError(f"{_name(info)}: {error}") from None


def _read_array(stream: IO[bytes], size: int) -> npt.NDArray[Any]:
    """Read an array whose header and entries take `size` bytes."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:] not in (b"\1\0", b"\2\0"):
        raise ValueError("not an array in NumPy's format, version 1 or 2")
    counter = "<H" if start[6] == 1 else "<I"
    n_counter = struct.calcsize(counter)
    (length,) = struct.unpack(counter, stream.read(n_counter))
    if length > 1 << 16:
        raise ValueError(f"a header of {length} bytes")
    dtype, is_fortran, shape = _parse_header(stream.read(length))
    needed = math.prod(shape) * dtype.itemsize
    available = size - len(start) - n_counter - length
    if needed != available:
        wanted = f"shape {shape} of {dtype} needs {needed} bytes"
        raise ValueError(f"{wanted}; there are {available}")
    if 0 in shape and math.prod(side or 1 for side in shape) > MAX_EMPTY:
        raise ValueError(f"shape {shape} has no entries and long sides")
    array = np.empty(shape[::-1] if is_fortran else shape, dtype)
    _fill(array, stream)
    return array.T if is_fortran else array


def _parse_header(text: bytes) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """Parse a header in the one form that NumPy writes for plain arrays."""
    if _OBJECTS.match(text):
        raise ValueError("Object arrays cannot be loaded: they would run code")
    found = _HEADER.fullmatch(text)
    if not found:
        raise ValueError(f"not the header of a plain NumPy array: {text[:60]!r}")
    try:
        dtype = np.dtype(found[1].decode())
    except TypeError as error:
        raise ValueError(str(error)) from None
    shape = tuple(int(side) for side in found[3].split(b",") if side.strip())
    if dtype.itemsize == 0 or len(shape) > 8:
        raise ValueError(f"shape {shape} of {dtype} is not a plain array's")
    return dtype, found[2] == b"True", shape


def _fill(array: npt.NDArray[Any], stream: IO[bytes]) -> None:
    """Read the bytes of an array in chunks; validate Unicode text."""
    target, done = array.reshape(-1).view(np.uint8), 0
    while done < len(target):
        chunk = stream.read(min(_CHUNK, len(target) - done))
        if not chunk:
            raise ValueError(f"ends after {done} of {len(target)} bytes")
        target[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
        done += len(chunk)
    stream.read(1)  # nothing: at the end of a member zipfile compares the checksum
    if array.dtype.kind == "U":
        letters = array.reshape(-1).view(array.dtype.byteorder.replace("|", "=") + "u4")
        if np.any(letters > 0x10FFFF) or np.any((letters >> 11) == 0x1B):
            raise ValueError("text has an invalid character")


def read_text(path: str | os.PathLike[str], most: int) -> str:
    """Read a UTF-8 text file of at most `most` bytes.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        If it is not a regular file, is too large, or is not UTF-8.
    """
    with open_plain(path, most) as file:
        return file.read().decode("utf-8")


def read_json(
    path: str | os.PathLike[str], most: int = MAX_JSON, finite: bool = False
) -> Any:
    """Read a JSON file of at most `most` bytes, 64 MiB by default.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        If it is too large or `parse_json` refuses it.
    """
    return parse_json(read_text(path, most), finite)


def parse_json(text: str, finite: bool = False) -> Any:
    """Parse a JSON text; with `finite`, refuse NaN and infinities.

    Raises
    ------
    ValueError
        If the text is not JSON, an object has the same name twice, an integer has more
        than `MAX_DIGITS` digits, the nesting is deeper than `MAX_DEPTH`, or a string is
        not valid Unicode.

    Examples
    --------
    >>> parse_json('{"hidden": 32, "hidden": 64}')
    Traceback (most recent call last):
        ...
    ValueError: 'hidden' occurs twice
    """
    hooks: Any = {"object_pairs_hook": _unique, "parse_int": _parse_int}
    hooks["parse_constant"] = _refuse if finite else float
    try:
        content = json.loads(text, **hooks)
    except RecursionError:
        raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels") from None
    level: list[Any] = [content]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _children(outer)]
    if level:
        raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels")
    if "\\u" in text:  # raises on half of a surrogate pair
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} occurs twice")
        found[name] = value
    return found


def _parse_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits; at most {MAX_DIGITS}")
    return int(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number")


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
