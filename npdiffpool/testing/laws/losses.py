"""Laws of the two losses of section 3.3, on one graph and on a batch."""

from __future__ import annotations

import numpy as np

from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import pooling as cases

LINK, ENTROPY = ("link",), ("entropy",)
SOFTMAX_LINK = ("softmax", "link")  # the check chooses S by choosing R
SOFTMAX_ENTROPY = ("softmax", "entropy")
OF_LINK, OF_ENTROPY = "section 3.3, ||A - S S^T||_F", "section 3.3, mean of H(S_i)"


@law("L1", OF_LINK, cases.step(), needs=LINK)
def link_loss_is_the_norm_of_the_residual(pool, A, R, Z, rtol):
    """The link loss is the paper's value, ||A - S S^T||_F.

    Squares are compared, as they are exact where A and S S^T cancel.
    """
    pooled = pool(A, R, Z)
    square = np.sum((A - pooled.S @ pooled.S.T) ** 2)
    size = np.sum(A**2) + np.sum((pooled.S @ pooled.S.T) ** 2)
    np.testing.assert_allclose(pooled.link**2, square, rtol, rtol * size)


@law("L2", OF_LINK + ": a norm", cases.step(), needs=LINK)
def link_loss_is_positive_where_there_is_a_residual(pool, A, R, Z, rtol):
    """The link loss is non-negative, and zero if and only if A = S S^T."""
    pooled = pool(A, R, Z)
    square = np.sum((A - pooled.S @ pooled.S.T) ** 2)
    size = np.sum(A**2) + np.sum((pooled.S @ pooled.S.T) ** 2)
    L_link, may_be_zero = pooled.link, square <= rtol * size
    assert L_link > 0 or may_be_zero and L_link == 0, f"{L_link}^2 is not {square}"


@link_loss_is_positive_where_there_is_a_residual.also(
    cases.products, needs=SOFTMAX_LINK
)
def _link_loss_vanishes_where_there_is_no_residual(pool, A, R, Z, rtol):
    L_link = pool(A, R, Z).link
    assert 0 <= L_link <= rtol, f"the link loss must be 0; got {L_link}"


@law("L3", OF_LINK + ", and its rounding", cases.nearly_products, needs=LINK)
def link_loss_is_within_its_stated_error(pool, R, off, most):
    """The rounding error of the link loss is bounded, also near A = S S^T.

    The error of its square is at most 4 (n + K) (u64 T + 2 u L sqrt(T) + u^2 T), for
    the trace identity in float64 or the residual itself; T is the sum of the
    identity's terms, u the unit roundoff of the input, u64 = 2^-53.
    """
    S = pool(np.abs(off), R, R).S
    A = (S @ S.T * np.maximum(1 + most * off, 0)).astype(R.dtype)
    pooled = pool(A, R, R)
    S = pooled.S
    S64, A64, u = S.astype("float64"), A.astype("float64"), np.finfo(R.dtype).eps / 2
    square = np.sum((A64 - S64 @ S64.T) ** 2)
    size = np.sum(A64**2) + 2 * np.sum(A64 * (S64 @ S64.T)) + np.sum((S64.T @ S64) ** 2)
    bound = 2.0**-53 * size + 2 * u * np.sqrt(square * size) + u**2 * size
    error = abs(np.float64(pooled.link) ** 2 - square)
    bound *= 4 * sum(S.shape)
    assert error <= bound, f"the error of link^2 must be <= {bound}; got {error}"


@law("L4", OF_LINK, cases.step("nodes"), needs=LINK)
def link_loss_ignores_node_order(pool, A, R, Z, nodes, rtol):
    """The order of nodes does not change the link loss."""
    pooled, size = pool(A, R, Z), len(A) + np.sum(A**2)
    permuted = pool(A[np.ix_(nodes, nodes)], R[nodes], Z[nodes])
    np.testing.assert_allclose(permuted.link**2, pooled.link**2, rtol, rtol * size)


