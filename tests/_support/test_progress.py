"""Progress is a bar on a terminal with tqdm, and a few plain lines elsewhere."""

import io
import sys
from types import SimpleNamespace

import pytest
import tqdm.auto

from npdiffpool._support import progress
from npdiffpool._support.progress import progress_bar


def shown(capsys, total=30, steps=None, **options):
    """Return what is printed for the steps from 1 to `total`."""
    with progress_bar(total, "law", "verifying", **options) as update:
        for step in steps or range(1, total + 1):
            update(step, f"L{step}")
    out, err = capsys.readouterr()
    assert out == ""  # standard output is left to results
    return err


def test_plain_lines_are_the_first_the_last_and_ten_others(capsys):
    lines = shown(capsys, total=31).splitlines()
    numbers = [int(line[4:7]) for line in lines]
    assert numbers == [1, *range(3, 31, 3), 31]
    assert lines[-1] == "law  31/31  L31"


def test_the_time_left_counts_the_steps_of_this_process_only(capsys, monkeypatch):
    now = iter([0.0, 60.0, 90.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    lines = shown(capsys, total=10, steps=[8, 9, 10], done=7).splitlines()
    assert lines[0] == "law   8/10  L8, 2 min left"  # 60 s for one step
    assert lines[1] == "law   9/10  L9, 45 s left"  # 90 s for two
    assert lines[2] == "law  10/10  L10"


def test_the_heading_is_printed_where_there_is_no_bar(capsys, monkeypatch):
    assert shown(capsys, heading="30 laws").startswith("30 laws\nlaw   1/30")
    assert "30 laws" not in shown(capsys, heading="30 laws", on_pipes=True)


def test_steps_without_a_description_print_nothing(capsys):
    with progress_bar(None, "B", "download", heading="downloading") as update:
        update(1)
    assert capsys.readouterr().err == "downloading\n"


def test_nothing_is_shown_on_request(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert shown(capsys, heading="laws", shown=False) == ""


@pytest.mark.parametrize("is_terminal, options", [(True, {}), (False, {"on_pipes": 1})])
def test_a_bar_starts_after_the_steps_done_before(
    capsys, monkeypatch, is_terminal, options
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    bar = shown(capsys, total=4, steps=[3, 4], done=2, **options)
    assert "verifying:  50%" in bar and "verifying: 100%" in bar and "L4" in bar


class Cell(io.StringIO):
    """What standard error is in a cell of a notebook: no terminal."""


Cell.__module__ = "ipykernel.iostream"


def test_a_cell_of_a_notebook_shows_a_bar_of_tqdm_auto(monkeypatch):
    made = []
    bar = lambda **options: made.append(options) or tqdm.auto.tqdm(**options)  # noqa
    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=bar))
    monkeypatch.setattr(sys, "stderr", Cell())
    with progress_bar(4, "law", "verifying") as update:
        update(4, "L4")
    assert made[0]["total"] == 4 and "verifying: 100%" in sys.stderr.getvalue()


def test_a_cell_without_tqdm_shows_plain_lines(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Cell())
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with progress_bar(1, "law", "verifying") as update:
        update(1, "L1")
    assert sys.stderr.getvalue() == "law   1/1  L1\n"


def test_without_tqdm_a_terminal_gets_plain_lines(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert shown(capsys, total=1) == "law   1/1  L1\n"
