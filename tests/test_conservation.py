"""What pooling keeps: mass, symmetry, sign, definiteness, rows that sum to one."""
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from reference import BOTH, close

from npdiffpool.testing.strategies import assignments, features, logits, poolings

sizes = st.integers(0, 12)
with_logits = sizes.flatmap(logits)


@BOTH
@given(R=with_logits)
def test_rows_of_the_assignment_sum_to_one(telling, R):
    """Law A1."""
    rounding = 2.0**-52 * R.shape[1]  # of a sum of K terms and K quotients
    np.testing.assert_allclose(telling.assign(R).sum(axis=1), 1.0, rtol=rounding)


@BOTH
@given(R=with_logits)
def test_assignments_are_not_negative_and_finite(telling, R):
    """Law A2: at logits up to +-1e4, where exp over- and underflows."""
    S = telling.assign(R)
    assert np.all(S >= 0) and np.all(np.isfinite(S))


@BOTH
@given(case=poolings(directed=True))
def test_total_feature_mass_survives_pooling(telling, case):
    """Law C1: 1^T X' = 1^T Z."""
    _, X_pooled = telling.coarsen(*case)
    close(X_pooled.sum(axis=0), case.Z.sum(axis=0), scale=np.sum(np.abs(case.Z)))


@BOTH
@given(case=poolings(directed=True))
def test_total_edge_mass_survives_pooling(telling, case):
    """Law C2: 1^T A' 1 = 1^T A 1."""
    A_pooled, _ = telling.coarsen(*case)
    close(A_pooled.sum(), case.A.sum())


@BOTH
@given(case=poolings())
def test_symmetric_graphs_stay_symmetric(telling, case):
    """Law C3."""
    A_pooled, _ = telling.coarsen(*case)
    close(A_pooled, A_pooled.T)


@BOTH
@given(case=poolings(directed=True))
def test_weights_stay_non_negative(telling, case):
    """Law C4."""
    A_pooled, _ = telling.coarsen(*case)
    assert np.all(A_pooled >= 0)


@BOTH
@given(M=sizes.flatmap(assignments), data=st.data())
def test_positive_semidefinite_graphs_stay_so(telling, M, data):
    """Law C5: of A = M M^T, with M not negative."""
    A, S = M @ M.T, data.draw(assignments(len(M)))
    A_pooled, _ = telling.coarsen(A, S, S)
    rounding = 1e-13 * np.trace(A_pooled)  # eigvalsh errs by a few ulps of ||A'||
    assert np.linalg.eigvalsh(A_pooled).min() >= -rounding


@BOTH
@given(case=poolings(min_nodes=1, directed=True), data=st.data())
def test_a_silent_node_changes_nothing(telling, case, data):
    """Law C14: a node without edges and of zero embedding, wherever it goes."""
    A, Z, S = case
    row = data.draw(assignments(1, S.shape[1]))
    place = data.draw(st.integers(0, len(A)))
    A_with = np.insert(np.insert(A, place, 0.0, axis=0), place, 0.0, axis=1)
    Z_with, S_with = np.insert(Z, place, 0.0, axis=0), np.insert(S, place, row, axis=0)
    A_pooled, X_pooled = telling.coarsen(A_with, Z_with, S_with)
    close(A_pooled, telling.coarsen(A, Z, S)[0])
    close(X_pooled, telling.coarsen(A, Z, S)[1], scale=np.sum(np.abs(Z)))


@BOTH
@given(case=poolings(directed=True), data=st.data())
def test_pooling_keeps_features_inside_their_range_times_the_cluster_mass(
    telling, case, data
):
    """Law C4 for features: X'_k is S's column mass times a mean of rows of Z."""
    A, Z, S = case
    Z = np.abs(data.draw(features(len(A), Z.shape[1])))
    _, X_pooled = telling.coarsen(A, Z, S)
    most = np.max(Z, axis=0, initial=0.0)
    assert np.all(X_pooled >= 0)
    assert np.all(X_pooled <= np.outer(S.sum(axis=0), most) * (1 + 1e-12))
