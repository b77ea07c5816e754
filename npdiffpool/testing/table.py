"""The verify command: check a layer or npdiffpool itself, and format the results."""

from __future__ import annotations

import re
import sys
from collections import Counter
from importlib import import_module
from textwrap import fill, indent, shorten
from typing import Any, Callable, Iterator

from npdiffpool.testing.causes import causes
from npdiffpool.testing.code import as_code
from npdiffpool.testing.conformance import SEED, conformance, laws_by_id
from npdiffpool.testing.gnns import conformance_layer, conformance_model
from npdiffpool.testing.law import Result, examine_laws
from npdiffpool.testing.laws import LAWS
from npdiffpool.testing.own.subjects import OWN
from npdiffpool.testing.subjects import subject_of

LINE = f"# {'-' * 70}"


def write_table(results: list[Result]) -> str:
    """Return a row per law with its counterexample, totals, scripts, and the causes."""
    counts = Counter(result.verdict for result in results)
    total = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    scripts = [f"{LINE}\n{r.script}" for r in results if r.script]
    return "\n".join([*map(_row, results), "", total, *scripts, *_causes(results)])


def as_rows(results: list[Result]) -> list[dict[str, Any]]:
    """Return results as JSON objects, those of failures with the cause's number."""
    numbers = {r.law.id: i for i, group in enumerate(causes(results), 1) for r in group}
    return [
        {
            "law": result.law.id,
            "statement": result.law.statement,
            "verdict": result.verdict,
            "reason": result.reason,
            **({"cause": numbers[result.law.id]} if result.law.id in numbers else {}),
        }
        for result in results
    ]


def _causes(results: list[Result]) -> Iterator[str]:
    """Yield the number of causes and of failing laws, and the text of each cause."""
    groups = causes(results)
    counts = {"cause": len(groups), "law": sum(map(len, groups))}
    if groups:
        yield LINE
        yield ", ".join(f"{n} {noun}{'s' * (n > 1)}" for noun, n in counts.items())
    for number, group in enumerate(groups, 1):
        first = group[0]
        ids = fill(", ".join(result.law.id for result in group), 83)
        claim = fill(f"{first.law.id}: {first.law.statement}", 83)
        at = f" ({first.place})" if first.place else ""
        error = fill(shorten(_brief(first.error), 300) + at, 83)
        text = "\n".join([ids, claim, error, *_values(first)])
        yield f"{number:<5}{indent(text, ' ' * 5).lstrip()}"


def _brief(error: str) -> str:
    """Return an error without what NumPy says of how far two arrays are apart."""
    return re.sub(
        r"Max (absolute|relative) difference among violations: \S+ ", "", error
    )


def _row(result: Result) -> str:
    verdict = result.verdict.upper() if result.script else result.verdict
    text = result.reason or result.law.statement
    if result.verdict == "holds" and result.reason:
        text = f"{result.law.statement} ({result.reason})"
    elif result.script:
        reason = result.reason.removeprefix(f"{result.law.id} fails ")
        text = shorten(_brief(reason), 400)
    row = f"{result.law.id:<5}{verdict:<15}{text}"
    row = fill(row, 88, subsequent_indent=" " * 20)
    return "\n".join([row, *(" " * 20 + value for value in _values(result))])


def _values(result: Result) -> list[str]:
    """Return the assignments of a counterexample that are not too long."""
    values = [f"{k} = {as_code(v)}" for k, v in result.case.items() if k != "rtol"]
    return [value for value in values if len(value) < 200]


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


CHECKS: dict[str, Callable[..., list[Result]]] = {
    "a pooling layer": conformance,
    "--layer": conformance_layer,
    "--model": conformance_model,
}
OPTIONS = {  # each with its flag, and the kinds that it applies to
    "profile": ("--profile", ["a pooling layer"]),
    "empty_graphs": ("--no-empty-graphs", ["a pooling layer", "npdiffpool itself"]),
    "hops": ("--hops", ["--layer"]),
    "n_features": ("--n-features", ["--layer", "--model"]),
}


def verify(
    kind: str,
    path: str,
    laws: list[str] | None,
    examples: int | None,
    options: dict[str, Any],
) -> list[Result]:
    """Check a function given as MODULE:FUNCTION, or npdiffpool itself, with progress.

    `kind` is a key of `CHECKS`, or "npdiffpool itself".

    Raises
    ------
    ValueError
        If an option does not apply to this kind.
    """
    for name in options:
        flag, kinds = OPTIONS[name]
        if kind not in kinds:
            raise ValueError(f"{flag} applies to {' and '.join(kinds)}; got {kind}")
    if kind in CHECKS:
        numbers: Any = {"examples": examples, "verbose": True}
        return CHECKS[kind](import_pool(path), laws=laws, **numbers, **options)
    all_laws = [law for law in LAWS.values() if any(map(law.applies_to, OWN))]
    chosen = all_laws if laws is None else laws_by_id(laws)
    subjects = [subject_of(own, **options) for own in OWN]
    return list(examine_laws(chosen, subjects, examples, SEED, verbose=True))
