"""Every command with every kind of model and file, as a table."""

import csv
import io
import json
import shutil
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.cli.main import main
from npdiffpool.datasets import from_networkx, write_tu

OLD = Path(__file__).parents[1] / "files"
MUTAG = ndp.load_dataset("MUTAG")[:24]
SMALL = {"hidden": 3, "n_layers": 1, "classifier_hidden": 0, "epochs": 1}
REGRESSOR = ndp.DiffPoolRegressor
KINDS = {
    "classifier": (ndp.DiffPoolClassifier, {}),
    "two levels": (ndp.DiffPoolClassifier, {"clusters": (0.5, 2)}),
    "flat": (ndp.DiffPoolClassifier, {"clusters": ()}),
    "structure-free": (ndp.DiffPoolClassifier, {"clusters": (), "gnn": "mlp"}),
    "graclus": (ndp.DiffPoolClassifier, {"assignment": "graclus"}),
    "random": (ndp.DiffPoolClassifier, {"assignment": "random"}),
    "uniform": (ndp.DiffPoolClassifier, {"assignment": "uniform"}),
    "hard": (ndp.DiffPoolClassifier, {"assignment": "hard"}),
    "set2set": (ndp.DiffPoolClassifier, {"clusters": (), "readout": "set2set"}),
    "sortpool": (ndp.DiffPoolClassifier, {"clusters": (), "readout": "sortpool"}),
    "s2v": (ndp.DiffPoolClassifier, {"gnn": "s2v"}),
    "words as classes": (ndp.DiffPoolClassifier, {}),
    "regressor": (REGRESSOR, {}),
    "flat regressor": (REGRESSOR, {"clusters": ()}),
}
OF_LISTS = ("classifier", "graclus", "regressor")  # also fitted on a list of graphs
OLDER = sorted(path.name for path in OLD.glob("*-*.npz"))


