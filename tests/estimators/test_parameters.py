"""Parameters: described once, checked and documented from there."""

import inspect
import re
import subprocess
import sys
from dataclasses import dataclass, fields

import pytest

from npdiffpool import DiffPoolClassifier, DiffPoolClusterer, DiffPoolRegressor
from npdiffpool._support.parameters import (
    allowed_values,
    check_parameters,
    first_sentence,
    parameter,
)
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import SubtreeKernelClassifier
from npdiffpool.training.schedule import Schedule

RECORDS = [Config, Schedule, DiffPoolClassifier, DiffPoolRegressor]
each_record = pytest.mark.parametrize("record", RECORDS)
CHECKED = {"int", "int | None", "float", "bool"}


@dataclass
class Record:
    kind: "str" = parameter("a", 'One. "a" or two.', choices=("a", "b"))
    count: "int" = parameter(3, "Count of them.", least=2, most=4)
    limit: "int | None" = parameter(None, "Limit. None is none.")
    rate: "float" = parameter(1.0, "Rate.", positive=True)
    weight: "float" = parameter(0.0, "Weight.")
    share: "float" = parameter(0.0, "Share.", below=1)
    flag: "bool" = parameter(False, "Flag.")
    other: "tuple[int, ...]" = parameter((), "Sizes.", values="tuple of int")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"kind": "c"}, "kind must be one of 'a', 'b'; got 'c'"),
        ({"count": 1}, "count must be a whole number >= 2; got 1"),
        ({"count": 5}, "count must be at most 4; got 5"),
        ({"count": True}, "count must be a whole number >= 2; got True"),
        ({"limit": -1}, "limit must be a whole number >= 0; got -1"),
        ({"rate": 0}, "rate must be a finite number > 0; got 0"),
        ({"weight": -1.0}, "weight must be a finite number >= 0; got -1.0"),
        ({"share": 1.0}, "share must be a finite number >= 0 and < 1; got 1.0"),
        ({"share": -0.5}, "share must be a finite number >= 0 and < 1; got -0.5"),
        ({"flag": 1}, "flag must be True or False; got 1"),
    ],
)
def test_a_value_outside_the_allowed_ones_is_rejected(changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_parameters(Record(**changes))


def test_checking_returns_the_floats():
    assert check_parameters(Record(rate=2)) == {"rate": 2, "weight": 0, "share": 0}


def test_allowed_values_and_the_first_sentence_are_shown_as_text():
    texts = {f.name: (allowed_values(f), first_sentence(f)) for f in fields(Record)}
    assert texts == {
        "kind": ('{"a", "b"}', "One"),
        "count": ("int in [2, 4]", "Count of them"),
        "limit": ("int >= 0 or None", "Limit"),
        "rate": ("float > 0", "Rate"),
        "weight": ("float >= 0", "Weight"),
        "share": ("float in [0, 1)", "Share"),
        "flag": ("bool", "Flag"),
        "other": ("tuple of int", "Sizes"),
    }


@each_record
def test_every_parameter_is_checked_or_says_its_values(record):
    for field in fields(record):
        about = field.metadata["parameter"]
        assert about.choices or about.values or field.type in CHECKED, field.name


@each_record
def test_the_docstring_describes_the_parameters_in_the_order_of_the_signature(record):
    text = inspect.getdoc(record).partition("Parameters\n----------\n")[2]
    section = text.partition("\n\n")[0]
    names = re.findall(r"(?m)^(\w+) : ", section)
    assert names == list(inspect.signature(record).parameters)
    words = " ".join(section.split())
    for field in fields(record):
        assert field.metadata["parameter"].text in words


@each_record
def test_a_description_is_one_or_more_sentences(record):
    for field in fields(record):
        text = field.metadata["parameter"].text
        assert text[0].isupper() and text[-1] == "." and text == " ".join(text.split())


OWN = {  # parameters that are not those of Config or Schedule
    "clusters": (0.25,),
    "ratio_of": "mean",
    "standardize": True,
    "validation_fraction": None,
    "warm_start": False,
    "seed": 0,
    "verbose": False,
}
DEFAULTS = {
    DiffPoolClassifier: {**OWN, "class_weight": None},
    DiffPoolRegressor: OWN,
    DiffPoolClusterer: {
        "n_clusters": 8,
        "gnn": "sage",
        "standardize": True,
        "n_init": 3,
        "epochs": 300,
        "learning_rate": 0.01,
        "seed": 0,
        "verbose": False,
    },
    SubtreeKernelClassifier: {
        "rounds": (1, 2, 3, 4),
        "penalties": (0.01, 0.1, 1.0, 10.0, 100.0),
    },
}


@pytest.mark.parametrize("kind", DEFAULTS)
def test_the_defaults_are_those_on_which_published_results_depend(kind):
    found, own = kind().get_params(), DEFAULTS[kind]
    assert {name: found[name] for name in own} == own
    shared = {f.name: f.default for f in (*fields(Config), *fields(Schedule))}
    assert {name: found[name] for name in found.keys() - own.keys()} == {
        name: shared[name] for name in found.keys() - own.keys()
    }


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"epochs": 0}, "epochs must be a whole number >= 1; got 0"),
        ({"clusters": (2.0,)}, "a ratio in clusters must be in (0, 1); got 2.0"),
        ({"clusters": (9999,)}, "each of clusters must be at most 8192; got 9999"),
        ({"validation_fraction": 1.0}, "validation_fraction must be None or above 0 "),
        (
            {"monitor": "acuracy"},
            'monitor must be "accuracy", "loss" or one of sklearn',
        ),
        ({"learning_rate": 1.0, "weight_decay": 1.0}, "learning_rate times weight_d"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [DiffPoolClassifier, DiffPoolRegressor])
def test_parameters_are_checked_without_graphs(kind, changes, message):
    kind().check_parameters()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        kind(**changes).check_parameters()


@pytest.mark.parametrize("wrong", ["balance", {0: -1.0}, [1.0, 2.0]], ids=str)
def test_class_weights_are_checked_without_graphs(wrong):
    for known in ("balanced", {0: 0.0, 1: 2}, None):
        DiffPoolClassifier(class_weight=known).check_parameters()
    with pytest.raises(ValueError, match="^class_weight"):
        DiffPoolClassifier(class_weight=wrong).check_parameters()


@pytest.mark.parametrize("kind", DEFAULTS)
def test_estimators_are_equal_only_to_themselves_and_can_be_in_a_set(kind):
    one, other = kind(), kind()
    assert one == one != other and len({one, other}) == 2


def test_the_package_imports_without_docstrings():
    program = "import npdiffpool as n; print(n.DiffPoolClassifier.fit.__doc__)"
    command = [sys.executable, "-OO", "-c", program]
    assert subprocess.run(command, stdout=subprocess.PIPE).stdout.split() == [b"None"]
