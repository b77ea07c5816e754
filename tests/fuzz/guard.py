"""The guard: while a target runs, it may use only its own folder.

It must not open a file elsewhere, import, compile, execute or unpickle anything, start
a process or open a connection, and it must end in time. Otherwise the guard raises a
`Violation`. This is not an `Exception`, so that the tested code cannot mistake it for a
damaged file.
"""

import faulthandler
import os
import resource
import shutil
import signal
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import npdiffpool

SECONDS = 20  # time limit for an input
PAGE = os.path.join(os.path.dirname(npdiffpool.__file__), "viz", "report", "template")
FORBIDDEN = """subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork
    os.forkpty pty.spawn socket.connect socket.bind socket.__new__ pickle.find_class
    marshal.load marshal.loads code.__new__ exec compile urllib.Request webbrowser.open
    ctypes.dlopen os.putenv""".split()
PATH_EVENTS = (
    """open os.listdir os.scandir os.mkdir os.rmdir os.remove os.rename os.chmod
    os.link os.symlink os.truncate shutil.rmtree shutil.copyfile""".split()
)


class Violation(BaseException):
    """Raised when an input causes something that is forbidden."""


class _State:
    root, violations, is_armed = None, [], True


def _hook(event, arguments):
    if _State.root is None or not _State.is_armed:
        return
    if event in PATH_EVENTS:
        for argument in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
            _check_path(event, argument)
    elif event in FORBIDDEN or event == "import":
        _report(f"{event} {arguments[:1]!r:.200}")


def _check_path(event, argument):
    if isinstance(argument, (str, bytes, os.PathLike)):
        path = os.path.realpath(os.fsdecode(argument))
        if not path.startswith((_State.root + os.sep, PAGE)) and path != _State.root:
            _report(f"{event} {path}")


def _report(text):
    _State.violations.append(text)
    raise Violation(text)


@contextmanager
def guarded(root):
    """Raise a Violation if the block leaves the folder or takes too long."""
    _install()
    _State.violations.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # strange weights may overflow
        before = signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        _State.root = os.path.realpath(root)
        try:
            yield
        finally:
            _State.root = None
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    if _State.violations:  # the tested code caught it
        raise Violation(_State.violations[0])


def _stop(*_):
    _State.root = None
    raise Violation(f"took more than {SECONDS} s")


def _install(done=[]):  # noqa: B006
    if not done:
        sys.addaudithook(_hook)  # a hook cannot be removed
        done.append(True)


@contextmanager
def disarmed():
    """Allow everything in the block: libraries import some parts at first use."""
    _State.is_armed = False
    try:
        yield
    finally:
        _State.is_armed = True


@contextmanager
def empty_folder():
    """Yield a new folder, in memory if possible; delete it on exit."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="npdiffpool-fuzz-", dir=shared)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)


def limit_memory(more):
    """Limit the memory of this process to `more` bytes above its present use."""
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))


@contextmanager
def watchdog(seconds):
    """End the process with a traceback if the block hangs outside of Python."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
