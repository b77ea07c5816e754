"""The command line's words: every command, its options, defaults and examples."""

from __future__ import annotations

import argparse
from dataclasses import fields
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, Callable, Mapping, NoReturn

from npdiffpool.estimators.diffpool import DiffPoolClassifier

EXAMPLES = {
    "": """\
examples:
  npdiffpool train                               MUTAG, which comes with the package
  npdiffpool train ENZYMES --epochs 50 --out enzymes
  npdiffpool predict enzymes/model.npz ENZYMES > predictions.csv
  npdiffpool cv PROTEINS --protocol fair --jobs 2
  npdiffpool verify mymodule:mylayer             the laws, on your own layer

npdiffpool COMMAND --help tells more.""",
    "train": """\
examples:
  npdiffpool train                               MUTAG, with every default
  npdiffpool train my_graphs.zip --out first     your own, in TU form
  npdiffpool train --clusters 0.25,4             two levels: a quarter of the nodes, 4
  npdiffpool train --clusters ""                 no pooling: a flat GNN
  npdiffpool train --link-weight 0 --entropy-weight 0
  npdiffpool train --resume --out runs/MUTAG-1   go on with what Ctrl-C stopped""",
    "cv": """\
examples:
  npdiffpool cv MUTAG --jobs 2
  npdiffpool cv ENZYMES --splits ENZYMES_splits.json --grid grid.json
  npdiffpool cv MUTAG --protocol paper --epochs 50 --json > result.json
  npdiffpool cv ENZYMES --scheduler tcp://127.0.0.1:8786

With the same command, a run that was stopped goes on where it was.""",
    "predict": """\
example:
  npdiffpool predict runs/MUTAG-1/model.npz MUTAG > predictions.csv""",
    "report": """\
example:
  npdiffpool report runs/MUTAG-1                 writes runs/MUTAG-1/report.html""",
    "datasets": """\
example:
  npdiffpool datasets --json""",
    "verify": """\
examples:
  npdiffpool verify --list
  npdiffpool verify mymodule:mylayer --law C1 --law L1
  npdiffpool verify --law G1 --examples 1000     npdiffpool itself""",
}
MODEL = {
    "gnn": "the graph layer: sage, gcn, s2v or mlp (no edges)",
    "assignment": "learned, hard, graclus, random or uniform",
    "hidden": "width of every layer",
    "n_layers": "graph layers in each GNN",
    "readout": "how nodes become a row: max, mean, sum, set2set or sortpool",
    "link_weight": "weight of the link loss",
    "entropy_weight": "weight of the entropy loss",
    "link_scale": "frobenius (the paper), nodes or entries",
    "classifier_hidden": "width of the layer before the logits, 0 for none",
    "concat_layers": "use all layers of a GNN, side by side",
    "batch_norm": "standardise each layer's features over the nodes",
    "normalize_rows": "normalise each layer's rows to length one",
    "standardize": "centre and scale features that are not just 0 and 1",
    "epochs": "passes over the training graphs",
    "batch_size": "graphs a step",
    "learning_rate": "step of Adam",
    "clip_norm": "largest norm of the gradient",
    "patience": "stop after so many epochs without a better validation score (never)",
    "seed": "of the split and of everything random",
    "dtype": "float32 or float64",
    "recompute": "save memory on large graphs, for a longer epoch",
}
TRAINING = """epochs batch_size learning_rate clip_norm patience seed dtype
recompute""".split()
Action = Callable[[argparse.Namespace], int | None]


class Parser(argparse.ArgumentParser):
    """Say what is wrong in one line, and what might have been meant."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"npdiffpool: {message} (see {self.prog} --help)\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            near = get_close_matches(str(value), action.choices, 1, 0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            listed = ", ".join(action.choices)
            text = f"{value!r} is none of {listed}.{hint}"
            raise argparse.ArgumentError(action, text)


class Help(argparse.RawDescriptionHelpFormatter):
    """Keep the lines of examples; after each option say its default, if any."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if isinstance(action, argparse.BooleanOptionalAction):
            return f"{action.help} ({'on' if action.default else 'off'})"
        is_said = action.option_strings and action.default not in (None, "==SUPPRESS==")
        is_said = is_said and action.default is not False
        return f"{action.help} (%(default)s)" if is_said else action.help


def build_parser(actions: Mapping[str, Action]) -> argparse.ArgumentParser:
    """Make the parser; each command runs the action of its name."""
    about = "DiffPool, hierarchical graph classification, from scratch in NumPy."
    look: Any = {"formatter_class": Help}
    parser = Parser("npdiffpool", description=about, epilog=EXAMPLES[""], **look)
    shown = f"npdiffpool {version('npdiffpool')}"
    parser.add_argument("--version", action="version", version=shown)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, (summary, add) in COMMANDS.items():
        text = f"{summary[0].upper()}{summary[1:]}."
        given: Any = {"help": summary, "description": text, "epilog": EXAMPLES[name]}
        if name in ("train", "cv"):  # their many options are listed below it
            data = "[DATA]" if name == "train" else "DATA"
            given["usage"] = f"npdiffpool {name} {data} [--option VALUE ...]"
        command = commands.add_parser(name, **given, **look)
        command.set_defaults(run=actions[name])
        add(command)
    return parser


