"""A dask cluster gives the same bytes as one process, even if a worker dies."""

import asyncio
import re
import socket
import subprocess
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from threading import Thread

import pytest

from npdiffpool.cli.main import main
from npdiffpool.evaluation.workers import workers

dask = pytest.importorskip("dask", reason="needs dask")
pytest.importorskip("distributed", reason='needs pip install -e ".[distributed]"')
QUICK = ["MUTAG", "--hidden", "8", "--folds", "4", "--runs", "1"]


@pytest.fixture
def cluster(monkeypatch):
    """The script that compares a cluster with a local run."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return import_module("cluster")


def test_killing_a_worker_changes_no_byte(cluster, tmp_path):
    here, there, same = cluster.compare([*QUICK, "--epochs", "10"], tmp_path)
    assert "test accuracy" in here
    assert here == there
    assert same


def test_killing_the_scheduler_keeps_the_saved_results(cluster, tmp_path):
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
    assert "was cancelled by its executor; " in last
    assert last.endswith("; run the same command to resume")
    assert list((tmp_path / "cluster").glob("fold-*"))


def test_a_wrong_address_is_an_error(capsys, tmp_path):
    assert main(["cv", *QUICK, "--scheduler", "nowhere"]) == 2
    message = "scheduler must be an address such as tcp://HOST:8786; got 'nowhere'"
    assert capsys.readouterr().err == f"npdiffpool: {message}\n"


def limit(seconds):
    """Make a connection fail after that time."""
    return dask.config.set({"distributed.comm.timeouts.connect": seconds})


@pytest.mark.parametrize(
    "answer, reason",
    [
        (None, "no answer within 1 s|Timed out .*"),
        (b"", "no answer within 1 s"),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", ".+"),
        (bytes(64), ".+"),
        (bytes([1, *bytes(15)]), ".+"),
    ],
)
def test_a_server_that_is_not_a_scheduler_is_an_error(tmp_path, capsys, answer, reason):
    with limit("1s"), socket.create_server(("127.0.0.1", 0)) as listening:
        address = "tcp://{}:{}".format(*listening.getsockname())
        if answer is None:
            listening.close()
        else:
            Thread(target=respond, args=(listening, answer), daemon=True).start()
        command = ["cv", *QUICK, "--scheduler", address, "--out", str(tmp_path / "cv")]
        assert main(command) == 2
    expected = f"npdiffpool: {address}: no dask scheduler answers \\((?:{reason})\\)\n"
    assert re.fullmatch(expected, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def respond(listening, answer):
    """Send that to the first client, and wait until it disconnects."""
    caller, _ = listening.accept()
    caller.settimeout(20)  # for a client that waits for ever
    with caller, suppress(OSError):
        caller.sendall(answer)
        while caller.recv(1000):
            pass


def test_the_address_of_a_worker_is_an_error(cluster, tmp_path, capsys):
    with ExitStack() as stack:
        address = stack.enter_context(cluster.scheduler(tmp_path))
        stack.enter_context(cluster.worker(address, tmp_path))
        with workers(1, address) as executor:
            assert executor.submit(abs, -1).result() == 1  # waits for the worker
            client = executor._client
            (worker_address,) = client.scheduler_info()["workers"]
        assert main(["cv", *QUICK, "--scheduler", worker_address]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    reason = "the address must be that of a dask scheduler; got a Worker"
    assert said.endswith(f"answers ({reason})")


def test_a_cluster_can_be_used_in_a_running_event_loop(cluster, tmp_path):
    async def cell(address):
        with workers(1, address) as executor:
            return executor.submit(abs, -1).result()

    with ExitStack() as stack:
        address = stack.enter_context(cluster.scheduler(tmp_path))
        stack.enter_context(cluster.worker(address, tmp_path))
        assert asyncio.run(cell(address)) == 1
