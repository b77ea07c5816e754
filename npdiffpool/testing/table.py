"""Results as text: the list of laws, the table of verdicts, the counterexamples."""

from __future__ import annotations

import sys
from collections import Counter
from importlib import import_module
from textwrap import fill, shorten
from typing import Any, Iterable

from npdiffpool._support.progress import progress_bar
from npdiffpool.testing.code import as_code
from npdiffpool.testing.conformance import SEED, conformance, laws_of_pooling
from npdiffpool.testing.law import Law, Result
from npdiffpool.testing.laws import LAWS
from npdiffpool.testing.own.subjects import OWN

WIDTH = 88


def list_laws(laws: Iterable[Law] = LAWS.values()) -> str:
    """Write every law: id, statement, source."""
    return "\n".join(
        f"{law.id:<5}{_indented(law.statement)}\n     [{law.source}]" for law in laws
    )


def write_table(results: list[Result]) -> str:
    """Write a row a law, its smallest counterexample, and the programs that show it."""
    rows = [_row(result) for result in results]
    counts = Counter(result.verdict for result in results)
    total = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    scripts = [f"# {'-' * 70}\n{r.script}" for r in results if r.script]
    return "\n".join([*rows, "", total, *scripts])


def as_row(result: Result) -> dict[str, str]:
    """Return a result as JSON has it."""
    law = {"law": result.law.id, "statement": result.law.statement}
    return {**law, "verdict": result.verdict, "reason": result.reason}


def _row(result: Result) -> str:
    verdict = result.verdict.upper() if result.script else result.verdict
    text = result.reason or result.law.statement
    if result.verdict == "holds" and result.reason:
        text = f"{result.law.statement} ({result.reason})"
    elif result.script:
        text = shorten(result.reason.removeprefix(f"{result.law.id} fails "), 300)
    row = f"{result.law.id:<5}{verdict:<15}{_indented(text, 20)}"
    case = {name: value for name, value in result.case.items() if name != "rtol"}
    values = [f"{name} = {as_code(value)}" for name, value in case.items()]
    shown = [f"{' ' * 20}{value}" for value in values if len(value) < 200]
    return "\n".join([row, *shown])


def _indented(text: str, by: int = 5) -> str:
    return fill(text, WIDTH - by).replace("\n", "\n" + " " * by)


def import_pool(path: str) -> Any:
    """Import a function by MODULE:FUNCTION; modules of the current folder are found.

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
    """Check a layer, by MODULE:FUNCTION, or npdiffpool itself; show a progress bar."""
    if path is not None:
        pool = import_pool(path)
        return conformance(pool, laws=laws, examples=examples, verbose=True)
    chosen = list(LAWS.values()) if laws is None else laws_of_pooling(laws)
    options: dict[str, Any] = {"examples": examples, "random_seed": SEED}
    results = []
    with progress_bar(len(chosen), "law", "verifying") as update:
        for number, law in enumerate(chosen, 1):
            results.append(law.examine(*OWN, **options))
            update(number, law.id)
    return results


def readme_rows() -> str:
    """Write the rows of the README's table, a law each."""
    cells = [(law.id, law.statement, law.source) for law in LAWS.values()]
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in cells)
    return "\n".join("| " + " | ".join(row) + " |" for row in escaped)
