"""How the command line starts: Ctrl-C during its imports, missing packages."""

import os
import re
import subprocess
import sys
import warnings

import pytest

from npdiffpool.cli.main import main
from npdiffpool.testing import LAWS

# The first use of the package `autograd` is in the middle of the imports.
INTERRUPTS = """
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
time.sleep(60)
"""
WARNS = """
import sys, warnings
from npdiffpool.cli import datasets, main
def run(arguments):
    warnings.warn("a\\nb", UserWarning, stacklevel=2)
datasets.run = run
sys.exit(main.main(["datasets"]))
"""


def start(command, **environment):
    variables = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment}
    return subprocess.run(command, capture_output=True, text=True, env=variables)


def path_with(folder, module, program):
    """Return a PYTHONPATH on which a module is replaced by a program."""
    (folder / f"{module}.py").write_text(program)
    return os.pathsep.join([str(folder), *filter(None, sys.path)])


@pytest.mark.parametrize("module", ["autograd", "scipy"])
def test_ctrl_c_during_the_imports_is_one_line_and_status_130(tmp_path, module):
    command = [sys.executable, "-m", "npdiffpool", "datasets"]
    done = start(command, PYTHONPATH=path_with(tmp_path, module, INTERRUPTS))
    assert (done.returncode, done.stderr) == (130, "npdiffpool: interrupted\n")


def test_ctrl_c_during_the_imports_of_the_installed_script_is_status_130(tmp_path):
    """An installed script has the command's name and calls `console`."""
    script = tmp_path / "npdiffpool"
    script.write_text("from npdiffpool.cli.main import console\nconsole()\n")
    (tmp_path / "modules").mkdir()
    path = path_with(tmp_path / "modules", "autograd", INTERRUPTS)
    done = start([sys.executable, str(script), "datasets"], PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (130, "npdiffpool: interrupted\n")


def test_ctrl_c_while_another_program_imports_the_package_is_its_own(tmp_path):
    program = (
        "try:\n    import npdiffpool\nexcept KeyboardInterrupt:\n    print('mine')"
    )
    path = path_with(tmp_path, "autograd", INTERRUPTS)
    done = start([sys.executable, "-c", program], PYTHONPATH=path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine\n", "")


def test_ctrl_c_while_the_arguments_are_read_is_status_130(monkeypatch, capsys):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("npdiffpool.cli.main.build_parser", interrupt)
    assert main(["datasets"]) == 130
    assert capsys.readouterr().err == "npdiffpool: interrupted\n"


def test_verify_lists_the_laws_without_hypothesis(tmp_path):
    absent = "raise ModuleNotFoundError('no hypothesis', name='hypothesis')"
    path = path_with(tmp_path, "hypothesis", absent)
    command = [sys.executable, "-m", "npdiffpool", "verify"]
    listed = start([*command, "--list"], PYTHONPATH=path)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert re.findall(r"(?m)^(\w+) ", listed.stdout) == [*LAWS]
    text = " ".join(listed.stdout.split())
    for law in LAWS.values():
        assert f"{law.id} {law.statement} [{law.source}]" in text
    checked = start([*command, "--law", "A1"], PYTHONPATH=path)
    needs = "verify needs hypothesis: pip install hypothesis"
    assert (checked.returncode, checked.stderr) == (2, f"npdiffpool: {needs}\n")


def test_a_warning_is_one_line():
    done = start([sys.executable, "-c", WARNS])
    assert done.stderr == "npdiffpool: warning: a b\n"


def test_the_command_line_leaves_the_handling_of_warnings_as_it_was():
    before = warnings.showwarning, list(warnings.filters)
    assert main(["verify", "--list"]) == 0
    assert (warnings.showwarning, list(warnings.filters)) == before
