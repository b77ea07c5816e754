"""The command line: what it prints, what it writes, how it fails."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool._support.progress import coloured
from npdiffpool.cli.main import ACTIONS, main
from npdiffpool.cli.parser import COMMANDS, build_parser

QUICK = ["--epochs", "2", "--hidden", "8"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of two epochs on MUTAG: its folder."""
    folder = tmp_path_factory.mktemp("runs") / "mutag"
    assert main(["train", *QUICK, "--out", str(folder)]) == 0
    return folder


def fails(arguments, capsys):
    """Run what must fail; return its one line on standard error."""
    try:
        status = main(arguments)
    except SystemExit as stop:  # of argparse
        status = stop.code
    error = capsys.readouterr().err
    assert status == 2
    assert error.count("\n") == 1
    return error


def test_train_prints_the_split_and_the_test_accuracy(tmp_path, capsys):
    assert main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr()
    assert "MUTAG: 188 graphs, 2 classes" in printed.out
    assert "150 train, 19 validation, 19 test" in printed.out
    assert "always the majority class (1): 68.4%" in printed.out
    assert f"run folder: {tmp_path / 'run'}" in printed.out
    assert "epoch    2/2" in printed.err


def test_the_run_folder_holds_what_was_promised(run):
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    figures = {"figures/hierarchy.png", "figures/history.png", "report.html"}
    arrays = {"model.npz", "snapshots.npz", "checkpoint.npz"}
    assert names == {"config.json", "history.csv"} | arrays | figures


def test_the_saved_model_gives_the_test_accuracy_that_was_printed(run):
    config = json.loads((run / "config.json").read_text())
    test = ndp.load_dataset("MUTAG")[np.array(config["split"]["test"])]
    clf = ndp.load_model(run / "model.npz")
    assert clf.score(test, test.labels) == config["results"]["test_accuracy"]


def test_the_split_holds_each_graph_once(run):
    split = json.loads((run / "config.json").read_text())["split"]
    assert sorted(sum(split.values(), [])) == list(range(188))


def test_the_history_file_has_a_row_an_epoch(run):
    rows = list(csv.DictReader(io.StringIO((run / "history.csv").read_text())))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "train_accuracy", "validation_accuracy"} <= set(rows[0])


