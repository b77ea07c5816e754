"""The corpus of the fuzzers, and a few hundred mutated files of each kind."""

import os
import pickle
import socket
import subprocess
import time

import pytest
from fuzz import guard, packing
from fuzz.__main__ import TARGETS as NAMES
from fuzz.engines import Run, mutated
from fuzz.seeds import BUILDERS, CORPUS, inputs, warm_up
from fuzz.targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

CORPUS_FILES = [(target, name) for target in TARGETS for name in inputs(target)]
REFUSED = {("tu", "seed-2"), ("tu", "seed-3")}  # a link and a pipe
REFUSED |= {("zip", "seed-4")}  # two members with the same normalised name


@pytest.fixture(scope="module", autouse=True)
def warmed_up():
    """Read the seeds, so that libraries import their parts outside of the guard."""
    for target in TARGETS:
        warm_up(target)


def test_every_target_has_a_corpus_and_a_name():
    folders = sorted(path.name for path in CORPUS.iterdir())
    assert sorted(TARGETS) == sorted(NAMES) == sorted(BUILDERS) == folders


@pytest.mark.parametrize("target, name", CORPUS_FILES, ids="-".join)
def test_the_corpus_gives_a_result_or_the_documented_error(target, name):
    refused = TARGETS[target](inputs(target)[name])
    if name.startswith("seed-"):
        assert (refused is not None) == ((target, name) in REFUSED), refused


@settings(max_examples=4 * settings().max_examples)
@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
def test_a_mutated_file_gives_a_result_or_the_documented_error(target, data):
    seeds = st.lists(st.integers(0, 2**32), max_size=3)
    files = st.tuples(st.sampled_from([*inputs(target).values()]), seeds)
    TARGETS[target](mutated(target, *data.draw(files)))


# The guard

FORBIDDEN = {
    "open /": lambda: open(__file__),
    "os.listdir /": lambda: os.listdir("/"),
    "subprocess.Popen": lambda: subprocess.run(["true"]),
    "os.system": lambda: os.system("true"),
    "socket.__new__": lambda: socket.socket(),
    "compile": lambda: eval("1"),
    "import": lambda: __import__("this"),
    "pickle.find_class": lambda: pickle.loads(b"cos\nsystem\n(S'true'\ntR."),
}


@pytest.mark.parametrize("event, action", FORBIDDEN.items(), ids=[*FORBIDDEN])
def test_the_guard_raises_at_a_forbidden_event(tmp_path, event, action):
    with pytest.raises(guard.Violation, match=f"^{event}"):
        with guard.guarded(tmp_path):
            action()


def test_the_guard_raises_even_if_the_tested_code_catches_everything(tmp_path):
    with pytest.raises(guard.Violation, match="open /"):
        with guard.guarded(tmp_path):
            try:
                open("/etc/hostname")
            except BaseException:
                pass


def test_the_guard_allows_the_folder_and_afterwards_everything(tmp_path):
    with guard.guarded(tmp_path):
        (tmp_path / "a").write_text("text")
        assert os.listdir(tmp_path) == ["a"]
    assert os.listdir("/")


def test_the_guard_stops_an_input_that_does_not_end(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 0.05)
    with pytest.raises(guard.Violation, match="took more than 0.05 s"):
        with guard.guarded(tmp_path):
            time.sleep(60)


def test_a_finding_is_saved_once_for_each_line_of_code(tmp_path, monkeypatch, capsys):
    def broken(data):
        raise KeyError(data)

    monkeypatch.setitem(TARGETS, "grid", broken)
    run = Run("grid", tmp_path / "out")
    for data in (b"one", b"two"):
        run(data)
    (saved,) = (tmp_path / "out").iterdir()
    assert run.count == 2 and saved.read_bytes() == b"one"
    assert saved.name.startswith("grid-KeyError-test_fuzz")
    assert "FOUND KeyError" in capsys.readouterr().out


def test_packed_files_stay_in_their_folder(tmp_path):
    outside = [("../a", b"1"), ("/b", b"2"), (".\x01./c", b"3"), ("l -> ..", b"")]
    files = [*outside, ("l/d", b"4"), ("in/e", b"%%% 5\n"), ("p |", b"")]
    packing.write(packing.pack(files), tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    kinds = {p.name: p.is_file() for p in (tmp_path / "set").rglob("*")}
    assert kinds == {
        "b": True,
        "l": False,
        "d": True,
        "in": False,
        "e": True,
        "p": False,
    }
    assert (tmp_path / "set/in/e").read_bytes() == b"%%% 5\n"
