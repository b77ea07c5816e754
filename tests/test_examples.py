"""Every program in the documentation runs, and what the README says is true."""

import doctest
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import npdiffpool as ndp
from npdiffpool.cli import demo
from npdiffpool.cli.main import main
from npdiffpool.testing import LAWS
from npdiffpool.testing.conformance import laws_of_claims

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALLED = Path(ndp.__file__).parents[1]  # the installed package, or ROOT

# Every page that may contain programs. conformance.md is written by a program that
# runs its scripts.
TEXTS = [
    path
    for folder in (".", "examples", "benchmarks", "benchmarks/results", "tests")
    for path in sorted((ROOT / folder).glob("*.md"))
    if path.name not in ("conformance.md", "CHANGELOG.md")
]
TEXTS += sorted((INSTALLED / "npdiffpool").rglob("*.md"))
WITH_PYTHON = {"README.md", "README.zh.md", "examples/guide.md"}
WITH_COMMANDS = {"README.md", "README.zh.md", "examples/guide.md"}


def name_of(path):
    """Return the name of a page, relative to its root."""
    root = ROOT if path.is_relative_to(ROOT) else INSTALLED
    return path.relative_to(root).as_posix()


each_text = pytest.mark.parametrize("path", TEXTS, ids=name_of)


@each_text
def test_the_python_on_a_page_prints_what_the_page_shows(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a page may save pictures
    failed, attempted = doctest.testfile(
        str(path), module_relative=False, encoding="utf-8"
    )
    assert failed == 0
    assert attempted >= 5 or name_of(path) not in WITH_PYTHON


def test_the_torch_layer_of_the_guide_satisfies_the_laws():
    """It cannot be a doctest: torch is not installed for the tests."""
    pytest.importorskip("torch", reason="needs torch: see benchmarks/README.md")
    text = (ROOT / "examples" / "guide.md").read_text(encoding="utf-8")
    (code,) = re.findall(
        r"```python\n(import numpy as np\nimport torch\n.*?)```", text, flags=re.DOTALL
    )
    exec(code, names := {})
    results = names["conformance"](names["pool"], examples=25)
    assert {r.law.id for r in results if r.verdict == "fails"} == set()
    holding = {r.law.id for r in results if r.verdict == "holds"}
    assert {"A1", "C1", "C8", "D1", "D5", "D8", "L1", "L8"} <= holding


def commands_on(path):
    """Return the npdiffpool commands in the shell blocks of a page."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [part for line in lines for part in line.split(" && ")]
    return [command for command in commands if command.startswith("npdiffpool ")]


@each_text
def test_a_page_that_should_have_commands_has_some(path):
    assert commands_on(path) or name_of(path) not in WITH_COMMANDS


# The same commands of two pages run once: the README's are also on the Chinese page.
COMMANDS = {tuple(commands_on(path)): name_of(path) for path in reversed(TEXTS)}
COMMANDS.pop((), None)


@pytest.mark.filterwarnings("ignore:the training was never better")
@pytest.mark.parametrize("commands", COMMANDS, ids=COMMANDS.values())
def test_the_commands_on_a_page_run_as_typed(commands, tmp_path, monkeypatch, capsys):
    """The demo has fewer graphs than when it is typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "N_GRAPHS", 60)
    for command in commands:
        words, _, target = command.partition(" > ")
        assert main(shlex.split(words)[1:]) == 0, command
        output = capsys.readouterr().out
        if target:
            Path(target).write_text(output)
    if "npdiffpool demo" in commands:
        figure = tmp_path / "runs/demo-1/figures/hierarchy.png"
        assert figure.stat().st_size > 10_000


