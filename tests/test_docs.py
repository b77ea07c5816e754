"""Docstrings follow numpydoc's rules, and public ones are complete.

ruff checks all docstrings by the rules of pydocstyle for NumPy's convention. The tests
here check what these leave open for public names: parameters, results, errors, the
order of sections, examples. doctest, which runs with the tests, checks the examples.
"""

import ast
import inspect
import re
import subprocess
import sys

import pytest
from public_names import MODULES, public_members, public_objects
from sources import ROOT

# D105: what a magic method does is known. The docstring of a law is its statement.
RUFF = """check --isolated --no-cache --select D --ignore D105
    --config lint.pydocstyle.convention="numpy"
    --config lint.per-file-ignores={"**/testing/laws/*"=["D401"]}""".split()
SECTIONS = """Parameters Attributes Returns Yields Raises Warns Notes References
    Examples""".split()

# In these modules `fit` is public, with its arguments and results.
ONLY = {
    "npdiffpool.training.fit": ["Checkpoint", "Fitted", "Labelled", "fit"],
    "npdiffpool.training.schedule": ["Schedule"],
}
OTHER_PARAMETERS = {
    "npdiffpool.DiffPoolRegressor": "the parameters of DiffPoolClassifier",
    "get_params": "scikit-learn's convention",
    "set_params": "scikit-learn's convention",
}
NO_EXAMPLE = {
    "npdiffpool.engine.layers.sum_operator": "returns its argument",
    "npdiffpool.engine.layers.glorot": "random numbers",
    "npdiffpool.engine.layers.init_": "random numbers; the example of gnn draws them",
    "npdiffpool.testing.strategies": "random; one for all in the module's docstring",
    "npdiffpool.viz.save_figures": "takes a second; the README's command runs it",
    "npdiffpool.viz.write_report": "takes a whole run; the README's command runs it",
}


def documented():
    """Yield the name and the object of each public function, class and member."""
    for path, value in public_objects().items():
        module, _, name = path.rpartition(".")
        if name not in ONLY.get(module, [name]):
            continue
        if inspect.isfunction(value) or inspect.isclass(value):
            yield path, value
        if inspect.isclass(value):
            for member in public_members(value):
                yield f"{path}.{member}", getattr(value, member)


PUBLIC = dict(documented())
TOP = [name for name in PUBLIC if name.rpartition(".")[0] in MODULES]
CALLED = [name for name, value in PUBLIC.items() if not isinstance(value, property)]


def sections(value):
    """Return the sections of a docstring by heading; the text before them by ""."""
    parts = re.split(r"(?m)^(\w+)\n-{3,}\n", inspect.getdoc(value) or "")
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2]))}


def entries(section):
    """Return the names that begin the entries of a section, in their order."""
    heads = re.findall(r"(?m)^\S.*", section)
    names = [head.split(" : ")[0].split(", ") for head in heads]
    return [name.strip("*` ") for group in names for name in group]


def parameters(value):
    """Return the names of the parameters of a function, class or method."""
    if inspect.isclass(value) and issubclass(value, Exception):
        return []
    names = inspect.signature(value).parameters
    return [name for name in names if name not in ("self", "cls")]


def is_conventional(name):
    """Return whether the parameters of a public name are documented elsewhere."""
    return name in OTHER_PARAMETERS or name.rpartition(".")[2] in OTHER_PARAMETERS


def shows(name):
    """Return whether the docstring of a public name has an example."""
    return ">>> " in inspect.getdoc(PUBLIC[name])


def is_shown_elsewhere(name):
    """Return whether a class is an argument, result or error of what has an example."""
    word = re.compile(rf"\b{name.rpartition('.')[2]}\b")
    parts = ("Parameters", "Returns", "Yields", "Raises")
    return inspect.isclass(PUBLIC[name]) and any(
        word.search(sections(PUBLIC[other]).get(part, ""))
        for other in CALLED
        if shows(other)
        for part in parts
    )


def source_of(function):
    """Return the source of a function, found by its name if a decorator hides it."""
    try:
        return inspect.getsource(function)
    except OSError:  # made by hypothesis.strategies.composite
        text = inspect.getsource(inspect.getmodule(function))
        (node,) = [
            node
            for node in ast.parse(text).body
            if getattr(node, "name", None) == function.__name__
        ]
        return ast.get_source_segment(text, node)


OWN = [name for name in CALLED if not is_conventional(name)]
FUNCTIONS = [name for name in OWN if not inspect.isclass(PUBLIC[name])]


def run_ruff(path):
    """Return the exit status and the findings of ruff on a file or folder."""
    command = [sys.executable, "-m", "ruff", *RUFF, str(path)]
    folder = path if path.is_dir() else path.parent  # the exceptions are relative to it
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    return done.returncode, done.stdout + done.stderr


def test_docstrings_follow_the_conventions_of_numpydoc():
    status, findings = run_ruff(ROOT)
    assert status == 0, findings


@pytest.mark.parametrize(
    "rule, docstring",
    {
        "D103": "",
        "D200": "Return one.\n    ",
        "D205": "Return one.\n    And more.\n    ",
        "D400": "Return one",
        "D401": "Returns one.",
        "D406": "Return one.\n\n    Returns:\n    --------\n    int\n    ",
    }.items(),
)
def test_ruff_finds_a_docstring_against_the_conventions(tmp_path, rule, docstring):
    path = tmp_path / "module.py"
    text = f'    """{docstring}"""\n' if docstring else ""
    path.write_text(f'"""Module."""\n\n\ndef f():\n{text}    return 1\n')
    status, findings = run_ruff(path)
    assert status == 1 and rule in findings


@pytest.mark.parametrize("name", OWN)
def test_the_documented_parameters_are_the_parameters_in_order(name):
    parts = sections(PUBLIC[name])
    documented = entries(parts.get("Parameters", ""))
    if inspect.isclass(PUBLIC[name]) and not documented:  # a NamedTuple, say
        documented = entries(parts.get("Attributes", ""))
    assert documented == parameters(PUBLIC[name])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_are_documented(name):
    parts = sections(PUBLIC[name])
    returns = inspect.signature(PUBLIC[name]).return_annotation not in (None, "None")
    assert ("Returns" in parts or "Yields" in parts) == returns


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_documented(name):
    source = source_of(PUBLIC[name])
    raises = re.search(r"\braise |\bcheck\w*\(|\brequire\w*\(", source)
    assert not raises or "Raises" in sections(PUBLIC[name])


@pytest.mark.parametrize("name", PUBLIC)
def test_sections_have_the_names_and_the_order_of_numpydoc(name):
    headings = [heading for heading in sections(PUBLIC[name]) if heading]
    assert headings == [heading for heading in SECTIONS if heading in headings]


@pytest.mark.parametrize("name", TOP)
def test_every_public_name_has_an_example(name):
    excused = [begin for begin in NO_EXAMPLE if name.startswith(begin)]
    assert (shows(name) or is_shown_elsewhere(name)) != bool(excused)


def test_every_public_part_of_the_package_is_listed():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    listed = {name.split(".")[1] for name in MODULES[1:]}
    inner = {"_support", "cli", "graphs", "runs"}  # `graphs` is public at the top level
    assert listed == folders - inner | {"paper"}


def test_every_exception_names_something_public():
    for begin in NO_EXAMPLE:
        assert [name for name in PUBLIC if name.startswith(begin)], begin
    for name in OTHER_PARAMETERS:
        assert [path for path in CALLED if path.endswith(name)], name
