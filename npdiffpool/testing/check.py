"""Checks of a law, and the search for a case on which one fails.

A check is a function of parts of an implementation (see `subjects`) and of a case that
Hypothesis draws; it raises if the claim does not hold. The script that reproduces a
counterexample contains the source of the check, so the checks of a pooling layer use
NumPy and their arguments only (and SciPy in law E7).

`Search.violations` tries checks on the same cases, and `Search.smallest` then looks for
a small case on which one of them fails.
"""

from __future__ import annotations

import inspect
import sys
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from types import TracebackType
from typing import Any, Callable, Collection, Iterable, Iterator, Sequence

import numpy as np
from hypothesis import Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from npdiffpool.testing.code import statement_at
from npdiffpool.testing.subjects import Subject

Case = dict[str, Any]
Cases = Callable[[int, int], st.SearchStrategy[Case]]

# Sums of up to 150 terms have rounding errors of some 1e-15 and 1e-6.
RTOL = {"float64": 1e-9, "float32": 1e-4}
MAX_NODES = 12  # of a graph, usually; where this is the bound, some are larger
POOLING_PARTS = frozenset(("pool", "batched", "vjp"))  # of a pooling layer
# A line in one of these, or in the kit, is not a layer's own.
LIBRARIES = sys.stdlib_module_names | frozenset(
    "numpy scipy autograd hypothesis torch jax jaxlib tensorflow".split()
)
# Names in a check's signature that are parts of a subject; others are values of a case.
# Layers and models of npdiffpool (testing/own) draw their parameters by a seed, as
# layer(seed, A, X); those of a user do not, as gnn_layer(A, X), classifier(A, X).
PARTS = POOLING_PARTS | frozenset(
    "propagation neighbour_mean layer equivariant standardize "
    "evaluate_norm assigner model training_pass engine_loss paper_loss scaled_link "
    "train predict explain primitive wrong_gradients functions forms "
    "gnn_layer hops layer_vjp classifier classify_batch".split()
)


@dataclass(frozen=True)
class Family:
    """Cases that one function draws, with further values by name.

    Checks that need cases of one family can be tried on the same cases, even if they
    need other further values.

    Parameters
    ----------
    strategy : callable
        ``strategy(least, most, extras, **options)`` returns a strategy of cases.
    extras : tuple of str
        The names of the further values.
    options : tuple of pairs
        Names and values of the options.
    """

    strategy: Callable[..., st.SearchStrategy[Case]]
    extras: tuple[str, ...]
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, least: int, most: int) -> st.SearchStrategy[Case]:
        """Return a strategy of cases whose graphs have `least` to `most` nodes."""
        return self.strategy(least, most, self.extras, **dict(self.options))


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
    as_drawn : bool
        Whether a layer that computes in float32 is given other cases too, as for D4.

    Attributes
    ----------
    takes : tuple of str
        The names of the parts and values that `body` takes.
    """

    body: Callable[..., None]
    cases: Cases
    needs: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ("float64", "float32")
    as_drawn: bool = False
    takes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.takes = (*inspect.signature(self.body).parameters,)
        taken = [name for name in self.takes if name in PARTS]
        self.needs = (*dict.fromkeys((*taken, *self.needs)),)

    @property
    def least_nodes(self) -> int:
        """The least number of nodes of a graph: 1 for a pooling layer (see law C15)."""
        return int(not POOLING_PARTS.isdisjoint(self.needs))

    def values(self, case: Case, dtype: str) -> Case:
        """Copy the values of a case that the check takes.

        Parameters
        ----------
        case : mapping
        dtype : str
            The precision of the arrays of floats, and of the tolerance "rtol".

        Returns
        -------
        mapping
        """
        values = {**case, "rtol": RTOL[dtype]}
        return {
            name: _cast(values[name], dtype) for name in self.takes if name in values
        }

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
        self.body(**{name: values[name] for name in self.takes})


@dataclass(frozen=True)
class Violation:
    """A counterexample: the check, the subject, the case and the error raised.

    The case has the values that the check takes. `cases` returned the strategy that
    drew it.
    """

    check: Check
    subject: Subject
    case: Case
    error: Exception
    cases: Cases

    @property
    def trace(self) -> TracebackType | None:
        """The traceback of the error from the check on, without Hypothesis."""
        trace = self.error.__traceback__
        while trace and trace.tb_frame.f_code is not self.check.body.__code__:
            trace = trace.tb_next
        return trace

    @property
    def statement(self) -> str:
        """The statement of the check that failed, in one line."""
        trace = self.trace
        return statement_at(self.check.body, trace.tb_lineno) if trace else ""

    @property
    def place(self) -> str:
        """The innermost line of the layer's own code that raised; empty if none did."""
        place = ""
        for frame, line in traceback.walk_tb(self.trace and self.trace.tb_next):
            code, module = frame.f_code, frame.f_globals.get("__name__", "")
            if _is_of_layer(module):
                place = f"{PurePath(code.co_filename).name}:{line}, in {code.co_name}"
        return place


def _is_of_layer(module: str) -> bool:
    """Return whether a module is part of neither the kit nor a library of arrays."""
    if module.startswith("npdiffpool.testing."):
        return module.startswith("npdiffpool.testing.own.")
    return module.partition(".")[0] not in LIBRARIES


