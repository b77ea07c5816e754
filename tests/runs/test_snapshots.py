"""Snapshots record how training changes the assignments, and are saved in a file."""

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.runs import snapshot_file
from npdiffpool.runs.snapshot_file import read_snapshots, write_snapshots
from npdiffpool.runs.snapshots import (
    EPOCHS,
    MAX_SHOWN,
    MEASURED,
    MOST_NODES,
    Recorder,
    readable,
)


class Pooled:
    """A stand-in for a model after some epochs, with two known poolings."""

    classes_ = np.array([3, 5])

    def __init__(self, epochs):
        self.history_ = [{}] * epochs

    def assignments(self, graph):
        S = np.full((graph.n_nodes, 3), 0.1)
        S[:2, 0], S[2:, 2] = 0.8, 0.8
        return [S, np.array([[0.0, 1.0], [0.5, 0.5], [0.25, 0.75]])]

    def assignments_of(self, graphs):
        return [self.assignments(graph) for graph in graphs]

    def predict_proba(self, graphs):
        return np.tile([0.25, 0.75], (len(graphs), 1))


def path(n):
    return ndp.Graph.from_edges([(i, i + 1) for i in range(n - 1)], n, np.eye(n))


def recorded(*epochs, graphs=(path(4),), labels=(5,), most=9):
    recorder = Recorder(range(10, 10 + len(graphs)), graphs, labels, most)
    for epoch in epochs:
        recorder(Pooled(epoch))
    return recorder.snapshots()


def test_a_snapshot_summarises_the_assignments():
    graph = recorded(1).graphs[0]
    first, second = graph.poolings
    assert graph.number == 10 and graph.truth == 1
    np.testing.assert_array_equal(graph.edges, [[0, 1], [1, 2], [2, 3]])
    np.testing.assert_array_equal(graph.kinds, range(4))
    np.testing.assert_array_equal(first.cluster, [[0, 0, 2, 2]])
    np.testing.assert_array_equal(first.share, [[0.8] * 4])
    np.testing.assert_allclose(first.mass, [[1.8, 0.4, 1.8]])
    np.testing.assert_array_equal(second.cluster, [[1, 0, 1]])
    np.testing.assert_allclose(second.mass, [[0.2 + 0.45, 1.8 + 0.2 + 1.35]])


def test_links_have_the_weights_of_the_pooled_graph_divided_by_the_heaviest():
    model, graph = Pooled(1), path(4)
    S, S_next = model.assignments(graph)
    A = S.T @ (graph.adjacency @ S)
    first, second = recorded(1).graphs[0].poolings
    heaviest = max(A[0, 1], A[0, 2], A[1, 2])
    # Cluster 1 is not used: its two links are left out.
    np.testing.assert_allclose(first.links, [[0, 0, 2, A[0, 2] / heaviest]])
    np.testing.assert_allclose(first.between, [[1, 1]])
    assert second.links.shape == (0, 4)  # one cluster is used


@pytest.mark.parametrize(
    "A",
    [
        [[0, 1, 1], [1, 0, 0], [1, 0, 0]],
        [[1, 1, 0], [1, 0, 0], [0, 0, 2]],
        [[0, 0, 0], [1, 0, 1], [1, 1, 0]],  # directed, most of it below the diagonal
    ],
)
def test_a_snapshot_has_as_many_edges_as_its_graph(A):
    graph = ndp.Graph(np.array(A), np.ones((3, 1)))
    edges = recorded(1, graphs=[graph]).graphs[0].edges
    assert len(edges) == graph.n_edges
    found = recorded(1, graphs=[graph]).measures["modularity"]
    assert np.isnan(found) == (not graph.is_undirected)
    assert all(A[i][j] for i, j in edges)


def test_faint_links_are_left_out():
    class Faint(Pooled):
        def assignments(self, graph):
            return [np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0.96, 0.04], [0, 0, 1.0]])]

    recorder = Recorder([0], [path(4)], [3], 1)
    recorder(Faint(1))
    pooling = recorder.snapshots().graphs[0].poolings[0]
    np.testing.assert_allclose(pooling.links[:, 1:], [[0, 1, 1], [1, 2, 1]])
    np.testing.assert_allclose(pooling.between, [[2, 1]])  # of used clusters


