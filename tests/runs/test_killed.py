"""A training that is killed, SIGKILL, at any instant goes on to the same bytes.

The kills are those of killing.py, which can be run with more: before every file
operation, those of figures and report included, takes some minutes.
"""

import pytest
from killing import killed

TRAIN = ["train", "--resume", "--epochs", "2", "--hidden", "4"]


def test_a_training_goes_on_after_a_kill_before_a_file_operation(tmp_path):
    told = killed("each", 12, TRAIN, tmp_path / "run", UNDRAWN="1")
    assert (told["kills"], told["files"]) == (12, 5)
    assert told["operations"] > 40


@pytest.mark.parametrize("kills, drawn, files", [(45, False, 5), (5, True, 8)])
def test_a_training_goes_on_after_kills_at_random(tmp_path, kills, drawn, files):
    environment = {} if drawn else {"UNDRAWN": "1"}
    told = killed("random", kills, TRAIN, tmp_path / "run", **environment)
    assert (told["kills"], told["files"]) == (kills, files)
