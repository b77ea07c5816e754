"""Fuzz what reads files that strangers may have made.

    pip install -e ".[fuzz]"
    python -m tests.fuzz model --engine hypothesis --minutes 10
    python -m tests.fuzz tu --engine atheris --minutes 10 --out found

TARGET is one of those in targets.py, which say what is read. Inputs are those of
corpus/TARGET, changed by mutations.py; Hypothesis draws which and how, atheris chooses
by the branches that are reached. Under a limit of memory and of time an input must give
a result or the documented error (guard.py says what else must not be). What does not is
a finding: it goes, once for each place in the code, into the folder --out and is
printed; the exit status is then 1. A finding that is mended belongs into corpus/TARGET,
which tests/test_fuzz.py reads again at every run.
"""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

TARGETS = "model checkpoint tu zip splits grid report".split()


def main():
    """Fuzz one target; return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description="Fuzz one target.")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--engine", choices=["hypothesis", "atheris"], required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    with counting() if options.engine == "atheris" else nullcontext():
        from .engines import fuzz  # only now, for branches are counted from the import
    return fuzz(**vars(options))


def counting():
    """Let atheris see the branches of the package."""
    import atheris

    return atheris.instrument_imports(include=["npdiffpool"])


if __name__ == "__main__":
    sys.exit(main())
