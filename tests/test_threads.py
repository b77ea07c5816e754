"""What training asks of the BLAS, by the size of a batch, and of the C library."""
import ctypes
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from npdiffpool import GraphBatch, load_dataset
from npdiffpool.config import Config
from npdiffpool.memory import keep_freed_memory
from npdiffpool.threads import LARGE, blas_threads
from npdiffpool.training import Labelled, Schedule, fit

MUTAG = load_dataset("MUTAG")  # 18 nodes a graph


def n_threads():
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {pool["num_threads"] for pool in pools}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


def test_few_rows_take_one_thread_and_give_the_others_back():
    with blas_threads(LARGE - 1):
        assert n_threads() == {1}
    assert n_threads() == {2}


def test_many_rows_take_what_is_there():
    with blas_threads(LARGE):
        assert n_threads() == {2}


def test_without_threadpoolctl_nothing_is_changed(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with blas_threads(1):
        assert n_threads() == {2}


@pytest.mark.parametrize("batch_size, expected", [(20, {1}), (120, {2})])
def test_training_chooses_by_the_nodes_of_a_batch(batch_size, expected):
    seen = []
    config = Config(7, 2, hidden=4, n_layers=1, clusters=(2,))
    batch = GraphBatch.from_graphs(MUTAG.graphs, "float32")
    train = Labelled(batch, np.arange(len(MUTAG)) % 2)
    schedule, rng = Schedule(1, batch_size), np.random.default_rng(0)
    fit(config, schedule, train, None, rng, lambda row: seen.append(n_threads()))
    assert seen == [expected]


def test_freed_memory_is_kept_where_glibc_is_there_and_elsewhere_nothing_happens(
    monkeypatch,
):
    asked = []
    libc = SimpleNamespace(mallopt=lambda *option: asked.append(option))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
    keep_freed_memory()
    assert asked == [(-4, 0), (-1, -1)]
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    keep_freed_memory()
