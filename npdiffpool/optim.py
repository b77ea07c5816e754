"""Gradients over a tree of parameters, Adam, clipping by the global norm.

A tree is nested dicts and lists with arrays at its leaves. The optimiser sees
all leaves as one vector, so a step is a handful of array operations.
"""
from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy
from autograd.core import VJPNode, add_outgrads
from autograd.tracer import getval, isbox, new_box, trace_stack
from autograd.util import toposort

from npdiffpool.contracts import require_array, require_finite, requires
from npdiffpool.trees import Tree, leaves, rebuild


@requires(tree="tree")
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
    return numpy.concatenate([numpy.ravel(leaf) for leaf in leaves(tree)])


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
    require_array("vector", vector, "(P,)", {"P": int(stops[-1])})
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

    @requires(params="tree")
    def differentiated(params: Tree, *args: Any) -> tuple[Any, Any, Tree]:
        values = leaves(params)
        nodes = [VJPNode.new_root() for _ in values]
        with trace_stack.new_trace() as trace:
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


@requires(gradient="(P,) finite", limit=0.0)
def clip_by_norm(gradient: Any, limit: float) -> Any:
    """Scale a gradient vector down to length `limit` where it is longer.

    Parameters
    ----------
    gradient : (P,) array
    limit : float

    Returns
    -------
    (P,) array of the dtype of the gradient

    Raises
    ------
    ValueError
        If the gradient is not finite, or `limit` is negative.

    Examples
    --------
    >>> clip_by_norm(numpy.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    length = float(numpy.linalg.norm(gradient.astype(numpy.float64)))  # no overflow
    if length <= limit:
        return gradient
    return gradient * gradient.dtype.type(limit / length)


class AdamState(NamedTuple):
    """Hold Adam's memory.

    Attributes
    ----------
    step : int
        Steps done.
    mean, square : (P,) arrays
        Running first and second moments of the gradient, m and v of the source.
    """

    step: int
    mean: Any
    square: Any


def adam_init(vector: Any) -> AdamState:
    """Make the state before the first step.

    Parameters
    ----------
    vector : (P,) array
        The parameters, for their number and dtype.

    Returns
    -------
    AdamState

    Examples
    --------
    >>> adam_init(numpy.ones(2))
    AdamState(step=0, mean=array([0., 0.]), square=array([0., 0.]))
    """
    return AdamState(0, numpy.zeros_like(vector), numpy.zeros_like(vector))


@requires(state=AdamState, vector="(P,)", gradient="(P,) finite", learning_rate=0.0)
def adam_step(
    state: AdamState,
    vector: Any,
    gradient: Any,
    learning_rate: float,
    decay: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> tuple[AdamState, Any]:
    """Take one step of Adam (arXiv 1412.6980, algorithm 1).

    Parameters
    ----------
    state : AdamState
    vector, gradient : (P,) arrays
    learning_rate : float
    decay : pair of floats
        beta_1 and beta_2.
    epsilon : float
        Added to the root of the second moment, as in the source.

    Returns
    -------
    state : AdamState
    vector : (P,) array

    Raises
    ------
    ValueError
        If the vectors are not as long as each other, or hold NaN or infinity.

    Examples
    --------
    >>> vector, gradient = numpy.zeros(2), numpy.array([100.0, -0.01])
    >>> state, vector = adam_step(adam_init(vector), vector, gradient, 0.1)
    >>> state.step, vector.round(6)  # the first step is as long whatever the gradient
    (1, array([-0.1,  0.1]))
    """
    beta_1, beta_2 = decay
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * gradient * gradient
    mean_hat = mean / (1 - beta_1**step)
    square_hat = square / (1 - beta_2**step)
    moved = vector - learning_rate * mean_hat / (numpy.sqrt(square_hat) + epsilon)
    return AdamState(step, mean, square), moved
