"""What the pages of benchmarks/ show is what was measured."""
import json
from importlib import import_module
from pathlib import Path

import pytest

PYG = "torch_geometric dense"
ROOT = Path(__file__).parents[1]


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return import_module("report")


@pytest.fixture
def tabletext(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return import_module("tabletext")


def run(name, threads, seconds, peak, failure=None):
    key = ["DD", threads, 0, name]
    return {"key": key, "seconds": seconds, "peak": peak, "failure": failure}


def ratios(report, *runs):
    """Return the rows of the table of ratios, as lists of cells."""
    empty = {"sessions": [], "imports": {}, "sizes": {}}
    text = report.write({**empty, "runs": list(runs)})
    lines = text.split("## Ratios")[1].split("## Measurements")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| DD")]
    return {row[1]: row[2:] for row in rows}


def test_ratios_are_of_medians_and_of_largest_peaks(report):
    found = ratios(
        report,
        run("npdiffpool", 1, [1.0, 9.0, 2.0], 100),
        run("npdiffpool", 1, [2.0], 150),
        run("tgp sparse", 1, [4.0, 5.0, 99.0], 600),
        run(PYG, 1, [20.0], 300),
    )
    assert found == {"1": ["0.40", "tgp sparse", "0.10", "0.50", PYG]}


def test_an_implementation_may_use_fewer_threads_than_it_is_offered(report):
    found = ratios(
        report,
        run("npdiffpool", 1, [1.0], 100),
        run("npdiffpool", 2, [3.0], 200),
        run("tgp sparse", 1, [4.0], 400),
        run("tgp sparse", 2, [5.0], 800),
        run(PYG, 2, [2.0], 900),
    )
    assert found["1"] == ["0.25", "tgp sparse", "-", "0.25", "tgp sparse"]
    assert found["2"] == ["0.50", PYG, "0.50", "0.25", "tgp sparse"]


def test_memory_kept_makes_a_row_of_its_own_of_one_implementation(report):
    found = ratios(
        report,
        run("npdiffpool", 1, [1.0], 100),
        run("tgp sparse", 1, [4.0], 400),
        run("tgp sparse" + report.KEPT, 1, [2.0], 500),
        run(PYG, 1, [9.0], 900),
        run(PYG + report.KEPT, 1, [5.0], 1000),
    )
    kept = "tgp sparse" + report.KEPT
    assert found["1"] == ["0.50", kept, "0.20", "0.25", "tgp sparse"]


def test_what_has_failed_is_not_compared_but_said(report):
    found = ratios(
        report,
        run("npdiffpool", 1, [1.0], 100),
        run("tgp sparse", 1, [2.0], 400),
        run(PYG, 1, [0.5], 50, "> 900 s"),
    )
    assert found["1"] == ["0.50", "tgp sparse", "> 900 s", "0.25", "tgp sparse"]
    alone = ratios(report, run("npdiffpool", 1, [1.0], 100))
    assert alone["1"] == ["none finished", "-", "-", "-", "-"]


# The table of variants


def keep_row(folder, name, row, protocol, scores):
    """Write a row's file, one run a fold."""
    part = "test" if protocol == "fair" else "validation"
    folds = [{part: score, "validation": score} for score in scores]
    result = {"score": sum(scores) / 2, "spread": 0.02, "folds": folds}
    kept = {"result": result, "seconds": 7, "command": f"run {row}"}
    kept["settings"] = {"runs": 3}
    (folder / name).mkdir(exist_ok=True)
    (folder / name / f"{row}-{protocol}.json").write_text(json.dumps(kept))


def cells(text, section, title):
    lines = text.split(section)[1].split("##")[0].splitlines()
    (row,) = [line for line in lines if line.startswith(f"| {title}")]
    return row.strip("| ").split(" | ")[1:]


def test_scores_stand_beside_what_is_published_and_what_is_not_run_is_said(
    tabletext, tmp_path
):
    keep_row(tmp_path, "ENZYMES", "learned", "fair", [0.6, 0.7])
    keep_row(tmp_path, "MUTAG", "learned", "fair", [0.8, 0.9])
    found = cells(tabletext.write(tmp_path), "## fair:", "DiffPool")
    enzymes, proteins, _, mutag, *_ = found
    assert enzymes == "65.0 ± 2.0 (59.5 ± 5.6)"
    assert proteins == "- (73.7 ± 3.5)"
    assert mutag == "85.0 ± 2.0"


def test_what_differs_by_less_than_its_spread_is_a_tie(tabletext, tmp_path):
    keep_row(tmp_path, "ENZYMES", "learned", "fair", [0.6, 0.7])
    keep_row(tmp_path, "ENZYMES", "no-link", "fair", [0.7, 0.62])
    keep_row(tmp_path, "ENZYMES", "hard", "fair", [0.5, 0.62])
    keep_row(tmp_path, "ENZYMES", "random", "fair", [0.6, 0.7])
    text = tabletext.write(tmp_path)
    against = "### Against the first row"
    assert cells(text, against, "without link")[0] == "-1.0 ± 9.0, tie"
    assert cells(text, against, "hard")[0] == "+9.0 ± 1.0"
    assert cells(text, against, "control: random")[0] == "+0.0 ± 0.0, tie"


def test_each_row_stands_with_the_command_that_has_it_again(tabletext, tmp_path):
    keep_row(tmp_path, "DD", "flat", "paper", [0.5, 0.5])
    keep_row(tmp_path, "DD", "flat", "fair", [0.5, 0.5])
    text = tabletext.write(tmp_path)
    assert "| DD | flat | paper |  | 7 | `run flat` |" in text
    assert "| DD | flat | fair | 3 | 7 | `run flat` |" in text


def test_the_tables_that_are_committed_are_those_of_the_files(tabletext):
    folder = ROOT / "benchmarks" / "results"
    assert (folder / "README.md").read_text() == tabletext.write(folder)
    readme = (ROOT / "README.md").read_text()
    marked = readme.split("<!-- results -->\n")[1].split("\n<!-- end of results -->")[0]
    assert marked == tabletext.brief(folder)
