"""Weights of graphs in the loss: those of samples, of classes, or both."""

from __future__ import annotations

from typing import Any

import numpy as np

from npdiffpool._support.arguments import require, require_labels, require_number
from npdiffpool._support.types import Floats, Ints
from npdiffpool.estimators.fitting.targets import Classes


def check_class_weight(class_weight: Any) -> None:
    """Validate the parameter `class_weight`, as far as that needs no labels.

    Raises
    ------
    ValueError
        If it is not None, "balanced" or a dict of finite numbers >= 0.
    """
    if class_weight is None or isinstance(class_weight, dict):
        for label, weight in (class_weight or {}).items():
            require_number(f"class_weight[{label!r}]", weight)
        return
    required = '"balanced", a dict from labels to weights, or None'
    is_balanced = isinstance(class_weight, str) and class_weight == "balanced"
    require(is_balanced, "class_weight", required, class_weight)


def check_sample_weight(
    weights: Any, n_graphs: int, name: str = "sample_weight"
) -> Floats | None:
    """Return one weight for each graph, as float64; None for None.

    They are divided by a power of two that is at least the largest, so that no sum of
    them overflows. Only ratios of weights count.

    Raises
    ------
    ValueError
        If there is not one finite number >= 0 for each graph, or all are 0.
    """
    if weights is None:
        return None
    array = require_labels(name, weights, n_graphs)
    is_number = array.dtype.kind in "biuf"
    require(is_number, name, "numbers", f"dtype {array.dtype.name}")
    array = array.astype(np.float64)
    wrong = array[~(np.isfinite(array) & (array >= 0))].tolist()
    require(not wrong, name, "finite and not negative", (wrong or [0.0])[0])
    if not array.any():  # scikit-learn's checks look for "zero" in the message
        required = "above zero for at least one graph"
        raise ValueError(f"{name} must be {required}; got only 0")
    scaled: Floats = np.ldexp(array, -int(np.frexp(np.max(array))[1]))
    return scaled


def combine_weights(
    sample_weight: Floats | None, class_weight: Any, targets: Any, encoded: Any
) -> Floats | None:
    """Return the product of the weights of samples and classes, with mean 1.

    Parameters
    ----------
    sample_weight : (G,) array or None
    class_weight : dict, "balanced" or None
        "balanced" gives all classes the same sum of weights.
    targets : Classes or Numbers
    encoded : (G,) ints
        The index of each graph's class.

    Returns
    -------
    (G,) array or None
        None if all weights are equal.

    Raises
    ------
    ValueError
        If all weights are 0; if a label of `class_weight` is no class while a class
        has no weight (it may be misspelt); or if a label is a class only as text ("1"
        for 1).
    """
    weights = np.ones(len(encoded)) if sample_weight is None else sample_weight
    weights = weights / np.max(weights)
    if class_weight is not None:
        of_classes = _of_classes(class_weight, targets, encoded, weights)
        weights = weights * of_classes[encoded]
    if not weights.any():
        required = "give a weight above 0 to at least one graph"
        raise ValueError(f"class_weight must {required}; got {class_weight!r}")
    weights = weights / np.max(weights)
    return None if np.min(weights) == 1 else weights / np.mean(weights)


def _of_classes(
    class_weight: Any, targets: Classes, encoded: Ints, weights: Floats
) -> Floats:
    """Return the weight of each class, (C,)."""
    if class_weight == "balanced":
        total = np.bincount(encoded, weights, targets.n_outputs)
        return np.divide(1, total, out=np.zeros_like(total), where=total > 0)
    classes = targets.classes.tolist()
    unknown = [label for label in class_weight if label not in classes]
    is_partial = any(label not in class_weight for label in classes)
    texts = set(map(str, classes))
    # Weights of absent classes are fine; a misspelt label, or "1" for 1, is not.
    if is_partial or any(str(label) in texts for label in unknown):
        require(not unknown, "class_weight", f"for labels in {classes}", unknown)
    found = [float(class_weight.get(label, 1.0)) for label in classes]
    return np.array(found) / max(*found, 1e-300)
