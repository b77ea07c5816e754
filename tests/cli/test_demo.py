"""npdiffpool demo: both models on the same split, and clusters beside the truth."""

import json
import re

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.cli import demo
from npdiffpool.cli.main import main
from npdiffpool.datasets import hierarchical_sbm
from npdiffpool.estimators.baselines import count_parameters
from npdiffpool.runs import train as runs

pytestmark = pytest.mark.filterwarnings("ignore:the training was never better")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(demo, "N_GRAPHS", 60)


def test_it_writes_a_run_and_compares_two_models_of_equal_size(small, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["demo", "--epochs", "1", "--out", str(run)]) == 0
    output = capsys.readouterr().out
    assert {"config.json", "model.npz", "report.html"} <= {
        p.name for p in run.iterdir()
    }
    (pooled, size), (flat, other) = (
        re.search(rf"{name} +(\d+\.\d)% +([\d,]+)", output).groups()
        for name in ("DiffPool", "flat GNN")
    )
    results = json.loads((run / "config.json").read_text())["results"]
    assert f"{results['test_accuracy']:.1%}" == f"{pooled}%"
    sizes = [int(text.replace(",", "")) for text in (size, other)]
    assert sizes[0] == count_parameters(ndp.load_model(run / "model.npz").config_)
    assert abs(sizes[1] - sizes[0]) < 0.05 * sizes[0]
    assert "always one class" in output and "npdiffpool train MUTAG" in output


def test_its_shares_are_those_of_the_planted_hierarchy(small, tmp_path, capsys):
    run = tmp_path / "run"
    main(["demo", "--epochs", "1", "--out", str(run)])
    first, second = map(
        int, re.findall(r"level \d, [^:]*: (\d+)%", capsys.readouterr().out)
    )
    test = json.loads((run / "config.json").read_text())["split"]["test"]
    clf = ndp.load_model(run / "model.npz")
    drawn = hierarchical_sbm(60, seed=demo.GRAPHS_SEED)
    right = np.zeros((len(test), 2))
    for row, i in zip(right, test):
        S, S_next = clf.assignments(drawn.dataset[i])
        below = S.argmax(axis=1)
        for level, (clusters, truth) in enumerate(
            [
                (below, drawn.communities[i]),
                (S_next.argmax(axis=1)[below], drawn.groups[i]),
            ]
        ):
            parts = [truth[clusters == k] for k in np.unique(clusters)]
            row[level] = sum(np.bincount(part).max() for part in parts) / len(truth)
    expected = np.round(100 * right.mean(axis=0))
    assert np.all(np.abs(expected - [first, second]) <= 1)


def test_the_purity_of_a_clustering():
    truth = np.array([0, 0, 0, 1, 1, 1])
    assert demo._purity(np.array([2, 2, 2, 5, 5, 5]), truth) == 1
    assert demo._purity(np.zeros(6, int), truth) == 0.5
    assert demo._purity(np.array([0, 0, 1, 1, 1, 1]), truth) == 5 / 6


@pytest.mark.parametrize("option", [["--epochs", "0"], ["--seed", "-1"]])
def test_wrong_options_are_one_line_before_any_work(option, tmp_path, capsys):
    assert main(["demo", *option, "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_with_files_is_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("keep")
    assert main(["demo", "--out", str(tmp_path)]) == 2
    assert "--out must be a new or empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_interrupted_demonstration_resumes(small, tmp_path, monkeypatch, capsys):
    original, run = runs.Saver.__call__, tmp_path / "run"

    def stop(saver, state):
        original(saver, state)
        raise KeyboardInterrupt

    command = ["demo", "--epochs", "2", "--out", str(run)]
    with monkeypatch.context() as patch:
        patch.setattr(runs.Saver, "__call__", stop)
        assert main(command) == 130
    assert f"--resume --out {run}" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert "resuming after epoch 1 of 2" in capsys.readouterr().out
