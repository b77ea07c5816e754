"""The decorator that makes laws, and the list that it enters them in."""

from __future__ import annotations

import inspect
from typing import Any, Callable

from npdiffpool.testing.law import Cases, Law, make_check

ENTERED: list[Law] = []


def law(id: str, source: str, cases: Cases, **options: Any) -> Callable[[Any], Law]:
    """Make a law of a check (a decorator) and enter it in the list.

    The statement is the first sentence of the check's docstring, the name that
    of the check.

    Parameters
    ----------
    id : str
        New, such as "C15".
    source : str
        The equation or proposition that it is or follows from.
    cases : callable
        Gives the strategy of cases, by the least and most nodes of a graph.
    options
        Those of `npdiffpool.testing.law.make_check`.

    Returns
    -------
    callable
        Makes a `Law` of a function.

    Raises
    ------
    ValueError
        If there is a law of that id.
    """

    def enter(body: Callable[..., None]) -> Law:
        if id in [entered.id for entered in ENTERED]:
            raise ValueError(f"id must be new; got {id!r} again")
        statement = " ".join((inspect.getdoc(body) or "").split("\n\n")[0].split())
        checks = [make_check(body, cases, **options)]
        ENTERED.append(Law(id, body.__name__, statement, source, checks))
        return ENTERED[-1]

    return enter
