"""Trees: nested dicts and lists with arrays at their leaves."""
from __future__ import annotations

from typing import Any, Iterator

Tree = Any  # nested dicts and lists of arrays


def leaves(tree: Tree) -> list[Any]:
    """List the arrays of a tree, dicts in the order of their keys' insertion."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, (list, tuple)):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


def rebuild(tree: Tree, values: Iterator[Any]) -> Tree:
    """Make a tree of the same form whose leaves are the next of `values`."""
    if isinstance(tree, dict):
        return {key: rebuild(value, values) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [rebuild(value, values) for value in tree]
    return next(values)
