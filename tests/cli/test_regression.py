"""Regression from files: train, resume, cv, predict and report with --target."""

import csv
import io
import json
import shutil
from html import escape

import numpy as np
import pytest
from matplotlib.figure import Figure
from viz_drawings import find

import npdiffpool as ndp
from npdiffpool.cli.main import main
from npdiffpool.datasets import write_tu
from npdiffpool.evaluation.jobs import Source
from npdiffpool.evaluation.protocols import cross_validate
from npdiffpool.runs import train as runs
from npdiffpool.runs.snapshot_file import read_snapshots
from npdiffpool.viz import plot_history, write_report

pytestmark = pytest.mark.filterwarnings("ignore:the training was never better")
OPTIONS = ["--hidden", "2", "--epochs", "2", "--clusters", "2"]
ALL = ["--target", "attributes", *OPTIONS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of 40 molecules with the targets 1000 rings and atoms."""
    mutag = ndp.load_dataset("MUTAG")[:40]
    rings = [1000.0 * (graph.n_edges - graph.n_nodes + 1) for graph in mutag]
    atoms = [float(graph.n_nodes) for graph in mutag]
    targets = np.stack([rings, atoms], axis=1)
    return write_tu(mutag, tmp_path_factory.mktemp("data") / "RINGS", targets)


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "all"
    assert main(["train", str(folder), *ALL, "--out", str(out)]) == 0
    return out


def test_a_run_has_the_scores_of_each_target(run, folder):
    config = json.loads((run / "config.json").read_text())
    results, data = config["results"], ndp.load_dataset(folder, target="attributes")
    test, model = data[config["split"]["test"]], ndp.load_model(run / "model.npz")
    assert isinstance(model, ndp.DiffPoolRegressor)
    assert [row["name"] for row in results["targets"]] == ["attribute 0", "attribute 1"]
    errors = np.abs(model.predict(test) - test.labels).mean(axis=0)
    found = [row["mean_absolute_error"] for row in results["targets"]]
    np.testing.assert_allclose(found, errors, rtol=1e-5)
    assert results["test_r2"] == pytest.approx(model.score(test), rel=1e-4)
    means = data[config["split"]["train"]].labels.mean(axis=0)
    expected = np.abs(test.labels - means).mean(axis=0)
    of_mean = [row["mean_absolute_error_of_mean"] for row in results["targets"]]
    np.testing.assert_allclose(of_mean, expected)
    assert results["true"] == test.labels.tolist()


def test_the_printed_scores_are_those_of_the_run(folder, run, tmp_path, capsys):
    main(["train", str(folder), *ALL, "--out", str(tmp_path / "run")])
    printed = capsys.readouterr().out
    results = json.loads((run / "config.json").read_text())["results"]
    assert "40 graphs, targets attribute 0, attribute 1, " in printed
    assert "split, seed 0: 32 train, 4 validation, 4 test" in printed
    first = results["targets"][0]
    assert f"  attribute 0: R^2 {first['r2']:.3f}, mean absolute error " in printed
    assert f"test R^2 {results['test_r2']:.3f} (4 graphs, the mean over 2" in printed


def test_a_resumed_regression_gives_the_same_bytes(folder, run, tmp_path, monkeypatch):
    out, original = tmp_path / "again", runs.Saver.__call__

    def stop(saver, state):
        original(saver, state)
        raise KeyboardInterrupt

    command = ["train", str(folder), *ALL, "--out", str(out)]
    with monkeypatch.context() as patch:
        patch.setattr(runs.Saver, "__call__", stop)
        assert main(command) == 130
    assert main([*command, "--resume"]) == 0
    for name in ("model.npz", "history.csv", "config.json", "snapshots.npz"):
        assert (out / name).read_bytes() == (run / name).read_bytes(), name


def test_predict_writes_a_column_for_each_target(run, folder, capsys):
    capsys.readouterr()
    assert main(["predict", str(run), str(folder)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    names = ["predicted attribute 0", "predicted attribute 1"]
    found = [[float(row[name]) for name in names] for row in rows]
    data = ndp.load_dataset(folder, target="attributes")
    expected = ndp.load_model(run / "model.npz").predict(data)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_columns_of_a_model_without_names_of_targets_are_numbered(
    folder, tmp_path, capsys
):
    data = ndp.load_dataset(folder, target="attributes")
    model = ndp.DiffPoolRegressor(hidden=2, epochs=1, clusters=(2,))
    model.fit(data.graphs, data.labels).save(tmp_path / "model.npz")
    assert main(["predict", str(tmp_path / "model.npz"), str(folder)]) == 0
    heading = capsys.readouterr().out.partition("\n")[0]
    assert heading == "graph,predicted 0,predicted 1"


def test_targets_in_another_order_are_columns_in_that_order(folder, tmp_path, capsys):
    out = ["--out", str(tmp_path / "run"), *OPTIONS]
    target = ["--target", "attribute 1,attribute 0"]
    assert main(["train", str(folder), *target, *out]) == 0
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "run"), str(folder)]) == 0
    heading = capsys.readouterr().out.partition("\n")[0]
    assert heading == "graph,predicted attribute 1,predicted attribute 0"


def test_cv_reports_r_squared(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folds = ["--target", "attribute 1", "--folds", "2", "--runs", "1"]
    assert main(["cv", str(folder), *folds, *OPTIONS]) == 0
    model = ndp.DiffPoolRegressor(hidden=2, epochs=2, clusters=(2,))
    source = Source(str(folder), target="attribute 1")
    result = cross_validate(model, source, folds=2, runs=1)
    printed = capsys.readouterr().out
    assert f"test R^2 {result.score:.3f} ± {result.spread:.3f}, mean" in printed
    row = result.folds[0]
    assert row["validation"] == 1 - row["runs"][0]["validation_loss"]
    assert f"   0  {row['validation']:>9.3f}  {row['test']:>7.3f}" in printed
    assert "majority" not in printed


@pytest.mark.parametrize(
    "options, says",
    [
        (["--target", "homo"], 'target must be "attribute 0", several such names'),
        (["--target", "attribute 2"], "target must be 'attribute 0' to 'attribute 1'"),
        ([*ALL, "--class-weight", "balanced"], "--class-weight must be left out with"),
        ([], 'for regression use --target "attribute 0"'),
    ],
)
def test_wrong_targets_are_one_line_before_any_work(
    folder, tmp_path, capsys, options, says
):
    for command in ("train", "cv"):
        out = ["--out", str(tmp_path / command)]
        assert main([command, str(folder), *options, *out]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert says in line
        assert not list(tmp_path.glob(f"{command}/*.npz"))


def report_of(run):
    return write_report(run).read_text(encoding="utf-8")


def test_the_report_shows_each_target(run):
    text = report_of(run)
    results = json.loads((run / "config.json").read_text())["results"]
    assert f"Test R^2 <strong>{results['test_r2']:.3f}</strong> (4 graphs, the" in text
    assert "40 graphs, targets attribute 0, attribute 1, " in text
    assert (
        "true and predicted targets" in text
        and "confusion" not in text.split("</style>")[1]
    )
    for row in results["targets"]:
        cells = [
            row["r2"],
            row["mean_absolute_error"],
            row["mean_absolute_error_of_mean"],
        ]
        table = "".join(f"<td>{cell:.4g}</td>" for cell in cells)
        assert f"<tr><th scope=row>{row['name']}</th>{table}</tr>" in text
    assert text.count('class="point"') == 2 * results["test_graphs"]
    assert "Validation error of each target" in text


def test_the_explorer_shows_targets_and_predictions(run):
    text = report_of(run)
    data = json.loads(text.split('type="application/json">')[1].split("</script>")[0])
    snapshots = read_snapshots(run / "snapshots.npz")
    shown, graph = data["graphs"][0], snapshots.graphs[0]
    (rings, atoms), last = graph.target, graph.predicted[-1]
    assert shown["truth"] == f"targets {rings:.4g}, {atoms:.4g}"
    told = f"Predicted attribute 0 {last[0]:.4g} (true: {rings:.4g}), attribute 1 "
    told += f"{last[1]:.4g} (true: {atoms:.4g})."
    assert shown["frames"][-1]["outcome"] == told


@pytest.mark.parametrize(
    "change",
    [
        {"true": []},
        {"predicted": [[1.0]] * 4},
        {"predicted": [["x", 1.0]] * 4},
        {"targets": []},
        {"targets": [{"name": "a"}, {"name": "b"}]},
        {"test_r2": None},
    ],
)
def test_a_report_of_damaged_results_is_one_error(run, tmp_path, change):
    copy = shutil.copytree(run, tmp_path / "run")
    config = json.loads((copy / "config.json").read_text())
    config["results"] |= change
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "report.html").unlink()
    with pytest.raises(ValueError, match="config.json: a value that the report needs"):
        write_report(copy)
    assert not (copy / "report.html").exists()


def test_no_name_of_a_target_can_inject_html(run, tmp_path):
    copy, evil = shutil.copytree(run, tmp_path / "run"), "<img src=x>&\"'"
    config = json.loads((copy / "config.json").read_text())
    for row in config["results"]["targets"]:
        row["name"] = evil
    (copy / "config.json").write_text(json.dumps(config))
    text = report_of(copy)
    assert "<img" not in text and text.count(escape(evil)) > 4


def test_the_history_of_a_regressor_shows_the_error_of_each_target(run):
    losses, errors = plot_history(
        ndp.load_model(run / "model.npz"), Figure().subplots(1, 2)
    )
    names = [text.get_text() for text in errors.get_legend().get_texts()]
    of_each = ["validation, attribute 0", "validation, attribute 1"]
    assert names[:4] == ["train", "validation", *of_each]
    assert "variance" in errors.get_ylabel()
    history = ndp.load_model(run / "model.npz").history_
    drawn = find(errors, "validation_loss_1")[0].get_ydata()
    assert drawn.tolist() == [row["validation_loss_1"] for row in history]
