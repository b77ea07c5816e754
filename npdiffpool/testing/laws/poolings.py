"""Laws of poolings other than DiffPool: MinCutPool, DMoN, Top-K and Graclus.

A is symmetric here, as in their papers. d = A 1 are the degrees and 2m = 1^T A 1.
"""

from __future__ import annotations

import numpy as np

from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import pooling as cases
from npdiffpool.testing.profiles import (
    MEAN_X,
    NORMALIZED,
    OFF_DIAGONAL,
    SELU_X,
    TOP_NODES,
)

MINCUT = "Bianchi et al. 2020, arXiv 1907.00481"
DMON = "Tsitsulin et al. 2020, arXiv 2006.16904"
TOPK = "Gao and Ji 2019, arXiv 1905.05178"
undirected = cases.step(directed=False)


@law("P1", MINCUT + ", before normalisation", undirected, needs=(OFF_DIAGONAL,))
def links_within_clusters_are_left_out(pool, A, R, Z, rtol):
    """A' is S^T A S without its diagonal."""
    pooled = pool(A, R, Z)
    C = pooled.S.T @ A @ pooled.S
    np.fill_diagonal(C, 0)
    np.testing.assert_allclose(pooled.A, C, rtol, rtol * A.sum())


@law("P2", MINCUT + ": A' = D^-1/2 C D^-1/2", undirected, needs=(NORMALIZED,))
def the_pooled_graph_is_normalised(pool, A, R, Z, rtol):
    """A' is S^T A S without its diagonal, divided by the roots of both degrees.

    A cluster with a negligible degree is left out: a guard against 0 / 0 may act there.
    """
    pooled = pool(A, R, Z)
    C = pooled.S.T @ A @ pooled.S
    np.fill_diagonal(C, 0)
    deg = C.sum(axis=1)
    root = np.sqrt(np.where(deg > 0, deg, 1))
    kept = np.flatnonzero((deg == 0) | (deg > rtol * A.sum()))
    among, normalized = np.ix_(kept, kept), C / np.outer(root, root)
    np.testing.assert_allclose(pooled.A[among], normalized[among], rtol, rtol)


@law("P3", "X' = S^T Z / S^T 1", cases.step(), needs=(MEAN_X,))
def features_are_means_over_clusters(pool, A, R, Z, rtol):
    """A row of X' is the mean of Z over a cluster; it is 0 if the cluster is empty."""
    pooled = pool(A, R, Z)
    size = pooled.S.sum(axis=0)[:, None]
    expected = pooled.S.T @ Z / np.where(size > 0, size, 1)
    np.testing.assert_allclose(pooled.X, expected, rtol, rtol * np.abs(Z).sum())


@law("P4", DMON + ": X' = SELU(S^T Z)", cases.step(), needs=(SELU_X,))
def features_are_the_selu_of_sums(pool, A, R, Z, rtol):
    """X' is the SELU of S^T Z."""
    pooled = pool(A, R, Z)
    sums, scale = pooled.S.T @ Z, 1.0507009873554805
    below = 1.6732632423543772 * np.expm1(np.minimum(sums, 0))
    expected = scale * np.where(sums > 0, sums, below)
    np.testing.assert_allclose(pooled.X, expected, rtol, 2 * rtol * np.abs(Z).sum())


@law("P5", TOPK, cases.step("nodes"), needs=(TOP_NODES,))
def the_best_nodes_are_kept_with_their_edges(pool, A, R, Z, nodes, rtol):
    """Cluster k is the node with the k-th largest R[:, 0]; A' has their edges."""
    N, K = R.shape
    R = np.column_stack([nodes / max(N, 1), R[:, 1:]]).astype(R.dtype)
    kept = np.argsort(-nodes)[:K]
    pooled, among = pool(A, R, Z), np.zeros((K, K))
    among[: len(kept), : len(kept)] = A[np.ix_(kept, kept)]
    np.testing.assert_allclose(pooled.A, among, rtol)
    others = np.ones((N, K), dtype=bool)
    others[kept, np.arange(len(kept))] = False
    assert not np.any(pooled.S[others]), pooled.S


CUT = MINCUT + ": L_c = -tr(S^T A S) / tr(S^T D S)"