def _add_train(command: Any) -> None:
    command.add_argument(
        "data",
        nargs="?",
        default="MUTAG",
        metavar="DATA",
        help="name, folder or zip of a data set in TU form",
    )
    command.add_argument("--out", metavar="RUN", help="run folder, new or empty")
    command.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in --out, wherever it was stopped; same options",
    )
    _add_json(command, "the results")
    _add_model(command)


def _add_json(command: Any, what: str) -> None:
    text = f"print {what} as JSON, and all else to standard error"
    command.add_argument("--json", action="store_true", help=text)


def _add_model(command: Any) -> None:
    """Offer how features are made, and every parameter of the classifier."""
    model = command.add_argument_group("the model")
    training = command.add_argument_group("training")
    model.add_argument(
        "--features", default="auto", help="auto, labels, attributes, degree or ones"
    )
    model.add_argument(
        "--clusters",
        type=_clusters,
        default="0.25",
        help="a level each, such as 0.25,4: ratios of the largest graph, or numbers; "
        'none ("") for a flat GNN',
    )
    for field in fields(DiffPoolClassifier):
        if field.name in MODEL:
            _add_field(training if field.name in TRAINING else model, field)


def _add_field(group: Any, field: Any) -> None:
    """Offer a parameter of the classifier, of the type of its default."""
    kind: dict[str, Any] = {"type": type(field.default), "metavar": "VALUE"}
    if field.default is None:
        kind["type"] = int
    elif isinstance(field.default, bool):
        kind = {"action": argparse.BooleanOptionalAction}
    flag, text = f"--{field.name.replace('_', '-')}", MODEL[field.name]
    group.add_argument(flag, default=field.default, help=text, **kind)


def _clusters(text: str) -> tuple[float, ...]:
    try:
        words = [word for word in text.split(",") if word]
        return tuple(int(w) if w.isdecimal() else float(w) for w in words)
    except ValueError:
        message = f"must be numbers with commas between; got {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def _add_cv(command: Any) -> None:
    command.add_argument("data", metavar="DATA", help="as for train")
    command.add_argument(
        "--protocol",
        default="fair",
        help="fair: a validation part chooses, test accuracy is reported; paper: the "
        "maximum over epochs of the mean validation accuracy",
    )
    command.add_argument("--splits", metavar="FILE", help="index lists of folds, JSON")
    command.add_argument(
        "--grid",
        metavar="FILE",
        help='configurations to choose from, JSON such as {"hidden": [32, 64]}',
    )
    for name, default, text in (
        ("--folds", 10, "where --splits is not given"),
        ("--runs", 3, "final runs a fold, fair only"),
        ("--jobs", 1, "processes"),
    ):
        command.add_argument(name, type=int, default=default, metavar="N", help=text)
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a dask cluster that runs the trainings, in place of --jobs",
    )
    command.add_argument("--out", metavar="FOLDER", help="of the results, JSON")
    _add_json(command, "the results")
    _add_model(command)


def _add_predict(command: Any) -> None:
    command.add_argument("model", metavar="MODEL", help="a model.npz")
    command.add_argument("data", metavar="DATA", help="as for train")


def _add_report(command: Any) -> None:
    command.add_argument("folder", metavar="RUN", help="a folder that train wrote")


def _add_datasets(command: Any) -> None:
    _add_json(command, "the list")


def _add_verify(command: Any) -> None:
    command.add_argument(
        "layer",
        nargs="?",
        metavar="MODULE:FUNCTION",
        help="pool(A, R, Z) -> Pooled; npdiffpool itself where not given",
    )
    command.add_argument(
        "--law",
        action="append",
        metavar="ID",
        help="a law to check, such as C1; may be given again; all by default",
    )
    command.add_argument(
        "--examples", type=int, metavar="N", help="cases a check, 100 by default"
    )
    command.add_argument("--list", action="store_true", help="list the laws and stop")
    _add_json(command, "the verdicts")


COMMANDS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "train": ("train a classifier and write a run folder", _add_train),
    "cv": ("cross-validate by a published protocol", _add_cv),
    "predict": ("write predictions as CSV to standard output", _add_predict),
    "report": ("write the report of a run, one HTML file", _add_report),
    "datasets": ("list the known data sets", _add_datasets),
    "verify": ("check the laws of graph pooling; status 1 if one fails", _add_verify),
}
