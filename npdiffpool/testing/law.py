"""Laws: a claim, its source, and checks that can refute it.

A check is a function of parts of an implementation (see `subjects`) and of a case that
Hypothesis draws; it raises if the claim does not hold. The script that reproduces a
counterexample contains the source of the check, so the checks of a pooling layer use
NumPy and their arguments only (and SciPy in law E7).
"""

from __future__ import annotations

import inspect
import sys
import traceback
from dataclasses import dataclass, field
from html import escape
from pathlib import PurePath
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
OF_LAYER = frozenset(("pool", "batched", "vjp"))
# A line in one of these, or in the kit, is not a layer's own.
LIBRARIES = sys.stdlib_module_names | frozenset(
    "numpy scipy autograd hypothesis torch jax jaxlib tensorflow".split()
)
PARTS = OF_LAYER | frozenset(
    "propagation neighbour_mean layer equivariant standardize "
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

    @property
    def least_nodes(self) -> int:
        """The least number of nodes of a graph: 1 for a pooling layer (see law C15)."""
        return int(not OF_LAYER.isdisjoint(self.needs))

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

    @property
    def place(self) -> str:
        """The innermost line of the layer's own code that raised; empty if none did."""
        place = ""
        for frame, line in traceback.walk_tb(self.error.__traceback__):
            code, module = frame.f_code, frame.f_globals.get("__name__", "")
            if code is self.check.body.__code__:
                place = ""  # what follows was called by the check
            elif _is_of_layer(module):
                place = f"{PurePath(code.co_filename).name}:{line}, in {code.co_name}"
        return place


def _is_of_layer(module: str) -> bool:
    """Return whether a module is part of neither the kit nor a library of arrays."""
    if module.startswith("npdiffpool.testing."):
        return module.startswith("npdiffpool.testing.own.")
    return module.partition(".")[0] not in LIBRARIES


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
        The smallest counterexample, by name: the values that the check uses. Empty if
        there is none.
    error : str
        The type and the message of what was raised on it, in one line.
    place : str
        The line of the layer that raised it; empty if the check of the law did.
    """

    law: Law
    verdict: str
    reason: str = ""
    script: str = ""
    case: Case = field(default_factory=dict)
    error: str = ""
    place: str = ""

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
        applies, unchecked = False, list[str]()
        for check in self.checks:
            able = [s for s in subjects if s.reason_against(check.needs) is None]
            applies = applies or bool(able)
            unchecked += [] if able else subjects[0].reasons_missing(check.needs)
            found = able and find_violation(check, able, examples, random_seed)
            if found:
                return self._failure(found)
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
        names = inspect.signature(found.check.body).parameters
        case = {name: x for name, x in found.case.items() if name in names}
        return Result(self, "fails", reason, script, case, error, found.place)


def find_violation(
    check: Check,
    subjects: list[Subject],
    examples: int | None = None,
    random_seed: int | None = None,
) -> Violation | None:
    """Return the smallest counterexample found to a check on any of the subjects.

    If there is one, graphs of 1, 2, 3, ... nodes are searched until one of them is a
    counterexample.
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

    def search(most: int, options: settings) -> Violation | None:
        return _search(check, subjects, most, options, random_seed)

    first = search(MAX_NODES, generate)
    if first is None:
        return None
    sizes = (1, 2, 3, 4, MAX_NODES)  # the last is the first search, with shrinking
    return next(filter(None, (search(most, shrink) for most in sizes)), first)


def _search(
    check: Check,
    subjects: list[Subject],
    most: int,
    options: settings,
    random_seed: int | None,
) -> Violation | None:
    """Return the last failing case of a run with graphs of at most `most` nodes."""
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
    cases = _each_new(check.cases(check.least_nodes, most))
    test = given(case=cases, dtype=dtypes)(holds)
    test = seed(random_seed)(test) if random_seed is not None else test
    try:
        options(test)()
    except Exception:
        if not found:
            raise
    return found[-1] if found else None


def _each_new(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    """Return cases without variants.

    Hypothesis follows an example by up to five with nearly the same choices, and so
    the same sizes, but it does not vary the members of a unique list.
    """
    one = st.lists(cases, min_size=1, max_size=1, unique_by=id)
    return one.map(lambda members: members[0])


def _cast(value: Any, dtype: str) -> Any:
    """Copy a case, its arrays of floats in one precision."""
    if isinstance(value, dict):
        return {name: _cast(item, dtype) for name, item in value.items()}
    if isinstance(value, list):
        return [_cast(item, dtype) for item in value]
    if isinstance(value, np.ndarray):
        return value.astype(dtype if value.dtype.kind == "f" else value.dtype)
    return value
