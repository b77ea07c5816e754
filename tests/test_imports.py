"""Imports point one way: each part of the package imports only what the table allows.

Lazy imports, those under ``if TYPE_CHECKING`` and ``import_module("...")`` count too.
"""

from graphlib import CycleError, TopologicalSorter

import pytest
from sources import imports, module_imports, module_of, package_sources

# Part of the package -> the other parts, or single modules, that it may import.
ALLOWED = {
    "paper": "",
    "_support": "",
    "graphs": "_support",
    "engine": "_support graphs",
    "training": "_support graphs engine",
    "estimators": "_support graphs engine training datasets.stratified",
    "datasets": "_support graphs engine.canonical_order",
    "evaluation": "_support graphs datasets",
    "runs": "_support graphs engine training estimators datasets evaluation.measures",
    "viz": "_support graphs estimators runs evaluation.measures",
    "testing": "_support graphs engine training estimators datasets evaluation paper",
    "cli": "_support graphs engine training estimators datasets evaluation runs viz"
    " testing",
    "__init__": "_support.interrupts graphs estimators datasets",
    "__main__": "cli",
}
# autograd's public modules are autograd, autograd.numpy, .extend and .test_util.
INTERNALS = ("autograd.core", "autograd.tracer", "autograd.util")
USER_OF_INTERNALS = "npdiffpool.engine.autodiff"

SOURCES = package_sources()


def part_of(module):
    """Return the row of the table that a module belongs to."""
    return module.removeprefix("npdiffpool").strip(".").split(".")[0] or "__init__"


def may_import(module, target, allowed):
    """Return whether the table lets one module of the package import another."""
    names = [part_of(module), *allowed[part_of(module)].split()]
    inside = target.removeprefix("npdiffpool").strip(".") or "__init__"
    return any(inside == name or inside.startswith(f"{name}.") for name in names)


def wrong_imports(sources, allowed):
    """List the imports against the table, with the line numbers of the statements."""
    return [
        f"{module}:{found.line} imports {target}"
        for module in sources
        for found in imports(sources, module)
        if (target := module_of(found.name, sources)) not in (None, module)
        if not may_import(module, target, allowed)
    ]


def uses_of_internals(sources):
    """List the imports of autograd's internals in all modules but one."""
    return [
        f"{module}:{found.line} imports {found.name}"
        for module in sources
        for found in imports(sources, module)
        if f"{found.name}.".startswith(tuple(f"{name}." for name in INTERNALS))
        and module != USER_OF_INTERNALS
    ]


def cycle(sources):
    """Return one cycle of modules that import each other, or None."""
    try:
        TopologicalSorter(module_imports(sources)).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_every_part_of_the_package_has_a_row():
    assert {part_of(module) for module in SOURCES} == set(ALLOWED)


def test_every_name_in_the_table_exists():
    names = {name for row in ALLOWED.values() for name in row.split()}
    assert {name for name in names if f"npdiffpool.{name}" not in SOURCES} == set()


def test_imports_follow_the_table():
    assert wrong_imports(SOURCES, ALLOWED) == []


def test_no_modules_import_each_other_in_a_circle():
    assert cycle(SOURCES) is None


def test_only_autodiff_imports_the_internals_of_autograd():
    assert uses_of_internals(SOURCES) == []
    assert uses_of_internals({"other": SOURCES[USER_OF_INTERNALS]}) != []


# The checker itself, on a package of four modules

TABLE = {"low": "", "high": "low", "single": "low.inner", "__init__": ""}
EMPTY = {
    "npdiffpool": "",
    "npdiffpool.low": "",
    "npdiffpool.low.inner": "",
    "npdiffpool.high": "",
    "npdiffpool.single": "",
}
WRONG = {
    "a statement": "import npdiffpool.high",
    "a statement among others": "import os, npdiffpool.high as other, sys",
    "a name of a module": "from npdiffpool.high import thing",
    "a module": "from npdiffpool import high",
    "all names": "from npdiffpool.high import *",
    "a lazy import": "def f():\n    import npdiffpool.high",
    "a lazy import in a method": "class A:\n  def f(self):\n    import npdiffpool.high",
    "an import for types": (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from npdiffpool.high import thing"
    ),
    "an import that may fail": (
        "try:\n    import npdiffpool.high\nexcept ImportError:\n    pass"
    ),
    "an import by a call": "import_module('npdiffpool.high')",
    "an import by an attribute": "importlib.import_module('npdiffpool.high')",
    "an import by __import__": "__import__('npdiffpool.high')",
    "a relative import": "from ..high import thing",
    "a relative import of a module": "from .. import high",
    "the top level": "from npdiffpool import __version__",
}
RIGHT = {
    "nothing": "",
    "the standard library": "import os\nfrom pathlib import Path",
    "the same part": "import npdiffpool.low",
    "the same part, relatively": "from . import other",
    "the package above, relatively": "from .. import low",
    "another package of the same name": "from high import thing",
    "an import in a string": "'import npdiffpool.high'",
}


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG)
def test_the_checker_finds_a_wrong_import(source):
    found = wrong_imports({**EMPTY, "npdiffpool.low.inner": source}, TABLE)
    assert len(found) == 1 and found[0].startswith("npdiffpool.low.inner:")


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_the_checker_passes_other_imports(source):
    assert wrong_imports({**EMPTY, "npdiffpool.low.inner": source}, TABLE) == []


def test_the_checker_tells_an_allowed_part_from_an_allowed_module():
    inner, whole = "import npdiffpool.low.inner", "import npdiffpool.low"
    for module, source, n_wrong in (
        ("high", whole, 0),
        ("high", inner, 0),
        ("single", inner, 0),
        ("single", whole, 1),
    ):
        sources = {**EMPTY, f"npdiffpool.{module}": source}
        assert len(wrong_imports(sources, TABLE)) == n_wrong, (module, source)


def test_the_checker_finds_a_circle_closed_by_a_lazy_import():
    lazy = "def f():\n    import npdiffpool.high"
    one_way = {**EMPTY, "npdiffpool.high": "import npdiffpool.low"}
    assert cycle(one_way) is None
    found = cycle({**one_way, "npdiffpool.low": lazy})
    assert {*found} == {"npdiffpool.low", "npdiffpool.high"}
