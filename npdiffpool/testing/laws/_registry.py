"""The decorator that defines laws, and the list of all laws."""

from __future__ import annotations

import inspect
from typing import Any, Callable

from npdiffpool.testing.check import Cases, Check
from npdiffpool.testing.law import Law

REGISTERED: list[Law] = []


def law(id: str, source: str, cases: Cases, **options: Any) -> Callable[[Any], Law]:
    """Define a law by its first check.

    The law's statement is the first paragraph of the check's docstring, and its name
    is the check's name.

    Parameters
    ----------
    id : str
        A new id, such as "C16".
    source : str
        The equation or proposition that states or implies the law.
    cases : callable
        ``cases(least, most)`` returns a strategy of cases whose graphs have between
        `least` and `most` nodes.
    **options
        The other parameters of `npdiffpool.testing.check.Check`.

    Returns
    -------
    callable
        A decorator that returns the `Law`.

    Raises
    ------
    ValueError
        If there is a law with this id.
    """

    def register(body: Callable[..., None]) -> Law:
        if id in [registered.id for registered in REGISTERED]:
            raise ValueError(f"id must be new; got {id!r} again")
        statement = " ".join((inspect.getdoc(body) or "").split("\n\n")[0].split())
        check = Check(body, cases, **options)
        REGISTERED.append(Law(id, body.__name__, statement, source, [check]))
        return REGISTERED[-1]

    return register
