"""Ctrl-C on the command line: the first waits for what is under way, another not.

Without effect in a thread, and where Ctrl-C is ignored.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterator

WAITING = "interrupted: waiting for {}; Ctrl-C again drops it"


@contextmanager
def ctrl_c_waits(under_way: str, at_once: bool = False) -> Iterator[Callable[[], None]]:
    """Have the first Ctrl-C say what it waits for, and the next one interrupt.

    Parameters
    ----------
    under_way : str
        What is waited for.
    at_once : bool
        The first one raises `KeyboardInterrupt` too, for code that then waits itself.

    Yields
    ------
    callable
        To be called between two pieces of work: after a Ctrl-C it raises
        `KeyboardInterrupt`, as the end does.
    """
    if not _can_wait():
        yield lambda: None
        return
    pressed = False

    def press(number: int, frame: Any) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with suppress(OSError):  # Ctrl-C has ended the reader too, such as tee
            print(f"\n{WAITING.format(under_way)}", file=sys.stderr, flush=True)
        if at_once:
            raise KeyboardInterrupt

    def stop_if_pressed() -> None:
        if pressed:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        yield stop_if_pressed
    finally:
        signal.signal(signal.SIGINT, before)
    stop_if_pressed()


@contextmanager
def stoppable(
    tell: Callable[[Any], None], under_way: str
) -> Iterator[Callable[[Any], None]]:
    """Give `tell`, called between two pieces of work, so that it stops after Ctrl-C."""
    with ctrl_c_waits(under_way) as stop_if_pressed:

        def tell_and_stop(seen: Any) -> None:
            tell(seen)
            stop_if_pressed()

        yield tell_and_stop


@contextmanager
def ctrl_c_ignored() -> Iterator[None]:
    """Ignore Ctrl-C, for a moment: it is lost."""
    if not _can_wait():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _can_wait() -> bool:
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
