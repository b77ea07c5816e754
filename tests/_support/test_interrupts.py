"""The first Ctrl-C waits, the next one does not, and the handler is then as before."""

import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from npdiffpool._support.interrupts import (
    WAITING,
    delay_interrupt,
    ignore_interrupt,
    interrupt_after,
)


def press():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def own():
    """Give a handler that is in place, and is taken away at the end."""

    def handler(number, frame):
        raise AssertionError("this is not its turn")

    before = signal.signal(signal.SIGINT, handler)
    yield handler
    signal.signal(signal.SIGINT, before)


def test_the_first_one_says_what_it_waits_for_and_stops_between_two_pieces(own, capsys):
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test") as stop_if_pressed:
            stop_if_pressed()
            press()
            assert capsys.readouterr().err == f"\n{WAITING.format('the test')}\n"
            stop_if_pressed()
            pytest.fail("it went on")
    assert signal.getsignal(signal.SIGINT) is own


def test_the_second_one_interrupts(own):
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test"):
            press()
            press()
            pytest.fail("it went on")
    assert signal.getsignal(signal.SIGINT) is own


def test_one_in_the_last_piece_is_not_forgotten(own):
    seen = []
    with pytest.raises(KeyboardInterrupt):
        with interrupt_after(seen.append, "the test") as tell:
            tell(1)
            press()
    assert seen == [1]


def test_what_was_to_be_told_is_told_before_it_stops(own):
    seen = []
    with pytest.raises(KeyboardInterrupt):
        with interrupt_after(seen.append, "the test") as tell:
            press()
            tell(1)
    assert seen == [1]


@pytest.mark.parametrize("at_once", [False, True])
def test_without_it_nothing_happens(own, at_once):
    with delay_interrupt("the test", at_once) as stop_if_pressed:
        stop_if_pressed()
    assert signal.getsignal(signal.SIGINT) is own


def test_code_that_waits_itself_is_interrupted_at_once(own):
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test", raise_first=True):
            press()
            pytest.fail("it went on")


def test_a_reader_that_has_gone_changes_nothing(own, monkeypatch):
    class Gone:
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    with pytest.raises(KeyboardInterrupt):
        with delay_interrupt("the test") as stop_if_pressed:
            press()
            stop_if_pressed()


def test_it_can_be_ignored_for_a_while(own):
    with ignore_interrupt():
        press()
    assert signal.getsignal(signal.SIGINT) is own


@pytest.mark.parametrize("context", [lambda: delay_interrupt("it"), ignore_interrupt])
def test_where_it_is_ignored_it_stays_so(context):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with context():
            press()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("context", [lambda: delay_interrupt("it"), ignore_interrupt])
def test_a_thread_has_none_to_wait_for(own, context):
    def body():
        with context():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(body).result() is own
