"""Estimators by scikit-learn's conventions.

In reading order: `diffpool` (`DiffPoolClassifier` and `DiffPoolRegressor`), `base`
(what they share), `parameters` and `conventions` (what scikit-learn expects), `fitted`
(what a fitted model computes), `explanation` (what decides a prediction), `fitting`
(what `fit` checks and prepares), `clusterer` (`DiffPoolClusterer`), `expectation`
(clusters and seconds per epoch before a training), `stored_model` and `model_file`
(writing and reading model files), `not_fitted` (the error before `fit`) and
`baselines`.
"""

from npdiffpool.estimators.clusterer import DiffPoolClusterer
from npdiffpool.estimators.diffpool import DiffPoolClassifier, DiffPoolRegressor
from npdiffpool.estimators.explanation import Explanation
from npdiffpool.estimators.model_file import ModelFileError, load_model
from npdiffpool.estimators.not_fitted import NotFittedError

__all__ = [
    "DiffPoolClassifier",
    "DiffPoolClusterer",
    "DiffPoolRegressor",
    "Explanation",
    "ModelFileError",
    "NotFittedError",
    "load_model",
]
