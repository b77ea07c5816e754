"""Gradients over a tree of parameters, Adam, clipping by the global norm.

A tree is nested dicts and lists with arrays at its leaves. The optimiser sees
all leaves as one vector, so a step is a handful of array operations.
"""
from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy
from autograd.core import VJPNode, add_outgrads
from autograd.tracer import isbox, new_box, trace_stack
from autograd.util import toposort

from npdiffpool.fused import Tree, leaves, rebuild


def to_vector(tree: Tree) -> Any:
    """Copy all leaves of a tree into one vector."""
    return numpy.concatenate([numpy.ravel(leaf) for leaf in leaves(tree)])


def from_vector(tree: Tree, vector: Any) -> Tree:
    """Make a tree of the same form whose leaves are views of a vector."""
    shapes = [leaf.shape for leaf in leaves(tree)]
    stops = numpy.cumsum([int(numpy.prod(shape)) for shape in shapes])
    parts = numpy.split(vector, stops[:-1])
    return rebuild(tree, (part.reshape(s) for part, s in zip(parts, shapes)))


def value_and_grad(
    function: Callable[..., tuple[Any, Any]],
) -> Callable[..., tuple[Any, Any, Tree]]:
    """Differentiate ``function(params, ...) -> (loss, auxiliary)`` by `params`.

    autograd would wrap the dicts and lists and trace every look-up in them;
    here each leaf is boxed once and its gradient collected at the end of one
    reverse pass. The gradients are the same.

    Returns
    -------
    function of the same arguments that returns ``(loss, auxiliary, gradients)``,
    `gradients` being a tree of the form of `params` and of its dtypes. What
    autograd still holds in `auxiliary` is not unwrapped: see `getval`.
    """

    def differentiated(params: Tree, *args: Any) -> tuple[Any, Any, Tree]:
        values = leaves(params)
        nodes = [VJPNode.new_root() for _ in values]
        with trace_stack.new_trace() as trace:
            boxes = [new_box(x, trace, node) for x, node in zip(values, nodes)]
            loss, auxiliary = function(rebuild(params, iter(boxes)), *args)
        found = _reverse(loss) if isbox(loss) else {}
        gradients = [
            found[node][0] if node in found else numpy.zeros_like(x)
            for node, x in zip(nodes, values)
        ]
        value = loss._value if isbox(loss) else loss
        return value, auxiliary, rebuild(params, iter(gradients))

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


def clip_by_norm(gradient: Any, limit: float) -> Any:
    """Scale a gradient vector down to length `limit` where it is longer."""
    length = float(numpy.linalg.norm(gradient.astype(numpy.float64)))  # no overflow
    if length <= limit:
        return gradient
    return gradient * gradient.dtype.type(limit / length)


class AdamState(NamedTuple):
    """Hold Adam's memory: steps done, first and second moments of the gradient."""

    step: int
    mean: Any
    square: Any


def adam_init(vector: Any) -> AdamState:
    """Make the state before the first step."""
    return AdamState(0, numpy.zeros_like(vector), numpy.zeros_like(vector))


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

    Returns
    -------
    state : AdamState
    vector : (P,) array
    """
    beta_1, beta_2 = decay
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * gradient * gradient
    mean_hat = mean / (1 - beta_1**step)
    square_hat = square / (1 - beta_2**step)
    moved = vector - learning_rate * mean_hat / (numpy.sqrt(square_hat) + epsilon)
    return AdamState(step, mean, square), moved
