"""report_model writes a run folder of a model that was fitted in Python."""

import json
import re

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.cli.main import main
from npdiffpool.runs import results
from npdiffpool.viz import report_model

pytestmark = pytest.mark.filterwarnings("ignore:the training was never better")
SMALL = {"hidden": 4, "n_layers": 1, "clusters": (2,), "epochs": 2}


@pytest.fixture(autouse=True)
def no_pictures(request, monkeypatch):
    """Save no pictures, the slowest part, but in the test that reads them."""
    if request.node.name != "test_graphs_in_a_list_need_nothing_more":
        monkeypatch.setattr(
            "npdiffpool.viz.report.of_model.save_figures", lambda *a: []
        )


@pytest.fixture(scope="module")
def graphs():
    """Return triangles and paths with labels of their own, in a list."""
    ring = [(0, 1), (1, 2), (2, 0)]
    kinds = {"ring": ring, "path": ring[:2]}
    return [
        ndp.Graph.from_edges(edges, 3 + i % 2, "degree", label=name)
        for i in range(6)
        for name, edges in kinds.items()
    ]


def test_graphs_in_a_list_need_nothing_more(graphs, tmp_path, capsys):
    clf = ndp.DiffPoolClassifier(**SMALL).fit(graphs[:8])
    path = report_model(clf, graphs[8:], folder=tmp_path / "new" / "report")
    text, results = (
        path.read_text(encoding="utf-8"),
        json.loads((path.parent / "config.json").read_text())["results"],
    )
    assert results["test_accuracy"] == clf.score(graphs[8:])
    assert results["test_graphs"] == 4 and results["validation_accuracy"] is None
    assert "The model has the parameters of epoch 2.<" in text
    assert "4 test graphs, 2 classes, 3.5 nodes" in text and "65 features" in text
    figures = {figure.name for figure in (path.parent / "figures").iterdir()}
    assert figures == {"hierarchy.png", "history.png"}
    first = path.read_bytes()
    assert main(["report", str(path.parent)]) == 0
    assert path.read_bytes() == first
    again = ndp.load_model(path.parent / "model.npz")
    np.testing.assert_array_equal(again.predict(graphs), clf.predict(graphs))


def test_a_later_report_replaces_it(graphs, tmp_path):
    clf = ndp.DiffPoolClassifier(**SMALL).fit(graphs)
    report_model(clf, graphs, folder=tmp_path)
    labels = ["ring"] * 12
    report_model(clf, graphs, labels, tmp_path)
    results = json.loads((tmp_path / "config.json").read_text())["results"]
    assert results["majority_test_accuracy"] == 1


@pytest.mark.parametrize("validated", [(False, True), (True, False)])
def test_epochs_with_and_without_a_validation_set_have_one_table(
    graphs, tmp_path, validated
):
    clf = ndp.DiffPoolClassifier(**SMALL, warm_start=True)
    for has_validation in validated:
        clf.fit(graphs, validation=(graphs[:4], None) if has_validation else None)
    report_model(clf, graphs, folder=tmp_path)
    first, *rows = (tmp_path / "history.csv").read_text().splitlines()
    assert first.endswith("train_accuracy,validation_loss,validation_accuracy")
    expected = [not has_validation for has_validation in validated for _ in range(2)]
    assert [row.endswith(",,") for row in rows] == expected


def test_a_data_set_keeps_its_names(tmp_path):
    mutag = ndp.load_dataset("MUTAG")[:30]
    clf = ndp.DiffPoolClassifier(**SMALL).fit(mutag, validation=(mutag, None))
    text = report_model(clf, mutag, folder=tmp_path).read_text(encoding="utf-8")
    assert "DiffPool on MUTAG" in text and "label=0" in text
    assert "with the best accuracy on the validation graphs" in text


def test_the_score_that_chose_the_epoch_is_named(graphs, tmp_path):
    clf = ndp.DiffPoolClassifier(**SMALL, monitor="loss")
    clf.fit(graphs[:8], validation=(graphs[8:], None))
    text = report_model(clf, graphs[8:], folder=tmp_path).read_text(encoding="utf-8")
    accuracy = clf.history_[clf.best_epoch_ - 1]["validation_accuracy"]
    shown = f"with the best loss on the validation graphs (accuracy {accuracy:.1%})"
    assert shown in text


def test_test_graphs_are_not_presented_as_the_data_set(graphs, tmp_path):
    clf = ndp.DiffPoolClassifier(**SMALL).fit(graphs)
    rings = [graph for graph in graphs if graph.label == "ring"]
    text = report_model(clf, rings, folder=tmp_path).read_text(encoding="utf-8")
    assert "6 test graphs, 2 classes" in text


