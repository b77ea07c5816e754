"""Training: what is learnt, what is kept, what repeats (laws M5, M6, M8, M9)."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from npdiffpool import DiffPoolClassifier, Graph, GraphBatch
from npdiffpool._support import contracts
from npdiffpool.engine.autodiff import leaves, rebuild, to_vector, value_and_grad
from npdiffpool.engine.config import GNNS, Config
from npdiffpool.engine.model import forward, init_model, total_loss
from npdiffpool.engine.preparation import prepare
from npdiffpool.training.adam import adam_init, adam_step, clip_by_norm
from npdiffpool.training.fit import (
    Labelled,
    Schedule,
    evaluate,
    fit,
    init_running,
    minibatches,
    update_running,
    validate,
)

KEYS = {"epoch", "loss", "cross_entropy", "link_loss", "entropy_loss", "train_accuracy"}


def coloured_graphs(n_graphs=24, sizes=(4, 8), seed=0):
    """Make graphs of two colours whose edges join like colours, or unlike: 0 or 1.

    The colours alone do not tell the class; any GNN of one layer does.
    """
    rng = np.random.default_rng(seed)
    graphs = []
    for label in np.arange(n_graphs) % 2:
        colours = np.arange(rng.integers(*sizes, endpoint=True)) % 2
        joined = (colours[:, None] == colours) == (label == 0)
        A = joined & ~np.eye(len(colours), dtype=bool)
        graphs.append(Graph(A, np.eye(2)[colours], label))
    return graphs, np.arange(n_graphs) % 2


GRAPHS, LABELS = coloured_graphs()
HARD = (coloured_graphs(seed=3)[0], np.arange(24) // 12)  # labels that tell nothing


def config(**changes):
    small = dict(hidden=4, n_layers=2, clusters=(3,), classifier_hidden=0)
    small["link_scale"] = "nodes"
    given = {"dtype": "float64", "batch_norm": True, **changes}
    return Config(2, 2, **{**small, **given})


def labelled(graphs, labels, config):
    batch = GraphBatch.from_graphs(graphs, config.dtype)
    return Labelled(prepare(batch, config), np.asarray(labels))


def train(config, graphs=GRAPHS, labels=LABELS, held_out=None, seed=0, **schedule):
    schedule = Schedule(**{"epochs": 3, "learning_rate": 1e-2, **schedule})
    data, rng = labelled(graphs, labels, config), np.random.default_rng(seed)
    return fit(config, schedule, data, held_out, rng)


def classifier(**changes):
    small = dict(hidden=8, n_layers=2, clusters=(3,), epochs=40, learning_rate=3e-3)
    small["batch_norm"] = True
    return DiffPoolClassifier(**{**small, **changes})


# What is learnt


@pytest.mark.parametrize("gnn", GNNS)
def test_a_set_that_structure_separates_is_learnt_wholly_but_without_structure(gnn):
    """Law M9."""
    clf = classifier(gnn=gnn).fit(GRAPHS, LABELS)
    unseen = coloured_graphs(seed=9)
    expected = (0.5, 0.5) if gnn == "mlp" else (1.0, 1.0)
    assert (clf.score(GRAPHS, LABELS), clf.score(*unseen)) == expected


def test_graphs_larger_than_any_in_training_are_classified():
    clf = classifier(gnn="sage").fit(GRAPHS, LABELS)
    assert clf.score(*coloured_graphs(6, sizes=(40, 60), seed=1)) == 1.0


# What repeats


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    """Law M6."""
    files = []
    for name in ("first.npz", "second.npz"):
        np.random.seed(len(files))  # which must not matter
        clf = classifier(epochs=3).fit(GRAPHS, LABELS, validation=(GRAPHS, LABELS))
        clf.save(tmp_path / name)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_the_same_seed_gives_the_same_history_and_parameters_and_another_does_not():
    """Law M6."""
    first, again, other = (train(config(), seed=seed) for seed in (0, 0, 1))
    assert first.history == again.history != other.history
    assert to_vector(first.params).tobytes() == to_vector(again.params).tobytes()
    assert to_vector(first.running).tobytes() == to_vector(again.running).tobytes()


@pytest.mark.parametrize("gnn", ["gcn", "sage", "s2v"])
@pytest.mark.parametrize("readout", ["max", "sum"])
def test_the_order_of_nodes_does_not_change_training(gnn, readout):
    """Law M5. Not of "mlp": what it sees of these graphs does not tell their classes,

    so gradients cancel, and Adam takes steps of what rounding leaves of them.
    """
    rng = np.random.default_rng(0)
    permuted = [graph.permute(rng.permutation(graph.n_nodes)) for graph in GRAPHS]
    chosen = config(gnn=gnn, readout=readout)
    plain, shuffled = (train(chosen, graphs).history for graphs in (GRAPHS, permuted))
    for row, other in zip(plain, shuffled, strict=True):
        # Sums in another order: 1e-16 a step, times what Adam makes of a small
        # gradient (1 / epsilon = 1e8), over 6 steps of 1e-2.
        assert_allclose(list(row.values()), list(other.values()), rtol=1e-8)


def test_the_order_of_nodes_does_not_change_training_where_clusters_tie():
    """Law M5."""
    rng, single = np.random.default_rng(0), Graph([[0.0]], [[1.0, 0.0]])
    permuted = [graph.permute(rng.permutation(graph.n_nodes)) for graph in GRAPHS]
    plain, shuffled = (
        train(config(), [*graphs, single], [*LABELS, 0]).history
        for graphs in (GRAPHS, permuted)
    )
    assert plain[-1]["loss"] == pytest.approx(shuffled[-1]["loss"], rel=1e-8)


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_going_on_from_a_checkpoint_ends_as_if_never_stopped(stop):
    """Law M7, with batch norm, a validation set and patience that runs out."""
    chosen = config(gnn="sage")
    data, held_out = labelled(GRAPHS, LABELS, chosen), labelled(*HARD, chosen)
    schedule = Schedule(epochs=40, learning_rate=1e-2, patience=5)
    kept = []
    run = partial(fit, chosen, schedule, data, held_out)
    whole = run(np.random.default_rng(0), on_checkpoint=kept.append)
    rng, rows = np.random.default_rng(99), []
    resumed = run(rng, rows.append, resume=kept[stop - 1])
    assert len(whole.history) < 40 and whole.history == resumed.history
    assert rows == whole.history[stop:] and resumed.best_epoch == whole.best_epoch
    assert to_vector(resumed.params).tobytes() == to_vector(whole.params).tobytes()
    assert to_vector(resumed.running).tobytes() == to_vector(whole.running).tobytes()


def test_going_on_from_the_end_trains_no_further():
    chosen, kept = config(), []
    data = labelled(GRAPHS, LABELS, chosen)
    run = partial(fit, chosen, Schedule(epochs=2), data, None)
    whole = run(np.random.default_rng(0), on_checkpoint=kept.append)
    again = run(np.random.default_rng(0), resume=kept[-1])
    assert again.history == whole.history and len(kept) == 2


def test_renaming_the_classes_renames_the_predictions():
    """Law M8."""
    names = np.array(["ant", "bee"])
    numbers = classifier(epochs=3).fit(GRAPHS, LABELS)
    renamed = classifier(epochs=3).fit(GRAPHS, names[LABELS])
    assert_array_equal(renamed.predict(GRAPHS), names[numbers.predict(GRAPHS)])
    assert_array_equal(renamed.predict_proba(GRAPHS), numbers.predict_proba(GRAPHS))
    assert renamed.history_ == numbers.history_


def test_renaming_the_classes_against_their_order_still_renames_the_predictions():
    names = np.array(["zebra", "ant"])
    renamed = classifier().fit(GRAPHS, names[LABELS])
    assert_array_equal(renamed.predict(GRAPHS), names[LABELS])


# One step


def first_step(config, clip_norm, seed):
    """Take by hand the first step of training: new weights, the pass, its loss."""
    rng = np.random.default_rng(seed)
    params = init_model(rng, config)
    (part,) = minibatches(labelled(GRAPHS, LABELS, config), 99, rng)
    differentiate = value_and_grad(partial(total_loss, config=config))
    loss, output, gradients = differentiate(params, *part)
    gradient, vector = clip_by_norm(to_vector(gradients), clip_norm), to_vector(params)
    return adam_step(adam_init(vector), vector, gradient, 0.1)[1], output, loss


@pytest.mark.parametrize("clip_norm", [1e-3, 1e3])
def test_a_step_is_adam_on_the_clipped_gradient_of_the_whole_loss(clip_norm):
    chosen = config(link_weight=3.0)
    given = dict(epochs=1, batch_size=99, learning_rate=0.1, clip_norm=clip_norm)
    fitted = train(chosen, **given, seed=4)
    vector, output, loss = first_step(chosen, clip_norm, seed=4)
    assert_array_equal(to_vector(fitted.params), vector)
    assert fitted.history[0]["loss"] == pytest.approx(float(loss), rel=1e-14)  # x 24/24
    expected = update_running(init_running(chosen), output.moments)
    assert_array_equal(to_vector(fitted.running), to_vector(expected))


def test_running_moments_move_a_tenth_of_the_way():
    pair = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    newer = np.array([2.0, 2.0]), np.array([0.0, 14.0])
    old, new = ({"levels": [], "embed": [moments]} for moments in (pair, newer))
    moved = update_running(old, new)
    (moments,) = moved["embed"]
    assert_allclose(moments, [[1.1, 2.0], [2.7, 5.0]], rtol=1e-15)  # a rounding
    assert moved["levels"] == []


def form_of(tree):
    """Return a tree with the shapes of arrays in place of the arrays."""
    return rebuild(tree, iter([leaf.shape for leaf in leaves(tree)]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("changes", [{}, dict(clusters=()), dict(concat_layers=False)])
def test_running_moments_start_at_zero_and_one_in_the_form_of_a_pass(changes, dtype):
    chosen = config(**changes, dtype=dtype)
    params = init_model(np.random.default_rng(0), chosen)
    used = forward(params, labelled(GRAPHS, LABELS, chosen).batch, chosen).moments
    running = init_running(chosen)
    assert form_of(running) == form_of(used)
    found = leaves(running)
    for mean, variance in zip(found[::2], found[1::2], strict=True):
        assert (set(mean), set(variance), mean.dtype) == ({0}, {1}, np.dtype(dtype))


def test_training_keeps_float32():
    fitted = train(config(dtype="float32"))
    arrays = leaves(fitted.params) + leaves(fitted.running)
    assert {array.dtype for array in arrays} == {np.dtype("float32")}


@pytest.mark.parametrize("name", ["learning_rate", "link_weight", "entropy_weight"])
def test_a_numpy_number_for_a_parameter_keeps_float32(name):
    clf = classifier(epochs=1, **{name: np.float64(1e-2)}).fit(GRAPHS, LABELS)
    assert {leaf.dtype for leaf in leaves(clf.params_)} == {np.dtype("float32")}


# Minibatches


@given(st.integers(1, 30), st.integers(0, 100))
def test_minibatches_hold_each_graph_once_with_its_label(batch_size, seed):
    data = labelled(GRAPHS, LABELS, config())
    data.batch.features[:] = np.repeat(np.arange(24), data.batch.sizes)[:, None]
    data = Labelled(data.batch, np.arange(24))
    parts = list(minibatches(data, batch_size, np.random.default_rng(seed)))
    seen = np.concatenate([part.labels for part in parts])
    assert_array_equal(np.sort(seen), np.arange(24))
    assert [len(p.labels) for p in parts[:-1]] == [batch_size] * (len(parts) - 1)
    for batch, labels in parts:
        assert_array_equal(batch.features[batch.offsets[:-1], 0], labels)


def test_the_order_of_graphs_differs_between_epochs():
    data, rng = labelled(GRAPHS, LABELS, config()), np.random.default_rng(0)
    data = Labelled(data.batch, np.arange(24))
    first, second = (next(minibatches(data, 24, rng)).labels for _ in range(2))
    assert list(first) != list(second) != list(range(24))


# History and the epoch that is kept


def test_the_history_is_the_mean_over_graphs_and_its_parts_add_up():
    chosen = config(batch_norm=False, link_weight=2.0, entropy_weight=3.0)
    still = train(chosen, epochs=2, batch_size=7, learning_rate=1e-300)
    params = init_model(np.random.default_rng(0), chosen)
    loss, output = total_loss(params, *labelled(GRAPHS, LABELS, chosen), chosen)
    for row in still.history:
        # Means of means of 24 numbers: some roundings.
        assert row["loss"] == pytest.approx(loss, rel=1e-12)
        parts = row["cross_entropy"] + 2 * row["link_loss"] + 3 * row["entropy_loss"]
        assert row["loss"] == pytest.approx(parts, rel=1e-12)
        L_link = np.mean(output.steps[0].L_link)
        assert row["link_loss"] == pytest.approx(L_link, rel=1e-12)
        correct = np.mean(np.argmax(output.logits, axis=1) == LABELS)
        assert row["train_accuracy"] == pytest.approx(correct, rel=1e-12)


def test_each_epoch_has_a_row_of_numbers_and_is_shown_once():
    shown, chosen = [], config()
    data, rng = labelled(GRAPHS, LABELS, chosen), np.random.default_rng(0)
    fitted = fit(chosen, Schedule(epochs=4), data, data, rng, shown.append)
    assert fitted.history == shown
    assert [row["epoch"] for row in shown] == [1, 2, 3, 4]
    for row in shown:
        assert set(row) == KEYS | {"validation_loss", "validation_accuracy"}
        assert all(np.isfinite(value) for value in row.values())


def test_without_validation_the_last_epoch_is_kept():
    fitted = train(config(), epochs=3)
    assert (fitted.best_epoch, len(fitted.history)) == (3, 3)
    assert set(fitted.history[0]) == KEYS


def noisy(chosen, **schedule):
    """Train on labels that cannot be learnt, and validate on others of the kind."""
    rng = np.random.default_rng(7)
    held_out = labelled(GRAPHS[:10], rng.integers(0, 2, 10), chosen)
    labels = rng.integers(0, 2, 24)
    return train(chosen, GRAPHS, labels, held_out, **schedule), held_out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_best_epoch_is_given_back_exactly(batch_norm, dtype):
    chosen = config(batch_norm=batch_norm, dtype=dtype)
    fitted, held_out = noisy(chosen, epochs=12, learning_rate=0.05)
    history = fitted.history
    ranks = [(row["validation_accuracy"], -row["validation_loss"]) for row in history]
    assert fitted.best_epoch == 1 + ranks.index(max(ranks)) < 12
    row = history[fitted.best_epoch - 1]
    found = validate(fitted.params, fitted.running, held_out, chosen)
    assert found == {name: row[name] for name in found}
    assert len(found) == 2


@pytest.mark.parametrize("patience", [1, 3])
def test_training_stops_after_as_many_epochs_without_a_better_one(patience):
    fitted, _ = noisy(config(), epochs=30, learning_rate=0.05, patience=patience)
    assert len(fitted.history) == fitted.best_epoch + patience < 30
    whole, _ = noisy(config(), epochs=30, learning_rate=0.05)
    assert fitted.history == whole.history[: len(fitted.history)]


def test_an_epoch_that_is_only_as_good_is_not_better():
    still = dict(epochs=9, learning_rate=1e-300, patience=2)
    fitted, _ = noisy(config(batch_norm=False), **still)
    assert (fitted.best_epoch, len(fitted.history)) == (1, 3)


def test_training_that_diverges_says_so():
    with pytest.raises(ValueError, match="diverged in epoch 1: the loss and its grad"):
        train(config(batch_norm=False, normalize_rows=False), learning_rate=1e300)


# Evaluation


@pytest.mark.parametrize("chunk_nodes", [1, 9, 50])
@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-4), ("float64", 1e-12)])
def test_the_output_of_a_graph_does_not_depend_on_its_chunk(chunk_nodes, dtype, rtol):
    chosen = config(dtype=dtype)
    fitted, batch = train(chosen), labelled(GRAPHS, LABELS, chosen).batch

    run = partial(evaluate, fitted.params, fitted.running, batch, chosen)
    (whole,), parts = run(10**6), list(run(chunk_nodes))
    assert len(parts) > 1
    for name in ("logits", "embeddings"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        # BLAS rounds differently by the number of rows.
        assert_allclose(joined, getattr(whole, name), rtol=rtol, atol=rtol)


def test_evaluation_uses_the_running_moments_and_not_the_batchs():
    chosen = config()
    fitted = train(chosen)
    batch = labelled(GRAPHS, LABELS, chosen).batch
    alone = [
        next(evaluate(fitted.params, fitted.running, batch.take(np.array([i])), chosen))
        for i in range(24)
    ]
    (together,) = evaluate(fitted.params, fitted.running, batch, chosen)
    logits = np.concatenate([output.logits for output in alone])
    assert_allclose(logits, together.logits, rtol=1e-12, atol=1e-12)  # as above
    assert np.max(np.abs(forward(fitted.params, batch, chosen).logits - logits)) > 1e-3


@pytest.mark.parametrize("held_out", [None, (GRAPHS, LABELS)])
def test_training_that_diverges_in_its_last_step_says_so(held_out):
    wild = dict(learning_rate=1e38, batch_norm=False, normalize_rows=False)
    clf = classifier(epochs=1, batch_size=24, **wild)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(GRAPHS, LABELS, held_out)


def test_what_training_has_checked_at_first_no_step_checks_again(monkeypatch):
    counts = []
    for epochs in (1, 3):
        seen, sound = [], contracts.IsA.check
        with monkeypatch.context() as patch:
            patch.setattr(
                contracts.IsA, "check", lambda *all: (seen.append(1), sound(*all))
            )
            DiffPoolClassifier(hidden=2, epochs=epochs).fit(GRAPHS, LABELS)
        counts.append(len(seen))
    assert 0 < counts[0] == counts[1]
