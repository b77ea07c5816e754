"""What a law is: a claim, where it comes from, and checks that can refute it.

A check is a function of parts of an implementation (see subjects.py) and of a
case that Hypothesis draws; it raises where the claim does not hold. Its source is
the body of the script that reproduces a counterexample, so the checks of a
pooling layer use NumPy and their arguments, nothing else (but E7, which is SciPy's).
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping

import numpy as np
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from npdiffpool._support.arguments import require_int
from npdiffpool.testing.script import script_of
from npdiffpool.testing.subjects import Part, Subject, subject_of

Case = Mapping[str, Any]
Cases = Callable[[int, int], st.SearchStrategy[dict[str, Any]]]

# Sums of a dozen terms err by some units in the last place, of 1e-16 and 1e-7.
RTOL = {"float64": 1e-9, "float32": 1e-4}
LARGEST = 12  # nodes of a graph
PARTS = frozenset(
    "pool batched vjp propagation neighbour_mean layer equivariant standardize "
    "evaluate_norm assigner model engine_loss paper_loss scaled_link train "
    "predict primitive wrong_gradients".split()
)


class LawViolation(AssertionError):
    """Say that a law does not hold, with the script that shows it."""


@dataclass(frozen=True)
class Check:
    """Hold one check of a law.

    Parameters
    ----------
    body : callable
        Takes parts, by their names, and the values of a case; raises where the
        law is broken.
    cases : callable
        Gives the strategy of cases whose graphs have at least and at most so many
        nodes.
    needs : tuple of str
        The parts without which the check does not apply.
    dtypes : tuple of str
        Precisions in which the law is claimed; each case is in one of them.
    """

    body: Callable[..., None]
    cases: Cases
    needs: tuple[str, ...]
    dtypes: tuple[str, ...]

    def __call__(self, subject: Subject, case: Case) -> None:
        """Check one case; raise where the law is broken."""
        names = inspect.signature(self.body).parameters
        parts = {name: subject.parts[name] for name in names if name in PARTS}
        self.body(**parts, **{name: case[name] for name in names if name not in PARTS})


@dataclass(frozen=True)
class Violation:
    """Hold a counterexample: of which check, subject and case, and what was raised."""

    check: Check
    subject: Subject
    case: Case
    error: Exception


@dataclass(frozen=True)
class Result:
    """Hold what came of a law on a subject.

    Parameters
    ----------
    law : Law
    verdict : "holds", "fails" or "not applicable"
    reason : str
        Why it fails or does not apply, in a line. Where it holds, empty, or "in
        part:" and why some check of it does not apply.
    script : str
        A program that shows the failure; empty where there is none.
    case : mapping
        The smallest counterexample, by name; empty where there is none.
    """

    law: Law
    verdict: str
    reason: str = ""
    script: str = ""
    case: Case = field(default_factory=dict)


@dataclass(eq=False)
class Law:
    """State a law.

    Parameters
    ----------
    id, name : str
        Such as "C1", and the claim as an identifier.
    statement, source : str
        The claim as a sentence; the equation or proposition it is or follows from.
    checks : list of Check
        Each applies to the implementations that have the parts it needs.

    Examples
    --------
    >>> from npdiffpool.testing import LAWS
    >>> from npdiffpool.testing.own import parts as own_parts
    >>> LAWS["C1"].statement
    "Pooling keeps the total of every feature: 1^T X' = 1^T Z."
    >>> LAWS["C1"].examine(own_parts.pool_by_paper, examples=10).verdict
    'holds'
    """

    id: str
    name: str
    statement: str
    source: str
    checks: list[Check] = field(default_factory=list)

    def also(self, cases: Cases, **options: Any) -> Callable[[Any], Check]:
        """Add a check by its `cases` and `options` of `make_check` (a decorator)."""

        def add(body: Callable[..., None]) -> Check:
            self.checks.append(make_check(body, cases, **options))
            return self.checks[-1]

        return add

    def check(self, *pools: Part | Subject, **options: Any) -> None:
        """Raise a `LawViolation` unless the law holds or does not apply.

        `pools` and `options` are those of `examine`.
        """
        result = self.examine(*pools, **options)
        if result.verdict == "fails":
            raise LawViolation(f"{result.reason}\n\n{result.script}")

    def examine(
        self,
        *pools: Part | Subject,
        examples: int | None = None,
        random_seed: int | None = None,
    ) -> Result:
        """Look for a counterexample, and give a `Result` with the smallest found.

        Parameters
        ----------
        pools : callables or Subjects
            See subjects.py. Of several, one case serves all.
        examples : int, optional
            Cases to try of each check; those of the Hypothesis profile in use
            where not given.
        random_seed : int, optional
            With it the same cases are tried at every call.

        Raises
        ------
        ValueError
            If `examples` is no such number, or a pool is no pooling layer.
        """
        if examples is not None:
            require_int("examples", examples, 1)
        subjects = [subject_of(pool) for pool in pools]
        applies, empty, unchecked = False, None, list[str]()
        for check in self.checks:
            able = [s for s in subjects if s.lacks(check.needs) is None]
            applies = applies or bool(able)
            unchecked += [] if able else subjects[0].excuses(check.needs)
            found = able and find_violation(check, able, examples, random_seed)
            if found and not has_no_nodes(found.case):
                return self._failure(found)
            empty = empty or found or None
        if empty is not None:
            return self._failure(empty)
        if applies:
            why = ", ".join(dict.fromkeys(unchecked))
            return Result(self, "holds", f"in part: {why}" if why else "")
        return Result(self, "not applicable", self.lacking(subjects[0]) or "")

    def lacking(self, subject: Subject) -> str | None:
        """Say why no check of the law applies to a `subject`, or None."""
        reasons = [subject.lacks(check.needs) for check in self.checks]
        return None if None in reasons else reasons[0]

    def _failure(self, found: Violation) -> Result:
        seen = " ".join(str(found.error).split())
        kind = type(found.error).__name__
        reason = f"{self.id} fails on {found.subject.name}: {self.statement} ({kind}: "
        script = script_of(f"{self.id}: {self.statement}", found)
        return Result(self, "fails", f"{reason}{seen})", script, found.case)


def make_check(
    body: Callable[..., None],
    cases: Cases,
    needs: tuple[str, ...] = (),
    dtypes: tuple[str, ...] = ("float64", "float32"),
) -> Check:
    """Make a check of a function; the parts that it takes are needed, and `needs`."""
    taken = [name for name in inspect.signature(body).parameters if name in PARTS]
    return Check(body, cases, (*taken, *needs), dtypes)


def find_violation(
    check: Check,
    subjects: list[Subject],
    examples: int | None = None,
    random_seed: int | None = None,
) -> Violation | None:
    """Return the smallest counterexample found to a check on any of some subjects.

    Where there is one, graphs of one node, two, three ... are searched until one
    is found there; then graphs without nodes are asked, but only in want of any
    others: many layers fail on nothing at all, which says little about the rest.
    """
    kept = settings(database=None) if random_seed is not None else settings()
    chosen = settings(
        kept,
        max_examples=kept.max_examples if examples is None else examples,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        phases=[Phase.reuse, Phase.generate],
    )
    shrunk = settings(chosen, phases=[*chosen.phases, Phase.shrink])

    def search(least: int, most: int, chosen: settings) -> Violation | None:
        return _search(check, subjects, (least, most), chosen, random_seed)

    first = search(0, LARGEST, chosen)
    if first is None:
        return None
    sizes = [(1, 1), (1, 2), (1, 3), (1, 4), (1, LARGEST)]
    if has_no_nodes(first.case) and search(1, LARGEST, chosen) is None:
        sizes = []
    sizes.append((0, LARGEST))  # as at first, so that it is found again, and shrunk
    return next(filter(None, (search(*nodes, shrunk) for nodes in sizes)), first)


def has_no_nodes(value: Any) -> bool:
    """Say whether there is a graph without nodes in a case, or part of one."""
    if isinstance(value, (dict, list)):
        parts = value.values() if isinstance(value, dict) else value
        return any(has_no_nodes(part) for part in parts)
    return isinstance(value, np.ndarray) and value.ndim > 0 and len(value) == 0


def _search(
    check: Check,
    subjects: list[Subject],
    nodes: tuple[int, int],
    chosen: settings,
    random_seed: int | None,
) -> Violation | None:
    """Try cases with so many nodes until one fails, and shrink that if so chosen."""
    found: list[Violation] = []

    def holds(case: dict[str, Any], dtype: str) -> None:
        for subject in subjects:  # a copy each, for a layer may write into it
            used, typed = ({**_cast(case, dtype), "rtol": RTOL[dtype]} for _ in "12")
            try:
                check(subject, used)
            except Exception as error:
                found.append(Violation(check, subject, typed, error))
                raise

    # By its name Hypothesis knows which of the failures that it keeps are whose.
    holds.__name__ = "holds_" + check.body.__name__.strip("<>")
    dtypes = st.sampled_from(check.dtypes)
    test = given(case=check.cases(*nodes), dtype=dtypes)(holds)
    test = seed(random_seed)(test) if random_seed is not None else test
    try:
        chosen(test)()
    except Exception:
        if not found:
            raise
    return found[-1] if found else None


def _cast(value: Any, dtype: str) -> Any:
    """Copy a case with its real arrays in one precision."""
    if isinstance(value, dict):
        return {name: _cast(item, dtype) for name, item in value.items()}
    if isinstance(value, list):
        return [_cast(item, dtype) for item in value]
    if isinstance(value, np.ndarray):
        return value.astype(dtype if value.dtype.kind == "f" else value.dtype)
    return value
