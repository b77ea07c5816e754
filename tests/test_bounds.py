"""The losses' bounds, where they are reached, and that no slope is NaN."""
import numpy as np
import pytest
from autograd import grad
from hypothesis import assume, example, given
from hypothesis import strategies as st
from reference import BOTH, close, exact_squared_link, link_error, one_graph
from scipy.linalg import block_diag

from npdiffpool import losses, pooling
from npdiffpool.testing.strategies import (
    adjacencies,
    assignments,
    features,
    floats,
    logits,
    permutations,
    poolings,
)

sizes = st.integers(0, 12)
with_logits = sizes.flatmap(logits)
underflowing = example(R=np.array([[0.0, -740.0, -746.0], [1e4, -1e4, 1e4]]))


def engine_link(A, S, scale="frobenius"):
    level = one_graph(A, S)
    A_pooled, _ = pooling.coarsen(level, S, S)
    return losses.link_loss(level, S, A_pooled, scale=scale)[0]


@BOTH
@given(R=sizes.flatmap(lambda n: logits(n, 1)))
def test_one_cluster_takes_every_node(telling, R):
    """Law A6: K = 1 gives a column of ones."""
    np.testing.assert_array_equal(telling.assign(R), np.ones_like(R))


@BOTH
@given(order=st.integers(2, 6).flatmap(permutations), times=floats(1.0, 1e4))
def test_growing_logits_tend_to_the_one_hot_row_of_the_largest(telling, order, times):
    """Law A7: the rest weighs at most (K - 1) exp(-times), for gaps of one."""
    K = len(order)
    S = telling.assign(times * order[None, :].astype(float))
    rest = np.delete(S, np.argmax(order)).sum()
    assert rest <= (K - 1) * np.exp(-times) * (1 + 1e-9)
    close(S[0, np.argmax(order)], 1 - rest)


@BOTH
@given(case=poolings(directed=True))
def test_link_loss_is_at_least_its_largest_residual(telling, case):
    """Law L2: so it is not negative, and zero only if A = S S^T."""
    A, _, S = case
    largest = np.max(np.abs(A - S @ S.T), initial=0.0)
    L_link = telling.link(A, S)
    assert L_link >= 0
    assert L_link**2 >= largest**2 * (1 - 1e-12) - link_error(A, S)


@BOTH
@given(S=sizes.flatmap(assignments))
def test_link_loss_vanishes_where_the_graph_is_s_s_transposed(telling, S):
    """Law L2, the other way: as far as float64 can tell."""
    A = np.dot(S, S.T)
    assert telling.link(A, S) <= np.sqrt(link_error(A, S))


@st.composite
def hard_pools_of_cliques(draw):
    """Draw disjoint cliques with every loop, and the assignment that names them."""
    members = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    A = block_diag(*[np.ones((n, n)) for n in members])
    S = np.repeat(np.eye(len(members)), members, axis=0)
    order = draw(permutations(len(A)))
    return A[np.ix_(order, order)], S[order]


@BOTH
@given(case=hard_pools_of_cliques())
def test_link_loss_of_cliques_pooled_one_by_one_is_zero_and_flat(telling, case):
    """Laws L6, L8: exactly, for all terms are whole numbers."""
    A, S = case
    assert telling.link(A, S) == 0
    dS = grad(lambda S: telling.link(A, S))(S)
    np.testing.assert_array_equal(dS, np.zeros_like(S))


@BOTH
@given(S=sizes.flatmap(assignments))
def test_link_loss_is_flat_where_the_graph_is_s_s_transposed(telling, S):
    """Law L8: up to sqrt(2^-52), for the loss there is the root of rounding."""
    dS = grad(lambda S_free: telling.link(np.dot(S, S.T), S_free))(S)
    assert np.max(np.abs(dS), initial=0.0) <= 1e-7 * (1 + np.sum(S**2))


@BOTH
@given(case=poolings(directed=True))
def test_the_slope_of_the_link_loss_is_finite_everywhere(telling, case):
    """Law L8: dL = -(M + M^T) S / ||M||, M = A - S S^T, is at most 2 ||S||."""
    A, _, S = case
    dS = grad(lambda S: telling.link(A, S))(S)
    L_link, rounding = telling.link(A, S), np.sqrt(link_error(A, S))
    assert np.linalg.norm(dS) * L_link <= 2 * np.linalg.norm(S) * (L_link + rounding)
    assert np.all(np.isfinite(dS))


@given(case=poolings(directed=True), scale=st.sampled_from(["nodes", "entries"]))
def test_link_scales_divide_the_papers_value_by_a_power_of_n(case, scale):
    """Law L7."""
    A, _, S = case
    divisor = {"nodes": len(A), "entries": len(A) ** 2}[scale] or 1
    close(engine_link(A, S, scale), engine_link(A, S) / divisor)


