"""Progress: a bar on a terminal that has tqdm, plain lines anywhere else."""
from __future__ import annotations

import sys
import time
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
def job_progress() -> Iterator[Callable[[int, int, Any, Any], None]]:
    """Give what shows how many jobs are done, with the time that is left."""
    bar, start = None, time.monotonic()

    def show(done: int, total: int, job: Any, row: Any) -> None:
        nonlocal bar
        bar = bar if bar is not None else _bar(total, "job", "cross-validation")
        text = f"fold {job.fold}: validation {row['validation']:.1%}"
        text += f", test {row['test']:.1%}" if "test" in row else ""
        if bar is not None:
            bar.set_postfix_str(text, refresh=False)
            bar.update()
        elif done % max(1, total // LINES) == 0 or done in (1, total):
            left = (time.monotonic() - start) / done * (total - done)
            line = f"job {done:>3}/{total}  {text}, {left / 60:.0f} min left"
            print(line, file=sys.stderr, flush=True)

    try:
        yield show
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
