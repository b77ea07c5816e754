"""Pooling composes: with itself, with sums of graphs, with block sums."""
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from reference import BOTH, close
from scipy.linalg import block_diag

from npdiffpool.testing.strategies import (
    adjacencies,
    assignments,
    features,
    floats,
    poolings,
)


@BOTH
@given(case=poolings(directed=True))
def test_the_identity_assignment_changes_nothing(telling, case):
    """Law C8: S = I."""
    A_pooled, X_pooled = telling.coarsen(case.A, case.Z, np.eye(len(case.A)))
    np.testing.assert_array_equal(A_pooled, case.A)
    np.testing.assert_array_equal(X_pooled, case.Z)


@BOTH
@given(case=poolings(directed=True), data=st.data())
def test_two_pools_equal_one_pool_by_the_product(telling, case, data):
    """Law C9: by S_1, then by S_2, is by S_1 S_2."""
    S_2 = data.draw(assignments(case.S.shape[1]))
    A_twice, X_twice = telling.coarsen(*telling.coarsen(*case), S_2)
    A_once, X_once = telling.coarsen(case.A, case.Z, case.S @ S_2)
    close(A_twice, A_once)
    close(X_twice, X_once, scale=np.sum(np.abs(case.Z)))


@BOTH
@given(case=poolings(directed=True, kinds=["hard"]))
def test_a_hard_assignment_gives_block_sums(telling, case):
    """Law C10: A'_kl is the mass from cluster k to l, X'_k the sum over k."""
    A, Z, S = case
    A_pooled, X_pooled = telling.coarsen(A, Z, S)
    members = [np.flatnonzero(column) for column in S.T]
    blocks = [[A[np.ix_(k, m)].sum() for m in members] for k in members]
    close(A_pooled, blocks)
    close(X_pooled, [Z[k].sum(axis=0) for k in members], scale=np.sum(np.abs(Z)))


@BOTH
@given(case=poolings(directed=True))
def test_one_cluster_holds_the_totals(telling, case):
    """Law C11: K = 1."""
    A, Z, _ = case
    A_pooled, X_pooled = telling.coarsen(A, Z, np.ones((len(A), 1)))
    close(A_pooled, [[A.sum()]])
    close(X_pooled, [Z.sum(axis=0)], scale=np.sum(np.abs(Z)))


@BOTH
@given(case=poolings(directed=True), times=floats(0.0, 10.0), data=st.data())
def test_pooling_is_linear_in_the_graph_and_in_the_features(
    telling, case, times, data
):
    """Law C12."""
    (A, Z, S), N = case, len(case.A)
    B = data.draw(adjacencies(N, N, directed=True))
    Y = data.draw(features(N, Z.shape[1]))
    A_sum, Z_sum = telling.coarsen(A + times * B, Z + times * Y, S)
    (A_one, Z_one), (A_two, Z_two) = telling.coarsen(A, Z, S), telling.coarsen(B, Y, S)
    close(A_sum, A_one + times * A_two)
    close(Z_sum, Z_one + times * Z_two, np.sum(np.abs(Z)) + times * np.sum(np.abs(Y)))


@BOTH
@given(case=poolings(directed=True), data=st.data())
def test_a_disjoint_union_pools_to_the_sum(telling, case, data):
    """Law C13: coarsen(G + H) = coarsen(G) + coarsen(H)."""
    (A, Z, S), B = case, data.draw(adjacencies(directed=True))
    Y = data.draw(features(len(B), Z.shape[1]))
    T = data.draw(assignments(len(B), S.shape[1]))
    union = (block_diag(A, B), np.vstack([Z, Y]), np.vstack([S, T]))
    (A_one, X_one), (A_two, X_two) = telling.coarsen(A, Z, S), telling.coarsen(B, Y, T)
    A_pooled, X_pooled = telling.coarsen(*union)
    close(A_pooled, A_one + A_two)
    close(X_pooled, X_one + X_two, scale=np.sum(np.abs(Z)) + np.sum(np.abs(Y)))