@st.composite
def nearly_pooled_graphs(draw, dtype):
    """Draw S, and A = S S^T but for a relative 0 to 1e-2 in each entry."""
    S = draw(sizes.flatmap(assignments)).astype(dtype)
    most = draw(st.sampled_from([0.0, 1e-8, 1e-4, 1e-3, 1e-2]))
    off = draw(features(len(S), len(S), kinds=["real"], exponents=(0, 0)))
    A = np.dot(S, S.T).astype(np.float64) * (1 + most * off)
    return A.astype(dtype), S


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data())
def test_link_loss_is_within_its_stated_error(dtype, data):
    """Law L3: of the truth, in rational arithmetic; worst where A is near S S^T."""
    A, S = data.draw(nearly_pooled_graphs(dtype))
    A64, S64 = A.astype(np.float64), S.astype(np.float64)
    squared, truth = float(engine_link(A, S)) ** 2, exact_squared_link(A64, S64)
    rounding = 4 * np.finfo(dtype).eps * truth  # of the root, rounded and squared
    assert abs(squared - truth) <= link_error(A64, S64) + rounding


@given(data=st.data())
def test_link_loss_in_float32_sees_a_residual_of_a_thousandth(data):
    """Law L3: where the trace identity in float32 is all rounding.

    Relative 1e-3: the bound's 1e-13 of ||A||^2 is below 1e-6 of the squared loss.
    """
    S = data.draw(st.integers(1, 12).flatmap(assignments)).astype(np.float32)
    A = (np.dot(S, S.T) * np.float32(1.001)).astype(np.float32)
    truth = np.sqrt(exact_squared_link(A, S))
    np.testing.assert_allclose(engine_link(A, S), truth, rtol=1e-6)


@BOTH
@given(R=with_logits)
def test_entropy_lies_between_zero_and_log_k(telling, R):
    """Law E1."""
    L_ent = telling.entropy(R)
    assert 0 <= L_ent <= np.log(R.shape[1]) * (1 + 1e-12)


@BOTH
@given(S=sizes.flatmap(lambda n: assignments(n, kinds=["hard"])), gap=floats(750, 1e4))
def test_entropy_of_hard_rows_is_zero(telling, S, gap):
    """Law E2: exactly, once exp(-gap) underflows."""
    assert telling.entropy(gap * S) == 0


@BOTH
@given(R=with_logits)
def test_entropy_is_zero_only_for_hard_rows(telling, R):
    """Law E2: H(p) >= -log(max p) >= 1 - max p."""
    missing = np.mean(1 - telling.assign(R).max(axis=1)) if len(R) else 0.0
    assert telling.entropy(R) >= missing - 1e-15  # 1 - max p is rounded


@BOTH
@given(R=st.integers(1, 12).flatmap(lambda n: logits(n, bounds=(0.0, 1e-3, 1.0))))
def test_entropy_is_log_k_only_for_uniform_rows(telling, R):
    """Law E3: log K - H(p) >= ||p - 1/K||_1^2 / 2 (Pinsker), and = at uniform."""
    K = R.shape[1]
    distance = np.mean(np.sum(np.abs(telling.assign(R) - 1 / K), axis=1) ** 2)
    assert np.log(K) - telling.entropy(R) >= distance / 2 - 1e-14  # ulps of log K
    close(telling.entropy(0.0 * R), np.log(K))


@BOTH
@given(data=st.data(), share=floats(0.0, 1.0))
def test_entropy_is_concave(telling, data, share):
    """Law E5: mixing two assignments loses no entropy."""
    N, K = data.draw(sizes), data.draw(st.integers(1, 6))
    S, T = (data.draw(assignments(N, K, kinds=["soft"])) for _ in range(2))
    mixed = telling.entropy(np.log(share * S + (1 - share) * T))
    apart = share * telling.entropy(np.log(S))
    apart += (1 - share) * telling.entropy(np.log(T))
    assert mixed >= apart - 1e-14  # ulps of log K


@BOTH
@underflowing
@given(R=with_logits)
def test_the_slope_of_the_entropy_is_finite_everywhere(telling, R):
    """Law E6: at one-hot rows, at logits of +-1e4, at softmaxes that underflow."""
    assert np.all(np.isfinite(grad(telling.entropy)(R)))


@BOTH
@given(R=with_logits)
def test_the_slope_of_the_entropy_vanishes_at_hard_rows(telling, R):
    """Law E6: dH/dR_k = -p_k (log p_k + H), which tends to 0 with every p."""
    hard = np.where(R == R.max(axis=1, keepdims=True), 1e4, -1e4)
    assume(np.all(np.sum(hard > 0, axis=1) == 1))
    np.testing.assert_array_equal(grad(telling.entropy)(hard), np.zeros_like(R))


@BOTH
@given(A=adjacencies(directed=True))
def test_the_losses_of_one_cluster_are_constant(telling, A):
    """Laws E2, L8 at K = 1: whatever the logits, S is a column of ones."""
    R = np.zeros((len(A), 1))
    slope = grad(lambda R: telling.link(A, telling.assign(R)) + telling.entropy(R))(R)
    np.testing.assert_array_equal(slope, np.zeros_like(R))
