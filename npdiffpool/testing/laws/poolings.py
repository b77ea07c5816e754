"""Laws of poolings other than DiffPool: MinCutPool, DMoN, Top-K and Graclus.

A is symmetric where its degrees d = A 1 and their sum 2m = 1^T A 1 occur.
"""

from __future__ import annotations

import numpy as np

from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import pooling as cases
from npdiffpool.testing.profiles import (
    MEAN_X,
    NORMALIZED,
    OFF_DIAGONAL,
    TOP_NODES,
)

MINCUT = "Bianchi et al. 2020, arXiv 1907.00481"
DMON = "Tsitsulin et al. 2020, arXiv 2006.16904"
TOPK = "Gao and Ji 2019, arXiv 1905.05178"
undirected = cases.step(directed=False)


@law("P1", "pooling without self-loops", undirected, needs=(OFF_DIAGONAL,))
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


@law("P3", "average pooling: X' = S^T Z / S^T 1", cases.step(), needs=(MEAN_X,))
def features_are_means_over_clusters(pool, A, R, Z, rtol):
    """A row of X' is the mean of Z over a cluster; it is 0 if the cluster is empty.

    A cluster of negligible size is left out: a guard against 0 / 0 may act there.
    """
    pooled = pool(A, R, Z)
    size = pooled.S.sum(axis=0)[:, None]
    expected = pooled.S.T @ Z / np.where(size > 0, size, 1)
    kept = np.flatnonzero((size == 0) | (size > rtol * len(Z)))
    atol = rtol * np.abs(Z).sum()
    np.testing.assert_allclose(pooled.X[kept], expected[kept], rtol, atol)


@law("P4", TOPK, cases.step("nodes"), needs=(TOP_NODES,))
def the_best_nodes_are_kept_with_their_edges(pool, A, R, Z, nodes, rtol):
    """Cluster k is the node with the k-th largest R[:, 0]; A' has their edges.

    A node that is kept has a share in S that is finite, and not 0 unless its score is.
    If there are fewer nodes than clusters, the other clusters are empty or left out.
    """
    R = np.column_stack([nodes / len(A), R[:, 1:]]).astype(R.dtype)
    kept = np.argsort(-nodes)[: R.shape[1]]
    n, pooled = len(kept), pool(A, R, Z)
    np.testing.assert_allclose(pooled.A[:n, :n], A[np.ix_(kept, kept)], rtol)
    for part in (pooled.A[n:], pooled.A[:, n:]):
        assert not np.any(part), f"A' must be 0 past cluster {n}; got {pooled.A}"
    others = np.ones(pooled.S.shape, dtype=bool)
    others[kept, np.arange(n)] = False
    assert not np.any(pooled.S[others]), f"nodes kept: {kept}; got S = {pooled.S}"
    share, score = pooled.S[kept, np.arange(n)], R[kept, 0]
    is_valid = np.isfinite(share) & ((share != 0) | (score == 0))
    assert np.all(is_valid), f"S of nodes kept, by their scores {score}, is {share}"


CUT = MINCUT + ": L_c = -tr(S^T A S) / tr(S^T D S)"


@law("P5", CUT, undirected, needs=("cut",))
def the_cut_loss_compares_weight_within_clusters_with_degrees(pool, A, R, Z, rtol):
    """The cut loss is minus the weight within clusters over degrees, so in [-1, 0].

    Without edges, where it is 0 / 0, it may be any number in [-1, 0].
    """
    pooled = pool(A, R, Z)
    S, deg = pooled.S, A.sum(axis=1)
    assert -1 - rtol <= pooled.cut <= 0, f"the loss {pooled.cut} is not in [-1, 0]"
    if deg.sum() > 0:
        expected = -np.sum(S * (A @ S)) / np.sum(deg @ S**2)
        np.testing.assert_allclose(pooled.cut, expected, rtol)


ORTHOGONAL = MINCUT + ": L_o = ||S^T S / ||S^T S||_F - I / sqrt(K)||_F"


