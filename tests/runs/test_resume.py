"""A training that was stopped can be resumed, and then gives the same bytes."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from npdiffpool._support.interrupts import WAITING
from npdiffpool.cli.main import main
from npdiffpool.runs import checkpoints
from npdiffpool.runs.snapshots import Recorder
from npdiffpool.training import fit as training

QUICK = ["--epochs", "5", "--hidden", "8", "--clusters", "0.25,2", "--batch-norm"]
NUMBERS = dict.fromkeys(checkpoints.ROW | checkpoints.OF_LOSS["cross_entropy"], 1.0)
COMPARED = "config.json history.csv model.npz snapshots.npz checkpoint.npz".split()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Return the bytes of the files of a run that was not stopped."""
    folder = tmp_path_factory.mktemp("runs") / "mutag"
    assert main(["train", *QUICK, "--out", str(folder)]) == 0
    return {name: (folder / name).read_bytes() for name in COMPARED}


@pytest.fixture(autouse=True)
def save_every_epoch(monkeypatch):
    """Save the state after every epoch, without the minimal time between saves."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)


@pytest.fixture
def drawn():
    """Draw the figures and the report, which take most of the time of a short run."""


@pytest.fixture(autouse=True)
def draw_nothing(request, monkeypatch):
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr("npdiffpool.cli.train.draw", lambda *arguments: None)


def stop_after(epoch, monkeypatch):
    """Raise the exception of Ctrl-C in the epoch after this one."""
    original = Recorder.__call__

    def record(recorder, clf):
        if len(clf.history_) > epoch:
            raise KeyboardInterrupt
        original(recorder, clf)

    monkeypatch.setattr(Recorder, "__call__", record)


def run_stopped(folder, epoch, monkeypatch):
    """Train until the run is stopped after an epoch."""
    with monkeypatch.context() as patch:
        stop_after(epoch, patch)
        assert main(["train", *QUICK, "--out", str(folder)]) == 130


@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_a_resumed_run_gives_the_same_bytes(
    uninterrupted, drawn, tmp_path, monkeypatch, capsys, epoch
):
    folder = tmp_path / "run"
    run_stopped(folder, epoch, monkeypatch)
    error = capsys.readouterr().err.splitlines()[-1]
    hint = f"to resume, run the same command with --resume --out {folder}"
    assert error == f"npdiffpool: interrupted; {hint}"
    assert [path.name for path in folder.iterdir()] == ["checkpoint.npz"]
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert f"resuming after epoch {epoch} of 5" in capsys.readouterr().out
    for name in COMPARED:
        assert (folder / name).read_bytes() == uninterrupted[name], name
    assert (folder / "report.html").exists()


def test_a_run_can_be_stopped_and_resumed_several_times(
    uninterrupted, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    run_stopped(folder, 1, monkeypatch)
    for epoch in (2, 3, 4):
        with monkeypatch.context() as patch:
            stop_after(epoch, patch)
            assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 130
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    for name in COMPARED:
        assert (folder / name).read_bytes() == uninterrupted[name], name


def test_ctrl_c_saves_the_last_epoch_before_it_is_due(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(checkpoints, "SECONDS", 1e6)
    run_stopped(tmp_path / "run", 3, monkeypatch)
    assert main(["train", *QUICK, "--resume", "--out", str(tmp_path / "run")]) == 0
    assert "resuming after epoch 3" in capsys.readouterr().out


def test_ctrl_c_between_the_recorder_and_the_saver_keeps_the_bytes(
    uninterrupted, tmp_path, monkeypatch
):
    original = checkpoints.Saver.__call__

    def stop(saver, state):
        if state.epoch == 3:  # the recorder has already recorded it
            raise KeyboardInterrupt
        original(saver, state)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Saver, "__call__", stop)
        patch.setattr(checkpoints, "SECONDS", 1e6)  # Ctrl-C saves epoch 2
        assert main(["train", *QUICK, "--out", str(folder)]) == 130
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    for name in COMPARED:
        assert (folder / name).read_bytes() == uninterrupted[name], name


@pytest.mark.parametrize("presses, kept", [(1, 3), (2, 2)])
def test_ctrl_c_finishes_the_epoch_and_a_second_one_stops_at_once(
    uninterrupted, tmp_path, monkeypatch, capsys, presses, kept
):
    original, epochs = training.minibatches, []

    def interrupted(train, *arguments):
        if len(train.labels) == 150:  # not the minibatches that are timed before
            epochs.append(len(epochs) + 1)
        yield from original(train, *arguments)  # all steps of the epoch are done
        for _ in range(presses if len(epochs) == 3 else 0):
            signal.raise_signal(signal.SIGINT)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(training, "minibatches", interrupted)
        assert main(["train", *QUICK, "--out", str(folder)]) == 130
    error = capsys.readouterr().err
    assert f"\n{WAITING.format('the current epoch')}\n" in error
    assert (
        "\nnpdiffpool: interrupted; to resume, run the same command with --re" in error
    )
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert f"resuming after epoch {kept} of" in capsys.readouterr().out
    for name in COMPARED:
        assert (folder / name).read_bytes() == uninterrupted[name], name


def test_ctrl_c_does_not_stop_the_save_at_the_end(tmp_path, monkeypatch, capsys):
    original = checkpoints.write_checkpoint

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        original(*arguments)

    def stop(saver, state):
        saver.state = state
        if state.epoch == 3:
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Saver, "__call__", stop)
        patch.setattr(checkpoints, "write_checkpoint", interrupted)
        assert main(["train", *QUICK, "--out", str(folder)]) == 130
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert "resuming after epoch 3 of" in capsys.readouterr().out


def test_the_last_epoch_is_saved_if_the_reader_of_the_progress_ends(
    tmp_path, monkeypatch, capfd
):
    def broken_pipe(saver, state):
        saver.state = state
        if state.epoch == 3:
            raise BrokenPipeError

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Saver, "__call__", broken_pipe)
        patch.setattr("npdiffpool.cli.main.os.dup2", lambda *arguments: None)
        main(["train", *QUICK, "--out", str(folder)])
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert "resuming after epoch 3 of" in capfd.readouterr().out


def test_a_run_stopped_in_its_first_epoch_leaves_no_files(
    tmp_path, monkeypatch, capsys
):
    run_stopped(tmp_path / "run", 0, monkeypatch)
    assert capsys.readouterr().err.splitlines()[-1] == "npdiffpool: interrupted"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_process_says_how_to_resume(tmp_path):
    command = [sys.executable, "-m", "npdiffpool", "train", "--epochs", "2000"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    options = {"stderr": subprocess.PIPE, "text": True, "env": environment}
    process = subprocess.Popen([*command, "--out", str(tmp_path / "run")], **options)
    while not (tmp_path / "run/checkpoint.npz").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"interrupted; to resume", error)
    assert "Traceback" not in error
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["checkpoint.npz"]


def error_of(arguments, capsys):
    """Return the one line that `train` prints when it refuses its arguments."""
    assert main(["train", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_run_cannot_be_resumed_with_other_settings(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    run_stopped(folder, 2, monkeypatch)
    before = (folder / "checkpoint.npz").read_bytes()
    capsys.readouterr()
    other = [*QUICK, "--learning-rate", "0.01", "--resume", "--out", str(folder)]
    error = error_of(other, capsys)
    assert "started with different settings: learning_rate (0.001 saved, 0.01" in error
    assert (folder / "checkpoint.npz").read_bytes() == before


def test_folders_without_a_run_cannot_be_resumed(tmp_path, monkeypatch, capsys):
    assert "--resume needs --out" in error_of([*QUICK, "--resume"], capsys)
    (tmp_path / "letter.txt").write_text("text")
    error = error_of([*QUICK, "--resume", "--out", str(tmp_path)], capsys)
    assert f"must be a run folder, or a new or empty folder; got {tmp_path}" in error
    folder = tmp_path / "run"
    run_stopped(folder, 1, monkeypatch)
    capsys.readouterr()
    error = error_of([*QUICK, "--out", str(folder)], capsys)
    assert error.endswith("run, which has a run: use --resume to resume it\n")


def test_resume_starts_an_empty_run_and_completes_a_finished_one(
    uninterrupted, drawn, tmp_path, capsys
):
    command = ["train", *QUICK, "--resume", "--out", str(tmp_path / "run")]
    assert main(command) == 0
    line = f"no checkpoint in {tmp_path / 'run'}: starting at epoch 1"
    assert line in capsys.readouterr().out
    (tmp_path / "run" / "report.html").unlink()  # as after a kill before the report
    assert main(command) == 0
    assert "resuming after epoch 5 of 5" in capsys.readouterr().out
    for name in COMPARED:
        assert (tmp_path / "run" / name).read_bytes() == uninterrupted[name], name
    assert (tmp_path / "run" / "report.html").exists()


def test_a_run_whose_epoch_is_chosen_by_another_score_resumes(tmp_path, monkeypatch):
    options = ["train", "--epochs", "3", "--hidden", "4", "--monitor", "roc_auc"]
    assert main([*options, "--out", str(tmp_path / "whole")]) == 0
    with monkeypatch.context() as patch:
        stop_after(1, patch)
        assert main([*options, "--out", str(tmp_path / "parts")]) == 130
    assert main([*options, "--out", str(tmp_path / "parts"), "--resume"]) == 0
    header, *rows = (tmp_path / "whole" / "history.csv").read_text().splitlines()
    assert "validation_score" in header and len(rows) == 3
    for name in COMPARED:
        files = [tmp_path / run / name for run in ("whole", "parts")]
        assert files[0].read_bytes() == files[1].read_bytes(), name


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Return the checkpoint of a run that was stopped after an epoch."""
    path = tmp_path_factory.mktemp("stopped") / "run" / "checkpoint.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "SECONDS", 0.0)
        run_stopped(path.parent, 1, patch)
    return path