@law("L5", OF_LINK, cases.step("clusters"), needs=LINK)
def link_loss_ignores_cluster_order(pool, A, R, Z, clusters, rtol):
    """The order of clusters does not change the link loss."""
    pooled, size = pool(A, R, Z), len(A) + np.sum(A**2)
    renamed = pool(A, R[:, clusters], Z)
    np.testing.assert_allclose(renamed.link**2, pooled.link**2, rtol, rtol * size)


@law("L6", OF_LINK, cases.cliques, needs=SOFTMAX_LINK)
def link_loss_of_cliques_pooled_one_by_one_is_zero(pool, A, R, Z):
    """The link loss of disjoint cliques with self-loops, one cluster each, is 0."""
    L_link = pool(A, R, Z).link
    assert L_link == 0, f"the link loss must be 0; got {L_link}"


@law("L7", OF_LINK + ", divided by n and by n^2", cases.step())
def link_scales_divide_by_powers_of_n(scaled_link, A, R, rtol):
    """The scales "nodes" and "entries" are the paper's value divided by n and n^2."""
    L_link, n = scaled_link(A, R, "frobenius"), max(len(A), 1)
    np.testing.assert_allclose(scaled_link(A, R, "nodes"), L_link / n, rtol)
    np.testing.assert_allclose(scaled_link(A, R, "entries"), L_link / n**2, rtol)


@law("L8", OF_LINK + ": dL = -(M + M^T) S / L", cases.step(), needs=LINK)
def the_slope_of_the_link_loss_is_finite(pool, vjp, A, R, Z):
    """The gradient of the link loss is finite everywhere, and 0 where A = S S^T."""
    dR, dZ = vjp(A, R, Z, "link", np.ones((), R.dtype))
    for name, slope in {"dR": dR, "dZ": dZ}.items():
        assert np.all(np.isfinite(slope)), f"{name} must be finite; got {slope}"


@the_slope_of_the_link_loss_is_finite.also(cases.products, needs=SOFTMAX_LINK)
def _the_slope_of_the_link_loss_vanishes_with_it(pool, vjp, A, R, Z, rtol):
    dR, _ = vjp(A, R, Z, "link", np.ones((), R.dtype))
    np.testing.assert_allclose(dR, np.zeros_like(R), atol=rtol)


@law("E1", OF_ENTROPY, cases.step(), needs=ENTROPY)
def entropy_lies_between_zero_and_log_k(pool, A, R, Z, rtol):
    """The entropy loss, in nats per node, lies between 0 and log K."""
    L_ent, most = pool(A, R, Z).entropy, np.log(R.shape[1])
    assert -rtol <= L_ent <= most + rtol, f"entropy {L_ent} is not in [0, {most}]"


@law("E2", OF_ENTROPY + ": H(p) >= -log max p", cases.step(), needs=ENTROPY)
def entropy_is_zero_only_for_hard_rows(pool, A, R, Z, rtol):
    """The entropy loss is zero if and only if every row of S is one-hot."""
    pooled = pool(A, R, Z)
    missing, L_ent = np.mean(1 - pooled.S.max(axis=1)), pooled.entropy
    assert L_ent >= missing - rtol, f"the entropy must be >= {missing}; got {L_ent}"


@entropy_is_zero_only_for_hard_rows.also(cases.step(), needs=SOFTMAX_ENTROPY)
def _entropy_of_hard_rows_is_zero(pool, A, R, Z, rtol):
    one_hot = np.eye(R.shape[1])[R.argmax(axis=1)]
    L_ent = pool(A, np.where(one_hot > 0, 0, -1e4).astype(R.dtype), Z).entropy
    np.testing.assert_allclose(L_ent, 0, atol=rtol)


