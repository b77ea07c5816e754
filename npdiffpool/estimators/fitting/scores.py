"""The score of a validation set, by a scorer of scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from npdiffpool._support.arguments import require
from npdiffpool._support.types import Floats
from npdiffpool.engine.pooling import assign
from npdiffpool.estimators.fitting.sklearn_tags import tags_of
from npdiffpool.estimators.fitting.validation import require_validation
from npdiffpool.training.fit import Labelled
from npdiffpool.training.schedule import OWN_MONITORS


def make_score(monitor: Any, targets: Any, validation: Labelled | None) -> Any:
    """Return a function from the logits of the validation set to a score, or None.

    It is None if `monitor` is "accuracy" or "loss", which need no function.

    Parameters
    ----------
    monitor : str
    targets : Classes or Numbers
    validation : Labelled or None

    Raises
    ------
    ValueError
        If there is no such score, no validation set, or the score is not defined for
        its labels.
    ImportError
        If the score is one of scikit-learn, which is not installed.
    """
    if monitor in OWN_MONITORS:
        return None
    scorer = _find(monitor)
    require_validation(validation, "monitor", '"accuracy" or "loss"', monitor)
    assert validation is not None
    true = targets.decode(validation.labels)
    given = validation.weights
    weights = {} if given is None else {"sample_weight": given}

    def score(logits: Floats) -> float:
        model, reason = _Outputs(targets, logits), "it is not a finite number"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of scores that are not defined
                value = float(scorer(model, np.arange(len(logits)), true, **weights))
        except (ValueError, TypeError) as error:
            value, reason = np.nan, str(error)
        if not np.isfinite(value):
            known = f"monitor {monitor!r} is not defined for this validation set"
            raise ValueError(f"{known}: {reason}")
        return value

    score(np.zeros((len(true), targets.n_outputs)))  # fails before any work
    return score


def check_monitor(monitor: Any) -> None:
    """Validate the parameter `monitor`, as far as that needs no validation set.

    Raises
    ------
    ValueError
        If there is no such score.
    ImportError
        If it is one of scikit-learn, which is not installed.
    """
    require(isinstance(monitor, str), "monitor", "the name of a score", monitor)
    if monitor not in OWN_MONITORS:
        _find(monitor)


def _find(monitor: str) -> Any:
    """Return scikit-learn's scorer."""
    try:
        from sklearn.metrics import get_scorer, get_scorer_names
    except ImportError as error:
        hint = "other scores need scikit-learn: pip install scikit-learn"
        own = " or ".join(map(repr, OWN_MONITORS))
        raise ImportError(f"monitor is {monitor!r}, not {own}; {hint}") from error
    names = get_scorer_names()
    required = '"accuracy", "loss" or one of sklearn.metrics.get_scorer_names()'
    require(monitor in names, "monitor", required, monitor)
    return get_scorer(monitor)


class _Outputs:
    """A model, for scikit-learn's scorers, whose outputs are already known."""

    def __init__(self, targets: Any, logits: Floats) -> None:
        self.targets, self.logits = targets, logits
        self.kind = "regressor" if targets.loss == "squared_error" else "classifier"
        if self.kind == "classifier":
            self.classes_ = targets.classes

    def fit(self, *args: Any) -> None:
        """Exist: scikit-learn requires it of a model."""

    def predict(self, graphs: Any) -> Any:
        """Return the predictions."""
        if self.kind == "regressor":
            return self.targets.decode(self.logits.astype(np.float64))
        return self.classes_[np.argmax(self.logits, axis=1)]

    def predict_proba(self, graphs: Any) -> Floats:
        """Return the probabilities of the classes."""
        return np.asarray(assign(self.logits.astype(np.float64))[0])

    def __sklearn_tags__(self) -> Any:
        return tags_of(self.kind)
