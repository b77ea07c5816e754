"""The parser of the command line, and what commands share."""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, Callable, NamedTuple, NoReturn, Sequence

EXAMPLES = """\
examples:
  npdiffpool train                               MUTAG, which is bundled
  npdiffpool train ENZYMES --epochs 50 --out enzymes
  npdiffpool predict enzymes/model.npz ENZYMES > predictions.csv
  npdiffpool cv PROTEINS --protocol fair --jobs 2
  npdiffpool verify mymodule:mylayer             the laws, for your own layer

Run npdiffpool COMMAND --help for the options of a command."""


class Command(NamedTuple):
    """One command of the command line.

    Attributes
    ----------
    name : str
    summary : str
        One line of help, without a capital and a period.
    examples : str
        Shown below the options.
    add_options : callable
        Adds the arguments and options to the command's parser.
    run : callable
        Runs the command with the parsed arguments; returns its exit status, or None
        for 0.
    usage : str, optional
        For a command with many options; by default all are listed.
    """

    name: str
    summary: str
    examples: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]
    usage: str | None = None


class Parser(argparse.ArgumentParser):
    """Parser that reports an error in one line and suggests the nearest command."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"npdiffpool: {message} (see {self.prog} --help)\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            near = get_close_matches(str(value), action.choices, 1, 0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            listed = ", ".join(action.choices)
            text = f"{value!r} is none of {listed}.{hint}"
            raise argparse.ArgumentError(action, text)


def build_parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """Return a parser whose result has the command's function as `run`."""
    look: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    about = "DiffPool, hierarchical graph classification, from scratch in NumPy."
    parser = Parser("npdiffpool", description=about, epilog=EXAMPLES, **look)
    shown = f"npdiffpool {version('npdiffpool')}"
    parser.add_argument("--version", action="version", version=shown)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for command in commands:
        summary = command.summary
        subparser = subparsers.add_parser(
            command.name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=command.examples,
            usage=command.usage,
            **look,
        )
        subparser.set_defaults(run=command.run)
        command.add_options(subparser)
    return parser


def add_json(command: argparse.ArgumentParser, what: str) -> None:
    """Add the option --json."""
    text = f"print {what} as JSON, and everything else to standard error"
    command.add_argument("--json", action="store_true", help=text)


def results_only(json: bool) -> AbstractContextManager[Any]:
    """Return a context in which, with --json, standard output is standard error."""
    return redirect_stdout(sys.stderr) if json else nullcontext()
