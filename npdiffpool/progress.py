"""Progress: a bar on a terminal that has tqdm, plain lines anywhere else."""
from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Any, Callable, Iterator

Row = dict[str, float]
LINES = 10  # plain lines of one run


@contextmanager
def training_progress(epochs: int, shown: bool) -> Iterator[Callable[[Row], None]]:
    """Give what shows the rows of a training history, if they are to be shown.

    On standard error, which leaves standard output to results.
    """
    bar = _bar(epochs, "epoch", "training") if shown else None
    every = max(1, epochs // LINES)

    def show(row: Row) -> None:
        epoch, text = int(row["epoch"]), describe(row)
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
    text = f"loss {row['loss']:.3f}, train {row['train_accuracy']:.1%}"
    if "validation_accuracy" in row:
        text += f", validation {row['validation_accuracy']:.1%}"
    return text


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


def _bar(total: int, unit: str, title: str) -> Any:
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=total, unit=unit, desc=title, dynamic_ncols=True)