def test_each_epoch_is_recorded_once_and_they_are_ordered():
    recorder = Recorder([0], [path(4)], [3], 100)
    for epoch in (1, 2, 2, 100, 99):
        recorder(Pooled(epoch))
    recorder.record(Pooled(99), 50)  # the best epoch can be any
    assert recorder.snapshots().epochs.tolist() == [1, 2, 50, 100]


def test_six_graphs_from_small_to_large_are_recorded():
    graphs = [path(n) for n in (30, 3, MOST_NODES + 1, *range(4, 20))]
    seen = recorded(1, graphs=graphs, labels=[3] * len(graphs)).graphs
    sizes = [len(graph.kinds) for graph in seen]
    assert len(sizes) == 6 and sizes == sorted(sizes)
    assert sizes[0] == 3 and sizes[-1] == 30
    assert [graphs[graph.number - 10].n_nodes for graph in seen] == sizes
    (huge,) = recorded(1, graphs=[path(MOST_NODES + 1)]).graphs
    assert len(huge.kinds) == MOST_NODES + 1  # there is no smaller one


@pytest.mark.parametrize(
    "sizes, drawn",
    [
        ([11, 17, 19, 20, 22, 28], 19),  # the median is 19.5
        ([30, 120, 170, 210, 250, 300], 30),
        ([10, 60, 900], 60),  # none is nearer to 40
        ([2495], 2495),
    ],
)
def test_the_graph_drawn_first_is_of_median_size_or_of_about_40_nodes(sizes, drawn):
    assert sizes[readable(sizes)] == drawn


def test_a_class_that_training_did_not_have_is_minus_one():
    assert recorded(1, labels=[4]).graphs[0].truth == -1


def test_measures_are_means_over_the_graphs_where_they_are_defined():
    lonely = ndp.Graph(np.zeros((4, 4)), np.eye(4))
    found = recorded(1, graphs=[path(4), lonely], labels=[3, 3]).measures
    assert found["clusters used"].tolist() == [2]
    assert found["edges inside clusters"][0] == pytest.approx(
        2 / 3
    )  # lonely has no edges
    sure, rest = 0.8 * np.log(0.8), 0.2 * np.log(0.1)
    entropy = -(sure + rest) / np.log(3)
    assert found["entropy of S / log K"][0] == pytest.approx(entropy)


def test_measured_graphs_are_evenly_spaced():
    graphs = [path(4)] * MEASURED + [ndp.Graph(np.zeros((4, 4)), np.eye(4))] * MEASURED
    seen = []

    class Counted(Pooled):
        def assignments(self, graph):
            seen.append(graph.n_edges)
            return super().assignments(graph)

    recorder = Recorder(range(len(graphs)), graphs, [3] * len(graphs), 1)
    recorder(Counted(1))
    measured = seen[-MEASURED:]
    assert measured.count(3) == measured.count(0) == MEASURED // 2


def assert_equal(found, expected):
    """Require equal snapshots, up to the rounding of float32."""
    np.testing.assert_array_equal(found.epochs, expected.epochs)
    for name, values in expected.measures.items():
        np.testing.assert_allclose(found.measures[name], values, rtol=1e-6)
    (new,), (old,) = found.graphs, expected.graphs
    for one, other in (
        (new[:5], old[:5]),
        (new[6:], old[6:]),
        (new.poolings[0], old.poolings[0]),
        (new.poolings[1], old.poolings[1]),
    ):
        for array, values in zip(one, other, strict=True):
            if values is None:
                assert array is None
            else:
                np.testing.assert_allclose(array, values, rtol=1e-6)


def test_snapshots_are_read_as_they_were_written(tmp_path):
    snapshots = recorded(1, 2, 5)
    write_snapshots(tmp_path / "snapshots.npz", snapshots)
    assert_equal(read_snapshots(tmp_path / "snapshots.npz"), snapshots)


