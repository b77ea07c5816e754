"""Every example and README block runs, and what the README says is so."""
import doctest
import json
import re
import runpy
import shlex
import subprocess
import sys
from concurrent.futures import Executor, Future
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


def test_a_row_of_the_table_is_compared_fold_by_fold(capsys):
    """At two epochs; the file's own row, of a hundred, is the example as it stands."""
    example = runpy.run_path(str(EXAMPLES / "04_a_row_of_the_table.py"))
    kept = json.loads(example["ROW"].read_text())
    first, second = (example["again"](kept["settings"], epochs=2) for _ in range(2))
    assert example["compare"](first._asdict(), second)
    assert not example["compare"](kept["result"], second)
    output = capsys.readouterr().out
    assert output.count("digit for digit the same: yes") == 1
    assert len(re.findall(r"(?m)^ +\d  +\d+\.\d{4}%  +\d+\.\d{4}%$", output)) == 20
    assert kept["settings"]["parameters"]["epochs"] == 100


def test_rows_of_the_kernel_and_of_a_grid_can_be_had_again_too():
    example = runpy.run_path(str(EXAMPLES / "04_a_row_of_the_table.py"))
    settings = json.loads(example["ROW"].read_text())["settings"]
    grid = [{"clusters": [2]}, {"clusters": [0.25]}]
    chosen = example["again"]({**settings, "grid": grid}, epochs=1)
    assert {fold["choice"] for fold in chosen.folds} <= {0, 1}
    kernel = {"rounds": [1], "penalties": [1.0], "seed": 0}
    settings |= {"model": "SubtreeKernelClassifier", "parameters": kernel}
    assert 0.7 < example["again"](settings).score < 1


class AtOnce(Executor):
    """Run in this process: what an example defines, another could not import."""

    def __init__(self, processes):
        self.processes = processes

    def submit(self, function, /, *args):
        future = Future()
        future.set_result(function(*args))
        return future


def test_where_a_flat_gnn_fails_both_are_tested_and_the_clusters_shown(
    capsys, monkeypatch
):
    example = runpy.run_path(str(EXAMPLES / "05_where_a_flat_gnn_fails.py"))
    monkeypatch.setitem(example["main"].__globals__, "ProcessPoolExecutor", AtOnce)
    found = example["main"](sizes=(20, 4, 6), epochs=1)
    assert all(score * n % 1 == 0 for score, n in zip(found["flat GNN"], (20, 4, 6)))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["DiffPool", "flat"]
    counts = [sum(map(int, line.replace(".", "0").split())) for line in lines[-8:]]
    assert counts == [9] * 8  # nodes of each community


def test_importing_the_package_needs_nothing_but_its_three_requirements():
    code = "import sys, npdiffpool; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    extras = {"matplotlib", "networkx", "tqdm", "hypothesis", "sklearn", "torch"}
    assert extras & {name.split(".")[0] for name in loaded.split()} == set()
