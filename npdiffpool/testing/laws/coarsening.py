"""Laws of coarsening: X' = S^T Z and A' = S^T A S, equations 3 and 4."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from npdiffpool.testing.check import Case
from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import pooling as cases
from npdiffpool.testing.profiles import (
    CLUSTER_ORDER,
    EMPTY_GRAPHS,
    NODE_ORDER,
    ROWS,
    SOFTMAX,
    SUM_A,
    SUM_X,
)

SUMS = (SUM_A, SUM_X)
CHOSEN = ("softmax", *SUMS)  # the check chooses S by choosing R


@law("C1", "equation 3, as rows of S sum to one", cases.step(), needs=(ROWS, SUM_X))
def total_feature_mass_survives_pooling(pool, A, R, Z, rtol):
    """Pooling keeps the total of every feature: 1^T X' = 1^T Z."""
    X_pooled, scale = pool(A, R, Z).X, np.abs(Z).sum()
    total = Z.sum(axis=0)
    np.testing.assert_allclose(X_pooled.sum(axis=0), total, rtol, rtol * scale)


@law("C2", "equation 4, as rows of S sum to one", cases.step(), needs=(ROWS, SUM_A))
def total_edge_mass_survives_pooling(pool, A, R, Z, rtol):
    """Pooling keeps the total weight of the edges: 1^T A' 1 = 1^T A 1."""
    np.testing.assert_allclose(pool(A, R, Z).A.sum(), A.sum(), rtol)


@law("C3", "equation 4: (S^T A S)^T = S^T A^T S", cases.step())
def symmetric_graphs_stay_symmetric(pool, A, R, Z, rtol):
    """An undirected graph pools to an undirected graph: A = A^T gives A' = A'^T."""
    A_both = np.maximum(A, A.T)
    A_pooled = pool(A_both, R, Z).A
    np.testing.assert_allclose(A_pooled, A_pooled.T, rtol, rtol * A_both.sum())


EXACTLY = ("symmetric",)


@symmetric_graphs_stay_symmetric.also(cases.step(), needs=EXACTLY)
def _they_stay_exactly_symmetric(pool, A, R, Z):
    A_pooled = pool(np.maximum(A, A.T), R, Z).A
    np.testing.assert_array_equal(A_pooled, A_pooled.T)


@symmetric_graphs_stay_symmetric.also(cases.joined(), needs=EXACTLY)
def _they_stay_exactly_symmetric_beside_directed_graphs(batched, As, Rs, Zs):
    As = [A if g % 2 else A + A.T for g, A in enumerate(As)]
    for pooled in batched(As, Rs, Zs)[::2]:
        np.testing.assert_array_equal(pooled.A, pooled.A.T)


@law("C4", "equation 4: sums of products", cases.step())
def weights_stay_non_negative(pool, A, R, Z):
    """Non-negative edge weights stay non-negative: A >= 0 gives A' >= 0."""
    A_pooled = pool(A, R, Z).A
    assert np.all(A_pooled >= 0), f"A' must be non-negative; got {A_pooled}"


IDENTITY = "equation 4: x^T A' x = (S x)^T A (S x)"


@law("C5", IDENTITY, cases.step(), needs=(SUM_A,))
def positive_semidefinite_graphs_stay_so(pool, A, R, Z, rtol):
    """A positive semidefinite A gives a positive semidefinite A'."""
    M = A / max(A.sum(), 1)
    A_pooled = pool(M @ M.T, R, Z).A
    least = np.linalg.eigvalsh(A_pooled + A_pooled.T).min()
    bound = -rtol * np.trace(A_pooled)
    assert least >= bound, f"eigenvalues must be at least {bound}; got {least}"


@law("C6", "proposition 1", cases.step("nodes"), needs=(NODE_ORDER,))
def coarsening_ignores_node_order(pool, A, R, Z, nodes, rtol):
    """The order of nodes does not matter: P A P^T, P Z and P S give the same A', X'."""
    pooled = pool(A, R, Z)
    permuted = pool(A[np.ix_(nodes, nodes)], R[nodes], Z[nodes])
    np.testing.assert_allclose(permuted.A, pooled.A, rtol, rtol * A.sum())
    np.testing.assert_allclose(permuted.X, pooled.X, rtol, rtol * np.abs(Z).sum())


