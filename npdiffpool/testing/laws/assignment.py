"""Laws of the assignment S = softmax(R), equation 6."""

from __future__ import annotations

import numpy as np

from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import models as model_cases
from npdiffpool.testing.laws.cases import pooling as cases
from npdiffpool.testing.profiles import (
    CLUSTER_ORDER,
    NODE_ORDER,
    NON_NEGATIVE,
    ROWS,
    SOFTMAX,
)

EXACT = ("float64",)


@law("A1", "equation 6: a softmax by rows", cases.step(), needs=(ROWS,))
def rows_of_the_assignment_sum_to_one(pool, A, R, Z, rtol):
    """The rows of S sum to one: every node is fully assigned."""
    S = pool(A, R, Z).S
    np.testing.assert_allclose(S.sum(axis=1), np.ones(len(A)), rtol=rtol)


OF_EXPONENTIALS = "equation 6: an exponential over a sum"


@law("A2", OF_EXPONENTIALS, cases.step(), needs=(NON_NEGATIVE,))
def assignments_are_finite_and_not_negative(pool, A, R, Z):
    """S is non-negative, and all outputs are finite, for all finite logits."""
    large = 1e4 / max(np.abs(R).max(), 1)
    for logits in (R, R * R.dtype.type(large)):
        S = pool(A, logits, Z).S
        assert np.all(np.isfinite(S)), f"S must be finite; got {S}"
        assert np.all(S >= 0), f"S must be non-negative; got {S}"


@assignments_are_finite_and_not_negative.also(cases.step())
def _all_outputs_are_finite(pool, A, R, Z):
    losses = ("link", "entropy", "cut", "orthogonality", "modularity", "collapse")
    large = 1e4 / max(np.abs(R).max(), 1)
    for pooled in (pool(A, R, Z), pool(A, R * R.dtype.type(large), Z)):
        for name in ("A", "X", "S", *losses):
            value = getattr(pooled, name, None)
            if value is not None:
                assert np.all(np.isfinite(value)), f"{name} must be finite; got {value}"


@law("A3", "equation 6: e^c cancels", cases.step("shift"), needs=(SOFTMAX,))
def a_shift_of_a_row_of_logits_changes_nothing(pool, A, R, Z, shift, rtol):
    """Adding a constant to a row of logits does not change S."""
    S, S_shifted = pool(A, R, Z).S, pool(A, R + shift, Z).S
    rounding = np.finfo(R.dtype).eps * np.abs(R + shift).max()
    np.testing.assert_allclose(S_shifted, S, rtol=rtol, atol=4 * rounding)


@law("A4", "proposition 1", cases.step("nodes"), needs=(NODE_ORDER,))
def the_assignment_follows_node_order(pool, A, R, Z, nodes, rtol):
    """Permuting the nodes permutes the rows of S: S(P A P^T, P X) = P S(A, X)."""
    S = pool(A, R, Z).S
    S_permuted = pool(A[np.ix_(nodes, nodes)], R[nodes], Z[nodes]).S
    np.testing.assert_allclose(S_permuted, S[nodes], rtol=rtol, atol=rtol)


@the_assignment_follows_node_order.also(model_cases.with_seed("nodes"), dtypes=EXACT)
def _the_gnn_of_the_assignment_follows_node_order(assigner, A, X, seed, nodes, rtol):
    S = assigner(seed, A, X)
    S_permuted = assigner(seed, A[np.ix_(nodes, nodes)], X[nodes])
    np.testing.assert_allclose(S_permuted, S[nodes], rtol=rtol, atol=rtol)


@law("A5", "equation 6", cases.step("clusters"), needs=(CLUSTER_ORDER,))
def the_assignment_follows_cluster_order(pool, A, R, Z, clusters, rtol):
    """Permuting the columns of the logits permutes the columns of S."""
    S, S_renamed = pool(A, R, Z).S, pool(A, R[:, clusters], Z).S
    np.testing.assert_allclose(S_renamed, S[:, clusters], rtol=rtol, atol=rtol)


@the_assignment_follows_cluster_order.also(
    model_cases.with_seed("clusters"), dtypes=EXACT
)
def _permuted_output_weights_permute_the_columns(assigner, A, X, seed, clusters, rtol):
    S, S_renamed = assigner(seed, A, X), assigner(seed, A, X, clusters)
    np.testing.assert_allclose(S_renamed, S[:, clusters], rtol=rtol, atol=rtol)


@law("A6", "equation 6 at K = 1", cases.step(), needs=(SOFTMAX,))
def one_cluster_takes_every_node(pool, A, R, Z):
    """With one cluster, S is exactly a column of ones."""
    S = pool(A, R[:, :1].copy(), Z).S
    np.testing.assert_array_equal(S, np.ones((len(A), 1)))


@law("A7", "equation 6", cases.step("gap"), needs=(SOFTMAX,))
def growing_logits_tend_to_the_one_hot_row(pool, A, R, Z, gap, rtol):
    """S is softmax(R): as R is scaled up, its rows tend to the one-hot argmax.

    If logits differ by a gap, the other entries sum to at most (K - 1) exp(-gap).
    """
    K = R.shape[1]
    order = R.argsort(axis=1, kind="stable").argsort(axis=1).astype(R.dtype)
    S = pool(A, gap * order, Z).S
    rest = np.where(order == K - 1, 0, S).sum(axis=1)
    most = (K - 1) * np.exp(-gap) * (1 + rtol) + np.finfo(S.dtype).tiny
    assert np.all(rest <= most), f"other entries sum to {rest}, not <= {most}"
    np.testing.assert_allclose(S.max(axis=1), 1 - rest, rtol=rtol)


@growing_logits_tend_to_the_one_hot_row.also(cases.step(), needs=(SOFTMAX,))
def _the_assignment_is_the_softmax_of_the_logits(pool, A, R, Z, rtol):
    E = np.exp(R - R.max(axis=1, keepdims=True))
    expected = E / E.sum(axis=1, keepdims=True)
    rounding = np.finfo(R.dtype).eps * np.abs(R).max()
    np.testing.assert_allclose(pool(A, R, Z).S, expected, rtol, 4 * rounding)


COLOURS = "equations 5 and 6 depend on 1-WL colours only"


@law("A8", COLOURS, cases.alike, needs=(NODE_ORDER,))
def nodes_that_1_wl_cannot_tell_apart_are_assigned_alike(pool, A, colours, table, rtol):
    """Nodes that the 1-WL test cannot distinguish get equal rows of S, or of H."""
    S = pool(A, table[colours], table[colours]).S
    first = [np.flatnonzero(colours == colour)[0] for colour in colours]
    np.testing.assert_allclose(S, S[first], rtol=rtol, atol=rtol)


def small(least, most):
    """Return cases of small graphs: rounding errors grow with the sums of a GNN."""
    return cases.alike(least, min(most, 8))


@nodes_that_1_wl_cannot_tell_apart_are_assigned_alike.also(small, dtypes=EXACT)
def _the_gnn_assigns_them_alike(assigner, A, colours, table, seed, rtol):
    S = assigner(seed, A, np.ones((len(A), 2)))
    first = [np.flatnonzero(colours == colour)[0] for colour in colours]
    np.testing.assert_allclose(S, S[first], rtol=rtol, atol=rtol)
