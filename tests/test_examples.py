"""Every example and README block runs, and what the README says is so."""

import doctest
import json
import re
import runpy
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.cli.main import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "examples"
INSTALLED = Path(ndp.__file__).parents[1]  # of the package alone, or ROOT
PAGES = sorted(EXAMPLES.glob("0*.py"))
PICTURES = {"one-level.png", "two-levels.png"}  # of page 4


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
    files = {name: INSTALLED / name for name, _ in rows}
    counts = {name: len(path.read_text().splitlines()) for name, path in files.items()}
    assert {name: int(count) for name, count in rows} == counts


def test_files_that_the_readme_names_exist():
    folders = "tests|npdiffpool|examples|benchmarks"
    names = set(re.findall(rf"`((?:{folders})/[\w./]+)`", README))
    names |= set(re.findall(r"\]\(((?:examples|benchmarks)/[\w./]+)\)", README))
    assert len(names) >= 20
    missing = [name for name in names if not (ROOT / name).exists()]
    assert [name for name in missing if not (INSTALLED / name).exists()] == []


def test_functions_that_the_readme_names_exist():
    modules = "paper|layers|pooling|losses|model"
    names = set(re.findall(rf"`({modules})\.(\w+)`", README)) - {("paper", "py")}
    assert len(names) >= 12
    for module, name in names:
        assert callable(getattr(import_module(f"npdiffpool.{module}"), name))


def cells_of(path):
    """Return the kind and the text of each cell, in the percent format."""
    pattern = r"(?m)^# %%( \[markdown\])?\n"
    before, *parts = re.split(pattern, path.read_text(encoding="utf-8"))
    assert before == ""
    kinds = ["markdown" if mark else "code" for mark in parts[::2]]
    return list(zip(kinds, parts[1::2]))


each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def run_page(number):
    """Run a page up to its last cell, and return what it has defined."""
    return runpy.run_path(str(PAGES[number - 1]))


def test_the_tour_lists_the_pages_in_order():
    tour = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^\| \[(\w+\.py)\]\(\1\)", tour) == [p.name for p in PAGES]
    assert [int(page.name[:2]) for page in PAGES] == list(range(1, 10))
    sentence = README[README.index("The guided tour") : README.index("## Limits")]
    assert re.findall(r"`(\d\d_\w+)`", sentence) == [page.stem for page in PAGES]


@each_page
def test_a_page_is_a_notebook_of_a_hundred_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 100
    (first, title), *_, (last, _) = cells = cells_of(path)
    assert (first, last) == ("markdown", "code")
    assert re.match(r"# # [A-Z0-9]", title)
    for kind, text in cells:
        compile(text, path.name, "exec")  # no cell ends within a function
        if kind == "markdown":
            assert all(line.startswith("#") for line in text.splitlines() if line)


@each_page
def test_a_page_runs_in_a_notebook_from_top_to_bottom(path, monkeypatch):
    """There `__file__` is missing, and the arguments are the kernel's."""
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "argv", ["launcher.py", "-f", "kernel.json"])
    names, calls = {"__name__": "__main__", "get_ipython": None}, []
    *cells, (_, last) = cells_of(path)
    for _, text in cells:
        exec(text, names)
    names["main"] = lambda *args, **options: calls.append((args, options))
    exec(last, names)
    assert calls == [((), {"processes": 1} if "07" in path.name else {})]


def test_one_graph_by_hand_prints_the_equations(capsys):
    runpy.run_path(str(PAGES[0]), run_name="__main__")
    output = capsys.readouterr().out
    assert "sum of A = 20.000000, sum of A' = 20.000000" in output
    clusters = r"\[(0 0 0 1 1 1|1 1 1 0 0 0)\]"
    assert re.search(rf"learned +1\.26\d +0\.1\d\d  {clusters}", output)


def test_the_engine_prints_the_papers_values_and_gradients_and_pads_nothing(capsys):
    run_page(2)["main"]()
    output = capsys.readouterr().out
    rows = re.findall(r"(?m)^(\S.*?) +(\d+\.\d{4}) +(\d\.\de-?\+?\d\d)$", output)
    assert [name for name, *_ in rows[:8]] == [name for name, *_ in rows[8:]]
    assert len(rows) == 16
    assert all(float(largest) > 0.05 for _, largest, _ in rows)  # not zeros compared
    # Sums of at most a hundred numbers below a hundred: some 1e-14 each.
    assert max(float(apart) for _, _, apart in rows) < 1e-12
    rows, entries = 6 + 100, 2 * (7 + 99)
    assert f"Graph sizes [  6 100]: {rows} rows, {entries} entries of A\n" in output
    assert "largest graph: 200 rows, 20000 entries" in output


