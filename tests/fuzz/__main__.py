"""Fuzz the functions that read untrusted files.

    pip install -e ".[fuzz]"
    python -m tests.fuzz model --engine hypothesis --minutes 10
    python -m tests.fuzz tu --engine atheris --minutes 10 --out found

The targets are in targets.py; each reads one kind of file. Inputs are the files in
corpus/TARGET, mutated by mutations.py. Hypothesis draws the file and the mutations;
atheris is guided by branch coverage. Each input must give a result or the documented
error, within limits of memory and time; guard.py lists what else is forbidden. Anything
else is a finding: it is printed and saved in the folder --out, once for each error and
line of code, and the exit status is 1. Add a fixed finding to corpus/TARGET, which
tests/test_fuzz.py reads in every run.
"""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

TARGETS = "model checkpoint tu zip splits grid report".split()


def main():
    """Fuzz one target; return 1 if there was a finding, otherwise 0."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description="Fuzz one target.")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--engine", choices=["hypothesis", "atheris"], required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    with instrumented() if options.engine == "atheris" else nullcontext():
        from .engines import fuzz  # imports the package, which is instrumented here
    return fuzz(**vars(options))


def instrumented():
    """Return a context in which atheris instruments imports of the package."""
    import atheris

    return atheris.instrument_imports(include=["npdiffpool"])


if __name__ == "__main__":
    sys.exit(main())