def labels_of(kind):
    if KINDS[kind][0] is REGRESSOR:
        return np.linspace(-3.5, 1e4, len(MUTAG))
    return np.where(MUTAG.labels > 0, "yes", "no") if "words" in kind else MUTAG.labels


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a folder with a model of each kind, and three fitted on a list."""
    folder = tmp_path_factory.mktemp("models")
    for kind, (make, changes) in KINDS.items():
        model = make(**{**SMALL, **changes})
        model.fit(MUTAG, labels_of(kind)).save(folder / f"{kind}.npz")
        if kind in OF_LISTS:
            model.fit(MUTAG.graphs, labels_of(kind)).save(folder / f"{kind} list.npz")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder of one epoch."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    words = ["train", "--epochs", "1", "--hidden", "3", "--out", str(folder)]
    assert main(words) == 0
    return folder


def outcome(words, capsys):
    """Run a command; return its status and the lines of standard output and error.

    `main` reports what it expects as a status; any other exception fails the test.
    """
    capsys.readouterr()
    try:
        status = main([str(word) for word in words])
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err and "Errno" not in printed.err
    return status, printed.out, printed.err.splitlines()


@pytest.mark.parametrize("name", [*KINDS, *(f"{kind} list" for kind in OF_LISTS)])
def test_predict_writes_the_predictions_of_every_kind_of_model(models, name, capsys):
    path = models / f"{name}.npz"
    status, output, errors = outcome(["predict", path, "MUTAG"], capsys)
    assert status == 0
    assert len(errors) == name.endswith("list")
    rows = list(csv.DictReader(io.StringIO(output)))
    assert [row["graph"] for row in rows] == [str(i) for i in range(188)]
    model, graphs = ndp.load_model(path), ndp.load_dataset("MUTAG").graphs
    predicted = model.predict(graphs)
    if isinstance(model, REGRESSOR):
        assert set(rows[0]) == {"graph", "predicted"}
        found = [float(row["predicted"]) for row in rows]
        np.testing.assert_allclose(found, predicted, rtol=1e-8)  # nine digits
        return
    assert [row["predicted"] for row in rows] == [str(label) for label in predicted]
    columns = [f"p({name})" for name in model.classes_]
    found = [[float(row[column]) for column in columns] for row in rows]
    expected = model.predict_proba(graphs)
    np.testing.assert_allclose(found, expected, atol=1e-6)  # six digits


def test_a_model_of_a_list_says_that_columns_are_not_compared_by_name(models, capsys):
    path = models / "classifier list.npz"
    _, _, (line,) = outcome(["predict", path, "MUTAG"], capsys)
    assert line == (
        f"npdiffpool: {path} was fitted on a list of graphs, so the names of its "
        "feature columns are unknown and not compared with those of MUTAG"
    )


def test_predict_names_a_feature_that_files_cannot_have(tmp_path, capsys):
    named = ndp.Dataset(MUTAG.graphs, MUTAG.labels, feature_names=tuple("abcdefg"))
    path = tmp_path / "model.npz"
    ndp.DiffPoolClassifier(**SMALL).fit(named).save(path)
    status, output, (line,) = outcome(["predict", path, "MUTAG"], capsys)
    assert (status, output) == (2, "")
    assert f"{path} was trained on the feature 'a', which a data set in" in line


def test_predict_needs_the_column_of_edge_weights_of_networkx_graphs(tmp_path, capsys):
    graphs = [nx.path_graph(n) for n in (2, 3, 4)]
    for n, G in enumerate(graphs, start=2):
        nx.set_edge_attributes(G, n / 2, "weight")
    data = from_networkx(graphs, labels=[0, 1, 0])
    clf = ndp.DiffPoolClassifier(**SMALL).fit(data)
    clf.save(tmp_path / "model.npz")
    write_tu(data, tmp_path / "NEW", labels=[0, 1, 0])
    command = ["predict", tmp_path / "model.npz", tmp_path / "NEW"]
    status, _, errors = outcome(command, capsys)
    assert status == 2 and "--weights must name a column of edge" in errors[-1]
    status, output, _ = outcome([*command, "--weights", "attribute 0"], capsys)
    found = [float(row["p(0)"]) for row in csv.DictReader(io.StringIO(output))]
    expected = clf.predict_proba(data)[:, 0]
    assert status == 0
    np.testing.assert_allclose(found, expected, atol=1e-6)  # six digits


@pytest.mark.parametrize("name", OLDER)
def test_predict_with_an_older_file_says_what_does_not_fit(name, capsys):
    """They were fitted on lists of graphs with two features; MUTAG has seven."""
    status, output, (line,) = outcome(["predict", OLD / name, "MUTAG"], capsys)
    assert (status, output) == (2, "")
    if name.startswith("checkpoint"):
        assert "not a readable model file" in line
    else:
        assert f"MUTAG must have 2 feature columns, as the graphs that {OLD}" in line
        assert line.endswith("; got 7")


@pytest.mark.parametrize("name", [name for name in OLDER if name[0] in "mr"])
def test_predict_with_an_older_file_works_on_graphs_of_its_width_without_labels(
    name, tmp_path, capsys
):
    (tmp_path / "T_A.txt").write_text("1, 2\n2, 1\n3, 3\n")
    (tmp_path / "T_graph_indicator.txt").write_text("1\n1\n2\n")
    (tmp_path / "T_node_attributes.txt").write_text("0.5, 1\n0.25, 1\n0, 2\n")
    status, output, errors = outcome(["predict", OLD / name, f"{tmp_path}/"], capsys)
    assert (status, len(errors), len(output.splitlines())) == (0, 1, 3)
    heading = output.splitlines()[0]
    expected = "graph,predicted,p(path),p(ring)"
    assert heading == (expected if name[0] == "m" else "graph,predicted")


def test_predict_takes_the_folder_that_train_printed(run, capsys):
    by_folder = outcome(["predict", run, "MUTAG"], capsys)
    assert by_folder == outcome(["predict", run / "model.npz", "MUTAG"], capsys)
    assert by_folder[0] == 0 and by_folder[2] == []


# Commands that are given something else than what they take.
WRONG = {
    "predict MODELS MUTAG": "the folder has no model.npz",
    "predict RUN/checkpoint.npz MUTAG": "not a readable model file",
    "predict RUN/snapshots.npz MUTAG": "not a readable model file",
    "predict RUN/config.json MUTAG": "not a readable model file",
    "predict RUN/figures MUTAG": "the folder has no model.npz",
    "predict RUN nowhere/at/all": "nowhere/at/all",
    "predict RUN RUN": "RUN",
    "report RUN/model.npz": "is not a run folder",
    "report RUN/checkpoint.npz": "is not a run folder",
    "report MODELS": "is not a run folder",
    "report MODELS/regressor.npz": "is not a run folder",
    "train MUTAG --resume --out MODELS": "--out must be a run folder, or",
    "train MUTAG --out RUN": "has a run: use --resume",
    "train MUTAG --resume --out RUN": "started with different settings",
    "train MUTAG --resume --out RUN/model.npz": "model.npz is not a folder",
    "cv MUTAG --out RUN": "must be new, empty or of an evaluation",
    "cv MUTAG --out RUN/model.npz": "model.npz is not a folder",
    "cv MUTAG --splits RUN/config.json": "config.json must be JSON",
    "cv MUTAG --splits RUN": "must be JSON",
    "cv MUTAG --grid RUN/model.npz": "model.npz must be JSON",
    "cv MUTAG --grid RUN": "must be JSON",
    "verify RUN/model.npz": "the layer must be MODULE:FUNCTION",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_command_with_another_kind_of_file_is_one_line_and_status_2(
    line, run, models, capsys
):
    places = {"RUN": str(run), "MODELS": str(models)}
    words = line.split()
    for name, place in places.items():
        words = [word.replace(name, place) for word in words]
    status, output, (error,) = outcome(words, capsys)
    assert (status, output) == (2, "") or line.startswith("train") and status == 2
    says = WRONG[line]
    assert places.get(says, says) in error


def test_the_report_of_a_run_does_not_depend_on_its_model_file(
    run, models, tmp_path, capsys
):
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    shutil.copy(models / "regressor.npz", copied / "model.npz")
    expected = (run / "report.html").read_bytes()
    assert outcome(["report", copied], capsys)[0] == 0
    assert (copied / "report.html").read_bytes() == expected
    assert json.loads((copied / "config.json").read_text())["clusters"] == [5]
