"""Every public name says what it takes and gives, and shows an example.

That the examples are right is for doctest, which runs with the tests.
"""

import inspect
import re
from importlib import import_module

import pytest

import npdiffpool

# Those that the package's docstring lists are public.
MODULES = ["npdiffpool", *re.findall(r"`(npdiffpool\.[\w.]+)`", npdiffpool.__doc__)]
# Of this module `fit` is public, with what it takes and gives.
ONLY = {
    "npdiffpool.training.fit": ["Checkpoint", "Fitted", "Labelled", "Schedule", "fit"]
}

# Files that complete sections would take over their limit of lines (test_style.py).
# There each parameter is named in the docstring, or in the module's.
SHORT = {
    "npdiffpool.paper": "150 lines; its legend has the letters and their shapes",
    "npdiffpool.engine.layers": "300 lines",
    "npdiffpool.training.fit": "300 lines; fit itself is complete",
    "npdiffpool.testing.law": "300 lines",
    "npdiffpool.testing.strategies": "300 lines",
}
OTHER_PARAMETERS = {
    "npdiffpool.DiffPoolRegressor": "those of DiffPoolClassifier, all 23",
    "get_params": "a convention of scikit-learn's",
    "set_params": "a convention of scikit-learn's",
}
# The example is that of the function which takes, gives or raises it.
SHOWN_BY = {
    "npdiffpool.NotFittedError": "npdiffpool.DiffPoolClassifier",
    "npdiffpool.engine.model.Output": "npdiffpool.engine.model.forward",
    "npdiffpool.training.adam.AdamState": "npdiffpool.training.adam.adam_init",
    "npdiffpool.training.fit.Checkpoint": "npdiffpool.training.fit.fit",
    "npdiffpool.training.fit.Fitted": "npdiffpool.training.fit.fit",
    "npdiffpool.training.fit.Labelled": "npdiffpool.training.fit.fit",
    "npdiffpool.training.fit.Schedule": "npdiffpool.training.fit.fit",
    "npdiffpool.evaluation.protocols.Evaluation": (
        "npdiffpool.evaluation.protocols.cross_validate"
    ),
    "npdiffpool.evaluation.protocols.Progress": (
        "npdiffpool.evaluation.protocols.cross_validate"
    ),
    "npdiffpool.evaluation.splits.Split": "npdiffpool.evaluation.splits.check_splits",
    "npdiffpool.datasets.Hierarchy": "npdiffpool.datasets.hierarchical_sbm",
    "npdiffpool.datasets.KnownDataset": "npdiffpool.datasets.known_datasets",
    "npdiffpool.testing.LawViolation": "npdiffpool.testing.check_pooling",
    "npdiffpool.testing.Result": "npdiffpool.testing.conformance",
}
NO_EXAMPLE = {
    "npdiffpool.paper": "150 lines; the README's dozen lines and page 01 show it",
    "npdiffpool.engine.layers.sum_operator": "gives back what it is given",
    "npdiffpool.engine.layers.glorot": "random numbers",
    "npdiffpool.engine.layers.init_": "random numbers; the example of gnn draws them",
    "npdiffpool.testing.laws.law": "would enter another law in the list",
    "npdiffpool.testing.strategies": "random; one for all in the module's docstring",
    "npdiffpool.viz.save_figures": "takes a second; the README's command does it",
    "npdiffpool.viz.write_report": "takes a whole run; the README's command does it",
}
VERBS = """Add Apply Change Check Choose Classify Copy Count Cross-validate Cut
Differentiate Divide Draw Give Hold Join Let List Load Look Make Name Predict Raise Read
Renumber Return Run Say Scale Standardise State Sum Take Tell Train Write""".split()


def public():
    """Yield the name and the object of each public function, class and member."""
    for module in map(import_module, MODULES):
        defined = [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", "") == module.__name__ and name[0] != "_"
        ]
        names = ONLY.get(module.__name__) or getattr(module, "__all__", defined)
        for name in names:
            value, path = getattr(module, name), f"{module.__name__}.{name}"
            if inspect.isfunction(value) or inspect.isclass(value):
                yield path, value
            if inspect.isclass(value):
                for member in members(value):
                    yield f"{path}.{member}", getattr(value, member)


