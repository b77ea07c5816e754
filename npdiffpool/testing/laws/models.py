"""Laws of whole models and of their training."""

from __future__ import annotations

import numpy as np

from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.laws.cases import models as cases

EXACT = ("float64",)


@law("M1", "proposition 1; invariant readouts", cases.with_seed("nodes"), dtypes=EXACT)
def a_model_ignores_node_order(model, A, X, seed, nodes, rtol):
    """The logits are finite and do not depend on the order of nodes."""
    logits = model(seed, A, X)
    assert np.all(np.isfinite(logits)), f"logits must be finite; got {logits}"
    permuted = model(seed, A[np.ix_(nodes, nodes)], X[nodes])
    scale = np.abs(logits).max()
    np.testing.assert_allclose(permuted, logits, rtol, rtol * scale)


@a_model_ignores_node_order.also(cases.symmetric_graphs, dtypes=EXACT)
def _a_training_pass_ignores_node_order(training_pass, A, X, hidden, seed, nodes, rtol):
    """In training, rounding errors are not amplified where many nodes are alike.

    Embeddings are of size 1, or cancel: logits that should be 0 are rounding errors.
    """
    logits = training_pass(seed, A, X, hidden)
    permuted = training_pass(seed, A[np.ix_(nodes, nodes)], X[nodes], hidden)
    np.testing.assert_allclose(permuted, logits, atol=100 * rtol)


@a_model_ignores_node_order.also(cases.training_sets, dtypes=EXACT)
def _predictions_ignore_node_order(predict, seed, As, Xs, labels, orders):
    """The predictions of a fitted model are the same bytes."""
    As_permuted = [A[np.ix_(order, order)] for A, order in zip(As, orders)]
    Xs_permuted = [X[order] for X, order in zip(Xs, orders)]
    _, before = predict(seed, As, Xs, labels, epochs=2)
    _, after = predict(seed, As_permuted, Xs_permuted, labels, epochs=2)
    assert before.tobytes() == after.tobytes(), f"{before} and {after} differ"


@law("M2", "Xu et al., arXiv 1810.00826, lemma 2", cases.pairs, dtypes=EXACT)
def graphs_that_1_wl_cannot_tell_apart_get_equal_logits(model, A, X, B, Y, seed, rtol):
    """Graphs that the 1-WL test cannot distinguish get equal logits (a known limit)."""
    one, two = model(seed, A, X), model(seed, B, Y)
    np.testing.assert_allclose(one, two, rtol, rtol * np.abs(one).max())


@law("M3", "equations 2 to 6, section 3.3", cases.ragged, dtypes=EXACT)
def the_engine_equals_the_paper(engine_loss, paper_loss, seed, As, Xs, clusters, rtol):
    """The engine equals the paper, graph by graph, in values and gradients."""
    actual = engine_loss(seed, As, Xs, clusters)
    for name, expected in paper_loss(seed, As, Xs, clusters).items():
        largest = max(1e-3, np.abs(expected).max(initial=0))
        close = dict(rtol=rtol, atol=rtol * largest, err_msg=name)
        np.testing.assert_allclose(actual[name], expected, **close)


@law("M4", "a rounding error of 6e-8 per operation", cases.with_seed(), dtypes=EXACT)
def float32_is_within_1e_4_of_float64(model, A, X, seed):
    """The float32 logits are within 1e-4 of the float64 logits."""
    wide = model(seed, A, X)
    narrow = model(seed, A.astype("float32"), X.astype("float32"))
    assert narrow.dtype == np.float32, f"logits must be float32; got {narrow.dtype}"
    np.testing.assert_allclose(narrow, wide, 1e-4, 1e-4 * np.abs(wide).max(initial=1))


@law("M5", "proposition 1, at every step", cases.training_sets, dtypes=EXACT)
def the_order_of_nodes_does_not_change_training(train, seed, As, Xs, labels, orders):
    """Training on graphs with permuted nodes gives the same bytes.

    This needs a canonical order of nodes: sums in another order are rounded otherwise.
    """
    As_permuted = [A[np.ix_(order, order)] for A, order in zip(As, orders)]
    Xs_permuted = [X[order] for X, order in zip(Xs, orders)]
    history, parameters = train(seed, As, Xs, labels)
    again, same = train(seed, As_permuted, Xs_permuted, labels)
    for one, other in ((history, again), (parameters, same)):
        assert one.tobytes() == other.tobytes(), f"{one} and {other} differ"


@law("M6", "one seeded random generator", cases.training_sets, dtypes=EXACT)
def the_same_seed_gives_the_same_bytes(train, seed, As, Xs, labels):
    """Training twice with one seed gives the same bytes."""
    first, parameters = train(seed, As, Xs, labels)
    np.random.random()
    again, same = train(seed, As, Xs, labels)
    for one, other in ((first, again), (parameters, same)):
        assert one.tobytes() == other.tobytes(), f"{one} and {other} differ"