def test_snapshots_of_older_versions_do_not_tell_what_was_left_out(tmp_path):
    file, snapshots = tmp_path / "snapshots.npz", recorded(1, 2)
    graph = snapshots.graphs[0]
    older = [pooling._replace(between=None) for pooling in graph.poolings]
    older = snapshots._replace(graphs=[graph._replace(poolings=older)])
    write_snapshots(file, older)
    assert_equal(read_snapshots(file), older)
    recorder = Recorder([10], [path(4)], [5], 9)
    recorder.restore(read_snapshots(file))
    recorder(Pooled(5))
    assert recorder.snapshots().graphs[0].poolings[0].between is None


class Regressor(Pooled):
    """A stand-in for a regressor of two targets."""

    classes_ = property()  # it has none

    def predict(self, graphs):
        return np.tile([1e300, len(self.history_)], (len(graphs), 1))


def test_those_of_a_regressor_have_targets_and_predictions(tmp_path):
    graphs = [path(4), path(5)]
    recorder = Recorder([0, 1], graphs, np.array([[-1e300, 0.1], [0.0, 1.0]]), 9)
    for epoch in (1, 2):
        recorder(Regressor(epoch))
    write_snapshots(tmp_path / "snapshots.npz", recorder.snapshots())
    seen = read_snapshots(tmp_path / "snapshots.npz")
    first = seen.graphs[0]
    assert first.target.tolist() == [-1e300, 0.1] and first.truth == -1
    assert first.predicted.tolist() == [[1e300, 1.0], [1e300, 2.0]]
    assert first.probabilities.shape == (2, 0)
    again = Recorder([0, 1], graphs, np.zeros((2, 2)), 9)
    again.restore(seen)
    assert again.snapshots(last=1).graphs[1].predicted.tolist() == [[1e300, 1.0]]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"graph:0:target": None}, "target and predicted must both be given"),
        (
            {"graph:0:predicted": np.zeros((1, 3))},
            r"predicted must have shape \(1, 2\)",
        ),
        ({"graph:0:predicted": np.full((1, 2), np.inf)}, "predicted must be finite"),
        ({"graph:0:target": np.zeros(2, int)}, "target must be floating-point"),
    ],
)
def test_outcomes_that_do_not_fit_are_refused(tmp_path, change, message):
    recorder, file = Recorder([0], [path(4)], [[0.0, 1.0]], 9), tmp_path / "seen.npz"
    recorder(Regressor(1))
    write_snapshots(file, recorder.snapshots())
    with np.load(file) as saved:
        arrays = {**saved, **change}
    np.savez(file, **{name: a for name, a in arrays.items() if a is not None})
    with pytest.raises(ValueError, match=message):
        read_snapshots(file)


def test_a_restored_recorder_continues_as_the_first_one(tmp_path):
    write_snapshots(tmp_path / "snapshots.npz", recorded(1, 2))
    recorder = Recorder([10], [path(4)], [5], 9)
    recorder.restore(read_snapshots(tmp_path / "snapshots.npz"))
    recorder(Pooled(5))
    assert_equal(recorder.snapshots(), recorded(1, 2, 5))
    assert_equal(recorder.snapshots(last=2), recorded(1, 2))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"graph:0:edges": np.array([[0, 9]])}, "edges must lie from 0 to below 4"),
        ({"graph:0:pooling:0:cluster": np.zeros((1, 3), int)}, r"shape \(1, 4\)"),
        ({"graph:0:pooling:1:cluster": np.full((1, 3), 2)}, "cluster must lie"),
        ({"graph:0:pooling:0:links": np.full((1, 4), np.nan)}, "links must lie"),
        ({"graph:0:probabilities": np.zeros((2, 2))}, "probabilities must have shape"),
        ({"epochs": None}, "epochs"),
        ({"epochs": np.array([1.0])}, "epochs must be whole numbers"),
        ({"epochs": np.arange(1001)}, "snapshots of 1001 epochs; at most 1000"),
        ({"graph:0:kinds": np.zeros((4, 1), int)}, r"kinds must have shape \(4,\)"),
        ({"graph:0:kinds": np.zeros(4)}, "kinds must be whole numbers; got dtype fl"),
        ({"graph:0:edges": np.zeros((1, 2))}, "edges must be whole numbers"),
        ({"graph:0:pooling:0:cluster": np.zeros((1, 4))}, "cluster must be whole numb"),
        ({"measure:modularity": np.zeros(1, int)}, "modularity must be floating-poin"),
        ({"measure:modularity": np.zeros(2)}, r"modularity must have shape \(1,\)"),
        ({"graph:0:pooling:0:share": np.full((1, 4), 1.1)}, "share must lie from 0 to"),
        ({"graph:0:probabilities": np.array(1.0)}, "tuple index out of range"),
        ({"graph:0:pooling:0:mass": np.array([[4, 0, 1.0]])}, "must be 4, the nodes"),
        ({"graph:0:pooling:0:share": None}, "share"),
        ({"graph:0:pooling:0:between": np.zeros((2, 2))}, "between must have shape"),
        ({"graph:0:pooling:0:between": np.array([[2, 1.1]])}, "between must lie"),
        ({"graph:0:pooling:0:between": np.array([[-1, 0.5]])}, "between must lie"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, change, message):
    path = tmp_path / "snapshots.npz"
    write_snapshots(path, recorded(1))
    with np.load(path) as file:
        arrays = {**file, **change}
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    with pytest.raises(
        ValueError, match=f"not a readable file of snapshots.*{message}"
    ):
        read_snapshots(path)


