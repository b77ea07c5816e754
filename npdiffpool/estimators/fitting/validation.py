"""The validation set: given, or held out of the training graphs; its score."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require, require_labels
from npdiffpool._support.types import Floats, Ints
from npdiffpool.datasets.stratified import stratified_split
from npdiffpool.engine.config import Config
from npdiffpool.engine.pooling import assign
from npdiffpool.estimators.fitting.inputs import (
    InputSchema,
    Scaling,
    check_schema,
    check_target_names,
    choose_labels,
    prepare_graphs,
)
from npdiffpool.estimators.fitting.targets import (
    Classes,
    Targets,
    check_numeric_targets,
)
from npdiffpool.estimators.fitting.weights import check_sample_weight, combine_weights
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Labelled
from npdiffpool.training.schedule import OWN_MONITORS


class FitData(NamedTuple):
    """The training graphs, their labels and weights, and the validation set."""

    graphs: Any
    labels: Any
    weights: Any
    validation: Any


def check_fraction(fraction: Any) -> None:
    """Validate the parameter `validation_fraction`.

    Raises
    ------
    ValueError
        If it is neither None nor a number between 0 and 1.
    """
    is_number = isinstance(fraction, Real) and not isinstance(fraction, bool)
    fits = fraction is None or is_number and 0 < fraction < 1
    require(fits, "validation_fraction", "None or above 0 and below 1", fraction)


def hold_out(data: FitData, model: Any) -> FitData:
    """Hold out a share of the graphs as the validation set.

    Parameters
    ----------
    data : FitData
        Without a validation set.
    model : Estimator
        Its `validation_fraction` of the graphs is held out, of each class for a
        classifier, by its `seed`.

    Raises
    ------
    ValueError
        If graphs, labels or weights are invalid, or a part would be empty.
    """
    graphs, labels, weights, _ = data
    fraction, by_class = model.validation_fraction, model.targets_kind is Classes
    listed = check_graphs(graphs)
    labels = choose_labels(graphs, listed, labels, by_class=by_class)
    if by_class:
        labels = require_labels("labels", labels, len(listed))
    else:
        labels = check_numeric_targets(labels, len(listed))
    weights = check_sample_weight(weights, len(listed))
    n_train = int(np.rint((1 - fraction) * len(listed)))
    _require_two_parts(0 < n_train < len(listed), fraction, len(listed))
    strata = labels if by_class else np.zeros(len(listed))
    train, held = stratified_split(strata, (1 - fraction, fraction), model.seed)
    if by_class:  # a class must be trained on: its only graph is not held out
        stays = ~np.isin(labels[held], labels[train])
        train, held = np.sort(np.append(train, held[stays])), held[~stays]
    for part in (train, held):
        usable = len(part) and (weights is None or weights[part].any())
        _require_two_parts(bool(usable), fraction, len(listed))
    first, second = (
        (
            _take(graphs, listed, chosen),
            labels[chosen],
            None if weights is None else weights[chosen],
        )
        for chosen in (train, held)
    )
    return FitData(*first, validation=second)


def _require_two_parts(holds: bool, fraction: float, n_graphs: int) -> None:
    if not holds:
        required = "leave at least one graph of positive weight in both parts"
        seen = f"{fraction!r} of {n_graphs} graphs"
        raise ValueError(f"validation_fraction must {required}; got {seen}")


def _take(graphs: Any, listed: list[Graph], chosen: Ints) -> Any:
    """Return some of the graphs, as a data set if they are one."""
    is_dataset = hasattr(graphs, "feature_names")
    return graphs[chosen] if is_dataset else [listed[i] for i in chosen]


def prepare_validation(
    pair: Any,
    config: Config,
    scaling: Scaling,
    targets: Targets,
    schema: InputSchema,
) -> Labelled | None:
    """Prepare a validation set (graphs, labels[, weights]); return None for None.

    Raises
    ------
    ValueError
        If it is not such a pair, has a label that is not in the training set, or other
        feature names, edge weights or targets.
    """
    if pair is None:
        return None
    has_weights = isinstance(pair, (tuple, list)) and len(pair) == 3
    given = pair[:2] if has_weights else pair
    graphs, labels = check_validation(given, schema, isinstance(targets, Classes))
    check_target_names(pair[0], labels, targets.names, "validation graphs")
    encoded = targets.encode(labels, len(graphs), "validation labels")
    weights = pair[2] if has_weights else None
    weights = check_sample_weight(weights, len(graphs), "validation weights")
    weights = combine_weights(weights, None, targets, encoded)
    return Labelled(prepare_graphs(graphs, config, scaling)[0], encoded, weights)


def check_validation(
    pair: Any, schema: InputSchema, by_class: bool
) -> tuple[list[Graph], Any]:
    """Check that a validation set is a pair (graphs, labels); return both.

    Labels that are None are those of the graphs.

    Raises
    ------
    ValueError
        If it is not a pair, the graphs are not graphs, a data set has other feature
        names or edge weights than `schema`, or `by_class` its labels are targets of a
        regression.
    """
    usable = isinstance(pair, (tuple, list)) and len(pair) == 2
    require(usable, "validation", "a pair (graphs, labels)", type(pair).__name__)
    given, labels = pair
    check_schema(given, schema, "validation graphs")
    graphs = check_graphs(given)
    options: Any = {"name": "validation labels", "by_class": by_class}
    return graphs, choose_labels(given, graphs, labels, **options)


def require_validation(held_out: Any, name: str, allowed: str, value: Any) -> None:
    """Check that there is a validation set, if a parameter that needs one is given.

    Parameters
    ----------
    held_out : Labelled or None
        The validation set.
    name, value : str and object
        The parameter, and its value; None if it is not given.
    allowed : str
        What the parameter may be without a validation set, for the error.

    Raises
    ------
    ValueError
        If there is none.
    """
    if held_out is None and value is not None:
        raise ValueError(
            f"{name} must be {allowed} without a validation set; got {value!r}; pass "
            "validation=... or validation_fraction=..."
        )


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


def tags_of(kind: str) -> Any:
    """Return scikit-learn's tags of a classifier, regressor or clusterer of graphs."""
    from sklearn import utils

    return utils.Tags(
        estimator_type=kind,
        target_tags=utils.TargetTags(
            required=kind != "clusterer", multi_output=kind == "regressor"
        ),
        transformer_tags=None if kind == "clusterer" else utils.TransformerTags(),
        classifier_tags=utils.ClassifierTags() if kind == "classifier" else None,
        regressor_tags=utils.RegressorTags() if kind == "regressor" else None,
        input_tags=utils.InputTags(two_d_array=False),
    )


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
