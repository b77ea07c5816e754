"""What the figures say is true of the numbers behind them."""
import itertools
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.path import Path

from npdiffpool import Graph, load_dataset, viz
from npdiffpool.viz._colours import far_ranks, palette
from npdiffpool.viz._layout import node_positions, separate
from npdiffpool.viz._levels import levels
from npdiffpool.viz._panel import outline
from npdiffpool.viz._pieces import _repulsion

HISTORY = [
    {"epoch": 1, "loss": 1.5, "cross_entropy": 0.7, "link_loss": 30.0,
     "entropy_loss": 0.6, "train_accuracy": 0.5, "validation_accuracy": 0.25},
    {"epoch": 2, "loss": 1.2, "cross_entropy": 0.5, "link_loss": 20.0,
     "entropy_loss": 0.4, "train_accuracy": 0.75, "validation_accuracy": None},
]  # fmt: skip


@pytest.fixture(autouse=True)
def off_screen():
    """Draw to memory, whatever the machine has, and close what pyplot opened."""
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def cliques(n_cliques, size):
    """Join cliques of nodes k size ... (k + 1) size - 1 in a ring."""
    N = n_cliques * size
    A = np.kron(np.eye(n_cliques), np.ones((size, size)))
    for k in range(n_cliques):
        i, j = k * size, ((k + 1) * size + 1) % N
        A[i, j] = A[j, i] = 1
    return Graph(A - np.diag(np.diag(A)), np.ones((N, 1)))


def soft(labels, n_clusters, certainty):
    """Give node i's cluster labels[i] the share certainty[i], the others the rest."""
    share = np.broadcast_to(certainty, len(labels))
    S = np.outer((1 - share) / (n_clusters - 1), np.ones(n_clusters))
    S[np.arange(len(labels)), labels] = share
    return S


def axes_row(n_panels):
    return Figure().subplots(1, n_panels, squeeze=False)[0]


def find(axes, gid):
    return [artist for artist in axes.findobj() if artist.get_gid() == gid]


def discs(axes):
    """Read centres, radii and RGBA fills off the circles of a panel."""
    (nodes,) = find(axes, "nodes")
    boxes = [path.get_extents() for path in nodes.get_paths()]
    centres = np.array([(box.p0 + box.p1) / 2 for box in boxes]).reshape(-1, 2)
    radii = np.array([box.width / 2 for box in boxes])
    return centres, radii, nodes.get_facecolors()


