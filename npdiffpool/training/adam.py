"""Adam, decoupled weight decay, and gradient clipping by the global norm.

The parameters are one vector, so a step is a handful of array operations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from npdiffpool._support.contracts import (
    IsA,
    NonNegative,
    Shape,
    require_finite,
    requires,
)
from npdiffpool.engine.autodiff import leaves, to_vector

GRADIENT = Shape("P", large=True, floats=True)


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
        If the gradient is not finite or not of floats, or `limit` is negative.

    Examples
    --------
    >>> clip_by_norm(numpy.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    wide = gradient.astype(numpy.float64)  # in which squares of float32 are finite
    length = float(numpy.linalg.norm(wide))
    if length <= limit:
        return gradient
    if length == numpy.inf:  # as squares of float64 may overflow
        unit = wide / numpy.max(numpy.abs(wide))
        return unit * (limit / float(numpy.linalg.norm(unit)))
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
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    weight_decay: Any = 0.0,
) -> tuple[AdamState, Any]:
    """Return the state and the parameters after one step of Adam.

    Algorithm 1 of arXiv 1412.6980; with weight decay, algorithm 2 of arXiv 1711.05101
    (AdamW), whose decay is multiplied by the learning rate, as in PyTorch.

    Parameters
    ----------
    state : AdamState
    vector, gradient : (P,) arrays
    learning_rate : float
    betas : pair of floats
        beta_1 and beta_2, the decay rates of the two moments.
    epsilon : float
        Added to the square root of the second moment, as in the source.
    weight_decay : float or (P,) array
        The step also subtracts ``learning_rate * weight_decay * vector``. An array, as
        from `decay_of`, has a number for each parameter and the dtype of the vector.

    Returns
    -------
    state : AdamState
    vector : (P,) array

    Raises
    ------
    ValueError
        If the vectors differ in length or contain NaN or infinity, or the square of a
        gradient overflows its dtype.

    Examples
    --------
    >>> vector, gradient = numpy.zeros(2), numpy.array([100.0, -0.01])
    >>> state, vector = adam_step(adam_init(vector), vector, gradient, 0.1)
    >>> state.step, vector.round(6)  # the first step does not depend on size
    (1, array([-0.1,  0.1]))
    """
    beta_1, beta_2 = betas
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * gradient * gradient
    mean_hat = mean / (1 - beta_1**step)
    square_hat = square / (1 - beta_2**step)
    limit = float(numpy.finfo(square_hat.dtype).max)
    require_finite("squared gradient", square_hat, limit)  # if infinite, the step is 0
    moved = vector - learning_rate * mean_hat / (numpy.sqrt(square_hat) + epsilon)
    if numpy.any(weight_decay):
        moved = moved - learning_rate * weight_decay * vector
    return AdamState(step, mean, square), moved


@requires(weight_decay=NonNegative())
def decay_of(params: Any, weight_decay: float) -> Any:
    """Return the weight decay of each parameter: that of matrices, 0 for vectors.

    Biases, and the scale and shift of batch norm, are vectors. They are not decayed,
    because they do not multiply one another and decay would move a scale from 1 to 0.

    Parameters
    ----------
    params : nested dicts and lists of arrays
        Only their shapes and dtype are used.
    weight_decay : float

    Returns
    -------
    (P,) array
        In the order of `npdiffpool.engine.autodiff.to_vector`.

    Raises
    ------
    ValueError
        If `weight_decay` is negative.

    Examples
    --------
    >>> params = {"W": numpy.ones((1, 2)), "b": numpy.ones(2)}
    >>> decay_of(params, 0.01)
    array([0.01, 0.01, 0.  , 0.  ])
    """
    decays = [numpy.full_like(W, weight_decay * (W.ndim > 1)) for W in leaves(params)]
    return to_vector(decays)
