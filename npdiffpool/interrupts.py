"""Ctrl-C on the command line: the first waits for what is under way, another not."""
from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator

WAITING = "interrupted: waiting for {} under way; Ctrl-C again drops it"


@contextmanager
def ctrl_c_waits(under_way: str, at_once: bool = False) -> Iterator[Callable[[], None]]:
    """Have the first Ctrl-C say what it waits for, and the next one interrupt.

    Without effect in a thread, and where Ctrl-C is ignored.

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
        `KeyboardInterrupt`.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield lambda: None
        return
    pressed = False

    def press(number: int, frame: Any) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