def test_runs_of_one_seed_are_the_same_bytes(run, tmp_path):
    assert main(["train", *QUICK, "--out", str(tmp_path / "again")]) == 0
    arrays = ("model.npz", "snapshots.npz", "checkpoint.npz")
    for name in ("config.json", "history.csv", "report.html", *arrays):
        assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_predict_writes_csv_with_probabilities_that_add_up(run, capsys):
    assert main(["predict", str(run / "model.npz"), "MUTAG"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 188
    sums = [float(row["p(-1)"]) + float(row["p(1)"]) for row in rows]
    np.testing.assert_allclose(sums, 1, atol=1.1e-6)  # six digits are printed
    clf, mutag = ndp.load_model(run / "model.npz"), ndp.load_dataset("MUTAG")
    assert [int(row["predicted"]) for row in rows] == clf.predict(mutag.graphs).tolist()


def test_predict_matches_columns_by_name_not_by_place(run, tmp_path, capsys):
    few = tmp_path / "FEW"  # one molecule of carbon and oxygen alone
    few.mkdir()
    (few / "FEW_A.txt").write_text("1, 2\n2, 1\n2, 3\n3, 2\n")
    (few / "FEW_graph_indicator.txt").write_text("1\n1\n1\n")
    (few / "FEW_graph_labels.txt").write_text("1\n")
    (few / "FEW_node_labels.txt").write_text("0\n0\n2\n")
    assert main(["predict", str(run / "model.npz"), str(few)]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    features = np.eye(7)[[0, 0, 2]]
    graph = ndp.Graph.from_edges([(0, 1), (1, 2)], 3, features)
    expected = ndp.load_model(run / "model.npz").predict_proba([graph])[0, 1]
    assert float(row["p(1)"]) == pytest.approx(expected, abs=1e-6)  # six digits


def test_predict_refuses_a_label_that_training_never_saw(run, tmp_path, capsys):
    (tmp_path / "ODD_A.txt").write_text("1, 1\n")
    (tmp_path / "ODD_graph_indicator.txt").write_text("1\n")
    (tmp_path / "ODD_graph_labels.txt").write_text("1\n")
    (tmp_path / "ODD_node_labels.txt").write_text("99\n")
    error = fails(["predict", str(run / "model.npz"), f"{tmp_path}/"], capsys)
    assert "'label=99', which the model was not trained on" in error


def test_datasets_lists_mutag_as_bundled(capsys, monkeypatch):
    monkeypatch.delenv("NPDIFFPOOL_DATA", raising=False)
    assert main(["datasets"]) == 0
    rows = capsys.readouterr().out.splitlines()
    (row,) = [row for row in rows if row.startswith("MUTAG ")]
    assert row.split() == ["MUTAG", "188", "2", "17.93", "19.79", "bundled"]


def test_a_run_folder_with_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    error = fails(["train", *QUICK, "--out", str(tmp_path)], capsys)
    assert "--out must be a new or empty folder" in error
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_the_viz_extra_a_run_says_what_to_install(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # makes its import fail
    for name in [name for name in sys.modules if name.startswith("npdiffpool.viz")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 0
    assert 'pip install "npdiffpool[viz]"' in capsys.readouterr().out
    assert (tmp_path / "run/model.npz").exists()


@pytest.mark.parametrize("chosen", [{}, {"OPENBLAS_NUM_THREADS": "2"}])
def test_the_module_runs_as_a_program(chosen):
    """With no threads chosen it starts itself again, with one."""
    command = [sys.executable, "-m", "npdiffpool", "predict", "nothing.npz", "MUTAG"]
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment = {**kept, **chosen}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 2
    assert result.stderr == "npdiffpool: nothing.npz: no such model file\n"
    assert result.stdout == ""


def test_json_is_all_that_a_program_reads(tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", *QUICK, "--json", "--out", out]) == 0
    printed = capsys.readouterr()
    results = json.loads(printed.out)
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert results == {"run": out, **config["results"]}
    assert "test accuracy" in printed.err
    assert main(["datasets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["graphs"] for row in rows if row["name"] == "MUTAG"] == [188]
    assert main(["verify", "--law", "A1", "--examples", "2", "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert verdict["law"] == "A1" and verdict["verdict"] == "holds"
    folds = ["--folds", "2", "--runs", "1", "--out", str(tmp_path / "cv")]
    assert main(["cv", "MUTAG", *QUICK, *folds, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["protocol"] == "fair" and len(result["folds"]) == 2


def test_a_misspelt_command_is_answered_by_the_nearest(capsys):
    assert "Did you mean train?" in fails(["trian"], capsys)
    error = fails(["xyzzy"], capsys)
    assert "is none of train, cv, predict" in error and "mean" not in error


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_examples_that_can_be_parsed(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"] if command else ["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out.partition("example")[2]
    lines = [line for line in text.splitlines() if line.startswith("  npdiffpool ")]
    assert lines
    parser = build_parser(ACTIONS)
    for line in lines:
        words = shlex.split(re.split(" {3,}| > ", line.strip())[0])
        assert parser.parse_args(words[1:]).command in COMMANDS


def test_plain_lines_say_how_long_it_takes(tmp_path, capsys):
    assert main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 0
    first, last = capsys.readouterr().err.splitlines()
    assert re.search(r"epoch +1/2 .*, \d+ s left$", first)
    assert "left" not in last


class Terminal(io.StringIO):
    """Stand for a terminal."""

    def isatty(self):
        return True


def test_colour_is_for_terminals(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured("no", "red", Terminal()) == "\x1b[31mno\x1b[0m"
    assert coloured("no", "red", io.StringIO()) == "no"
    monkeypatch.setenv("NO_COLOR", "")
    assert coloured("no", "red", Terminal()) == "no"


def test_a_reader_that_stops_reading_is_no_error():
    command = [sys.executable, "-m", "npdiffpool", "datasets"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, **pipes)
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 0
    process.stderr.close()


def test_a_training_imports_no_statistics(tmp_path):
    program = (
        "import sys; from npdiffpool.cli.main import main; "
        "status = main(sys.argv[1:]); "
        "sys.exit(status or 'scipy.stats' in sys.modules)"
    )
    command = ["train", "--epochs", "1", "--hidden", "4", "--out", tmp_path / "run"]
    done = subprocess.run([sys.executable, "-c", program, *command])
    assert done.returncode == 0
