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
    paragraphs = [
        comment + "\nimport numpy as np",
        "\n".join(parts),
        "\n".join(values),
        body_of(violation.check.body),
    ]
    return "\n\n".join(paragraphs) + "\n"


def body_of(function: Any) -> str:
    """Return the source of a function's body, without its docstring."""
    source = dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    first = node.body[1 if ast.get_docstring(node) is not None else 0]
    return dedent("\n".join(source.splitlines()[first.lineno - 1 :]))
