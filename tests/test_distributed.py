"""A dask cluster gives the bytes that one process gives, whoever dies meanwhile."""
import socket
import subprocess
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from threading import Thread

import pytest

from npdiffpool import workers
from npdiffpool.cli import main

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


def test_an_address_that_is_none_is_told(capsys, tmp_path):
    assert main(["cv", *QUICK, "--scheduler", "nowhere"]) == 2
    message = "scheduler must be an address such as tcp://HOST:8786; got 'nowhere'"
    assert capsys.readouterr().err == f"npdiffpool: {message}\n"


@pytest.mark.parametrize("said", [None, b"", b"HTTP/1.0 400 Bad Request\r\n\r\n"])
def test_what_is_no_scheduler_is_told(tmp_path, monkeypatch, capsys, said):
    monkeypatch.setattr(workers, "TIMEOUT", 1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = "tcp://{}:{}".format(*listening.getsockname())
        if said is None:
            listening.close()
        else:
            Thread(target=answer, args=(listening, said), daemon=True).start()
        command = ["cv", *QUICK, "--scheduler", address, "--out", str(tmp_path / "cv")]
        assert main(command) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"npdiffpool: {address}: no dask scheduler answers")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def answer(listening, said):
    """Say that to whoever calls first, and wait for it to go."""
    caller, _ = listening.accept()
    with caller:
        caller.sendall(said)
        while caller.recv(1000):
            pass