@law("P6", CUT, undirected, needs=("cut",))
def the_cut_loss_is_the_share_of_weight_within_clusters(pool, A, R, Z, rtol):
    """The cut loss is minus the share of degrees within clusters, so in [-1, 0]."""
    pooled = pool(A, R, Z)
    S, deg = pooled.S, A.sum(axis=1)
    assert -1 - rtol <= pooled.cut <= 0, pooled.cut
    if deg.sum() > 0:
        expected = -np.sum(S * (A @ S)) / np.sum(deg @ S**2)
        np.testing.assert_allclose(pooled.cut, expected, rtol)


ORTHOGONAL = MINCUT + ": L_o = ||S^T S / ||S^T S||_F - I / sqrt(K)||_F"


@law("P7", ORTHOGONAL, undirected, needs=("orthogonality",))
def the_orthogonality_loss_measures_unlike_sizes(pool, A, R, Z, rtol):
    """The orthogonality loss is 0 for hard clusters of equal size, else at most 2.

    Squares are compared, as they are exact where the loss is near 0.
    """
    pooled, K = pool(A, R, Z), R.shape[1]
    gram = pooled.S.T @ pooled.S
    residual = gram / np.linalg.norm(gram) - np.eye(K) / np.sqrt(K)
    square, most = np.sum(residual**2), 2 - 2 / np.sqrt(K)
    np.testing.assert_allclose(pooled.orthogonality**2, square, rtol, rtol)
    assert 0 <= pooled.orthogonality <= np.sqrt(most) + np.sqrt(rtol)


MODULARITY = DMON + ": L = -tr(S^T (A - d d^T / 2m) S) / 2m"


@law("P8", MODULARITY, undirected, needs=("modularity",))
def the_modularity_loss_is_minus_the_modularity(pool, A, R, Z, rtol):
    """The modularity loss is minus the modularity of S, so at least 1 / K - 1."""
    pooled = pool(A, R, Z)
    S, deg, total = pooled.S, A.sum(axis=1), A.sum()
    assert 1 / S.shape[1] - 1 - rtol <= pooled.modularity <= 1, pooled.modularity
    if total > 0:
        within = np.sum(S * (A @ S)) / total
        chance = np.sum((deg @ S / total) ** 2)
        np.testing.assert_allclose(pooled.modularity, chance - within, rtol, rtol)


COLLAPSE = DMON + ": L = sqrt(K) / n ||S^T 1|| - 1"


@law("P9", COLLAPSE, undirected, needs=("collapse",))
def the_collapse_loss_measures_unlike_sizes(pool, A, R, Z, rtol):
    """The collapse loss is 0 for clusters of equal size, sqrt(K) - 1 for only one."""
    pooled, (N, K) = pool(A, R, Z), R.shape
    norm = np.linalg.norm(pooled.S.sum(axis=0))
    expected = np.sqrt(K) / N * norm - 1
    np.testing.assert_allclose(pooled.collapse, expected, rtol, rtol * np.sqrt(K))


ALONE = "the losses of their papers are about one graph"


@law("P10", ALONE, cases.joined(), needs=("cut",))
def other_losses_of_a_batch_are_means(pool, batched, As, Rs, Zs, rtol):
    """Each of these losses of a batch is the mean of the losses of its graphs alone."""
    As = [A + A.T for A in As]
    together, alone = batched(As, Rs, Zs), [pool(*graph) for graph in zip(As, Rs, Zs)]
    for name in ("cut", "orthogonality"):
        means = [
            np.mean([getattr(p, name) for p in each]) for each in (together, alone)
        ]
        np.testing.assert_allclose(*means, rtol, np.sqrt(rtol), err_msg=name)


@other_losses_of_a_batch_are_means.also(cases.joined(), needs=("modularity",))
def _losses_of_dmon_are_means(pool, batched, As, Rs, Zs, rtol):
    As = [A + A.T for A in As]
    together, alone = batched(As, Rs, Zs), [pool(*graph) for graph in zip(As, Rs, Zs)]
    for name in ("modularity", "collapse"):
        means = [
            np.mean([getattr(p, name) for p in each]) for each in (together, alone)
        ]
        np.testing.assert_allclose(*means, rtol, rtol, err_msg=name)
