"""Trials: run the tests on each mutant in a process forked after the imports.

Tests that killed mutants nearby run first, then the fastest; the first failure ends the
trial. So most mutants are killed within a second or two.
"""

import os
import signal
import sys
import tempfile
from collections import Counter
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path

import pytest

from tests.mutation.mutants import path_of

ROOT = Path(__file__).resolve().parents[2]
TESTS = """engine training testing/test_laws.py test_bad_input_engine.py
    test_validation.py""".split()
# The slowest laws; and D2, D6 and "thrown", which test the kit and not the core.
LEFT_OUT = "M5 or M6 or M7 or M8 or M9 or D2 or A8 or D6 or thrown"
IMPORTED = """autograd.numpy autograd.test_util hypothesis.extra.numpy
    matplotlib.artist networkx numpy.testing scipy.linalg scipy.sparse
    scipy.stats""".split()
MEMORY = 4 * 2**30  # bytes; a mutant may allocate an array of any size


def prepare():
    """Import the libraries that the tests use, and choose the profile "quick"."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["NPDIFFPOOL_PROFILE"] = "quick"  # read by conftest.py
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in IMPORTED:
        import_module(name)


class Trials:
    """Trials of mutants; each decides which tests run first in the next."""

    def __init__(self):
        self.seconds, self.kills = {}, Counter()

    def run(self, sources, n_jobs, limit):
        """Yield (mutant, verdict, failed test, CPU seconds) as the trials end."""
        waiting, running = [*reversed(sources)], {}
        while waiting or running:
            while waiting and len(running) < n_jobs:
                mutant, log = waiting.pop(), tempfile.TemporaryFile(buffering=0)
                plugin = _Plugin(self._ranks(mutant), log)
                running[_start(mutant, sources[mutant], plugin, limit)] = mutant, log
            pid, status, used = os.wait4(-1, 0)
            mutant, log = running.pop(pid)
            killers = self._learn(mutant, log) or ["an error outside the tests"]
            yield mutant, _verdict(status), killers[0], used.ru_utime + used.ru_stime

    def _ranks(self, mutant):
        """Rank tests by kills per second (function, module, overall), then by speed."""
        places = (mutant.place, mutant.module, "overall")
        return {
            name: (*(-self.kills[place, name] / seconds for place in places), seconds)
            for name, seconds in self.seconds.items()
        }

    def _learn(self, mutant, log):
        """Record the seconds and failures of a trial; return the tests that failed."""
        with log:
            log.seek(0)
            lines = log.read().decode().splitlines()
        results = [line.split("\t", maxsplit=2) for line in lines]
        self.seconds.update((name, 0.01 + float(time)) for _, time, name in results)
        killers = [name for outcome, _, name in results if outcome == "failed"]
        for place in (mutant.place, mutant.module, "overall"):
            self.kills.update((place, name) for name in killers)
        return killers


def _start(mutant, source, plugin, limit):
    """Fork a process that runs the tests on a mutant; return its process id."""
    import resource  # like fork, on Unix only

    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        sys.meta_path.insert(0, _Loader(mutant.module, source))
        status = _run_tests(plugin)
    finally:
        os._exit(status)


def _run_tests(plugin):
    paths = [ROOT / "tests" / name for name in TESTS]
    options = "-x -q -p no:cacheprovider --assert=plain -o addopts=".split()
    options += ["-k", f"not ({LEFT_OUT})"]
    return int(pytest.main([*options, *map(str, paths)], plugins=[plugin]))


def _verdict(status):
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "timed out"
    return "killed" if status else "survived"


class _Loader(SourceFileLoader):
    """Importer of one module of the package, with the source of a mutant."""

    def __init__(self, module, source):
        super().__init__(f"npdiffpool.{module}", str(path_of(module)))
        self.source = source

    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name == self.name else None

    def get_code(self, name):
        return compile(self.source, self.path, "exec")


class _Plugin:
    """A pytest plugin that sorts the tests by rank and logs the outcome of each."""

    def __init__(self, ranks, log):
        self.ranks, self.log = ranks, log

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: self.ranks.get(item.nodeid, ()))

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.failed:
            line = f"{report.outcome}\t{report.duration}\t{report.nodeid}\n"
            self.log.write(line.encode())
