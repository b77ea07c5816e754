"""Executors for the jobs of an evaluation: processes or a dask cluster."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import re
import signal
import sys
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from multiprocessing import resource_tracker
from typing import ContextManager, Iterator

from npdiffpool._support.arguments import require, require_int
from npdiffpool._support.interrupts import delay_interrupt
from npdiffpool._support.progress import warnings_in_one_line
from npdiffpool._support.threads import limit_default_threads, share_of_threads

RUNNING = "the running jobs"
UNTIL_EXIT = ExitStack()  # contexts of a worker


def workers(jobs: int, scheduler: str | None = None) -> ContextManager[Executor | None]:
    """Return a context with an executor, which is shut down on exit.

    Worker processes are spawned: a script that uses them must call this function below
    ``if __name__ == "__main__":``.

    Parameters
    ----------
    jobs : int
        Number of worker processes on this machine. For 1 there is no executor: the
        jobs run in this process.
    scheduler : str, optional
        Address of a dask scheduler. Its workers run the jobs instead.

    Returns
    -------
    context manager
        It yields a concurrent.futures.Executor or None.

    Raises
    ------
    ValueError
        If `jobs` is not a whole number >= 1, both arguments are given, or dask is not
        installed.
    OSError
        If no scheduler answers at that address.

    Examples
    --------
    >>> with workers(jobs=2) as executor:
    ...     list(executor.map(abs, [-1, 2]))
    [1, 2]
    """
    check_workers(jobs, scheduler)
    if scheduler is not None:
        return _cluster(scheduler)
    return _processes(jobs) if jobs > 1 else nullcontext()


def check_workers(jobs: int, scheduler: str | None) -> None:
    """Validate the arguments of `workers`, without calling the scheduler.

    Raises
    ------
    ValueError
        If `workers` would refuse them.
    """
    require_int("jobs", jobs, 1)
    require(scheduler is None or jobs == 1, "jobs", "1 with a scheduler", jobs)
    if scheduler is None:
        return
    try:
        import distributed  # noqa: F401
    except ImportError:
        reason = 'needs dask: pip install "npdiffpool[distributed]"'
        raise ValueError(f"a scheduler {reason}") from None
    is_address = re.fullmatch(r"(tcp://)?[^/\s]+:\d+", scheduler) is not None
    require(is_address, "scheduler", "an address such as tcp://HOST:8786", scheduler)


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    # Not "fork": it copies the locks of other threads, such as those of BLAS.
    context = multiprocessing.get_context("spawn")
    others = multiprocessing.active_children()
    with (
        delay_interrupt(RUNNING, raise_first=True),
        ProcessPoolExecutor(jobs, context, _start_worker, (jobs,)) as executor,
    ):
        with _ctrl_c_blocked():
            for _ in range(jobs):
                executor.submit(int)  # starts a process
        try:
            yield executor
        except KeyboardInterrupt:
            for child in multiprocessing.active_children():
                if child not in others:
                    child.terminate()
            raise


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Block Ctrl-C in processes that are started meanwhile, until `_start_worker`."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # starting it later would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(jobs: int) -> None:
    """Share the CPUs; leave Ctrl-C to the parent, and exit when it exits."""
    limit_default_threads(share_of_threads(jobs))
    UNTIL_EXIT.enter_context(warnings_in_one_line())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    from distributed import Client

    # The exceptions say all that dask logs with tracebacks.
    for part in ("client", "comm", "protocol"):
        logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
    try:
        with ThreadPoolExecutor(1) as thread:  # in a notebook, this one has a loop
            thread.submit(asyncio.run, _require_scheduler(address)).result()
    except Exception as error:  # any, if something else listens there
        reason = str(error) or type(error).__name__
        raise OSError(f"{address}: no dask scheduler answers ({reason})") from None
    with Client(address, set_as_default=False) as client:
        count = len(client.nthreads())
        wait = "" if count else "; waiting for the first"
        print(f"{address}: {count} workers{wait}", file=sys.stderr, flush=True)
        yield client.get_executor(pure=False)


async def _require_scheduler(address: str) -> None:
    """Require a dask scheduler at an address; a client would wait for it for ever."""
    import dask
    from distributed.core import rpc

    setting = dask.config.get("distributed.comm.timeouts.connect")
    seconds = dask.utils.parse_timedelta(setting)
    async with rpc(address, timeout=seconds) as server:
        try:
            identity = await asyncio.wait_for(server.identity(), seconds)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no answer within {seconds:g} s") from None
    kind = identity["type"]
    if kind != "Scheduler":
        required = "the address must be that of a dask scheduler"
        raise ValueError(f"{required}; got a {kind}")
