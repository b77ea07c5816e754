"""What an estimator tells scikit-learn about itself."""

from __future__ import annotations

from typing import Any


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
