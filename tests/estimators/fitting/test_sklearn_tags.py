"""What scikit-learn is told of an estimator."""

import pytest

from npdiffpool import DiffPoolClassifier, DiffPoolClusterer, DiffPoolRegressor

KINDS = {
    DiffPoolClassifier: "classifier",
    DiffPoolRegressor: "regressor",
    DiffPoolClusterer: "clusterer",
}


@pytest.mark.parametrize("estimator, kind", KINDS.items())
def test_the_tags_for_scikit_learn_are_those_of_the_kind_of_estimator(estimator, kind):
    tags = estimator().__sklearn_tags__()
    assert tags.estimator_type == kind
    assert tags.target_tags.required == (kind != "clusterer")
    assert tags.target_tags.multi_output == (kind == "regressor")
    assert (tags.classifier_tags is not None) == (kind == "classifier")
    assert (tags.regressor_tags is not None) == (kind == "regressor")
    assert (tags.transformer_tags is not None) == (kind != "clusterer")
    assert not tags.input_tags.two_d_array
