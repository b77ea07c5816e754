"""Worker processes exit with their parent; Ctrl-C loses no running training."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from npdiffpool._support.folder_lock import list_contents
from npdiffpool._support.interrupts import WAITING
from npdiffpool._support.process import VARIABLES
from npdiffpool._support.threads import count_threads, use_threads
from npdiffpool.cli.main import main
from npdiffpool.evaluation import job_queue
from npdiffpool.evaluation.job_folder import JobFolder
from npdiffpool.evaluation.jobs import run_job
from npdiffpool.evaluation.workers import RUNNING, workers

WAITS = WAITING.format(RUNNING)
LONG = ["--epochs", "40", "--hidden", "8", "--folds", "5", "--runs", "1"]


@pytest.fixture
def evaluation(tmp_path):
    """An evaluation by two processes that are both training, and its folder."""
    folder = tmp_path / "cv"
    command = [sys.executable, "-m", "npdiffpool", "cv", "MUTAG", *LONG, "--jobs", "2"]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([*command, "--out", str(folder)], **pipes) as process:
        while not (folder / "seconds.json").exists():
            assert process.poll() is None
            time.sleep(0.01)
        yield process, folder
        process.kill()


def children(process):
    """List the process ids of the children of a process."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not listed.exists():
        pytest.skip("this system does not list the children of a process")
    return [int(child) for child in listed.read_text().split()]


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def count_own_and_blas_threads():
    """Return the number of threads of a training here, and those of each BLAS."""
    from threadpoolctl import threadpool_info

    with use_threads():
        blas = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
        return count_threads(), {lib["num_threads"] for lib in blas}


@pytest.mark.parametrize("number, share", [("1", 1), ("2", 1), ("5", 2)])
def test_two_workers_share_the_threads_and_have_one_blas_thread(
    monkeypatch, number, share
):
    pytest.importorskip("threadpoolctl")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", number)
    with workers(jobs=2) as executor:
        found = executor.submit(count_own_and_blas_threads).result()
    assert found == (share, {1})


@pytest.mark.slow
def test_workers_exit_when_their_parent_is_killed(evaluation):
    process, _ = evaluation
    found = children(process)
    assert len(found) == 3  # two, and one that tracks semaphores
    process.kill()
    end = time.monotonic() + 60
    while any(map(is_alive, found)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_alive, found))


@pytest.mark.slow
def test_ctrl_c_waits_for_the_running_jobs_and_saves_them(evaluation):
    process, folder = evaluation
    for pid in (*children(process), process.pid):  # like a terminal
        os.kill(pid, signal.SIGINT)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert f"\n{WAITS}\n" in said
    hint = f"the finished jobs are in {folder}; run the same command to resume"
    last = f"interrupted; {hint}"
    assert said.splitlines()[-1] == f"npdiffpool: {last}"
    assert "Traceback" not in said
    saved = {path.name for path in folder.glob("fold-*")}
    assert saved >= {f"fold-{fold}-run-0.json" for fold in range(3)}  # two were running


@pytest.mark.slow
def test_a_second_ctrl_c_stops_the_running_jobs(evaluation):
    process, folder = evaluation
    process.send_signal(signal.SIGINT)
    while process.stderr.readline() != f"{WAITS}\n":
        assert process.poll() is None
    time.sleep(0.5)  # until it waits
    kept = list_contents(folder)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "Traceback" not in said and "run the same command to resume" in said
    assert list_contents(folder) == kept


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_without_processes_saves_the_running_training(
    tmp_path, monkeypatch, capsys, presses
):
    def pressed(*arguments):
        for _ in range(presses):
            signal.raise_signal(signal.SIGINT)
        return run_job(*arguments)

    command = ["cv", "MUTAG", "--epochs", "1", "--hidden", "4", "--folds", "2"]
    command += ["--runs", "1", "--out", str(tmp_path / "cv")]
    with monkeypatch.context() as patch:
        patch.setattr(job_queue, "run_job", pressed)
        assert main(command) == 130
    said = capsys.readouterr().err
    assert f"\n{WAITING.format('the current training run')}\n" in said
    assert ("run the same command to resume" in said) == (presses == 1)
    kept = [path.name for path in (tmp_path / "cv").glob("fold-*")]
    assert kept == (["fold-0-run-0.json"] if presses == 1 else [])
    assert main(command) == 0
    assert ("2 jobs, 1 of them done before" in capsys.readouterr().err) == bool(kept)


def test_a_warning_of_a_worker_is_one_line(tmp_path, capfd):
    command = ["cv", "MUTAG", "--epochs", "1", "--hidden", "4", "--folds", "4"]
    command += ["--learning-rate", "9", "--runs", "1", "--jobs", "2"]
    assert main([*command, "--out", str(tmp_path / "cv")]) == 0
    _, heading, *lines = capfd.readouterr().err.splitlines()
    warned = [line for line in lines if "class frequencies" in line]
    assert warned and all(line.startswith("npdiffpool: warning: ") for line in warned)
    assert heading == "4 jobs"
    others = [line for line in lines if line not in warned]
    assert [line for line in others if not line.startswith("job ")] == []


def test_ctrl_c_while_a_result_is_saved_does_not_lose_it(tmp_path, monkeypatch):
    save, pressed = JobFolder.save_result, []

    def press_once(folder, name, *result):
        if not pressed:
            pressed.append(name)
            signal.raise_signal(signal.SIGINT)
        save(folder, name, *result)

    monkeypatch.setattr(JobFolder, "save_result", press_once)
    command = ["cv", "MUTAG", "--epochs", "1", "--hidden", "4", "--folds", "3"]
    folder = tmp_path / "cv"
    assert main([*command, "--runs", "1", "--jobs", "2", "--out", str(folder)]) == 130
    assert (folder / f"{pressed[0]}.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
def test_ctrl_c_while_the_workers_start_prints_no_traceback(tmp_path):
    command = [sys.executable, "-m", "npdiffpool", "cv", "MUTAG", *LONG, "--jobs", "2"]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    command += ["--out", str(tmp_path / "cv")]
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        while len(children(process)) < 3:
            assert process.poll() is None
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "Traceback" not in said


def test_wrong_options_for_workers_are_errors(tmp_path, capsys, monkeypatch):
    command = ["cv", "MUTAG", "--out", str(tmp_path / "cv")]
    for options, message in (
        (["--jobs", "0"], "jobs must be a whole number >= 1; got 0"),
        (["--jobs", "2", "--scheduler", "a:1"], "jobs must be 1 with a scheduler; got"),
    ):
        assert main([*command, *options]) == 2
        assert message in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*command, "--scheduler", "tcp://127.0.0.1:1"]) == 2
    message = 'a scheduler needs dask: pip install "npdiffpool[distributed]"'
    assert capsys.readouterr().err == f"npdiffpool: {message}\n"
    assert list(tmp_path.iterdir()) == []
