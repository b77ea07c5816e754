"""Tables: text files of comma-separated numbers, read block by block.

Read `read_blocks` first. A block is a few megabytes of complete lines. NumPy parses a
well-formed block at once. Otherwise `parse_lines`, which defines the format, parses it
line by line and names the first wrong line.
"""

from __future__ import annotations

import re
import warnings
from typing import IO, Any, Iterator

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 22  # bytes that are read at a time
MAX_LINE = 1 << 22  # bytes in a line, or in consecutive blank lines
MAX_NUMBERS = 1 << 27  # in one file
_SYNTAX = {
    "i": (re.compile(rb"[-+]?\d+"), "a whole number"),
    "f": (re.compile(rb"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?"), "a number"),
}
_BARE_SIGN = re.compile(rb"[-+](?!\d)")
_BLANK_START = re.compile(rb"\s*[,\n]")
_LIMIT = int(np.iinfo(np.int64).max)


class DatasetError(ValueError):
    """A data set is unusable; the message names the file and, if known, the line.

    Examples
    --------
    >>> from npdiffpool import load_dataset
    >>> load_dataset("nowhere.zip")
    Traceback (most recent call last):
        ...
    npdiffpool.datasets.tu.tables.DatasetError: nowhere.zip: no such folder or zip
    """


def read_blocks(
    stream: IO[bytes], file: str, dtype: Any, columns: int | None = None
) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield a table of numbers in blocks, so that its text is never all in memory.

    Parameters
    ----------
    stream : binary file
        Lines of numbers separated by commas. Spaces around a number, Windows line ends,
        blank lines at the end and a missing line end at the end are accepted.
    file : str
        The name of the file in error messages.
    dtype : int64 or float64
        The type of the numbers.
    columns : int, optional
        Numbers per line; by default as many as in the first line.

    Yields
    ------
    line : int
        The number of the first line of the block, counted from 1.
    values : (lines, columns) array

    Raises
    ------
    DatasetError
        If a line is blank, is longer than `MAX_LINE`, has another number of columns or
        a field that is not a finite number of the dtype, or the file has more than
        `MAX_NUMBERS` numbers.
    """
    line, count = 1, 0
    for block in _whole_lines(stream, file):
        if columns is None:
            columns = block.split(b"\n", 1)[0].count(b",") + 1
        values = parse_block(block, np.dtype(dtype), columns)
        if values is None:
            values = parse_lines(block, np.dtype(dtype), columns, file, line)
        count += values.size
        if count > MAX_NUMBERS:
            raise DatasetError(f"{file}: more than {MAX_NUMBERS} numbers")
        yield line, values
        line += len(values)


def count_lines(stream: IO[bytes], file: str) -> int:
    """Return the number of lines, without the blank ones at the end.

    Raises
    ------
    DatasetError
        If a line is longer than `MAX_LINE`.
    """
    return sum(block.count(b"\n") for block in _whole_lines(stream, file))


def parse_block(
    block: bytes, dtype: np.dtype[Any], columns: int
) -> npt.NDArray[Any] | None:
    """Return the numbers of a block of lines, or None if it may be malformed."""
    letters = np.frombuffer(block, dtype=np.uint8)
    marks = letters[(letters == ord(",")) | (letters == ord("\n"))]
    line_marks = np.frombuffer(b"," * (columns - 1) + b"\n", dtype=np.uint8)
    if len(marks) % columns or (marks.reshape(-1, columns) != line_marks).any():
        return None
    # NumPy parses a blank first field as a number, and C a sign without digits.
    if _BLANK_START.match(block) or (dtype.kind == "i" and _has_bare_sign(block)):
        return None
    try:
        with warnings.catch_warnings():
            # Malformed text: an error since NumPy 2.3, a warning before.
            warnings.simplefilter("error", DeprecationWarning)
            text = block[:-1].replace(b"\n", b",")
            # A space in `sep` matches any number of spaces, including none.
            values = np.fromstring(text, dtype=dtype, sep=" , ")
    except (ValueError, DeprecationWarning):
        return None
    if len(values) != len(marks) or _overflows(values):
        return None
    return values.reshape(-1, columns)


def parse_lines(
    block: bytes, dtype: np.dtype[Any], columns: int, file: str, line: int
) -> npt.NDArray[Any]:
    """Return the numbers of a block of lines; raise at the first malformed line."""
    rows = []
    for number, text in enumerate(block[:-1].split(b"\n"), start=line):
        fields = [field.strip() for field in text.split(b",")]
        where = f"{file}, line {number}"
        if fields == [b""]:
            raise DatasetError(
                f"{where}: the line is blank; only the last lines may be"
            )
        if len(fields) != columns:
            raise DatasetError(
                f"{where}: the number of columns must be {columns}; got {len(fields)} "
                f"in {show(text)}"
            )
        rows.append([_parse_field(field, dtype, where) for field in fields])
    return np.array(rows, dtype=dtype)


def show(text: bytes) -> str:
    """Return bytes from a file quoted and shortened, for a message of one line."""
    start = text[:40].decode("ascii", "backslashreplace")
    return repr(start + "..." if len(text) > 40 else start)


def _whole_lines(stream: IO[bytes], file: str) -> Iterator[bytes]:
    """Yield a stream in blocks of lines; the last line of a block is not blank."""
    rest = b""
    while piece := stream.read(CHUNK):
        rest += piece
        # Keep an incomplete line, and blank lines, which may be the last ones.
        end = rest.rstrip().rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        if len(rest) > MAX_LINE:
            raise DatasetError(
                f"{file}: a line, or a run of blank lines, of over {MAX_LINE} bytes"
            )
    if rest.strip():
        yield rest.rstrip() + b"\n"


def _has_bare_sign(block: bytes) -> bool:
    signs = b"-" in block or b"+" in block
    return signs and _BARE_SIGN.search(block) is not None


def _parse_field(field: bytes, dtype: np.dtype[Any], where: str) -> int | float:
    """Return the number in a field; `where` names its line in errors."""
    syntax, kind = _SYNTAX[dtype.kind]
    if not syntax.fullmatch(field):
        raise DatasetError(f"{where}: {show(field)} is not {kind}")
    if dtype.kind == "f":
        value = float(field)
    else:
        # Twenty digits already overflow; int() rejects thousands of digits.
        digits = field.lstrip(b"+-0")[:20] or b"0"
        value = min(int(digits), _LIMIT) * (-1 if field.startswith(b"-") else 1)
    if _overflows(np.asarray(value)):
        raise DatasetError(f"{where}: {show(field)} is too large")
    return value


def _overflows(values: npt.NDArray[Any]) -> bool:
    if values.dtype.kind == "f":
        return not bool(np.all(np.isfinite(values)))
    # C returns the largest number instead of an error.
    return bool(np.any((values >= _LIMIT) | (values <= -_LIMIT)))