@pytest.mark.slow
def test_the_demo_shows_that_only_diffpool_learns(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    output = capsys.readouterr().out
    found = {
        name: float(re.search(rf"{name}.*? (\d+\.\d)%", output)[1])
        for name in ("DiffPool", "flat GNN")
    }
    assert found["DiffPool"] > 90 > 75 > found["flat GNN"]


@each_text
def test_the_files_that_a_page_links_to_exist(path):
    targets = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    missing = [name for name in targets if not (path.parent / name).exists()]
    assert [name for name in missing if not (INSTALLED / name).exists()] == []


@each_text
def test_the_headings_that_a_page_links_to_exist(path):
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", path.read_text(encoding="utf-8"))
    for name, anchor in links:
        page = (path.parent / name if name else path).read_text(encoding="utf-8")
        titles = re.findall(r"(?m)^#+ (.*)$", page)
        plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
        assert anchor in [title.replace(" ", "-") for title in plain]


def test_the_files_that_the_readme_names_exist():
    folders = "tests|npdiffpool|examples|benchmarks"
    names = set(re.findall(rf"`((?:{folders})/[\w./]+)`", README))
    names |= set(re.findall(rf"\]\(((?:{folders})/[\w./]+)\)", README))
    assert len(names) >= 20
    missing = [name for name in names if not (ROOT / name).exists()]
    assert [name for name in missing if not (INSTALLED / name).exists()] == []


def test_the_readme_has_the_commands_of_the_projects_check():
    """.ci/run takes both from the README, each from the end of a line."""
    assert re.search(r'(?m)^pip install -e "\.\[test\]" && pytest$', README)
    assert re.search(r"(?m)^pip install .* && python \.ci/reference$", README)


def test_the_counts_of_laws_in_the_readme_are_those_of_the_registry():
    counts = f"{len(laws_of_claims())} of the {len(LAWS)}"
    assert f"{counts} laws are about a pooling layer" in README
    assert f" {len(LAWS)} [laws](npdiffpool/testing/LAWS.md)" in README


def test_the_functions_that_the_readme_names_exist():
    linked = re.findall(r"\[`(\w+)\.(\w+)`\]\((npdiffpool/[\w/]+)\.py\)", README)
    names = {(path.replace("/", "."), function) for _, function, path in linked}
    assert all(path.endswith(f"/{module}") for module, _, path in linked)
    names |= {("npdiffpool.paper", f) for f in re.findall(r"`paper\.(\w+)`", README)}
    names -= {("npdiffpool.paper", "py")}
    assert len(names) >= 13
    for module, name in names:
        assert callable(getattr(import_module(module), name))


def test_the_map_in_the_readme_is_that_of_the_package():
    """A row for each folder, and for `paper.py`; the file to start with is there."""
    section = README.split("## Code layout")[1].split("\n## ")[0]
    _, *rows = re.findall(r"(?m)^\| `([\w.]+)(/?)` \| (.*) \| (.*) \|$", section)
    package = INSTALLED / "npdiffpool"
    folders = {
        path.name for path in package.iterdir() if (path / "__init__.py").exists()
    }
    assert {name for name, slash, *_ in rows if slash} == folders
    assert {name for name, slash, *_ in rows if not slash} == {"paper.py"}
    for name, slash, contents, start in rows:
        files = re.findall(r"`(\w+\.py)`", contents + start)
        assert files or not slash
        assert [file for file in files if not (package / name / file).exists()] == []


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 265


CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")


def test_the_chinese_page_names_what_the_readme_names():
    blocks = re.findall(r"```sh\n(.*?)```", CHINESE, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 3 and [line for line in lines if line not in README] == []
    functions = re.findall(r"`(?:paper|layers|pooling|losses)\.\w+`", CHINESE)
    assert len(functions) == 14
    assert [name for name in functions if name not in README] == []
    assert len(re.findall(r"\]\(([\w./]+)\)", CHINESE)) >= 4


def test_importing_the_package_imports_no_extra():
    code = "import sys, npdiffpool; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    extras = {"matplotlib", "networkx", "tqdm", "hypothesis", "sklearn", "torch"}
    assert extras & {name.split(".")[0] for name in loaded.split()} == set()