@coarsening_ignores_node_order.also(cases.joined("nodes"), needs=(NODE_ORDER,))
def _batches_ignore_node_order(batched, As, Rs, Zs, nodes, rtol):
    permuted = [As[0][np.ix_(nodes, nodes)]], [Rs[0][nodes]], [Zs[0][nodes]]
    before = batched(As, Rs, Zs)
    after = batched(*[new + old[1:] for new, old in zip(permuted, (As, Rs, Zs))])
    for g in range(len(As)):
        A, Z = As[g].sum(), np.abs(Zs[g]).sum()
        np.testing.assert_allclose(after[g].A, before[g].A, rtol, rtol * A)
        np.testing.assert_allclose(after[g].X, before[g].X, rtol, rtol * Z)


@law("C7", "equations 3 and 4", cases.step("clusters"), needs=(CLUSTER_ORDER,))
def coarsening_follows_cluster_order(pool, A, R, Z, clusters, rtol):
    """Permuting the columns of S permutes X' and A' accordingly."""
    pooled, renamed = pool(A, R, Z), pool(A, R[:, clusters], Z)
    A_expected, X_expected = pooled.A[np.ix_(clusters, clusters)], pooled.X[clusters]
    np.testing.assert_allclose(renamed.A, A_expected, rtol, rtol * A.sum())
    np.testing.assert_allclose(renamed.X, X_expected, rtol, rtol * np.abs(Z).sum())


@law("C8", "equations 3 and 4 at S = I", cases.step(), needs=CHOSEN)
def the_identity_assignment_changes_nothing(pool, A, Z, rtol):
    """With every node its own cluster nothing changes: S = I gives A' = A, X' = Z."""
    pooled = pool(A, np.where(np.eye(len(A)) > 0, 0, -1e4).astype(A.dtype), Z)
    np.testing.assert_allclose(pooled.A, A, rtol)
    np.testing.assert_allclose(pooled.X, Z, rtol)


@law("C9", "equations 3 and 4, twice", cases.step("R_2"), needs=CHOSEN)
def two_pools_equal_one_pool_by_the_product(pool, A, R, Z, R_2, rtol):
    """Pooling by S_1 and then by S_2 equals pooling once by S_1 S_2."""
    first = pool(A, R, Z)
    second = pool(first.A, R_2, first.X)
    tiny = np.finfo(R.dtype).tiny
    once = pool(A, np.log(np.maximum(first.S @ second.S, tiny)), Z)
    np.testing.assert_allclose(second.A, once.A, rtol, rtol * A.sum())
    np.testing.assert_allclose(second.X, once.X, rtol, rtol * np.abs(Z).sum())


@law("C10", "equations 3 and 4", cases.step(), needs=CHOSEN)
def a_hard_assignment_gives_block_sums(pool, A, R, Z, rtol):
    """A' = S^T A S and X' = S^T Z: sums over clusters, weighted by the shares in S."""
    own, K = R.argmax(axis=1), R.shape[1]
    pooled = pool(A, np.where(np.eye(K)[own] > 0, 0, -1e4).astype(A.dtype), Z)
    members = [np.flatnonzero(own == k) for k in range(K)]
    blocks = [[A[np.ix_(k, m)].sum() for m in members] for k in members]
    sums = [Z[k].sum(axis=0) for k in members]
    np.testing.assert_allclose(pooled.A, blocks, rtol)
    np.testing.assert_allclose(pooled.X, sums, rtol, rtol * np.abs(Z).sum())


@a_hard_assignment_gives_block_sums.also(cases.step(), needs=(SUM_A,))
def _any_assignment_gives_sums_of_weights(pool, A, R, Z, rtol):
    pooled = pool(A, R, Z)
    np.testing.assert_allclose(
        pooled.A, pooled.S.T @ A @ pooled.S, rtol, rtol * A.sum()
    )