@law("E3", OF_ENTROPY + "; Pinsker's inequality", cases.step(), needs=ENTROPY)
def entropy_is_log_k_only_for_uniform_rows(pool, A, R, Z, rtol):
    """The entropy loss is log K if and only if every row of S is uniform."""
    pooled, K = pool(A, R, Z), R.shape[1]
    distance = np.mean(np.abs(pooled.S - 1 / K).sum(axis=1) ** 2)
    most, L_ent = np.log(K) - distance / 2, pooled.entropy
    assert L_ent <= most + rtol, f"the entropy must be <= {most}; got {L_ent}"


@entropy_is_log_k_only_for_uniform_rows.also(cases.step(), needs=SOFTMAX_ENTROPY)
def _entropy_of_uniform_rows_is_log_k(pool, A, R, Z, rtol):
    L_ent, expected = pool(A, np.zeros_like(R), Z).entropy, np.log(R.shape[1])
    np.testing.assert_allclose(L_ent, expected, rtol, rtol)


@law("E4", OF_ENTROPY, cases.step("nodes", "clusters"), needs=ENTROPY)
def entropy_ignores_node_and_cluster_order(pool, A, R, Z, nodes, clusters, rtol):
    """The order of nodes and the order of clusters do not change the entropy loss."""
    L_ent = pool(A, R, Z).entropy
    R_other = R[np.ix_(nodes, clusters)]
    permuted = pool(A[np.ix_(nodes, nodes)], R_other, Z[nodes])
    np.testing.assert_allclose(permuted.entropy, L_ent, rtol, rtol)


@law("E5", OF_ENTROPY + ": concave", cases.step("T", "share"), needs=SOFTMAX_ENTROPY)
def mixing_two_assignments_loses_no_entropy(pool, A, R, Z, T, share, rtol):
    """Entropy is concave: that of a mixture is at least the mean of the entropies."""
    one, two = pool(A, R, Z), pool(A, T, Z)
    mixed = pool(A, np.log(share * one.S + (1 - share) * two.S + 1e-30), Z)
    L_ent, apart = mixed.entropy, share * one.entropy + (1 - share) * two.entropy
    assert L_ent >= apart - rtol, f"the entropy must be >= {apart}; got {L_ent}"


@law("E6", OF_ENTROPY + ": dR = -p (log p + H)", cases.step(), needs=ENTROPY)
def the_slope_of_the_entropy_is_finite(pool, vjp, A, R, Z):
    """The gradient of the entropy is finite everywhere, and 0 at one-hot rows."""
    dR, dZ = vjp(A, R, Z, "entropy", np.ones((), R.dtype))
    for name, slope in {"dR": dR, "dZ": dZ}.items():
        assert np.all(np.isfinite(slope)), f"{name} must be finite; got {slope}"


@the_slope_of_the_entropy_is_finite.also(cases.step(), needs=SOFTMAX_ENTROPY)
def _the_slope_of_the_entropy_vanishes_at_hard_rows(pool, vjp, A, R, Z, rtol):
    one_hot = np.eye(R.shape[1])[R.argmax(axis=1)]
    R_hard = np.where(one_hot > 0, 0, -1e4).astype(R.dtype)
    dR, _ = vjp(A, R_hard, Z, "entropy", np.ones((), R.dtype))
    np.testing.assert_allclose(dR, np.zeros_like(R), atol=rtol)


@law("E7", OF_ENTROPY, cases.step(), needs=ENTROPY)
def entropy_is_the_mean_of_scipys(pool, A, R, Z, rtol):
    """The entropy loss is the mean of scipy.stats.entropy over the rows of S."""
    from scipy.stats import entropy

    pooled = pool(A, R, Z)
    expected = np.mean(entropy(pooled.S, axis=1))
    np.testing.assert_allclose(pooled.entropy, expected, rtol, rtol)


BATCH = "section 3, whose equations are all about one graph"


