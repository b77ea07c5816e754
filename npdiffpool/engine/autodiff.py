"""Gradients: of trees, of fused primitives, and of functions side by side.

The one file that touches autograd's internals. Read `value_and_grad` (the gradient of a
loss by every array of a tree), then `fused` (a primitive that returns its value and its
gradient together) and `side_by_side` (independent functions and their gradients, in
several threads; gradient checkpointing).

A tree is nested dicts and lists with arrays at its leaves.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import Any, Callable, Iterator, Sequence, TypeVar

import numpy
from autograd.core import VJPNode, VSpace, add_outgrads, make_vjp
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
from npdiffpool._support.threads import run_together
from npdiffpool._support.types import Array

__all__ = [
    "Tree",
    "Vjp",
    "from_vector",
    "fused",
    "getval",
    "leaves",
    "rebuild",
    "side_by_side",
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
    """Return a tree of the same form, with leaves from an iterator over values."""
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
    function: Callable[..., tuple[Any, Any]], as_vector: bool = False
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
    as_vector : bool
        Return the gradients as one vector, in the order of `to_vector`.

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

        def of_values(*values: Any) -> tuple[Any, Any]:
            return function(rebuild(params, iter(values)), *args)

        with numpy_warnings_off(), trace_stack.new_trace() as trace:
            ans, vjp = _record(of_values, values, range(len(values)), trace)
            loss, auxiliary = ans
            gradients = vjp(numpy.ones_like(loss))
            joined = to_vector([loss, *gradients])
        require_finite("the loss and its gradients", joined, limit=1.7e308)
        if as_vector:
            return loss, auxiliary, joined[1:]
        return loss, auxiliary, rebuild(params, iter(gradients))

    return differentiated


def _record(
    function: Callable[..., Any], values: Any, argnums: Any, trace: int
) -> tuple[Any, Vjp]:
    """Call a function of arrays; return its result and its vector-Jacobian product.

    The latter, ``vjp(G)``, can be called once. It is the list of gradients with respect
    to the arguments `argnums`. If the result is a tuple, only its first part has one.
    """
    nodes = [VJPNode.new_root() for _ in argnums]
    boxes = [new_box(values[i], trace, node) for i, node in zip(argnums, nodes)]
    ans = function(*subvals(values, zip(argnums, boxes)))
    first = ans[0] if isinstance(ans, tuple) else ans

    def vjp(G: Array) -> list[Array]:
        found = _reverse(first._node, G) if isbox(first) else {}
        return [found.get(n, (0 * values[i],))[0] for i, n in zip(argnums, nodes)]

    value = getval(first)
    return (value, *ans[1:]) if isinstance(ans, tuple) else value, vjp


def _reverse(end: Any, G: Array) -> dict[Any, tuple[Any, bool]]:
    """Return the gradients of every root below the node `end`, whose gradient is G."""
    # autograd pairs a gradient with whether `add_outgrads` may add to it in place.
    pending: dict[Any, tuple[Any, bool]] = {end: (G, False)}
    roots = {}
    for node in toposort(end):
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
            boxes, trace = find_top_boxed_args(args)[:2]  # 4 values in autograd 1.9
            if not boxes:
                return with_vjp(*args, **options)[0]
            argnums, values = [i for i, _ in boxes], [box._value for _, box in boxes]
            unboxed = subvals(args, zip(argnums, values))  # without boxes of this trace
            if any(isbox(x) for x in unboxed):
                return plain(*args, **options)

            ans, vjp = with_vjp(*unboxed, **options)
            again = partial(_vjp_of, plain, unboxed, options)

            def either(G: Array) -> Any:
                return (again if isbox(G) else vjp)(G, argnums)

            return _boxed(ans, trace, [box._node for _, box in boxes], either)

        traced.with_vjp = with_vjp  # type: ignore[attr-defined]
        return traced

    return decorate


def _boxed(ans: Any, trace: int, parents: list[Any], vjp: Any) -> Any:
    """Return a result, or the first part of a tuple, as a box with this gradient."""
    node = VJPNode.new_root()
    node.parents, node.vjp = parents, vjp
    if isinstance(ans, tuple):
        return (new_box(ans[0], trace, node), *ans[1:])
    return new_box(ans, trace, node)


def _vjp_of(function: Any, args: Any, options: Any, G: Array, argnums: Any) -> Any:
    """Return the vector-Jacobian products with G for the arguments `argnums`."""

    def of_them(given: Any) -> Array:
        ans = function(*subvals(args, zip(argnums, given)), **options)
        return ans[0] if isinstance(ans, tuple) else ans

    return make_vjp(of_them, tuple(args[i] for i in argnums))[0](G)


def side_by_side(
    functions: Sequence[Callable[[Tree], Result]],
    trees: Sequence[Tree],
    recompute: bool = False,
) -> list[Result]:
    """Call each function with its tree; also compute their gradients side by side.

    Values and gradients are the same bytes for any number of threads
    (`npdiffpool._support.threads`).

    Parameters
    ----------
    functions : sequence of callables
        They share no arrays but those in the trees, and open no autograd traces of
        their own. An array that they take from elsewhere is a constant. If a result is
        a tuple, only its first part has a gradient.
    trees : sequence of nested dicts and lists of arrays
        The functions' arguments. Sparse matrices in them are constants.
    recompute : bool
        Gradient checkpointing: keep only the arrays of the trees for the backward pass,
        and call each function again there. This needs less memory and more time.

    Returns
    -------
    list
        The functions' results.
    """
    boxes, top = find_top_boxed_args(leaves(trees))[:2]
    if not boxes:
        return run_together([partial(f, tree) for f, tree in zip(functions, trees)])
    calls = [_Call(function, tree, top) for function, tree in zip(functions, trees)]
    if any(isbox(x) for call in calls for x in call.values):  # differentiated again
        return [f(tree) for f, tree in zip(functions, trees)]
    with trace_stack.new_trace() as trace:
        answers = run_together([partial(call.run, trace, recompute) for call in calls])
    joint = VJPNode.new_root()  # one node, whose vjp computes all gradients at once
    joint.parents = [node for call in calls for node in call.parents]
    joint.vjp = partial(_gradients, calls, recompute)
    return [
        _boxed(ans, top, [joint], partial(_part, i)) for i, ans in enumerate(answers)
    ]


class _Call:
    """A call of a function of arrays, some of which are boxed."""

    def __init__(self, function: Callable[..., Any], tree: Tree, top: int) -> None:
        args = leaves(tree)
        boxes = [(i, x) for i, x in enumerate(args) if isbox(x) and x._trace == top]
        self.argnums, self.parents = [i for i, _ in boxes], [x._node for _, x in boxes]
        self.values = subvals(args, [(i, x._value) for i, x in boxes])
        self.function = partial(_of_leaves, function, tree)
        self.vjp: Vjp | None = None

    def run(self, trace: int, recompute: bool) -> Any:
        """Return the result; keep the tape, unless its gradient is recomputed."""
        if recompute:
            return self.function(*self.values)
        ans, self.vjp = self._record(trace)
        return ans

    def _record(self, trace: int) -> tuple[Any, Vjp]:
        return _record(self.function, self.values, self.argnums, trace)

    def gradients(self, trace: int, G: Any) -> list[Array]:
        """Return the gradients of the boxed arrays; None for G means 0."""
        vjp, self.vjp = self.vjp, None  # a tape serves once
        if G is None:
            return [0 * self.values[i] for i in self.argnums]
        if isbox(G):
            vjp = partial(_vjp_of, self.function, self.values, {}, argnums=self.argnums)
        found: list[Array] = (vjp or self._record(trace)[1])(G)
        return found


def _of_leaves(function: Callable[[Tree], Result], tree: Tree, *values: Any) -> Result:
    return function(rebuild(tree, iter(values)))


class _Parts(dict[int, Any]):
    """Gradients of the results of `side_by_side`, by their positions.

    A class of its own, because autograd finds out by the class how to add gradients.
    """


class _PartsSpace(VSpace):  # type: ignore[misc]
    """How autograd adds them: by merging, since no position is in both."""

    def _add(self, one: _Parts, other: _Parts) -> _Parts:
        return _Parts(one | other)

    _mut_add = _add


VSpace.register(_Parts, _PartsSpace)


def _part(i: int, G: Any) -> list[_Parts]:
    return [_Parts({i: G})]


def _gradients(calls: Sequence[_Call], recompute: bool, parts: _Parts) -> list[Any]:
    """Return the gradients of all calls, computed side by side.

    Recomputed ones are computed one after the other, which needs less memory.
    """
    with trace_stack.new_trace() as trace:
        tasks = [partial(c.gradients, trace, parts.get(i)) for i, c in enumerate(calls)]
        one_by_one = recompute or any(isbox(G) for G in parts.values())
        found = [task() for task in tasks] if one_by_one else run_together(tasks)
    return [gradient for of_call in found for gradient in of_call]
