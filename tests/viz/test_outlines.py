"""Each dotted outline contains one connected part of a cluster and no other node."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.path import Path
from viz_drawings import axes_row, cliques, discs, distance_to_link, find

from npdiffpool import Graph, load_dataset, viz
from npdiffpool.viz.drawing.levels import Level
from npdiffpool.viz.drawing.outlines import draw_outlines
from npdiffpool.viz.hierarchy import _describe_outlines

RADIUS, REACH = 0.03, 0.045  # of a node, and of its outline


def inside(outline, points):
    """Return which points are inside an outline; a loop in a loop is a hole."""
    loops = [Path(loop) for loop in outline.allsegs[0]]
    return np.sum([loop.contains_points(points) for loop in loops], axis=0) % 2 == 1


def nodes_inside(panel):
    """Return the nodes inside each outline of a panel, sorted."""
    centres = discs(panel)[0]
    outlines = find(panel, "outline")
    return sorted(np.flatnonzero(inside(one, centres)).tolist() for one in outlines)


def path_graph(n_nodes):
    A = np.diag(np.ones(n_nodes - 1), 1)
    return Graph(A + A.T, np.ones((n_nodes, 1)))


def outlines_of(positions, pairs, cluster):
    """Draw outlines around nodes; return one artist per part."""
    n, cluster = len(positions), np.array(cluster)
    nodes = Level(
        False, None, np.ones(n), np.ones(n, dtype=bool), np.array(positions),
        np.full(n, RADIUS), cluster, cluster, np.ones(n),
    )  # fmt: skip
    above = nodes._replace(colour=np.arange(2))
    (axes,) = axes_row(1)
    links = np.array(pairs, dtype=int).reshape(-1, 2)
    draw_outlines(axes, nodes, above, links, np.eye(3)[:2])
    return find(axes, "outline")


def test_each_connected_part_of_a_cluster_has_an_outline():
    S = np.eye(3)[[0, 1, 1, 0, 0, 1, 0, 1, 2, 2, 2, 2]]
    row = viz.draw_hierarchy(path_graph(12), [S], axes_row(2))
    assert nodes_inside(row[0]) == [[0], [1, 2], [3, 4], [5], [6], [7], [8, 9, 10, 11]]
    assert "dotted: 7 connected parts" in row[0].get_xlabel().splitlines()
    assert find(row[1], "outline") == []


@pytest.mark.parametrize("molecule", [5, 9, 20, 74])
def test_outlines_around_atoms_of_one_kind_contain_no_others(molecule):
    graph = load_dataset("MUTAG").graphs[molecule]
    A = graph.adjacency.toarray()
    kinds = A @ graph.features @ np.arange(1, 1 + graph.features.shape[1])
    labels = np.unique(kinds, return_inverse=True)[1]
    S = np.eye(1 + labels.max())[labels]
    row = viz.draw_hierarchy(graph, [S], axes_row(2))
    steps = A * np.equal.outer(labels, labels) + np.eye(len(A))
    reached = np.linalg.matrix_power(steps, len(A))
    parts = {tuple(np.flatnonzero(row)) for row in reached}
    assert nodes_inside(row[0]) == sorted(list(part) for part in parts)
    assert len(parts) > S.shape[1]


def test_an_outline_excludes_a_node_of_another_cluster_that_it_surrounds():
    labels = np.repeat([0, 1, 2], 12)
    labels[5] = 2  # a node of the first clique
    graph = cliques(3, 12)
    row = viz.draw_hierarchy(graph, [np.eye(3)[labels]], axes_row(2))
    first = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert nodes_inside(row[0]) == [
        first,
        [5],
        list(range(12, 24)),
        list(range(24, 36)),
    ]


def test_an_outline_is_dotted_and_has_the_colour_of_its_cluster():
    S = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    row = viz.draw_hierarchy(cliques(2, 3), [S], axes_row(2))
    for outline, disc in zip(find(row[0], "outline"), discs(row[1])[2]):
        assert np.allclose(outline.get_edgecolor()[0, :3], 0.65 * disc[:3], atol=1e-12)
        assert outline.get_linestyle()[0][1] is not None


def test_the_outline_of_one_node_is_a_circle_and_of_two_a_capsule():
    ends = np.array([[0, 0], [0.3, 0.1]])
    (capsule,) = outlines_of(ends, [[0, 1]], [0, 0])
    (loop,) = capsule.allsegs[0]
    # 0.0005: a contour on a grid cuts the corners of a circle by 1 %.
    assert distance_to_link(loop, *ends) == pytest.approx(REACH, abs=0.0005)
    assert np.array_equal(loop[0], loop[-1])
    first, second = outlines_of(ends, [], [0, 0])
    for circle, centre in ((first, ends[0]), (second, ends[1])):
        away = np.linalg.norm(circle.allsegs[0][0] - centre, axis=1)
        assert away == pytest.approx(REACH, abs=0.0005)


def test_a_hole_between_links_is_outlined_only_if_it_contains_a_node():
    turns = 2 * np.pi * np.arange(6) / 6
    ring = 0.2 * np.column_stack([np.cos(turns), np.sin(turns)])
    pairs = [[i, (i + 1) % 6] for i in range(6)]
    (empty,) = outlines_of(ring, pairs, [0] * 6)
    assert len(empty.allsegs[0]) == 1
    centre, full = np.zeros((1, 2)), np.concatenate([ring, [[0, 0]]])
    around, within = outlines_of(full, pairs, [0] * 6 + [1])
    assert not inside(around, centre)[0] and np.all(inside(around, ring))
    assert inside(within, full).tolist() == [False] * 6 + [True]


def test_an_outline_excludes_another_node_on_its_link():
    positions = [[0, 0], [0.4, 0], [0.2, 0.01]]
    link, node = outlines_of(positions, [[0, 1]], [0, 0, 1])
    assert inside(link, positions).tolist() == [True, True, False]
    assert inside(node, positions).tolist() == [False, False, True]


def test_overlapping_nodes_are_inside_their_own_outlines_only():
    positions = [[0, 0], [0.5 * RADIUS, 0]]
    left, right = outlines_of(positions, [], [0, 1])
    assert inside(left, positions).tolist() == [True, False]
    assert inside(right, positions).tolist() == [False, True]


def test_an_outline_follows_only_the_long_links_that_connect_its_part():
    positions = np.array([[0, 0], [0, 0.2], [1, 0.05]])
    (outline,) = outlines_of(positions, [[0, 1], [0, 2], [1, 2]], [0, 0, 0])
    middles = positions[[0, 0, 1]] / 2 + positions[[1, 2, 2]] / 2
    assert inside(outline, middles).tolist() == [True, True, False]


def test_outlines_contain_whole_super_nodes_of_any_size():
    S_0 = np.eye(4)[np.repeat([0, 1, 2, 3], [1, 20, 3, 12])]
    S_1 = np.eye(2)[[0, 0, 1, 1]]
    panel = viz.draw_hierarchy(cliques(12, 3), [S_0, S_1], axes_row(3))[1]
    centres, radii, _ = discs(panel)
    turns = np.linspace(0, 2 * np.pi, 60)
    circle = np.column_stack([np.cos(turns), np.sin(turns)])
    own, other = find(panel, "outline")
    for k, outline in enumerate([own, own, other, other]):
        assert np.all(inside(outline, centres[k] + radii[k] * circle))


def draw_one_cluster(n_isolated, *sizes):
    """Draw isolated nodes and paths of some sizes, all in one cluster."""
    N = n_isolated + sum(sizes)
    links = np.ones(N - 1)
    links[:n_isolated] = links[n_isolated + np.cumsum(sizes)[:-1] - 1] = 0
    A = np.diag(links, 1)
    graph = Graph(A + A.T, np.ones((N, 1)))
    return viz.draw_hierarchy(graph, [np.ones((N, 1))], axes_row(2))[0]


def last_line(panel):
    return panel.get_xlabel().splitlines()[-1]


def test_with_more_than_40_parts_those_of_one_node_have_no_outline():
    panel = draw_one_cluster(39, 2)
    assert len(find(panel, "outline")) == 40
    assert last_line(panel) == "dotted: 40 connected parts"
    panel = draw_one_cluster(40, 2)
    assert nodes_inside(panel) == [[40, 41]]
    assert last_line(panel) == "dotted: 1 of 41 connected parts, the largest"


def test_with_more_than_40_parts_only_the_40_largest_have_outlines():
    panel = draw_one_cluster(0, *[2] * 5, *[3] * 37, 4)
    assert sorted(len(part) for part in nodes_inside(panel)) == [2] * 2 + [3] * 37 + [4]
    assert last_line(panel) == "dotted: 40 of 43 connected parts, the largest"


def test_the_caption_says_if_no_part_has_an_outline():
    panel = draw_one_cluster(40, 1)
    assert find(panel, "outline") == []
    assert last_line(panel) == "no outlines: 41 parts of one node"


def test_the_longest_caption_fits_below_one_of_three_panels():
    row = Figure((9, 3.6), layout="constrained").subplots(1, 3)
    outlines = _describe_outlines(9999, 9959)
    captions = outlines, "999 links hidden (under 5% of the heaviest)"
    for panel, text in zip(row, captions):
        panel.set_xlabel(text, fontsize=8)
    FigureCanvasAgg(row[0].figure).draw()
    boxes = [panel.xaxis.label.get_window_extent() for panel in row[:2]]
    assert 0 <= boxes[0].x0 and boxes[0].x1 < boxes[1].x0
