"""A training that was stopped goes on to the same bytes."""

import json
import os
import re
import shutil
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
COMPARED = "config.json history.csv model.npz snapshots.npz checkpoint.npz".split()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run that nothing stopped: the bytes of its files."""
    folder = tmp_path_factory.mktemp("runs") / "mutag"
    assert main(["train", *QUICK, "--out", str(folder)]) == 0
    return {name: (folder / name).read_bytes() for name in COMPARED}


@pytest.fixture(autouse=True)
def every_epoch_is_saved(monkeypatch):
    """Save without waiting."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)


def stop_after(epoch, monkeypatch):
    """Press Ctrl-C, as it were, in the epoch after this one."""
    sound = Recorder.__call__

    def look(recorder, clf):
        if len(clf.history_) > epoch:
            raise KeyboardInterrupt
        sound(recorder, clf)

    monkeypatch.setattr(Recorder, "__call__", look)


def stopped(folder, epoch, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(epoch, patch)
        assert main(["train", *QUICK, "--out", str(folder)]) == 130


@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_a_run_that_is_stopped_goes_on_to_the_same_bytes(
    undisturbed, tmp_path, monkeypatch, capsys, epoch
):
    folder = tmp_path / "run"
    stopped(folder, epoch, monkeypatch)
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == (
        "npdiffpool: interrupted; to go on, the same command with --resume --out "
        f"{folder}"
    )
    assert [path.name for path in folder.iterdir()] == ["checkpoint.npz"]
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert f"going on after epoch {epoch} of 5" in capsys.readouterr().out
    for name in COMPARED:
        assert (folder / name).read_bytes() == undisturbed[name], name
    assert (folder / "report.html").exists()


def test_a_run_can_be_stopped_again_and_again(undisturbed, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    stopped(folder, 1, monkeypatch)
    for epoch in (2, 3, 4):
        with monkeypatch.context() as patch:
            stop_after(epoch, patch)
            assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 130
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    for name in COMPARED:
        assert (folder / name).read_bytes() == undisturbed[name], name


def test_what_time_does_not_save_ctrl_c_does(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(checkpoints, "SECONDS", 1e6)
    stopped(tmp_path / "run", 3, monkeypatch)
    assert main(["train", *QUICK, "--resume", "--out", str(tmp_path / "run")]) == 0
    assert "going on after epoch 3" in capsys.readouterr().out


def test_ctrl_c_between_the_recorder_and_the_saver_loses_nothing(
    undisturbed, tmp_path, monkeypatch
):
    sound = checkpoints.Saver.__call__

    def stop(saver, state):
        if state.epoch == 3:  # the recorder has seen it already
            raise KeyboardInterrupt
        sound(saver, state)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Saver, "__call__", stop)
        patch.setattr(checkpoints, "SECONDS", 1e6)  # the second is saved by Ctrl-C
        assert main(["train", *QUICK, "--out", str(folder)]) == 130
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    for name in COMPARED:
        assert (folder / name).read_bytes() == undisturbed[name], name


@pytest.mark.parametrize("presses, kept", [(1, 3), (2, 2)])
def test_ctrl_c_finishes_the_epoch_and_another_drops_it(
    undisturbed, tmp_path, monkeypatch, capsys, presses, kept
):
    sound, epochs = training.minibatches, []

    def pressing(*arguments):
        epochs.append(len(epochs) + 1)
        yield from sound(*arguments)  # all steps of the epoch are done
        for _ in range(presses if len(epochs) == 3 else 0):
            signal.raise_signal(signal.SIGINT)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(training, "minibatches", pressing)
        assert main(["train", *QUICK, "--out", str(folder)]) == 130
    said = capsys.readouterr().err
    assert f"\n{WAITING.format('the epoch under way')}\n" in said
    assert "\nnpdiffpool: interrupted; to go on, the same command with --re" in said
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert f"going on after epoch {kept} of" in capsys.readouterr().out
    for name in COMPARED:
        assert (folder / name).read_bytes() == undisturbed[name], name


def test_an_impatient_ctrl_c_does_not_stop_what_is_kept(tmp_path, monkeypatch, capsys):
    sound = checkpoints.write_checkpoint

    def impatient(*given):
        signal.raise_signal(signal.SIGINT)
        sound(*given)

    def stop(saver, state):
        saver.state = state
        if state.epoch == 3:
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Saver, "__call__", stop)
        patch.setattr(checkpoints, "write_checkpoint", impatient)
        assert main(["train", *QUICK, "--out", str(folder)]) == 130
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert "going on after epoch 3 of" in capsys.readouterr().out


def test_progress_that_nobody_reads_any_more_keeps_the_last_epoch(
    tmp_path, monkeypatch, capfd
):
    def unread(saver, state):
        saver.state = state
        if state.epoch == 3:
            raise BrokenPipeError

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Saver, "__call__", unread)
        patch.setattr("npdiffpool.cli.main.os.dup2", lambda *given: None)
        main(["train", *QUICK, "--out", str(folder)])
    assert main(["train", *QUICK, "--resume", "--out", str(folder)]) == 0
    assert "going on after epoch 3 of" in capfd.readouterr().out