@pytest.mark.parametrize(
    "change, message",
    [
        ({"vector": np.zeros(3, np.float32)}, "vector must be float32 of shape"),
        ({"best": None}, "not a readable checkpoint"),
        ({"adam_mean": np.nan}, "adam_mean must be finite"),
        ({"header": 2}, "version must be 1; got 2"),
        ({"seen/graph:0:number": np.array(3)}, "snapshots must be of graphs"),
        ({"seen/graph:0:kinds": np.zeros(99, int)}, "not a readable checkpoint"),
        ({"seen/epochs": np.array([2])}, "snapshots must be of epochs 1 to 1; got [2]"),
        ({"seen/epochs": np.array([0])}, "snapshots must be of epochs 1 to 1; got [0]"),
        (
            {"seen/graph:0:probabilities": np.zeros((1, 3))},
            "snapshots must match the model, with 2 classes and clusters (5, 2)",
        ),
        ({"seen/measure:modularity": None}, "snapshots must have the measures entropy"),
        ({"adam_square": -1.0}, "adam_square must be at least 0; it is not"),
        ({"running": -1.0}, "variances in running must be at least 0"),
        (
            {"header": {"adam_step": -1}},
            "adam_step must be in 0 ... 2^53; got -1",
        ),
        (
            {"header": {"adam_step": 2**60}},
            "adam_step must be in 0 ... 2^53; got 115292150",
        ),
        ({"header": {"rng_state": {}}}, "not a readable checkpoint"),
        ({"header": {"history": [{"epoch": 1}]}}, "each row of the history must have"),
        (
            {"header": {"history": [NUMBERS, NUMBERS | {"validation_score": 1.0}]}},
            "finite numbers for the same names",
        ),
        ({"header": {"version": 3}}, "version must be 1; got 3, written by a newer"),
    ],
)
def test_a_damaged_checkpoint_is_refused(stopped, tmp_path, capsys, change, message):
    path = tmp_path / "run" / "checkpoint.npz"
    path.parent.mkdir()
    with np.load(stopped) as file:
        arrays = {**file}
    for name, value in change.items():
        if name == "header":
            header = json.loads(str(arrays[name]))
            header |= value if isinstance(value, dict) else {"version": value}
            value = np.array(json.dumps(header))
        elif np.isscalar(value):
            value = np.full_like(arrays[name], value)
        arrays[name] = value
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    error = error_of([*QUICK, "--resume", "--out", str(path.parent)], capsys)
    assert "checkpoint.npz" in error and message in error


