"""Regression from files: train, resume, cv, predict and report with --target."""

import csv
import io
import json

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.cli.main import main
from npdiffpool.datasets import write_tu
from npdiffpool.evaluation.jobs import Source
from npdiffpool.evaluation.protocols import cross_validate
from npdiffpool.runs import train as runs

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
    found = [[float(row["predicted 0"]), float(row["predicted 1"])] for row in rows]
    data = ndp.load_dataset(folder, target="attributes")
    expected = ndp.load_model(run / "model.npz").predict(data)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


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
    assert f"   0  {row['validation']:>9.3f}  {row['test']:>7.3f}" in printed
    assert "majority" not in printed


@pytest.mark.parametrize(
    "options, says",
    [
        (["--target", "homo"], 'target must be "attribute 0", several such names'),
        (["--target", "attribute 2"], "target must be 'attribute 0' to 'attribute 1'"),
        ([*ALL, "--class-weight", "balanced"], "--class-weight must be left out with"),
        ([], 'for regression use target="attribute 0"'),
    ],
)
def test_wrong_targets_are_one_line_before_any_work(
    folder, tmp_path, capsys, options, says
):
    for command in ("train", "cv"):
        out = ["--out", str(tmp_path / command)]
        assert main([command, str(folder), *options, *out]) == 2
        (line,) = capsys.readouterr().err.splitlines()[-1:]
        assert says in line
        assert not list(tmp_path.glob(f"{command}/*.npz"))
