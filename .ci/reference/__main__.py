"""Build the reference of the public modules as HTML; a warning is an error.

    pip install ".[docs]" && python .ci/reference [FOLDER]

The modules are those that the docstring of npdiffpool lists.
"""

import inspect
import re
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pdoc

import npdiffpool

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "build" / "docs"
MODULES = ["npdiffpool", *re.findall(r"`(npdiffpool\.[\w.]+)`", npdiffpool.__doc__)]
INIT = "__init__"
ENTRY = re.compile(r"(<li>(?:<p>)?<strong>[^<]*</strong>) \((.*?)\):\s*")


def own_classes():
    """Return the package's classes that the modules hold."""
    found = [value for name in MODULES for value in vars(import_module(name)).values()]
    classes = {value for value in found if inspect.isclass(value)}
    return [kind for kind in classes if kind.__module__.startswith("npdiffpool")]


def inherit(kind):
    """Show what a class inherits from one that has no page, as if it were its own."""
    for base in kind.__mro__[1:]:
        if base.__module__.startswith("npdiffpool") and base not in own_classes():
            for name, member in vars(base).items():
                if inspect.isfunction(member) and (name[0] != "_" or name == INIT):
                    setattr(kind, name, member)


def describe(kind):
    """Show the defaults of a class, but no fields: its docstring tells of them."""
    for name in getattr(kind, "_fields", ()):
        getattr(kind, name).__doc__ = None  # was "Alias for field number 0"
    make = kind.__new__ if hasattr(kind, "_fields") else vars(kind).get(INIT)
    if make is not None:
        make.__doc__ = "Take what is listed above."


def untype(function):
    """Leave types to the docstring, which knows shapes: `Any` would say nothing."""
    signature, empty = inspect.signature(function), inspect.Signature.empty
    parameters = signature.parameters.values()
    bare = [parameter.replace(annotation=empty) for parameter in parameters]
    function.__signature__ = signature.replace(parameters=bare, return_annotation=empty)
    function.__annotations__ = {}


def functions():
    """Yield the functions of the modules, and the methods of their classes."""
    for holder in [*map(import_module, MODULES), *own_classes()]:
        for value in vars(holder).values():
            value = getattr(value, "__func__", getattr(value, "fget", value))
            if inspect.isfunction(value):
                yield from {value, inspect.unwrap(value)}


def build(folder):
    """Write the pages; a parameter's type, then what it is on a line of its own."""
    warnings.simplefilter("error")
    for kind in own_classes():
        inherit(kind)
        describe(kind)
    for function in list(functions()):
        untype(function)
    options = {"docformat": "numpy", "include_undocumented": False}
    pdoc.render.configure(**options, template_directory=HERE)
    packages = [name for name in MODULES if name.count(".") < 2]  # and what they hold
    pdoc.pdoc(*packages, output_directory=folder)
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(ENTRY.sub(r"\1 : \2<br>", text), encoding="utf-8")


if __name__ == "__main__":
    build(Path(*sys.argv[1:2] or [FOLDER]))