def test_the_line_of_each_of_many_targets_has_a_style(graphs, tmp_path):
    targets = np.arange(72.0).reshape(12, 6)
    model = ndp.DiffPoolRegressor(**SMALL)
    model.fit(graphs, targets, validation=(graphs, targets))
    text = report_model(model, graphs, targets, tmp_path).read_text(encoding="utf-8")
    charts = re.findall("<figcaption>Validation error of each.*?</figure>", text)
    lines = [re.findall(r'class="line (line\d+)"', chart) for chart in charts]
    assert [len(found) for found in lines] == [4, 2]
    for style in {name for found in lines for name in found}:
        assert f"svg .{style} {{ stroke: " in text


def test_numpy_numbers_as_parameters_are_written(graphs, tmp_path):
    options = {**SMALL, "hidden": np.int64(4), "clusters": (np.int64(2),)}
    weights = {"ring": np.float64(1), "path": 2}
    clf = ndp.DiffPoolClassifier(**options, class_weight=weights).fit(graphs)
    report_model(clf, graphs, folder=tmp_path)
    parameters = json.loads((tmp_path / "config.json").read_text())["parameters"]
    assert parameters["hidden"] == 4 and parameters["clusters"] == [2]
    text = report_model(clf, graphs, folder=tmp_path).read_text(encoding="utf-8")
    assert "% of graphs, training weighted by class" in text


@pytest.mark.parametrize("n_targets", [0, 1, 2])
def test_targets_of_a_regressor_are_named(graphs, tmp_path, n_targets):
    targets = np.arange(24.0).reshape(12, 2)[:, : max(n_targets, 1)]
    targets = targets if n_targets else targets[:, 0]
    model = ndp.DiffPoolRegressor(**SMALL).fit(graphs, targets)
    report_model(model, graphs, targets, tmp_path)
    results = json.loads((tmp_path / "config.json").read_text())["results"]
    names = [row["name"] for row in results["targets"]]
    assert names == (["target 0", "target 1"] if n_targets == 2 else ["target"])
    assert results["test_r2"] == pytest.approx(model.score(graphs, targets))
    assert np.shape(results["predicted"]) == (12, max(n_targets, 1))


def test_targets_have_their_names_in_training_or_those_of_the_tested_labels(
    graphs, tmp_path
):
    labels = np.arange(24.0).reshape(12, 2)
    data = ndp.Dataset(graphs, labels, targets=("a", "b"))
    named, bare = (
        ndp.DiffPoolRegressor(**SMALL).fit(*arguments)
        for arguments in ((data,), (graphs, labels))
    )
    cases = [(named, graphs, labels, "ab"), (bare, data, None, "ab")]
    cases += [(bare, data, -labels, ["target 0", "target 1"])]
    for model, *arguments, names in cases:
        report_model(model, *arguments, tmp_path)
        results = json.loads((tmp_path / "config.json").read_text())["results"]
        assert [row["name"] for row in results["targets"]] == list(names)


def test_a_folder_with_other_files_is_refused_and_kept(graphs, tmp_path):
    clf = ndp.DiffPoolClassifier(**SMALL).fit(graphs)
    (tmp_path / "notes.txt").write_text("keep")
    with pytest.raises(ValueError, match="folder must be a new or empty folder"):
        report_model(clf, graphs, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_run_folder_of_a_training_is_refused(graphs, tmp_path):
    clf = ndp.DiffPoolClassifier(**SMALL).fit(graphs)
    options = ["--epochs", "1", "--hidden", "2", "--out", str(tmp_path / "run")]
    assert main(["train", "MUTAG", *options]) == 0
    with pytest.raises(ValueError, match="folder must be a new or empty folder"):
        report_model(clf, graphs, folder=tmp_path / "run")


def test_folders_that_only_look_like_a_report_are_refused_and_kept(graphs, tmp_path):
    clf = ndp.DiffPoolClassifier(**SMALL).fit(graphs)
    foreign = {"config.json": '{"mine": 1}', "model.npz": "precious"}
    trained, own = {"config.json": '{"split": {"train": [0]}}'}, '{"split": {}}'
    for number, files in enumerate((foreign, trained, {"config.json": own, "x": ""})):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        with pytest.raises(ValueError, match="folder must be a new or empty folder"):
            report_model(clf, graphs, folder=folder)
        assert {p.name: p.read_text() for p in folder.iterdir()} == files


def test_classes_that_are_given_replace_the_targets_of_a_data_set(graphs, tmp_path):
    data = ndp.Dataset(graphs, np.arange(12.0), targets=("a",))
    labels = ["ring", "path"] * 6
    clf = ndp.DiffPoolClassifier(**SMALL).fit(data, labels)
    text = report_model(clf, data, labels, tmp_path).read_text(encoding="utf-8")
    assert "12 test graphs, 2 classes" in text


def test_of_many_test_graphs_some_are_drawn_and_the_page_says_so(
    graphs, tmp_path, monkeypatch
):
    monkeypatch.setattr(results, "SHOWN", 5)
    model = ndp.DiffPoolRegressor(**SMALL).fit(graphs, np.arange(12.0))
    path = report_model(model, graphs, np.arange(12.0), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "Drawn are 5 of 12 test graphs" in text and text.count('class="point"') == 5
