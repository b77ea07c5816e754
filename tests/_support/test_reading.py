"""Untrusted files: what is refused, and that refusing it needs little memory."""

import ast
import os
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from file_limits import limited_memory, write_zip
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from npdiffpool._support import untrusted, untrusted_zip
from npdiffpool._support.untrusted import parse_json, read_arrays, read_json
from npdiffpool.datasets.locate import PACKAGE

PLAIN = ["?", "b", "B", "h", "i", "l", "f", "d", "e", "<U3", ">f4", ">U2", "S4"]


def npy(header, body=b""):
    """Return a member of an .npz, from a header and the bytes of the entries."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + body


def header(descr="'<f4'", shape="(1,)", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


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
        "of float32 is not a plain",
    ),
    "empty words": (header("'<U0'", "(99999999999,)"), b"", "of <U0 is not a plain"),
    "objects": (header("'|O'"), b"12345678", "Object arrays cannot be loaded"),
    "fields": (header("[('a', '<f4')]"), b"1234", "not the header of a plain"),
    "complex": (header("'<c8'"), b"12345678", "not the header of a plain"),
    "a program": ("__import__('os').abort()", b"", "not the header of a plain"),
    "deep": ("(" * 5000, b"", "not the header of a plain"),
    "minus": ("-" * 9000 + "1", b"", "not the header of a plain"),
    "odd numbers": (header("'<f7'"), b"1234567", "data type 'f7' not understood|'<f7'"),
    "no letters": (
        header("'<U1'"),
        b"\xff\xff\xff\xff",
        "text has an invalid character",
    ),
    "half a pair": (header("'<U1'"), b"\0\xd8\0\0", "text has an invalid character"),
}


@pytest.mark.parametrize("text, body, message", LYING.values(), ids=LYING)
def test_a_header_that_does_not_fit_its_member_allocates_nothing(
    tmp_path, text, body, message
):
    path = write_zip(tmp_path / "a.npz", ("a.npy", npy(text, body)))
    with limited_memory(), pytest.raises(ValueError, match=f"^a: .*{message}"):
        read_arrays(path)


def test_other_members_are_refused(tmp_path):
    good = npy(header(), b"1234")
    for name, content, message in (
        ("a.txt", good, "member 'a.txt' is not an array"),
        ("a.npy", b"", "a: not an array in NumPy's format"),
        ("a.npy", good[:6] + b"\3\0" + good[8:], "a: not an array in NumPy's format"),
        ("a.npy", good[:6] + b"\2\0" + b"\xff" * 9, "a: a header of 4294967295 bytes"),
        ("a.npy", good[:9], "unpack requires a buffer"),
    ):
        path = write_zip(tmp_path / "a.npz", (name, content))
        with pytest.raises(ValueError, match=re.escape(message)):
            read_arrays(path)


# Zips


def test_a_zip_bomb_is_refused_unread(tmp_path):
    zeros = npy(header(shape=f"({1 << 24},)"), b"\0" * (1 << 26))
    path = write_zip(tmp_path / "a.npz", ("a.npy", zeros))
    assert path.stat().st_size < 100_000
    with limited_memory(), pytest.raises(
        ValueError, match="at most 16777216 are accept"
    ):
        read_arrays(path, most=1 << 24)
    assert len(read_arrays(path)["a"]) == 1 << 24


def test_a_zip_bomb_of_many_small_members_is_refused(tmp_path):
    part = npy(header(shape=f"({1 << 18},)"), b"\0" * (1 << 20))
    path = write_zip(tmp_path / "a.npz", *((f"{i}.npy", part) for i in range(5)))
    with limited_memory(), pytest.raises(
        ValueError, match="unzips to 524.*at most 4194"
    ):
        read_arrays(path, most=1 << 22)


def change_directory_entry(path, offset, number, size=4):
    """Change a field in the first entry of a zip's directory."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + offset
    data[at : at + size] = number.to_bytes(size, "little")
    path.write_bytes(data)
    return path


def test_a_member_that_claims_an_impossible_size_is_refused(tmp_path):
    content = npy(header(shape=f"({1 << 20},)"), b"\0" * (1 << 22))
    message = "unpacks to 536870912 bytes, more than .* can hold"
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        path = write_zip(tmp_path / "a.npz", ("a.npy", content), method=method)
        change_directory_entry(path, 24, 1 << 29)
        with limited_memory(), pytest.raises(ValueError, match=message):
            read_arrays(path)


