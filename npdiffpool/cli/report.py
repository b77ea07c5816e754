"""Write the report of a run as one HTML file.

example:
  npdiffpool report runs/MUTAG-1                 writes runs/MUTAG-1/report.html
"""

from __future__ import annotations

import argparse


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("folder", metavar="RUN", help="a folder that train wrote")


def run(arguments: argparse.Namespace) -> None:
    """Write the report and print its path."""
    try:
        from npdiffpool.viz import write_report
    except ImportError as error:
        raise ValueError(f"report: {error}") from None
    print(write_report(arguments.folder))
