"""Gradients: of trees of parameters, of fused primitives, and recomputed.

The one file that touches autograd's internals. Read `value_and_grad` (the gradient of a
loss by every array of a tree), then `fused` (a primitive that returns its value and its
gradient together) and `recompute` (gradient checkpointing).

A tree is nested dicts and lists with arrays at its leaves.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import Any, Callable, Iterator, TypeVar

import numpy
from autograd.core import VJPNode, add_outgrads, make_vjp
from autograd.tracer import (
    find_top_boxed_args,
    getval,
    isbox,
    new_box,
    trace_stack,
)
from autograd.util import subvals, toposort

from npdiffpool._support.arguments import require
from npdiffpool._support.contracts import Shape, numpy_warnings_off, require_finite
from npdiffpool._support.types import Array

__all__ = [
    "Tree",
    "Vjp",
    "from_vector",
    "fused",
    "getval",
    "leaves",
    "rebuild",
    "recompute",
    "to_vector",
    "value_and_grad",
]
Tree = Any  # nested dicts and lists of arrays
Vjp = Callable[..., Any]
Result = TypeVar("Result")


def leaves(tree: Tree) -> list[Any]:
    """Return the arrays of a tree as a list, in the order of its dicts and lists."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, (list, tuple)):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


def rebuild(tree: Tree, values: Iterator[Any]) -> Tree:
    """Return a tree of the same form whose leaves are the next values."""
    if isinstance(tree, dict):
        return {key: rebuild(value, values) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [rebuild(value, values) for value in tree]
    return next(values)


def to_vector(tree: Tree) -> Any:
    """Return all arrays of a tree as one vector.

    Parameters
    ----------
    tree : nested dicts and lists of arrays

    Returns
    -------
    (P,) array
        In the order of the tree's dicts and lists.

    Raises
    ------
    ValueError
        If the tree has no array.

    Examples
    --------
    >>> to_vector({"W": numpy.eye(2), "b": [numpy.array([5.0])]})
    array([1., 0., 0., 1., 5.])
    """
    _require_leaves("tree", tree)
    return numpy.concatenate([numpy.ravel(leaf) for leaf in leaves(tree)])


def _require_leaves(name: str, tree: Tree) -> None:
    require(len(leaves(tree)) > 0, name, "of one array or more", tree)


def from_vector(tree: Tree, vector: Any) -> Tree:
    """Return a tree of the same form whose arrays are views of a vector.

    Parameters
    ----------
    tree : nested dicts and lists of arrays
        Only its form and shapes are used.
    vector : (P,) array

    Returns
    -------
    tree

    Raises
    ------
    ValueError
        If the vector does not have as many numbers as the tree.

    Examples
    --------
    >>> from_vector({"W": numpy.ones((1, 2)), "b": [numpy.ones(1)]}, numpy.arange(3.0))
    {'W': array([[0., 1.]]), 'b': [array([2.])]}
    """
    shapes = [leaf.shape for leaf in leaves(tree)]
    stops = numpy.cumsum([int(numpy.prod(shape)) for shape in shapes])
    Shape("P").check("vector", vector, {"P": int(stops[-1])})
    parts = numpy.split(vector, stops[:-1])
    return rebuild(tree, (part.reshape(s) for part, s in zip(parts, shapes)))


def value_and_grad(
    function: Callable[..., tuple[Any, Any]],
) -> Callable[..., tuple[Any, Any, Tree]]:
    """Return a function that computes a loss and its gradient.

    autograd would wrap the dicts and lists of the parameters and trace every look-up in
    them. Here each array is boxed once, and all gradients come from one reverse pass.
    They are the same.

    Parameters
    ----------
    function : callable
        ``function(params, ...) -> (loss, auxiliary)``, with a scalar loss and `params`
        nested dicts and lists of arrays.

    Returns
    -------
    callable
        Takes the same arguments and returns ``(loss, auxiliary, gradients)``, with
        `gradients` of the form and dtypes of `params`. Arrays in `auxiliary` may still
        be boxed by autograd: see `getval`. It raises a ValueError if the loss or a
        gradient is not finite.

    Examples
    --------
    >>> import autograd.numpy as np
    >>> square = value_and_grad(lambda params: (np.sum(params["W"] ** 2), "auxiliary"))
    >>> loss, _, gradients = square({"W": np.array([3.0, 4.0])})
    >>> print(loss, gradients)
    25.0 {'W': array([6., 8.])}
    """

    def differentiated(params: Tree, *args: Any) -> tuple[Any, Any, Tree]:
        _require_leaves("params", params)
        values = leaves(params)
        nodes = [VJPNode.new_root() for _ in values]
        with numpy_warnings_off(), trace_stack.new_trace() as trace:
            boxes = [new_box(x, trace, node) for x, node in zip(values, nodes)]
            loss, auxiliary = function(rebuild(params, iter(boxes)), *args)
            found = _reverse(loss) if isbox(loss) else {}
            gradients = [found.get(n, (0 * x,))[0] for n, x in zip(nodes, values)]
            of_both = to_vector([getval(loss), *gradients])
        require_finite("the loss and its gradients", of_both, limit=1.7e308)
        return getval(loss), auxiliary, rebuild(params, iter(gradients))

    return differentiated


def _reverse(loss: Any) -> dict[Any, tuple[Any, bool]]:
    """Return the gradient of a boxed scalar with respect to every root below it."""
    one = numpy.ones_like(loss._value)
    pending: dict[Any, tuple[Any, bool]] = {loss._node: (one, False)}
    roots = {}
    for node in toposort(loss._node):
        gradient = pending.pop(node)
        if not node.parents:
            roots[node] = gradient
        for parent, part in zip(node.parents, node.vjp(gradient[0])):
            pending[parent] = add_outgrads(pending.get(parent), part)
        node.vjp = None  # frees the intermediates of the forward pass
    return roots


def fused(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return a decorator that makes a primitive of a value and a gradient closure.

    autograd's own primitives compute a vector-Jacobian product from the value and the
    arguments alone; a fused one reuses the intermediates of its forward pass.

    Parameters
    ----------
    plain : callable
        The same function as a plain composition, which is used where gradients are
        differentiated again.

    Returns
    -------
    callable
        Decorator for a function that returns ``(ans, vjp)``: ``vjp(G, argnums)`` is the
        list of gradients with respect to those arguments and does not change G. If
        `ans` is a tuple, only its first part has a gradient.
    """

    def decorate(with_vjp: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(with_vjp)
        def traced(*args: Any, **options: Any) -> Any:
            boxes, trace = find_top_boxed_args(args)[:2]  # autograd 1.9 gives a fourth
            if not boxes:
                return with_vjp(*args, **options)[0]
            argnums, values = [i for i, _ in boxes], [box._value for _, box in boxes]
            below = subvals(args, zip(argnums, values))
            if any(isbox(x) for x in below):
                return plain(*args, **options)

            ans, vjp = with_vjp(*below, **options)
            node = VJPNode.new_root()
            node.parents = [box._node for _, box in boxes]
            again = partial(_vjp_of, plain, below, options)
            node.vjp = lambda G: (again if isbox(G) else vjp)(G, argnums)
            if isinstance(ans, tuple):
                return (new_box(ans[0], trace, node), *ans[1:])
            return new_box(ans, trace, node)

        traced.with_vjp = with_vjp  # type: ignore[attr-defined]
        return traced

    return decorate


def _vjp_of(function: Any, args: Any, options: Any, G: Array, argnums: Any) -> Any:
    """Return the vector-Jacobian products with G for the arguments `argnums`."""

    def of_them(given: Any) -> Array:
        ans = function(*subvals(args, zip(argnums, given)), **options)
        return ans[0] if isinstance(ans, tuple) else ans

    return make_vjp(of_them, tuple(args[i] for i in argnums))[0](G)


def recompute(function: Callable[[Tree], Result]) -> Callable[[Tree], Result]:
    """Return a function of a tree that is run again for its gradient.

    This is gradient checkpointing: only the arrays of the tree are kept for the
    backward pass, which needs less memory and more time. Sparse matrices in the tree
    are constants. If the function returns a tuple, only its first part has a gradient.
    """

    def run(tree: Tree) -> Result:
        def of_leaves(*values: Any) -> Any:
            return function(rebuild(tree, iter(values)))

        def with_vjp(*values: Any) -> tuple[Any, Vjp]:
            return of_leaves(*values), partial(_vjp_of, of_leaves, values, {})

        traced: Callable[..., Result] = fused(of_leaves)(with_vjp)
        return traced(*leaves(tree))

    return run
