"""Write a counterexample as a program: NumPy, the layer and the failing check."""

from __future__ import annotations

import ast
import inspect
from textwrap import dedent, fill
from typing import Any

from npdiffpool.testing.code import as_code


def script_of(claim: str, violation: Any) -> str:
    """Return a program that reproduces a `Violation`, ending in the same error.

    It consists of the case as literals and the source of the check's body.
    """
    body, case = violation.check.body, violation.case
    sources = violation.subject.sources
    names = list(inspect.signature(body).parameters)
    comment = fill(f"Law {claim}", 78, initial_indent="# ", subsequent_indent="# ")
    values = [f"{name} = {as_code(case[name])}" for name in names if name in case]
    paragraphs = [
        "\n".join([comment, "import numpy as np", *_imports(body)]),
        "\n".join(sources[name] for name in names if name in sources),
        "\n".join(values),
        body_of(body),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _imports(body: Any) -> list[str]:
    """Return the import of the globals that a check uses beside NumPy, if any."""
    nodes = ast.walk(ast.parse(body_of(body)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    used = sorted(names & set(body.__globals__) - {"np"})
    return [f"from {body.__module__} import {', '.join(used)}"] if used else []


def body_of(function: Any) -> str:
    """Return the source of a function's body, without its docstring."""
    source = dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    first = node.body[1 if ast.get_docstring(node) is not None else 0]
    return dedent("\n".join(source.splitlines()[first.lineno - 1 :]))
