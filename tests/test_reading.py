"""Files of strangers: what is refused, and that it costs nothing to find out."""

import ast
import io
import json
import os
import re
import struct
import tracemalloc
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tu_site import LABELS, tu_files, write_folder, zip_bytes

import npdiffpool as ndp
from npdiffpool import cv, reading, zips
from npdiffpool.cli import main
from npdiffpool.cv import GridError, read_grid
from npdiffpool.datasets import (
    DatasetError,
    archive,
    features,
    load_dataset_like,
    tables,
    tu,
)
from npdiffpool.datasets.locate import PACKAGE
from npdiffpool.files import save_arrays
from npdiffpool.modelfile import ModelFileError
from npdiffpool.reading import parse_json, read_arrays, read_json
from npdiffpool.splits import SplitsError, read_splits

PLAIN = ["?", "b", "B", "h", "i", "l", "f", "d", "e", "<U3", ">f4", ">U2", "S4"]


@contextmanager
def little_memory(most=24 << 20):
    """Require that what is done takes no more bytes: much less than is claimed."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def npy(header, body=b""):
    """Make a member of an .npz by hand."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + body


def header(descr="'<f4'", shape="(1,)", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def packed(path, *members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


# Arrays


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)


def is_text(array):
    return array.dtype.kind != "U" or "\\ud" not in ascii(array.tolist())


@given(hnp.arrays(st.sampled_from(PLAIN), SHAPES).filter(is_text))
def test_plain_arrays_are_read_as_numpy_reads_them(array):
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"read-{os.getpid()}.npz"
    try:
        np.savez_compressed(path, a=array, b=np.asfortranarray(array))
        with np.load(path) as file:
            expected = {**file}
        found = read_arrays(path)
    finally:
        path.unlink()
    for name in ("a", "b"):
        np.testing.assert_array_equal(found[name], expected[name], strict=True)


LYING = {
    "more than there is": (
        header(shape="(99999999999,)"),
        b"1234",
        "needs 39999999999",
    ),
    "less than there is": (header(), b"12345678", r"needs 4 bytes; there are 8"),
    "long words": (header("'<U99999999'"), b"1234", "needs 399999996 bytes"),
    "no entries": (header(shape="(0, 99999999)"), b"", "no entries and long sides"),
    "many sides": (
        header(shape="(1, 1, 1, 1, 1, 1, 1, 1, 1)"),
        b"1234",
        "no plain arra",
    ),
    "empty words": (header("'<U0'", "(99999999999,)"), b"", "is no plain array's"),
    "objects": (header("'|O'"), b"12345678", "Object arrays cannot be loaded"),
    "fields": (header("[('a', '<f4')]"), b"1234", "the header is not a plain array's"),
    "complex": (header("'<c8'"), b"12345678", "the header is not a plain array's"),
    "a program": ("__import__('os').abort()", b"", "the header is not a plain array's"),
    "deep": ("(" * 5000, b"", "the header is not a plain array's"),
    "minus": ("-" * 9000 + "1", b"", "the header is not a plain array's"),
    "odd numbers": (header("'<f7'"), b"1234567", "data type 'f7' not understood|'<f7'"),
    "no letters": (
        header("'<U1'"),
        b"\xff\xff\xff\xff",
        "text has what is no character",
    ),
    "half a pair": (header("'<U1'"), b"\0\xd8\0\0", "text has what is no character"),
}


@pytest.mark.parametrize("text, body, said", LYING.values(), ids=LYING)
def test_a_header_is_held_against_its_member_before_anything_is_allocated(
    tmp_path, text, body, said
):
    path = packed(tmp_path / "a.npz", ("a.npy", npy(text, body)))
    with little_memory(), pytest.raises(ValueError, match=f"^a: .*{said}"):
        read_arrays(path)


def test_what_is_no_array_is_refused(tmp_path):
    good = npy(header(), b"1234")
    for name, content, said in (
        ("a.txt", good, "member 'a.txt' is no array"),
        ("a.npy", b"", "a: no array in NumPy's format"),
        ("a.npy", good[:6] + b"\3\0" + good[8:], "a: no array in NumPy's format"),
        ("a.npy", good[:6] + b"\2\0" + b"\xff" * 9, "a: a header of 4294967295 bytes"),
        ("a.npy", good[:9], "unpack requires a buffer"),
    ):
        path = packed(tmp_path / "a.npz", (name, content))
        with pytest.raises(ValueError, match=re.escape(said)):
            read_arrays(path)


# Zips


def test_a_bomb_is_refused_unread(tmp_path):
    zeros = npy(header(shape=f"({1 << 24},)"), b"\0" * (1 << 26))
    path = packed(tmp_path / "a.npz", ("a.npy", zeros))
    assert path.stat().st_size < 100_000
    with little_memory(), pytest.raises(
        ValueError, match="at most 16777216 are accept"
    ):
        read_arrays(path, most=1 << 24)
    assert len(read_arrays(path)["a"]) == 1 << 24


def test_many_small_members_are_a_bomb_too(tmp_path):
    part = npy(header(shape=f"({1 << 18},)"), b"\0" * (1 << 20))
    path = packed(tmp_path / "a.npz", *((f"{i}.npy", part) for i in range(5)))
    with little_memory(), pytest.raises(
        ValueError, match="unzips to 524.*at most 4194"
    ):
        read_arrays(path, most=1 << 22)


def directory_says(path, offset, number, size=4):
    """Change a field of the first entry of a zip's directory."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + offset
    data[at : at + size] = number.to_bytes(size, "little")
    path.write_bytes(data)
    return path


def test_a_member_that_says_more_than_its_bytes_can_hold_is_refused(tmp_path):
    content = npy(header(shape=f"({1 << 20},)"), b"\0" * (1 << 22))
    for method, size, said in (
        (zipfile.ZIP_DEFLATED, 1 << 29, "unpacks to 536870912 bytes; .* cannot hold"),
        (zipfile.ZIP_STORED, 1 << 29, "unpacks to 536870912 bytes; .* cannot hold"),
    ):
        path = packed(tmp_path / "a.npz", ("a.npy", content), method=method)
        directory_says(path, 24, size)
        with little_memory(), pytest.raises(ValueError, match=said):
            read_arrays(path)


def test_a_member_that_unpacks_to_more_than_it_says_is_cut_and_refused(tmp_path):
    content = npy(header(shape=f"({1 << 24},)"), b"\0" * (1 << 26))
    path = packed(tmp_path / "a.npz", ("a.npy", content))
    directory_says(path, 24, 1000)
    with little_memory(), pytest.raises(ValueError, match="Bad CRC-32 for file"):
        read_arrays(path)
    short = npy(header(shape="(8,)"), b"\0" * 32)
    path = packed(tmp_path / "b.npz", ("a.npy", short + b"\0" * (1 << 26)))
    directory_says(path, 24, len(short))
    with little_memory(), pytest.raises(ValueError, match="Bad CRC-32"):
        read_arrays(path)


def test_strange_members_are_refused(tmp_path, monkeypatch):
    good, path = npy(header(), b"1234"), tmp_path / "a.npz"
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed(path, ("a.npy", good), ("a.npy", good))
    with pytest.raises(ValueError, match="member 'a.npy' is there twice"):
        read_arrays(path)
    packed(path, ("a.npy", good), method=zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="member 'a.npy' is not stored or deflated"):
        read_arrays(path)
    with pytest.raises(ValueError, match="member 'a.npy' is encrypted"):
        read_arrays(directory_says(packed(path, ("a.npy", good)), 8, 1, 2))
    packed(path, *((f"{i}.npy", good) for i in range(4)))
    monkeypatch.setattr(zips, "MAX_MEMBERS", 3)
    with pytest.raises(ValueError, match="4 members; at most 3 are accepted"):
        read_arrays(path)
    monkeypatch.setattr(zips, "_DIRECTORY", 100)
    with pytest.raises(ValueError, match="a directory of more than 100 bytes"):
        read_arrays(path)


def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        for read in (read_arrays, read_json):
            with pytest.raises(ValueError, match="it is not a plain file"):
                read(path)


# JSON

REFUSED = {
    "nothing": ("", "Expecting value"),
    "nesting": ("[" * 52 + "]" * 52, "nested deeper than 50"),
    "deep nesting": ("[" * 100_000 + "]" * 100_000, "nested deeper than 50"),
    "deep objects": ('{"a":' * 60 + "1" + "}" * 60, "nested deeper than 50"),
    "digits": ("9" * 101, "a number of 101 digits; at most 100"),
    "repeated names": ('{"a": 1, "a": 2}', "'a' is there twice"),
    "half a pair": (r'["\ud800"]', "surrogates not allowed"),
}


@pytest.mark.parametrize("text, said", REFUSED.values(), ids=REFUSED)
def test_json_is_refused_for(tmp_path, text, said):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_json(tmp_path / "a.json")


def test_json_within_the_limits_is_read():
    assert parse_json("[" * 51 + "]" * 51) is not None
    assert parse_json("9" * 100) == 10**100 - 1
    assert parse_json('{"a": {"b": 1}, "b": ["\\u00e9"]}') == {
        "a": {"b": 1},
        "b": ["é"],
    }
    assert np.isnan(parse_json("[NaN]")[0])


@pytest.mark.parametrize("text", ["[NaN]", "[Infinity]", '{"a": -Infinity}'])
def test_what_is_no_number_is_refused_where_it_may_not_be(text):
    with pytest.raises(ValueError, match="is no number"):
        parse_json(text, finite=True)


def test_a_json_file_may_not_be_larger_than_the_limit(tmp_path):
    (tmp_path / "a.json").write_text("[1, 2]")
    assert read_json(tmp_path / "a.json", most=6) == [1, 2]
    with pytest.raises(ValueError, match="6 bytes; at most 5 are accepted"):
        read_json(tmp_path / "a.json", most=5)
    os.truncate(tmp_path / "a.json", reading.MAX_JSON + 1)  # a hole: no disk is used
    with little_memory(), pytest.raises(ValueError, match="at most 67108864 are acce"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b'["\xff"]')
    with pytest.raises(ValueError, match="'utf-8' codec"):
        read_json(tmp_path / "a.json")


# Models


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The arrays of a small model."""
    graphs = [ndp.Graph(np.ones((n, n)), np.eye(n, 2)) for n in (2, 3)]
    clf = ndp.DiffPoolClassifier(hidden=2, clusters=(2,), epochs=1, batch_norm=True)
    path = tmp_path_factory.mktemp("models") / "model.npz"
    clf.fit(graphs, [0, 1]).save(path)
    return read_arrays(path)


def model_with(path, arrays, part=None, **entries):
    """Write a model with other entries in its header, or in a part of that."""
    content = json.loads(str(arrays["header"]))
    (content[part] if part else content).update(entries)
    save_arrays(path, {**arrays, "header": np.array(json.dumps(content))})
    return path


@pytest.mark.parametrize(
    "entries",
    [
        {"hidden": 10**9},
        {"n_layers": 10**9},
        {"clusters": [10**9]},
        {"clusters": [10**9], "assignment": "uniform"},
        {"clusters": [2] * 10**4},
        {"n_outputs": 10**9},
        {"classifier_hidden": 10**9},
        {"n_features": 10**9},
        {"hidden": 40, "n_layers": 999},
        {"hidden": 10**90},
        {"gnn": "s2v", "concat_layers": False, "clusters": [], "n_layers": 10**9},
    ],
    ids=str,
)
def test_a_configuration_that_asks_for_more_than_there_is_makes_nothing(
    tmp_path, saved, entries
):
    path = model_with(tmp_path / "m.npz", saved, "config", **entries)
    said = "at most|fewer than the configuration needs"
    with little_memory(), pytest.raises(ModelFileError, match=said):
        ndp.load_model(path)


@pytest.mark.parametrize(
    "entries, said",
    [
        ({"history": [1]}, "history must be a list of objects"),
        ({"history": {}}, "history must be a list of objects"),
        ({"best_epoch": "1"}, "best_epoch must be a whole number; got '1'"),
        ({"feature_names": ["a"]}, "feature_names must be 2 texts or null"),
        ({"feature_names": [1, 2]}, "feature_names must be 2 texts or null"),
        ({"kind": ["classifier"]}, "unhashable"),
    ],
    ids=str,
)
def test_what_else_the_header_says_must_be_of_its_kind(tmp_path, saved, entries, said):
    with pytest.raises(ModelFileError, match=said):
        ndp.load_model(model_with(tmp_path / "m.npz", saved, **entries))


def test_variances_are_none_below_zero(tmp_path, saved):
    arrays = {**saved, "moments": -np.abs(saved["moments"]) - 1}
    with pytest.raises(ModelFileError, match="variances in moments must be at least 0"):
        ndp.load_model(model_with(tmp_path / "m.npz", arrays))


# Grids and splits


def test_a_grid_of_astronomical_size_is_refused_unmade(tmp_path):
    path = tmp_path / "grid.json"
    path.write_text(json.dumps({f"p{i}": [0] * 100 for i in range(100)}))
    with little_memory(), pytest.raises(
        GridError, match="0 configurations; at most 100"
    ):
        read_grid(str(path))
    path.write_text(json.dumps([{}] * (cv.MAX_GRID + 1)))
    with pytest.raises(GridError, match="10001 configurations; at most 10000 are acc"):
        read_grid(str(path))
    path.write_text(json.dumps({"epochs": [1] * cv.MAX_GRID}))
    assert len(read_grid(str(path))) == cv.MAX_GRID


@pytest.mark.parametrize("text", ["[" * 9999, '{"a": [NaN]}', '[{"a": 1, "a": 2}]'])
def test_grids_and_splits_are_read_as_other_json_is(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(GridError, match=f"{path} must be JSON such as"):
        read_grid(str(path))
    with pytest.raises(SplitsError, match=f"{path} must be JSON"):
        read_splits(path, 4)


# Data sets


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(tmp_path):
    folder = write_folder(tmp_path, node_labels=LABELS)
    (tmp_path / "link").symlink_to(folder)
    assert load(tmp_path / "link") == 2  # the folder itself may be one
    part = folder / "TINY_node_labels.txt"
    part.rename(folder / "labels.txt").rename(tmp_path / "outside.txt")
    for target in (tmp_path / "outside.txt", "../outside.txt", "/etc/passwd"):
        part.symlink_to(target)
        with pytest.raises(
            DatasetError, match="labels.txt: is a link to outside the f"
        ):
            load(folder)
        part.unlink()
    (tmp_path / "outside.txt").rename(folder / "labels.txt")
    part.symlink_to("labels.txt")
    assert load(folder) == 2


def load(path, features="auto", **options):
    return len(ndp.load_dataset(path, features, **options))


def test_a_folder_that_is_a_link_out_of_the_folder_is_not_looked_into(tmp_path):
    outside = write_folder(tmp_path / "outside")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "inner").symlink_to(outside)
    with pytest.raises(DatasetError, match="no file ending in _A.txt"):
        load(tmp_path / "set")


def test_links_in_a_ring_are_refused(tmp_path):
    folder = write_folder(tmp_path)
    part = folder / "TINY_node_labels.txt"
    part.symlink_to(part)
    with pytest.raises(DatasetError, match="Too many levels of symbolic links"):
        load(folder)


def test_a_pipe_among_the_files_is_refused_and_not_waited_for(tmp_path):
    folder = write_folder(tmp_path)
    os.mkfifo(folder / "TINY_node_labels.txt")
    with pytest.raises(
        DatasetError, match="labels.txt: cannot be read: it is not a pla"
    ):
        load(folder)


def test_a_file_over_the_limit_is_refused_in_a_folder_too(tmp_path):
    folder = write_folder(tmp_path)
    os.truncate(folder / "TINY_A.txt", archive.MAX_UNZIPPED + 1)  # a hole
    with little_memory(), pytest.raises(DatasetError, match="at most 2147483648 are"):
        load(folder)


@pytest.mark.parametrize("text", ["7", " ", "\n", "1, "])
def test_a_line_without_end_is_given_up(tmp_path, monkeypatch, text):
    monkeypatch.setattr(tables, "MAX_LINE", 1 << 16)
    monkeypatch.setattr(tables, "CHUNK", 1 << 12)
    stream = io.BytesIO(text.encode() * (1 << 17))
    with pytest.raises(
        DatasetError, match="A.txt: a line or a blank of over 65536 byt"
    ):
        list(tables.read_blocks(stream, "A.txt", np.int64, None, 1 << 12))
    assert stream.tell() <= (1 << 16) + (1 << 12)


def test_more_numbers_or_graphs_than_the_limit_are_refused(tmp_path, monkeypatch):
    folder = write_folder(tmp_path)
    monkeypatch.setattr(tables, "MAX_NUMBERS", 15)
    with pytest.raises(DatasetError, match="TINY_A.txt: more than 15 numbers"):
        load(folder)
    monkeypatch.setattr(tu, "MAX_GRAPHS", 1)
    with pytest.raises(
        DatasetError, match="labels.txt: 2 graphs; at most 1 are accept"
    ):
        load(folder)


def test_a_column_for_each_node_is_refused_with_a_hint(tmp_path, monkeypatch):
    folder = write_folder(tmp_path, node_labels="1\n2\n3\n4\n5\n6\n")
    said = "make 6 columns of 6 nodes; .* give other features, such as degree"
    for name in ("MAX_CELLS", "MAX_COLUMNS"):
        with monkeypatch.context() as patch:
            patch.setattr(features, name, {"MAX_CELLS": 35, "MAX_COLUMNS": 5}[name])
            with pytest.raises(DatasetError, match=said):
                load(folder, degree_cap=3)
    assert load(folder) == 2


def test_a_degree_cap_over_the_limit_is_refused(tmp_path):
    folder = write_folder(tmp_path)
    with little_memory(), pytest.raises(
        DatasetError, match="degree_cap .* below 16384"
    ):
        load(folder, "degree", degree_cap=10**9)
    for cap in ("9999999999", "x", "16384"):
        with pytest.raises(DatasetError, match="degree_cap must be a whole number"):
            load_dataset_like(folder, [f"degree>={cap}"])


def test_a_data_set_whose_name_a_terminal_would_obey_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zip_bytes(tu_files("\x1b[31m")))
    with pytest.raises(DatasetError, match=r"'\\x1b\[31m_A.txt' is no name"):
        load(path)


