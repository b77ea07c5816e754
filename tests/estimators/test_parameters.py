"""Parameters: described once, checked and documented from there."""

import inspect
import re
import subprocess
import sys
from dataclasses import dataclass, fields

import pytest

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor
from npdiffpool._support.parameters import (
    allowed_values,
    check_parameters,
    first_sentence,
    parameter,
)
from npdiffpool.engine.config import Config
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


def test_the_package_imports_without_docstrings():
    program = "import npdiffpool as n; assert n.DiffPoolClassifier.__doc__ is None"
    subprocess.run([sys.executable, "-OO", "-c", program], check=True)