def test_measures_in_a_checkpoint_without_pooling_are_refused(
    tmp_path, monkeypatch, capsys
):
    flat = ["--epochs", "2", "--hidden", "8", "--clusters", "", "--out", str(tmp_path)]
    with monkeypatch.context() as patch:
        stop_after(1, patch)
        assert main(["train", *flat]) == 130
    with np.load(tmp_path / "checkpoint.npz") as file:
        arrays = {**file, "seen/measure:modularity": np.zeros(1)}
    np.savez(tmp_path / "checkpoint.npz", **arrays)
    capsys.readouterr()
    error = error_of([*flat, "--resume"], capsys)
    assert error.endswith("(snapshots must have no measures)\n")


def test_a_checkpoint_without_snapshots_is_refused(stopped, tmp_path, capsys):
    path = tmp_path / "run" / "checkpoint.npz"
    path.parent.mkdir()
    with np.load(stopped) as file:
        arrays = {**file}
    fixed = ("edges", "kinds", "number", "truth")
    for name in arrays:
        if name.startswith("seen/") and not name.endswith(fixed):
            arrays[name] = arrays[name][:0]
    np.savez(path, **arrays)
    error = error_of([*QUICK, "--resume", "--out", str(path.parent)], capsys)
    assert "snapshots must be of epochs 1 to 1; got []" in error


