"""Discs are moved off each other and off links, and no other disc moves."""

import numpy as np
import pytest
from viz_drawings import distance_to_link

from npdiffpool.viz.drawing import discs
from npdiffpool.viz.drawing.discs import separate

RADIUS = 0.1
FIVE = np.full(5, RADIUS)


def on_a_line(n_discs):
    return np.column_stack([0.3 * np.arange(n_discs), np.zeros(n_discs)])


def all_pairs(n_discs):
    return np.column_stack(np.triu_indices(n_discs, k=1))


def count_covered(centres, pairs):
    """Count the discs on links between others."""
    away = [distance_to_link(centres, *centres[pair]) for pair in pairs]
    return np.sum(np.array(away) < RADIUS) - 2 * len(pairs)


def test_discs_that_do_not_overlap_are_not_moved():
    centres = np.array([[0, 0], [0.1, 0], [5, 5]])
    moved = separate(centres, np.array([0.1, 0.1, 0.1]))
    assert np.array_equal(moved[2], centres[2])
    # 1e-6: pushes stop at 1e-9 of the gap, half of a mean radius.
    assert np.linalg.norm(moved[0] - moved[1]) == pytest.approx(0.25, abs=1e-6)
    assert centres[1, 0] == 0.1


@pytest.mark.parametrize("width", [0, 0.01])
def test_300_discs_at_one_place_end_without_overlaps(width):
    centres = width * np.random.default_rng(0).normal(size=(300, 2))
    moved = separate(centres, np.full(300, RADIUS))
    distances = np.linalg.norm(moved[:, None] - moved, axis=2)
    assert np.min(distances + np.diag(np.full(300, np.inf))) > 2 * RADIUS
    assert np.max(distances) < 60 * RADIUS  # 44 for the densest packing


def test_discs_on_a_line_are_moved_off_the_links_between_others():
    moved = separate(on_a_line(5), FIVE, all_pairs(5))
    assert count_covered(on_a_line(5), all_pairs(5)) == 10
    assert count_covered(moved, all_pairs(5)) == 0


def test_links_without_a_disc_on_them_move_nothing():
    corners = np.array([[0, 0], [1, 0], [0.5, 0.8]])
    assert np.array_equal(separate(corners, FIVE[:3], all_pairs(3)), corners)
    assert np.array_equal(separate(on_a_line(5), FIVE), on_a_line(5))


def test_a_disc_on_a_link_is_moved_only_as_far_as_necessary():
    centres = np.array([[0, 0], [2, 0], [1, 0.05]])
    moved = separate(centres, FIVE[:3], np.array([[0, 1]]))
    shift = moved - centres
    # Both ends of the link move too, equally; the gap is a quarter of the radius.
    assert np.array_equal(shift[0], shift[1]) and shift[0, 1] < 0
    assert np.allclose(shift[:, 0], 0, atol=1e-9)
    gap = moved[2, 1] - moved[0, 1] - RADIUS
    assert gap == pytest.approx(0.025, abs=1e-6)


def test_too_many_links_are_ignored(monkeypatch):
    monkeypatch.setattr(discs, "_MAX_PRODUCT", 49)
    assert np.array_equal(separate(on_a_line(5), FIVE, all_pairs(5)), on_a_line(5))
    monkeypatch.setattr(discs, "_MAX_PRODUCT", 50)
    assert count_covered(separate(on_a_line(5), FIVE, all_pairs(5)), all_pairs(5)) == 0


def test_no_discs_are_accepted():
    assert separate(np.zeros((0, 2)), np.zeros(0)).shape == (0, 2)
