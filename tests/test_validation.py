"""Bad input that only training can find: a training that diverges is an error.

The rows of all other bad input are in test_bad_input*.py.
"""

import pytest
from bad_input import GRAPHS, fitted
from numpy.testing import assert_array_equal


def test_a_diverging_training_is_an_error_and_leaves_the_classifier_unchanged():
    clf = fitted()
    before = clf.predict_proba(GRAPHS)
    clf.set_params(learning_rate=1e38, normalize_rows=False, batch_norm=False)
    with pytest.raises(ValueError, match="training diverged in epoch 1: the largest"):
        clf.fit(GRAPHS, [0, 1, 0, 1])
    assert_array_equal(clf.predict_proba(GRAPHS), before)
