"""Progress and messages: a bar on a terminal or in a notebook, or plain lines.

Standard output is left to results.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable, Iterator

LINES = 10  # plain lines of one run
COLOURS = {"red": "31", "green": "32"}


def coloured(text: str, colour: str, stream: Any) -> str:
    """Colour text that goes to a terminal, unless $NO_COLOR is set."""
    if not stream.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def printable(text: str) -> str:
    r"""Replace characters that control a terminal by escape sequences.

    >>> print(printable("red " + chr(27) + "[31m"))
    red \x1b[31m
    """
    shown = (c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return "".join(shown)


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


@contextmanager
def warnings_in_one_line(reword: Callable[[str], str] = str) -> Iterator[None]:
    """Print each warning, reworded, as one line on standard error."""

    def show(message: Any, *details: Any, **options: Any) -> None:
        text = printable(reword(" ".join(str(message).split())))
        line = f"npdiffpool: warning: {text}\n"  # with its end in one write:
        print(line, end="", file=sys.stderr)  # other processes write lines as well

    with warnings.catch_warnings():
        if not sys.warnoptions:  # python -W
            warnings.simplefilter("default", UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def progress_bar(
    total: int | None,
    unit: str,
    title: str,
    done: int = 0,
    heading: str = "",
    *,
    shown: bool = True,
    on_pipes: bool = False,
    width: int = 3,
    **options: Any,
) -> Iterator[Callable[..., None]]:
    """Show the progress of a loop: a bar of tqdm, or a few lines where none fits.

    Parameters
    ----------
    total : int or None
        Number of steps; None if it is unknown.
    unit, title : str
        The name of a step, such as "epoch", and of the loop, such as "training".
    done : int
        Number of steps that an earlier process has done.
    heading : str
        A line that is printed first where there is no bar.
    shown : bool
        False shows nothing.
    on_pipes : bool
        Show a bar even if standard error is not a terminal.
    width : int
        Width of the step's number in plain lines.
    **options
        Options of `tqdm.tqdm`.

    Yields
    ------
    callable
        ``update(done, text="")``, to be called after a step with the number of steps
        done and a description. Without a bar the first description, the last one and
        about `LINES` between them are printed, with the time left.
    """
    if not shown:
        yield lambda done, text="": None
        return
    options |= {"total": total, "unit": unit, "desc": title, "initial": done}
    has_bar = on_pipes or sys.stderr.isatty() or _in_notebook()
    bar = _make_bar(options) if has_bar else None
    if bar is not None:
        with bar:
            yield partial(_update_bar, bar)
        return
    if heading:
        print(heading, file=sys.stderr, flush=True)
    yield _line_printer(total or 0, unit, width)


def _in_notebook() -> bool:
    """Return whether standard error is the output of a cell of a notebook."""
    return type(sys.stderr).__module__ == "ipykernel.iostream"


def _make_bar(options: dict[str, Any]) -> Any:
    try:
        if _in_notebook():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # without ipywidgets the bar is text
                from tqdm.auto import tqdm
        else:
            from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(dynamic_ncols=True, **options)


def _update_bar(bar: Any, done: int, text: str = "") -> None:
    bar.set_postfix_str(text, refresh=False)
    bar.update(done - bar.n)


def _line_printer(total: int, unit: str, width: int) -> Callable[..., None]:
    start, every, calls = time.monotonic(), max(1, total // LINES), 0

    def update(done: int, text: str = "") -> None:
        nonlocal calls
        calls += 1
        if not text or (done % every and calls > 1 and done < total):
            return
        if done < total:
            seconds = (time.monotonic() - start) / calls * (total - done)
            text += f", {duration(seconds)} left"
        line = f"{unit} {done:>{width}}/{total}  {text}\n"
        print(line, end="", file=sys.stderr, flush=True)

    return update


def duration(seconds: float) -> str:
    """Return a duration in seconds or, if it is longer, in minutes or hours.

    >>> duration(12.3), duration(600), duration(7200)
    ('12 s', '10 min', '2.0 h')
    """
    if seconds >= 6000:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
