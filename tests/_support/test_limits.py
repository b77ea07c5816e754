"""Limits on untrusted models, grids, data sets and names."""

import io
import json
import os

import numpy as np
import pytest
from file_limits import limited_memory, write_zip
from tu_site import LABELS, tu_files, write_folder, zip_bytes

import npdiffpool as ndp
from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.untrusted import read_arrays
from npdiffpool.cli.grid import MAX_GRID, GridError, read_grid
from npdiffpool.cli.main import main
from npdiffpool.datasets import (
    DatasetError,
    features,
    load_dataset_like,
)
from npdiffpool.datasets.tu import archive, reading, tables
from npdiffpool.estimators.model_file import ModelFileError
from npdiffpool.evaluation.splits import SplitsError, read_splits

# Models

NAMES = ("epoch", "loss", "cross_entropy", "link_loss", "entropy_loss")
ROW = dict.fromkeys(NAMES, 1.0)


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
        {"n_layers": 1000, "clusters": [1] * 100},
    ],
    ids=str,
)
def test_a_configuration_that_needs_more_weights_than_the_file_has_is_refused(
    tmp_path, saved, entries
):
    path = model_with(tmp_path / "m.npz", saved, "config", **entries)
    message = "must be at most|weights must be float32 of shape|fewer than the model"
    with limited_memory(), pytest.raises(ModelFileError, match=message):
        ndp.load_model(path)


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"history": [1]}, "history must be a list of objects"),
        ({"history": {}}, "history must be a list of objects"),
        ({"history": []}, "history must be .*; one or more"),
        ({"history": [{}]}, "history must be .* numbers, .*'cross_entropy'.* among"),
        ({"history": [ROW, {"loss": 1.0}]}, "history must be a list of objects of fin"),
        ({"history": [ROW | {"loss": "1"}]}, "history must be .* of finite numbers"),
        ({"history": [ROW | {"loss": None}]}, "history must be .* of finite numbers"),
        ({"history": [ROW | {"loss": np.inf}]}, "history must be .* of finite numbers"),
        ({"best_epoch": "1"}, "best_epoch must be a whole number in 1 ... 1; got '1'"),
        ({"best_epoch": 0}, "best_epoch must be a whole number in 1 ... 1; got 0"),
        ({"best_epoch": 2}, "best_epoch must be a whole number in 1 ... 1; got 2"),
        ({"feature_names": ["a"]}, "feature_names must be 2 texts or null"),
        ({"feature_names": [1, 2]}, "feature_names must be 2 texts or null"),
        ({"edge_weights": 0}, "edge_weights must be a text or null; got 0"),
        ({"kind": ["classifier"]}, "unhashable"),
    ],
    ids=str,
)
def test_header_entries_must_have_their_types(tmp_path, saved, entries, message):
    with pytest.raises(ModelFileError, match=message):
        ndp.load_model(model_with(tmp_path / "m.npz", saved, **entries))


def test_negative_variances_are_refused(tmp_path, saved):
    arrays = {**saved, "moments": -np.abs(saved["moments"]) - 1}
    with pytest.raises(ModelFileError, match="variances in moments must be at least 0"):
        ndp.load_model(model_with(tmp_path / "m.npz", arrays))


# Grids and splits


def test_a_grid_with_too_many_configurations_is_refused(tmp_path):
    path = tmp_path / "grid.json"
    path.write_text(json.dumps({f"p{i}": [0] * 100 for i in range(100)}))
    with limited_memory(), pytest.raises(
        GridError, match="0 configurations; at most 100"
    ):
        read_grid(str(path))
    path.write_text(json.dumps([{}] * (MAX_GRID + 1)))
    with pytest.raises(GridError, match="10001 configurations; at most 10000 are acc"):
        read_grid(str(path))
    path.write_text(json.dumps({"epochs": [1] * MAX_GRID}))
    assert len(read_grid(str(path))) == MAX_GRID


@pytest.mark.parametrize("text", ["[" * 9999, '{"a": [NaN]}', '[{"a": 1, "a": 2}]'])
def test_malformed_grids_and_splits_are_refused(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(GridError, match=f"{path} must be JSON such as"):
        read_grid(str(path))
    with pytest.raises(SplitsError, match=f"{path} must be JSON"):
        read_splits(path, 4)


# Data sets


def test_links_must_stay_inside_the_folder(tmp_path):
    folder = write_folder(tmp_path, node_labels=LABELS)
    (tmp_path / "link").symlink_to(folder)
    assert load(tmp_path / "link") == 2  # the folder itself may be a link
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


def test_a_folder_linked_from_outside_is_not_searched(tmp_path):
    outside = write_folder(tmp_path / "outside")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "inner").symlink_to(outside)
    with pytest.raises(DatasetError, match="no file ending in _A.txt"):
        load(tmp_path / "set")


def test_a_loop_of_links_is_refused(tmp_path):
    folder = write_folder(tmp_path)
    part = folder / "TINY_node_labels.txt"
    part.symlink_to(part)
    with pytest.raises(DatasetError, match="Too many levels of symbolic links"):
        load(folder)


def test_a_pipe_among_the_files_is_refused_without_waiting(tmp_path):
    folder = write_folder(tmp_path)
    os.mkfifo(folder / "TINY_node_labels.txt")
    with pytest.raises(
        DatasetError, match="labels.txt: cannot be read: it is not a pla"
    ):
        load(folder)


def test_a_file_over_the_limit_is_refused(tmp_path):
    folder = write_folder(tmp_path)
    os.truncate(folder / "TINY_A.txt", archive.MAX_UNZIPPED + 1)  # a sparse file
    with limited_memory(), pytest.raises(DatasetError, match="at most 2147483648 are"):
        load(folder)


