"""The difference between two models, tested over the folds of their evaluations.

The training parts of a cross-validation overlap, so the scores of its folds are not
independent, and the ordinary paired t-test finds differences too often. The corrected
resampled t-test (C. Nadeau and Y. Bengio: Inference for the generalization error,
Machine Learning 52, 2003) allows for this by a larger variance.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np
import scipy

from npdiffpool._support.arguments import require, require_choice, require_number
from npdiffpool._support.types import Array
from npdiffpool.evaluation.protocols import PROTOCOLS, Evaluation

__all__ = ["Difference", "compare"]
LEVEL = 0.95


class Difference(NamedTuple):
    """The difference between two models, in the unit of their scores.

    Attributes
    ----------
    mean : float
        Mean over folds of the first score minus the second.
    low, high : float
        The 95 % confidence interval of the mean.
    t, p : float
        The statistic and the two-sided p-value of the test that the difference is 0.
    n_folds : int
        Number of paired scores; the test has one degree of freedom less.
    """

    mean: float
    low: float
    high: float
    t: float
    p: float
    n_folds: int


def compare(
    first: Evaluation | Mapping[str, Any] | Sequence[float],
    second: Evaluation | Mapping[str, Any] | Sequence[float],
    ratio: float | None = None,
) -> Difference:
    """Compare two models by the corrected resampled t-test.

    With J paired differences of mean d and sample variance s^2::

        t = d / sqrt((1 / J + ratio) s^2)    with J - 1 degrees of freedom

    Parameters
    ----------
    first, second : Evaluation, dict, or sequence of float
        Results of `cross_validate`, or the JSON of them (results.json, or what
        ``npdiffpool cv --json`` prints), or one score per fold. A fold with several
        runs counts once, with their mean. Both must have the same splits.
    ratio : float, optional
        Size of the part that is scored divided by the size of the training part,
        without the validation part. The default is that of J folds: 1 / (J - 1) for
        "paper", and 1 / (0.9 (J - 1)) for "fair", where a tenth of the graphs outside
        the test part is for validation. Give it for other splits, as a result does not
        say which it had, and with sequences. With 0 the test is the ordinary paired
        t-test.

    Returns
    -------
    Difference
        Positive if the first model has the higher scores.

    Raises
    ------
    ValueError
        If the scores are not finite, fewer than two, or not equally many, the
        protocols differ, or `ratio` is missing or not a finite number >= 0.

    Notes
    -----
    If all differences are equal up to rounding, s = 0, and the interval has length 0.
    Then t is 0 and p is 1 if the scores are equal; otherwise t is infinite and p is 0.

    With the protocol "paper", the scores are those of the epoch that the same graphs
    chose, so their differences are too optimistic to generalise.

    An interval that contains 0 does not show that the models are equally good.

    Examples
    --------
    >>> pooled, flat = [0.70, 0.66, 0.75, 0.69], [0.66, 0.65, 0.70, 0.67]
    >>> found = compare(pooled, flat, ratio=1 / 3)
    >>> print(f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]")
    +0.030 [-0.014, +0.074]
    >>> round(found.p, 3)
    0.121
    """
    protocol, scores = _read("first", first)
    other_protocol, others = _read("second", second)
    require(len(others) == len(scores), "second", f"{len(scores)} scores", len(others))
    if protocol != other_protocol:
        text = f"of the protocol of first, {protocol!r}"
        raise ValueError(f"second must be {text}; got {other_protocol!r}")
    if ratio is None:
        require(protocol is not None, "ratio", "given with sequences of scores", ratio)
        ratio = 1 / ((0.9 if protocol == "fair" else 1) * (len(scores) - 1))
    differences = scores - others
    rounding = 1e-12 * float(np.max(np.abs([scores, others])))
    differences[np.abs(differences) < rounding] = 0
    return _test(differences, require_number("ratio", ratio), rounding)


def _test(differences: Array, ratio: float, rounding: float) -> Difference:
    """Return the result of the test.

    A spread of at most `rounding` counts as 0. scipy.stats.t is the same
    distribution as here, but its import takes two seconds.
    """
    J, mean = len(differences), float(np.mean(differences))
    spread = float(np.std(differences, ddof=1))
    error = np.sqrt(1 / J + ratio) * (spread if spread > rounding else 0.0)
    half = float(scipy.special.stdtrit(J - 1, (1 + LEVEL) / 2)) * error
    t = mean / error if error else float(np.copysign(np.inf, mean)) if mean else 0.0
    p = 2 * float(scipy.special.stdtr(J - 1, -abs(t)))
    return Difference(mean, mean - half, mean + half, t, p, J)


def _read(name: str, value: Any) -> tuple[str | None, Array]:
    """Return the protocol, if known, and the scores of the folds."""
    protocol, scores = None, value
    if isinstance(value, Evaluation):
        value = value._asdict()
    if isinstance(value, Mapping):
        protocol = value.get("protocol")
        require_choice(f"{name}['protocol']", protocol, PROTOCOLS)
        part = "test" if protocol == "fair" else "validation"
        try:
            scores = [fold[part] for fold in value["folds"]]
        except (LookupError, TypeError):
            text = f"{name}['folds'] must be folds with {part!r}"
            raise ValueError(f"{text}; got {value.get('folds')!r}") from None
    try:
        array = np.asarray(scores)
    except ValueError:  # items of different lengths
        array = np.empty(0)
    usable = array.ndim == 1 and array.dtype.kind in "fiu" and len(array) >= 2
    required = "an Evaluation, its JSON, or two scores or more, one per fold"
    require(usable, name, required, value)
    finite = np.isfinite(array)
    require(bool(finite.all()), name, "finite", array[~finite].tolist())
    return protocol, array.astype(float)