def pixels(graph, assignments, seed):
    row = axes_row(len(assignments) + 1)
    viz.draw_hierarchy(graph, assignments, row, seed)
    canvas = FigureCanvasAgg(row[0].figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def test_a_node_has_the_colour_of_its_clusters_super_node():
    labels = np.repeat([4, 0, 2], 5)
    row = viz.draw_hierarchy(cliques(3, 5), [soft(labels, 6, 0.9)], axes_row(2))
    nodes, super_nodes = discs(row[0])[2], discs(row[1])[2]
    rank = {0: 0, 2: 1, 4: 2}  # unused clusters are not drawn
    expected = super_nodes[[rank[label] for label in labels]]
    assert np.array_equal(nodes[:, :3], expected[:, :3])
    assert len(np.unique(super_nodes[:, :3], axis=0)) == 3


def test_opacity_is_certainty():
    certainty = np.linspace(0.4, 1, 12)
    S = soft(np.repeat([0, 1, 2], 4), 3, certainty)
    row = viz.draw_hierarchy(cliques(3, 4), [S], axes_row(2))
    assert np.allclose(discs(row[0])[2][:, 3], certainty, atol=1e-12)
    assert np.all(discs(row[1])[2][:, 3] == 1)


def test_area_is_proportional_to_mass_on_one_scale_for_all_levels():
    S_0 = soft(np.repeat([0, 1, 2], [4, 4, 8]), 3, 0.8)
    S_1 = soft([0, 0, 1], 2, 0.9)
    row = viz.draw_hierarchy(cliques(4, 4), [S_0, S_1], axes_row(3))
    area_1, area_2 = discs(row[1])[1] ** 2, discs(row[2])[1] ** 2
    assert np.allclose(area_1 / area_1.sum(), S_0.sum(axis=0) / 16, atol=1e-9)
    assert np.allclose(area_2 / area_1.sum(), (S_0 @ S_1).sum(axis=0) / 16, atol=1e-9)


def test_super_nodes_stand_at_their_mass_weighted_centres():
    S = soft(np.repeat([0, 1, 2], 6), 3, np.linspace(0.85, 1, 18))
    row = viz.draw_hierarchy(cliques(3, 6), [S], axes_row(2))
    centres = (S.T @ discs(row[0])[0]) / S.sum(axis=0)[:, None]
    assert np.allclose(discs(row[1])[0], centres, atol=1e-9)


def test_super_nodes_at_one_place_are_pushed_apart():
    row = viz.draw_hierarchy(cliques(3, 4), [np.full((12, 9), 1 / 9)], axes_row(2))
    centres, radii, _ = discs(row[1])
    distances = np.linalg.norm(centres[:, None] - centres, axis=2)
    gaps = distances - radii[:, None] - radii + np.diag(np.full(9, np.inf))
    assert np.min(gaps) >= 0
    assert np.max(distances) < 12 * radii[0]  # a heap, not an explosion


def test_discs_that_do_not_overlap_stay_put():
    centres = np.array([[0, 0], [0.1, 0], [5, 5]])
    moved = separate(centres, np.array([0.1, 0.1, 0.1]))
    assert np.array_equal(moved[2], centres[2])
    assert np.linalg.norm(moved[0] - moved[1]) >= 0.2


def test_each_cluster_has_an_outline_round_its_nodes():
    labels = np.repeat([0, 1, 2], [4, 1, 3])
    A = np.kron(np.eye(8), [[0]]) + np.diag(np.ones(7), 1)
    graph = Graph(A + A.T, np.ones((8, 1)))
    row = viz.draw_hierarchy(graph, [np.eye(3)[labels]], axes_row(2))
    shapes = [Path(patch.get_xy()) for patch in find(row[0], "outline")]
    inside = [shape.contains_points(discs(row[0])[0]) for shape in shapes]
    assert np.array_equal(np.transpose(inside), np.eye(3, dtype=bool)[labels])
    assert find(row[1], "outline") == []


def test_an_outline_keeps_its_margin_from_every_disc():
    centres = np.array([[0, 0], [1, 0], [2, 0]])  # in a row: a capsule
    corners = outline(centres, np.array([0.1, 0.3, 0.1]), margin=0.2)
    distances = np.linalg.norm(corners[:, None] - centres, axis=2)
    assert np.min(distances - [0.1, 0.3, 0.1]) >= 0.2 - 1e-12
    assert corners[:, 1].max() == pytest.approx(0.5)
    assert corners[:, 0].min() == pytest.approx(-0.3)


def test_a_scattered_cluster_has_no_outline_and_the_caption_says_so():
    path = np.diag(np.ones(11), 1)
    graph = Graph(path + path.T, np.ones((12, 1)))
    S = np.eye(3)[[0, 1, 0, 1, 0, 1, 0, 1, 2, 2, 2, 2]]
    row = viz.draw_hierarchy(graph, [S], axes_row(2))
    assert len(find(row[0], "outline")) == 1
    assert "2 clusters too scattered to outline" in row[0].get_xlabel()


def test_one_stray_does_not_stretch_a_large_clusters_outline():
    graph = cliques(3, 25)
    labels = np.repeat([0, 1, 2], 25)
    labels[12] = 2  # a node of the first clique
    row = viz.draw_hierarchy(graph, [np.eye(3)[labels]], axes_row(2))
    shapes = [Path(patch.get_xy()) for patch in find(row[0], "outline")]
    centres = discs(row[0])[0]
    assert [np.sum(shape.contains_points(centres)) for shape in shapes] == [25, 25, 25]


def test_titles_count_nodes_edges_and_used_clusters():
    S = soft(np.repeat([0, 3], 4), 7, 0.97)
    row = viz.draw_hierarchy(cliques(2, 4), [S, np.ones((7, 1))], axes_row(3))
    titles = [panel.get_title() for panel in row]
    assert titles == [
        "graph: 8 nodes, 14 edges",
        "level 1: 2 of 7 clusters used",
        "level 2: 1 of 1 cluster used",
    ]


@pytest.mark.parametrize("share, n_drawn", [(0.04, 2), (0.06, 3)])
def test_a_cluster_without_members_is_drawn_from_a_share_of_5_percent(share, n_drawn):
    S = np.repeat([[1, 0, 0], [0, 1, 0]], 4, axis=0) * (1 - share)
    S[:, 2] = share
    row = viz.draw_hierarchy(cliques(2, 4), [S], axes_row(2))
    (links,) = find(row[1], "links")
    assert len(discs(row[1])[1]) == n_drawn
    assert len(links.get_segments()) == n_drawn * (n_drawn - 1) / 2


def test_super_links_weigh_what_the_pooled_adjacency_says():
    A = np.zeros((6, 6))
    A[0, 2] = A[1, 3] = A[0, 3] = A[3, 4] = 1  # 3 between clusters 0 and 1, 1 of 1, 2
    graph = Graph(A + A.T + np.eye(6), np.ones((6, 1)))
    row = viz.draw_hierarchy(graph, [np.repeat(np.eye(3), 2, axis=0)], axes_row(2))
    (links,) = find(row[1], "links")
    thin, thick = sorted(links.get_linewidths())
    assert (thin - 0.3) / (thick - 0.3) == pytest.approx(1 / 3)
    opacity = links.get_colors()[:, 3]
    assert len(set(opacity)) == 2


def test_self_loops_are_not_drawn_and_directed_edges_are_once():
    A = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 0]])  # 0 - 0, 1 -> 0, 1 - 2
    row = viz.draw_hierarchy(Graph(A, np.ones((3, 1))), [], axes_row(1))
    (links,) = find(row[0], "links")
    assert len(links.get_segments()) == 2


