"""Write the reference of the public modules as HTML; a warning is an error.

    pip install ".[docs]" && python .ci/reference [FOLDER]

The docstring of npdiffpool lists the modules. The default FOLDER is build/docs. The
look is that of the report, by its file look.css.
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
LOOK = Path(npdiffpool.__file__).parent / "viz" / "report" / "template"
FOLDER = HERE.parents[1] / "build" / "docs"
MODULES = ["npdiffpool", *re.findall(r"`(npdiffpool\.[\w.]+)`", npdiffpool.__doc__)]
INIT = "__init__"
ENTRY = re.compile(r"(<li>(?:<p>)?<strong>[^<]*</strong>) \((.*?)\):\s*")


def own_classes():
    """Return the classes of the package that the public modules export."""
    found = [value for name in MODULES for value in vars(import_module(name)).values()]
    classes = {value for value in found if inspect.isclass(value)}
    return [kind for kind in classes if kind.__module__.startswith("npdiffpool")]


def inherit(kind):
    """Copy methods inherited from classes without a page, so that they are shown."""
    for base in kind.__mro__[1:]:
        if base.__module__.startswith("npdiffpool") and base not in own_classes():
            for name, member in vars(base).items():
                if inspect.isfunction(member) and (name[0] != "_" or name == INIT):
                    setattr(kind, name, member)


def describe(kind):
    """Show the defaults of a class, but not its fields, which its docstring lists."""
    for name in getattr(kind, "_fields", ()):
        getattr(kind, name).__doc__ = None  # "Alias for field number 0"
    make = kind.__new__ if hasattr(kind, "_fields") else vars(kind).get(INIT)
    if make is not None:
        make.__doc__ = "The parameters are described above."


def untype(function):
    """Remove type annotations: the docstring has the types, with shapes."""
    signature, empty = inspect.signature(function), inspect.Signature.empty
    parameters = signature.parameters.values()
    bare = [parameter.replace(annotation=empty) for parameter in parameters]
    function.__signature__ = signature.replace(parameters=bare, return_annotation=empty)
    function.__annotations__ = {}


def functions():
    """Yield the functions of the public modules and the methods of their classes."""
    for holder in [*map(import_module, MODULES), *own_classes()]:
        for value in vars(holder).values():
            value = getattr(value, "__func__", getattr(value, "fget", value))
            if inspect.isfunction(value):
                yield from {value, inspect.unwrap(value)}


def specifications():
    """Return pdoc's specifications of exactly the public modules.

    pdoc adds submodules of a package by itself; those are removed, "!" being its sign.
    """
    pairs = [(name, f"!{re.escape(name)}[.]") for name in sorted(MODULES)]
    return [specification for pair in pairs for specification in pair]


def build(folder):
    """Write the pages, with the description of a parameter on a line below its type."""
    warnings.simplefilter("error")
    for kind in own_classes():
        inherit(kind)
        describe(kind)
    for function in list(functions()):
        untype(function)
    options = {"docformat": "numpy", "include_undocumented": False}
    pdoc.render.configure(**options, template_directory=HERE)
    pdoc.render.env.loader.searchpath.append(str(LOOK))  # of look.css, for theme.css
    pdoc.pdoc(*specifications(), output_directory=folder)
    pages = [folder.joinpath(*name.split(".")).with_suffix(".html") for name in MODULES]
    missing = [str(page) for page in pages if not page.is_file()]
    if missing:
        sys.exit(f"no page was written: {missing}")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        page.write_text(ENTRY.sub(r"\1 : \2<br>", text), encoding="utf-8")


if __name__ == "__main__":
    build(Path(*sys.argv[1:2] or [FOLDER]))
