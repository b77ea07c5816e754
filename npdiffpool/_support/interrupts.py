"""Ctrl-C: the first waits for the current work, the second stops at once.

These functions have no effect in a thread, or where Ctrl-C is ignored.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, nullcontext, suppress
from pathlib import PurePath
from typing import Any, Callable, ContextManager, Iterator

WAITING = "interrupted: waiting for {}; press Ctrl-C again to stop at once"


@contextmanager
def delay_interrupt(
    work: str, raise_first: bool = False
) -> Iterator[Callable[[], None]]:
    """Delay the first Ctrl-C and print a message; let the second one interrupt.

    Parameters
    ----------
    work : str
        The current work, named in the message.
    raise_first : bool
        Raise `KeyboardInterrupt` at the first Ctrl-C too, after the message. For code
        that then waits for its work itself.

    Yields
    ------
    callable
        To be called between two pieces of work. It raises `KeyboardInterrupt` if Ctrl-C
        was pressed. So does the exit of the context.
    """
    if not _is_interruptible():
        yield lambda: None
        return
    is_pressed = False

    def handle(number: int, frame: Any) -> None:
        nonlocal is_pressed
        is_pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with suppress(OSError):  # Ctrl-C has ended the reader too, such as tee
            print(f"\n{WAITING.format(work)}", file=sys.stderr, flush=True)
        if raise_first:
            raise KeyboardInterrupt

    def raise_if_pressed() -> None:
        if is_pressed:
            raise KeyboardInterrupt

    with _handler(handle):
        yield raise_if_pressed
    raise_if_pressed()


@contextmanager
def interrupt_after(
    callback: Callable[[Any], None], work: str
) -> Iterator[Callable[[Any], None]]:
    """Delay Ctrl-C until `callback`, called after each unit of work, returns.

    Parameters
    ----------
    callback : callable
    work : str
        The current work, named in the message.

    Yields
    ------
    callable
        `callback`, followed by a `KeyboardInterrupt` if Ctrl-C was pressed.
    """
    with delay_interrupt(work) as raise_if_pressed:

        def call(value: Any) -> None:
            callback(value)
            raise_if_pressed()

        yield call


def ignore_interrupt() -> ContextManager[None]:
    """Return a context in which Ctrl-C is ignored."""
    return _handler(signal.SIG_IGN) if _is_interruptible() else nullcontext()


@contextmanager
def _handler(handler: Any) -> Iterator[None]:
    """Install a handler of Ctrl-C; restore the previous one on exit."""
    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _is_interruptible() -> bool:
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


# Ctrl-C while the command line is imported: status 130 and one line, no traceback.
# npdiffpool/__init__.py imports this module first: its other imports take most of the
# time in which no code of the command line can catch an exception.


def _exit_at_once(number: int, frame: Any) -> None:
    os.write(2, b"npdiffpool: interrupted\n")
    os._exit(130)


def _is_command_line() -> bool:
    """Return whether this process is ``npdiffpool`` or ``python -m npdiffpool``."""
    words = sys.orig_argv
    modules = [word for option, word in zip(words, words[1:]) if option == "-m"]
    # The -m of Python is the first; while Python looks for the module, it is argv[0].
    is_module = sys.argv[:1] == ["-m"] and modules[:1] == ["npdiffpool"]
    return is_module or PurePath(*sys.argv[:1]).stem == "npdiffpool"


def handle_interrupts_again() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` again, when the imports are over."""
    if signal.getsignal(signal.SIGINT) is _exit_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if (
    _is_command_line()
    and threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, _exit_at_once)
