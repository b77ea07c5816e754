"""Parameters of dataclasses, each described once, at its field.

`parameter` gives a field a description and its allowed values. `check_parameters`
validates by them, `documented` writes them into a docstring, and
npdiffpool/cli/parameters.py makes command-line options and a table of them.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, field, fields
from functools import lru_cache
from inspect import cleandoc
from textwrap import fill
from typing import Any, NamedTuple, Sequence, TypeVar

from npdiffpool._support import arguments as checks

Class = TypeVar("Class", bound=type)
WIDTH = 84  # columns of a generated docstring


class Parameter(NamedTuple):
    """Description and allowed values of a parameter."""

    text: str
    choices: Sequence[str] = ()
    least: int = 0
    most: int | None = None
    positive: bool = False
    below: float = float("inf")
    values: str = ""


def parameter(default: Any, text: str, **allowed: Any) -> Any:
    """Return a dataclass field with a default, a description and allowed values.

    Parameters
    ----------
    default : object
        `dataclasses.MISSING` for a parameter that must be given.
    text : str
        Description; its first sentence is the help of the command line.
    **allowed
        `choices` of a str; `least` (default 0) and `most` of an int; of a float, which
        is at least 0, `positive` and `below`, its bound; `values`, a description of the
        type and the values of any other type, which is not checked.

    Notes
    -----
    The type of a parameter is read from its annotation, as text: the module of the
    dataclass must have ``from __future__ import annotations``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Options:
    ...     epochs: int = parameter(100, "Passes over the graphs.", least=1)
    >>> check_parameters(Options(epochs=0))
    Traceback (most recent call last):
        ...
    ValueError: epochs must be a whole number >= 1; got 0
    """
    return field(default=default, metadata={"parameter": Parameter(text, **allowed)})


def parameter_of(record: type, name: str) -> Any:
    """Return a field with the default and the description of another class's field."""
    found = {f.name: f for f in fields(record)}[name]
    return field(default=found.default, metadata=found.metadata)


def check_parameters(record: Any) -> dict[str, float]:
    """Check all parameters of a dataclass; return those of type float.

    NumPy's float64 would widen float32 arrays; the floats returned are Python's.

    Raises
    ------
    ValueError
        If a value is not allowed.
    """
    checked = {f.name: _check(f, getattr(record, f.name)) for f in fields(record)}
    return {name: value for name, value in checked.items() if value is not None}


def _check(spec: Field[Any], value: Any) -> float | None:
    """Check one value; return it if the parameter is a float."""
    about: Parameter = spec.metadata["parameter"]
    if about.choices:
        checks.require_choice(spec.name, value, about.choices)
    elif spec.type == "bool":
        checks.require_flag(spec.name, value)
    elif spec.type == "float":
        return checks.require_number(spec.name, value, about.positive, about.below)
    elif spec.type == "int" or spec.type == "int | None" and value is not None:
        checks.require_int(spec.name, value, about.least)
        if about.most is not None:
            at_most = f"at most {about.most}"
            checks.require(value <= about.most, spec.name, at_most, value)
    return None


def documented(record: Class) -> Class:
    """Fill ``{parameters}`` in the docstring of a dataclass (a class decorator)."""
    if record.__doc__:  # there is none under python -OO
        text = "\n".join(map(_entry, fields(record)))
        record.__doc__ = cleandoc(record.__doc__).replace("{parameters}", text)
    return record


def _entry(spec: Field[Any]) -> str:
    """Return a parameter's entry in the Parameters section."""
    known = spec.default is not MISSING
    default = f", default={shown(spec.default)}" if known else ""
    text = _wrap(spec.metadata["parameter"].text)
    return f"{spec.name} : {allowed_values(spec)}{default}\n{text}"


@lru_cache  # the estimators share the descriptions of Config and Schedule
def _wrap(text: str) -> str:
    indents: Any = {"initial_indent": "    ", "subsequent_indent": "    "}
    return fill(text, WIDTH, break_on_hyphens=False, **indents)


def allowed_values(spec: Field[Any]) -> str:
    """Return the type of a parameter with its choices or its range."""
    about: Parameter = spec.metadata["parameter"]
    kind, *others = (about.values or str(spec.type)).split(" | ")
    if about.choices:
        kind = "{" + ", ".join(map(shown, about.choices)) + "}"
    elif kind == "int" and about.most is not None:
        kind = f"int in [{about.least}, {about.most}]"
    elif kind == "float" and about.below < float("inf"):
        kind = f"float in [0, {about.below:g})"
    elif kind in ("int", "float"):
        kind += " > 0" if about.positive else f" >= {about.least}"
    return " or ".join([kind, *others])


def shown(value: Any) -> str:
    """Return a value as it is written in Python, text in double quotes.

    >>> shown("sage"), shown((0.25,)), shown(None)
    ('"sage"', '(0.25,)', 'None')
    """
    return f'"{value}"' if isinstance(value, str) else repr(value)


def first_sentence(spec: Field[Any]) -> str:
    """Return the first sentence of a parameter's description, without its period."""
    text: str = spec.metadata["parameter"].text
    return text.partition(". ")[0].removesuffix(".")
