"""Node features: the limits of their number."""

import numpy as np
import pytest

from npdiffpool.datasets.features import check_choice, node_features
from npdiffpool.datasets.tu.reading import TUData
from npdiffpool.datasets.tu.tables import DatasetError

MOST = 2**14  # columns
NOTHING = TUData("D", np.zeros((0, 2), np.int32), np.zeros(0, np.int32), None)


def degrees_of(n_nodes, cap):
    return node_features(NOTHING, np.full(n_nodes, 9), "degree", cap)


def test_a_data_set_may_have_2_to_the_14_columns():
    check_choice("degree", MOST - 1)
    (columns,) = degrees_of(3, MOST - 1)
    assert len(columns.names) == MOST and columns.values.tolist() == [9] * 3
    for cap in (MOST, 0, True, 1.0):
        with pytest.raises(DatasetError, match="at least 1 and below 16384; got"):
            check_choice("degree", cap)
    with pytest.raises(DatasetError, match="16385 columns for 3 nodes; at most 16384"):
        degrees_of(3, MOST)


def test_a_data_set_may_have_2_to_the_29_numbers():
    (columns,) = degrees_of(2**15, MOST - 1)  # none of them is made yet
    assert len(columns.values) == 2**15
    with pytest.raises(DatasetError, match="32769 nodes; .* and 536870912 numbers are"):
        degrees_of(2**15 + 1, MOST - 1)
