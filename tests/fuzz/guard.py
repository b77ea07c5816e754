"""The guard: while a target runs, nothing outside its folder is touched.

No file elsewhere is opened, nothing is imported, compiled, run or unpickled, no process
or connection is made; and it ends in time. Whatever does not is a `Violation`, which is
no Exception, so that no code under test can take it for a damaged file.
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

SECONDS = 20  # an input may take
PAGE = os.path.join(os.path.dirname(npdiffpool.__file__), "viz", "report", "template")
FORBIDDEN = """subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork
    os.forkpty pty.spawn socket.connect socket.bind socket.__new__ pickle.find_class
    marshal.load marshal.loads code.__new__ exec compile urllib.Request webbrowser.open
    ctypes.dlopen os.putenv""".split()
OF_PATHS = """open os.listdir os.scandir os.mkdir os.rmdir os.remove os.rename os.chmod
    os.link os.symlink os.truncate shutil.rmtree shutil.copyfile""".split()


class Violation(BaseException):
    """Say what an input made happen that must not."""


class _State:
    root, seen, is_armed = None, [], True


def _hook(event, arguments):
    if _State.root is None or not _State.is_armed:
        return
    if event in OF_PATHS:
        for argument in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
            _check_path(event, argument)
    elif event in FORBIDDEN or event == "import":
        _complain(f"{event} {arguments[:1]!r:.200}")


def _check_path(event, argument):
    if isinstance(argument, (str, bytes, os.PathLike)):
        path = os.path.realpath(os.fsdecode(argument))
        if not path.startswith((_State.root + os.sep, PAGE)) and path != _State.root:
            _complain(f"{event} {path}")


def _complain(text):
    _State.seen.append(text)
    raise Violation(text)


@contextmanager
def guarded(root):
    """Raise a Violation at what is done outside the folder, or takes too long."""
    _install()
    _State.seen.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an overflow of strange weights is no error
        before = signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        _State.root = os.path.realpath(root)
        try:
            yield
        finally:
            _State.root = None
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    if _State.seen:  # it was swallowed
        raise Violation(_State.seen[0])


def _stop(*_):
    _State.root = None
    raise Violation(f"took more than {SECONDS} s")


def _install(done=[]):  # noqa: B006
    if not done:
        sys.addaudithook(_hook)  # there is no way to take it off
        done.append(True)


@contextmanager
def disarmed():
    """Let pass what is imported when something is done for the first time."""
    _State.is_armed = False
    try:
        yield
    finally:
        _State.is_armed = True


@contextmanager
def empty_folder():
    """Give a new folder, in memory where there is such a place."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="npdiffpool-fuzz-", dir=shared)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)


def limit_memory(more):
    """Let this process take so many bytes more than it has now."""
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))


@contextmanager
def watchdog(seconds):
    """End the process, with a traceback, should it hang where Python cannot stop it."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