def test_states_are_saved_ten_seconds_apart(tmp_path, monkeypatch):
    now, saved = [0.0], []
    monkeypatch.setattr(checkpoints, "SECONDS", 10.0)
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(
        checkpoints, "write_checkpoint", lambda path, s, state, r: saved.append(state)
    )
    saver = checkpoints.Saver(tmp_path / "checkpoint.npz", {}, None)
    for now[0], state in ((0, "first"), (9, "second"), (11, "third"), (12, "fourth")):
        saver(state)
    assert saved == ["first", "third"]
    saver.save()
    saver.save()  # nothing new
    assert saved == ["first", "third", "fourth"]


def test_interrupted_cross_validation_says_how_to_resume(tmp_path, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("npdiffpool.cli.cross_validate.cross_validate", interrupted)
    command = ["cv", "MUTAG", "--out", str(tmp_path / "cv")]
    assert main(command) == 130
    assert (
        capsys.readouterr().err == "npdiffpool: interrupted\n"
    )  # there are no results yet
    (tmp_path / "cv").mkdir()
    (tmp_path / "cv" / "settings.json").touch()
    assert main(command) == 130
    message = f"interrupted; the finished jobs are in {tmp_path / 'cv'}; run the same"
    assert message in capsys.readouterr().err


def test_a_run_that_diverges_leaves_no_files(tmp_path, monkeypatch, capsys):
    def diverge(recorder, clf):
        if len(clf.history_) == 3:
            raise ValueError("training diverged")

    monkeypatch.setattr(Recorder, "__call__", diverge)
    monkeypatch.setattr(checkpoints, "write_checkpoint", lambda path, *_: path.touch())
    assert main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 2
    assert "training diverged" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
