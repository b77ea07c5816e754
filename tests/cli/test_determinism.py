"""The same seed gives the same bytes in every process, with any hash seed."""

import os
import subprocess
import sys

import pytest

HASH_SEEDS = ("0", "1", "1")  # the last is repeated
SMALL = ["--epochs", "2", "--hidden", "8", "--clusters", "0.25,2", "--batch-norm"]
TRAIN = ["train", *SMALL]
CV = ["cv", "MUTAG", *SMALL, "--folds", "2", "--runs", "2"]
RUN_FILES = "model.npz history.csv snapshots.npz checkpoint.npz config.json".split()
# Figures take longer than everything else, and test_cli.py tests them.
WITHOUT_FIGURES = """
import sys
sys.modules["matplotlib"] = None
from npdiffpool._support import threads
if "train" in sys.argv:  # the workers of cv do not see this
    threads.MIN_COST = 0
from npdiffpool.cli.main import console
console()
"""


def run_all(commands, folder):
    """Run each command in a process with its hash seed; return the output folders."""
    running, folders = [], []
    for number, (hash_seed, words) in enumerate(commands):
        folders.append(folder / str(number))
        command = [sys.executable, "-c", WITHOUT_FIGURES, *words]
        options = {"env": {**os.environ, "PYTHONHASHSEED": hash_seed}, "text": True}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        command += ["--out", str(folders[-1])]
        running.append(subprocess.Popen(command, **options, **pipes))
    for process in running:
        output, _ = process.communicate()
        assert process.returncode == 0, output
    return folders


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    numbers = zip(HASH_SEEDS, ("1", "2", "1"))
    commands = [(h, [*TRAIN, "--threads", n]) for h, n in numbers]
    commands.append(("0", [*TRAIN, "--seed", "1"]))
    return run_all(commands, tmp_path_factory.mktemp("trained"))


@pytest.mark.parametrize("name", RUN_FILES)
def test_a_training_writes_the_same_bytes_in_every_process(trained, name):
    first, *others = [(folder / name).read_bytes() for folder in trained[:-1]]
    assert all(other == first for other in others)


# Other files have the seed in them.
@pytest.mark.parametrize("name", ["model.npz", "history.csv", "snapshots.npz"])
def test_training_with_another_seed_writes_different_bytes(trained, name):
    first, *_, other = [(folder / name).read_bytes() for folder in trained]
    assert first != other


def test_cross_validation_gives_the_same_bytes_with_any_number_of_processes(tmp_path):
    jobs = ("1", "2")
    commands = [(h, [*CV, "--jobs", n]) for h, n in zip(HASH_SEEDS, jobs)]
    folders = run_all(commands, tmp_path)
    first, *others = [(folder / "results.json").read_bytes() for folder in folders]
    assert all(other == first for other in others)
