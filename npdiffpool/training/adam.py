"""Adam, and gradient clipping by the global norm.

The parameters are one vector, so a step is a handful of array operations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from npdiffpool._support.contracts import IsA, NonNegative, Shape, requires

GRADIENT = Shape("P", finite=True)


@requires(gradient=GRADIENT, limit=NonNegative())
def clip_by_norm(gradient: Any, limit: float) -> Any:
    """Return a gradient vector scaled down to length `limit` if it is longer.

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
    """State of Adam.

    Attributes
    ----------
    step : int
        Number of steps done.
    mean, square : (P,) arrays
        Running first and second moments of the gradient, m and v of the source.
    """

    step: int
    mean: Any
    square: Any


def adam_init(vector: Any) -> AdamState:
    """Return the state before the first step.

    Parameters
    ----------
    vector : (P,) array
        Parameters; only their number and dtype are used.

    Returns
    -------
    AdamState

    Examples
    --------
    >>> adam_init(numpy.ones(2))
    AdamState(step=0, mean=array([0., 0.]), square=array([0., 0.]))
    """
    return AdamState(0, numpy.zeros_like(vector), numpy.zeros_like(vector))


@requires(
    state=IsA(AdamState),
    vector=Shape("P"),
    gradient=GRADIENT,
    learning_rate=NonNegative(),
)
def adam_step(
    state: AdamState,
    vector: Any,
    gradient: Any,
    learning_rate: float,
    decay: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> tuple[AdamState, Any]:
    """Return the state and the parameters after one step of Adam.

    Algorithm 1 of arXiv 1412.6980.

    Parameters
    ----------
    state : AdamState
    vector, gradient : (P,) arrays
    learning_rate : float
    decay : pair of floats
        beta_1 and beta_2.
    epsilon : float
        Added to the square root of the second moment, as in the source.

    Returns
    -------
    state : AdamState
    vector : (P,) array

    Raises
    ------
    ValueError
        If the vectors differ in length, or contain NaN or infinity.

    Examples
    --------
    >>> vector, gradient = numpy.zeros(2), numpy.array([100.0, -0.01])
    >>> state, vector = adam_step(adam_init(vector), vector, gradient, 0.1)
    >>> state.step, vector.round(6)  # the first step does not depend on size
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
