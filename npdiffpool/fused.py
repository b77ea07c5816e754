"""Primitives whose gradient is a closure over what the forward pass has computed.

autograd's own way, a vector-Jacobian product made from the value and the
arguments alone, would compute it again; lean.py does so on purpose, for memory.
"""
from __future__ import annotations

from functools import partial, wraps
from typing import Any, Callable

from autograd.core import VJPNode, make_vjp
from autograd.tracer import find_top_boxed_args, isbox, new_box
from autograd.util import subvals

Array = Any  # a float array, or autograd's box round one
Vjp = Callable[..., Any]


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
            again = partial(vjp_of, plain, below, options)
            node.vjp = lambda G: (again if isbox(G) else vjp)(G, argnums)
            if isinstance(ans, tuple):
                return (new_box(ans[0], trace, node), *ans[1:])
            return new_box(ans, trace, node)

        traced.with_vjp = with_vjp  # type: ignore[attr-defined]
        return traced

    return decorate


def vjp_of(function: Any, args: Any, options: Any, G: Array, argnums: Any) -> Any:
    """Trace a function of the arguments `argnums`, and pull G back through it."""

    def of_them(given: Any) -> Array:
        ans = function(*subvals(args, zip(argnums, given)), **options)
        return ans[0] if isinstance(ans, tuple) else ans

    return make_vjp(of_them, tuple(args[i] for i in argnums))[0](G)
