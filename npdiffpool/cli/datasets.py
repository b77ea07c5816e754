"""List the known data sets.

example:
  npdiffpool datasets --json
"""

from __future__ import annotations

import argparse
import json

from npdiffpool.cli.parser import add_json
from npdiffpool.datasets import known_datasets


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_json(command, "the list")


def run(arguments: argparse.Namespace) -> None:
    """Print the table of data sets, or JSON."""
    if arguments.json:
        print(json.dumps([row._asdict() for row in known_datasets()]))
        return
    print(f"{'name':<18}{'graphs':>8}{'classes':>9}{'nodes':>9}{'edges':>10}  found")
    for row in known_datasets():
        print(
            f"{row.name:<18}{row.graphs:>8}{row.classes:>9}"
            f"{row.nodes_mean:>9.2f}{row.edges_mean:>10.2f}  {row.found}"
        )
