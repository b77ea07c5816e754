"""The package's source files: their imports, code lines and function lengths."""

import ast
import io
import tokenize
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import npdiffpool

ROOT = Path(npdiffpool.__file__).parent
PATHS = sorted(ROOT.rglob("*.py"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NOT_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT}
NOT_CODE |= {tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}


class Import(NamedTuple):
    """One imported name, with the line of its statement."""

    line: int
    name: str  # module.attribute for ``from module import attribute``
    is_lazy: bool = False  # inside a function


def read(path):
    """Read a source file."""
    return path.read_text(encoding="utf-8")


def module_name(path):
    """Return the dotted name of a module; a package for its ``__init__.py``."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def package_sources():
    """Return the source of each module of the package by its dotted name."""
    return {module_name(path): read(path) for path in PATHS}


def imports(sources, module):
    """List every import of a module, at any depth, ``import_module("...")`` too.

    `sources` has the source of each module by its dotted name.
    """
    found, (tree, inside) = [], parsed(sources[module])
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, sources, module)
            names = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and _imports_by_call(node):
            names = [node.args[0].value]
        found += [Import(node.lineno, name, id(node) in inside) for name in names]
    return found


def _absolute(node, sources, module):
    """Return the module of a ``from`` statement, resolved if it is relative."""
    is_package = any(other.startswith(f"{module}.") for other in sources)
    parents = module.split(".")
    kept = parents[: len(parents) + is_package - node.level] if node.level else []
    return ".".join([*kept, *filter(None, [node.module])])


def _imports_by_call(node):
    function = getattr(node.func, "attr", getattr(node.func, "id", ""))
    first = node.args[0] if node.args else None
    is_name = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return function in ("import_module", "__import__") and is_name


def module_of(name, sources):
    """Return the module that an imported name belongs to, or None if it is foreign."""
    while name and name not in sources:
        name = name.rpartition(".")[0]
    return name or None


def module_imports(sources, with_lazy=True):
    """Return, by module, the set of the other modules in `sources` that it imports."""
    return {
        module: {
            module_of(found.name, sources)
            for found in imports(sources, module)
            if with_lazy or not found.is_lazy
        }
        - {None, module}
        for module in sources
    }


def docstring_lines(node):
    """Return the line numbers of a node's docstring."""
    if ast.get_docstring(node) is None:
        return set()
    return set(range(node.body[0].lineno, node.body[0].end_lineno + 1))


@lru_cache(maxsize=None)
def parsed(source):
    """Return the tree of a source and the ids of the nodes inside functions."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    return tree, {id(node) for function in functions for node in ast.walk(function)}


@lru_cache(maxsize=None)
def code_lines(source):
    """Count the lines that are neither docstring, comment nor blank."""
    nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, DOCUMENTED)]
    docstrings = set().union(*(docstring_lines(node) for node in nodes))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = [range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in NOT_CODE]
    return len({line for span in spans for line in span} - docstrings)


def body_lengths(source):
    """Return the number of lines of each function's body, without its docstring."""
    nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, FUNCTIONS)]
    return {f"{node.name}:{node.lineno}": _body_length(node) for node in nodes}


def _body_length(node):
    length = node.end_lineno - node.body[0].lineno + 1
    return length - len(docstring_lines(node))