def test_before_the_first_epoch_is_done_nothing_is_left(tmp_path, monkeypatch, capsys):
    stopped(tmp_path / "run", 0, monkeypatch)
    assert capsys.readouterr().err.splitlines()[-1] == "npdiffpool: interrupted"
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_interrupted_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "npdiffpool", "train", "--epochs", "2000"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    given = {"stderr": subprocess.PIPE, "text": True, "env": environment}
    process = subprocess.Popen([*command, "--out", str(tmp_path / "run")], **given)
    while not (tmp_path / "run/checkpoint.npz").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"interrupted; to go on", error)
    assert "Traceback" not in error
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["checkpoint.npz"]


def fails(arguments, capsys):
    assert main(["train", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_run_goes_on_with_no_other_settings(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    stopped(folder, 2, monkeypatch)
    before = (folder / "checkpoint.npz").read_bytes()
    capsys.readouterr()
    other = [*QUICK, "--learning-rate", "0.01", "--resume", "--out", str(folder)]
    error = fails(other, capsys)
    assert "other settings; what differs: learning_rate (0.001 there, 0.01" in error
    assert (folder / "checkpoint.npz").read_bytes() == before


def test_what_cannot_go_on_is_refused(tmp_path, monkeypatch, capsys):
    assert "--resume needs --out" in fails([*QUICK, "--resume"], capsys)
    (tmp_path / "letter.txt").write_text("dear")
    error = fails([*QUICK, "--resume", "--out", str(tmp_path)], capsys)
    assert f"must be a run's folder, or a new or empty folder; got {tmp_path}" in error
    folder = tmp_path / "run"
    stopped(folder, 1, monkeypatch)
    capsys.readouterr()
    error = fails([*QUICK, "--out", str(folder)], capsys)
    assert error.endswith("run, which holds a run: --resume goes on with it\n")


def test_what_was_not_begun_or_is_done_goes_on_too(undisturbed, tmp_path, capsys):
    given = ["train", *QUICK, "--resume", "--out", str(tmp_path / "run")]
    assert main(given) == 0
    said = f"nothing is kept in {tmp_path / 'run'} yet: from the beginning"
    assert said in capsys.readouterr().out
    (tmp_path / "run" / "report.html").unlink()  # as after a kill before it
    assert main(given) == 0
    assert "going on after epoch 5 of 5" in capsys.readouterr().out
    for name in COMPARED:
        assert (tmp_path / "run" / name).read_bytes() == undisturbed[name], name
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize(
    "change, said",
    [
        ({"vector": np.zeros(3, np.float32)}, "vector must be float32 of shape"),
        ({"best": None}, "not a readable checkpoint"),
        ({"adam_mean": np.nan}, "adam_mean must be finite"),
        ({"header": 2}, "version must be 1; got 2"),
        ({"seen/graph:0:number": np.array(3)}, "seen must be graphs"),
        ({"seen/graph:0:kinds": np.zeros(99, int)}, "not a readable checkpoint"),
        ({"seen/epochs": np.array([2])}, "seen must be epochs of 1 to 1; got [2]"),
        ({"seen/epochs": np.array([0])}, "seen must be epochs of 1 to 1; got [0]"),
        ({"seen/graph:0:probabilities": np.zeros((1, 3))}, "seen must have clusters"),
        ({"seen/measure:modularity": None}, "seen must have measured entropy of S"),
        ({"adam_square": -1.0}, "adam_square must be at least 0; it is not"),
        ({"running": -1.0}, "variances in running must be at least 0"),
        ({"header": {"adam_step": -1}}, "adam_step must be a number; got -1"),
        ({"header": {"adam_step": 2**60}}, "adam_step must be a number; got 115292150"),
        ({"header": {"rng_state": {}}}, "not a readable checkpoint"),
        ({"header": {"history": [{"epoch": 1}]}}, "each row of the history must have"),
        ({"header": {"version": 3}}, "version must be 1; got 3, of a newer npdiffpool"),
    ],
)
def test_a_damaged_checkpoint_is_refused(tmp_path, monkeypatch, capsys, change, said):
    folder = tmp_path / "run"
    stopped(folder, 1, monkeypatch)
    path = folder / "checkpoint.npz"
    with np.load(path) as file:
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
    capsys.readouterr()
    error = fails([*QUICK, "--resume", "--out", str(folder)], capsys)
    assert "checkpoint.npz" in error and said in error
    shutil.rmtree(folder)


def test_the_state_is_saved_when_it_is_time(tmp_path, monkeypatch):
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


def test_cross_validation_that_is_stopped_says_how_to_go_on(
    tmp_path, monkeypatch, capsys
):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("npdiffpool.cli.cross_validate.cross_validate", interrupted)
    command = ["cv", "MUTAG", "--out", str(tmp_path / "cv")]
    assert main(command) == 130
    assert capsys.readouterr().err == "npdiffpool: interrupted\n"  # nothing is kept
    (tmp_path / "cv").mkdir()
    (tmp_path / "cv" / "settings.json").touch()
    assert main(command) == 130
    said = f"interrupted; the finished jobs are in {tmp_path / 'cv'}; run the same"
    assert said in capsys.readouterr().err


def test_a_run_that_diverges_leaves_nothing(tmp_path, monkeypatch, capsys):
    def diverge(recorder, clf):
        if len(clf.history_) == 3:
            raise ValueError("training diverged")

    monkeypatch.setattr(Recorder, "__call__", diverge)
    monkeypatch.setattr(checkpoints, "write_checkpoint", lambda path, *_: path.touch())
    assert main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 2
    assert "training diverged" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
