"""The parameters of a model as command-line options, and as a Markdown table.

``python -m npdiffpool.cli.parameters`` prints the table, which examples/guide.md
shows. Both are made from the fields of `DiffPoolClassifier`.
"""

from __future__ import annotations

import argparse
from dataclasses import Field, fields
from typing import Any

from npdiffpool._support.parameters import allowed_values, first_sentence, shown
from npdiffpool.estimators.diffpool import DiffPoolClassifier, DiffPoolRegressor, Model
from npdiffpool.training.schedule import Schedule

PARAMETERS = fields(DiffPoolClassifier)
METAVARS = {"class_weight": "balanced", "monitor": "SCORE"}
NO_OPTIONS = {"verbose", "validation_fraction", "warm_start"}  # commands decide
TRAINING = {field.name for field in fields(Schedule)} | {"seed", "dtype", "recompute"}


def add_weights(command: Any) -> None:
    """Add the option for the edge weights."""
    text = '"attribute 0" for the first column of edge attributes (default: all 1)'
    command.add_argument("--weights", metavar="COLUMN", help=f"edge weights: {text}")


def add_parameters(command: argparse.ArgumentParser) -> None:
    """Add options for the data and for every parameter but `NO_OPTIONS`."""
    model = command.add_argument_group("the model")
    training = command.add_argument_group("training")
    kinds = "auto, labels, attributes, degree or ones"
    text = f"node features: {kinds} (default: %(default)s)"
    model.add_argument("--features", default="auto", metavar="KIND", help=text)
    add_weights(model)
    columns = '"attribute 0" for the first column of graph_attributes'
    columns = f'the target, {columns}, "attributes" for all'
    text = f"for regression: {columns} (default: classes)"
    model.add_argument("--target", metavar="COLUMN", help=text)
    for field in PARAMETERS:
        if field.name not in NO_OPTIONS:
            _add_parameter(training if field.name in TRAINING else model, field)


def _add_parameter(group: Any, field: Field[Any]) -> None:
    """Add the option of a parameter; without it the parameter is not set."""
    options: dict[str, Any] = {"default": argparse.SUPPRESS}
    kind, default = str(field.type).split(" | ")[0], field.default
    if field.name == "clusters":
        options |= {"type": _clusters, "metavar": "LIST"}
        default = '0.25; 0.25,4 is two levels, "" is none'
    elif kind == "bool":
        options["action"] = argparse.BooleanOptionalAction
        default = "on" if default else "off"
    elif field.name in METAVARS:
        options["metavar"] = METAVARS[field.name]
    elif kind == "str":
        options["metavar"] = allowed_values(field).replace('"', "").replace(" ", "")
    else:
        options |= {"type": {"int": int, "float": float}[kind], "metavar": kind.upper()}
    option = group.add_argument(f"--{field.name.replace('_', '-')}", **options)
    text = first_sentence(field)  # set last: Python 3.10 adds the default to it
    option.help = f"{text[0].lower()}{text[1:]} (default: {default})"


def _clusters(text: str) -> tuple[float, ...]:
    """Parse the value of --clusters."""
    try:
        words = [word.strip() for word in text.split(",") if word.strip()]
        return tuple(int(w) if w.isdecimal() else float(w) for w in words)
    except ValueError:
        message = f"must be numbers, separated by commas; got {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def make_model(arguments: argparse.Namespace) -> Model:
    """Return the model with the parameters that were given as options.

    It is a classifier, or with --target a regressor.

    Raises
    ------
    ValueError
        If a parameter of the classifier alone is given with --target.
    """
    given = vars(arguments)
    names = [field.name for field in PARAMETERS if field.name in given]
    parameters = {name: given[name] for name in names}
    if given["target"] is None:
        return DiffPoolClassifier(**parameters)
    known = [field.name for field in fields(DiffPoolRegressor)]
    for name in set(names) - set(known):
        option = f"--{name.replace('_', '-')}"
        raise ValueError(f"{option} must be left out with --target: it is for classes")
    return DiffPoolRegressor(**parameters)


def write_table() -> str:
    """Return a Markdown table of the parameters of `DiffPoolClassifier`."""
    lines = ["| parameter | values | default | meaning |", "|---|---|---|---|"]
    for field in PARAMETERS:
        cells = allowed_values(field), shown(field.default)
        values, default = (f"`{cell}`" for cell in cells)
        meaning = f"{first_sentence(field)}."
        lines.append(f"| `{field.name}` | {values} | {default} | {meaning} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(write_table())