def test_a_recorder_restores_only_snapshots_of_its_own_graphs():
    seen = recorded(1)
    numbers = [graph.number for graph in seen.graphs]
    Recorder(numbers, [path(4)], [3], 1).restore(seen)
    with pytest.raises(ValueError, match=r"snapshots must be of \[5\] nodes; got \[4"):
        Recorder(numbers, [path(5)], [3], 1).restore(seen)


def test_too_many_nodes_are_refused(tmp_path, monkeypatch):
    path, seen = tmp_path / "snapshots.npz", recorded(1, 2)
    write_snapshots(path, seen)
    shown = 2 * (4 + sum(p.mass.shape[1] for p in seen.graphs[0].poolings))
    monkeypatch.setattr(snapshot_file, "MAX_SHOWN", shown)
    assert len(read_snapshots(path).epochs) == 2
    monkeypatch.setattr(snapshot_file, "MAX_SHOWN", shown - 1)
    message = f"{shown} nodes and clusters; at most {shown - 1} are allowed"
    with pytest.raises(ValueError, match=message):
        read_snapshots(path)


@pytest.mark.parametrize(
    "sizes, n_clusters, n_graphs, n_snapshots",
    [
        ((3, 4, 5), 0, 3, EPOCHS),
        ((3, 4, 5), MAX_SHOWN // (EPOCHS + 1) // 2 - 5, 2, EPOCHS),
        ((3, 4, 5), MAX_SHOWN // 8, 1, 6),
        ((3, 4, 5), MAX_SHOWN // 2 - 9, 1, 1),
    ],
)
def test_no_more_is_recorded_than_can_be_read(
    tmp_path, sizes, n_clusters, n_graphs, n_snapshots
):
    graphs = [path(n) for n in sizes]
    recorder = Recorder(range(3), graphs, [3] * 3, 1000, n_clusters)
    for epoch in range(1, 1001):
        recorder(Pooled(epoch))
    recorder.record(Pooled(1000), 999)
    seen = recorder.snapshots()
    assert len(seen.graphs) == n_graphs
    assert n_snapshots <= len(seen.epochs) <= n_snapshots + 1
    shown = sum(n + n_clusters for n in sizes[:n_graphs]) * len(seen.epochs)
    assert shown <= MAX_SHOWN
    write_snapshots(tmp_path / "snapshots.npz", seen)
    assert len(read_snapshots(tmp_path / "snapshots.npz").graphs) == n_graphs


def test_a_report_of_one_epoch_has_all_graphs():
    graphs, n_clusters = [path(n) for n in (3, 4, 5)], MAX_SHOWN // 6 - 9
    recorder = Recorder(range(3), graphs, [3] * 3, 1, n_clusters)
    recorder.record(Pooled(1), 1)
    assert len(recorder.snapshots().graphs) == 3


def test_other_files_are_refused(tmp_path):
    (tmp_path / "snapshots.npz").write_text("not a zip")
    with pytest.raises(ValueError, match="not a readable file of snapshots"):
        read_snapshots(tmp_path / "snapshots.npz")