@a_hard_assignment_gives_block_sums.also(cases.step(), needs=(SUM_X,))
def _any_assignment_gives_sums_of_features(pool, A, R, Z, rtol):
    pooled = pool(A, R, Z)
    scale = np.abs(Z).sum()
    np.testing.assert_allclose(pooled.X, pooled.S.T @ Z, rtol, rtol * scale)


@law("C11", "equations 3 and 4 at K = 1", cases.step(), needs=CHOSEN)
def one_cluster_holds_the_totals(pool, A, R, Z, rtol):
    """One cluster holds the totals: K = 1 gives A' = 1^T A 1 and X' = 1^T Z."""
    pooled, scale = pool(A, R[:, :1].copy(), Z), np.abs(Z).sum()
    np.testing.assert_allclose(pooled.A, [[A.sum()]], rtol)
    np.testing.assert_allclose(pooled.X, [Z.sum(axis=0)], rtol, rtol * scale)


@law("C12", "equations 3 and 4", cases.step("B", "Y", "times"), needs=CHOSEN)
def pooling_is_linear_in_graph_and_features(pool, A, R, Z, B, Y, times, rtol):
    """For a fixed S, A' is linear in A, and X' is linear in Z."""
    one, two = pool(A, R, Z), pool(B, R, Y)
    both = pool(A + times * B, R, Z + times * Y)
    tiny = np.finfo(A.dtype).tiny  # smaller products are rounded to zero
    A_scale = tiny + rtol * (A.sum() + times * B.sum())
    X_scale = tiny + rtol * (np.abs(Z).sum() + times * np.abs(Y).sum())
    np.testing.assert_allclose(both.A, one.A + times * two.A, rtol, A_scale)
    np.testing.assert_allclose(both.X, one.X + times * two.X, rtol, X_scale)


@law("C13", "equations 3 and 4: sums over nodes", cases.step("graph"), needs=CHOSEN)
def a_disjoint_union_pools_to_the_sum(pool, A, R, Z, graph, rtol):
    """The disjoint union of two graphs pools to the sum of their pooled graphs."""
    B, T, Y = graph
    between = np.zeros((len(A), len(B)), A.dtype)
    union = np.block([[A, between], [between.T, B]])
    one, two = pool(A, R, Z), pool(B, T, Y)
    both = pool(union, np.concatenate([R, T]), np.concatenate([Z, Y]))
    A_scale, X_scale = union.sum(), np.abs(Z).sum() + np.abs(Y).sum()
    np.testing.assert_allclose(both.A, one.A + two.A, rtol, rtol * A_scale)
    np.testing.assert_allclose(both.X, one.X + two.X, rtol, rtol * X_scale)


SILENT = (SOFTMAX, SUM_X)


@law(
    "C14", "equations 3 and 4: terms of zero", cases.step("place", "row"), needs=SILENT
)
def a_silent_node_changes_nothing(pool, A, R, Z, place, row, rtol):
    """A node with no edges and with zero features changes neither A' nor X'."""
    pooled = pool(A, R, Z)
    A_more = np.insert(np.insert(A, place, 0, axis=0), place, 0, axis=1)
    more = pool(A_more, np.insert(R, place, row, 0), np.insert(Z, place, 0, 0))
    np.testing.assert_allclose(more.A, pooled.A, rtol, rtol * A.sum())
    np.testing.assert_allclose(more.X, pooled.X, rtol, rtol * np.abs(Z).sum())


def without_nodes(least: int, most: int) -> st.SearchStrategy[Case]:
    """Return cases of one graph without nodes."""
    return cases.step()(0, 0)


def with_empty_graphs(least: int, most: int) -> st.SearchStrategy[Case]:
    """Return cases of one to six graphs, some of them without nodes."""
    return cases.joined()(0, most)


CLAIMED = (EMPTY_GRAPHS,)


@law("C15", "sums and means of no terms", without_nodes, needs=CLAIMED)
def a_graph_without_nodes_pools_to_zeros(pool, A, R, Z):
    """A graph without nodes pools to A' = 0 and X' = 0, and its losses are 0.

    S and the gradients have no rows. In a batch, other graphs stay as they are.
    """
    pooled, K = pool(A, R, Z), R.shape[1]
    np.testing.assert_array_equal(pooled.A, np.zeros((K, K)))
    np.testing.assert_array_equal(pooled.X, np.zeros((K, Z.shape[1])))
    seen = pooled.S.shape
    assert seen == R.shape, f"S must have the shape {R.shape}; got {seen}"


