"""plot_assignment, plot_results and plot_differences draw their arguments.

Then: properties of all plots.
"""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from viz_drawings import HISTORY, PLANE, axes_row, bar, find, model_of, of_sizes, texts

from npdiffpool import Graph, viz
from npdiffpool.evaluation import Difference, Evaluation

# Clusters 1 and 3 have no members; nodes 1 and 4 tie.
S = np.array(
    [[0.1, 0.2, 0.7, 0], [0.6, 0.3, 0.1, 0], [0, 0, 1, 0],
     [0.9, 0.1, 0, 0], [0.6, 0, 0.4, 0]]
)  # fmt: skip
ORDER = [3, 1, 4, 2, 0]


def one():
    return axes_row(1)[0]


def pixels(axes):
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def shares(axes, n_clusters):
    """Return the matrix of the heat map, the first of each column's copies."""
    (image,) = find(axes, "shares")
    drawn = np.asarray(image.get_array())
    copies = drawn.reshape(len(drawn), n_clusters, -1)
    assert np.all(copies == copies[:, :, :1])
    return copies[:, :, 0], image


# Assignments.


def test_nodes_are_sorted_by_cluster_and_then_by_decreasing_share():
    (axes,) = viz.plot_assignment(S, one())
    drawn, image = shares(axes, 4)
    assert np.array_equal(drawn, S[ORDER])
    assert image.get_extent() == [-0.5, 3.5, 4.5, -0.5]  # row 0 on top
    assert texts(axes.get_yticklabels()) == [str(node) for node in ORDER]
    assert list(axes.get_yticks()) == [0, 1, 2, 3, 4]


def test_every_cluster_is_a_column_and_used_clusters_are_counted():
    (axes,) = viz.plot_assignment(S, one())
    assert list(axes.get_xticks()) == [0, 1, 2, 3]
    assert axes.get_title() == "5 rows, 2 of 4 clusters used"
    assert "mean 0.76" in axes.get_xlabel()  # of 0.7, 0.6, 1, 0.9 and 0.6
    (axes,) = viz.plot_assignment([[1]], one())
    assert axes.get_title().startswith("1 row, 1 of 1 cl")


@pytest.mark.parametrize("n_rows", [2, 100])
def test_the_rows_of_an_upper_level_are_clusters_of_the_level_below(n_rows):
    upper = np.eye(2)[np.arange(n_rows) % 2]
    for below, row in (([], "node"), ([np.eye(n_rows)], "cluster of the level below")):
        (axes,) = viz.plot_assignment(upper, one(), below=below)
        rows = "clusters of the level below" if below else "nodes"
        many = f"{rows}, by cluster and decreasing share"
        assert axes.get_ylabel() == (row if n_rows == 2 else many)
        labels = [each.get_ylabel() for each in axes.figure.axes]
        assert f"share of the {row}" in labels


def test_a_line_separates_the_nodes_of_two_clusters():
    (lines,) = find(viz.plot_assignment(S, one())[0], "boundaries")
    assert [segment.tolist() for segment in lines.get_segments()] == [
        [[-0.5, 2.5], [3.5, 2.5]]
    ]
    (lines,) = find(viz.plot_assignment(np.eye(3), one())[0], "boundaries")
    assert [segment[0, 1] for segment in lines.get_segments()] == [0.5, 1.5]


def test_shares_have_one_scale_and_larger_shares_are_darker_also_in_grey():
    for matrix in (S, np.full((3, 4), 0.25)):
        (axes,) = viz.plot_assignment(matrix, one())
        _, image = shares(axes, 4)
        assert (image.norm.vmin, image.norm.vmax) == (0, 1)
        assert bar(axes).get_ylabel() == "share of the node"
        seen = image.to_rgba(np.linspace(0, 1, 50))[:, :3] @ [0.2126, 0.7152, 0.0722]
        assert np.all(np.diff(seen) < 0) and seen[0] > 0.9 and seen[-1] < 0.2
        assert image.norm(0.01) == pytest.approx(0.1)


