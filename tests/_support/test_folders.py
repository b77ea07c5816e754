"""One run at a time writes into a folder; failed writes are reported."""

import errno
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from npdiffpool._support.atomic_files import PREFIX, atomic_path, write_text
from npdiffpool._support.folder_lock import (
    LOCK,
    list_contents,
    lock_folder,
    remove_partial_files,
)
from npdiffpool.cli.main import main

QUICK = ["--epochs", "2", "--hidden", "4"]
HOLD = """
import sys
from npdiffpool._support.folder_lock import lock_folder
with lock_folder(sys.argv[1]) as folder:
    (folder / "mine.txt").touch()
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def locked(tmp_path):
    """Yield a folder that another process has locked, and that process."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    folder = tmp_path / "locked"
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], **pipes) as process:
        assert process.stdout.readline() == b"locked\n"
        yield folder, process
        process.kill()


@pytest.mark.parametrize(
    "command", [["train", *QUICK, "--resume"], ["cv", "MUTAG", *QUICK]], ids=" ".join
)
def test_a_second_run_in_a_locked_folder_is_refused(locked, command, capsys):
    folder, process = locked
    assert main([*command, "--out", str(folder)]) == 2
    message = f"npdiffpool: {folder}: another run is writing there\n"
    assert capsys.readouterr().err == message
    assert [path.name for path in list_contents(folder)] == ["mine.txt"]
    process.kill()
    process.wait()
    with lock_folder(folder):  # the lock ended with the process
        pass
    assert not (folder / LOCK).exists()


WITHOUT_FIGURES = """
import sys
sys.modules["matplotlib"] = None
from npdiffpool.cli.main import console
console()
"""


def test_runs_started_together_get_different_folders(tmp_path):
    command = [sys.executable, "-c", WITHOUT_FIGURES, "train", *QUICK]
    options = {"cwd": tmp_path, "stdout": subprocess.DEVNULL}
    runs = [subprocess.Popen(command, **options) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    for name in ("MUTAG-1", "MUTAG-2"):
        assert (tmp_path / "runs" / name / "config.json").exists()


def test_partial_files_of_a_killed_run_are_removed(tmp_path):
    for folder in (tmp_path, tmp_path / "figures"):
        folder.mkdir(exist_ok=True)
        (folder / f"{PREFIX}abc.npz").touch()
    (tmp_path / "kept.txt").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / f"{PREFIX}abc.npz").touch()  # of another run
    names = ["figures", "kept.txt", "other"]
    assert [path.name for path in list_contents(tmp_path)] == names
    remove_partial_files(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        f"{PREFIX}abc.npz",
        "figures",
        "kept.txt",
        "other",
    ]
    assert list((tmp_path / "figures").iterdir()) == []


def test_a_refused_folder_keeps_its_files(tmp_path, capsys):
    for name in (f"{PREFIX}abc.npz", "letter.txt"):
        (tmp_path / name).touch()
    for command in (TRAIN, [*TRAIN, "--resume"], CV):
        assert main([*command, "--out", str(tmp_path)]) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_runs_folder_that_cannot_be_created_is_reported(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to("nowhere")
    assert main(TRAIN) == 2
    assert capsys.readouterr().err == "npdiffpool: runs: File exists\n"


def test_a_link_as_the_lock_file_is_not_followed(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="run: the folder is not writable"):
        with lock_folder(tmp_path / "run"):
            pass
    assert not (tmp_path / "elsewhere").exists()
    with atomic_path(tmp_path / "a.txt") as temporary:
        assert temporary.name.startswith(PREFIX)


def test_only_new_folders_that_stay_empty_are_removed(tmp_path):
    with lock_folder(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with lock_folder(tmp_path):
        pass
    assert tmp_path.exists()
    with lock_folder(tmp_path / "a" / "b") as folder:
        (folder / "kept.txt").touch()
    assert list_contents(tmp_path / "a" / "b")


def test_a_file_cannot_be_locked_as_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file is not a folder"):
        with lock_folder(tmp_path / "file"):
            pass


def in_child(command, limit=None):
    """Run the command line in a forked process; return exit status and last line."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        sys.stdout = sys.stderr = os.fdopen(write, "w")
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        status = main(command)
        sys.stderr.flush()
        os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        lines = pipe.read().splitlines()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), lines[-1]


TRAIN = ["train", *QUICK]
CV = ["cv", "MUTAG", *QUICK, "--folds", "2", "--runs", "1"]


@pytest.fixture
def read_only(tmp_path):
    """Return a folder that is not writable."""
    if os.geteuid() != 0:
        tmp_path.chmod(0o555)
        return tmp_path
    folder = Path("/sys/kernel")  # not even for root
    if not folder.is_dir():
        pytest.skip("root can write everywhere on this system")
    return folder


@pytest.mark.parametrize("command", [TRAIN, CV], ids=["train", "cv"])
def test_a_read_only_folder_is_reported_before_any_work(
    read_only, command, monkeypatch
):
    monkeypatch.setattr("npdiffpool.training.fit.fit", None)  # training would fail
    status, line = in_child([*command, "--out", str(read_only)])
    reason = "the folder is not writable: Permission denied"
    assert (status, line) == (2, f"npdiffpool: {read_only}: {reason}")


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_an_evaluation_stopped_by_a_full_disk_can_be_resumed(tmp_path, share):
    command = [*CV, "--folds", "4", "--out", str(tmp_path / "cv")]
    assert in_child([*command, "--out", str(tmp_path / "whole")])[0] == 0
    whole = files(tmp_path / "whole")
    largest = len(whole["settings.json"])
    assert len(whole["results.json"]) > largest  # with share 1 it alone is too large
    status, line = in_child(command, limit=int(share * largest))
    assert status == 2
    assert re.search(rf": {re.escape(str(tmp_path))}/cv/\S+: File too large", line)
    kept = files(tmp_path / "cv") if share == 1 else {}
    assert len(kept) == (5 if share == 1 else 0)
    assert ("run the same command to resume" in line) == bool(kept)
    assert (tmp_path / "cv").exists() == bool(kept)
    assert in_child(command)[0] == 0
    after = files(tmp_path / "cv")
    assert all(after[name] == content for name, content in kept.items())
    assert after == whole


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 100_000])
def test_a_training_stopped_by_a_full_disk_can_be_resumed(tmp_path, limit):
    command = [*TRAIN, "--resume", "--out", str(tmp_path / "run")]
    status, line = in_child(command, limit)
    assert status == 2
    assert re.search(rf": {re.escape(str(tmp_path))}/run/\S+: File too large", line)
    assert ("to resume, run the same command with --resume" in line) == bool(limit)
    assert (tmp_path / "run").exists() == bool(limit)
    assert in_child(command)[0] == 0
    assert in_child([*TRAIN, "--out", str(tmp_path / "whole")])[0] == 0
    assert files(tmp_path / "run") == files(tmp_path / "whole")


def files(folder):
    """Return the bytes of every file, except the times that jobs took."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {p.name: p.read_bytes() for p in paths if p.stem != "seconds"}


def test_operating_system_errors_name_the_file_not_the_temporary_one(tmp_path):
    with pytest.raises(OSError) as raised:
        with atomic_path(tmp_path / "a.txt"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert (
        str(raised.value) == f"[Errno 28] No space left on device: '{tmp_path}/a.txt'"
    )
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as raised:
        write_text(tmp_path / "folder", "text")
    assert str(raised.value).endswith(f"'{tmp_path}/folder'")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
