"""The validation set: given, or held out of the training graphs."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require, require_labels
from npdiffpool._support.types import Ints
from npdiffpool.datasets.stratified import stratified_split
from npdiffpool.engine.config import Config
from npdiffpool.estimators.fitting.inputs import Scaling, choose_labels, prepare_graphs
from npdiffpool.estimators.fitting.schema import (
    InputSchema,
    check_schema,
    check_target_names,
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
