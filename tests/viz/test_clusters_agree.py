"""Every picture, the report and the measures agree on the clusters of a model.

`PLACES` is a table: each place that shows the clusters of a level, as the number in its
text, the number of marks that it draws, and the colour of each cluster.
"""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from viz_drawings import axes_row, discs, find

import npdiffpool as ndp
from npdiffpool import Graph, viz
from npdiffpool.evaluation import measures
from npdiffpool.runs.snapshots import Recorder
from npdiffpool.viz.drawing.colours import palette
from npdiffpool.viz.report.explorer import explorer_data


def model_with(assignments):
    """Return a model with the same assignments for every graph."""
    return SimpleNamespace(
        assignments=lambda graph: assignments,
        assignments_of=lambda graphs: [assignments for _ in graphs],
        history_=[{}],
        classes_=np.array([0, 1]),
        predict_proba=lambda graphs: np.full((len(graphs), 2), 0.5),
    )


def members(assignments, level):
    """Follow each node to its cluster at a level, by the largest share."""
    found = []
    for node in range(len(assignments[0])):
        for S in assignments[: level + 1]:
            node = list(S[node]).index(max(S[node]))
        found.append(node)
    return found


def counted(text):
    return tuple(map(int, re.search(r"(\d+) of (\d+) clusters? used", text).groups()))


def numbered(panel):
    """Return the clusters whose numbers a panel of a large picture shows."""
    return [int(text.get_text()) for text in find(panel, "number")]


def in_hierarchy(clf, graph, level):
    return in_panel(viz.plot_hierarchy, clf, graph, level, len(clf.assignments(graph)))


def in_first_levels(clf, graph, level):
    def plot(clf, graph, axes):
        return viz.draw_hierarchy(graph, clf.assignments(graph)[: level + 1], axes)

    return in_panel(plot, clf, graph, level, level + 1)


def in_panel(plot, clf, graph, level, n_levels):
    panel = plot(clf, graph, axes=axes_row(n_levels + 1))[level + 1]
    fills = [to_hex(fill[:3]) for fill in discs(panel)[2]]
    drawn = sorted(set(members(clf.assignments(graph), level)))
    numbers = numbered(panel)
    assert set(numbers) <= set(drawn)  # small circles have no number
    return *counted(panel.get_title()), len(fills), dict(zip(drawn, fills))


def in_nodes(clf, graph, level):
    """Read colours from the nodes of the graph, for the first level."""
    row = viz.plot_hierarchy(clf, graph, axes_row(1 + len(clf.assignments(graph))))
    fills = [to_hex(fill[:3]) for fill in discs(row[0])[2]]
    colours = dict(zip(members(clf.assignments(graph), 0), fills))
    assert [colours[k] for k in members(clf.assignments(graph), 0)] == fills
    return *counted(row[1].get_title()), len(colours), colours


def in_assignment(clf, graph, level):
    *below, S = clf.assignments(graph)[: level + 1]
    (axes,) = viz.plot_assignment(S, axes_row(1)[0], below=below)
    (marks,) = find(axes, "used")
    columns = [int(ends[:, 0].mean().round()) for ends in marks.get_segments()]
    colours = [to_hex(colour) for colour in marks.get_colors()]
    return *counted(axes.get_title()), len(columns), dict(zip(columns, colours))


def in_report(clf, graph, level):
    recorder = Recorder([0], [graph], [0], 1)
    recorder.record(clf, 1)
    (shown,) = explorer_data(recorder.snapshots(), [], [0, 1], 1)["graphs"]
    data = shown["frames"][0]["levels"][level]
    # The script writes these two numbers: see test_report_in_browser.py.
    counts = len(data["used"]), shown["sizes"][level]
    return *counts, len(data["radii"]), dict(zip(data["used"], data["colours"]))


PLACES = [in_hierarchy, in_first_levels, in_nodes, in_assignment, in_report]


def assert_agreement(clf, graph, place):
    assignments = clf.assignments(graph)
    used = measures.used_clusters([S.argmax(axis=1) for S in assignments])
    for level in range(1 if place is in_nodes else len(assignments)):
        K, expected = assignments[level].shape[1], members(assignments, level)
        count, of, drawn, colours = place(clf, graph, level)
        assert used[level].tolist() == sorted(set(expected)) == sorted(colours)
        assert (count, of, drawn) == (len(set(expected)), K, count)
        n_below = sum(S.shape[1] for S in assignments[:level])
        assert colours == {k: COLOURS[n_below + k] for k in colours}
    assert measures.clusters_used(assignments[0]) == len(used[0])


COLOURS = [to_hex(colour) for colour in palette(60)]


