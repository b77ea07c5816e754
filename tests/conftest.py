"""Settings for all tests: threads, Hypothesis profiles, the real data sets.

Tests use one thread, and NPDIFFPOOL_THREADS=2 gives them two, for work of any size. At
the end of a run, a line says how many slow tests it left out.

NPDIFFPOOL_PROFILE chooses the profile, that is how many examples Hypothesis tries:

- dev: 25 (the default)
- ci: 100, the same examples in every run
- quick: 25, the same in every run; for other versions, kernels and threads, and for
  `python -m tests.mutation`
- thorough: 10,000

Health checks are on in all profiles.
"""

import os

# Set before NumPy is imported: on small arrays BLAS threads cost more than they save.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A shell's background jobs ignore SIGINT, and so would the processes of the tests.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("default", deadline=None)  # a slow machine is not a bug
settings.load_profile("default")
settings.register_profile("dev", max_examples=25)
settings.register_profile("ci", max_examples=100, print_blob=True, derandomize=True)
settings.register_profile("thorough", max_examples=10_000, print_blob=True)
settings.register_profile("quick", max_examples=25, database=None, derandomize=True)
settings.load_profile(os.environ.get("NPDIFFPOOL_PROFILE", "dev"))


@pytest.fixture(scope="session", autouse=True)
def many_threads():
    """Use the threads that NPDIFFPOOL_THREADS asks for in everything, however small."""
    if number := os.environ.get("NPDIFFPOOL_THREADS"):
        from npdiffpool._support import threads

        threads.MIN_COST = 0
        with threads.use_threads(int(number)):
            yield
    else:
        yield


@pytest.fixture(scope="session")
def browser():
    """Yield a headless Chromium, or skip the test.

    One for all tests of a process: playwright cannot be started twice.
    """
    reason = 'needs the "browser" extra'
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on the path")
    with api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def sources():
    """Return the folder with the sources of the annotated page."""
    return Path(__file__).parents[1] / "examples" / "annotated"


@pytest.fixture(scope="session")
def data_folder():
    """Return the folder of the real data sets, or skip the test."""
    folder = os.environ.get("NPDIFFPOOL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs the real data sets: NPDIFFPOOL_DATA must name their folder")
    return Path(folder)


LEFT_OUT = pytest.StashKey[int]()
REST = "kills, full disks, long runs, other machines, tests of tests"


def pytest_deselected(items):
    """Count the slow tests that `-m "not slow"` in setup.cfg leaves out."""
    if all("slow" in item.keywords for item in items):
        items[0].config.stash[LEFT_OUT] = len(items)


def pytest_sessionfinish(session):
    """Give the main process the count, if this is a worker of pytest-xdist."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take the count from a worker; a worker that crashed has none."""
    if hasattr(node, "workeroutput"):
        node.config.stash[LEFT_OUT] = node.workeroutput["left out"]


def pytest_terminal_summary(terminalreporter, config):
    """Print what was left out, and the command that runs it."""
    if n_tests := config.stash.get(LEFT_OUT, 0):
        line = f"Left out: {n_tests} slow tests ({REST}). To run them: pytest -m slow"
        terminalreporter.write_line(line)
