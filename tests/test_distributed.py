"""A dask cluster gives the bytes that one process gives, whoever dies meanwhile."""
import subprocess
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason='needs pip install -e ".[distributed]"')
QUICK = ["MUTAG", "--hidden", "8", "--folds", "4", "--runs", "1"]


@pytest.fixture
def cluster(monkeypatch):
    """Give the program that runs a cluster beside a local run."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    return import_module("cluster")


def test_a_worker_that_is_killed_changes_no_byte(cluster, tmp_path):
    here, there, same = cluster.compare([*QUICK, "--epochs", "10"], tmp_path)
    assert "test accuracy" in here
    assert here == there
    assert same


def test_a_scheduler_that_is_killed_loses_nothing_that_is_kept(cluster, tmp_path):
    with ExitStack() as stack:
        address = stack.enter_context(cluster.scheduler(tmp_path))
        stack.enter_context(cluster.worker(address, tmp_path))
        command = [*cluster.CV, *QUICK, "--epochs", "30", "--scheduler", address]
        command += ["--out", str(tmp_path / "cluster")]
        running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        cluster.wait_for(tmp_path / "cluster" / "seconds.json", running)
        stack.close()
        said = running.communicate(timeout=300)[1]
    assert running.returncode == 2
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    assert "was cancelled by what runs it; " in last
    assert last.endswith("keeps what was done, and the same command goes on")
    assert list((tmp_path / "cluster").glob("fold-*"))


@pytest.mark.parametrize(
    "address, message",
    [
        ("nowhere", "scheduler must be an address such as tcp://HOST:8786; got 'now"),
        ("tcp://127.0.0.1:1", "trying to connect to tcp://127.0.0.1:1"),
    ],
)
def test_a_scheduler_that_is_not_there_is_told(
    cluster, tmp_path, monkeypatch, address, message
):
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    command = [*cluster.CV, *QUICK, "--scheduler", address]
    command += ["--out", str(tmp_path / "cv")]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and message in done.stderr
    assert list(tmp_path.iterdir()) == []
