"""The public names: those of the modules that the docstring of npdiffpool lists."""

import inspect
import re
from importlib import import_module

import npdiffpool

MODULES = ["npdiffpool", *re.findall(r"`(npdiffpool\.[\w.]+)`", npdiffpool.__doc__)]


def public_objects():
    """Return each public object of each public module by its dotted name.

    The names of a module are its ``__all__``, otherwise all that it defines.
    """
    return {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in map(import_module, MODULES)
        for name in getattr(module, "__all__", _defined(module))
    }


def _defined(module):
    return [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and name[0] != "_"
    ]


def public_members(kind):
    """Return the names of a class's public methods and properties, inherited too."""
    own = [c for c in reversed(kind.__mro__) if c.__module__.startswith("npdiffpool")]
    found = {name: value for c in own for name, value in vars(c).items()}
    kinds = (property, classmethod)
    return [
        name
        for name, value in found.items()
        if name[0] != "_" and (inspect.isfunction(value) or isinstance(value, kinds))
    ]