def members(kind):
    """Return the names of a class's public methods and properties, inherited too."""
    own = [c for c in reversed(kind.__mro__) if c.__module__.startswith("npdiffpool")]
    found = {name: value for c in own for name, value in vars(c).items()}
    kinds = (property, classmethod)
    return [
        name
        for name, value in found.items()
        if name[0] != "_" and (inspect.isfunction(value) or isinstance(value, kinds))
    ]


PUBLIC = dict(public())
TOP = [name for name, value in PUBLIC.items() if name.rsplit(".", 1)[0] in MODULES]
CALLED = [name for name, value in PUBLIC.items() if not isinstance(value, property)]


def sections(value):
    """Return the sections of a docstring by their headings; "" comes before them."""
    parts = re.split(r"(?m)^(\w+)\n-{3,}\n", inspect.getdoc(value) or "")
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2]))}


def entries(section):
    """Return the names that begin the entries of a section."""
    heads = re.findall(r"(?m)^\S.*", section)
    names = [head.split(" : ")[0].split(", ") for head in heads]
    return {name.strip("*` ") for group in names for name in group}


def parameters(value):
    """Return the names of what a function, class or method takes."""
    if inspect.isclass(value) and issubclass(value, Exception):
        return set()
    names = list(inspect.signature(value).parameters)
    return set(names) - {"self", "cls"}


def conventional(name):
    """Say whether a name's parameters are documented elsewhere."""
    return name in OTHER_PARAMETERS or name.rsplit(".", 1)[1] in OTHER_PARAMETERS


def is_short(name):
    """Say whether there is no room for sections."""
    return PUBLIC[name].__module__ in SHORT


OWN = [name for name in CALLED if not conventional(name)]
COMPLETE = [name for name in OWN if not is_short(name)]
FUNCTIONS = [name for name in COMPLETE if not inspect.isclass(PUBLIC[name])]


@pytest.mark.parametrize("name", PUBLIC)
def test_the_first_line_is_a_verb_phrase_under_72_characters(name):
    first, *rest = sections(PUBLIC[name])[""].splitlines() or [""]
    assert first.split(" ")[0] in VERBS
    assert len(first) < 72 and first[-1] == "."
    assert not rest or rest[0] == ""


@pytest.mark.parametrize("name", OWN)
def test_every_parameter_is_told(name):
    value, told = PUBLIC[name], sections(PUBLIC[name])
    names = entries(told.get("Parameters", "") + told.get("Attributes", ""))
    if is_short(name):
        texts = inspect.getdoc(value), inspect.getmodule(value).__doc__
        names |= set(re.findall(r"\w+", " ".join(texts)))
    assert parameters(value) - names == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_given_back_is_told(name):
    value, told = PUBLIC[name], sections(PUBLIC[name])
    gives = inspect.signature(value).return_annotation not in (None, "None")
    assert ("Returns" in told) == gives


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_told(name):
    source = inspect.getsource(PUBLIC[name])
    raises = re.search(r"\braise |\bcheck\w*\(|\brequire\w*\(", source)
    assert not raises or "Raises" in sections(PUBLIC[name])


@pytest.mark.parametrize("name", TOP)
def test_an_example_is_shown(name):
    excused = [begin for begin in NO_EXAMPLE if name.startswith(begin)]
    shown = ">>> " in inspect.getdoc(PUBLIC[SHOWN_BY.get(name, name)])
    assert shown != bool(excused)


def test_the_modules_are_those_of_the_public_interface():
    public = """paper engine.losses engine.pooling engine.layers engine.model
    engine.config engine.graclus training.adam training.fit evaluation.protocols
    evaluation.splits evaluation.measures estimators.baselines datasets testing
    testing.laws testing.strategies viz""".split()
    assert set(MODULES) == {"npdiffpool", *(f"npdiffpool.{name}" for name in public)}


def test_exceptions_are_of_names_that_there_are():
    for begin in [*NO_EXAMPLE, *SHOWN_BY]:
        assert [name for name in PUBLIC if name.startswith(begin)], begin
    assert SHORT.keys() == {PUBLIC[name].__module__ for name in OWN if is_short(name)}
