"""What fuzzing found stays found, and a few hundred inputs of each kind a run."""

import os
import pickle
import socket
import subprocess
import time

import pytest
from fuzz import guard, packing
from fuzz.__main__ import TARGETS as NAMES
from fuzz.engines import Run, changed
from fuzz.seeds import BUILDERS, CORPUS, inputs, warm_up
from fuzz.targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

KEPT = [(target, name) for target in TARGETS for name in inputs(target)]
REFUSED = {("tu", "seed-2"), ("tu", "seed-3")}  # a link and a pipe


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Import beforehand what libraries import at first use."""
    for target in TARGETS:
        warm_up(target)


def test_every_target_has_a_corpus_and_a_name():
    folders = sorted(path.name for path in CORPUS.iterdir())
    assert sorted(TARGETS) == sorted(NAMES) == sorted(BUILDERS) == folders


@pytest.mark.parametrize("target, name", KEPT, ids="-".join)
def test_the_corpus_gives_a_result_or_the_documented_error(target, name):
    refused = TARGETS[target](inputs(target)[name])
    if name.startswith("seed-"):
        assert (refused is not None) == ((target, name) in REFUSED), refused


@settings(max_examples=200)
@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
def test_a_changed_file_gives_a_result_or_the_documented_error(target, data):
    known = [*inputs(target).values()]
    of_one = st.tuples(
        st.sampled_from(known), st.lists(st.integers(0, 2**32), max_size=3)
    )
    TARGETS[target](changed(target, *data.draw(of_one)))


# The guard, and what it is for

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


@pytest.mark.parametrize("event, deed", FORBIDDEN.items(), ids=[*FORBIDDEN])
def test_the_guard_sees(tmp_path, event, deed):
    with pytest.raises(guard.Violation, match=f"^{event}"):
        with guard.guarded(tmp_path):
            deed()


def test_the_guard_sees_what_is_swallowed(tmp_path):
    with pytest.raises(guard.Violation, match="open /"):
        with guard.guarded(tmp_path):
            try:
                open("/etc/hostname")
            except BaseException:
                pass


def test_the_guard_lets_a_folder_be_used_and_then_rests(tmp_path):
    with guard.guarded(tmp_path):
        (tmp_path / "a").write_text("text")
        assert os.listdir(tmp_path) == ["a"]
    assert os.listdir("/")


def test_the_guard_ends_what_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 0.05)
    with pytest.raises(guard.Violation, match="took more than 0.05 s"):
        with guard.guarded(tmp_path):
            time.sleep(60)


def test_what_is_found_is_kept_once(tmp_path, monkeypatch, capsys):
    def broken(data):
        raise KeyError(data)

    monkeypatch.setitem(TARGETS, "grid", broken)
    run = Run("grid", tmp_path / "out")
    for data in (b"one", b"two"):
        run(data)
    (kept,) = (tmp_path / "out").iterdir()
    assert run.count == 2 and kept.read_bytes() == b"one"
    assert kept.name.startswith("grid-KeyError-test_fuzz")
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
