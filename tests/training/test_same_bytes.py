"""The number of threads changes no byte of a training or of a prediction."""

from itertools import cycle, product

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from samples import dense_and_sparse_graphs, one_hot_graphs

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor, GraphBatch
from npdiffpool._support import threads
from npdiffpool._support.threads import use_threads
from npdiffpool.engine.autodiff import leaves
from npdiffpool.engine.config import ASSIGNMENTS, GNNS, READOUTS, Config
from npdiffpool.engine.preparation import prepare
from npdiffpool.training.fit import Labelled, evaluate, fit
from npdiffpool.training.schedule import Schedule

DTYPES = ("float32", "float64")
LEVELS = ((3,), (5, 2))
OTHERS = [
    {"clusters": ()},
    {"concat_layers": False},
    {"normalize_rows": False},
    {"batch_norm": True, "recompute": True},
    {"recompute": True, "clusters": (5, 2)},
    {"link_weight": 0.0, "entropy_weight": 0.0},
    {"dropout": 0.3, "clusters": (5, 2)},
    {"dropout": 0.3, "batch_norm": True, "recompute": True},
]
ALL = [
    dict(gnn=gnn, assignment=way, readout=readout, clusters=K, batch_norm=norm)
    for gnn, way, readout, K, norm in product(
        GNNS, ASSIGNMENTS, READOUTS, LEVELS, (False, True)
    )
]
EVERY = [*ALL, *({"gnn": gnn, **other} for gnn in GNNS for other in OTHERS)]
SOME = [*ALL[::23], *({"gnn": g, **other} for g, other in zip(cycle(GNNS), OTHERS))]
# Pairs have the same dtype, as every other row of ALL has batch norm.
CASES = [(options, DTYPES[i // 2 % 2]) for i, options in enumerate(SOME)]

CHUNK = 40  # nodes; a chunk of all graphs would keep one thread busy


@pytest.fixture(autouse=True)
def threads_for_little_work(monkeypatch):
    monkeypatch.setattr(threads, "MIN_COST", 0)
    monkeypatch.setattr(evaluate, "__defaults__", (CHUNK,))


def results(n_threads, options, dtype, graphs):
    """Train for one epoch and evaluate; return all arrays, and the history."""
    n_features = graphs[0].n_features
    config = Config(n_features, 2, hidden=4, n_layers=2, dtype=dtype, **options)
    batch = prepare(GraphBatch.from_graphs(graphs * 2, "float64"), config)
    data = Labelled(batch, np.arange(batch.n_graphs) % 2)
    schedule, rng = Schedule(1, batch_size=5), np.random.default_rng(0)
    fitted = fit(config, schedule, data, data, rng, threads=n_threads)
    with use_threads(n_threads):
        found = list(evaluate(fitted.params, fitted.running, batch, config))
    outputs = [(out.logits, out.embeddings, [s.S for s in out.steps]) for out in found]
    return leaves([fitted.params, fitted.running, outputs]), fitted.history


def assert_same_bytes(options, dtype):
    for graphs in (one_hot_graphs(), dense_and_sparse_graphs()):
        expected, history = results(1, options, dtype, graphs)
        for n_threads in (2, 3):
            arrays, rows = results(n_threads, options, dtype, graphs)
            assert rows == history
            for array, other in zip(arrays, expected, strict=True):
                assert array.tobytes() == other.tobytes()


@pytest.mark.parametrize("options, dtype", CASES, ids=str)
def test_threads_change_no_byte(options, dtype):
    assert_same_bytes(options, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_change_no_byte_of_any_variant(dtype):
    for options in EVERY:
        assert_same_bytes(options, dtype)


def test_the_gnns_of_a_level_run_in_two_threads(monkeypatch):
    """Otherwise the tests above would compare one thread with itself."""
    import threading

    from npdiffpool.engine import model

    seen, layers_of, both = set(), model._layer_outputs, threading.Event()

    def watch(*args, **options):
        seen.add(threading.get_ident())
        if len(seen) >= n_threads:
            both.set()
        both.wait(60)  # the first GNN of a pair, until the other one runs too
        return layers_of(*args, **options)

    monkeypatch.setattr(model, "_layer_outputs", watch)
    for n_threads in (1, 2):
        seen.clear()
        both.clear()
        results(n_threads, {"clusters": (3,)}, "float32", one_hot_graphs())
        # Training and prediction may each start a second thread.
        assert len(seen) == 1 if n_threads == 1 else len(seen) >= 2


@pytest.mark.parametrize("make", [DiffPoolClassifier, DiffPoolRegressor])
@pytest.mark.parametrize("numbers", [(1, 2), (2, 1)])
def test_a_training_resumes_under_another_number_of_threads(make, numbers):
    first, second = numbers
    graphs = one_hot_graphs() * 4
    labels, saved = np.arange(12) % 2, []
    assert sum(graph.n_nodes for graph in graphs[:4]) > 2 * CHUNK  # several chunks

    def model():
        return make(hidden=4, n_layers=2, clusters=(3,), epochs=4, batch_size=5)

    held_out = (graphs[:4], labels[:4])
    whole = model().fit(graphs, labels, held_out, threads=first)
    model().fit(graphs, labels, held_out, on_checkpoint=saved.append, threads=first)
    resumed = model().fit(graphs, labels, held_out, resume=saved[1], threads=second)
    assert resumed.history_ == whole.history_
    for one, other in zip(leaves(resumed.params_), leaves(whole.params_), strict=True):
        assert_array_equal(one, other)
    assert_array_equal(resumed.transform(graphs), whole.transform(graphs))


def test_predictions_are_the_same_bytes_for_any_number_of_threads(monkeypatch):
    graphs, found = one_hot_graphs() * 4, []
    assert sum(graph.n_nodes for graph in graphs) > 2 * CHUNK  # several chunks
    clf = DiffPoolClassifier(hidden=4, clusters=(3,), epochs=1)
    clf.fit(graphs, np.arange(12) % 2)
    for number in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        of_each = [S for graph in graphs for S in clf.assignments(graph)]
        found.append([clf.predict_proba(graphs), clf.transform(graphs), *of_each])
    for one, other in zip(*found, strict=True):
        assert one.tobytes() == other.tobytes()


def test_divergence_is_the_same_error_in_any_number_of_threads():
    messages = []
    for n_threads in (1, 2):
        clf = DiffPoolClassifier(hidden=4, clusters=(3,), epochs=2, learning_rate=1e38)
        clf.set_params(batch_norm=False, normalize_rows=False)
        with pytest.raises(ValueError, match="^training diverged in epoch 1") as caught:
            clf.fit(one_hot_graphs() * 4, np.arange(12) % 2, threads=n_threads)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("number", [0, 1.5, True, "2"])
def test_fit_refuses_a_bad_number_of_threads_before_any_work(number):
    clf, graphs = DiffPoolClassifier(epochs=1), one_hot_graphs()
    with pytest.raises(ValueError, match="^threads must be a whole number >= 1; got"):
        clf.fit(graphs, np.arange(3), threads=number)
    assert not hasattr(clf, "params_")
