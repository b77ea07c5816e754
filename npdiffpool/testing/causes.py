"""Group the failures of a layer that have one cause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Sequence

import numpy as np

from npdiffpool.testing.law import Result

_GRAPH = ("A", "R", "Z", "As", "Rs", "Zs")


def causes(results: Sequence[Result]) -> list[list[Result]]:
    """Group failures by their cause, the simplest counterexample first.

    Two laws fail for one cause if the same line of the layer raises the same type of
    exception on both, or if the layer raises nothing and both have the same smallest
    counterexample: the same values of A, R and Z (or As, Rs and Zs, of a batch), in the
    same precision. A counterexample without some of these, such as one of law L3, is
    compared with each group by the others, and joins the simplest that agrees.

    An exception can have many counterexamples, but a line of code to look at. A wrong
    value has no line, but a correct layer would have passed every law on that graph,
    and one mistake usually breaks several laws on it. Two mistakes that show on the
    same graph are one cause here until one of them is corrected.

    Parameters
    ----------
    results : sequence of Result
        From `npdiffpool.testing.conformance`.

    Returns
    -------
    list of lists of Result
        The failures with each cause. Both the causes and the failures with a cause are
        in the order of their counterexamples: the one with the fewest numbers comes
        first, then the one with the fewest that are not zero. Counterexamples with a
        graph without nodes come last.

    Raises
    ------
    ValueError
        If `results` are not results.

    Examples
    --------
    >>> from npdiffpool import paper
    >>> from npdiffpool.testing import Pooled, causes, conformance
    >>> def pool(A, R, Z):
    ...     S = paper.assign(R)
    ...     return Pooled(S.T @ A @ S / 2, S.T @ (Z + 1), S)  # two mistakes
    >>> results = conformance(pool, laws=["A1", "C1", "C2", "C11"], examples=10)
    >>> [[result.law.id for result in failures] for failures in causes(results)]
    [['C1', 'C11'], ['C2']]
    """
    if not isinstance(results, Iterable) or not all(
        isinstance(result, Result) for result in results
    ):
        raise ValueError(f"results must be those of conformance; got {results!r}")
    groups: list[list[Result]] = []
    failures = sorted((r for r in results if r.verdict == "fails"), key=_size)
    for failure in sorted(failures, key=lambda f: -len(_graph(f))):  # whole cases first
        joined = next((g for g in groups if _have_one_cause(g[0], failure)), None)
        if joined is None:
            groups.append([failure])
        else:
            joined.append(failure)
    return sorted(
        (sorted(group, key=_size) for group in groups), key=lambda g: _size(g[0])
    )


def _graph(failure: Result) -> dict[str, Any]:
    return {name: failure.case[name] for name in _GRAPH if name in failure.case}


def _size(failure: Result) -> tuple[bool, int, int]:
    """Return whether a graph has no nodes, how many numbers there are, and not 0."""
    values = [value for name, value in failure.case.items() if name != "rtol"]
    parts = [x for value in values for x in (value if type(value) is list else [value])]
    arrays = [np.asarray(part) for part in parts]
    is_empty = any(array.ndim > 0 and len(array) == 0 for array in arrays)
    n_not_zero = sum(int(np.count_nonzero(array)) for array in arrays)
    return is_empty, sum(array.size for array in arrays), n_not_zero


def _have_one_cause(one: Result, other: Result) -> bool:
    if one.place or other.place:
        types = [failure.error.partition(":")[0] for failure in (one, other)]
        return one.place == other.place and types[0] == types[1]
    first, second = _graph(one), _graph(other)
    shared = first.keys() & second.keys()
    return bool(shared) and all(
        _are_equal(first[name], second[name]) for name in shared
    )


def _are_equal(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_are_equal, one, other))
    return one.dtype == other.dtype and np.array_equal(one, other)
