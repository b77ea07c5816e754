"""Resuming an evaluation after SIGKILL at any instant gives the same bytes."""

import pytest
from killing import killed

pytestmark = pytest.mark.slow

CV = ["cv", "MUTAG", "--epochs", "1", "--hidden", "4", "--folds", "3", "--runs", "1"]


def test_resuming_after_a_kill_before_a_file_operation_gives_the_same_bytes(tmp_path):
    counts = killed("each", 20, CV, tmp_path / "cv")
    assert (counts["kills"], counts["files"]) == (20, 5)
    assert counts["operations"] > 40


def test_resuming_after_kills_at_random_times_gives_the_same_bytes(tmp_path):
    counts = killed("random", 150, CV, tmp_path / "cv")
    assert (counts["kills"], counts["files"]) == (150, 5)