@dataclass(frozen=True)
class Search:
    """A search for counterexamples among drawn cases.

    Parameters
    ----------
    subjects : list of Subject
        A case is checked on all of them that have what a check needs.
    examples : int, optional
        Number of cases to try for each check; by default that of the current Hypothesis
        profile.
    random_seed : int, optional
        Seed for the same cases at every call. Without it, Hypothesis also tries the
        cases again on which a check has failed before.
    """

    subjects: list[Subject]
    examples: int | None = None
    random_seed: int | None = None

    def subjects_for(self, check: Check) -> list[Subject]:
        """Return the subjects that have what a check needs."""
        return [s for s in self.subjects if s.reason_against(check.needs) is None]

    def violations(self, checks: list[Check]) -> dict[Check, Violation]:
        """Try checks on the same cases; return a counterexample to each that fails.

        A check that has failed is not tried again.
        """
        cases, found = _cases_of(checks), dict[Check, Violation]()

        def holds(case: Case, dtype: str) -> None:
            for check in checks:
                if check not in found:
                    violation = self._try(check, cases, case, dtype)
                    found.update({check: violation} if violation else {})
            if len(found) == len(checks):
                raise next(iter(found.values())).error

        phases = (Phase.reuse, Phase.generate)
        nodes = (checks[0].least_nodes, MAX_NODES)
        self._run(holds, checks[0], cases, nodes, phases, found.values())
        return found

    def smallest(self, first: Violation) -> Violation:
        """Return the smallest counterexample found to the same check as another one.

        Graphs of 1, 2, 3, ... nodes are searched until one of them is a counterexample.
        """
        check, found = first.check, list[Violation]()

        def holds(case: Case, dtype: str) -> None:
            violation = self._try(check, first.cases, case, dtype)
            if violation:
                found.append(violation)
                raise violation.error

        phases = (Phase.reuse, Phase.generate, Phase.shrink)
        tries = [(check.cases, (1, most)) for most in (1, 2, 3, 4, MAX_NODES)]
        tries.append((first.cases, (check.least_nodes, MAX_NODES)))  # it finds `first`
        for cases, nodes in tries:
            self._run(holds, check, cases, nodes, phases, found)
            if found:
                break
        return [first, *found][-1]

    def _try(
        self, check: Check, cases: Cases, case: Case, dtype: str
    ) -> Violation | None:
        for subject in self.subjects_for(check):
            in_float32 = "float64" in subject.missing and not check.as_drawn
            own = "float32" if in_float32 else dtype
            try:
                check(subject, check.values(case, own))
            except Exception as error:  # the layer may have written into these
                values = check.values(case, own)
                return Violation(check, subject, values, error, cases)
        return None

    def _run(
        self,
        holds: Callable[[Case, str], None],
        check: Check,
        cases: Cases,
        nodes: tuple[int, int],
        phases: Sequence[Phase],
        found: Collection[Violation],
    ) -> None:
        """Draw cases with `nodes` as bounds; `holds` adds to `found`, then raises."""
        # Hypothesis's database finds the failures of a test by its name.
        holds.__name__ = "holds_" + check.body.__name__.strip("<>")
        strategy, dtypes = cases(*nodes), st.sampled_from(check.dtypes)
        test = given(case=_each_new(strategy), dtype=dtypes)(holds)
        test = test if self.random_seed is None else seed(self.random_seed)(test)
        try:
            with _quiet():
                self._settings(phases)(test)()
        except Flaky:  # a layer that is not deterministic
            if not found:
                raise
        except Exception as error:
            if error not in [violation.error for violation in found]:
                raise

    def _settings(self, phases: Sequence[Phase]) -> settings:
        profile = settings() if self.random_seed is None else settings(database=None)
        return settings(
            profile,
            max_examples=self.examples or profile.max_examples,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=Verbosity.quiet,  # the case would be added to the error
            phases=phases,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide NumPy's warnings, as laws report NaN and infinities.

    Filters that the user has set take precedence.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning, append=True)
        yield


def find_violation(check: Check, *args: Any, **options: Any) -> Violation | None:
    """Return the smallest counterexample to a check that a `Search` finds, if any."""
    search = Search(*args, **options)
    found = search.violations([check])
    return search.smallest(found[check]) if found else None


def drawn_together(checks: Iterable[Check]) -> list[list[Check]]:
    """Group checks that can be tried on the same cases."""
    groups: dict[Any, list[Check]] = {}
    for check in checks:
        cases = check.cases
        family = replace(cases, extras=()) if isinstance(cases, Family) else cases
        key = (family, check.dtypes, check.least_nodes)
        groups.setdefault(key, []).append(check)
    return list(groups.values())


def _cases_of(checks: list[Check]) -> Cases:
    """Return the cases of checks that are drawn together, with the values of all."""
    cases = checks[0].cases
    if not isinstance(cases, Family):
        return cases
    extras = [name for check in checks for name in check.cases.extras]  # type: ignore
    return replace(cases, extras=tuple(dict.fromkeys(extras)))


def _each_new(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    """Return cases without variants.

    Hypothesis follows an example by up to five with nearly the same choices, and so
    the same sizes, but it does not vary the members of a unique list.
    """
    one = st.lists(cases, min_size=1, max_size=1, unique_by=id)
    return one.map(lambda members: _Unprinted(members[0]))


class _Unprinted(dict[str, Any]):
    """A case that Hypothesis does not print: it warns if that takes long."""

    def __repr__(self) -> str:
        return "a case"


def _cast(value: Any, dtype: str) -> Any:
    """Copy a value, its arrays of floats in one precision."""
    if isinstance(value, list):
        return [_cast(item, dtype) for item in value]
    if isinstance(value, np.ndarray):
        return value.astype(dtype if value.dtype.kind == "f" else value.dtype)
    return value
