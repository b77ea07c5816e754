"""Training: accuracy, determinism, early stopping (laws M5, M6, M7, M8, M9)."""

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
    evaluate,
    fit,
    init_running,
    minibatches,
    update_running,
    validate,
)
from npdiffpool.training.schedule import Schedule

KEYS = {"epoch", "loss", "cross_entropy", "link_loss", "entropy_loss", "train_accuracy"}


def coloured_graphs(n_graphs=24, sizes=(4, 8), seed=0, in_pairs=False):
    """Return graphs of two colours, and their labels.

    Edges join nodes of equal colours (label 0) or of different colours (label 1). The
    colours alone do not determine the label, but one layer of any GNN does. The two
    graphs of a pair, one of each label, have the same colours.
    """
    rng = np.random.default_rng(seed)
    graphs = []
    for label in np.arange(n_graphs) % 2:
        if label == 0 or not in_pairs:
            colours = np.arange(rng.integers(*sizes, endpoint=True)) % 2
        joined = (colours[:, None] == colours) == (label == 0)
        A = joined & ~np.eye(len(colours), dtype=bool)
        graphs.append(Graph(A, np.eye(2)[colours], label))
    return graphs, np.arange(n_graphs) % 2


GRAPHS, LABELS = coloured_graphs()
HARD = (coloured_graphs(seed=3)[0], np.arange(24) // 12)  # labels that cannot be learnt


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


# Accuracy


@pytest.mark.parametrize("gnn", GNNS)
def test_classes_that_differ_in_structure_are_learnt_only_with_structure(gnn):
    """Law M9."""
    edgeless = gnn == "mlp"  # the same prediction for both graphs of a pair
    seen, unseen = (coloured_graphs(seed=seed, in_pairs=edgeless) for seed in (0, 9))
    clf = classifier(gnn=gnn).fit(*seen)
    expected = (0.5, 0.5) if edgeless else (1.0, 1.0)
    assert (clf.score(*seen), clf.score(*unseen)) == expected


def test_graphs_larger_than_the_training_graphs_are_classified_correctly():
    clf = classifier(gnn="sage").fit(GRAPHS, LABELS)
    assert clf.score(*coloured_graphs(6, sizes=(40, 60), seed=1)) == 1.0


# Determinism


def test_the_same_seed_gives_the_same_model_file(tmp_path):
    """Law M6."""
    files = []
    for name in ("first.npz", "second.npz"):
        np.random.seed(len(files))  # must have no effect
        clf = classifier(epochs=3).fit(GRAPHS, LABELS, validation=(GRAPHS, LABELS))
        clf.save(tmp_path / name)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_the_seed_determines_history_and_parameters():
    """Law M6."""
    first, second, other = (train(config(), seed=seed) for seed in (0, 0, 1))
    assert first.history == second.history != other.history
    assert to_vector(first.params).tobytes() == to_vector(second.params).tobytes()
    assert to_vector(first.running).tobytes() == to_vector(second.running).tobytes()


@pytest.mark.parametrize("gnn", ["gcn", "sage", "s2v"])
@pytest.mark.parametrize("readout", ["max", "sum"])
def test_training_does_not_depend_on_the_order_of_nodes(gnn, readout):
    """Law M5, without "mlp".

    For "mlp" both classes look the same, so gradients cancel and the steps of Adam
    depend on rounding.
    """
    rng = np.random.default_rng(0)
    permuted = [graph.permute(rng.permutation(graph.n_nodes)) for graph in GRAPHS]
    chosen = config(gnn=gnn, readout=readout)
    plain, shuffled = (train(chosen, graphs).history for graphs in (GRAPHS, permuted))
    for row, other in zip(plain, shuffled, strict=True):
        # The order of summation gives errors of 1e-16 a step. Adam multiplies that of
        # a small gradient by 1 / epsilon = 1e8, in 6 steps of 1e-2.
        assert_allclose(list(row.values()), list(other.values()), rtol=1e-8)


def test_training_does_not_depend_on_the_order_of_nodes_when_clusters_tie():
    """Law M5."""
    rng, single = np.random.default_rng(0), Graph([[0.0]], [[1.0, 0.0]])
    permuted = [graph.permute(rng.permutation(graph.n_nodes)) for graph in GRAPHS]
    plain, shuffled = (
        train(config(), [*graphs, single], [*LABELS, 0]).history
        for graphs in (GRAPHS, permuted)
    )
    assert plain[-1]["loss"] == pytest.approx(shuffled[-1]["loss"], rel=1e-8)


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_resuming_from_a_checkpoint_gives_the_same_bytes(stop):
    """Law M7, with batch norm, a validation set and early stopping."""
    chosen = config(gnn="sage")
    data, held_out = labelled(GRAPHS, LABELS, chosen), labelled(*HARD, chosen)
    schedule = Schedule(epochs=40, learning_rate=1e-2, patience=5)
    checkpoints = []
    run = partial(fit, chosen, schedule, data, held_out)
    whole = run(np.random.default_rng(0), on_checkpoint=checkpoints.append)
    rng, rows = np.random.default_rng(99), []
    resumed = run(rng, rows.append, resume=checkpoints[stop - 1])
    assert len(whole.history) < 40 and whole.history == resumed.history
    assert rows == whole.history[stop:] and resumed.best_epoch == whole.best_epoch
    assert to_vector(resumed.params).tobytes() == to_vector(whole.params).tobytes()
    assert to_vector(resumed.running).tobytes() == to_vector(whole.running).tobytes()


def test_resuming_a_finished_training_runs_no_epoch():
    chosen, checkpoints = config(), []
    data = labelled(GRAPHS, LABELS, chosen)
    run = partial(fit, chosen, Schedule(epochs=2), data, None)
    whole = run(np.random.default_rng(0), on_checkpoint=checkpoints.append)
    resumed = run(np.random.default_rng(0), resume=checkpoints[-1])
    assert resumed.history == whole.history and len(checkpoints) == 2


def test_renaming_the_classes_renames_the_predictions():
    """Law M8."""
    names = np.array(["ant", "bee"])
    numbers = classifier(epochs=3).fit(GRAPHS, LABELS)
    renamed = classifier(epochs=3).fit(GRAPHS, names[LABELS])
    assert_array_equal(renamed.predict(GRAPHS), names[numbers.predict(GRAPHS)])
    assert_array_equal(renamed.predict_proba(GRAPHS), numbers.predict_proba(GRAPHS))
    assert renamed.history_ == numbers.history_


def test_renaming_the_classes_in_reverse_order_renames_the_predictions():
    names = np.array(["zebra", "ant"])
    renamed = classifier().fit(GRAPHS, names[LABELS])
    assert_array_equal(renamed.predict(GRAPHS), names[LABELS])


# One step


def first_step(config, clip_norm, seed):
    """Return the weights after one step, the forward pass and the loss."""
    rng = np.random.default_rng(seed)
    params = init_model(rng, config)
    (part,) = minibatches(labelled(GRAPHS, LABELS, config), 99, rng)
    differentiate = value_and_grad(partial(total_loss, config=config))
    loss, output, gradients = differentiate(params, part.batch, part.labels)
    gradient, vector = clip_by_norm(to_vector(gradients), clip_norm), to_vector(params)
    return adam_step(adam_init(vector), vector, gradient, 0.1)[1], output, loss


@pytest.mark.parametrize("clip_norm", [1e-3, 1e3])
def test_a_step_is_adam_on_the_clipped_gradient_of_the_whole_loss(clip_norm):
    chosen = config(link_weight=3.0)
    given = dict(epochs=1, batch_size=99, learning_rate=0.1, clip_norm=clip_norm)
    fitted = train(chosen, **given, seed=4)
    vector, output, loss = first_step(chosen, clip_norm, seed=4)
    assert_array_equal(to_vector(fitted.params), vector)
    assert fitted.history[0]["loss"] == pytest.approx(
        float(loss), rel=1e-14
    )  # times 24 / 24
    expected = update_running(init_running(chosen), output.moments)
    assert_array_equal(to_vector(fitted.running), to_vector(expected))


def test_running_moments_move_by_a_tenth_of_the_difference():
    pair = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    newer = np.array([2.0, 2.0]), np.array([0.0, 14.0])
    old, new = ({"levels": [], "embed": [moments]} for moments in (pair, newer))
    moved = update_running(old, new)
    (moments,) = moved["embed"]
    assert_allclose(moments, [[1.1, 2.0], [2.7, 5.0]], rtol=1e-15)  # rounding
    assert moved["levels"] == []


def form_of(tree):
    """Return a tree with the shapes of arrays in place of the arrays."""
    return rebuild(tree, iter([leaf.shape for leaf in leaves(tree)]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("changes", [{}, dict(clusters=()), dict(concat_layers=False)])
def test_initial_running_moments_are_0_and_1_in_the_form_of_the_output(changes, dtype):
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
def test_a_numpy_float64_parameter_keeps_float32(name):
    clf = classifier(epochs=1, **{name: np.float64(1e-2)}).fit(GRAPHS, LABELS)
    assert {leaf.dtype for leaf in leaves(clf.params_)} == {np.dtype("float32")}


# Minibatches


@given(st.integers(1, 30), st.integers(0, 100))
def test_minibatches_contain_each_graph_once_with_its_label(batch_size, seed):
    data = labelled(GRAPHS, LABELS, config())
    data.batch.features[:] = np.repeat(np.arange(24), data.batch.sizes)[:, None]
    data = Labelled(data.batch, np.arange(24))
    parts = list(minibatches(data, batch_size, np.random.default_rng(seed)))
    labels = np.concatenate([part.labels for part in parts])
    assert_array_equal(np.sort(labels), np.arange(24))
    assert [len(p.labels) for p in parts[:-1]] == [batch_size] * (len(parts) - 1)
    for batch, labels, _ in parts:
        assert_array_equal(batch.features[batch.offsets[:-1], 0], labels)


def test_the_order_of_graphs_differs_between_epochs():
    data, rng = labelled(GRAPHS, LABELS, config()), np.random.default_rng(0)
    data = Labelled(data.batch, np.arange(24))
    first, second = (next(minibatches(data, 24, rng)).labels for _ in range(2))
    assert list(first) != list(second) != list(range(24))


# History and early stopping


def test_the_history_has_means_over_graphs_and_its_losses_add_up():
    chosen = config(batch_norm=False, link_weight=2.0, entropy_weight=3.0)
    still = train(chosen, epochs=2, batch_size=7, learning_rate=1e-300)
    params = init_model(np.random.default_rng(0), chosen)
    data = labelled(GRAPHS, LABELS, chosen)
    loss, output = total_loss(params, data.batch, data.labels, chosen)
    for row in still.history:
        # 1e-12: rounding in means of 24 numbers.
        assert row["loss"] == pytest.approx(loss, rel=1e-12)
        parts = row["cross_entropy"] + 2 * row["link_loss"] + 3 * row["entropy_loss"]
        assert row["loss"] == pytest.approx(parts, rel=1e-12)
        L_link = np.mean(output.steps[0].L_link)
        assert row["link_loss"] == pytest.approx(L_link, rel=1e-12)
        correct = np.mean(np.argmax(output.logits, axis=1) == LABELS)
        assert row["train_accuracy"] == pytest.approx(correct, rel=1e-12)


def test_each_epoch_has_one_row_of_finite_numbers():
    rows, chosen = [], config()
    data, rng = labelled(GRAPHS, LABELS, chosen), np.random.default_rng(0)
    fitted = fit(chosen, Schedule(epochs=4), data, data, rng, rows.append)
    assert fitted.history == rows
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    for row in rows:
        assert set(row) == KEYS | {"validation_loss", "validation_accuracy"}
        assert all(np.isfinite(value) for value in row.values())


def test_without_validation_the_last_epoch_is_returned():
    fitted = train(config(), epochs=3)
    assert (fitted.best_epoch, len(fitted.history)) == (3, 3)
    assert set(fitted.history[0]) == KEYS


def noisy(chosen, **schedule):
    """Train and validate on random labels."""
    rng = np.random.default_rng(7)
    held_out = labelled(GRAPHS[:10], rng.integers(0, 2, 10), chosen)
    labels = rng.integers(0, 2, 24)
    return train(chosen, GRAPHS, labels, held_out, **schedule), held_out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_parameters_of_the_best_epoch_are_returned(batch_norm, dtype):
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
def test_training_stops_after_patience_epochs_without_improvement(patience):
    fitted, _ = noisy(config(), epochs=30, learning_rate=0.05, patience=patience)
    assert len(fitted.history) == fitted.best_epoch + patience < 30
    whole, _ = noisy(config(), epochs=30, learning_rate=0.05)
    assert fitted.history == whole.history[: len(fitted.history)]


def test_an_equal_epoch_is_no_improvement():
    still = dict(epochs=9, learning_rate=1e-300, patience=2)
    fitted, _ = noisy(config(batch_norm=False), **still)
    assert (fitted.best_epoch, len(fitted.history)) == (1, 3)


def test_divergence_raises():
    with pytest.raises(ValueError, match="diverged in epoch 1: the loss and its grad"):
        train(config(batch_norm=False, normalize_rows=False), learning_rate=1e300)


# Evaluation


@pytest.mark.parametrize("chunk_nodes", [1, 9, 50])
@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-4), ("float64", 1e-12)])
def test_evaluation_does_not_depend_on_the_chunk_size(chunk_nodes, dtype, rtol):
    chosen = config(dtype=dtype)
    fitted, batch = train(chosen), labelled(GRAPHS, LABELS, chosen).batch

    run = partial(evaluate, fitted.params, fitted.running, batch, chosen)
    (whole,), parts = run(10**6), list(run(chunk_nodes))
    assert len(parts) > 1
    for name in ("logits", "embeddings"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        # The rounding of BLAS depends on the number of rows.
        assert_allclose(joined, getattr(whole, name), rtol=rtol, atol=rtol)


def test_evaluation_uses_the_running_moments_instead_of_the_batch_moments():
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
def test_divergence_in_the_last_step_raises(held_out):
    diverging = dict(learning_rate=1e38, batch_norm=False, normalize_rows=False)
    clf = classifier(epochs=1, batch_size=24, **diverging)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(GRAPHS, LABELS, held_out)


def test_steps_do_not_repeat_the_checks_of_the_first_call(monkeypatch):
    counts = []
    for epochs in (1, 3):
        calls, check = [], contracts.IsA.check
        with monkeypatch.context() as patch:
            patch.setattr(
                contracts.IsA, "check", lambda *args: (calls.append(1), check(*args))
            )
            DiffPoolClassifier(hidden=2, epochs=epochs).fit(GRAPHS, LABELS)
        counts.append(len(calls))
    assert 0 < counts[0] == counts[1]
