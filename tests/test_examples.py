"""Every example and README block runs, and what the README says is so."""
import doctest
import re
import runpy
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from npdiffpool.cli import main
from npdiffpool.testing import LAWS
from npdiffpool.testing.conform import laws_of_pooling
from npdiffpool.testing.table import readme_rows

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "examples"


def test_the_python_in_the_readme_prints_what_it_says():
    failed, attempted = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert attempted >= 10
    assert failed == 0


def test_the_commands_in_the_readme_run_as_typed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [part for line in lines for part in line.split(" && ")]
    own = [command for command in commands if command.startswith("npdiffpool ")]
    assert "npdiffpool train" in own
    for command in own:
        words, _, target = command.partition(" > ")
        assert main(shlex.split(words)[1:]) == 0, command
        output = capsys.readouterr().out
        if target:
            Path(target).write_text(output)
    assert (tmp_path / "runs/MUTAG-1/figures/hierarchy.png").stat().st_size > 10_000


def test_line_counts_in_the_readme_are_the_files_line_counts():
    rows = re.findall(r"\| `(npdiffpool/[\w./]+\.py)` \| (\d+) \|", README)
    assert len(rows) >= 10
    counts = {name: len((ROOT / name).read_text().splitlines()) for name, _ in rows}
    assert {name: int(count) for name, count in rows} == counts


def test_files_that_the_readme_names_exist():
    folders = "tests|npdiffpool|examples|benchmarks"
    names = set(re.findall(rf"`((?:{folders})/[\w./]+)`", README))
    names |= set(re.findall(r"\]\(((?:examples|benchmarks)/[\w./]+)\)", README))
    assert len(names) >= 20
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_laws_in_the_readme_are_those_of_the_registry():
    shown = README.split("<!-- laws -->\n")[1].split("\n<!-- end of laws -->")[0]
    assert shown == readme_rows()
    counts = f"{len(laws_of_pooling())} of the {len(LAWS)}"
    assert f"{counts} are about a pooling layer" in README


def test_functions_that_the_readme_names_exist():
    modules = "paper|layers|pooling|losses|model"
    names = set(re.findall(rf"`({modules})\.(\w+)`", README)) - {("paper", "py")}
    assert len(names) >= 12
    for module, name in names:
        assert callable(getattr(import_module(f"npdiffpool.{module}"), name))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("0*.py")), ids=lambda p: p.name)
def test_example_is_a_page(path):
    assert len(path.read_text().splitlines()) <= 100


def test_one_graph_by_hand_prints_the_equations(capsys):
    runpy.run_path(str(EXAMPLES / "01_one_graph_by_hand.py"), run_name="__main__")
    output = capsys.readouterr().out
    assert "sum of A = 20.000000, sum of A' = 20.000000" in output
    clusters = r"\[(0 0 0 1 1 1|1 1 1 0 0 0)\]"
    assert re.search(rf"learned +1\.26\d +0\.1\d\d  {clusters}", output)


def test_training_on_mutag_tests_once_and_draws(capsys, tmp_path):
    example = runpy.run_path(str(EXAMPLES / "02_train_on_mutag.py"))
    example["main"](epochs=3, figures=tmp_path)
    output = capsys.readouterr().out
    assert re.search(r"test accuracy \d+\.\d% of 19 graphs", output)
    atoms = [int(n) for n in re.findall(r"(\d+) (?:C|N|O|F|I|Cl|Br)\b", output)]
    assert sum(atoms) == 367  # of all test graphs
    assert (tmp_path / "figures/hierarchy.png").exists()


def test_verifying_a_layer_finds_the_mistake_and_shows_it(capsys):
    example = runpy.run_path(str(EXAMPLES / "03_verify_your_own_layer.py"))
    example["main"]()
    output = capsys.readouterr().out
    assert "S^T A S as it is: 25 laws hold, 0 fail" in output
    assert "transposed: 22 laws hold, 3 fail" in output
    program = output[output.index("# Law C10") :]
    program = re.sub(r"(?m)^pool = \.\.\..*$", "", program)
    with pytest.raises(AssertionError):
        exec(program, {"pool": example["transposed"]})
    exec(program, {"pool": example["plain"]})


def test_importing_the_package_needs_nothing_but_its_three_requirements():
    code = "import sys, npdiffpool; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    extras = {"matplotlib", "networkx", "tqdm", "hypothesis", "sklearn", "torch"}
    assert extras & {name.split(".")[0] for name in loaded.split()} == set()
