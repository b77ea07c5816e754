"""A folder belongs to one run at a time, and what cannot be written is told."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from npdiffpool._support.atomic_files import PREFIX, atomic_path, write_text
from npdiffpool._support.folder_lock import LOCK, clear, holdings, own_folder
from npdiffpool.cli.main import main

QUICK = ["--epochs", "2", "--hidden", "4"]
HOLD = """
import sys
from npdiffpool._support.folder_lock import own_folder
with own_folder(sys.argv[1]) as folder:
    (folder / "mine.txt").touch()
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path):
    """Give a folder that another process has; it ends with its standard input."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    folder = tmp_path / "held"
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], **pipes) as process:
        assert process.stdout.readline() == b"held\n"
        yield folder, process
        process.kill()


@pytest.mark.parametrize(
    "command", [["train", *QUICK, "--resume"], ["cv", "MUTAG", *QUICK]], ids=" ".join
)
def test_two_runs_do_not_write_into_one_folder(held, command, capsys):
    folder, process = held
    assert main([*command, "--out", str(folder)]) == 2
    said = f"npdiffpool: {folder}: another run is writing there\n"
    assert capsys.readouterr().err == said
    assert [path.name for path in holdings(folder)] == ["mine.txt"]
    process.kill()
    process.wait()
    with own_folder(folder):  # the lock has ended with its process
        pass
    assert not (folder / LOCK).exists()


def test_runs_that_begin_together_take_a_folder_each(tmp_path):
    command = [sys.executable, "-m", "npdiffpool", "train", *QUICK]
    given = {"cwd": tmp_path, "stdout": subprocess.DEVNULL}
    runs = [subprocess.Popen(command, **given) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    for name in ("MUTAG-1", "MUTAG-2"):
        assert (tmp_path / "runs" / name / "config.json").exists()


def test_what_a_killed_run_left_half_written_is_removed(tmp_path):
    for folder in (tmp_path, tmp_path / "figures"):
        folder.mkdir(exist_ok=True)
        (folder / f"{PREFIX}abc.npz").touch()
    (tmp_path / "kept.txt").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / f"{PREFIX}abc.npz").touch()  # of a run in there
    names = ["figures", "kept.txt", "other"]
    assert [path.name for path in holdings(tmp_path)] == names
    clear(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        f"{PREFIX}abc.npz",
        "figures",
        "kept.txt",
        "other",
    ]
    assert list((tmp_path / "figures").iterdir()) == []


def test_a_refused_folder_keeps_all_that_is_in_it(tmp_path, capsys):
    for name in (f"{PREFIX}abc.npz", "letter.txt"):
        (tmp_path / name).touch()
    for command in (TRAIN, [*TRAIN, "--resume"], CV):
        assert main([*command, "--out", str(tmp_path)]) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_of_runs_that_cannot_be_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to("nowhere")
    assert main(TRAIN) == 2
    assert "File exists: 'runs'" in capsys.readouterr().err


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="run: nothing can be written there"):
        with own_folder(tmp_path / "run"):
            pass
    assert not (tmp_path / "elsewhere").exists()
    with atomic_path(tmp_path / "a.txt") as temporary:
        assert temporary.name.startswith(PREFIX)


def test_a_folder_made_for_nothing_is_removed_and_no_other(tmp_path):
    with own_folder(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with own_folder(tmp_path):
        pass
    assert tmp_path.exists()
    with own_folder(tmp_path / "a" / "b") as folder:
        (folder / "kept.txt").touch()
    assert holdings(tmp_path / "a" / "b")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file is not a folder"):
        with own_folder(tmp_path / "file"):
            pass


def in_child(command, limit=None):
    """Run the command line in a forked process; return status and last line."""
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
        said = pipe.read().splitlines()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said[-1]


TRAIN = ["train", *QUICK]
CV = ["cv", "MUTAG", *QUICK, "--folds", "2", "--runs", "1"]


@pytest.fixture
def read_only(tmp_path):
    """Give a folder that nothing can be written into."""
    if os.geteuid() != 0:
        tmp_path.chmod(0o555)
        return tmp_path
    folder = Path("/sys/kernel")  # not even by root
    if not folder.is_dir():
        pytest.skip("root can write everywhere on this system")
    return folder


@pytest.mark.parametrize("command", [TRAIN, CV], ids=["train", "cv"])
def test_a_read_only_folder_is_told_before_any_work(read_only, command, monkeypatch):
    monkeypatch.setattr("npdiffpool.training.fit.fit", None)  # nothing is trained
    status, said = in_child([*command, "--out", str(read_only)])
    reason = "nothing can be written there: Permission denied"
    assert (status, said) == (2, f"npdiffpool: {read_only}: {reason}")


@pytest.mark.parametrize("limit", [0, 100, 800])
def test_a_full_disk_stops_an_evaluation_that_goes_on_later(tmp_path, limit):
    command = [*CV, "--out", str(tmp_path / "cv")]
    status, said = in_child(command, limit)
    assert status == 2
    assert f"[Errno {errno.EFBIG}] File too large: '{tmp_path}/cv/" in said
    kept = files(tmp_path / "cv") if limit == 800 else {}
    assert ("run the same command to resume" in said) == bool(kept)
    assert (tmp_path / "cv").exists() == bool(kept)
    assert in_child(command)[0] == 0
    after = files(tmp_path / "cv")
    assert all(after[name] == content for name, content in kept.items())
    assert in_child([*CV, "--out", str(tmp_path / "whole")])[0] == 0
    assert after == files(tmp_path / "whole")


@pytest.mark.parametrize("limit", [0, 100_000])
def test_a_full_disk_stops_a_training_that_goes_on_later(tmp_path, limit):
    command = [*TRAIN, "--resume", "--out", str(tmp_path / "run")]
    status, said = in_child(command, limit)
    assert status == 2
    assert f"[Errno {errno.EFBIG}] File too large: '{tmp_path}/run/" in said
    assert ("to go on, the same command with --resume" in said) == bool(limit)
    assert (tmp_path / "run").exists() == bool(limit)
    assert in_child(command)[0] == 0
    assert in_child([*TRAIN, "--out", str(tmp_path / "whole")])[0] == 0
    assert files(tmp_path / "run") == files(tmp_path / "whole")


def files(folder):
    """Return the bytes of every file, but for the seconds that each job took."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {p.name: p.read_bytes() for p in paths if p.stem != "seconds"}


def test_an_error_of_the_system_names_the_file_not_the_temporary_one(tmp_path):
    with pytest.raises(OSError) as told:
        with atomic_path(tmp_path / "a.txt"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert str(told.value) == f"[Errno 28] No space left on device: '{tmp_path}/a.txt'"
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as told:
        write_text(tmp_path / "folder", "text")
    assert str(told.value).endswith(f"'{tmp_path}/folder'")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