def test_training_on_mutag_tests_once(capsys):
    run_page(3)["main"](epochs=3, other_seeds=(1,))
    output = capsys.readouterr().out
    assert re.search(r"test accuracy \d+\.\d% of 19 graphs", output)
    atoms = [int(n) for n in re.findall(r"(\d+) (?:C|N|O|F|I|Cl|Br)\b", output)]
    assert sum(atoms) == 367  # of all test graphs
    assert re.search(r"other splits: \d+\.\d%\n", output)
    assert "one graph is 5.3%; always the larger class 68.4%" in output  # 13 of 19


def test_the_pictures_of_the_readme_are_drawn_by_one_script(tmp_path):
    script = runpy.run_path(str(EXAMPLES / "pictures.py"))
    script["main"](tmp_path, epochs=2)
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert drawn == {path.name for path in (EXAMPLES / "figures").iterdir()}
    shown = set(re.findall(r"\(examples/figures/(\w+\.png)\)", README))
    assert shown == drawn
    with open(tmp_path / "figures/assignment.png", "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")


def test_the_chinese_page_runs_and_names_what_the_readme_names():
    failed, attempted = doctest.testfile(
        str(ROOT / "README.zh.md"), module_relative=False, encoding="utf-8"
    )
    assert attempted >= 5 and failed == 0
    blocks = re.findall(r"```sh\n(.*?)```", CHINESE, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 3 and [line for line in lines if line not in README] == []
    functions = re.findall(r"`(?:paper|layers|pooling|losses)\.\w+`", CHINESE)
    assert len(functions) == 14
    assert [name for name in functions if name not in README] == []
    targets = re.findall(r"\]\(([\w./]+)\)", CHINESE)
    assert len(targets) >= 4 and all((ROOT / target).exists() for target in targets)


def table_of(level):
    """Return the rows of numbers of a level's table, by name."""
    rows = re.findall(r"(?m)^  (\w.*?) {2,}((?: *\d+\.\d)+)$", level)
    return {name: [float(x) for x in numbers.split()] for name, numbers in rows}


def test_a_hierarchy_is_read_with_masses_that_sum_to_the_atoms(capsys, tmp_path):
    run_page(4)["main"](folder=tmp_path / "new", epochs=8)
    levels = capsys.readouterr().out.split("level ")[1:]
    assert [level[0] for level in levels] == ["1", "1", "2"]
    for level in levels:
        *masses, diagonal, row_sum = table_of(level).items()
        # The molecule: 13 C, 4 N and 9 O, 28 bonds.
        assert [row[-1] for _, row in masses] == [13, 4, 9, 26]
        assert row_sum[1][-1] == 2 * 28
        share = int(re.search(r"share of the diagonal (\d+)%", level)[1])
        assert abs(share - 100 * diagonal[1][-1] / 56) < 0.6  # both are rounded
    assert {path.name for path in (tmp_path / "new").iterdir()} == PICTURES


def test_a_level_that_has_collapsed_is_certain_and_uses_one_cluster(capsys):
    run_page(4)["main"](epochs=8)
    one, below, collapsed = capsys.readouterr().out.split("level ")[1:]
    assert "clusters used 1 of 3" in collapsed
    assert float(re.search(r"certainty (\d\.\d+)", collapsed)[1]) > 0.7
    assert "share of the diagonal 14%, of a uniform S 14%" in below
    assert "share of the diagonal 14%" not in one


def test_an_assignment_that_is_uniform_leaves_one_in_k_on_the_diagonal(capsys):
    graph = ndp.Graph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=4)
    S = np.full((4, 5), 1 / 5)
    run_page(4)["print_measures"](graph, S, S.T @ graph.adjacency @ S)
    output = capsys.readouterr().out
    assert "share of the diagonal 20%, of a uniform S 20%" in output
    assert "certainty 0.20, of a uniform S 0.20" in output


def test_your_own_graphs_are_told_from_twins_that_have_the_same_degrees(capsys):
    example = run_page(5)
    example["main"](pairs=(100, 20), epochs=40)
    output = capsys.readouterr().out
    held_out = float(re.search(r"DiffPool +\d+\.\d% +(\d+\.\d)%", output)[1])
    assert held_out >= 75  # 30 of 40: who guesses gets there once in a thousand
    assert re.search(r"without edges +50\.0% +50\.0%", output)
    assert "and its twin: ['caves' 'shuffled']" in output
    assert "it predicts the same: True" in output