def test_a_member_that_unpacks_to_more_than_it_claims_is_refused(tmp_path):
    content = npy(header(shape=f"({1 << 24},)"), b"\0" * (1 << 26))
    path = write_zip(tmp_path / "a.npz", ("a.npy", content))
    change_directory_entry(path, 24, 1000)
    with limited_memory(), pytest.raises(ValueError, match="Bad CRC-32 for file"):
        read_arrays(path)
    short = npy(header(shape="(8,)"), b"\0" * 32)
    path = write_zip(tmp_path / "b.npz", ("a.npy", short + b"\0" * (1 << 26)))
    change_directory_entry(path, 24, len(short))
    with limited_memory(), pytest.raises(ValueError, match="Bad CRC-32"):
        read_arrays(path)


def test_duplicate_encrypted_and_too_many_members_are_refused(tmp_path, monkeypatch):
    good, path = npy(header(), b"1234"), tmp_path / "a.npz"
    with pytest.warns(UserWarning, match="Duplicate name"):
        write_zip(path, ("a.npy", good), ("a.npy", good))
    with pytest.raises(ValueError, match="member 'a.npy' occurs twice"):
        read_arrays(path)
    write_zip(path, ("a.npy", good), method=zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="member 'a.npy' is not stored or deflated"):
        read_arrays(path)
    with pytest.raises(ValueError, match="member 'a.npy' is encrypted"):
        read_arrays(change_directory_entry(write_zip(path, ("a.npy", good)), 8, 1, 2))
    write_zip(path, *((f"{i}.npy", good) for i in range(4)))
    monkeypatch.setattr(untrusted_zip, "MAX_MEMBERS", 3)
    with pytest.raises(ValueError, match="4 members; at most 3 are accepted"):
        read_arrays(path)
    monkeypatch.setattr(untrusted_zip, "_MAX_DIRECTORY", 100)
    with pytest.raises(ValueError, match="central directory exceeds 100 bytes"):
        read_arrays(path)


def test_pipes_devices_and_folders_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        for read in (read_arrays, read_json):
            with pytest.raises(ValueError, match="it is not a plain file"):
                read(path)


# JSON

REFUSED = {
    "nothing": ("", "Expecting value"),
    "nesting": ("[" * 52 + "]" * 52, "is nested deeper than 50 levels"),
    "deep nesting": ("[" * 100_000 + "]" * 100_000, "is nested deeper than 50 levels"),
    "deep objects": ('{"a":' * 60 + "1" + "}" * 60, "is nested deeper than 50 levels"),
    "digits": ("9" * 101, "a number of 101 digits; at most 100"),
    "repeated names": ('{"a": 1, "a": 2}', "'a' occurs twice"),
    "half a pair": (r'["\ud800"]', "surrogates not allowed"),
}


@pytest.mark.parametrize("text, message", REFUSED.values(), ids=REFUSED)
def test_json_is_refused_for(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=message):
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
def test_nan_and_infinity_can_be_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        parse_json(text, finite=True)


def test_a_json_file_may_not_be_larger_than_the_limit(tmp_path):
    (tmp_path / "a.json").write_text("[1, 2]")
    assert read_json(tmp_path / "a.json", most=6) == [1, 2]
    with pytest.raises(ValueError, match="6 bytes; at most 5 are accepted"):
        read_json(tmp_path / "a.json", most=5)
    os.truncate(tmp_path / "a.json", untrusted.MAX_JSON + 1)  # a sparse file
    with limited_memory(), pytest.raises(ValueError, match="at most 67108864 are acce"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b'["\xff"]')
    with pytest.raises(ValueError, match="'utf-8' codec"):
        read_json(tmp_path / "a.json")


# No code is run


RUN_CODE = {"eval", "exec", "compile", "__import__", "loads_pickle"}
MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}


def unsafe_names(tree):
    """Yield the names in a program that could run code from a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in MODULES)
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            yield node.module
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in RUN_CODE:
                yield node.func.id
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if getattr(node.value, "value", None) is not False:
                yield "allow_pickle"
        is_numpy = isinstance(node, ast.Attribute) and node.attr in (
            "load",
            "fromfile",
        )
        if is_numpy and getattr(node.value, "id", None) in ("np", "numpy"):
            yield f"np.{node.attr}"


def test_the_package_neither_executes_nor_unpickles_files():
    for path in PACKAGE.parent.rglob("*.py"):
        found = list(unsafe_names(ast.parse(path.read_text(encoding="utf-8"))))
        # The testing kit executes the scripts that it prints, of its own laws.
        assert not found or "testing" in path.parts, f"{path}: {found}"


def test_unsafe_names_are_found():
    program = """import pickle, marshal\nfrom shelve import open\nnp.load(path)
eval(text)\nexec(text)\nnp.save(path, a, allow_pickle=True)\nload(allow_pickle=flag)"""
    names = ["pickle", "marshal", "shelve", "np.load", "eval", "exec"]
    names += ["allow_pickle"] * 2
    assert sorted(unsafe_names(ast.parse(program))) == sorted(names)
