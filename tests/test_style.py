"""The claims that STYLE makes of the code, so that they cannot rot."""

import ast
import io
import statistics
import tokenize
from pathlib import Path

import pytest

import npdiffpool

PACKAGE = Path(npdiffpool.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = """paper graphs/graph graphs/batch engine/autodiff engine/primitives
engine/segments engine/layers engine/pooling engine/losses engine/model
training/adam""".split()
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT}
LAYOUT |= {tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def docstring_lines(node):
    """Return the line numbers of a node's docstring."""
    if ast.get_docstring(node) is None:
        return set()
    return set(range(node.body[0].lineno, node.body[0].end_lineno + 1))


def code_lines(path):
    """Count the lines of a file that are neither docstring, comment nor blank."""
    source = path.read_text(encoding="utf-8")
    nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, DOCUMENTED)]
    docstrings = set().union(*(docstring_lines(node) for node in nodes))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = [range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in LAYOUT]
    return len({line for span in spans for line in span} - docstrings)


def body_lengths(path):
    """Return the number of lines of each function's body without its docstring."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return {
        f"{path.name}:{f.name}": f.end_lineno
        - f.body[0].lineno
        + 1
        - len(docstring_lines(f))
        for f in functions
    }


def test_the_core_can_be_read_in_one_sitting():
    assert sum(code_lines(PACKAGE / f"{name}.py") for name in CORE) < 900


def test_the_paper_is_told_in_150_lines():
    assert len((PACKAGE / "paper.py").read_text().splitlines()) <= 150


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_no_longer_than_a_reader_holds_in_mind(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_functions_are_short():
    lengths = {name: n for path in MODULES for name, n in body_lengths(path).items()}
    assert {name: n for name, n in lengths.items() if n > 30} == {}
    assert statistics.median(lengths.values()) <= 8
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 20


def test_a_docstring_begins_with_a_short_line():
    nodes = [n for path in MODULES for n in ast.walk(ast.parse(path.read_text()))]
    texts = [ast.get_docstring(n) or "" for n in nodes if isinstance(n, DOCUMENTED)]
    first = [text.splitlines()[0] for text in texts if text]
    assert len(first) > 100
    assert [line for line in first if len(line) > 80 or line[-1] not in ".:"] == []


def test_paper_imports_nothing_of_the_package():
    tree = ast.parse((PACKAGE / "paper.py").read_text())
    imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    names = [getattr(n, "module", None) or n.names[0].name for n in imports]
    assert sorted(names) == ["__future__", "autograd.numpy", "typing"]


def test_all_public_names_are_there_and_documented():
    for name in npdiffpool.__all__:
        assert getattr(npdiffpool, name).__doc__, name
