"""Trials: run the tests on each mutant in a forked process.

The tests are collected once. A mutant that changes the body of a function gets the new
code in place; any other is imported in a process forked before the package was.

Tests that killed mutants nearby run first, then the fastest; the first failure ends the
trial. So most mutants are killed within a second or two.
"""

import ast
import gc
import inspect
import os
import signal
import sys
import tempfile
from collections import Counter
from functools import partial
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from .groups import MODULES
from .mutants import path_of, read_module

ROOT = Path(__file__).resolve().parents[2]
IMPORTED = """autograd.numpy autograd.test_util hypothesis.extra.numpy
    matplotlib.artist networkx numpy.testing scipy.linalg scipy.sparse
    scipy.stats sklearn.model_selection sklearn.utils.estimator_checks""".split()
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

    def run_collected(self, sources, n_jobs, limit, done):
        """Collect the tests once, and then call `done` with each result of `run`.

        The sources must be those of mutants that `patches_of` accepts.
        """

        def loop(session):
            start = partial(_run_session, session)
            for result in self.run(sources, n_jobs, limit, start):
                done(*result)

        group = MODULES[next(iter(sources)).module]
        _pytest(group, _Loop(loop), "-p", "no:terminal", "-s")

    def run(self, sources, n_jobs, limit, start=None):
        """Yield (mutant, verdict, failed test, CPU seconds) as the trials end."""
        waiting, running = [*reversed(sources)], {}
        while waiting or running:
            while waiting and len(running) < n_jobs:
                mutant, log = waiting.pop(), tempfile.TemporaryFile(buffering=0)
                plugin = _Plugin(self._ranks(mutant), log)
                trial = partial(start or _run_imported, mutant, sources[mutant], plugin)
                running[_fork(trial, limit)] = mutant, log
            pid, status, used = os.wait4(-1, 0)
            mutant, log = running.pop(pid)
            killers = self._learn(mutant, log)
            killer = killers[0] if killers else "no test"
            seconds = used.ru_utime + used.ru_stime
            yield mutant, _verdict(status, killers), killer, seconds

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


def _fork(trial, limit):
    """Fork a process that exits with the status of a trial; return its id."""
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
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(5 * limit)  # a mutant may wait for ever
        status = trial()
    finally:
        os._exit(status)


def _run_imported(mutant, source, plugin):
    """Import the mutant and run the tests."""
    sys.meta_path.insert(0, _Loader(mutant.module, source))
    return _pytest(MODULES[mutant.module], plugin, "-q", "-x")


def _run_session(session, mutant, source, plugin):
    """Give functions the code of the mutant, and run the tests collected before."""
    for function, code in patches_of(mutant, source):
        function.__code__ = code
    session.config.pluginmanager.register(plugin)
    plugin.pytest_collection_modifyitems(session.items)
    for item, following in zip(session.items, [*session.items[1:], None]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return 1
    return 0


def _pytest(group, plugin, *options):
    paths = [str(ROOT / "tests" / name) for name in group.tests.split()]
    options = [*options, "-p", "no:cacheprovider", "--assert=plain", "-o", "addopts="]
    options += ["-m", "not slow", "-k", f"not ({' '.join(group.left_out.split())})"]
    return int(pytest.main([*options, *paths], plugins=[plugin]))


def is_in_functions(mutant, source):
    """Return whether a mutant differs from its module in bodies of functions only."""
    return _outside(read_module(mutant.module)) == _outside(source)


def _outside(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = []
    return ast.dump(tree)


def patches_of(mutant, source):
    """Return the functions of a module whose code a mutant changes, and its code."""
    path = str(path_of(mutant.module))
    codes = dict(_codes(compile(source, path, "exec"), ""))
    found = [
        (function, codes[function.__qualname__])
        for function in gc.get_objects()
        if isinstance(function, FunctionType) and function.__code__.co_filename == path
        if "<" not in function.__qualname__
    ]
    return [pair for pair in found if pair[0].__code__ != pair[1]]


def _codes(code, prefix):
    """Yield the name and code of each function of a module and its classes."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and "<" not in inner.co_name:
            yield prefix + inner.co_name, inner
            if not inner.co_flags & inspect.CO_OPTIMIZED:  # the body of a class
                yield from _codes(inner, f"{prefix}{inner.co_name}.")


def _verdict(status, killers):
    limits = signal.SIGXCPU, signal.SIGALRM
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in limits:
        return "timed out"
    if not status:
        return "survived"
    return "killed" if killers else "not run"  # the tests cannot be collected


class _Loader(SourceFileLoader):
    """Importer of one module of the package, with the source of a mutant."""

    def __init__(self, module, source):
        super().__init__(f"npdiffpool.{module}", str(path_of(module)))
        self.source = source

    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name == self.name else None

    def get_code(self, name):
        return compile(self.source, self.path, "exec")


class _Loop:
    """A pytest plugin that gives the tests to a function instead of running them."""

    def __init__(self, function):
        self.function = function

    def pytest_runtestloop(self, session):
        self.function(session)
        return True


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
