"""Progress: a bar on a terminal that has tqdm, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator

Row = dict[str, float]
LINES = 10  # plain lines of one run
COLOURS = {"red": "31", "green": "32"}


def coloured(text: str, colour: str, stream: Any) -> str:
    """Colour text that goes to a terminal, unless $NO_COLOR is set."""
    if not stream.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def printable(text: str) -> str:
    """Return the text with what a terminal would obey, not show, as escapes.

    >>> print(printable("red " + chr(27) + "[31m"))
    red \\x1b[31m
    """
    shown = (c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return "".join(shown)


@contextmanager
def training_progress(
    epochs: int, shown: bool, done: int = 0
) -> Iterator[Callable[[Row], None]]:
    """Give what shows the rows of a training history, if they are to be shown.

    On standard error, which leaves standard output to results.
    """
    bar = _bar(epochs, "epoch", "training", done) if shown else None
    every, start = max(1, epochs // LINES), time.monotonic()

    def show(row: Row) -> None:
        epoch, text = int(row["epoch"]), describe(row)
        if bar is None and epoch < epochs:
            seconds = (time.monotonic() - start) / (epoch - done) * (epochs - epoch)
            text += f", {_duration(seconds)} left"
        if bar is not None:
            bar.set_postfix_str(text, refresh=False)
            bar.update()
        elif shown and (epoch % every == 0 or epoch in (1, epochs)):
            print(f"epoch {epoch:>4}/{epochs}  {text}", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()


def describe(row: Row) -> str:
    """Say a row of the history in a few words."""
    parts = [f"loss {row['loss']:.3f}"]
    for name in ("train", "validation"):
        if f"{name}_accuracy" in row:
            parts.append(f"{name} {row[f'{name}_accuracy']:.1%}")
    if "validation_loss" in row and "validation_accuracy" not in row:
        parts.append(f"validation loss {row['validation_loss']:.3f}")
    return ", ".join(parts)


@contextmanager
def law_progress(total: int, shown: bool) -> Iterator[Callable[[str], None]]:
    """Give what counts the laws checked, if they are to be shown."""
    bar = _bar(total, "law", "verifying") if shown else None
    every, done = max(1, total // LINES), 0

    def step(name: str) -> None:
        nonlocal done
        done += 1
        if bar is not None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()
        elif shown and (done % every == 0 or done == total):
            print(f"law {done:>3}/{total}  {name}", file=sys.stderr, flush=True)

    try:
        yield step
    finally:
        if bar is not None:
            bar.close()


@contextmanager
def job_progress() -> Iterator[Callable[[Any], None]]:
    """Give what shows an evaluation's `Progress`, with the time that is left."""
    bar, start = None, time.monotonic()

    def show(seen: Any) -> None:
        nonlocal bar
        if seen.job is None:
            bar = _bar(seen.total, "job", "cross-validation", seen.resumed)
            kept = f", {seen.resumed} of them done before" if seen.resumed else ""
            if bar is None:
                print(f"{seen.total} jobs{kept}", file=sys.stderr, flush=True)
        elif seen.done > seen.resumed:
            _show_job(bar, seen, time.monotonic() - start)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()


def _show_job(bar: Any, seen: Any, seconds: float) -> None:
    text = f"fold {seen.job.fold}: validation {seen.row['validation']:.1%}"
    text += f", test {seen.row['test']:.1%}" if "test" in seen.row else ""
    new = seen.done - seen.resumed
    if bar is not None:
        bar.set_postfix_str(text, refresh=False)
        bar.update()
    elif seen.done % max(1, seen.total // LINES) == 0 or new == 1:
        left = _duration(seconds / new * (seen.total - seen.done))
        line = f"job {seen.done:>3}/{seen.total}  {text}, {left} left"
        print(line, file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _bar(total: int, unit: str, title: str, initial: int = 0) -> Any:
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    look = {"dynamic_ncols": True, "initial": initial}
    return tqdm(total=total, unit=unit, desc=title, **look)
