"""A counterexample as a program of a few lines: NumPy, the layer, the failure."""

from __future__ import annotations

import ast
import inspect
from textwrap import dedent, fill
from typing import Any

from npdiffpool.testing.code import as_code


def script_of(claim: str, violation: Any) -> str:
    """Write the program that shows a `Violation`: it ends in the same error.

    It holds the case as literals, and the body of the check as it stands in the
    source of the law.
    """
    names = list(inspect.signature(violation.check.body).parameters)
    sources = violation.subject.sources
    parts = [sources[name] for name in names if name in sources]
    values = [
        f"{name} = {as_code(violation.case[name])}"
        for name in names
        if name in violation.case
    ]
    comment = fill(f"Law {claim}", 78, initial_indent="# ", subsequent_indent="# ")
    imports = "\n".join(["import numpy as np", *_imports(violation.check.body)])
    paragraphs = [
        f"{comment}\n{imports}",
        "\n".join(parts),
        "\n".join(values),
        body_of(violation.check.body),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _imports(body: Any) -> list[str]:
    """Import what a check uses beside NumPy and its arguments, if anything."""
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