@pytest.mark.parametrize("n_nodes, n_clusters", [(30, 20), (31, 21), (1000, 250)])
def test_rows_and_columns_are_numbered_only_if_few(n_nodes, n_clusters):
    matrix = np.random.default_rng(0).dirichlet(np.ones(n_clusters), n_nodes)
    (axes,) = viz.plot_assignment(matrix, one())
    axes.figure.draw_without_rendering()
    assert len(axes.get_yticks()) == (30 if n_nodes == 30 else 0)
    columns = axes.get_xticks()
    assert (len(columns) == n_clusters) == (n_clusters == 20) and len(columns) <= 20
    assert np.array_equal(columns, np.rint(columns))
    drawn, _ = shares(axes, n_clusters)
    assert drawn.shape == matrix.shape
    assert np.all(np.diff(drawn.argmax(axis=1)) >= 0)


def test_columns_of_a_tall_matrix_have_sharp_edges():
    (axes,) = viz.plot_assignment(np.tile([0, 1.0], (1000, 1)), one())
    axes.set_axis_off()
    box = axes.get_window_extent()
    image = pixels(axes)[:, :, 0]
    row = image[int(image.shape[0] / 2), int(box.x0) + 5 : int(box.x1) - 5]
    # 5 pixels: the smoothing of rows extends that far along a row.
    assert np.count_nonzero((row > row.min() + 5) & (row < row.max() - 5)) <= 5


@pytest.mark.parametrize(
    "S, message",
    [
        (np.ones(3), r"have shape \(N, K\), .*, N and K >= 1; got \(3,\)"),
        (np.ones((0, 2)), r"have shape .* got \(0, 2\)"),
        (np.ones((2, 0)), r"have shape .* got \(2, 0\)"),
        ([[0.5, 0.6]], r"have rows >= 0 .* of 0\.5 and row sums from 1\.1 to 1\.1"),
        ([[1.5, -0.5]], r"have rows >= 0 that sum to 1; got a smallest entry of -0\.5"),
        ([[np.nan, 1]], "have rows >= 0 that sum to 1; got a smallest entry of nan"),
        ([["a", "b"]], "be a matrix of numbers; got list"),
        ([[1], [0.5, 0.5]], "be a matrix of numbers; got list"),
        (None, r"have shape .* got \(\)"),
    ],
)
def test_an_invalid_assignment_is_rejected(S, message):
    with pytest.raises(ValueError, match=f"^S must {message}"):
        viz.plot_assignment(S, one())


# Results.

MEASURED = {"ours": (0.75, 0.05), "a table": Evaluation("fair", 0.5, 0.1, [], None)}
PUBLISHED = {"other": 0.625, "ours": (0.7, 0.025)}


def places(axes, kind):
    (line,) = find(axes, kind)
    return np.transpose([line.get_xdata(), line.get_ydata()]).tolist()


def bars(axes, kind):
    """Return the bars of a kind: left end, right end and height."""
    drawn = find(axes, f"{kind} spread")  # the ends' caps, and the bars
    (lines,) = [one for one in drawn if hasattr(one, "get_segments")]
    segments = np.array([one for one in lines.get_segments() if len(one)])
    assert np.array_equal(segments[:, 0, 1], segments[:, 1, 1])
    return segments[:, [0, 1, 0], [0, 0, 1]]


def test_rows_are_in_the_given_order_and_those_only_published_are_last():
    (axes,) = viz.plot_results(MEASURED, PUBLISHED, one())
    assert texts(axes.get_yticklabels()) == ["ours", "a table", "other"]
    assert list(axes.get_yticks()) == [0, 1, 2]
    assert axes.get_ylim() == (2.5, -0.5)  # the first on top
    assert len(axes.get_lines()) == 2 + 2 * 2 + 2  # dots, caps, between rows


def test_points_are_in_percent_and_published_ones_are_below_measured_ones():
    (axes,) = viz.plot_results(MEASURED, PUBLISHED, one())
    assert np.allclose(places(axes, "measured"), [[75, -0.14], [50, 1]])
    assert np.allclose(places(axes, "published"), [[62.5, 2], [70, 0.14]])