@a_graph_without_nodes_pools_to_zeros.also(without_nodes, needs=(*CLAIMED, "link"))
def _its_link_loss_is_zero(pool, A, R, Z):
    np.testing.assert_array_equal(pool(A, R, Z).link, 0)


@a_graph_without_nodes_pools_to_zeros.also(without_nodes, needs=(*CLAIMED, "entropy"))
def _its_entropy_is_zero(pool, A, R, Z):
    np.testing.assert_array_equal(pool(A, R, Z).entropy, 0)


@a_graph_without_nodes_pools_to_zeros.also(without_nodes, needs=CLAIMED)
def _its_gradients_have_no_rows(pool, vjp, A, R, Z):
    for name in ("A", "X", "S", "link", "entropy"):
        value = getattr(pool(A, R, Z), name, None)
        if value is not None:
            dR, dZ = vjp(A, R, Z, name, np.ones_like(value, R.dtype))
            seen, shapes = (dR.shape, dZ.shape), (R.shape, Z.shape)
            assert seen == shapes, f"{name}: dR, dZ must be {shapes}; got {seen}"


@a_graph_without_nodes_pools_to_zeros.also(with_empty_graphs, needs=CLAIMED)
def _it_does_so_in_a_batch_and_changes_no_other_graph(batched, As, Rs, Zs, rtol):
    together, kept = batched(As, Rs, Zs), [g for g, A in enumerate(As) if len(A) > 0]
    rest = [[items[g] for g in kept] for items in (As, Rs, Zs)]
    alone = dict(zip(kept, batched(*rest) if kept else []))
    seen = len(together)
    assert seen == len(As), f"batched must return {len(As)} results; got {seen}"
    for g, pooled in enumerate(together):
        K, A_scale, X_scale = Rs[g].shape[1], As[g].sum(), np.abs(Zs[g]).sum()
        A_expected = alone[g].A if g in alone else np.zeros((K, K))
        X_expected = alone[g].X if g in alone else np.zeros((K, Zs[g].shape[1]))
        np.testing.assert_allclose(pooled.A, A_expected, rtol, rtol * A_scale)
        np.testing.assert_allclose(pooled.X, X_expected, rtol, rtol * X_scale)
        seen, shape = pooled.S.shape, Rs[g].shape
        assert seen == shape, f"S of graph {g} must have the shape {shape}; got {seen}"


@a_graph_without_nodes_pools_to_zeros.also(with_empty_graphs, needs=(*CLAIMED, "link"))
def _it_adds_nothing_to_the_link_loss_of_a_batch(batched, As, Rs, Zs, rtol):
    rest = [[x for x in items if len(x) > 0] for items in (As, Rs, Zs)]
    together = [pooled.link for pooled in batched(As, Rs, Zs)]
    alone = [pooled.link for pooled in batched(*rest)] if rest[0] else [0]
    share, size = len(rest[0]) / len(As), 1 + max(map(np.linalg.norm, As))
    atol = max(rtol, 1e-7) * size
    means = np.mean(together), share * np.mean(alone)
    np.testing.assert_allclose(*means, rtol, atol, err_msg="link")


@a_graph_without_nodes_pools_to_zeros.also(
    with_empty_graphs, needs=(*CLAIMED, "entropy")
)
def _it_adds_nothing_to_the_entropy_of_a_batch(batched, As, Rs, Zs, rtol):
    rest = [[x for x in items if len(x) > 0] for items in (As, Rs, Zs)]
    together = [pooled.entropy for pooled in batched(As, Rs, Zs)]
    alone = [pooled.entropy for pooled in batched(*rest)] if rest[0] else [0]
    share = len(rest[0]) / len(As)
    means = np.mean(together), share * np.mean(alone)
    np.testing.assert_allclose(*means, rtol, rtol, err_msg="entropy")
