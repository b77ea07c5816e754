"""Baselines: the flat GNN has the same size, the kernel its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from npdiffpool import DiffPoolClassifier, Graph
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import (
    SubtreeKernelClassifier,
    count_colours,
    count_parameters,
    flat_twin,
)
from npdiffpool.evaluation.protocols import cross_validate
from npdiffpool.testing.strategies import batches


@pytest.mark.parametrize("clusters, n_layers", [((13,), 6), ((32, 8), 9), ((), 3)])
def test_the_flat_twin_has_the_same_depth_and_nearly_the_same_size(clusters, n_layers):
    config = Config(18, 6, clusters=clusters)
    twin = flat_twin(config)
    assert (twin.clusters, twin.n_layers) == ((), n_layers)
    size = count_parameters(config)
    assert abs(count_parameters(twin) - size) < 0.02 * size
    if not clusters:
        assert twin == config


def ring(n, chord=0):
    edges = [(i, (i + 1) % n) for i in range(n)] + ([(0, chord)] if chord else [])
    return Graph.from_edges(edges, n, "ones")


def test_the_mlp_cannot_distinguish_graphs_with_equal_nodes():
    graphs = [ring(6), ring(6, 2), ring(6, 3)] * 3
    clf = DiffPoolClassifier(gnn="mlp", clusters=(), readout="sum", epochs=3)
    with pytest.warns(UserWarning, match="no two training graphs can be told apart"):
        rows = clf.fit(graphs, [0, 1, 2] * 3).transform(graphs)
    assert_allclose(rows, [rows[0]] * 9, rtol=1e-5)  # sums in float32


def test_the_mlp_ignores_edges():
    clf = DiffPoolClassifier(gnn="mlp", clusters=(2,), readout="sum", epochs=1)
    clf.fit([ring(5), ring(6)], [0, 1])
    X = np.random.default_rng(0).normal(size=(4, 1))
    A = np.ones((4, 4))
    assert_array_equal(
        clf.assignments(Graph(A, X))[0], clf.assignments(Graph(0 * A, X))[0]
    )


@given(graphs=batches(min_graphs=2, max_graphs=4), rounds=st.integers(0, 3))
def test_the_kernel_of_a_graph_with_itself_is_one_and_node_order_is_irrelevant(
    graphs, rounds
):
    _, counts = count_colours(graphs, rounds)
    kernel = (counts @ counts.T).toarray()
    sizes = np.array([graph.n_nodes for graph in graphs])
    assert_allclose(np.diag(kernel), sizes > 0, rtol=1e-12)
    rng = np.random.default_rng(0)
    permuted = [g.permute(rng.permutation(g.n_nodes)) for g in graphs]
    again = count_colours(permuted, rounds)[1]
    assert_allclose((again @ again.T).toarray(), kernel, rtol=1e-12, atol=1e-12)


def test_the_kernel_of_two_graphs_matches_a_hand_calculation():
    """A path and a triangle; after one round a colour is a degree."""
    path, triangle = Graph.from_edges([(0, 1), (1, 2)], 3, "ones"), ring(3)
    _, counts = count_colours([path, triangle], 1)
    kernel = (counts @ counts.T).toarray()
    # Round 0 has one colour for all, round 1 counts {1: 2, 2: 1} and {2: 3}: 9 + 3.
    expected = 12 / np.sqrt((9 + 5) * (9 + 9))
    assert_allclose(kernel[0, 1], expected, rtol=1e-12)


def test_unknown_colours_contribute_only_to_the_length_of_a_row():
    known, train = count_colours([ring(4)], 1)
    again, new = count_colours([ring(4, 2)], 1, known)
    assert_array_equal(again[: len(known)], known)
    across = (new[:, : len(known)] @ train.T).toarray()
    joint = count_colours([ring(4), ring(4, 2)], 1)[1]
    assert_allclose(across[0, 0], (joint @ joint.T).toarray()[1, 0], rtol=1e-12)


@given(graphs=batches(min_graphs=2, max_graphs=4), data=st.data())
def test_known_colours_can_have_any_order(graphs, data):
    colours, counts = count_colours(graphs, 1)
    order = data.draw(st.permutations(range(len(colours))))
    n_known = data.draw(st.integers(0, len(colours)))
    known = colours[order[:n_known]]
    again, new = count_colours(graphs, 1, known)
    assert_array_equal(again[:n_known], known)
    assert_array_equal(np.sort(again), colours)
    expected = counts.toarray()[:, np.searchsorted(colours, again)]
    assert_allclose(new.toarray(), expected, rtol=1e-15)
    assert_array_equal(count_colours(graphs, 1, again)[0], again)


def test_the_kernel_classifier_separates_cycles_with_and_without_a_chord():
    sizes = (6, 8, 10, 12, 14, 7, 13, 9, 11, 12)
    graphs = [ring(n, chord) for n in sizes for chord in (0, 3)]
    labels = np.array(["ring", "chord"] * 10)
    clf = SubtreeKernelClassifier()
    clf.fit(graphs[:10], labels[:10], (graphs[10:14], labels[10:14]))
    assert clf.score(graphs[14:], labels[14:]) == 1
    assert clf.best_epoch_ == len(clf.history_) == 1
    assert clf.history_[0]["validation_accuracy"] == 1


def test_the_first_choice_with_the_best_accuracy_is_kept_and_its_errors_are_the_loss():
    """Rings and chords differ in round 1; one label of eight is wrong."""
    graphs = [ring(n, chord) for n in (6, 8, 10, 12) for chord in (0, 3)]
    labels = ["ring", "chord"] * 4
    held = graphs, ["chord", *labels[1:]]
    clf = SubtreeKernelClassifier(rounds=(0, 1, 2), penalties=(100.0, 50.0))
    (row,) = clf.fit(graphs, labels, held).history_
    expected = {"validation_accuracy": 0.875, "validation_loss": 0.125}
    assert row == {**expected, "rounds": 1, "penalty": 100.0}
    assert clf.score(*held) == 0.875 and clf.score(graphs, labels) == 1


def test_the_kernel_classifier_can_be_cross_validated_without_a_seed():
    graphs = [ring(n, chord) for n in range(6, 14) for chord in (0, 3)]
    model = SubtreeKernelClassifier(rounds=(1, 2))
    found = cross_validate(model, graphs, [0, 1] * 8, folds=2, runs=2)
    for fold in found.folds:
        first, second = fold["runs"]
        assert first == second and 0 <= first["test"] <= 1


@pytest.mark.parametrize(
    "changes, validation, message",
    [
        ({}, None, r"validation must be a pair \(graphs, labels\); got .NoneType"),
        ({"rounds": [-1]}, "given", "each of rounds must be a whole number >= 0"),
        ({"penalties": [0]}, "given", "each of penalties must be a finite number > 0"),
    ],
)
def test_the_kernel_classifier_rejects_invalid_arguments(changes, validation, message):
    graphs, labels = [ring(5), ring(6)], [0, 1]
    pair = (graphs, labels) if validation else None
    with pytest.raises(ValueError, match=message):
        SubtreeKernelClassifier(**changes).fit(graphs, labels, pair)
