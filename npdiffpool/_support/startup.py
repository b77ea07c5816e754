"""Ctrl-C while the command line is imported: status 130 and one line, no traceback.

npdiffpool/__init__.py imports this module first: its other imports take most of the
time in which no code of the command line can catch an exception.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import PurePath
from typing import Any


def _exit_at_once(number: int, frame: Any) -> None:
    os.write(2, b"npdiffpool: interrupted\n")
    os._exit(130)


def _is_command_line() -> bool:
    """Return whether this process is ``npdiffpool`` or ``python -m npdiffpool``."""
    words = sys.orig_argv
    is_module = ("-m", "npdiffpool") in zip(words, words[1:])
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
