"""Check the laws of graph pooling; exit status 1 if one fails.

For example:
  npdiffpool verify --list
  npdiffpool verify mymodule:mylayer --law C1 --law L1
  npdiffpool verify mymodule:mylayer --quick --profile mincut
  npdiffpool verify --layer mymodule:mygcn       a message-passing layer
  npdiffpool verify --model mymodule:mymodel     a model of whole graphs
  npdiffpool verify --law G1 --examples 1000     npdiffpool itself

A batched form of pool is its attribute pool.batched, and that of model model.batched; a
gradient is pool.vjp or layer.vjp, else autograd derives it where it can. Laws that need
a missing part do not apply. The docstrings of conformance, conformance_layer and
conformance_model in npdiffpool.testing have the signatures.
"""

from __future__ import annotations

import argparse
import json
import re
from importlib.resources import files
from textwrap import fill
from typing import Any

from npdiffpool._support.arguments import require_int
from npdiffpool.cli.parser import add_json

QUICK = 20  # examples per check
OPTIONS = ("profile", "empty_graphs", "hops", "n_features")


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    given, path = command.add_mutually_exclusive_group(), "MODULE:FUNCTION"
    text = "function pool(A, R, Z) -> Pooled (default: npdiffpool itself)"
    given.add_argument("pool", nargs="?", metavar=path, help=text)
    given.add_argument("--layer", metavar=path, help="function layer(A, X) -> H (N, D)")
    given.add_argument("--model", metavar=path, help="function model(A, X) -> (C,)")
    text = "law to check, such as C1; may be repeated (default: all)"
    command.add_argument("--law", action="append", metavar="ID", help=text)
    text = "examples per check (default: 100)"
    number = command.add_mutually_exclusive_group()
    number.add_argument("--examples", type=int, metavar="INT", help=text)
    quick: Any = {"action": "store_const", "const": QUICK, "dest": "examples"}
    number.add_argument("--quick", help=f"the same as --examples {QUICK}", **quick)
    text = "what a pooling layer claims: diffpool (the default), mincut, hosc, dmon, "
    text += "topk or graclus"
    command.add_argument("--profile", metavar="NAME", help=text)
    text = "a pooling layer does not claim to pool graphs without nodes (law C15)"
    no: Any = {"action": "store_const", "const": False, "dest": "empty_graphs"}
    command.add_argument("--no-empty-graphs", help=text, **no)
    text = "edges that a layer's messages may travel (default: 1)"
    command.add_argument("--hops", type=int, metavar="INT", help=text)
    text = "number of features that a layer or model takes (default: found by trying)"
    command.add_argument("--n-features", type=int, metavar="INT", help=text)
    command.add_argument("--list", action="store_true", help="list the laws and exit")
    add_json(command, "the verdicts")


def run(arguments: argparse.Namespace) -> int:
    """Print the verdict on each law; return 1 if one fails."""
    if arguments.list:
        print(list_laws())
        return 0
    if arguments.examples is not None:
        require_int("--examples", arguments.examples, 1)
    try:
        from npdiffpool.testing import table
    except ModuleNotFoundError as error:
        hint = "pip install hypothesis"
        raise ValueError(f"verify needs {error.name}: {hint}") from None
    paths = {
        "a pooling layer": arguments.pool,
        "--layer": arguments.layer,
        "--model": arguments.model,
        "npdiffpool itself": "",
    }
    kind, path = next(pair for pair in paths.items() if pair[1] is not None)
    options = {name: getattr(arguments, name) for name in OPTIONS}
    given = {name: value for name, value in options.items() if value is not None}
    results = table.verify(kind, path, arguments.law, arguments.examples, given)
    if arguments.json:
        print(json.dumps(table.as_rows(results)))
    else:
        print(table.write_table(results))
    return int(any(result.verdict == "fails" for result in results))


def list_laws() -> str:
    """Return the id, statement and source of each law as text.

    They are read from LAWS.md: the laws themselves cannot be imported without
    Hypothesis.
    """
    page = files("npdiffpool") / "testing" / "LAWS.md"
    table = page.read_text(encoding="utf-8").partition("|---|---|---|\n")[2]
    texts = []
    for line in table.splitlines():
        id, statement, source = re.split(r" (?<!\\)\| ", line.strip("| "))
        statement, source = (cell.replace(r"\|", "|") for cell in (statement, source))
        claim = fill(f"{id:<5}{statement}", 88, subsequent_indent=" " * 5)
        texts.append(f"{claim}\n     [{source}]")
    return "\n".join(texts)
