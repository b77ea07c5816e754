"""Gradients: over a tree of parameters, through fused primitives, and recomputed.

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
Array = Any  # a float array, or autograd's box round one
Tree = Any  # nested dicts and lists of arrays
Vjp = Callable[..., Any]
Result = TypeVar("Result")


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


def to_vector(tree: Tree) -> Any:
    """Copy all leaves of a tree into one vector.

    Parameters
    ----------
    tree : nested dicts and lists of arrays

    Returns
    -------
    (P,) array
        Dicts in the order of their keys, lists in theirs.

    Raises
    ------
    ValueError
        If the tree has no leaf.

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
    """Make a tree of the same form whose leaves are views of a vector.

    Parameters
    ----------
    tree : nested dicts and lists of arrays
        Gives the form and the shapes; its numbers are not read.
    vector : (P,) array

    Returns
    -------
    tree

    Raises
    ------
    ValueError
        If the vector is not as long as the tree has numbers.

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
    """Differentiate a function, with an auxiliary output, by its parameters.

    autograd would wrap the dicts and lists and trace every look-up in them;
    here each leaf is boxed once and its gradient collected at the end of one
    reverse pass. The gradients are the same.

    Parameters
    ----------
    function : callable
        ``function(params, ...) -> (loss, auxiliary)``, the loss a scalar, `params`
        nested dicts and lists of arrays.

    Returns
    -------
    callable
        Of the same arguments; gives ``(loss, auxiliary, gradients)``, `gradients`
        being a tree of the form of `params` and of its dtypes. What autograd still
        holds in `auxiliary` is not unwrapped: see ``autograd.tracer.getval``.

    Raises
    ------
    ValueError
        By what is returned: if the loss or a gradient is not finite.

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
    """Return the gradient of a boxed scalar by every root below it."""
    one = numpy.ones_like(loss._value)
    pending: dict[Any, tuple[Any, bool]] = {loss._node: (one, False)}
    roots = {}
    for node in toposort(loss._node):
        gradient = pending.pop(node)
        if not node.parents:
            roots[node] = gradient
        for parent, part in zip(node.parents, node.vjp(gradient[0])):
            pending[parent] = add_outgrads(pending.get(parent), part)
        node.vjp = None  # frees what it holds of the forward pass
    return roots


def fused(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Make a primitive of a function that gives its value and its gradient at once.

    The function returns ``(ans, vjp)``; ``vjp(G, argnums)`` lists the gradients by
    those arguments and leaves G as it is. Of a tuple `ans` only the first part has
    a gradient. Where gradients are differentiated in turn, `plain` takes over.
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
    """Trace a function of the arguments `argnums`, and pull G back through it."""

    def of_them(given: Any) -> Array:
        ans = function(*subvals(args, zip(argnums, given)), **options)
        return ans[0] if isinstance(ans, tuple) else ans

    return make_vjp(of_them, tuple(args[i] for i in argnums))[0](G)


def recompute(function: Callable[[Tree], Result]) -> Callable[[Tree], Result]:
    """Run a function of a tree again for its gradient (gradient checkpointing).

    Only the tree's leaves are kept in between: less memory, and more time. Leaves that
    are no float arrays, such as sparse matrices, are constants. Of a tuple that the
    function returns only the first part has a gradient.
    """

    def run(tree: Tree) -> Result:
        def of_leaves(*values: Any) -> Any:
            return function(rebuild(tree, iter(values)))

        def with_vjp(*values: Any) -> tuple[Any, Vjp]:
            return of_leaves(*values), partial(_vjp_of, of_leaves, values, {})

        traced: Callable[..., Result] = fused(of_leaves)(with_vjp)
        return traced(*leaves(tree))

    return run