def test_a_twin_has_its_graphs_degrees_but_not_its_edges():
    example = run_page(5)
    graphs, labels = example["draw"](3, np.random.default_rng(0))
    assert labels == ["caves", "shuffled"] * 3
    for graph, twin in zip(graphs[::2], graphs[1::2]):
        for one in (graph, twin):
            np.testing.assert_array_equal(one.features[:, 0], one.adjacency.sum(axis=1))
        np.testing.assert_array_equal(graph.features, twin.features)
        assert (graph.adjacency != twin.adjacency).nnz > 0


def test_verifying_a_layer_finds_the_mistake_and_shows_it(capsys):
    example = run_page(6)
    example["main"]()
    output = capsys.readouterr().out
    assert "S^T A S as it is: 25 laws hold, 0 fail" in output
    assert "transposed: 22 laws hold, 3 fail" in output
    program = output[output.index("# Law C10") :]
    program = re.sub(r"(?m)^pool = \.\.\..*$", "", program)
    with pytest.raises(AssertionError):
        exec(program, {"pool": example["transposed"]})
    exec(program, {"pool": example["plain"]})


def test_where_a_flat_gnn_fails_both_are_tested_and_the_clusters_shown(capsys):
    found = run_page(7)["main"](sizes=(20, 4, 6), epochs=1, processes=1)
    assert all(score * n % 1 == 0 for score, n in zip(found["flat GNN"], (20, 4, 6)))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["DiffPool", "flat"]
    counts = [sum(map(int, line.replace(".", "0").split())) for line in lines[-8:]]
    assert counts == [9] * 8  # nodes of each community


def test_where_a_flat_gnn_fails_two_processes_find_what_one_does(capsys, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)  # they import the page to find `train`
    page = import_module(PAGES[6].stem)
    page.main(sizes=(20, 4, 6), epochs=2, processes=1)
    alone = capsys.readouterr().out
    page.main(sizes=(20, 4, 6), epochs=2, processes=2)
    assert capsys.readouterr().out == alone


def test_of_a_custom_primitive_each_mistake_is_caught_and_nothing_else(capsys):
    run_page(8)["main"]()
    output = capsys.readouterr().out
    assert "plain [nan nan], derived [ 0. -0.]" in output
    rows = re.findall(r"(?m)^(\w+) +(passes|FAILS) +(passes|FAILS) +(\w+)$", output)
    verdicts = {name: found for name, *found in rows}
    assert verdicts == {  # chain rule, second order, law
        "plain": ["passes", "passes", "FAILS"],
        "derived": ["passes", "passes", "passes"],
        "forgetful": ["FAILS", "FAILS", "FAILS"],
        "hiding": ["passes", "FAILS", "passes"],
    }


def test_a_row_of_the_table_is_compared_fold_by_fold(capsys):
    """At two epochs; the file's own row, of a hundred, is the example as it stands."""
    example = run_page(9)
    kept = json.loads(example["ROW"].read_text())
    first, second = (example["again"](kept["settings"], epochs=2) for _ in range(2))
    assert example["compare"](first._asdict(), second)
    assert not example["compare"](kept["result"], second)
    output = capsys.readouterr().out
    assert output.count("digit for digit the same: yes") == 1
    assert len(re.findall(r"(?m)^ +\d  +\d+\.\d{4}%  +\d+\.\d{4}%$", output)) == 20
    assert kept["settings"]["parameters"]["epochs"] == 100


def test_rows_of_the_kernel_and_of_a_grid_can_be_had_again_too():
    example = run_page(9)
    settings = json.loads(example["ROW"].read_text())["settings"]
    grid = [{"clusters": [2]}, {"clusters": [0.25]}]
    chosen = example["again"]({**settings, "grid": grid}, epochs=1)
    assert {fold["choice"] for fold in chosen.folds} <= {0, 1}
    kernel = {"rounds": [1], "penalties": [1.0], "seed": 0}
    settings |= {"model": "SubtreeKernelClassifier", "parameters": kernel}
    assert 0.7 < example["again"](settings).score < 1


def test_importing_the_package_needs_nothing_but_its_three_requirements():
    code = "import sys, npdiffpool; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    extras = {"matplotlib", "networkx", "tqdm", "hypothesis", "sklearn", "torch"}
    assert extras & {name.split(".")[0] for name in loaded.split()} == set()