@law("B1", BATCH, cases.joined(), needs=LINK)
def the_loss_of_a_batch_is_the_mean_of_its_graphs(pool, batched, As, Rs, Zs, rtol):
    """The losses of a batch are the means of the losses of its graphs alone.

    The tolerance is 1e-7 of ||A||, as A and S S^T may cancel: the square root of a
    rounding error is about 1e-8.
    """
    together = [pooled.link for pooled in batched(As, Rs, Zs)]
    alone = [pool(*graph).link for graph in zip(As, Rs, Zs)]
    size = 1 + max(np.linalg.norm(A) for A in As)
    atol = max(rtol, 1e-7) * size
    means = np.mean(together), np.mean(alone)
    np.testing.assert_allclose(*means, rtol, atol, err_msg="link")


@the_loss_of_a_batch_is_the_mean_of_its_graphs.also(cases.joined(), needs=ENTROPY)
def _the_entropy_of_a_batch_is_the_mean(pool, batched, As, Rs, Zs, rtol):
    together = [pooled.entropy for pooled in batched(As, Rs, Zs)]
    alone = [pool(*graph).entropy for graph in zip(As, Rs, Zs)]
    means = np.mean(together), np.mean(alone)
    np.testing.assert_allclose(*means, rtol, rtol, err_msg="entropy")


@law("B2", BATCH, cases.joined("graphs"))
def the_order_of_graphs_does_not_matter(batched, As, Rs, Zs, graphs, rtol):
    """Reordering the graphs of a batch only reorders their results."""
    before = batched(As, Rs, Zs)
    after = batched(*[[items[g] for g in graphs] for items in (As, Rs, Zs)])
    seen = {len(before), len(after)}
    assert seen == {len(As)}, f"batched must return {len(As)} results; got {seen}"
    for pooled, g in zip(after, graphs):
        A_scale, X_scale = As[g].sum(), np.abs(Zs[g]).sum()
        np.testing.assert_allclose(pooled.A, before[g].A, rtol, rtol * A_scale)
        np.testing.assert_allclose(pooled.X, before[g].X, rtol, rtol * X_scale)
        np.testing.assert_allclose(pooled.S, before[g].S, rtol, rtol)


@the_order_of_graphs_does_not_matter.also(cases.joined("graphs"), needs=LINK)
def _their_link_losses_follow_them(batched, As, Rs, Zs, graphs, rtol):
    before = [pooled.link for pooled in batched(As, Rs, Zs)]
    after = batched(*[[items[g] for g in graphs] for items in (As, Rs, Zs)])
    expected, size = [before[g] for g in graphs], 1 + max(map(np.linalg.norm, As))
    seen, atol = [pooled.link for pooled in after], max(rtol, 1e-7) * size
    np.testing.assert_allclose(seen, expected, rtol, atol, err_msg="link")


@the_order_of_graphs_does_not_matter.also(cases.joined("graphs"), needs=ENTROPY)
def _their_entropies_follow_them(batched, As, Rs, Zs, graphs, rtol):
    before = [pooled.entropy for pooled in batched(As, Rs, Zs)]
    after = batched(*[[items[g] for g in graphs] for items in (As, Rs, Zs)])
    expected, seen = [before[g] for g in graphs], [pooled.entropy for pooled in after]
    np.testing.assert_allclose(seen, expected, rtol, rtol, err_msg="entropy")


@law("B3", BATCH, cases.joined())
def other_graphs_leave_a_graph_as_it_is(pool, batched, As, Rs, Zs, rtol):
    """A graph in a batch has the same results as alone."""
    together = batched(As, Rs, Zs)
    seen = len(together)
    assert seen == len(As), f"batched must return {len(As)} results; got {seen}"
    for g, pooled in enumerate(together):
        alone = pool(As[g], Rs[g], Zs[g])
        A_scale, X_scale = As[g].sum(), np.abs(Zs[g]).sum()
        np.testing.assert_allclose(pooled.A, alone.A, rtol, rtol * A_scale)
        np.testing.assert_allclose(pooled.X, alone.X, rtol, rtol * X_scale)
        np.testing.assert_allclose(pooled.S, alone.S, rtol, rtol)
