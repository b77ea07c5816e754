"""Python threads: independent work side by side, with the same bytes.

NumPy and SciPy release Python's lock in their loops, so threads can share the cores.
`run_together` runs functions in the threads that `use_threads` provides; elsewhere, and
within a function that it runs, it calls them one after the other.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, Callable, Iterator, Sequence, TypeVar

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require_int
from npdiffpool._support.process import count_cpus, one_blas_thread

Result = TypeVar("Result")
MIN_COST = 2 * 10**7  # multiplications; for fewer, a thread takes longer than it saves


def _new_queue() -> Any:
    from queue import SimpleQueue  # only who uses threads pays for the import

    return SimpleQueue()


class _Threads:
    """Threads of this process, the calling one included; they start when needed."""

    def __init__(self, number: int) -> None:
        self.number, self.helpers = number, list[threading.Thread]()
        if number > 1:
            self.work = _new_queue()

    def submit(self, work: Callable[[], Any], times: int) -> None:
        """Let this many helpers call `work`, or fewer if no more can be started."""
        with suppress(RuntimeError):
            while len(self.helpers) < times:
                helper = threading.Thread(target=self._help, daemon=True)
                helper.start()
                self.helpers.append(helper)
        for _ in range(min(times, len(self.helpers))):
            self.work.put(partial(copy_context().run, work))

    def _help(self) -> None:
        for work in iter(self.work.get, None):
            work()
            del work  # and the results that it refers to

    def stop(self) -> None:
        """End the helpers, and wait for what they are doing."""
        for _ in self.helpers:
            self.work.put(None)
        for helper in self.helpers:
            helper.join()


_ONE = _Threads(1)
_THREADS: ContextVar[_Threads | None] = ContextVar("_THREADS", default=None)
_DEFAULT: dict[str, int] = {}  # "number" in a worker process
if hasattr(os, "register_at_fork"):  # a forked process has no helpers
    os.register_at_fork(after_in_child=partial(_THREADS.set, None))


def default_threads() -> int:
    """Return the number of threads if none is given: OMP_NUM_THREADS, or all CPUs.

    In a worker process it is the share that `limit_default_threads` was given.
    """
    if _DEFAULT:
        return _DEFAULT["number"]
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return max(int(first), 1) if first.isdecimal() else count_cpus()


def share_of_threads(processes: int) -> int:
    """Return the number of threads for each of several processes."""
    return max(default_threads() // processes, 1)


def limit_default_threads(number: int) -> None:
    """Set what `default_threads` returns from now on in this process."""
    _DEFAULT["number"] = number


@contextmanager
def use_threads(threads: int | None = None) -> Iterator[None]:
    """Return a context in which `run_together` uses threads.

    Each of them has one BLAS thread (`npdiffpool._support.process.one_blas_thread`).
    Threads that the caller starts are outside of the context: each needs its own.

    Parameters
    ----------
    threads : int, optional
        Number of threads, the calling one included. Default: the number of an outer
        `use_threads`, otherwise that of `default_threads`.

    Raises
    ------
    ValueError
        If `threads` is not a whole number >= 1.

    Examples
    --------
    >>> with use_threads(2):
    ...     run_together([lambda: "Z", lambda: "R"])
    ['Z', 'R']
    """
    if threads is not None:
        require_int("threads", threads, 1)
    elif _THREADS.get() is not None:
        yield
        return
    number = threads or default_threads()
    with ExitStack() as stack:
        stack.enter_context(one_blas_thread())
        started = _ONE if number == 1 else _Threads(number)
        stack.callback(started.stop)
        stack.callback(_THREADS.reset, _THREADS.set(started))
        yield


def count_threads() -> int:
    """Return the number of threads that `run_together` uses here."""
    return (_THREADS.get() or _ONE).number


def is_worth_threads(cost: float) -> bool:
    """Return whether threads save time in work of so many multiplications."""
    return cost >= MIN_COST


def run_together(
    functions: Sequence[Callable[[], Result]], cost: float = math.inf
) -> list[Result]:
    """Call independent functions in several threads; return their results in order.

    They see the context variables of the calling thread, such as NumPy's handling of
    errors. After an error no further function is called. When the running ones have
    ended, the error is raised; of several, that of the first function.

    Parameters
    ----------
    functions : sequence of callables without arguments
    cost : float
        Number of multiplications of all of them: if it is small, the calling thread
        does them all.

    Returns
    -------
    list
    """
    threads = _THREADS.get()
    useful = len(functions) > 1 and is_worth_threads(cost)
    if threads is None or threads.number == 1 or not useful:
        return [function() for function in functions]
    queue = _Queue(functions)
    threads.submit(queue.work, min(threads.number, len(functions)) - 1)
    try:
        copy_context().run(queue.work)
        for _ in functions:
            queue.ended.get()
        if queue.errors:
            raise queue.errors[min(queue.errors)]
        return [queue.found[i] for i in range(len(functions))]
    finally:  # after Ctrl-C too: no further function; and no cycle keeps the arrays
        queue.drop()
        queue.found.clear()
        queue.errors.clear()


class _Queue:
    """Functions that several threads call, and what they return or raise."""

    def __init__(self, functions: Sequence[Callable[[], Any]]) -> None:
        self.left = deque(enumerate(functions))
        self.ended = _new_queue()  # one item for each function
        self.found: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}

    def work(self) -> None:
        """Call one function after the other until none is left, or one fails."""
        _THREADS.set(_ONE)  # in this copy of the context: no threads within threads
        while self.left:
            with suppress(IndexError):  # another thread may have taken the last one
                self._call(*self.left.popleft())

    def drop(self) -> None:
        """Call no further function."""
        with suppress(IndexError):
            while True:
                self.left.popleft()
                self.ended.put(None)

    def _call(self, i: int, function: Callable[[], Any]) -> None:
        try:
            self.found[i] = function()
        except BaseException as error:
            self.errors[i] = error
            self.drop()
        finally:
            self.ended.put(None)


def run_in_pieces(
    work: Callable[[slice], None], offsets: npt.NDArray[Any], cost: int
) -> None:
    """Call ``work(slice)`` for all items: at once, or in one piece for each thread.

    The work for an item must not depend on its piece; then no byte of the result does.

    Parameters
    ----------
    work : callable
        It writes the results of its items into an array.
    offsets : (n + 1,) ints
        Item i has the rows ``offsets[i]`` to ``offsets[i + 1]``, or that much work.
        Pieces have about the same number of rows.
    cost : int
        Number of multiplications of all work.
    """
    n_pieces = count_threads() if is_worth_threads(cost) else 1
    if n_pieces == 1:
        return work(slice(None))
    rows = np.arange(1, n_pieces) * offsets[-1] // n_pieces
    ends = [0, *np.searchsorted(offsets, rows), len(offsets) - 1]
    run_together([partial(work, slice(i, j)) for i, j in zip(ends, ends[1:])])
