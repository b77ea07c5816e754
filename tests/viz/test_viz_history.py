"""What the figure of a training says is true of its records."""

from types import SimpleNamespace

import numpy as np
import pytest
from viz_drawings import HISTORY, axes_row, find

from npdiffpool import viz


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
    for panel in viz.plot_history(clf, axes_row(2)):
        assert find(panel, "kept") == []


def test_rejects_a_history_without_epochs():
    with pytest.raises(ValueError, match="history must hold at least one epoch"):
        viz.draw_history([])


def test_no_line_runs_along_the_upper_edge():
    rows = [{"loss": 2.0, "link_loss": 30.0 - 0.1 * i} for i in range(9)]
    losses, _ = viz.draw_history(rows, axes=axes_row(2))
    (right,) = [one for one in losses.figure.axes if find(one, "link_loss")]
    assert right.get_ylim() == pytest.approx((0, 31.5))
    assert losses.get_ylim() == pytest.approx((0, 2.1))
    nothing, _ = viz.draw_history([{"loss": 0.0}], axes=axes_row(2))
    assert nothing.get_ylim() == (0, 1)
