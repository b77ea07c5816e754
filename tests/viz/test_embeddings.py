"""plot_embeddings projects embeddings, and shows classes or targets."""

import numpy as np
import pytest
from matplotlib.markers import MarkerStyle
from viz_drawings import PLANE, axes_row, bar, find, model_of, of_sizes, texts

from npdiffpool import Dataset, viz
from npdiffpool.viz.drawing.colours import palette
from npdiffpool.viz.embeddings import MARKERS, project

LINE = [[0, 0, 3.0], [0, 8, 3], [0, 2, 3], [0, 2, 3.0]]  # along the second number


def one():
    return axes_row(1)[0]


def drawn(axes):
    return [np.asarray(each.get_offsets()) for each in find(axes, "points")]


def test_points_are_projections_on_the_first_two_principal_components():
    clf = model_of(PLANE + [5, 5, 5])
    (points,) = drawn(*viz.plot_embeddings(clf, of_sizes(4), [0, 0, 0, 0], one()))
    assert np.allclose(points, [[4, 0], [-4, 0], [0, 2], [0, -2]], atol=1e-6)


def test_axis_labels_give_the_shares_of_the_variance():
    (axes,) = viz.plot_embeddings(model_of(PLANE), of_sizes(4), [0, 0, 1, 1], one())
    assert axes.get_xlabel().splitlines() == [
        "first component (80% of the variance)",  # 32 of 40
        "4 graphs, embeddings of 3 numbers",
    ]
    assert axes.get_ylabel() == "second component (20% of the variance)"


def test_the_largest_entry_of_a_component_is_positive():
    rng = np.random.default_rng(0)
    for _ in range(20):
        embeddings = rng.normal(size=(6, 4))
        points, shares = project(embeddings)
        centred = embeddings - embeddings.mean(axis=0)
        directions = (centred.T @ points) / np.sum(points**2, axis=0)
        largest = np.abs(directions).argmax(axis=0)
        assert np.all(directions[largest, [0, 1]] > 0)
        # 1e-9: float64 of numbers of order one.
        assert np.allclose(project(-embeddings).points, -points, atol=1e-9)
        assert shares[0] >= shares[1] > 0 and shares.sum() < 1


@pytest.mark.parametrize(
    "embeddings, points, shares",
    [
        (LINE, [[-3, 0], [5, 0], [-1, 0], [-1, 0]], [1, 0]),
        ([[1.0], [3.0]], [[-1, 0], [1, 0]], [1, 0]),
        ([[0.1, 0.7]] * 3, [[0, 0]] * 3, [0, 0]),
        (np.zeros((2, 3)), [[0, 0]] * 2, [0, 0]),
    ],
)
def test_missing_components_have_coordinates_and_shares_of_0(
    embeddings, points, shares
):
    found = project(np.array(embeddings, dtype=np.float64))
    assert np.allclose(found.points, points, atol=1e-12)
    assert np.allclose(found.shares, shares, atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 6, 12])
def test_each_class_has_its_own_colour_and_marker(n_classes):
    labels = np.repeat(np.arange(n_classes) - 1, 2)
    clf = model_of(np.random.default_rng(0).normal(size=(len(labels), 3)))
    (axes,) = viz.plot_embeddings(clf, of_sizes(len(labels)), labels, one())
    classes = find(axes, "points")
    fills = [each.get_facecolor()[0, :3] for each in classes]
    assert np.allclose(fills, palette(n_classes), atol=1e-12)
    for k, each in enumerate(classes):
        shape = MarkerStyle(MARKERS[k % 10])
        expected = shape.get_path().transformed(shape.get_transform())
        assert np.array_equal(each.get_paths()[0].vertices, expected.vertices)
    assert len(set(MARKERS)) == 10
    legend = texts(axes.get_legend().get_texts())
    assert legend == [f"class {k - 1}: 2 graphs" for k in range(n_classes)]


def test_the_legend_counts_the_points_of_each_class():
    for kind in (str, object):
        labels = np.array(["b", "a", "b", "b"], dtype=kind)
        (axes,) = viz.plot_embeddings(model_of(LINE), of_sizes(4), labels, one())
        a, b = drawn(axes)
        assert np.allclose(a[:, 0], [5]) and np.allclose(b[:, 0], [-3, -1, -1])
        names = texts(axes.get_legend().get_texts())
        assert names == ["class a: 1 graph", "class b: 3 graphs"]


def test_labels_default_to_those_of_the_data_set_or_of_the_graphs():
    own, theirs = of_sizes(4, [1, 1, 1, 0]), np.array([5, 5, 7, 7])
    dataset = Dataset(own, theirs, "four", ("one",), "here")
    for given, labels, names in (
        (own, None, ["class 0: 1 graph", "class 1: 3 graphs"]),
        (dataset, None, ["class 5: 2 graphs", "class 7: 2 graphs"]),
        (dataset, [2, 2, 2, 2], ["class 2: 4 graphs"]),
    ):
        (axes,) = viz.plot_embeddings(model_of(PLANE), given, labels, one())
        assert texts(axes.get_legend().get_texts()) == names


def test_for_a_regressor_the_colour_is_the_target():
    targets = [1.5, -2, 0, 8]
    clf = model_of(PLANE, "regressor")
    (axes,) = viz.plot_embeddings(clf, of_sizes(4, targets), axes=one())
    (points,) = find(axes, "points")
    assert list(points.get_array()) == targets
    assert bar(axes).get_ylabel() == "target" and axes.get_legend() is None
    assert points.norm.vmin == -2 and points.norm.vmax == 8
    assert len(drawn(axes)[0]) == 4


def test_many_points_have_smaller_markers():
    sizes = []
    for n in (4, 500, 2000):
        clf = model_of(np.random.default_rng(0).normal(size=(n, 3)))
        same = [of_sizes(4)[0]] * n
        (axes,) = viz.plot_embeddings(clf, same, np.zeros(n), one())
        sizes.append(find(axes, "points")[0].get_sizes()[0])
    assert sizes == [40, 30, 10]


@pytest.mark.parametrize(
    "kind, n_graphs, labels, message",
    [
        ("classifier", 1, [0], "graphs must be at least 2, to project; got 1"),
        ("classifier", 0, [], "graphs must hold at least one Graph; got none"),
        ("classifier", 3, [0, 1], r"labels must be \(3,\); got \(2,\)"),
        ("classifier", 3, None, r"if graphs have no labels; .*None for graphs\[0\]"),
        ("regressor", 2, [1, None], r"none missing, .*got None for graphs\[1\]"),
        ("regressor", 2, ["a", "b"], "labels must be finite numbers; got 'dtype str"),
        ("regressor", 2, [1, np.inf], "labels must be finite numbers; got inf"),
    ],
)
def test_invalid_graphs_and_labels_are_rejected(kind, n_graphs, labels, message):
    with pytest.raises(ValueError, match=message):
        viz.plot_embeddings(model_of(PLANE, kind), of_sizes(n_graphs), labels, one())


def test_embeddings_that_are_not_finite_are_rejected():
    clf = model_of([[1, np.inf], [0, 0]])
    message = r"clf\.transform\(graphs\) must be finite; got \[inf\]"
    with pytest.raises(ValueError, match=message):
        viz.plot_embeddings(clf, of_sizes(2), [0, 1], one())