def test_faint_super_links_are_left_out_and_counted():
    A = np.array([[0, 1, 0.04], [1, 0, 0.06], [0.04, 0.06, 0]])
    row = viz.draw_hierarchy(Graph(A, np.ones((3, 1))), [np.eye(3)], axes_row(2))
    segments = [len(find(panel, "links")[0].get_segments()) for panel in row]
    assert segments == [3, 2]
    assert "1 link under 5% of the heaviest left out" in row[1].get_xlabel()


def test_a_second_level_takes_the_colour_of_its_heaviest_member():
    S_0 = np.eye(4)[np.repeat([0, 1, 2, 3], [2, 4, 4, 2])]
    S_1 = np.eye(2)[[0, 0, 1, 1]]
    row = viz.draw_hierarchy(cliques(3, 4), [S_0, S_1], axes_row(3))
    first, second = discs(row[1])[2], discs(row[2])[2]
    assert np.array_equal(second, first[[1, 2]])
    assert len(find(row[1], "outline")) == 2


def test_unused_clusters_do_not_count_at_the_next_level():
    S_0 = soft([0, 0, 0, 1, 1, 1], 3, 0.98)  # cluster 2 holds 1 % and no argmax
    S_1 = np.eye(2)[[0, 0, 1]]
    row = viz.draw_hierarchy(cliques(2, 3), [S_0, S_1], axes_row(3))
    assert row[2].get_title() == "level 2: 1 of 2 clusters used"


def test_numbers_on_super_nodes_are_columns_of_s():
    S = np.eye(9)[np.repeat([7, 3], 4)]
    row = viz.draw_hierarchy(cliques(2, 4), [S], axes_row(2))
    assert [text.get_text() for text in find(row[1], "number")] == ["3", "7"]


