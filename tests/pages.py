"""Run the pages of examples/, which are notebooks in the percent format."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PAGES = sorted(EXAMPLES.glob("[01]*.py"))


def cells_of(path):
    """Return the kind and the text of each cell of a page."""
    pattern = r"(?m)^# %%( \[markdown\])?\n"
    before, *parts = re.split(pattern, path.read_text(encoding="utf-8"))
    assert before == ""
    kinds = ["markdown" if mark else "code" for mark in parts[::2]]
    return list(zip(kinds, parts[1::2]))


def is_definition(statement):
    """Return whether a statement defines a function or a constant."""
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
        return isinstance(target, ast.Name) and target.id.isupper()
    return isinstance(statement, ast.FunctionDef)


def run_page(number, only_definitions=False, **constants):
    """Run a page, with other constants than those of its first code cell.

    Returns its names. `only_definitions` leaves out what is not a definition after that
    cell, such as trainings.
    """
    (page,) = EXAMPLES.glob(f"{number:02}_*.py")
    first, *rest = [text for kind, text in cells_of(page) if kind == "code"]
    names = {"__name__": "__main__", "__file__": str(page)}
    exec(compile(first, page.name, "exec"), names)
    assert constants.keys() <= names.keys(), page
    names |= constants
    for text in rest:
        tree = ast.parse(text, page.name)
        if only_definitions:
            tree.body = list(filter(is_definition, tree.body))
        exec(compile(tree, page.name, "exec"), names)
    return names
