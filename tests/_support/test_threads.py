"""What training asks of the BLAS and of the C library."""

import ctypes
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from npdiffpool import GraphBatch, load_dataset
from npdiffpool._support.process import VARIABLES, keep_freed_memory
from npdiffpool.engine.config import Config
from npdiffpool.training.fit import Labelled, Schedule, fit

MUTAG = load_dataset("MUTAG")  # 18 nodes a graph


def n_threads():
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {pool["num_threads"] for pool in pools}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.fixture
def unchosen(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def threads_while_training():
    seen = []
    config = Config(7, 2, hidden=4, n_layers=1, clusters=(2,))
    batch = GraphBatch.from_graphs(MUTAG.graphs[:4], "float32")
    train, rng = Labelled(batch, np.arange(4) % 2), np.random.default_rng(0)
    fit(config, Schedule(1), train, None, rng, lambda row: seen.append(n_threads()))
    return seen


def test_training_takes_one_thread_and_gives_the_others_back(unchosen):
    assert threads_while_training() == [{1}]
    assert n_threads() == {2}


@pytest.mark.parametrize("name", VARIABLES)
def test_training_leaves_a_chosen_number_alone(unchosen, monkeypatch, name):
    monkeypatch.setenv(name, "2")
    assert threads_while_training() == [{2}]


def test_without_threadpoolctl_nothing_is_changed(unchosen, monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert threads_while_training() == [{2}]


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