@pytest.mark.parametrize("n_cliques", [3, 10])  # 36 nodes by springs, 120 by forces
def test_the_same_seed_gives_the_same_pixels(n_cliques):
    graph = cliques(n_cliques, 12)
    S = np.eye(n_cliques)[np.repeat(np.arange(n_cliques), 12)]
    first = pixels(graph, [S], seed=3)
    assert np.array_equal(first, pixels(graph, [S], seed=3))
    assert not np.array_equal(first, pixels(graph, [S], seed=4))


def test_self_loops_and_directions_do_not_move_nodes():
    A = cliques(3, 4).adjacency.toarray()
    positions = node_positions(A, seed=0)
    assert np.array_equal(node_positions(A + np.diag(np.arange(12)), 0), positions)
    assert np.array_equal(node_positions(np.triu(A), 0), positions)


@pytest.mark.parametrize("molecule", [5, 74, 144])  # where worse starts fold rings
def test_molecules_are_drawn_without_crossings(molecule):
    A = load_dataset("MUTAG").graphs[molecule].adjacency
    positions = node_positions(A, seed=0)
    edges = np.argwhere(np.triu(A.toarray()))
    for edge, other in itertools.combinations(edges, 2):
        if not set(edge) & set(other):
            assert not Path(positions[edge]).intersects_path(Path(positions[other]))


def test_small_pieces_have_bonds_of_about_one_length():
    A = load_dataset("MUTAG").graphs[5].adjacency
    positions = node_positions(A, seed=0)
    i, j = A.nonzero()
    lengths = np.linalg.norm(positions[i] - positions[j], axis=1)
    assert lengths.max() < 1.5 * lengths.min()


def test_heavier_edges_are_drawn_shorter():
    heavy = np.kron(np.eye(2), np.ones((4, 4)))
    A = heavy + 0.05 - np.diag(np.full(8, 1.05))
    positions = node_positions(A, seed=0)
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    assert distances[heavy == 1].max() < distances[heavy == 0].min()
    assert np.array_equal(node_positions(1024 * A, seed=0), positions)  # no units


def test_a_large_ring_is_unfolded():
    x, y = node_positions(cliques(75, 2).adjacency, seed=0).T
    area = np.abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    assert area > 0.4 * np.ptp(x) * np.ptp(y)  # a tangle's loops cancel out


def test_repulsion_is_the_sum_over_all_other_nodes():
    place = np.random.default_rng(0).standard_normal((7, 2))
    expected = np.zeros((7, 2))
    for i, j in np.ndindex(7, 7):
        apart = place[i] - place[j]
        expected[i] += apart / (apart @ apart + 1e-4)
    assert np.allclose(_repulsion(place), expected, rtol=1e-9, atol=0)


def test_forces_keep_planted_groups_apart():
    positions = node_positions(cliques(10, 12).adjacency, seed=0)
    groups = positions.reshape(10, 12, 2)
    centres = groups.mean(axis=1)
    nearest = np.linalg.norm(positions[:, None] - centres, axis=2).argmin(axis=1)
    assert np.array_equal(nearest, np.repeat(np.arange(10), 12))