def test_a_zip_with_a_file_twice_is_refused(tmp_path):
    path, file = tmp_path / "a.zip", ("TINY/TINY_A.txt", "1, 2\n")
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed(path, file, file)
    with pytest.raises(DatasetError, match="member 'TINY/TINY_A.txt' is there twice"):
        load(path)


BUNDLE = {"edges": [[1, 2]], "graph_indicator": [1, 1, 2], "graph_labels": [0, 1]}
BUNDLE = {name: np.array(value) for name, value in BUNDLE.items()}
BUNDLE |= {"name": np.array("B"), "citation": np.array("none")}


@pytest.mark.parametrize(
    "change, said",
    [
        ({"edges": np.array([[1, 4]])}, "edges must be pairs of 1 to 3"),
        ({"edges": np.array([[0, 1]])}, "edges must be pairs of 1 to 3"),
        ({"edges": np.array([[1, 3]])}, "each edge must be inside one graph"),
        ({"edges": np.array([1, 2])}, "edges must be pairs of 1 to 3"),
        ({"edges": np.array([[1.0, 2.0]])}, "edges must be i of shape"),
        ({"graph_indicator": np.array([1, 1, 1])}, "graph_indicator must be of 1 to 2"),
        ({"graph_indicator": np.array([1, 2**31, 2])}, "graph_indicator must be of 1"),
        ({"graph_indicator": np.array([0, 1, 2])}, "graph_indicator must be of 1 to 2"),
        ({"node_labels": np.array([[1], [2]])}, "node_labels must be i of shape"),
        ({"node_attributes": np.array([[np.nan]] * 3)}, "attributes must be finite"),
        ({"graph_labels": np.array(1)}, "not a bundled data set"),
    ],
    ids=str,
)
def test_a_bundle_of_strangers_is_checked(tmp_path, change, said):
    path = tmp_path / "a.npz"
    np.savez(path, **BUNDLE)
    assert load(path) == 2
    np.savez(path, **{**BUNDLE, **change})
    with little_memory(), pytest.raises(DatasetError, match=said):
        load(path)


