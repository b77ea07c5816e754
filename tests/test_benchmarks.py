"""The ratios that benchmarks/results.md shows are those of its measurements."""
import importlib.util
from pathlib import Path

import pytest

PYG = "torch_geometric dense"
PATH = Path(__file__).parents[1] / "benchmarks/report.py"


@pytest.fixture(scope="module")
def report():
    spec = importlib.util.spec_from_file_location("report", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