def test_bars_are_one_spread_to_either_side_and_a_mean_alone_has_none():
    (axes,) = viz.plot_results(MEASURED, PUBLISHED, one())
    assert np.allclose(bars(axes, "measured"), [[70, 80, -0.14], [40, 60, 1]])
    assert np.allclose(bars(axes, "published"), [[67.5, 72.5, 0.14]])


def test_published_points_have_another_shape_and_are_hollow():
    (axes,) = viz.plot_results(MEASURED, PUBLISHED, one())
    (own,), (others,) = (find(axes, kind) for kind in ("measured", "published"))
    assert (own.get_marker(), others.get_marker()) == ("o", "D")
    assert to_rgb(own.get_markerfacecolor()) == to_rgb(own.get_color())
    assert to_rgb(others.get_markerfacecolor()) == (1, 1, 1)
    assert to_rgb(own.get_color()) != to_rgb(others.get_markeredgecolor()) != (1, 1, 1)
    assert own.get_linestyle() == others.get_linestyle() == "None"


def test_the_legend_and_the_axis_label_describe_the_picture():
    (axes,) = viz.plot_results(MEASURED, PUBLISHED, one())
    assert texts(axes.get_legend().get_texts()) == ["measured", "published"]
    assert axes.get_xlabel().splitlines() == [
        "accuracy (% of graphs)", "bars: ± one standard deviation over folds",
    ]  # fmt: skip
    (alone,) = viz.plot_results(MEASURED, axes=one())
    assert texts(alone.get_legend().get_texts()) == ["measured"]
    assert find(alone, "published") == []
    assert np.allclose(places(alone, "measured"), [[75, 0], [50, 1]])


@pytest.mark.parametrize(
    "results, published, message",
    [
        ({}, None, "results must contain at least one accuracy; got none"),
        ([0.5], None, r"results must map names to accuracies; got \[0\.5\]"),
        (MEASURED, 0.5, r"published must map names to accuracies; got 0\.5"),
        ({"a": (75, 5)}, None, r"results\['a'\] must be \(mean, .* got \(75, 5\)"),
        ({"a": (0.5, -0.1)}, None, r"results\['a'\] must be .* got \(0\.5, -0\.1\)"),
        ({"a": (0.5, None)}, None, r"results\['a'\] must be .* got \(0\.5, None\)"),
        ({"a": (np.nan, 0)}, None, r"results\['a'\] must be .* got \(nan, 0\)"),
        ({"a": 0.5}, None, r"results\['a'\] must be .* or an Evaluation; got 0\.5"),
        ({"a": (0.5, 0, 1)}, None, r"results\['a'\] must be .* got \(0\.5, 0, 1\)"),
        ({"a": (True, 0)}, None, r"results\['a'\] must be .* got \(True, 0\)"),
        (MEASURED, {"b": 76.2}, r"published\['b'\] must be a mean or .* got 76\.2"),
        (MEASURED, {"b": "0.7"}, r"published\['b'\] must be a mean or .* got '0\.7'"),
    ],
)
def test_invalid_accuracies_are_rejected(results, published, message):
    with pytest.raises(ValueError, match=message):
        viz.plot_results(results, published, one())


def test_scores_of_a_regressor_are_not_drawn_as_accuracies():
    found = {"a": Evaluation("fair", 0.5, 0.1, [], None, "R^2")}
    message = r"results\['a'\] must be accuracies; got R\^2 of a regressor"
    with pytest.raises(ValueError, match=message):
        viz.plot_results(found, None, one())


# Differences.

DIFFERENCES = {
    "higher": Difference(0.02, 0.0, 0.04, 2.0, 0.05, 10),  # the interval includes 0
    "not run": None,
    "lower": (-0.03, -0.05, -0.02),
    "equal": [0.0, 0.0, 0.0],
    "much higher": (0.25, 0.125, 0.375),
}
EXCLUDES, INCLUDES = "interval excludes 0", "interval includes 0"


def intervals(axes, kind):
    (lines,) = find(axes, f"{kind}, bars")
    segments = np.array(lines.get_segments())
    assert np.array_equal(segments[:, 0, 1], segments[:, 1, 1])
    return segments[:, [0, 1, 0], [0, 0, 1]]