@law("P6", ORTHOGONAL, undirected, needs=("orthogonality",))
def the_orthogonality_loss_measures_overlap_and_unlike_sizes(pool, A, R, Z, rtol):
    """The orthogonality loss is 0 for equal hard clusters, else less than sqrt(2).

    Squares are compared, as they are exact where the loss is near 0.
    """
    pooled, K = pool(A, R, Z), R.shape[1]
    gram = pooled.S.T @ pooled.S
    residual = gram / np.linalg.norm(gram) - np.eye(K) / np.sqrt(K)
    square, most = np.sum(residual**2), 2 - 2 / np.sqrt(K)
    np.testing.assert_allclose(pooled.orthogonality**2, square, rtol, rtol)
    loss = pooled.orthogonality
    assert loss >= 0 and loss**2 <= most + rtol, f"{loss} is not in [0, {most}^0.5]"


MODULARITY = DMON + ": L = -tr(S^T (A - d d^T / 2m) S) / 2m"


@law("P7", MODULARITY, undirected, needs=("modularity",))
def the_modularity_loss_is_minus_the_modularity(pool, A, R, Z, rtol):
    """The modularity loss is minus the modularity of S, so at least 1 / K - 1.

    Without edges, where it is 0 / 0, it may be any number in [1 / K - 1, 1].
    """
    pooled = pool(A, R, Z)
    S, deg, total = pooled.S, A.sum(axis=1), A.sum()
    loss, least = pooled.modularity, 1 / S.shape[1] - 1
    assert least - rtol <= loss <= 1, f"the loss {loss} is not in [{least}, 1]"
    if total > 0:
        within = np.sum(S * (A @ S)) / total
        chance = np.sum((deg @ S / total) ** 2)
        np.testing.assert_allclose(pooled.modularity, chance - within, rtol, rtol)


COLLAPSE = DMON + ": L = sqrt(K) / n ||S^T 1|| - 1"


@law("P8", COLLAPSE, undirected, needs=("collapse",))
def the_collapse_loss_measures_unlike_sizes(pool, A, R, Z, rtol):
    """The collapse loss is 0 for clusters of equal size, sqrt(K) - 1 for only one."""
    pooled, (N, K) = pool(A, R, Z), R.shape
    norm = np.linalg.norm(pooled.S.sum(axis=0))
    expected = np.sqrt(K) / N * norm - 1
    np.testing.assert_allclose(pooled.collapse, expected, rtol, rtol * np.sqrt(K))


ALONE = "the losses of their papers are about one graph"


@law("P9", ALONE, cases.joined(), needs=("cut",))
def other_losses_of_a_batch_are_means(pool, batched, As, Rs, Zs, rtol):
    """Each of these losses of a batch is the mean of the losses of its graphs alone."""
    As = [A + A.T for A in As]
    alone = [pool(*graph).cut for graph in zip(As, Rs, Zs)]
    together = [pooled.cut for pooled in batched(As, Rs, Zs)]
    np.testing.assert_allclose(np.mean(together), np.mean(alone), rtol)


@other_losses_of_a_batch_are_means.also(cases.joined(), needs=("orthogonality",))
def _the_orthogonality_of_a_batch_is_the_mean(pool, batched, As, Rs, Zs, rtol):
    As = [A + A.T for A in As]
    alone = [pool(*graph).orthogonality for graph in zip(As, Rs, Zs)]
    together = [pooled.orthogonality for pooled in batched(As, Rs, Zs)]
    atol = np.sqrt(rtol)  # near 0, the loss is the root of a rounding error
    np.testing.assert_allclose(np.mean(together), np.mean(alone), rtol, atol)


@other_losses_of_a_batch_are_means.also(cases.joined(), needs=("modularity",))
def _the_modularity_of_a_batch_is_the_mean(pool, batched, As, Rs, Zs, rtol):
    As = [A + A.T for A in As]
    alone = [pool(*graph).modularity for graph in zip(As, Rs, Zs)]
    together = [pooled.modularity for pooled in batched(As, Rs, Zs)]
    np.testing.assert_allclose(np.mean(together), np.mean(alone), rtol, rtol)


@other_losses_of_a_batch_are_means.also(cases.joined(), needs=("collapse",))
def _the_collapse_of_a_batch_is_the_mean(pool, batched, As, Rs, Zs, rtol):
    As = [A + A.T for A in As]
    alone = [pool(*graph).collapse for graph in zip(As, Rs, Zs)]
    together = [pooled.collapse for pooled in batched(As, Rs, Zs)]
    atol = rtol * np.sqrt(Rs[0].shape[1])
    np.testing.assert_allclose(np.mean(together), np.mean(alone), rtol, atol)
