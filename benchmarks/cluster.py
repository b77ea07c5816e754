"""Compare cross-validation on a dask cluster that loses a worker with a local run.

    NPDIFFPOOL_DATA=folder python benchmarks/cluster.py ENZYMES --runs 1

The scheduler and two workers are separate processes on the loopback interface. Once a
fold is saved, one worker is killed (SIGKILL) and another one is started. The output and
the files of `npdiffpool cv` are compared with those of `--jobs 2`, byte for byte. The
arguments are those of `cv`.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

CV = [sys.executable, "-m", "npdiffpool", "cv"]


@contextmanager
def process(*words):
    """Run a module in the background and kill it on exit."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-m", *map(str, words)], **quiet) as started:
        try:
            yield started
        finally:
            started.kill()


def wait_for(path, running):
    """Wait until a running process has written a file."""
    while not path.exists():
        if running.poll() is not None:
            raise SystemExit(f"{running.args} ended without writing {path}")
        time.sleep(0.05)


@contextmanager
def scheduler(folder):
    """Run a scheduler and yield its address."""
    place = Path(folder, "scheduler.json")
    words = "distributed.cli.dask_scheduler --host 127.0.0.1 --port 0 --no-dashboard"
    with process(*words.split(), "--scheduler-file", place) as started:
        wait_for(place, started)
        while not (text := place.read_text()).rstrip().endswith("}"):  # half written
            time.sleep(0.05)
        yield json.loads(text)["address"]


def worker(address, folder):
    """Run a worker with one thread and without a nanny, which would restart it."""
    words = "distributed.cli.dask_worker --nthreads 1 --no-nanny --no-dashboard"
    return process(*words.split(), address, "--local-directory", folder)


def run_with_a_kill(arguments, folder):
    """Run `cv` on a cluster, kill one worker, and return the output."""
    with ExitStack() as stack:
        address = stack.enter_context(scheduler(folder))
        first, _ = (stack.enter_context(worker(address, folder)) for _ in range(2))
        command = [*CV, *arguments, "--scheduler", address]
        command += ["--out", str(folder / "cluster")]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        wait_for(folder / "cluster" / "seconds.json", running)
        first.send_signal(signal.SIGKILL)
        stack.enter_context(worker(address, folder))
        printed = running.communicate()[0]
        if running.returncode:
            raise SystemExit(f"cv failed on the cluster: {running.returncode}")
        return printed


def run_here(arguments, folder):
    """Run `cv` with two local processes and return the output."""
    command = [*CV, *arguments, "--jobs", "2", "--out", str(folder / "here")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def contents(folder):
    """Return the bytes of every file except seconds.json."""
    paths = [path for path in folder.iterdir() if path.name != "seconds.json"]
    return {path.name: path.read_bytes() for path in paths}


def compare(arguments, folder):
    """Return both outputs, and whether the files are equal."""
    there = run_with_a_kill(arguments, folder)
    here = run_here(arguments, folder)
    same = contents(folder / "here") == contents(folder / "cluster")
    return here, there.replace(f"{folder}/cluster", f"{folder}/here"), same


def main():
    """Compare both runs and print the result."""
    with tempfile.TemporaryDirectory() as folder:
        here, there, same = compare(sys.argv[1:], Path(folder))
    print(here)
    print(f"output equal, byte for byte: {'yes' if here == there else 'no'}")
    print(f"files equal, byte for byte: {'yes' if same else 'no'}")
    return not (same and here == there)


if __name__ == "__main__":
    sys.exit(main())