@law("M7", "checkpoints hold the whole state", cases.training_sets, dtypes=EXACT)
def stopping_and_going_on_gives_the_same_bytes(train, seed, As, Xs, labels, stop):
    """Training that is stopped and resumed gives the same bytes."""
    history, parameters = train(seed, As, Xs, labels)
    resumed, same = train(seed, As, Xs, labels, stop)
    for one, other in ((history, resumed), (parameters, same)):
        assert one.tobytes() == other.tobytes(), f"{one} and {other} differ"


@law("M8", "classes are indices in the model", cases.training_sets, dtypes=EXACT)
def renaming_the_classes_renames_the_predictions(predict, seed, As, Xs, labels):
    """Renaming the classes renames the predictions and changes nothing else.

    The new names are in the same order, as `classes_` is sorted.
    """
    names = np.array(["ant", "bee"])
    predicted, probabilities = predict(seed, As, Xs, labels, epochs=1)
    renamed, same = predict(seed, As, Xs, names[labels], epochs=1)
    np.testing.assert_array_equal(renamed, names[predicted])
    np.testing.assert_array_equal(same, probabilities)


@law("M9", "the model can represent the classes", cases.separable, dtypes=EXACT)
def a_separable_set_is_learnt_wholly(predict, seed, As, Xs, labels):
    """A toy set whose classes differ in structure is learnt to 100 %.

    This holds for 300 sets and seeds and every kind of model, without batch norm: its
    running moments have not converged after so few steps.
    """
    options = dict(hidden=16, n_layers=2, learning_rate=0.02, batch_norm=False)
    predicted, _ = predict(seed, As, Xs, labels, epochs=30, **options)
    np.testing.assert_array_equal(predicted, labels)


@law("M10", "the loss is a mean over graphs", cases.training_sets, dtypes=EXACT)
def a_whole_number_as_sample_weight_is_that_many_copies(
    predict, seed, As, Xs, labels, counts, rtol
):
    """A whole number as sample weight is that many copies of the graph.

    This needs one batch, whose mean is over all graphs, and no batch norm or
    standardisation, whose moments count each graph once. It is checked after one step:
    where a gradient cancels, Adam enlarges its rounding error, and in further steps a
    kink of the loss, such as a tie for the maximum, would separate the two trainings.
    """
    options = dict(batch_size=9, batch_norm=False, standardize=False, dtype="float64")
    _, weighted = predict(seed, As, Xs, labels, counts, epochs=1, **options)
    kept = np.repeat(np.arange(len(As)), counts)
    copies = [As[i] for i in kept], [Xs[i] for i in kept], labels[kept]
    _, repeated = predict(seed, *copies, epochs=1, **options)
    np.testing.assert_allclose(weighted[kept], repeated, rtol)


@law("M11", "threads divide no sum", cases.training_sets, dtypes=EXACT)
def two_threads_give_the_same_bytes_as_one(train, seed, As, Xs, labels):
    """Training in two threads gives the same bytes as in one."""
    history, parameters = train(seed, As, Xs, labels, threads=1)
    again, same = train(seed, As, Xs, labels, threads=2)
    for one, other in ((history, again), (parameters, same)):
        assert one.tobytes() == other.tobytes(), f"{one} and {other} differ"


@law(
    "M12", "Zeiler and Fergus, arXiv 1311.2901", cases.with_seed("nodes"), dtypes=EXACT
)
def a_node_contributes_by_occlusion_what_the_output_loses_without_it(
    explain, A, X, seed, nodes, rtol
):
    """The contribution of nodes by occlusion is the output minus that without them."""
    one, several = nodes[:1], nodes[len(nodes) // 2 :]
    found = explain(seed, A, X, [several])
    claims = (one, found.nodes[one].sum()), (several, found.groups[0])
    for taken, contribution in claims:
        rest = np.delete(np.arange(len(A)), taken)
        without = explain(seed, A[np.ix_(rest, rest)], X[rest], []).output
        close = rtol, rtol * max(abs(found.output), abs(without))
        np.testing.assert_allclose(found.output - contribution, without, *close)


@a_node_contributes_by_occlusion_what_the_output_loses_without_it.also(
    cases.with_seed(), dtypes=EXACT
)
def _the_output_is_the_log_odds(model, explain, A, X, seed, rtol):
    """The output that is explained is the logarithm of the odds of the class."""
    found, logits = explain(seed, A, X, []), model(seed, A, X)
    odds = logits[found.label] - np.log(np.exp(np.delete(logits, found.label)).sum())
    np.testing.assert_allclose(found.output, odds, rtol, rtol * np.abs(logits).max())
