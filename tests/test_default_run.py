"""The default run leaves out the slow tests, and says so; .ci/run runs them."""

import os
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


def run_kernels(folder, **changes):
    """Run .ci/kernels with a command `pytest` that only says that it ran."""
    (folder / "pytest").write_text("#!/bin/sh\necho trainings\n")
    (folder / "pytest").chmod(0o755)
    path = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    options = {"capture_output": True, "text": True, "env": os.environ | path | changes}
    return subprocess.run(["bash", str(ROOT / ".ci/kernels")], **options)


def test_the_check_of_kernels_says_why_it_tries_none(tmp_path):
    done = run_kernels(tmp_path, OPENBLAS_CORETYPE="Nehalem")
    assert done.returncode == 0
    reason = "No other kernel was tried: OPENBLAS_CORETYPE is set to Nehalem.\n"
    assert done.stdout.startswith(reason)
    assert done.stdout.count("trainings\n") == 2  # with two threads of each kind


def test_the_check_of_kernels_fails_with_the_error_of_its_import(tmp_path):
    (tmp_path / "threadpoolctl.py").write_text("raise ImportError('broken')\n")
    done = run_kernels(tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode != 0 and "ImportError: broken" in done.stderr
    assert "trainings" not in done.stdout
