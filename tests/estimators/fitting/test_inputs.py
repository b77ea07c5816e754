"""Inputs of an estimator: features are scaled as documented, or refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from npdiffpool import Graph, GraphError
from npdiffpool.estimators.fitting.inputs import Scaling

# Columns: unlike inside a graph; unlike from graph to graph only; equal everywhere;
# 0 and 1; numbers whose squares underflow.
FIRST = [[1.0, 5.0, 3.0, 0.0, 1e-200], [3.0, 5.0, 3.0, 1.0, 1e-200]]
SECOND = [[8.0, 2.0, 3.0, 1.0, 4e-200]]
MEAN = [4.0, 4.0, 0.0, 0.0, 2e-200]
SCALE = [np.sqrt(26 / 3), np.sqrt(2), 1.0, 1.0, np.sqrt(2) * 1e-200]


def graphs_of(*parts):
    return [Graph(np.zeros((len(X), len(X))), X) for X in parts]


def test_a_feature_is_scaled_by_mean_and_deviation_over_the_nodes_of_all_graphs():
    graphs = graphs_of(np.zeros((0, 5)), FIRST, SECOND)
    scaling = Scaling.of(graphs, True)
    assert_allclose(scaling.mean, MEAN, rtol=1e-15)
    assert_allclose(scaling.scale, SCALE, rtol=1e-15)
    X = np.array(SECOND)
    assert_allclose(scaling.apply(X), (X - MEAN) / SCALE, rtol=1e-14)


@pytest.mark.parametrize("standardize", [True, False])
def test_features_without_nodes_or_that_are_not_to_be_scaled_stay_as_they_are(
    standardize,
):
    graphs = graphs_of(np.zeros((0, 5)), *([] if standardize else [FIRST, SECOND]))
    scaling = Scaling.of(graphs, standardize)
    assert_array_equal(scaling.apply(np.array(FIRST)), FIRST)


@pytest.mark.parametrize("standardize", [True, False])
def test_a_feature_whose_square_overflows_is_refused(standardize):
    graphs = graphs_of([[1.0], [2.0]], [[1.0], [-1e200]])
    with pytest.raises(GraphError, match=r"^every feature must fit .*; got 1e\+200$"):
        Scaling.of(graphs, standardize)