def test_differences_are_rows_in_their_order_in_percentage_points():
    (axes,) = viz.plot_differences(DIFFERENCES, one())
    assert texts(axes.get_yticklabels()) == list(DIFFERENCES)
    assert axes.get_ylim() == (4.5, -0.5)  # the first on top
    assert np.allclose(places(axes, EXCLUDES), [[-3, 2], [25, 4]])
    assert np.allclose(places(axes, INCLUDES), [[2, 0], [0, 3]])
    assert np.allclose(intervals(axes, EXCLUDES), [[-5, -2, 2], [12.5, 37.5, 4]])
    assert np.allclose(intervals(axes, INCLUDES), [[0, 4, 0], [0, 0, 3]])
    (zero,) = find(axes, "zero")
    assert list(zero.get_xdata()) == [0, 0]


def test_an_interval_that_excludes_0_has_a_filled_disc():
    (axes,) = viz.plot_differences(DIFFERENCES, one())
    faces = [find(axes, kind)[0].get_markerfacecolor() for kind in (EXCLUDES, INCLUDES)]
    edges = [find(axes, kind)[0].get_color() for kind in (EXCLUDES, INCLUDES)]
    assert to_rgb(faces[0]) == to_rgb(edges[0]) == to_rgb(edges[1])
    assert to_rgb(faces[1]) == (1, 1, 1)


def test_the_legend_of_differences_names_both_kinds_also_if_one_is_missing():
    for drawn in (DIFFERENCES, {"a": (0.1, 0.05, 0.15)}, {"a": None}):
        (axes,) = viz.plot_differences(drawn, one())
        assert texts(axes.get_legend().get_texts()) == [EXCLUDES, INCLUDES]
    assert axes.get_xlabel().splitlines() == [
        "difference in percentage points", "bars: 95 % interval",
    ]  # fmt: skip


# All plots.

PLOTS = {
    "plot_assignment": lambda axes: viz.plot_assignment(S, axes),
    "plot_differences": lambda axes: viz.plot_differences(DIFFERENCES, axes),
    "plot_embeddings": lambda axes: viz.plot_embeddings(
        model_of(PLANE), of_sizes(4), [0, 1, 1, 2], axes
    ),
    "plot_results": lambda axes: viz.plot_results(MEASURED, PUBLISHED, axes),
}
PATH = Graph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=4)
CLF = SimpleNamespace(history_=HISTORY, assignments=lambda graph: [np.ones((4, 1))])
PAIRS = {
    "draw_hierarchy": lambda axes: viz.draw_hierarchy(PATH, [np.ones((4, 1))], axes),
    "draw_history": lambda axes: viz.draw_history(HISTORY, axes=axes),
    "plot_hierarchy": lambda axes: viz.plot_hierarchy(CLF, PATH, axes),
    "plot_history": lambda axes: viz.plot_history(CLF, axes),
}


def test_every_plot_returns_an_array_of_its_panels():
    drawn = {name for name in viz.__all__ if name.startswith(("plot_", "draw_"))}
    assert drawn == {*PLOTS, *PAIRS, "plot_explanation"}  # whose test needs a model
    for n_panels, plots in ((1, PLOTS), (2, PAIRS)):
        for plot in plots.values():
            given = axes_row(n_panels)
            found = plot(given)
            assert isinstance(found, np.ndarray) and found.shape == (n_panels,)
            assert list(found) == list(given)


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_the_same_input_gives_the_same_pixels_on_the_given_axes(plot):
    given = one()
    assert list(plot(given)) == [given]
    assert np.array_equal(pixels(given), pixels(*plot(one())))


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_pyplot_creates_axes_only_if_none_are_given_and_nothing_is_cut_off(plot):
    plt.close("all")
    plt.switch_backend("Agg")
    with pytest.raises(ValueError, match="must hold 1 matplotlib axes.*got 2: Axes"):
        plot(axes_row(2))
    assert plt.get_fignums() == []
    figure = plot(None)[0].figure
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    box = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height
    plt.close(figure)
