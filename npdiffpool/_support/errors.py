"""Text of exceptions, for messages in one line."""

from __future__ import annotations

import os


def reason_of(error: BaseException, with_path: bool = False) -> str:
    """Return the reason of an exception in one line, without the number of an errno.

    Parameters
    ----------
    error : BaseException
    with_path : bool
        Begin with the path that an error of the operating system names.

    Examples
    --------
    >>> error = FileNotFoundError(2, "No such file or directory", "splits.json")
    >>> str(error)
    "[Errno 2] No such file or directory: 'splits.json'"
    >>> reason_of(error), reason_of(error, with_path=True)
    ('No such file or directory', 'splits.json: No such file or directory')
    >>> reason_of(MemoryError())
    'MemoryError'
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror and error.errno is not None:
        text = error.strerror
        if with_path and isinstance(error.filename, (str, os.PathLike)):
            text = f"{os.fspath(error.filename)}: {text}"
    return " ".join(text.split()) or type(error).__name__
