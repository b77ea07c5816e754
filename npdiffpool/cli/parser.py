"""The parser of the command line, and options that commands share."""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, Mapping, NoReturn, Protocol, Sequence


class Command(Protocol):
    """A module with a command. Its docstring is the help: a summary, then examples."""

    __doc__: str | None

    def add_options(self, command: argparse.ArgumentParser) -> None:
        """Add the arguments and options to the command's parser."""

    def run(self, arguments: argparse.Namespace) -> int | None:
        """Run the command; return its exit status, or None for 0."""


class Parser(argparse.ArgumentParser):
    """Parser that reports an error in one line and suggests the nearest word.

    Options cannot be abbreviated: an abbreviation would get another meaning, or none,
    when options are added.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Print the message as one line and exit with status 2."""
        self.exit(2, f"npdiffpool: {message} (see {self.prog} --help)\n")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments; report unknown ones by the parser of their command."""
        words = sys.argv[1:] if args is None else list(args)
        known = {*self._option_string_actions, "-", "--"}
        if words and words[0].startswith("-") and words[0] not in known:
            self.refuse(words[:1])
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            found.parser.refuse(unknown)
        return found

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Report unknown arguments, with the option that is nearest to the first."""
        options = [name[2:] for name in self._option_string_actions if len(name) > 2]
        word = next((word for word in unknown if word[:1] == "-"), "")
        near = get_close_matches(word.lstrip("-").partition("=")[0], options, 1)
        hint = f"; did you mean --{near[0]}?" if near else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        """Return no options that a word may mean: -hidden is not -h."""
        return []

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            near = get_close_matches(str(value), action.choices, 1, 0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            listed = ", ".join(action.choices)
            text = f"{value!r} is not one of: {listed}.{hint}"
            raise argparse.ArgumentError(action, text)


def build_parser(
    text: str | None, commands: Mapping[str, Command]
) -> argparse.ArgumentParser:
    """Return a parser whose result has the function of the command as `run`.

    Parameters
    ----------
    text : str or None
        Help of the whole program, in the form of a command's docstring.
    commands : dict of Command by name
    """
    parser = Parser("npdiffpool", **_help(text))
    shown = f"npdiffpool {version('npdiffpool')}"
    parser.add_argument("--version", action="version", version=shown)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, command in commands.items():
        texts = _help(command.__doc__)
        summary = texts["description"][:1].lower() + texts["description"][1:-1]
        subparser = subparsers.add_parser(name, help=summary, **texts)
        subparser.set_defaults(run=command.run, parser=subparser)
        command.add_options(subparser)
    return parser


def _help(text: str | None) -> dict[str, Any]:
    """Return the options of a parser for a help text, which python -OO removes."""
    summary, _, examples = (text or "").strip().partition("\n\n")
    look = argparse.RawDescriptionHelpFormatter
    return {"description": summary, "epilog": examples, "formatter_class": look}


def with_options(text: str) -> str:
    """Return a message with options for the arguments of `load_dataset` in its hints.

    >>> with_options('labels are missing; use target="attribute 0"')
    'labels are missing; use --target "attribute 0"'
    """
    return re.sub(r'\b(target|weights)=(?=")', r"--\1 ", text)


def add_run_folder(command: argparse.ArgumentParser, name: str) -> None:
    """Add the options --out and --resume of a training run."""
    text = f"run folder, new or empty (default: runs/{name}-1, -2, ...)"
    command.add_argument("--out", metavar="RUN", help=text)
    text = "resume the interrupted run in --out, with the same options as before"
    command.add_argument("--resume", action="store_true", help=text)


def add_json(command: argparse.ArgumentParser, what: str) -> None:
    """Add the option --json."""
    text = f"print {what} as JSON, and everything else to standard error"
    command.add_argument("--json", action="store_true", help=text)


def results_only(json: bool) -> AbstractContextManager[Any]:
    """Return a context in which, with --json, standard output is standard error."""
    return redirect_stdout(sys.stderr) if json else nullcontext()
