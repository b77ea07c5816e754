"""The verify command: check a layer or npdiffpool itself, and format the results."""

from __future__ import annotations

import sys
from collections import Counter
from importlib import import_module
from textwrap import fill, shorten
from typing import Any

from npdiffpool.testing.code import as_code
from npdiffpool.testing.conformance import conformance, examine_all, laws_of_pooling
from npdiffpool.testing.law import Result
from npdiffpool.testing.laws import LAWS
from npdiffpool.testing.own.subjects import OWN


def write_table(results: list[Result]) -> str:
    """Return a row per law with its counterexample, the totals, and all scripts."""
    counts = Counter(result.verdict for result in results)
    total = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    scripts = [f"# {'-' * 70}\n{r.script}" for r in results if r.script]
    return "\n".join([*map(_row, results), "", total, *scripts])


def as_row(result: Result) -> dict[str, str]:
    """Return a result as a JSON object."""
    law = {"law": result.law.id, "statement": result.law.statement}
    return {**law, "verdict": result.verdict, "reason": result.reason}


def _row(result: Result) -> str:
    verdict = result.verdict.upper() if result.script else result.verdict
    text = result.reason or result.law.statement
    if result.verdict == "holds" and result.reason:
        text = f"{result.law.statement} ({result.reason})"
    elif result.script:
        text = shorten(result.reason.removeprefix(f"{result.law.id} fails "), 300)
    row = f"{result.law.id:<5}{verdict:<15}{text}"
    row = fill(row, 88, subsequent_indent=" " * 20)
    values = [f"{k} = {as_code(v)}" for k, v in result.case.items() if k != "rtol"]
    shown = [f"{' ' * 20}{value}" for value in values if len(value) < 200]
    return "\n".join([row, *shown])


def import_pool(path: str) -> Any:
    """Import a function by MODULE:FUNCTION, also from the current folder.

    Raises
    ------
    ValueError
        If there is no such module or function, or the module cannot be imported.
    """
    module, _, name = path.partition(":")
    if not (module and name):
        raise ValueError(f"the layer must be MODULE:FUNCTION; got {path!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = import_module(module)
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
        raise ValueError(f"cannot import {module!r}: {seen}") from error
    if not hasattr(found, name):
        raise ValueError(f"{module!r} has no function {name!r}")
    return getattr(found, name)


def verify(
    path: str | None, laws: list[str] | None, examples: int | None
) -> list[Result]:
    """Check a layer given as MODULE:FUNCTION, or npdiffpool itself, with progress."""
    if path is not None:
        pool = import_pool(path)
        return conformance(pool, laws=laws, examples=examples, verbose=True)
    chosen = list(LAWS.values()) if laws is None else laws_of_pooling(laws)
    return examine_all(chosen, OWN, examples, verbose=True)