def draw_assignments(data, sizes):
    """Draw assignments, some of them soft, with clusters that are not used."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    sharp = data.draw(st.sampled_from([0.05, 1.0, 100.0]))
    pairs = zip(sizes, sizes[1:])
    return [rng.dirichlet(np.full(K, 1 / sharp), N) + 1e-12 for N, K in pairs]


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=10, deadline=None, phases=set(Phase) - {Phase.shrink})
@given(st.data(), st.lists(st.integers(1, 7), min_size=2, max_size=4))
def test_every_place_shows_the_used_clusters_in_their_colours(place, data, sizes):
    graph = Graph(
        np.eye(sizes[0], k=1) + np.eye(sizes[0], k=-1), np.ones((sizes[0], 1))
    )
    assignments = draw_assignments(data, sizes)
    assert_agreement(model_with(assignments), graph, place)


@pytest.fixture(scope="module")
def trained():
    """Return a model of two levels after two epochs on MUTAG, and molecules."""
    mutag = ndp.load_dataset("MUTAG")[:40]
    clf = ndp.DiffPoolClassifier(hidden=8, clusters=(9, 3), epochs=2, seed=1)
    return clf.fit(mutag, mutag.labels), [mutag[i] for i in (0, 7, 30)]


@pytest.mark.parametrize("place", PLACES)
def test_every_place_agrees_on_a_trained_model_and_several_graphs(trained, place):
    clf, graphs = trained
    for graph in graphs:
        assert_agreement(clf, graph, place)


def test_a_heavy_cluster_that_no_node_belongs_to_is_used_nowhere():
    S = np.tile([0.4, 0.35, 0.25], (6, 1))
    graph = Graph(np.zeros((6, 6)), np.ones((6, 1)))
    assert measures.clusters_used(S) == 1
    for place in PLACES:
        assert place(model_with([S]), graph, 0)[:3] == (1, 3, 1)


def test_a_cluster_of_unused_clusters_is_used_nowhere():
    S, upper = np.eye(3)[[0, 0, 1, 1]], np.eye(2)[[0, 0, 1]]
    graph = Graph(np.zeros((4, 4)), np.ones((4, 1)))
    for place in (in_hierarchy, in_first_levels, in_assignment, in_report):
        assert place(model_with([S, upper]), graph, 1)[:3] == (1, 2, 1)
    assert len(measures.used_clusters([S.argmax(1), upper.argmax(1)])[1]) == 1


def test_certainty_has_one_meaning_in_all_captions():
    S, upper = np.eye(3)[[0, 0, 0, 1]], np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]])
    clf, graph = model_with([S, upper]), Graph(np.zeros((4, 4)), np.ones((4, 1)))
    caption = viz.plot_hierarchy(clf, graph, axes_row(3))[1].get_xlabel()
    other = viz.plot_assignment(upper, axes_row(1)[0], below=[S])[0].get_xlabel()
    assert "certainty, mean 0.75; " in caption and other.endswith("mean 0.75")
    assert measures.certainty(upper[:2]) == 0.75


def assert_same_links(clf, graph):
    row = viz.plot_hierarchy(clf, graph, axes_row(len(clf.assignments(graph)) + 1))
    recorder = Recorder([0], [graph], [1], 1)
    recorder.record(clf, 1)
    (shown,) = explorer_data(recorder.snapshots(), [], [0, 1], 1)["graphs"]
    assert len(shown["edges"]) == 2 * graph.n_edges
    for panel, level in zip(row[1:], shown["frames"][0]["levels"], strict=True):
        (links,) = find(panel, "links")
        weights = np.array(level["links"][2::3]) / 100  # of the heaviest
        assert len(links.get_segments()) == len(weights)
        fade = np.sqrt(np.clip(12 / max(weights.sum(), 1), 0.004, 1))
        widths = links.get_linewidths() if len(weights) else []
        expected = 0.7 + 3.8 * weights * fade
        assert np.allclose(sorted(widths), sorted(expected), atol=0.03)  # percent
        assert panel.get_xlabel().partition("links: ")[2].split("\n")[0] == (
            level["left_out"].removeprefix("links: ")
        )


def test_picture_and_report_draw_the_same_links_with_the_same_weights(trained):
    clf, graphs = trained
    for graph in graphs:
        assert_same_links(clf, graph)
    # The heaviest link is that of the unused cluster.
    S = np.array([[0.55, 0, 0.45]] * 2 + [[0, 0.55, 0.45]] * 2)
    path = Graph(np.eye(4, k=1) + np.eye(4, k=-1), np.ones((4, 1)))
    assert_same_links(model_with([S]), path)


@pytest.mark.parametrize("n_clusters", [4, 12, 50])
def test_picture_and_report_leave_out_the_same_links_of_many_clusters(n_clusters):
    rng = np.random.default_rng(0)
    A = np.triu(rng.random((80, 80)) < 0.1, k=1).astype(float)
    S = rng.dirichlet(np.full(n_clusters, 0.1), 80)
    clf, graph = model_with([S]), Graph(A + A.T, np.ones((80, 1)))
    assert_same_links(clf, graph)
    (links,) = find(viz.plot_hierarchy(clf, graph, axes_row(2))[1], "links")
    n_used = len(np.unique(S.argmax(axis=1)))
    assert len(links.get_segments()) == (6 if n_clusters == 4 else 2 * n_used)