@pytest.mark.parametrize("text", ["7", " ", "\n", "1, "])
def test_an_endless_line_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.setattr(tables, "MAX_LINE", 1 << 16)
    monkeypatch.setattr(tables, "CHUNK", 1 << 12)
    stream = io.BytesIO(text.encode() * (1 << 17))
    with pytest.raises(
        DatasetError, match="A.txt: a line, or a run of blank lines, of over 65536"
    ):
        list(tables.read_blocks(stream, "A.txt", np.int64))
    assert stream.tell() <= (1 << 16) + (1 << 12)


def test_too_many_numbers_or_graphs_are_refused(tmp_path, monkeypatch):
    folder = write_folder(tmp_path)
    monkeypatch.setattr(tables, "MAX_NUMBERS", 15)
    with pytest.raises(DatasetError, match="TINY_A.txt: more than 15 numbers"):
        load(folder)
    monkeypatch.setattr(reading, "MAX_GRAPHS", 1)
    with pytest.raises(
        DatasetError, match="labels.txt: 2 graphs; at most 1 are accept"
    ):
        load(folder)


def test_too_many_feature_columns_are_refused_with_a_hint(tmp_path, monkeypatch):
    folder = write_folder(tmp_path, node_labels="1\n2\n3\n4\n5\n6\n")
    message = "have 6 columns for 6 nodes; .* choose other features, such as degree"
    for name in ("MAX_CELLS", "MAX_COLUMNS"):
        with monkeypatch.context() as patch:
            patch.setattr(features, name, {"MAX_CELLS": 35, "MAX_COLUMNS": 5}[name])
            with pytest.raises(DatasetError, match=message):
                load(folder, degree_cap=3)
    assert load(folder) == 2


def test_a_degree_cap_over_the_limit_is_refused(tmp_path):
    folder = write_folder(tmp_path)
    with limited_memory(), pytest.raises(
        DatasetError, match="degree_cap .* below 16384"
    ):
        load(folder, "degree", degree_cap=10**9)
    with pytest.raises(DatasetError, match="degree_cap must be a whole number"):
        load_dataset_like(folder, ["degree>=16384"])
    for cap in ("9999999999", "x"):
        with pytest.raises(DatasetError, match="feature_names must be a non-empty"):
            load_dataset_like(folder, [f"degree>={cap}"])


def test_a_data_set_name_with_control_characters_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zip_bytes(tu_files("\x1b[31m")))
    with pytest.raises(
        DatasetError, match=r"the name '\\x1b\[31m_A.txt' is not printable"
    ):
        load(path)


def test_a_zip_with_a_file_twice_is_refused(tmp_path):
    path, file = tmp_path / "a.zip", ("TINY/TINY_A.txt", "1, 2\n")
    with pytest.warns(UserWarning, match="Duplicate name"):
        write_zip(path, file, file)
    with pytest.raises(DatasetError, match="member 'TINY/TINY_A.txt' occurs twice"):
        load(path)


BUNDLE = {"edges": [[1, 2]], "graph_indicator": [1, 1, 2], "graph_labels": [0, 1]}
BUNDLE = {name: np.array(value) for name, value in BUNDLE.items()}
BUNDLE |= {"name": np.array("B"), "citation": np.array("none")}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"edges": np.array([[1, 4]])}, "edges must be pairs of 1 to 3"),
        ({"edges": np.array([[0, 1]])}, "edges must be pairs of 1 to 3"),
        ({"edges": np.array([[1, 3]])}, "each edge must be inside one graph"),
        ({"edges": np.array([1, 2])}, "edges must be integers of shape"),
        ({"edges": np.array([[1.0, 2.0]])}, "edges must be integers of shape"),
        ({"graph_indicator": np.array([1, 1, 3])}, "graph_indicator must be 1 to 2"),
        (
            {"graph_indicator": np.array([1, 2**31, 2])},
            "graph_indicator must be 1 to 2",
        ),
        ({"graph_indicator": np.array([0, 1, 2])}, "graph_indicator must be 1 to 2"),
        (
            {"node_labels": np.array([[1], [2]])},
            "node_labels must be integers of shape",
        ),
        ({"node_labels": np.array([1, 2, 3])}, "node_labels must be integers of shape"),
        ({"node_attributes": np.array([[np.nan]] * 3)}, "attributes must be finite"),
        ({"graph_labels": np.array(1)}, "not a bundled data set"),
    ],
    ids=str,
)
def test_an_untrusted_bundle_is_checked(tmp_path, change, message):
    path = tmp_path / "a.npz"
    np.savez(path, **BUNDLE)
    assert load(path) == 2
    np.savez(path, **{**BUNDLE, **change})
    with limited_memory(), pytest.raises(DatasetError, match=message):
        load(path)


# Control characters


def test_errors_print_control_characters_as_escapes(capsys):
    assert main(["predict", "no\x1b[31m\u202e.npz", "MUTAG"]) == 2
    assert capsys.readouterr().err.startswith("npdiffpool: no\\x1b[31m\\u202e.npz: ")


def test_class_names_are_printed_with_escapes_and_quotes(tmp_path, capsys):
    mutag = ndp.load_dataset("MUTAG")[:4]
    names = ["\x1b[31m", "b,c"] * 2
    clf = ndp.DiffPoolClassifier(hidden=2, epochs=1).fit(mutag, names)
    clf.save(tmp_path / "m.npz")
    assert main(["predict", str(tmp_path / "m.npz"), "MUTAG"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'graph,predicted,p(\\x1b[31m),"p(b,c)"'
    assert "\x1b" not in "".join(lines)
