"""Crowded discs are spread, then moved off each other and off links."""

import numpy as np
import pytest
from viz_drawings import distance_to_link

from npdiffpool.viz.drawing import discs
from npdiffpool.viz.drawing.discs import separate, spread

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


def test_discs_that_span_most_of_the_layout_are_not_spread():
    layout = np.array([[0, 0], [1, 1]])
    for centres in ([[0.2, 0.4], [0.8, 0.5]], [[0.5, 0.2], [0.4, 0.8]]):
        assert np.allclose(spread(np.array(centres), FIVE[:2], layout), centres)


def test_crowded_discs_are_spread_in_the_same_directions_inside_the_layout():
    layout, radii = np.array([[-1, -1], [3, 1]]), np.full(4, 0.01)
    centres = np.array([[2.7, 0.9], [2.9, 0.8], [2.8, 0.9], [2.8, 1]])
    found = spread(centres, radii, layout)
    zoom = np.ptp(found, axis=0) / np.ptp(centres, axis=0)
    assert zoom[0] == pytest.approx(zoom[1]) and zoom[0] > 5
    assert np.allclose(found - found[0], zoom * (centres - centres[0]))
    low, high = found.min(axis=0), found.max(axis=0)
    assert np.max((high - low + 0.02) / [4, 2]) == pytest.approx(0.75)
    assert np.all(low >= layout[0]) and np.all(high <= layout[1])


def test_discs_at_one_place_are_not_magnified():
    centres = np.array([[0.5, 0.5], [0.5 + 1e-9, 0.5]])
    found = spread(centres, FIVE[:2], np.array([[0, 0], [1, 1]]))
    assert np.allclose(found, centres, atol=1e-7)
    assert spread(centres[:1], FIVE[:1], np.zeros((1, 2))).tolist() == [[0.5, 0.5]]
