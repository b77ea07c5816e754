"""Limits on the size of modules, functions, folders and the core."""

import ast
import statistics
from pathlib import Path

import pytest
from core_size import LIMIT, START, core_sizes
from sources import (
    DOCUMENTED,
    PATHS,
    ROOT,
    body_lengths,
    code_lines,
    imports,
    package_sources,
    read,
)

import npdiffpool

SOURCES = package_sources()
FOLDERS = sorted({path.parent for path in PATHS})
# Modules in a folder, without its __init__.py; the engine has what DESIGN.md's map has.
MOST_MODULES = {"engine": 15, "_support": 13}


def folder_name(folder):
    """Return the path of a folder inside the package, with slashes."""
    return folder.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_has_at_most_250_code_lines(module):
    assert code_lines(SOURCES[module]) <= 250


def test_the_paper_has_fewer_than_100_code_lines():
    assert code_lines(SOURCES["npdiffpool.paper"]) < 100


def test_the_core_stays_small():
    sizes = core_sizes(SOURCES)
    print(f"core: {sum(sizes.values())} code lines in {len(sizes)} modules")
    assert sum(sizes.values()) <= LIMIT, sizes


def test_the_core_is_what_the_first_modules_reach():
    sources = {"a": "import b", "b": "import c", "c": "", "d": "import a", "e": ""}
    sources["b"] += "\ndef f():\n    import e"
    assert core_sizes(sources, ["a"]) == {"a": 1, "b": 3, "c": 0}
    assert {*START, "npdiffpool.engine.losses"} < core_sizes(SOURCES).keys()


def test_functions_are_short():
    lengths = {
        f"{module}:{function}": length
        for module, source in SOURCES.items()
        for function, length in body_lengths(source).items()
    }
    assert {name: n for name, n in lengths.items() if n > 30} == {}
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 20
    assert statistics.median(lengths.values()) <= 8


def test_functions_of_benchmarks_are_short():
    paths = [*Path(__file__).parents[1].joinpath("benchmarks").rglob("*.py")]
    assert len(paths) > 20
    for path in paths:
        assert max(body_lengths(read(path)).values(), default=0) <= 30, path.name


@pytest.mark.parametrize("folder", FOLDERS, ids=folder_name)
def test_a_folder_has_at_most_a_dozen_modules(folder):
    modules = [path for path in PATHS if path.parent == folder]
    n_modules = len([path for path in modules if path.name[:2] != "__"])
    assert n_modules <= MOST_MODULES.get(folder_name(folder), 12)


@pytest.mark.parametrize("folder", FOLDERS, ids=folder_name)
def test_a_folder_has_an_init_file_with_a_docstring(folder):
    assert ast.get_docstring(ast.parse(read(folder / "__init__.py")))


def test_a_docstring_begins_with_a_sentence_of_under_80_characters():
    nodes = [n for source in SOURCES.values() for n in ast.walk(ast.parse(source))]
    texts = [ast.get_docstring(n) or "" for n in nodes if isinstance(n, DOCUMENTED)]
    first = [text.splitlines()[0] for text in texts if text]
    assert len(first) > 100
    assert [line for line in first if len(line) >= 80 or line[-1] != "."] == []


def test_the_paper_imports_nothing_of_the_package():
    names = {found.name for found in imports(SOURCES, "npdiffpool.paper")}
    others = [name for name in names if not name.startswith(("__future__.", "typing."))]
    assert others == ["autograd.numpy"]


def test_all_public_names_exist_and_are_documented():
    for name in npdiffpool.__all__:
        assert getattr(npdiffpool, name).__doc__, name