# What a terminal is shown


def test_errors_show_what_a_terminal_would_obey_as_escapes(capsys):
    assert main(["predict", "no\x1b[31m\u202e.npz", "MUTAG"]) == 2
    assert capsys.readouterr().err.startswith("npdiffpool: no\\x1b[31m\\u202e.npz: ")


def test_class_names_are_printed_as_what_they_are(tmp_path, capsys):
    mutag = ndp.load_dataset("MUTAG")[:4]
    names = ["\x1b[31m", "b,c"] * 2
    clf = ndp.DiffPoolClassifier(hidden=2, epochs=1).fit(mutag, names)
    clf.save(tmp_path / "m.npz")
    assert main(["predict", str(tmp_path / "m.npz"), "MUTAG"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'graph,predicted,p(\\x1b[31m),"p(b,c)"'
    assert "\x1b" not in "".join(lines)


# No code is run


RUNS_CODE = {"eval", "exec", "compile", "__import__", "loads_pickle"}
MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}


def strange(tree):
    """List what in a program could run what a file says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in MODULES)
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            yield node.module
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in RUNS_CODE:
                yield node.func.id
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if getattr(node.value, "value", None) is not False:
                yield "allow_pickle"
        is_numpys = isinstance(node, ast.Attribute) and node.attr in (
            "load",
            "fromfile",
        )
        if is_numpys and getattr(node.value, "id", None) in ("np", "numpy"):
            yield f"np.{node.attr}"


def test_nothing_in_the_package_runs_or_unpickles_what_a_file_says():
    for path in PACKAGE.parent.rglob("*.py"):
        found = list(strange(ast.parse(path.read_text(encoding="utf-8"))))
        # The kit runs the scripts that it prints, of its own laws.
        assert not found or "testing" in path.parts, f"{path}: {found}"


def test_what_runs_or_unpickles_would_be_seen():
    program = """import pickle, marshal\nfrom shelve import open\nnp.load(path)
eval(text)\nexec(text)\nnp.save(path, a, allow_pickle=True)\nload(allow_pickle=flag)"""
    seen = ["pickle", "marshal", "shelve", "np.load", "eval", "exec"]
    assert sorted(strange(ast.parse(program))) == sorted([*seen, *["allow_pickle"] * 2])
