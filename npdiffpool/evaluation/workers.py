"""Who runs an evaluation's jobs: this process, several, or a dask cluster."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import (
    active_children,
    get_context,
    parent_process,
    resource_tracker,
)
from typing import Iterator

from npdiffpool._support.arguments import require, require_int
from npdiffpool._support.interrupts import delay_interrupt


@contextmanager
def workers(jobs: int, scheduler: str | None = None) -> Iterator[Executor | None]:
    """Give what runs jobs; at the end nothing of it is left behind.

    Processes are spawned: a script that asks for some does so below ``if __name__ ==
    "__main__":``.

    Parameters
    ----------
    jobs : int
        Processes on this machine; of 1, None is given, which is this process.
    scheduler : str, optional
        The address of a dask scheduler, whose workers run the jobs instead.

    Yields
    ------
    concurrent.futures.Executor or None

    Raises
    ------
    ValueError
        If `jobs` is no such number, both are given, or dask is not installed.
    OSError
        If there is no scheduler at that address.

    Examples
    --------
    >>> with workers(jobs=2) as executor:
    ...     list(executor.map(abs, [-1, 2]))
    [1, 2]
    """
    require_int("jobs", jobs, 1)
    require(scheduler is None or jobs == 1, "jobs", "1 with a scheduler", jobs)
    if scheduler is not None:
        with _cluster(scheduler) as executor:
            yield executor
    elif jobs == 1:
        yield None
    else:
        with _processes(jobs) as executor:
            yield executor


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    # "spawn": a fork copies locks of threads that it does not copy, such as BLAS's.
    context = get_context("spawn")
    others = active_children()
    with (
        delay_interrupt("what is under way", raise_first=True),
        ProcessPoolExecutor(jobs, context, _begin) as executor,
    ):
        with _ctrl_c_blocked():
            for _ in range(jobs):
                executor.submit(int)
        try:
            yield executor
        except KeyboardInterrupt:
            for child in active_children():
                if child not in others:
                    child.terminate()
            raise


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Have processes that are started meanwhile not hear Ctrl-C while they import."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # whose start would unblock it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Leave Ctrl-C to the parent, and end with it even where it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        reason = 'needs dask: pip install "npdiffpool[distributed]"'
        raise ValueError(f"a scheduler {reason}") from None
    is_address = re.fullmatch(r"(tcp://)?[^/\s]+:\d+", address) is not None
    require(is_address, "scheduler", "an address such as tcp://HOST:8786", address)
    # What is logged, with tracebacks, is told by the errors that are raised.
    for part in ("client", "comm", "protocol"):
        logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
    try:
        with ThreadPoolExecutor(1) as apart:  # a notebook has a running loop
            apart.submit(asyncio.run, _require_scheduler(address)).result()
    except Exception as error:  # whatever reading what is none ends in
        reason = str(error) or type(error).__name__
        raise OSError(f"{address}: no dask scheduler answers ({reason})") from None
    with Client(address, set_as_default=False) as client:
        count = len(client.nthreads())
        wait = "" if count else " yet: waiting for one"
        print(f"{address}: {count} workers{wait}", file=sys.stderr, flush=True)
        yield client.get_executor(pure=False)


async def _require_scheduler(address: str) -> None:
    """Ask who is there: a client would wait for ever where something else listens."""
    import dask
    from distributed.core import rpc

    setting = dask.config.get("distributed.comm.timeouts.connect")
    seconds = dask.utils.parse_timedelta(setting)
    async with rpc(address, timeout=seconds) as there:
        try:
            identity = await asyncio.wait_for(there.identity(), seconds)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no answer within {seconds:g} s") from None
    require(identity["type"] == "Scheduler", "it", "a scheduler", identity["type"])