def test_loose_pieces_stay_beside_the_main_one_without_touching():
    A = np.zeros((60, 60))
    A[:40, :40] = cliques(4, 10).adjacency.toarray()
    A[40, 41] = A[41, 40] = 1  # a pair, and 18 nodes alone
    positions = node_positions(A, seed=0)
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    nearest = np.min(distances + np.diag(np.full(60, np.inf)), axis=1)
    assert np.max(nearest[40:]) < 5 * np.median(nearest[:40])
    assert np.min(nearest[40:]) > 0.5 * np.median(nearest[:40])
    assert np.max(np.ptp(positions, axis=0)) == pytest.approx(1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_level_holds_all_nodes_inside_finite_places(data):
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
def test_colours_are_distinct(n_colours):
    assert len(np.unique(palette(n_colours), axis=0)) == n_colours


def test_up_to_eight_colours_are_okabe_and_itos():
    published = [(0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167)]
    published += [(86, 180, 233), (213, 94, 0), (240, 228, 66), (0, 0, 0)]
    assert np.array_equal(np.rint(255 * palette(8)), published)


def test_near_clusters_get_far_ranks():
    points = np.stack([np.arange(12), np.zeros(12)], axis=1)
    ranks = far_ranks(points)
    assert sorted(ranks) == list(range(12))
    assert np.min(np.abs(np.diff(ranks))) >= 2


def test_the_classifier_is_asked_for_its_assignments():
    graph, S = cliques(2, 3), np.eye(2)[[0, 0, 0, 1, 1, 1]]
    clf = SimpleNamespace(assignments=lambda asked: [S] if asked is graph else None)
    row = viz.plot_hierarchy(clf, graph)
    assert row[1].get_title() == "level 1: 2 of 2 clusters used"


@pytest.mark.parametrize("n_panels", [1, 3])
def test_rejects_a_wrong_number_of_axes(n_panels):
    seen = rf"axes must hold 2 matplotlib axes, one a panel; got {n_panels}: Axes"
    with pytest.raises(ValueError, match=seen):
        viz.draw_hierarchy(cliques(2, 3), [np.ones((6, 1))], axes_row(n_panels))
    with pytest.raises(ValueError, match=seen):
        viz.draw_history(HISTORY, axes=axes_row(n_panels))


def test_rejects_what_is_not_axes():
    with pytest.raises(ValueError, match="got 2: str, int"):
        viz.draw_history(HISTORY, axes=["left", 2])


@pytest.mark.parametrize("shapes", [[(5, 2)], [(6,)], [(6, 0)], [(6, 2), (3, 1)]])
def test_rejects_assignments_of_the_wrong_shape(shapes):
    which = len(shapes) - 1
    matrices = [np.full(shape, 1 / max(shape[-1], 1)) for shape in shapes]
    with pytest.raises(ValueError, match=rf"assignments\[{which}\] must have shape"):
        viz.draw_hierarchy(cliques(2, 3), matrices, axes_row(len(shapes) + 1))


@pytest.mark.parametrize("row", [[0.5, 0.6], [1.5, -0.5], [np.nan, 1]])
def test_rejects_rows_that_are_not_distributions(row):
    with pytest.raises(ValueError, match=r"assignments\[0\] must have rows >= 0"):
        viz.draw_hierarchy(cliques(2, 3), [np.tile(row, (6, 1))], axes_row(2))


def test_history_lines_are_the_records_and_accuracies_are_percent():
    losses, accuracies = viz.draw_history(HISTORY, axes=axes_row(2))
    for key in ("loss", "cross_entropy", "entropy_loss"):
        (line,) = find(losses, key)
        assert list(line.get_ydata()) == [record[key] for record in HISTORY]
    (train,), (held_out,) = (
        find(accuracies, f"{part}_accuracy") for part in ("train", "validation")
    )
    assert list(train.get_xdata()) == [1, 2]
    assert list(train.get_ydata()) == [50, 75]
    assert np.array_equal(held_out.get_ydata(), [25, np.nan], equal_nan=True)


def test_the_link_loss_has_a_scale_of_its_own():
    row = viz.draw_history(HISTORY, axes=axes_row(2))
    (right,) = [one for one in row[0].figure.axes if one not in list(row)]
    assert list(find(right, "link_loss")[0].get_ydata()) == [30, 20]
    assert row[0].get_ylim()[1] < 3 and right.get_ylim()[1] > 30
    assert "nats" in row[0].get_ylabel() and "edge weight" in right.get_ylabel()


def test_what_was_not_recorded_is_not_drawn():
    losses, accuracies = viz.draw_history(HISTORY, axes=axes_row(2))
    assert find(losses, "validation_loss") == []
    bare = viz.draw_history([{"loss": 1.0}], axes=axes_row(2))
    assert len(bare[0].figure.axes) == 2
    assert bare[1].texts[0].get_text() == "no accuracies were recorded"


def test_a_single_epoch_is_a_visible_point():
    losses, _ = viz.draw_history(HISTORY[:1], axes=axes_row(2))
    assert find(losses, "loss")[0].get_marker() == "o"


def test_the_kept_epoch_is_a_dotted_line_in_both_panels():
    clf = SimpleNamespace(history_=HISTORY, best_epoch_=2)
    for panel in viz.plot_history(clf, axes_row(2)):
        (kept,) = find(panel, "kept")
        assert list(kept.get_xdata()) == [2, 2] and kept.get_linestyle() == ":"
        names = [text.get_text() for text in panel.get_legend().get_texts()]
        assert "kept: epoch 2" in names


def test_no_epoch_is_marked_where_none_was_chosen():
    clf = SimpleNamespace(history_=HISTORY, best_epoch_=None)
    assert all(find(panel, "kept") == [] for panel in viz.plot_history(clf))


def test_rejects_a_history_without_epochs():
    with pytest.raises(ValueError, match="history must hold at least one epoch"):
        viz.draw_history([])


def fitted():
    S = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    return SimpleNamespace(
        assignments=lambda graph: [S], history_=HISTORY, best_epoch_=1
    )


def test_saved_figures_are_whole_pngs_1800_pixels_wide(tmp_path):
    paths = viz.save_figures(fitted(), cliques(2, 3), tmp_path / "new" / "run")
    figures = tmp_path / "new" / "run" / "figures"
    assert paths == [figures / "hierarchy.png", figures / "history.png"]
    assert sorted(figures.iterdir()) == paths  # nothing temporary is left
    for path in paths:
        image = imread(path)
        assert image.shape[1] == 1800 and np.ptp(image) == 1


def test_saving_leaves_the_old_figures_if_anything_goes_wrong(tmp_path):
    old = viz.save_figures(fitted(), cliques(2, 3), tmp_path)
    before = [path.read_bytes() for path in old]
    broken = fitted()
    broken.history_ = []
    with pytest.raises(ValueError, match="at least one epoch"):
        viz.save_figures(broken, cliques(2, 3), tmp_path)
    assert [path.read_bytes() for path in old] == before


def test_a_reader_of_the_old_figure_is_not_disturbed(tmp_path):
    path, _ = viz.save_figures(fitted(), cliques(2, 3), tmp_path)
    old = path.read_bytes()
    with path.open("rb") as reader:
        viz.save_figures(fitted(), Graph(np.eye(6), np.ones((6, 1))), tmp_path)
        assert path.read_bytes() != old
        assert reader.read() == old


def test_a_failed_rename_leaves_no_temporary_file(tmp_path):
    (tmp_path / "figures" / "hierarchy.png").mkdir(parents=True)
    with pytest.raises(OSError):
        viz.save_figures(fitted(), cliques(2, 3), tmp_path)
    assert [one.name for one in (tmp_path / "figures").iterdir()] == ["hierarchy.png"]


def test_given_axes_pyplot_and_its_settings_are_not_touched(tmp_path):
    before = dict(matplotlib.rcParams)
    graph, S = cliques(2, 3), np.ones((6, 1))
    row = axes_row(2)
    assert list(viz.draw_hierarchy(graph, [S], row)) == list(row)
    viz.draw_history(HISTORY, axes=axes_row(2))
    viz.save_figures(fitted(), graph, tmp_path)
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_package_itself_needs_no_matplotlib():
    loaded = "print([m for m in ('matplotlib', 'networkx') if m in sys.modules])"
    assert run(f"import sys, npdiffpool; {loaded}").stdout == "[]\n"


@pytest.mark.parametrize("missing", ["matplotlib", "networkx"])
def test_without_the_extra_the_import_says_what_to_install(missing):
    hidden = f"import sys; sys.modules[{missing!r}] = None; import npdiffpool.viz"
    last = run(hidden).stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert 'pip install "npdiffpool[viz]"' in last
