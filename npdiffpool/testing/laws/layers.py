"""Laws of layers: equation 2, sage, s2v, batch norm, l2 normalisation."""

from __future__ import annotations

import numpy as np

from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import models as cases

EXACT = ("float64",)


@law("G1", "equation 2: A_hat is similar to a row-stochastic matrix", cases.undirected)
def propagation_has_its_spectrum_within_minus_one_and_one(propagation, A, rtol):
    """The eigenvalues of A_hat lie in [-1, 1]: propagation cannot diverge."""
    spectrum = np.linalg.eigvalsh(propagation(A))
    assert np.all(np.abs(spectrum) <= 1 + rtol), f"{spectrum} is not in [-1, 1]"


@law("G2", "equation 2: D~^-1/2 (A + I) 1 = D~^1/2 1", cases.undirected)
def propagation_keeps_the_root_of_the_degrees(propagation, A, rtol):
    """A_hat sqrt(deg) = sqrt(deg), where deg includes the added self-loop."""
    root = np.sqrt(A.sum(axis=1) + 1)
    np.testing.assert_allclose(propagation(A) @ root, root, rtol)


@law("G3", "proposition 1", cases.with_seed("nodes", directed=True), dtypes=EXACT)
def a_layer_follows_node_order(equivariant, A, X, seed, nodes, rtol):
    """Permuting the nodes permutes the rows of a layer's output."""
    H = equivariant(seed, A, X)
    H_permuted = equivariant(seed, A[np.ix_(nodes, nodes)], X[nodes])
    scale = np.abs(H).max(initial=0) + 1e-3 * np.abs(X).max(initial=0)
    np.testing.assert_allclose(H_permuted, H[nodes], rtol, rtol * scale)


@law("G4", "equation 2; in GraphSAGE the empty mean is zero", cases.with_isolated_node)
def a_node_without_edges_sees_only_itself(layer, A, X, seed, lone, rtol):
    """A node without edges has the same output as if alone, and no output is NaN."""
    H = layer(seed, A, X)
    alone = layer(seed, np.zeros_like(A[:1, :1]), X[lone : lone + 1])[0]
    scale = np.abs(alone).max() + np.abs(X[lone]).max()
    np.testing.assert_allclose(H[lone], alone, rtol, rtol * scale)
    assert np.all(np.isfinite(H)), f"H must be finite; got {H}"


@a_node_without_edges_sees_only_itself.also(cases.with_isolated_node)
def _the_mean_over_no_neighbours_is_zero(neighbour_mean, A, X, lone, rtol):
    weights = neighbour_mean(A)
    linked = (A.sum(axis=1) > 0).astype(A.dtype)
    np.testing.assert_allclose(weights.sum(axis=1), linked, rtol)


@law("G5", "equation 2: row i of A_hat depends on i and neighbours", cases.changed)
def one_layer_sees_one_hop(layer, A, X, X_new, seed, depth, seen):
    """A change at a node has no effect farther away, in hops, than there are layers."""
    before, after = X, X_new
    for _ in range(depth):
        before, after = layer(seed, A, before), layer(seed, A, after)
    np.testing.assert_array_equal(before[~seen], after[~seen])


@law("G6", "arXiv 1502.03167, algorithm 1", cases.rows, dtypes=EXACT)
def batch_norm_standardises_each_feature_over_the_nodes(standardize, H):
    """Batch norm gives features of mean 0, variance 1, and is affine at evaluation.

    With the epsilon the variance is v / (v + 1e-5), and a rounding error of H grows
    by up to 1 / sqrt(1e-5). At evaluation the moments are fixed.
    """
    Y, v = standardize(H), H.var(axis=0)
    atol = 1e-12 * (1 + np.abs(H).max())
    np.testing.assert_allclose(Y.mean(axis=0), np.zeros(H.shape[1]), atol=atol)
    np.testing.assert_allclose(Y.var(axis=0), v / (v + 1e-5), rtol=1e-9, atol=atol)


@batch_norm_standardises_each_feature_over_the_nodes.also(cases.rows, dtypes=EXACT)
def _batch_norm_at_evaluation_is_a_fixed_affine_map(
    evaluate_norm, H, H_new, seed, share, rtol
):
    mixed = evaluate_norm(seed, share * H + (1 - share) * H_new)
    expected = share * evaluate_norm(seed, H) + (1 - share) * evaluate_norm(seed, H_new)
    scale = 10 + np.abs(H).max() + np.abs(H_new).max()
    np.testing.assert_allclose(mixed, expected, rtol, rtol * scale)
    alone, among = evaluate_norm(seed, H[:1]), evaluate_norm(seed, H)[:1]
    np.testing.assert_allclose(alone, among, rtol, rtol * scale)
