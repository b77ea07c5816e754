"""The picture of a training shows the rows of its history."""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from viz_drawings import HISTORY, axes_row, find

from npdiffpool import DiffPoolClusterer, Graph, viz
from npdiffpool.engine.losses import LINK_SCALES


def test_lines_are_the_columns_of_the_history_and_accuracies_are_in_percent():
    losses, accuracies = viz.draw_history(HISTORY, axes=axes_row(2))
    for key in ("loss", "cross_entropy", "entropy_loss"):
        (line,) = find(losses, key)
        assert list(line.get_ydata()) == [row[key] for row in HISTORY]
    (train,), (held_out,) = (
        find(accuracies, f"{part}_accuracy") for part in ("train", "validation")
    )
    assert list(train.get_xdata()) == [1, 2]
    assert list(train.get_ydata()) == [50, 75]
    assert np.array_equal(held_out.get_ydata(), [25, np.nan], equal_nan=True)


def test_the_link_loss_has_its_own_scale():
    row = viz.draw_history(HISTORY, axes=axes_row(2))
    (right,) = [one for one in row[0].figure.axes if one not in list(row)]
    assert list(find(right, "link_loss")[0].get_ydata()) == [30, 20]
    assert row[0].get_ylim()[1] < 3 and right.get_ylim()[1] > 30
    assert "nats" in row[0].get_ylabel() and "nats" not in right.get_ylabel()


def test_missing_columns_are_not_drawn():
    losses, accuracies = viz.draw_history(HISTORY, axes=axes_row(2))
    assert find(losses, "validation_loss") == []
    (bare,) = viz.draw_history([{"loss": 1.0}], axes=axes_row(1))
    assert len(bare.figure.axes) == 1  # no link loss


def test_the_history_of_a_clusterer_is_one_panel():
    model = DiffPoolClusterer(n_clusters=1, hidden=4, n_init=1, epochs=2)
    model.fit(Graph(np.ones((4, 4)), np.eye(4)))
    for axes in (None, axes_row(1)):
        (losses,) = viz.plot_history(model, axes)
        assert len(losses.figure.axes) == 2  # a second scale, not a second panel
        assert len(find(losses, "loss")[0].get_ydata()) == 2


def test_a_single_epoch_is_a_visible_point():
    losses, _ = viz.draw_history(HISTORY[:1], axes=axes_row(2))
    assert find(losses, "loss")[0].get_marker() == "o"


def test_the_best_epoch_is_a_dotted_line_in_both_panels():
    clf = SimpleNamespace(history_=HISTORY, best_epoch_=2)
    for panel in viz.plot_history(clf, axes_row(2)):
        (best,) = find(panel, "best")
        assert list(best.get_xdata()) == [2, 2] and best.get_linestyle() == ":"
        names = [text.get_text() for text in panel.get_legend().get_texts()]
        assert "best epoch: 2" in names


def test_no_epoch_is_marked_if_there_is_no_best_epoch():
    clf = SimpleNamespace(history_=HISTORY, best_epoch_=None)
    for panel in viz.plot_history(clf, axes_row(2)):
        assert find(panel, "best") == []


def test_an_epoch_is_the_best_one_only_if_there_was_a_validation():
    for row, kind in (({}, "kept"), ({"validation_loss": 1.0}, "best")):
        for panel in viz.draw_history([{"loss": 1.0, **row}], 1, axes_row(1)):
            names = [text.get_text() for text in panel.get_legend().get_texts()]
            assert f"{kind} epoch: 1" in names


@pytest.mark.parametrize("link_scale", LINK_SCALES)
def test_the_formula_of_the_link_loss_is_that_of_the_model(link_scale):
    clf = SimpleNamespace(history_=HISTORY, best_epoch_=2, link_scale=link_scale)
    row = viz.plot_history(clf, axes_row(2))
    (right,) = [one for one in row[0].figure.axes if one not in list(row)]
    power = LINK_SCALES[link_scale]
    divided = " / c" if link_scale == "relative" else ""
    formula = f"||A{divided} - S S^T||_F" + ["", " / n", " / n^2"][power]
    assert right.get_ylabel() == f"link loss, ${formula}$"


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_lines_that_are_weighted_by_class_say_so(class_weight):
    rows = [{**HISTORY[0], "validation_loss": 1.0}] * 2
    clf = SimpleNamespace(history_=rows, class_weight=class_weight)
    losses, accuracies = viz.plot_history(clf, axes_row(2))
    (link,) = [one for one in losses.figure.axes if find(one, "link_loss")]
    trained = {"loss": losses, "cross_entropy": losses, "entropy_loss": losses}
    trained |= {"link_loss": link, "train_accuracy": accuracies}
    for key, panel in trained.items():
        (line,) = find(panel, key)
        assert line.get_label().endswith(", weighted") == (class_weight is not None)
    for key, panel in (
        ("validation_loss", losses),
        ("validation_accuracy", accuracies),
    ):
        assert "weighted" not in find(panel, key)[0].get_label()


def test_the_lines_of_fifteen_targets_differ():
    row = {"squared_error": 1.0, **{f"validation_loss_{j}": 1.0 for j in range(15)}}
    *_, errors = viz.draw_history([row] * 2, axes=axes_row(2))
    svg = io.StringIO()
    errors.figure.savefig(svg, format="svg")
    looks = [
        re.search(f'<g id="{key}">.*?style="([^"]*)"', svg.getvalue(), re.S)[1]
        for key in row
    ]
    assert len(set(looks)) == 16, looks


def test_the_total_is_named_a_weighted_sum_because_it_is_not_in_nats():
    losses, _ = viz.draw_history(HISTORY, axes=axes_row(2))
    assert find(losses, "loss")[0].get_label() == "total (weighted sum)"


def test_an_empty_history_is_rejected():
    with pytest.raises(ValueError, match="history must hold at least one epoch"):
        viz.draw_history([])


def test_lines_fill_their_axes_so_that_their_change_shows():
    rows = [
        {"loss": 8 - i / 9, "link_loss": 30 - i / 90, "squared_error": 1 + i / 900}
        for i in range(10)
    ]
    losses, errors = viz.draw_history(rows, axes=axes_row(2))
    (right,) = [one for one in losses.figure.axes if find(one, "link_loss")]
    for panel, low, high in ((losses, 7, 8), (right, 29.9, 30), (errors, 1, 1.01)):
        free = 0.05 * (high - low)
        assert panel.get_ylim() == pytest.approx((low - free, high + free))


def test_a_target_has_the_name_of_its_number_in_any_order_of_the_keys():
    row = {"squared_error": 1.0, "validation_loss_10": 5.0, "validation_loss_2": 3.0}
    names = [f"name {j}" for j in range(11)]
    *_, errors = viz.draw_history([row], axes=axes_row(2), target_names=names)
    for j, loss in ((2, 3.0), (10, 5.0)):
        (line,) = find(errors, f"validation_loss_{j}")
        assert line.get_label() == f"validation, name {j}"
        assert line.get_ydata() == [loss]
    with pytest.raises(ValueError, match="a name for each target"):
        viz.draw_history([row], target_names=names[:10])


def test_the_validation_loss_of_a_regressor_is_a_squared_error_alone():
    rows = [{"loss": 3.0, "squared_error": 1.0, "validation_loss": 0.5}] * 2
    losses, errors = viz.draw_history(rows, axes=axes_row(2))
    assert find(losses, "validation_loss") == []
    assert find(errors, "validation_loss")[0].get_label() == "validation"
