"""The command line: its output, its files and its errors."""

import csv
import errno
import io
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool._support.folder_lock import add_resume_hint
from npdiffpool._support.progress import coloured
from npdiffpool.cli import main as cli_main
from npdiffpool.cli import train
from npdiffpool.cli.main import COMMANDS, main
from npdiffpool.cli.parameters import make_model, write_table
from npdiffpool.cli.parser import build_parser

QUICK = ["--epochs", "2", "--hidden", "8"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of two epochs on MUTAG."""
    folder = tmp_path_factory.mktemp("runs") / "mutag"
    assert main(["train", *QUICK, "--out", str(folder)]) == 0
    return folder


def error_of(arguments, capsys):
    """Run a command that fails; return its one line on standard error."""
    try:
        status = main(arguments)
    except SystemExit as stop:  # raised by argparse
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
    assert "clusters: 5 (0.25 of the mean size, 17.8 nodes)" in printed.out
    assert "always the majority class (1): 68.4%" in printed.out
    assert f"run folder: {tmp_path / 'run'}" in printed.out
    last = [line.partition(":")[0] for line in printed.out.splitlines()[-4:]]
    assert last == ["run folder", "figure", "figure", "report"]
    assert "epoch    2/2" in printed.err


def test_a_training_that_is_worse_than_the_class_frequencies_says_so(tmp_path):
    options = [*QUICK, "--learning-rate", "1e4", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "npdiffpool", "train", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    text = "the training was never better than predicting the class frequencies.*"
    (text,) = re.findall(text, done.stderr)
    results = json.loads((tmp_path / "run" / "config.json").read_text())["results"]
    assert results["failure"] == text
    assert f"Warning: {text}." in (tmp_path / "run" / "report.html").read_text()


def test_a_training_that_learns_has_no_warning(run):
    assert json.loads((run / "config.json").read_text())["results"]["failure"] is None
    assert "Warning" not in (run / "report.html").read_text()


def test_train_writes_every_file_of_a_run_folder(run):
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    figures = {"figures/hierarchy.png", "figures/history.png", "report.html"}
    arrays = {"model.npz", "snapshots.npz", "checkpoint.npz"}
    assert names == {"config.json", "history.csv"} | arrays | figures


def test_the_saved_model_has_the_recorded_test_accuracy(run):
    config = json.loads((run / "config.json").read_text())
    test = ndp.load_dataset("MUTAG")[np.array(config["split"]["test"])]
    clf = ndp.load_model(run / "model.npz")
    assert clf.score(test, test.labels) == config["results"]["test_accuracy"]


def test_every_graph_is_in_exactly_one_part_of_the_split(run):
    split = json.loads((run / "config.json").read_text())["split"]
    assert sorted(sum(split.values(), [])) == list(range(188))


def test_the_history_file_has_one_row_per_epoch(run):
    rows = list(csv.DictReader(io.StringIO((run / "history.csv").read_text())))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "train_accuracy", "validation_accuracy"} <= set(rows[0])


def test_runs_with_the_same_seed_write_the_same_bytes(run, tmp_path):
    assert main(["train", *QUICK, "--out", str(tmp_path / "again")]) == 0
    arrays = ("model.npz", "snapshots.npz", "checkpoint.npz")
    for name in ("config.json", "history.csv", "report.html", *arrays):
        assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_predict_writes_csv_with_probabilities_that_sum_to_one(run, capsys):
    assert main(["predict", str(run / "model.npz"), "MUTAG"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 188
    sums = [float(row["p(-1)"]) + float(row["p(1)"]) for row in rows]
    np.testing.assert_allclose(sums, 1, atol=1.1e-6)  # six digits are printed
    clf, mutag = ndp.load_model(run / "model.npz"), ndp.load_dataset("MUTAG")
    assert [int(row["predicted"]) for row in rows] == clf.predict(mutag.graphs).tolist()


def test_predict_matches_features_by_name_not_by_position(run, tmp_path, capsys):
    few = tmp_path / "FEW"  # one molecule of carbon and oxygen only
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


def test_predict_rejects_a_node_label_that_is_not_in_the_training_set(
    run, tmp_path, capsys
):
    (tmp_path / "ODD_A.txt").write_text("1, 1\n")
    (tmp_path / "ODD_graph_indicator.txt").write_text("1\n")
    (tmp_path / "ODD_graph_labels.txt").write_text("1\n")
    (tmp_path / "ODD_node_labels.txt").write_text("99\n")
    error = error_of(["predict", str(run / "model.npz"), f"{tmp_path}/"], capsys)
    assert "'label=99', which the model was not trained on" in error


def test_datasets_lists_mutag_as_bundled(capsys, monkeypatch):
    monkeypatch.delenv("NPDIFFPOOL_DATA", raising=False)
    assert main(["datasets"]) == 0
    rows = capsys.readouterr().out.splitlines()
    (row,) = [row for row in rows if row.startswith("MUTAG ")]
    assert row.split() == ["MUTAG", "188", "2", "17.93", "19.79", "bundled"]


def test_train_leaves_a_folder_with_other_files_unchanged(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    error = error_of(["train", *QUICK, "--out", str(tmp_path)], capsys)
    assert "--out must be a new or empty folder" in error
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_the_viz_extra_train_says_what_to_install(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # makes its import fail
    for name in [name for name in sys.modules if name.startswith("npdiffpool.viz")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 0
    assert 'pip install "npdiffpool[viz]"' in capsys.readouterr().out
    assert (tmp_path / "run/model.npz").exists()


@pytest.mark.parametrize("threads", [{}, {"OPENBLAS_NUM_THREADS": "2"}])
def test_the_module_runs_as_a_program(threads):
    """Without a chosen number of threads it restarts itself with one."""
    command = [sys.executable, "-m", "npdiffpool", "predict", "nothing.npz", "MUTAG"]
    others = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment = {**others, **threads}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 2
    assert result.stderr == "npdiffpool: nothing.npz: no such model file\n"
    assert result.stdout == ""


def test_with_json_standard_output_is_only_json(tmp_path, capsys):
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


def test_the_error_for_a_misspelt_command_suggests_the_nearest(capsys):
    assert "Did you mean train?" in error_of(["trian"], capsys)
    error = error_of(["xyzzy"], capsys)
    assert "is not one of: demo, train, cv, predict" in error and "mean" not in error


def help_of(command, capsys):
    """Return what a command prints with --help."""
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"] if command else ["--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_examples_that_can_be_parsed(command, capsys):
    text = help_of(command, capsys).partition("example")[2]
    lines = [line for line in text.splitlines() if line.startswith("  npdiffpool ")]
    assert lines
    parser = build_parser(None, COMMANDS)
    for line in lines:
        words = shlex.split(re.split(" {3,}| > ", line.strip())[0])
        assert parser.parse_args(words[1:]).command in COMMANDS


@pytest.mark.parametrize("command", ["train", "cv"])
def test_every_parameter_has_an_option_with_its_description(command, capsys):
    text = " ".join(help_of(command, capsys).split())
    for field in fields(ndp.DiffPoolClassifier):
        if field.name not in ("verbose", "validation_fraction", "warm_start"):
            sentence = field.metadata["parameter"].text.partition(". ")[0]
            assert f"--{field.name.replace('_', '-')}" in text
            assert sentence[1:].removesuffix(".") + " (default: " in text


def test_options_that_are_not_given_leave_parameters_at_their_defaults():
    words = "train --clusters 0.5,3 --no-concat-layers --patience 4 --link-weight 0"
    clf = make_model(build_parser(None, COMMANDS).parse_args(words.split()))
    changed = {"clusters": (0.5, 3), "concat_layers": False, "patience": 4}
    expected = ndp.DiffPoolClassifier(**changed, link_weight=0.0)
    assert clf.get_params() == expected.get_params()


def test_a_list_of_clusters_may_have_spaces():
    words = ["train", "--clusters", "0.5, 3"]
    clf = make_model(build_parser(None, COMMANDS).parse_args(words))
    assert repr(clf.clusters) == "(0.5, 3)"  # 3.0 would be refused


def test_the_table_of_parameters_has_a_row_for_each_with_its_default():
    heading, rule, *rows = write_table().splitlines()
    cells = [row.strip("| ").split(" | ") for row in rows]
    assert [row[0].strip("`") for row in cells] == [
        *ndp.DiffPoolClassifier().get_params()
    ]
    defaults = [eval(row[2].strip("`")) for row in cells]
    assert defaults == [*ndp.DiffPoolClassifier().get_params().values()]
    assert {heading.count("|"), rule.count("|"), *(r.count("|") for r in rows)} == {5}


def test_plain_progress_lines_end_with_the_remaining_time(tmp_path, capsys):
    assert main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 0
    expected, first, last = capsys.readouterr().err.splitlines()
    seconds = r"(less than 1 s|[1-9]\d? s)"
    about = r"about (0\.0*[1-9]\d?|[1-9](\.\d)?) s an epoch"
    assert re.fullmatch(f"{about}, {seconds} for 2 epochs", expected)
    assert re.search(r"epoch +1/2 .*, \d+ s left$", first)
    assert "left" not in last


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self):
        return True


def test_only_terminals_get_colour(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured("no", "red", Terminal()) == "\x1b[31mno\x1b[0m"
    assert coloured("no", "red", io.StringIO()) == "no"
    monkeypatch.setenv("NO_COLOR", "")
    assert coloured("no", "red", Terminal()) == "no"


def test_a_closed_pipe_is_not_an_error():
    command = [sys.executable, "-m", "npdiffpool", "datasets"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, **pipes)
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 0
    process.stderr.close()


def test_work_that_a_closed_pipe_stops_is_an_error(tmp_path):
    options = ["--epochs", "1000", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "npdiffpool", "train", "MUTAG", *options]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, **pipes)
    process.stdout.close()
    assert "Broken pipe" in process.stderr.read() and process.wait() == 2
    process.stderr.close()


@pytest.mark.parametrize("saved", [False, True])
def test_the_error_of_a_closed_pipe_says_how_to_resume(saved, tmp_path, monkeypatch):
    shown = io.StringIO()
    if saved:
        (tmp_path / "checkpoint").touch()

    def stop(arguments):
        with add_resume_hint(tmp_path / "checkpoint", "to resume, run it again"):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(cli_main, "WORK", [stop])
    monkeypatch.setattr(train, "run", stop)
    with open(tmp_path / "out", "w") as out, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", shown)
        assert main(["train", "MUTAG"]) == 2
    hint = "; to resume, run it again" if saved else ""
    assert shown.getvalue() == f"npdiffpool: Broken pipe{hint}\n"


def test_training_does_not_import_scipy_stats(tmp_path):
    program = (
        "import sys; from npdiffpool.cli.main import main; "
        "status = main(sys.argv[1:]); "
        "sys.exit(status or 'scipy.stats' in sys.modules)"
    )
    command = ["train", "--epochs", "1", "--hidden", "4", "--out", tmp_path / "run"]
    done = subprocess.run([sys.executable, "-c", program, *command])
    assert done.returncode == 0
