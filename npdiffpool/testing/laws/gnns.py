"""Checks of laws on a given message-passing layer or model.

They are further checks of the laws in the other modules. A layer ``gnn_layer(A, X)``
or a model ``classifier(A, X)`` contains its parameters; those of the other modules take
a seed of parameters. Tolerances are relative to the largest finite output, at least 1.
"""

from __future__ import annotations

import numpy as np

from npdiffpool.testing.laws import assignment, gradients, layers, losses, models
from npdiffpool.testing.laws.cases import gnns as cases

EXACT = ("float64",)
__all__: list[str] = []  # no new laws

# A message-passing layer


@layers.a_layer_follows_node_order.also(cases.in_another_order, dtypes=EXACT)
def _a_given_layer_follows_node_order(gnn_layer, A, X, nodes, rtol):
    H = gnn_layer(A, X)
    H_permuted = gnn_layer(A[np.ix_(nodes, nodes)], X[nodes])
    atol = rtol * np.abs(H[np.isfinite(H)]).max(initial=1)
    np.testing.assert_allclose(H_permuted, H[nodes], rtol, atol)


@layers.a_node_without_edges_sees_only_itself.also(
    cases.with_isolated_node, dtypes=EXACT
)
def _in_a_given_layer_a_node_without_edges_sees_only_itself(
    gnn_layer, A, X, lone, rtol
):
    H = gnn_layer(A, X)
    alone = gnn_layer(np.zeros_like(A[:1, :1]), X[lone : lone + 1])[0]
    assert np.all(np.isfinite(H)), f"H must be finite; got {H}"
    np.testing.assert_allclose(
        H[lone], alone, rtol, rtol * np.abs(H[np.isfinite(H)]).max(initial=1)
    )


@layers.one_layer_sees_one_hop.also(cases.changed, dtypes=EXACT)
def _a_given_layer_sees_its_hops(gnn_layer, hops, A, X, X_new, distance, rtol):
    before, after, far = gnn_layer(A, X), gnn_layer(A, X_new), distance > hops
    atol = rtol * np.abs(before[np.isfinite(before)]).max(initial=1)
    np.testing.assert_allclose(after[far], before[far], rtol, atol)


@assignment.nodes_that_1_wl_cannot_tell_apart_are_assigned_alike.also(
    cases.alike, dtypes=EXACT
)
def _a_given_layer_treats_them_alike(gnn_layer, A, X, colours, rtol):
    H = gnn_layer(A, X)
    first = [np.flatnonzero(colours == colour)[0] for colour in colours]
    np.testing.assert_allclose(
        H, H[first], rtol, rtol * np.abs(H[np.isfinite(H)]).max(initial=1)
    )


@losses.other_graphs_leave_a_graph_as_it_is.also(cases.side_by_side, dtypes=EXACT)
def _a_given_layer_treats_components_separately(gnn_layer, A, X, B, Y, rtol):
    between = np.zeros((len(A), len(B)))
    union = np.block([[A, between], [between.T, B]])
    H = gnn_layer(union, np.concatenate([X, Y]))
    alone = np.concatenate([gnn_layer(A, X), gnn_layer(B, Y)])
    np.testing.assert_allclose(
        H, alone, rtol, rtol * np.abs(H[np.isfinite(H)]).max(initial=1)
    )


@gradients.gradients_are_derivatives.also(cases.generic, dtypes=EXACT)
def _the_gradient_of_a_given_layer_is_its_derivative(
    gnn_layer, layer_vjp, A, X, X_step
):
    """Compare directional derivatives, from five points.

    G is 0 at outputs whose derivatives from both sides differ: a ReLU's kink is near.
    """
    h = 1e-4
    a, b, H, c, d = (gnn_layer(A, X + k * h * X_step) for k in (-2, -1, 0, 1, 2))
    left, right = (3 * H - 4 * b + a) / (2 * h), (4 * c - 3 * H - d) / (2 * h)
    is_smooth = np.abs(right - left) < 1e-5 * (1 + np.abs(H).max())
    G = is_smooth * np.cos(np.arange(H.size)).reshape(H.shape)
    expected = np.sum(G * (8 * (c - b) - (d - a)) / (12 * h))
    actual = np.sum(layer_vjp(A, X, G) * X_step)
    np.testing.assert_allclose(actual, expected, 1e-8, 1e-10 * (1 + np.abs(H).sum()))


