"""The default run leaves out the slow tests, and says so; .ci/run runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KILLS = "tests/runs/test_killed.py"  # three slow tests
LINE = r"(?m)^Left out: 3 slow tests \(kills, .*\)\. To run them: (pytest -m slow)$"


def collect(*options):
    """Return what pytest prints when it collects the kill tests."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options]
    found = subprocess.run([*command, KILLS], capture_output=True, text=True, cwd=ROOT)
    return found.stdout + found.stderr


@pytest.mark.parametrize("processes", ["0", "1"])
def test_a_line_names_what_was_left_out_and_the_command_that_runs_it(processes):
    said = collect("-n", processes)
    assert re.search(LINE, said), said
    assert "passed" not in said


def test_the_command_of_the_line_runs_the_slow_tests_and_no_others():
    other = "tests/runs/test_snapshots.py"
    said = collect("-n", "0", "--collect-only", "-m", "slow", other)
    assert re.findall(r"(?m)^tests/.*?::", said) == [f"{KILLS}::"] * 3
    assert "Left out" not in said


def test_the_projects_check_runs_the_default_and_the_slow_tests():
    run = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert re.search(r"(?m)^eval \"\$test_command\"$", run)
    assert re.search(r"(?m)^pytest -m slow$", run)
