"""A training killed at any time (SIGKILL) can be resumed, and gives the same bytes.

killing.py can be run with more kills: one before every file operation, including those
of the figures and the report, takes some minutes.
"""

import pytest
from killing import killed

pytestmark = pytest.mark.slow

TRAIN = ["train", "--resume", "--epochs", "2", "--hidden", "4"]


def test_a_training_killed_before_a_file_operation_gives_the_same_bytes(tmp_path):
    result = killed("each", 12, TRAIN, tmp_path / "run", UNDRAWN="1")
    assert (result["kills"], result["files"]) == (12, 5)
    assert result["operations"] > 40


@pytest.mark.parametrize("kills, drawn, files", [(45, False, 5), (5, True, 8)])
def test_a_training_killed_at_random_times_gives_the_same_bytes(
    tmp_path, kills, drawn, files
):
    environment = {} if drawn else {"UNDRAWN": "1"}
    result = killed("random", kills, TRAIN, tmp_path / "run", **environment)
    assert (result["kills"], result["files"]) == (kills, files)
