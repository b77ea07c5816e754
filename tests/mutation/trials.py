"""Trials: each mutant in a process of its own, forked once the imports are done.

The tests that killed its neighbours come first, then the quickest; the first to fail
ends the trial. So most mutants are killed within a second or two.
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

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "npdiffpool"
TESTS = """laws fused reference gradients symmetry layers batching
    engine_equals_paper optim training validation""".split()
# What takes longest, and D2, D6 and "thrown", which look at the kit, not at the core.
LEFT_OUT = "M5 or M6 or M7 or M8 or M9 or D2 or A8 or D6 or thrown"
IMPORTED = """autograd.numpy autograd.test_util hypothesis.extra.numpy networkx
    numpy.testing scipy.linalg scipy.sparse scipy.stats""".split()
MEMORY = 4 * 2**30  # bytes, for a mutant may ask for an array of any size


def prepare():
    """Import what the tests do beside the package, and choose few examples."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["NPDIFFPOOL_PROFILE"] = "quick"  # conftest.py loads it
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in IMPORTED:
        import_module(name)


class Trials:
    """Try mutants, and learn from each which tests to run first for the next."""

    def __init__(self):
        self.seconds, self.kills = {}, Counter()

    def run(self, sources, n_jobs, limit):
        """Yield (mutant, verdict, the test that failed, seconds used), as they end."""
        waiting, running = [*reversed(sources)], {}
        while waiting or running:
            while waiting and len(running) < n_jobs:
                mutant, log = waiting.pop(), tempfile.TemporaryFile(buffering=0)
                plugin = _Plugin(self._ranks(mutant), log)
                running[_start(mutant, sources[mutant], plugin, limit)] = mutant, log
            pid, status, used = os.wait4(-1, 0)
            mutant, log = running.pop(pid)
            killers = self._learn(mutant, log) or ["no test in particular"]
            yield mutant, _verdict(status), killers[0], used.ru_utime + used.ru_stime

    def _ranks(self, mutant):
        """Rank tests: kills a second near by, in the module, anywhere; the quickest."""
        places = (mutant.place, mutant.module, "anywhere")
        return {
            name: (*(-self.kills[place, name] / seconds for place in places), seconds)
            for name, seconds in self.seconds.items()
        }

    def _learn(self, mutant, log):
        """Take note of seconds and failures; return the tests that failed."""
        with log:
            log.seek(0)
            lines = log.read().decode().splitlines()
        results = [line.split("\t", maxsplit=2) for line in lines]
        self.seconds.update((name, 0.01 + float(time)) for _, time, name in results)
        killers = [name for outcome, _, name in results if outcome == "failed"]
        for place in (mutant.place, mutant.module, "anywhere"):
            self.kills.update((place, name) for name in killers)
        return killers


def _start(mutant, source, plugin, limit):
    """Fork a process that runs tests on a mutant; return its id."""
    import resource  # not on every system, like fork

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
    files = [ROOT / "tests" / f"test_{name}.py" for name in TESTS]
    options = "-x -q -p no:cacheprovider --assert=plain -o addopts=".split()
    options += ["-k", f"not ({LEFT_OUT})"]
    return int(pytest.main([*options, *map(str, files)], plugins=[plugin]))


def _verdict(status):
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "timed out"
    return "killed" if status else "survived"


class _Loader(SourceFileLoader):
    """Find and load one module of the package, from another source than its file."""

    def __init__(self, module, source):
        super().__init__(f"npdiffpool.{module}", str(PACKAGE / f"{module}.py"))
        self.source = source

    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name == self.name else None

    def get_code(self, name):
        return compile(self.source, self.path, "exec")


class _Plugin:
    """Sort pytest's tests by rank, and write down the outcome of each."""

    def __init__(self, ranks, log):
        self.ranks, self.log = ranks, log

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: self.ranks.get(item.nodeid, ()))

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.failed:
            line = f"{report.outcome}\t{report.duration}\t{report.nodeid}\n"
            self.log.write(line.encode())
