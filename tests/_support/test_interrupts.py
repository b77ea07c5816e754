"""The first Ctrl-C waits for the current work, the second stops at once."""

import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from npdiffpool._support.interrupts import (
    WAITING,
    _is_command_line,
    delay_interrupt,
    ignore_interrupt,
    interrupt_after,
)


def press():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def handler():
    """Install a handler of Ctrl-C that must not be called; restore the old one."""

    def fail(number, frame):
        raise AssertionError("the previous handler was called")

    previous = signal.signal(signal.SIGINT, fail)
    yield fail
    signal.signal(signal.SIGINT, previous)


def test_the_first_ctrl_c_prints_a_message_and_stops_after_the_current_work(
    handler, capsys
):
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test") as raise_if_pressed:
            raise_if_pressed()
            press()
            assert capsys.readouterr().err == f"\n{WAITING.format('the test')}\n"
            raise_if_pressed()
            pytest.fail("the work continued")
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_second_ctrl_c_stops_at_once(handler):
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test"):
            press()
            press()
            pytest.fail("the work continued")
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_after_the_last_call_stops_at_the_end(handler):
    seen = []
    with pytest.raises(KeyboardInterrupt):
        with interrupt_after(seen.append, "the test") as call:
            call(1)
            press()
    assert seen == [1]


def test_the_callback_is_called_before_the_work_stops(handler):
    seen = []
    with pytest.raises(KeyboardInterrupt):
        with interrupt_after(seen.append, "the test") as call:
            press()
            call(1)
    assert seen == [1]


@pytest.mark.parametrize("raise_first", [False, True])
def test_without_ctrl_c_the_work_continues(handler, raise_first):
    with delay_interrupt("the test", raise_first) as raise_if_pressed:
        raise_if_pressed()
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_first_ctrl_c_can_raise_at_once(handler):
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test", raise_first=True):
            press()
            pytest.fail("the work continued")


def test_ctrl_c_works_if_the_message_has_no_reader(handler, monkeypatch):
    class Broken:
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Broken())
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test") as raise_if_pressed:
            press()
            raise_if_pressed()


def test_ctrl_c_can_be_ignored(handler):
    with ignore_interrupt():
        press()
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(
    "context", [lambda: delay_interrupt("the test"), ignore_interrupt]
)
def test_ctrl_c_that_is_ignored_stays_ignored(context):
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with context():
            press()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)


@pytest.mark.parametrize(
    "context", [lambda: delay_interrupt("the test"), ignore_interrupt]
)
def test_threads_do_not_change_the_handler(handler, context):
    def body():
        with context():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(body).result() is handler


@pytest.mark.parametrize(
    "started, first, expected",
    [
        ("python -m npdiffpool train", "-m", True),
        ("python -W error -m npdiffpool cv", "-m", True),
        ("/usr/bin/python /usr/bin/npdiffpool train", "/usr/bin/npdiffpool", True),
        ("python -m pytest -m npdiffpool", "-m", False),
        ("python -m pytest -m npdiffpool", "/lib/pytest/__main__.py", False),
        ("python mine.py -m npdiffpool", "mine.py", False),
        ("python -c pass -m npdiffpool", "-c", False),
        ("python", "", False),
    ],
)
def test_only_the_command_line_ends_at_ctrl_c_during_the_imports(
    monkeypatch, started, first, expected
):
    monkeypatch.setattr(sys, "orig_argv", started.split())
    monkeypatch.setattr(sys, "argv", [first, "train"])
    assert _is_command_line() is expected
