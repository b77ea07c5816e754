"""Laws: a claim, its source, and checks that can refute it.

A check is a function of parts of an implementation (see `subjects`) and of a case that
Hypothesis draws; it raises if the claim does not hold. The script that reproduces a
counterexample contains the source of the check, so the checks of a pooling layer use
NumPy and their arguments only (and SciPy in law E7).
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from html import escape
from typing import Any, Callable

import numpy as np
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from npdiffpool._support.arguments import require_int
from npdiffpool.graphs.display import html_table
from npdiffpool.testing.script import script_of
from npdiffpool.testing.subjects import Part, Subject, subject_of

Case = dict[str, Any]
Cases = Callable[[int, int], st.SearchStrategy[Case]]

# Sums of a dozen terms have rounding errors of some 1e-16 and 1e-7.
RTOL = {"float64": 1e-9, "float32": 1e-4}
MAX_NODES = 12  # of a graph in a case, but for the shape "large"
PARTS = frozenset(
    "pool batched vjp propagation neighbour_mean layer equivariant standardize "
    "evaluate_norm assigner model training_pass engine_loss paper_loss scaled_link "
    "train predict primitive wrong_gradients functions forms".split()
)


class LawViolation(AssertionError):
    """A law does not hold; the message contains a script that shows it."""


@dataclass(eq=False)
class Check:
    """One check of a law.

    Parameters
    ----------
    body : callable
        Takes parts and values of a case, by name; raises if the law is violated.
    cases : callable
        ``cases(least, most)`` returns a strategy of cases whose graphs have between
        `least` and `most` nodes.
    needs : tuple of str
        The parts without which the check does not apply. Those that `body` takes are
        added.
    dtypes : tuple of str
        The precisions in which the law is claimed; a case has one of them.
    """

    body: Callable[..., None]
    cases: Cases
    needs: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ("float64", "float32")

    def __post_init__(self) -> None:
        names = inspect.signature(self.body).parameters
        self.needs = (*(name for name in names if name in PARTS), *self.needs)

    def __call__(self, subject: Subject, case: Case) -> None:
        """Check one case.

        Parameters
        ----------
        subject : Subject
        case : mapping

        Raises
        ------
        Exception
            Of any kind, if the law is violated.
        """
        values = {**case, **subject.parts}
        names = inspect.signature(self.body).parameters
        self.body(**{name: values[name] for name in names})


@dataclass(frozen=True)
class Violation:
    """A counterexample: the check, the subject, the case and the error raised."""

    check: Check
    subject: Subject
    case: Case
    error: Exception


@dataclass(frozen=True)
class Result:
    """The result of examining a subject for a law.

    Parameters
    ----------
    law : Law
    verdict : "holds", "fails" or "not applicable"
    reason : str
        Why the law fails or does not apply, in one line. If it holds, either empty or
        "in part: " and why some of its checks do not apply.
    script : str
        A program that reproduces the failure; empty if there is none.
    case : mapping
        The smallest counterexample, by name; empty if there is none.
    """

    law: Law
    verdict: str
    reason: str = ""
    script: str = ""
    case: Case = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """Return law, verdict and counterexample, for notebooks."""
        law = self.law
        rows = {"claim": law.statement, "source": law.source, "verdict": self.verdict}
        rows |= {"reason": self.reason} if self.reason else {}
        rows |= {f"counterexample, {name}": repr(v) for name, v in self.case.items()}
        if not self.script:
            return html_table(f"{law.id} {law.name}", rows)
        script = f"<summary>script</summary><pre>{escape(self.script)}</pre>"
        return f"{html_table(f'{law.id} {law.name}', rows)}<details>{script}</details>"


@dataclass(eq=False, repr=False)
class Law:
    """A property that a correct implementation has, with its checks.

    Parameters
    ----------
    id, name : str
        Such as "C1", and the claim as an identifier.
    statement : str
        The claim as a sentence.
    source : str
        The equation or proposition that states or implies the claim.
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

    def __repr__(self) -> str:
        return f"<Law {self.id}: {self.statement}>"

    def also(self, cases: Cases, **options: Any) -> Callable[[Any], Check]:
        """Add the decorated function as a further check.

        Parameters
        ----------
        cases : callable
            See `Check`.
        **options
            The other parameters of `Check`.

        Returns
        -------
        callable
            A decorator that returns the `Check`.
        """

        def add(body: Callable[..., None]) -> Check:
            self.checks.append(Check(body, cases, **options))
            return self.checks[-1]

        return add

    def check(self, *pools: Part | Subject, **options: Any) -> None:
        """Raise an error if the law fails.

        Parameters
        ----------
        *pools : callables or Subjects
            As for `examine`.
        **options
            The other parameters of `examine`.

        Raises
        ------
        LawViolation
            If the law fails. It passes if the law does not apply.
        ValueError
            As `examine`.
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
        """Search for a counterexample; return a Result with the smallest one, if any.

        Parameters
        ----------
        *pools : callables or Subjects
            See `npdiffpool.testing.subjects`. Each case is checked on all of them.
        examples : int, optional
            Number of cases to try for each check; by default that of the current
            Hypothesis profile.
        random_seed : int, optional
            Seed for the same cases at every call.

        Returns
        -------
        Result

        Raises
        ------
        ValueError
            If `examples` is not a whole number >= 1, or a pool is not a pooling layer.
        """
        if examples is not None:
            require_int("examples", examples, 1)
        subjects = [subject_of(pool) for pool in pools]
        applies, without_nodes, unchecked = False, None, list[str]()
        for check in self.checks:
            able = [s for s in subjects if s.reason_against(check.needs) is None]
            applies = applies or bool(able)
            unchecked += [] if able else subjects[0].reasons_missing(check.needs)
            found = able and find_violation(check, able, examples, random_seed)
            if found and not has_empty_graph(found.case):
                return self._failure(found)
            without_nodes = without_nodes or found or None
        if without_nodes is not None:
            return self._failure(without_nodes)
        if applies:
            reason = ", ".join(dict.fromkeys(unchecked))
            return Result(self, "holds", f"in part: {reason}" if reason else "")
        return Result(self, "not applicable", self.reason_against(subjects[0]) or "")

    def reason_against(self, subject: Subject) -> str | None:
        """Return why no check of the law applies to a subject.

        Parameters
        ----------
        subject : Subject

        Returns
        -------
        str or None
            None if a check applies.
        """
        reasons = [subject.reason_against(check.needs) for check in self.checks]
        return None if None in reasons else reasons[0]

    def _failure(self, found: Violation) -> Result:
        error = f"{type(found.error).__name__}: {' '.join(str(found.error).split())}"
        reason = f"{self.id} fails on {found.subject.name}: {self.statement} ({error})"
        script = script_of(f"{self.id}: {self.statement}", found)
        return Result(self, "fails", reason, script, found.case)


def find_violation(
    check: Check,
    subjects: list[Subject],
    examples: int | None = None,
    random_seed: int | None = None,
) -> Violation | None:
    """Return the smallest counterexample found to a check on any of the subjects.

    If there is one, graphs of 1, 2, 3, ... nodes are searched until one of them is a
    counterexample. Graphs without nodes are the last resort: many layers fail on them,
    which says little about their other failures.
    """
    profile = settings(database=None) if random_seed is not None else settings()
    generate = settings(
        profile,
        max_examples=profile.max_examples if examples is None else examples,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        phases=[Phase.reuse, Phase.generate],
    )
    shrink = settings(generate, phases=[*generate.phases, Phase.shrink])

    def search(least: int, most: int, options: settings) -> Violation | None:
        return _search(check, subjects, (least, most), options, random_seed)

    first = search(0, MAX_NODES, generate)
    if first is None:
        return None
    sizes = [(1, 1), (1, 2), (1, 3), (1, 4), (1, MAX_NODES)]
    if has_empty_graph(first.case) and search(1, MAX_NODES, generate) is None:
        sizes = []
    sizes.append((0, MAX_NODES))  # the first search again, with shrinking
    return next(filter(None, (search(*nodes, shrink) for nodes in sizes)), first)


def has_empty_graph(value: Any) -> bool:
    """Return whether a case, or a part of one, has a graph without nodes.

    Parameters
    ----------
    value : mapping, list, array or other value of a case

    Returns
    -------
    bool
    """
    if isinstance(value, (dict, list)):
        parts = value.values() if isinstance(value, dict) else value
        return any(has_empty_graph(part) for part in parts)
    return isinstance(value, np.ndarray) and value.ndim > 0 and len(value) == 0


def _search(
    check: Check,
    subjects: list[Subject],
    nodes: tuple[int, int],
    options: settings,
    random_seed: int | None,
) -> Violation | None:
    """Return the last failing case of a Hypothesis run, with `nodes` as bounds."""
    found: list[Violation] = []

    def holds(case: dict[str, Any], dtype: str) -> None:
        for subject in subjects:  # two copies: the layer may write into the first
            used, kept = ({**_cast(case, dtype), "rtol": RTOL[dtype]} for _ in "12")
            try:
                check(subject, used)
            except Exception as error:
                found.append(Violation(check, subject, kept, error))
                raise

    # Hypothesis's database finds the failures of a test by its name.
    holds.__name__ = "holds_" + check.body.__name__.strip("<>")
    dtypes = st.sampled_from(check.dtypes)
    test = given(case=check.cases(*nodes), dtype=dtypes)(holds)
    test = seed(random_seed)(test) if random_seed is not None else test
    try:
        options(test)()
    except Exception:
        if not found:
            raise
    return found[-1] if found else None


def _cast(value: Any, dtype: str) -> Any:
    """Copy a case, its arrays of floats in one precision."""
    if isinstance(value, dict):
        return {name: _cast(item, dtype) for name, item in value.items()}
    if isinstance(value, list):
        return [_cast(item, dtype) for item in value]
    if isinstance(value, np.ndarray):
        return value.astype(dtype if value.dtype.kind == "f" else value.dtype)
    return value
