"""Training uses one BLAS thread in each thread, and keeps freed memory."""

import ctypes
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from npdiffpool import GraphBatch, load_dataset
from npdiffpool._support import process
from npdiffpool._support.process import VARIABLES, keep_freed_memory
from npdiffpool.engine.config import Config
from npdiffpool.training.fit import Labelled, fit
from npdiffpool.training.schedule import Schedule

MUTAG = load_dataset("MUTAG")  # graphs of 18 nodes


def n_threads():
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {pool["num_threads"] for pool in pools}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.fixture
def no_variables(monkeypatch):
    """Remove the variables that set the number of threads."""
    for name in (*VARIABLES, "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


def threads_while_training():
    seen = []
    config = Config(7, 2, hidden=4, n_layers=1, clusters=(2,))
    batch = GraphBatch.from_graphs(MUTAG.graphs[:4], "float32")
    train, rng = Labelled(batch, np.arange(4) % 2), np.random.default_rng(0)
    fit(config, Schedule(1), train, None, rng, lambda row: seen.append(n_threads()))
    return seen


def test_training_uses_one_thread_and_restores_the_others(no_variables):
    assert threads_while_training() == [{1}]
    assert n_threads() == {2}


def test_the_threads_come_back_when_the_last_of_several_works_ends(no_variables):
    one, other = process.one_blas_thread(), process.one_blas_thread()
    seen = []
    for step in (one.__enter__, other.__enter__):
        step()
        seen.append(n_threads())
    for context in (one, other):  # the first to begin ends first
        context.__exit__(None, None, None)
        seen.append(n_threads())
    assert seen == [{1}, {1}, {1}, {2}]


@pytest.mark.parametrize("name", VARIABLES)
def test_training_respects_the_number_of_blas_threads_in_the_environment(
    no_variables, monkeypatch, name
):
    monkeypatch.setenv(name, "2")
    assert threads_while_training() == [{2}]


def test_omp_num_threads_is_the_number_of_pythons_threads(no_variables, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # each of them with one BLAS thread
    assert threads_while_training() == [{1}]


@pytest.fixture
def no_threadpoolctl(no_variables, monkeypatch):
    """Make the import of threadpoolctl fail, in a process that has not warned."""
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    process._warn_of_threads.cache_clear()
    yield
    process._warn_of_threads.cache_clear()


def test_without_threadpoolctl_the_threads_do_not_change_and_one_warning_says_so(
    no_threadpoolctl, monkeypatch
):
    monkeypatch.setattr(process, "count_cpus", lambda: 2)
    says = "every thread of the BLAS.*: set OPENBLAS_NUM_THREADS=1 before NumPy is"
    with pytest.warns(UserWarning, match=says) as caught:
        assert threads_while_training() == threads_while_training() == [{2}]
    assert len(caught) == 1
    assert caught[0].filename == __file__  # the line that called the package


def test_there_is_no_warning_where_one_thread_is_all_that_can_run(
    no_threadpoolctl, monkeypatch
):
    monkeypatch.setattr(process, "count_cpus", lambda: 1)
    threads_while_training()  # a warning would be an error


@pytest.mark.parametrize("name", [*VARIABLES, "OMP_NUM_THREADS"])
def test_there_is_no_warning_if_the_user_has_chosen_the_number_of_threads(
    no_threadpoolctl, monkeypatch, name
):
    monkeypatch.setattr(process, "count_cpus", lambda: 2)
    monkeypatch.setenv(name, "1")
    threads_while_training()


def test_freed_memory_is_kept_with_glibc_only(monkeypatch):
    options = []
    libc = SimpleNamespace(mallopt=lambda *option: options.append(option))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
    keep_freed_memory()
    assert options == [(-4, 0), (-1, -1)]
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    keep_freed_memory()
