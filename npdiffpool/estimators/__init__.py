"""Estimators with scikit-learn's conventions.

Read `diffpool` (`DiffPoolClassifier`, `DiffPoolRegressor`), then `base` (what they
share), `inputs` and `targets` (from what a user gives to what the model takes),
`model_file` (how a model is saved) and `baselines`.
"""

from npdiffpool.estimators.base import NotFittedError
from npdiffpool.estimators.diffpool import (
    DiffPoolClassifier,
    DiffPoolRegressor,
    load_model,
)
from npdiffpool.estimators.model_file import ModelFileError

__all__ = [
    "DiffPoolClassifier",
    "DiffPoolRegressor",
    "ModelFileError",
    "NotFittedError",
    "load_model",
]
