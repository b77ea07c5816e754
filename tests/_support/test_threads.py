"""Threads: how many, what they see, how they end; work in pieces."""

import gc
import os
import signal
import threading
import time
import weakref
from contextvars import ContextVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from npdiffpool._support import threads
from npdiffpool._support.threads import (
    MIN_COST,
    count_threads,
    default_threads,
    run_in_pieces,
    run_together,
    share_of_threads,
    use_threads,
)

NUMBER = ContextVar("NUMBER", default=0)


def meet():
    """Return two functions that only end if both run at the same time."""
    barrier = threading.Barrier(2, timeout=60)
    return [barrier.wait, barrier.wait]


@pytest.mark.parametrize(
    "text, expected", [("1", 1), ("3", 3), ("4,2", 4), ("0", 1), ("", 7), ("all", 7)]
)
def test_the_default_is_omp_num_threads_or_all_cpus(monkeypatch, text, expected):
    monkeypatch.setattr(threads, "count_cpus", lambda: 7)
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert default_threads() == expected


def test_processes_share_the_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert [share_of_threads(n) for n in (1, 2, 5, 9)] == [5, 2, 1, 1]


@pytest.mark.parametrize("number", [0, -1, 1.0, True, "2"])
def test_a_bad_number_of_threads_is_refused(number):
    with pytest.raises(ValueError, match="^threads must be a whole number >= 1; got"):
        with use_threads(number):
            pass


def test_the_innermost_number_counts(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    seen = [count_threads()]
    with use_threads():
        seen.append(count_threads())
        with use_threads(2):
            with use_threads():  # not given: that of the outer context
                seen.append(count_threads())
        seen.append(count_threads())
    assert [*seen, count_threads()] == [1, 3, 2, 3, 1]


def test_functions_run_at_the_same_time_and_their_results_are_in_order():
    with use_threads(2):
        assert sorted(run_together(meet())) == [0, 1]
        slow_first = [lambda: time.sleep(0.1) or "slow", lambda: "fast"]
        assert run_together(slow_first) == ["slow", "fast"]
        assert run_together([lambda i=i: i for i in range(20)]) == list(range(20))
    assert run_together([lambda: 1, lambda: 2]) == [1, 2]
    assert run_together([]) == []


@pytest.mark.parametrize("number, cost", [(1, MIN_COST), (2, MIN_COST - 1)])
def test_one_thread_or_little_work_stays_in_the_calling_thread(number, cost):
    before, seen = threading.active_count(), []
    with use_threads(number):
        run_together([lambda: seen.append(threading.get_ident())] * 9, cost)
    assert set(seen) == {threading.get_ident()}
    assert threading.active_count() == before


def test_work_within_work_uses_no_more_threads():
    def count_inside():
        return count_threads(), run_together([threading.get_ident] * 2)

    with use_threads(2):
        for n_threads, (one, other) in run_together([count_inside] * 2):
            assert n_threads == 1
            assert one == other
        assert count_threads() == 2


def test_threads_see_context_variables_and_how_numpy_handles_errors():
    def look():
        barrier.wait()
        NUMBER.set(NUMBER.get() + 1)
        with pytest.raises(FloatingPointError):
            np.array([1.0]) / 0
        return NUMBER.get()

    barrier, token = threading.Barrier(2, timeout=60), NUMBER.set(5)
    try:
        with use_threads(2), np.errstate(divide="raise"):
            assert run_together([look, look]) == [6, 6]
        assert NUMBER.get() == 5
    finally:
        NUMBER.reset(token)


def fail(text, before=lambda: None):
    before()
    raise ValueError(text)


def test_the_first_of_several_errors_is_raised_and_no_other_work_is_started():
    started = []
    first, second = meet()
    work = [lambda: fail("one", first), lambda: fail("two", second)]
    with use_threads(2):
        with pytest.raises(ValueError, match="^one$"):
            run_together([*work, lambda: started.append(1)])
        with pytest.raises(ValueError, match="^two$"):
            run_together([lambda: None, lambda: fail("two")])
        assert run_together(meet())  # the threads can be used again
    assert started == []


def test_ctrl_c_is_raised_when_the_other_thread_has_ended():
    def interrupted():
        barrier.wait()
        raise KeyboardInterrupt

    def other():
        barrier.wait()
        time.sleep(0.1)
        ended.append(True)

    barrier, ended, before = (
        threading.Barrier(2, timeout=60),
        [],
        threading.active_count(),
    )
    with pytest.raises(KeyboardInterrupt), use_threads(2):
        run_together([interrupted, other])
    assert ended == [True]
    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX")
def test_a_real_ctrl_c_interrupts_the_wait_for_another_thread(monkeypatch):
    main_thread, barrier, ended = threading.main_thread(), threading.Barrier(2), []

    def run():
        barrier.wait(60)
        if threading.current_thread() is not main_thread:
            time.sleep(0.2)  # meanwhile the main thread begins to wait
            signal.pthread_kill(main_thread.ident, signal.SIGINT)
            time.sleep(0.2)
            ended.append(True)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), use_threads(2):
            run_together([run, run])
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == [True]  # leaving `use_threads` waits for it


def test_neither_results_nor_arrays_of_a_failed_function_are_kept():
    def make(is_failing):
        array = np.zeros(3)
        made.append(weakref.ref(array))
        barrier.wait(60)
        if is_failing:
            raise ValueError
        return array

    made, barrier = [], threading.Barrier(2)
    gc.disable()  # no cycle keeps them either
    try:
        with use_threads(2):
            for is_failing in (False, True):
                try:
                    run_together([lambda: make(is_failing)] * 2)
                except ValueError:
                    pass
                assert [array() for array in made] == [None] * len(made)
    finally:
        gc.enable()
    assert len(made) == 4


def test_an_error_that_is_kept_keeps_no_result_of_another_function():
    def make(is_failing):
        barrier.wait(60)
        if is_failing:
            raise ValueError
        made.append(weakref.ref(array := np.zeros(3)))
        return array

    made, barrier = [], threading.Barrier(2)
    with use_threads(2), pytest.raises(ValueError) as kept:
        run_together([lambda: make(True), lambda: make(False)])
    assert kept.value is not None
    assert [array() for array in made] == [None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    with use_threads(2):
        run_together(meet())
        child = os.fork()
        if child == 0:
            run_together([lambda: 1, lambda: 2])  # it has no helpers
            assert count_threads() == 1
            os.environ["OMP_NUM_THREADS"] = "2"
            with use_threads():
                run_together(meet())
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=20),
    number=st.integers(1, 5),
    cost=st.sampled_from([0, MIN_COST]),
)
def test_pieces_cover_every_item_once(sizes, number, cost):
    offsets, times = np.cumsum([0, *sizes]), np.zeros(len(sizes), int)

    def work(items):
        times[items] += 1

    with use_threads(number):
        run_in_pieces(work, offsets, cost)
    assert_array_equal(times, 1)


def test_pieces_have_about_the_same_number_of_rows():
    pieces = []
    with use_threads(3):
        run_in_pieces(pieces.append, np.arange(0, 310, 10), MIN_COST)
    assert {(piece.start, piece.stop) for piece in pieces} == {
        (0, 10),
        (10, 20),
        (20, 30),
    }
