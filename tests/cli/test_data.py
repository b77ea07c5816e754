"""Data sets named on the command line: without labels, with weights, in any case."""

import csv
import io
import json
import warnings
from importlib.metadata import version

import numpy as np
import pytest
from tu_site import write_folder

import npdiffpool as ndp
from npdiffpool.cli.main import main
from npdiffpool.evaluation.jobs import Source, load_labelled, load_source, run_job
from npdiffpool.evaluation.protocols import cross_validate
from npdiffpool.evaluation.splits import Split
from npdiffpool.graphs.digest import digest_graphs

SMALL = {"hidden": 2, "n_layers": 1, "epochs": 1, "clusters": (2,)}


@pytest.fixture
def weighted(tmp_path):
    """Twelve paths of three nodes: the first edge of class 1 has ten times the weight.

    Only the weights distinguish the classes.
    """
    n, both = 12, range(1, 37, 3)
    kinds = [(0, 1, 2 + g // 2 % 2) for g in range(n)]
    parts = {
        "A": "".join(f"{i}, {i + 1}\n{i + 1}, {i + 2}\n" for i in both),
        "edge_attributes": "".join(f"0, {1 + 9 * (g % 2)}\n0, 1\n" for g in range(n)),
        "node_labels": "".join(f"{a}\n{b}\n{c}\n" for a, b, c in kinds),
        "graph_indicator": "".join(f"{g + 1}\n" * 3 for g in range(n)),
        "graph_labels": "0\n1\n" * 6,
    }
    return write_folder(tmp_path / "data", "HEAVY", **parts)


def test_predict_needs_no_labels(tmp_path, capsys):
    mutag = ndp.load_dataset("MUTAG")
    clf = ndp.DiffPoolClassifier(**SMALL).fit(mutag[:20], mutag.labels[:20])
    # A plain list has no names of features; item by item the data set has them.
    clf.save(tmp_path / "model.npz")
    parts = {"node_labels": "0\n1\n2\n0\n1\n2\n", "graph_labels": None}
    folder = write_folder(tmp_path, **parts)
    assert main(["predict", str(tmp_path / "model.npz"), str(folder)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    names = mutag.feature_names
    graphs = ndp.datasets.load_dataset_like(folder, names, require_labels=False)
    assert [int(row["predicted"]) for row in rows] == clf.predict(graphs).tolist()


def test_train_cv_and_predict_use_the_weights(weighted, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--weights", "attribute 1", "--hidden", "2", "--epochs", "1"]
    assert main(["train", str(weighted), *options, "--out", "run", "--json"]) == 0
    loaded = ndp.load_dataset(weighted, weights="attribute 1")
    clf = ndp.load_model("run/model.npz")
    capsys.readouterr()
    assert main(["predict", "run/model.npz", str(weighted), *options[:2]]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    shares = [float(row["p(1)"]) for row in rows]
    np.testing.assert_allclose(shares, clf.predict_proba(loaded)[:, 1], atol=1e-6)
    folds = ["--folds", "2", "--runs", "1", "--out", "cv", "--json"]
    assert main(["cv", str(weighted), *options, *folds]) == 0
    result = json.loads(capsys.readouterr().out)
    source = Source(str(weighted), weights="attribute 1")
    model = ndp.DiffPoolClassifier(hidden=2, epochs=1)
    again = cross_validate(model, source, folds=2, runs=1)
    assert result["score"] == again.score
    assert loaded[1].adjacency.max() == 10
    assert shares[0] != shares[1]  # equal without weights


def test_predict_takes_the_weights_of_the_training(weighted, tmp_path, capsys):
    loaded = ndp.load_dataset(weighted, weights="attribute 1")
    path = tmp_path / "model.npz"
    ndp.DiffPoolClassifier(**SMALL).fit(loaded).save(path)
    command = ["predict", str(path), str(weighted)]
    assert main(command) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    expected = ndp.load_model(path).predict_proba(loaded)[:, 1]
    found = [float(row["p(1)"]) for row in rows]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert main([*command, "--weights", "attribute 0"]) == 2
    says = f"--weights must be 'attribute 1', as in the training of {path}"
    assert f"{says}; got 'attribute 0'" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="not used: edge_attributes"):
        ones = ndp.load_dataset(weighted)
    ndp.DiffPoolClassifier(**SMALL).fit(ones).save(path)
    assert main([*command, "--weights", "attribute 0"]) == 2
    assert "--weights must be left out" in capsys.readouterr().err


def test_a_run_tells_its_edge_weights(weighted, tmp_path):
    folder = tmp_path / "run"
    options = ["--hidden", "2", "--epochs", "1", "--out", str(folder)]
    command = ["train", str(weighted), "--weights", "attribute 1", *options]
    assert main(command) == 0
    config = json.loads((folder / "config.json").read_text())
    assert config["data"]["weights"] == "attribute 1"
    assert "edge weights: attribute 1" in (folder / "report.html").read_text()


def test_predict_does_not_read_labels(tmp_path, capsys):
    mutag = ndp.load_dataset("MUTAG")[:20]
    targets = np.linspace(0, 1, 20)
    path = tmp_path / "model.npz"
    options = {**SMALL, "clusters": ()}
    ndp.DiffPoolRegressor(**options).fit(mutag, targets).save(path)
    labels = "0.25\n-1e3\nnone\n"
    parts = {"node_labels": "0\n1\n2\n0\n1\n2\n", "graph_labels": labels}
    folder = write_folder(tmp_path, **parts)
    assert main(["predict", str(path), str(folder)]) == 0
    out = capsys.readouterr()
    assert len(out.out.splitlines()) == 1 + 3  # the third graph has no nodes
    with pytest.raises(ValueError, match="0.25' is not"):
        ndp.load_dataset(folder, require_labels=False)


def test_the_error_for_missing_node_labels_names_the_columns_of_the_model(tmp_path):
    folder = write_folder(tmp_path)
    names = ndp.load_dataset("MUTAG").feature_names
    says = r"the model was trained on node labels \(label=0, \.\.\.\), which TINY lacks"
    with pytest.raises(ValueError, match=says):
        ndp.datasets.load_dataset_like(folder, names)


@pytest.mark.parametrize("command", ["train", "cv"])
def test_training_needs_labels_and_names_no_argument_of_python(
    command, tmp_path, capsys
):
    folder = write_folder(tmp_path, graph_labels=None)
    assert main([command, str(folder)]) == 2
    error = capsys.readouterr().err
    assert (
        "graph_labels.txt: the file is missing; training needs one label per" in error
    )
    assert "require_labels" not in error


def test_a_data_set_may_be_named_in_lower_case(tmp_path):
    command = ["train", "mutag", "--epochs", "1", "--hidden", "2"]
    assert main([*command, "--out", str(tmp_path / "run")]) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["data"]["name"] == "MUTAG"


@pytest.mark.parametrize("n_full", [1, 6])
def test_train_reports_on_test_graphs_without_nodes(tmp_path, n_full, capsys):
    ids = [f"{g + 1}\n" * 2 for g in range(n_full)]
    parts = {"A": "1, 2\n2, 1\n", "graph_indicator": "".join(ids)}
    folder = write_folder(tmp_path, **parts, graph_labels="0\n1\n" * 10)
    command = ["train", str(folder), "--epochs", "1", "--hidden", "2"]
    assert main([*command, "--clusters", "2", "--out", str(tmp_path / "run")]) == 0
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("npdiffpool: warning: ")
    assert f"{20 - n_full} of 20 graphs have no nodes" in first
    report = (tmp_path / "run" / "report.html").read_text()
    assert ("No test graph has nodes" in report) == (n_full == 1)


def test_a_hint_in_a_warning_names_the_option(weighted, tmp_path, capsys):
    options = ["--hidden", "2", "--epochs", "1", "--out", str(tmp_path / "run")]
    assert main(["train", str(weighted), *options]) == 0
    hint = '; --weights "attribute 0" would use a column of edge_attributes.txt'
    assert hint in capsys.readouterr().err


def test_workers_do_not_repeat_the_warning_about_a_data_set(weighted):
    source, split = Source(str(weighted)), Split([0, 1, 2, 3], [4, 5], [6, 7])
    with pytest.warns(UserWarning, match="not used: edge_attributes.txt"):
        graphs, labels = load_labelled(source, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_source.cache_clear()  # as in another process
        expected = version("npdiffpool"), digest_graphs(graphs)
        model = ndp.DiffPoolClassifier(**SMALL)
        run_job(model, source, labels, split, expected)


def test_a_data_set_without_labels_cannot_be_evaluated(tmp_path):
    folder = write_folder(tmp_path, graph_labels=None)
    dataset = ndp.load_dataset(folder, require_labels=False)
    with pytest.raises(ValueError, match="labels must be given, or stored in every gr"):
        cross_validate(ndp.DiffPoolClassifier(**SMALL), dataset)