@gradients.values_and_gradients_keep_the_precision.also(cases.graph)
def _a_given_layer_keeps_the_precision(gnn_layer, A, X):
    H = gnn_layer(A, X)
    assert H.dtype == X.dtype, f"H is {H.dtype} of {X.dtype}"


@gradients.arguments_are_neither_modified_nor_returned.also(cases.graph)
def _a_given_layer_writes_nothing_in_place(gnn_layer, A, X):
    inputs, H = [A.copy(), X.copy()], gnn_layer(A, X)
    shared = [np.shares_memory(H, array) for array in (A, X)]
    assert not any(shared), f"H shares memory with A or X: {shared}"
    kept = H.copy()
    gnn_layer(2 * A, -X)  # must not write into the first result
    for seen, expected in zip((A, X, H, gnn_layer(A, X)), (*inputs, kept, kept)):
        np.testing.assert_array_equal(seen, expected)


# A model


@models.a_model_ignores_node_order.also(cases.in_another_order, dtypes=EXACT)
def _a_given_model_ignores_node_order(classifier, A, X, nodes, rtol):
    logits = classifier(A, X)
    assert np.all(np.isfinite(logits)), f"logits must be finite; got {logits}"
    permuted = classifier(A[np.ix_(nodes, nodes)], X[nodes])
    atol = rtol * np.abs(logits[np.isfinite(logits)]).max(initial=1)
    np.testing.assert_allclose(permuted, logits, rtol, atol)


@models.graphs_that_1_wl_cannot_tell_apart_get_equal_logits.also(
    cases.pairs, dtypes=EXACT
)
def _a_given_model_gives_them_equal_logits(classifier, A, B, X, rtol):
    one, two = classifier(A, X), classifier(B, X)
    np.testing.assert_allclose(
        one, two, rtol, rtol * np.abs(one[np.isfinite(one)]).max(initial=1)
    )


@losses.the_order_of_graphs_does_not_matter.also(cases.batch, dtypes=EXACT)
def _the_logits_of_a_given_model_follow_them(classify_batch, As, Xs, graphs, rtol):
    logits = classify_batch(As, Xs)
    permuted = classify_batch([As[g] for g in graphs], [Xs[g] for g in graphs])
    atol = rtol * np.abs(logits[np.isfinite(logits)]).max(initial=1)
    np.testing.assert_allclose(permuted, logits[graphs], rtol, atol)


@losses.other_graphs_leave_a_graph_as_it_is.also(cases.batch, dtypes=EXACT)
def _they_leave_its_logits_as_they_are(classifier, classify_batch, As, Xs, rtol):
    together = classify_batch(As, Xs)
    alone = np.stack([classifier(A, X) for A, X in zip(As, Xs)])
    np.testing.assert_allclose(
        together, alone, rtol, rtol * np.abs(alone[np.isfinite(alone)]).max(initial=1)
    )


@gradients.values_and_gradients_keep_the_precision.also(cases.graph)
def _a_given_model_keeps_the_precision(classifier, A, X):
    logits = classifier(A, X)
    assert logits.dtype == X.dtype, f"logits are {logits.dtype} of {X.dtype}"


@gradients.arguments_are_neither_modified_nor_returned.also(cases.graph)
def _a_given_model_writes_nothing_in_place(classifier, A, X):
    inputs, logits = [A.copy(), X.copy()], classifier(A, X)
    kept = logits.copy()
    classifier(2 * A, -X)  # must not write into the first result
    outputs = (logits, classifier(A, X))
    for seen, expected in zip((A, X, *outputs), (*inputs, kept, kept)):
        np.testing.assert_array_equal(seen, expected)
    shared = [np.shares_memory(logits, array) for array in (A, X)]
    assert not any(shared), f"logits share memory with A or X: {shared}"


@gradients.arguments_are_neither_modified_nor_returned.also(cases.batch)
def _a_given_model_writes_nothing_into_a_batch(classify_batch, As, Xs):
    arrays = [*As, *Xs]
    copies, logits = [array.copy() for array in arrays], classify_batch(As, Xs)
    np.testing.assert_array_equal(classify_batch(As, Xs), logits)
    for i, (array, copy) in enumerate(zip(arrays, copies)):
        np.testing.assert_array_equal(array, copy)
        shared = np.shares_memory(logits, array)
        assert not shared, f"logits share memory with array {i} of (*As, *Xs)"
