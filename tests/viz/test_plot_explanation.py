"""The picture of an explanation shows the contributions it was given."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from viz_drawings import axes_row, cliques, discs, find

from npdiffpool import Dataset, DiffPoolClassifier, DiffPoolRegressor, Graph, viz
from npdiffpool.viz.explanation import COLOURS

pytestmark = pytest.mark.filterwarnings("ignore:the training was never better")
SMALL = dict(hidden=4, epochs=1, clusters=(3, 2), assignment="random")


def fitted(kind=DiffPoolClassifier):
    rng = np.random.default_rng(0)
    data = [Graph(np.ones((n, n)), rng.normal(size=n)) for n in (3, 4, 5, 6)]
    return kind(**SMALL).fit(data, [0, 1, 0, 1])


def draw(nodes, clf=None, **changes):
    """Draw an explanation with given contributions; return the row of axes."""
    clf, graph = clf or fitted(), cliques(2, len(nodes) // 2)
    found = clf.explain(graph)._replace(nodes=np.array(nodes), **changes)
    return viz.plot_explanation(clf, graph, found, axes_row(3))


def test_the_colour_of_a_node_is_its_contribution_and_zero_is_the_middle():
    import matplotlib

    nodes = [-2.0, 0.0, 1.0, 0.5, 0.0, -1.0]
    colours = discs(draw(nodes)[0])[2]
    expected = matplotlib.colormaps[COLOURS](np.array(nodes) / 4 + 0.5)
    assert np.allclose(colours, expected, atol=1e-12)


def test_a_super_node_has_the_colour_of_its_contribution_on_its_own_scale():
    import matplotlib

    clusters = [np.array([0.1, -0.2, 0.4]), np.array([30.0, -60.0])]
    row = draw([1.0] * 6, clusters=clusters)
    for panel, values in zip(row[1:], clusters):
        numbers = [int(number.get_text()) for number in find(panel, "number")]
        shown = values[numbers]
        largest = np.max(np.abs(shown))
        expected = matplotlib.colormaps[COLOURS](shown / largest / 2 + 0.5)
        assert np.allclose(discs(panel)[2], expected, atol=1e-12)


def test_colour_bars_name_the_class_its_logit_and_the_method():
    row = draw([1.0] * 6, label=1, output=1.25)
    labels = [axes.get_xlabel() for axes in row[0].figure.axes[3:]]
    unit = "contribution to the logit of class 1, 1.25, by occlusion"
    assert labels == [unit] * 3
    row = draw([1.0] * 6, fitted(DiffPoolRegressor), output=-3.5, method="gradient")
    label = row[0].figure.axes[3].get_xlabel()
    assert label == "contribution to the prediction, -3.50, by gradient"


@pytest.mark.parametrize("names, says", [((), "target 1"), (("a", "b"), "b")])
def test_the_colour_bar_names_one_of_several_targets(names, says):
    data, labels = [cliques(2, n) for n in (2, 3, 4)], np.arange(6).reshape(3, 2)
    data = Dataset(data, labels, targets=names) if names else data
    clf = DiffPoolRegressor(**SMALL).fit(data, labels)
    row = draw([1.0] * 6, clf, label=1, output=2.0)
    label = row[0].figure.axes[3].get_xlabel()
    assert label == f"contribution to the prediction of {says}, 2.00, by occlusion"


def test_captions_tell_the_contributions_of_unused_clusters():
    clusters = [np.array([0.1, -0.2, 0.4]), np.array([30.0, -60.0])]
    row = draw([1.0] * 6, clusters=clusters)
    for panel, values in zip(row[1:], clusters):
        numbers = [int(number.get_text()) for number in find(panel, "number")]
        unused = np.delete(values, numbers)
        caption = panel.get_xlabel()
        assert ("unused" in caption) == bool(len(unused))
        assert not len(unused) or f"{unused.min():.2g}" in caption


def test_without_an_explanation_the_prediction_is_explained_by_occlusion():
    clf, graph = fitted(), cliques(2, 3)
    given = viz.plot_explanation(clf, graph, clf.explain(graph), axes_row(3))
    row = viz.plot_explanation(clf, graph, axes=axes_row(3))
    for one, two in zip(row, given):
        assert np.array_equal(discs(one)[2], discs(two)[2])


def test_contributions_of_zero_and_graphs_without_nodes_are_drawn():
    colours = discs(draw([0.0] * 6)[0])[2]
    assert np.all(colours[:, :3] > 0.9)  # white
    nothing = Graph(np.zeros((0, 0)), np.zeros((0, 1)))
    row = viz.plot_explanation(fitted(), nothing, axes=Figure().subplots(1, 3))
    assert row[0].get_title() == "graph: 0 nodes, 0 edges"
