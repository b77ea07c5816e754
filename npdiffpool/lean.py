"""GNNs that are run again for their gradient: less memory, and more time."""
from __future__ import annotations

from functools import partial
from typing import Any, Callable

from npdiffpool.fused import Vjp, fused, vjp_of
from npdiffpool.trees import leaves, rebuild

Array = Any  # a float array, or autograd's box round one
Params = dict[str, Any]


def lean(function: Any) -> Any:
    """Let a GNN be run again for its gradient, where the configuration says so."""

    def run(params: Params, level: Any, config: Any, running: Any) -> Any:
        def of_arrays(X: Array, *rest: Array) -> Any:
            again = level._replace(X=X, operators=dict(zip(level.operators, rest)))
            values = iter(rest[len(level.operators) :])
            return function(rebuild(params, values), again, config, running)

        if not config.recompute:
            return function(params, level, config, running)
        return recompute(of_arrays)(level.X, *level.operators.values(), *leaves(params))

    return run


def recompute(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep nothing of a function but its arguments: run it again for the gradient."""

    def with_vjp(*args: Any) -> tuple[Any, Vjp]:
        return function(*args), partial(vjp_of, function, args, {})

    traced: Callable[..., Any] = fused(function)(with_vjp)
    return traced
