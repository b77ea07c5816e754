"""The picture of a hierarchy shows the assignments it was given."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from viz_drawings import (
    axes_row,
    cliques,
    discs,
    distance_to_link,
    filled_rims,
    find,
    soft,
)

from npdiffpool import Graph, viz
from npdiffpool.viz.drawing.colours import palette
from npdiffpool.viz.drawing.discs import spread
from npdiffpool.viz.drawing.levels import _centres, levels


def pixels(graph, assignments, seed):
    row = axes_row(len(assignments) + 1)
    viz.draw_hierarchy(graph, assignments, row, seed)
    canvas = FigureCanvasAgg(row[0].figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def test_a_node_has_the_colour_of_its_super_node():
    labels = np.repeat([4, 0, 2], 5)
    row = viz.draw_hierarchy(cliques(3, 5), [soft(labels, 6, 0.9)], axes_row(2))
    nodes, super_nodes = discs(row[0])[2], discs(row[1])[2]
    rank = {0: 0, 2: 1, 4: 2}  # unused clusters are not drawn
    expected = super_nodes[[rank[label] for label in labels]]
    assert np.array_equal(nodes[:, :3], expected[:, :3])
    assert len(np.unique(super_nodes[:, :3], axis=0)) == 3


@pytest.mark.parametrize("n_clusters", [3, 30])
def test_a_rim_is_filled_by_certainty_from_uniform_to_one_hot(n_clusters):
    parts = np.linspace(0, 1, 12)
    certainty = 1 / n_clusters + parts * (1 - 1 / n_clusters)
    S = soft(np.repeat([0, 1, 2], 4), n_clusters, certainty)
    S[0, 0] += 1e-6  # its cluster is 0, whatever the rounding
    row = viz.draw_hierarchy(cliques(3, 4), [S], axes_row(2))
    assert np.allclose(filled_rims(row[0]), parts, atol=2 / 720)  # of 720 angles
    assert np.all(filled_rims(row[1]) == 1)
    ends = f"; empty at 1/{n_clusters}, full at 1\n"
    assert f"rim: certainty, mean {certainty.mean():.2f}{ends}" in row[0].get_xlabel()


def test_rims_of_super_nodes_show_their_certainty_at_the_next_level():
    S_0, S_1 = np.eye(3)[np.repeat([0, 1, 2], 4)], soft([0, 0, 1], 2, [0.75, 0.9, 1])
    row = viz.draw_hierarchy(cliques(3, 4), [S_0, S_1], axes_row(3))
    assert np.allclose(filled_rims(row[1]), [0.5, 0.8, 1], atol=2 / 720)
    assert np.all(filled_rims(row[2]) == 1)


def test_colours_are_opaque_however_uncertain():
    S = soft(np.repeat([0, 1, 2], 4), 40, 0.04)
    row = viz.draw_hierarchy(cliques(3, 4), [S], axes_row(2))
    expected = palette(3)[np.repeat([0, 1, 2], 4)]
    assert np.array_equal(discs(row[0])[2], np.column_stack([expected, np.ones(12)]))


def test_area_is_proportional_to_mass_on_one_scale_for_all_levels():
    S_0 = soft(np.repeat([0, 1, 2], [4, 4, 8]), 3, 0.8)
    S_1 = soft([0, 0, 1], 2, 0.9)
    row = viz.draw_hierarchy(cliques(4, 4), [S_0, S_1], axes_row(3))
    area_1, area_2 = discs(row[1])[1] ** 2, discs(row[2])[1] ** 2
    assert np.allclose(area_1 / area_1.sum(), S_0.sum(axis=0) / 16, atol=1e-9)
    assert np.allclose(area_2 / area_1.sum(), (S_0 @ S_1).sum(axis=0) / 16, atol=1e-9)


def test_super_nodes_are_at_the_weighted_mean_position_of_their_members():
    labels = np.repeat([0, 1, 2], 6)
    S = soft(labels, 3, np.linspace(0.4, 0.9, 18))
    row = viz.draw_hierarchy(cliques(3, 6), [S], axes_row(2))
    share = np.where(np.eye(3)[labels] > 0, S, 0)
    centres = (share.T @ discs(row[0])[0]) / share.sum(axis=0)[:, None]
    assert np.allclose(discs(row[1])[0], centres, atol=1e-9)


def test_at_the_second_level_members_are_weighted_by_their_mass():
    S_0 = np.eye(4)[np.repeat([0, 1, 2, 3], [4, 8, 4, 4])]
    S_1 = soft([0, 0, 1, 1], 2, [0.9, 0.6, 0.7, 0.8])
    nodes, first, second = levels(cliques(5, 4), [S_0, S_1], 0)
    given = first.mass * [0.9, 0.6, 0.7, 0.8]
    means = [
        np.average(first.positions[members], axis=0, weights=given[members])
        for members in ([0, 1], [2, 3])
    ]
    expected = spread(np.array(means), second.radii, nodes.positions)
    assert np.allclose(second.positions, expected, atol=1e-8)


def test_captions_tell_the_mass_of_the_unused_clusters():
    labels, share = np.repeat([0, 1, 2], 6), np.linspace(0.05, 0.25, 18)
    S = np.column_stack([np.eye(3)[labels] * (1 - share)[:, None], share, 0 * share])
    S_1 = np.eye(2)[[0, 1, 0, 0, 0]]
    panels = viz.draw_hierarchy(cliques(3, 6), [S, S_1], axes_row(3))[1:]
    first, second = (panel.get_xlabel() for panel in panels)
    assert first.startswith("area: mass in nodes; 2.7 of 18 in unused clusters\n")
    assert second == "area: mass in nodes"


def test_no_link_runs_behind_a_super_node_of_a_symmetric_graph():
    A = np.diag(np.ones(11), 1)  # a path: every cluster is centred on its middle
    S = soft([0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0], 6, 0.5)
    graph = Graph(A + A.T, np.ones((12, 1)))
    panel = viz.draw_hierarchy(graph, [S], axes_row(2))[1]
    centres, radii, _ = discs(panel)
    (links,) = find(panel, "links")
    for segment in links.get_segments():
        away = distance_to_link(centres, *segment)
        assert np.sum(away < radii) == 2  # those at its ends


def test_super_nodes_at_one_position_are_moved_apart(monkeypatch):
    A = np.diag(np.ones(17), 1)  # a path: every cluster is centred on its middle
    S = np.eye(9)[[*range(9), *range(8, -1, -1)]]
    graph = Graph(A + A.T, np.ones((18, 1)))
    straight = np.column_stack([np.linspace(-0.5, 0.5, 18), np.zeros(18)])
    monkeypatch.setattr(
        "npdiffpool.viz.drawing.levels.node_positions", lambda *_: straight
    )
    row = viz.draw_hierarchy(graph, [S], axes_row(2))
    centres, radii, _ = discs(row[1])
    distances = np.linalg.norm(centres[:, None] - centres, axis=2)
    gaps = distances - radii[:, None] - radii + np.diag(np.full(9, np.inf))
    assert np.min(gaps) >= 0
    assert np.max(distances) < 12 * radii[0]  # but not scattered


def test_rounding_does_not_decide_how_super_nodes_are_moved_apart(monkeypatch):
    """With other BLAS kernels, centres differ in the last digit."""
    rng = np.random.default_rng(0)

    def rounded(*arguments):
        return _centres(*arguments) * (1 + 1e-15 * rng.uniform(-1, 1, (9, 2)))

    found = []
    for centres in (_centres, rounded):
        monkeypatch.setattr("npdiffpool.viz.drawing.levels._centres", centres)
        S = np.full((12, 9), 1 / 9)
        row = viz.draw_hierarchy(cliques(3, 4), [S], axes_row(2))
        found.append(discs(row[1])[0])
    np.testing.assert_allclose(*found, atol=1e-6)


def test_titles_count_nodes_edges_and_used_clusters():
    S = soft(np.repeat([0, 3], 4), 7, 0.97)
    row = viz.draw_hierarchy(cliques(2, 4), [S, np.ones((7, 1))], axes_row(3))
    titles = [panel.get_title() for panel in row]
    assert titles == [
        "graph: 8 nodes, 14 edges",
        "level 1: 2 of 7 clusters used",
        "level 2: 1 of 1 cluster used",
    ]


@pytest.mark.parametrize("share", [0.04, 0.06, 0.49])
def test_a_cluster_without_members_is_not_drawn_whatever_its_mass(share):
    S = np.repeat([[1, 0, 0], [0, 1, 0]], 4, axis=0) * (1 - share)
    S[:, 2] = share
    row = viz.draw_hierarchy(cliques(2, 4), [S], axes_row(2))
    (links,) = find(row[1], "links")
    assert len(discs(row[1])[1]) == 2
    assert len(links.get_segments()) == 1


def test_the_weights_of_super_links_are_those_of_the_pooled_adjacency():
    A = np.zeros((6, 6))
    A[0, 2] = A[1, 3] = A[0, 3] = A[3, 4] = 1  # 3 for clusters 0, 1; 1 for 1, 2
    graph = Graph(A + A.T + np.eye(6), np.ones((6, 1)))
    row = viz.draw_hierarchy(graph, [np.repeat(np.eye(3), 2, axis=0)], axes_row(2))
    (links,) = find(row[1], "links")
    thin, thick = sorted(links.get_linewidths())
    assert (thin - 0.7) / (thick - 0.7) == pytest.approx(1 / 3)
    opacity = links.get_colors()[:, 3]
    assert len(set(opacity)) == 2


def test_self_loops_are_not_drawn_and_directed_edges_are_drawn_once():
    A = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 0]])  # 0 - 0, 1 -> 0, 1 - 2
    row = viz.draw_hierarchy(Graph(A, np.ones((3, 1))), [], axes_row(1))
    (links,) = find(row[0], "links")
    assert len(links.get_segments()) == 2


def test_faint_super_links_are_hidden_and_counted():
    A = np.array([[0, 1, 0.04], [1, 0, 0.06], [0.04, 0.06, 0]])
    row = viz.draw_hierarchy(Graph(A, np.ones((3, 1))), [np.eye(3)], axes_row(2))
    segments = [len(find(panel, "links")[0].get_segments()) for panel in row]
    assert segments == [3, 2]
    text = "\nlinks: 2 of 3, 96% of the weight between clusters"
    assert row[1].get_xlabel().endswith(text)


def test_of_many_clusters_about_two_links_for_each_are_drawn_and_visible():
    graph, S = cliques(4, 10), soft(np.arange(40) % 20, 20, 0.3)
    S[:4] = 0.98 * np.eye(20)[:4] + 0.001  # their links are much heavier than others
    row = viz.draw_hierarchy(graph, [S], axes_row(2))
    (links,) = find(row[1], "links")
    assert len(links.get_segments()) == 40
    assert "links: 40 of 190, " in row[1].get_xlabel()
    assert np.min(links.get_colors()[:, 3]) >= 0.3
    assert np.min(links.get_linewidths()) > 0.7


def test_second_level_colours_follow_those_of_the_first_and_outline_the_members():
    S_0 = np.eye(4)[np.repeat([0, 1, 2, 3], [2, 4, 4, 2])]
    S_1 = np.eye(2)[[0, 0, 1, 1]]
    row = viz.draw_hierarchy(cliques(3, 4), [S_0, S_1], axes_row(3))
    first, second = discs(row[1])[2], discs(row[2])[2]
    assert np.array_equal([*first[:, :3], *second[:, :3]], palette(6))
    lines = [one.get_edgecolor()[0, :3] for one in find(row[1], "outline")]
    assert np.allclose(
        sorted(map(tuple, lines)), sorted(map(tuple, 0.65 * palette(6)[4:]))
    )


def test_unused_clusters_are_not_members_at_the_next_level():
    S_0 = soft([0, 0, 0, 1, 1, 1], 3, 0.98)  # cluster 2 has 1 % and no members
    S_1 = np.eye(2)[[0, 0, 1]]
    row = viz.draw_hierarchy(cliques(2, 3), [S_0, S_1], axes_row(3))
    assert row[2].get_title() == "level 2: 1 of 2 clusters used"


def test_numbers_on_super_nodes_are_columns_of_s():
    S = np.eye(9)[np.repeat([7, 3], 4)]
    row = viz.draw_hierarchy(cliques(2, 4), [S], axes_row(2))
    assert [text.get_text() for text in find(row[1], "number")] == ["3", "7"]


@pytest.mark.parametrize("n_cliques", [3, 10])
def test_the_same_seed_gives_the_same_pixels(n_cliques):
    graph = cliques(n_cliques, 12)
    S = np.eye(n_cliques)[np.repeat(np.arange(n_cliques), 12)]
    first = pixels(graph, [S], seed=3)
    assert np.array_equal(first, pixels(graph, [S], seed=3))
    assert not np.array_equal(first, pixels(graph, [S], seed=4))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_masses_of_every_level_sum_to_n_and_positions_are_finite(data):
    N, K = data.draw(st.integers(0, 7)), data.draw(st.integers(1, 4))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    A = rng.integers(0, 3, (N, N)) * rng.integers(0, 2, (N, N))
    S_0, S_1 = rng.dirichlet(np.ones(K), N), rng.dirichlet(np.ones(2), K)
    for level in levels(Graph(A, np.ones((N, 1))), [S_0.reshape(N, K), S_1], seed):
        assert level.mass.sum() == pytest.approx(N, abs=1e-9)
        assert np.all(np.isfinite(level.positions))
        assert np.all(level.colour[level.used] >= 0)


@pytest.mark.parametrize("n_nodes", [0, 1, 2, 5])
def test_graphs_without_edges_can_be_drawn(n_nodes):
    graph = Graph(np.zeros((n_nodes, n_nodes)), np.ones((n_nodes, 1)))
    row = viz.draw_hierarchy(graph, [np.ones((n_nodes, 1))], axes_row(2))
    FigureCanvasAgg(row[0].figure).draw()
    assert len(discs(row[0])[1]) == n_nodes


def test_everything_drawn_is_inside_the_panels():
    S = soft(np.repeat([0, 1, 2], 5), 5, 0.7)
    for panel in viz.draw_hierarchy(cliques(3, 5), [S], axes_row(2)):
        centres, radii, _ = discs(panel)
        (left, right), (low, high) = panel.get_xlim(), panel.get_ylim()
        assert np.all(centres - radii[:, None] >= [left, low])
        assert np.all(centres + radii[:, None] <= [right, high])


@pytest.mark.parametrize("n_colours", [1, 8, 9, 40])
def test_the_colours_of_a_palette_are_distinct(n_colours):
    assert len(np.unique(palette(n_colours), axis=0)) == n_colours


def test_up_to_eight_colours_are_okabe_and_itos():
    published = [(0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167)]
    published += [(86, 180, 233), (213, 94, 0), (240, 228, 66), (0, 0, 0)]
    assert np.array_equal(np.rint(255 * palette(8)), published)


def test_colours_with_near_numbers_look_different_and_no_colour_has_two_numbers():
    colours = palette(60)
    for step in (1, 2, 3):
        distance = np.linalg.norm(colours[8 + step :] - colours[8:-step], axis=1)
        assert np.min(distance) > 0.1  # of sqrt(3), black to white
    for n_colours in range(60):
        assert np.array_equal(palette(n_colours), colours[:n_colours])


def test_plot_hierarchy_draws_the_assignments_of_the_model():
    graph, S = cliques(2, 3), np.eye(2)[[0, 0, 0, 1, 1, 1]]
    clf = SimpleNamespace(
        assignments=lambda requested: [S] if requested is graph else None
    )
    row = viz.plot_hierarchy(clf, graph, axes_row(2))
    assert row[1].get_title() == "level 1: 2 of 2 clusters used"


def test_rows_that_sum_to_one_up_to_rounding_can_be_drawn():
    row = viz.draw_hierarchy(cliques(2, 3), [np.full((6, 1), 1 + 9e-4)], axes_row(2))
    assert np.all(filled_rims(row[0]) == 1)
    row = viz.draw_hierarchy(cliques(2, 3), [np.eye(6) * (1 + 9e-4)], axes_row(2))
    assert np.all(filled_rims(row[0]) == 1)


@pytest.mark.parametrize("shapes", [[(5, 2)], [(6,)], [(6, 0)], [(6, 2), (3, 1)]])
def test_assignments_of_the_wrong_shape_are_rejected(shapes):
    which = len(shapes) - 1
    matrices = [np.full(shape, 1 / max(shape[-1], 1)) for shape in shapes]
    with pytest.raises(ValueError, match=rf"assignments\[{which}\] must have shape"):
        viz.draw_hierarchy(cliques(2, 3), matrices, axes_row(len(shapes) + 1))


@pytest.mark.parametrize("row", [[0.5, 0.6], [1.5, -0.5], [np.nan, 1]])
def test_rows_that_are_not_distributions_are_rejected(row):
    with pytest.raises(ValueError, match=r"assignments\[0\] must have rows >= 0"):
        viz.draw_hierarchy(cliques(2, 3), [np.tile(row, (6, 1))], axes_row(2))


def test_the_names_of_few_nodes_stand_beside_them():
    names = list("abcdefghijklmno")
    graph = cliques(3, 5)
    named = Graph(graph.adjacency, graph.features, node_names=names)
    S = soft(np.repeat([0, 1, 2], 5), 3, 0.9)
    row = viz.draw_hierarchy(named, [S], axes_row(2))
    written = [text for text in row[0].texts if text.get_gid() == "name"]
    assert [text.get_text() for text in written] == names
    centres, radii = discs(row[0])[:2]
    expected = centres + np.column_stack([radii, 0 * radii])
    assert np.allclose([text.xy for text in written], expected)
    for other in (graph, Graph(np.eye(51), np.ones(51), node_names=range(51))):
        assert not viz.draw_hierarchy(other, [], axes_row(1))[0].texts
