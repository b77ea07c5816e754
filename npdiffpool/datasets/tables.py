"""Number tables: read a text file of comma-separated numbers, block by block.

Read `read_blocks` first. A block is a few megabytes of whole lines; NumPy parses
it at once where it is well formed. Where it is not, `parse_lines` parses it line
by line: it is the definition of the format, and finds the line to complain of.
"""

from __future__ import annotations

import re
import warnings
from typing import IO, Any, Iterator

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 22
MAX_LINE = 1 << 22  # bytes, and of blanks after it
MAX_NUMBERS = 1 << 27  # in one file
_SYNTAX = {
    "i": (re.compile(rb"[-+]?\d+"), "a whole number"),
    "f": (re.compile(rb"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?"), "a number"),
}
_BARE_SIGN = re.compile(rb"[-+](?!\d)")
_BLANK_START = re.compile(rb"\s*[,\n]")
_LIMIT = int(np.iinfo(np.int64).max)


class DatasetError(ValueError):
    """Say what is unusable: data set, file, line; what is required, and seen.

    Examples
    --------
    >>> from npdiffpool import load_dataset
    >>> load_dataset("nowhere.zip")
    Traceback (most recent call last):
        ...
    npdiffpool.datasets.tables.DatasetError: nowhere.zip: no such folder or zip
    """


def read_blocks(
    stream: IO[bytes],
    file: str,
    dtype: Any,
    columns: int | None = None,
    chunk: int = CHUNK,
) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Read a table of numbers without ever holding all of its text.

    Parameters
    ----------
    stream : binary file
        Lines of numbers with commas between them; blanks around a number,
        Windows line ends, blank lines at the end and a missing last line end
        are all fine.
    file : str
        What errors call the file.
    dtype : int64 or float64
    columns : int, optional
        How many numbers a line holds; as many as the first line if not given.
    chunk : int
        How many bytes to read at a time.

    Yields
    ------
    line : int
        The number of the block's first line, counted from 1.
    values : (lines, columns) array

    Raises
    ------
    DatasetError
        If a line is blank, longer than `MAX_LINE` or has another number of columns,
        something in it is not a finite number of the dtype, or there are more than
        `MAX_NUMBERS`.
    """
    line, count = 1, 0
    for block in _whole_lines(stream, chunk, file):
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


def parse_block(
    block: bytes, dtype: np.dtype[Any], columns: int
) -> npt.NDArray[Any] | None:
    """Parse a block of whole lines at once, or give None where unsure."""
    letters = np.frombuffer(block, dtype=np.uint8)
    marks = letters[(letters == ord(",")) | (letters == ord("\n"))]
    line_marks = np.frombuffer(b"," * (columns - 1) + b"\n", dtype=np.uint8)
    if len(marks) % columns or (marks.reshape(-1, columns) != line_marks).any():
        return None
    # NumPy reads a blank first field, and C a bare sign, as a number.
    if _BLANK_START.match(block) or (dtype.kind == "i" and _has_bare_sign(block)):
        return None
    try:
        with warnings.catch_warnings():
            # Unreadable text: an error from NumPy 2.3 on, a warning before.
            warnings.simplefilter("error", DeprecationWarning)
            text = block[:-1].replace(b"\n", b",")
            # In `sep` a blank stands for any number of blanks, also none.
            values = np.fromstring(text, dtype=dtype, sep=" , ")
    except (ValueError, DeprecationWarning):
        return None
    if len(values) != len(marks) or _overflows(values):
        return None
    return values.reshape(-1, columns)


def parse_lines(
    block: bytes, dtype: np.dtype[Any], columns: int, file: str, line: int
) -> npt.NDArray[Any]:
    """Parse a block of whole lines one by one; name the first unusable line."""
    syntax, kind = _SYNTAX[dtype.kind]
    rows = []
    for number, text in enumerate(block[:-1].split(b"\n"), start=line):
        fields = [field.strip() for field in text.split(b",")]
        where = f"{file}, line {number}"
        if fields == [b""]:
            raise DatasetError(f"{where}: a blank line before the end of the file")
        if len(fields) != columns:
            raise DatasetError(
                f"{where}: {columns} columns are needed; got {len(fields)} "
                f"in {show(text)}"
            )
        for field in fields:
            if not syntax.fullmatch(field):
                raise DatasetError(f"{where}: {show(field)} is not {kind}")
            if _overflows(np.asarray(_convert(field, dtype))):
                raise DatasetError(f"{where}: {show(field)} is too large")
        rows.append([_convert(field, dtype) for field in fields])
    return np.array(rows, dtype=dtype)


def show(text: bytes) -> str:
    """Quote bytes from a file, shortened, so that an error stays one line."""
    start = text[:40].decode("ascii", "backslashreplace")
    return repr(start + "..." if len(text) > 40 else start)


def _whole_lines(stream: IO[bytes], chunk: int, file: str) -> Iterator[bytes]:
    """Cut a stream into blocks that end with a line that is not blank."""
    rest = b""
    while piece := stream.read(chunk):
        rest += piece
        # The last line may go on, and blank lines may be the last: both wait.
        end = rest.rstrip().rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        if len(rest) > MAX_LINE:
            raise DatasetError(f"{file}: a line or a blank of over {MAX_LINE} bytes")
    if rest.strip():
        yield rest.rstrip() + b"\n"


def _has_bare_sign(block: bytes) -> bool:
    signs = b"-" in block or b"+" in block
    return signs and _BARE_SIGN.search(block) is not None


def _convert(field: bytes, dtype: np.dtype[Any]) -> int | float:
    if dtype.kind == "f":
        return float(field)
    # Twenty digits are too many already; int() refuses thousands.
    digits = field.lstrip(b"+-0")[:20] or b"0"
    return min(int(digits), _LIMIT) * (-1 if field.startswith(b"-") else 1)


def _overflows(values: npt.NDArray[Any]) -> bool:
    if values.dtype.kind == "f":
        return not bool(np.all(np.isfinite(values)))
    # C stops at the largest number instead of complaining.
    return bool(np.any((values >= _LIMIT) | (values <= -_LIMIT)))
