"""A run that is killed, SIGKILL, at any instant goes on to the same bytes.

The kills are those of killing.py, which can be run with more: before every file
operation of `train`, figures and report included, takes some minutes.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = ["train", "--resume", "--epochs", "2", "--hidden", "4"]
CV = ["cv", "MUTAG", "--epochs", "1", "--hidden", "4", "--folds", "3", "--runs", "1"]


def killed(how, kills, command, folder, **environment):
    """Return what killing.py tells of a command that is killed so many times."""
    script = Path(__file__).with_name("killing.py")
    arguments = [sys.executable, script, how, "0", str(kills), folder, "--", *command]
    given = {"env": os.environ | environment, "stdout": subprocess.PIPE}
    return json.loads(subprocess.run(arguments, **given).stdout)


def test_a_training_goes_on_after_a_kill_before_a_file_operation(tmp_path):
    told = killed("each", 12, TRAIN, tmp_path / "run", UNDRAWN="1")
    assert (told["kills"], told["files"]) == (12, 5)
    assert told["operations"] > 40


@pytest.mark.parametrize("kills, drawn, files", [(80, False, 5), (20, True, 8)])
def test_a_training_goes_on_after_kills_at_random(tmp_path, kills, drawn, files):
    environment = {} if drawn else {"UNDRAWN": "1"}
    told = killed("random", kills, TRAIN, tmp_path / "run", **environment)
    assert (told["kills"], told["files"]) == (kills, files)


def test_an_evaluation_goes_on_after_a_kill_before_a_file_operation(tmp_path):
    told = killed("each", 30, CV, tmp_path / "cv")
    assert (told["kills"], told["files"]) == (30, 5)
    assert told["operations"] > 40


def test_an_evaluation_goes_on_after_kills_at_random(tmp_path):
    told = killed("random", 100, CV, tmp_path / "cv")
    assert (told["kills"], told["files"]) == (100, 5)
