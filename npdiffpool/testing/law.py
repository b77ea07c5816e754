"""Laws: a claim, its source, and checks that can refute it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any, Callable, Iterator, Sequence

from npdiffpool._support.arguments import require_int
from npdiffpool._support.progress import progress_bar
from npdiffpool.graphs.display import html_table
from npdiffpool.testing.check import (
    Case,
    Cases,
    Check,
    Search,
    Violation,
    drawn_together,
)
from npdiffpool.testing.code import script_of
from npdiffpool.testing.subjects import Part, Subject, subject_of


class LawViolation(AssertionError):
    """A law does not hold; the message contains a script that shows it."""


@dataclass(frozen=True)
class Result:
    """The result of examining a subject for a law.

    Parameters
    ----------
    law : Law
    verdict : "holds", "fails" or "not applicable"
    reason : str
        Why the law fails or does not apply, in one line: of a failure, the claim, the
        check and its statement that failed, the error, and its place. If the law holds,
        either empty or "in part: " and why some of its checks do not apply.
    script : str
        A program that reproduces the failure; empty if there is none.
    case : mapping
        The smallest counterexample, by name: the values that the check uses. Empty if
        there is none.
    error : str
        The type and the message of what was raised on it, in one line.
    place : str
        The line of the layer that raised it; empty if the check of the law did.
    exception : Exception or None
        What was raised.
    """

    law: Law
    verdict: str
    reason: str = ""
    script: str = ""
    case: Case = field(default_factory=dict)
    error: str = ""
    place: str = ""
    exception: Exception | None = field(default=None, repr=False, compare=False)

    def require(self) -> None:
        """Raise an error if the law fails.

        Raises
        ------
        LawViolation
            From the exception that the law fails with.
        """
        if self.verdict == "fails":
            message = f"{self.reason}\n\n{self.script}"
            raise LawViolation(message) from self.exception

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
        self.examine(*pools, **options).require()

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
        return next(examine_laws([self], pools, examples, random_seed))

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

    def applies_to(self, subject: Subject) -> bool:
        """Return whether a check of the law applies to a subject.

        Parameters
        ----------
        subject : Subject

        Returns
        -------
        bool
        """
        return self.reason_against(subject) is None

    def result(self, search: Search, found: dict[Check, Violation]) -> Result:
        """Return the result of a search, with the smallest counterexample, if any.

        Parameters
        ----------
        search : Search
        found : mapping
            From each check that failed to a counterexample.

        Returns
        -------
        Result
        """
        for check in self.checks:
            if check in found:
                return self._failure(search.smallest(found[check]))
        subject = search.subjects[0]
        unchecked = [check for check in self.checks if not search.subjects_for(check)]
        if unchecked == self.checks:
            return Result(self, "not applicable", self.reason_against(subject) or "")
        reasons = [r for c in unchecked for r in subject.reasons_in_part(c.needs)]
        reason = ", ".join(dict.fromkeys(reasons))
        return Result(self, "holds", f"in part: {reason}" if reason else "")

    def _failure(self, found: Violation) -> Result:
        error = f"{type(found.error).__name__}: {' '.join(str(found.error).split())}"
        claim = f"{self.id} fails on {found.subject.name}: {self.statement}"
        at = f"{found.check.body.__name__}: `{found.statement}`"
        place = f" at {found.place}" if found.place else ""
        return Result(
            self,
            "fails",
            f"{claim} In {at} ({error}){place}",
            script_of(f"{self.id}: {self.statement}", found),
            found.case,
            error,
            found.place,
            found.error.with_traceback(found.trace),
        )


def examine_laws(
    laws: Sequence[Law],
    pools: Sequence[Part | Subject],
    examples: int | None = None,
    random_seed: int | None = None,
    verbose: bool = False,
) -> Iterator[Result]:
    """Examine pooling layers for some laws; yield one result per law.

    Parameters
    ----------
    laws : sequence of Law
    pools, examples, random_seed
        As for `Law.examine`. With a seed, checks are tried on the same cases where
        these can be drawn together.
    verbose : bool
        Show a progress bar.

    Yields
    ------
    Result

    Raises
    ------
    ValueError
        As `Law.examine`.
    """
    if examples is not None:
        require_int("examples", examples, 1)
    search = Search([subject_of(pool) for pool in pools], examples, random_seed)
    checks = [
        check for law in laws for check in law.checks if search.subjects_for(check)
    ]
    alone = [[check] for check in checks]
    groups = alone if random_seed is None else drawn_together(checks)
    group_of = {check: group for group in groups for check in group}
    found, tried = dict[Check, Violation](), set[Check]()
    with progress_bar(len(laws), "law", "verifying", shown=verbose) as update:
        for done, law in enumerate(laws, 1):
            for check in law.checks:
                if check in group_of and check not in tried:
                    tried.update(group_of[check])
                    found |= search.violations(group_of[check])
            yield law.result(search, found)
            update(done, law.id)
