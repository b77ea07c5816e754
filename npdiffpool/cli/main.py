"""The command line: ``npdiffpool train``, ``cv``, ``predict``, ``report``, ...

Results go to standard output, progress to standard error. The exit status is 0,
or 2 with one line on standard error that names what is wrong, 130 after Ctrl-C, or,
of ``verify``, 1 where a law fails. What can be given is in options.py.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from contextlib import nullcontext, redirect_stdout, suppress
from dataclasses import fields
from typing import Any, Sequence

from npdiffpool._support.arguments import require_int
from npdiffpool._support.process import VARIABLES, can_limit, is_chosen
from npdiffpool._support.progress import coloured, printable
from npdiffpool.cli.cross_validate import cv_run
from npdiffpool.cli.parser import build_parser
from npdiffpool.datasets import known_datasets, load_dataset, load_dataset_like
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.estimators.model_file import load_model
from npdiffpool.evaluation.protocols import Source
from npdiffpool.runs.train import train_run


def console() -> None:
    """Run the command line with one BLAS thread, unless the user has chosen.

    Most graphs are small: a second thread gains little, and on a busy machine
    makes a step up to ten times slower. A BLAS counts its threads when NumPy is
    imported, which has happened, so the process starts itself again, once.
    With threadpoolctl there is no need to: see `npdiffpool._support.process`.
    """
    if os.name == "posix" and not is_chosen() and not can_limit():
        os.environ.update(dict.fromkeys(VARIABLES, "1"))
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process where not given.
    """
    if hasattr(sys.stdout, "reconfigure"):  # a terminal may not have every letter
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments, status = build_parser(ACTIONS).parse_args(argv), None
    try:
        status = arguments.run(arguments)
        if sys.stdout is not None:  # it may be closed
            sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError, MemoryError) as error:
        _complain(" ".join(str(error).split()) or type(error).__name__)
        return 2
    except KeyboardInterrupt as stop:
        _complain(str(stop) or "interrupted")
        return 130
    return status or 0


def _complain(text: str) -> None:
    name = coloured("npdiffpool:", "red", sys.stderr)
    with suppress(OSError):  # who reads it may have gone
        print(f"{name} {printable(text)}", file=sys.stderr)


def _only_json(arguments: argparse.Namespace) -> Any:
    """Return a context: with --json, what is printed in it is no result."""
    return redirect_stdout(sys.stderr) if arguments.json else nullcontext()


def _classifier(arguments: argparse.Namespace) -> DiffPoolClassifier:
    values = vars(arguments)
    names = {field.name for field in fields(DiffPoolClassifier)} & set(values)
    return DiffPoolClassifier(**{name: values[name] for name in names})


def _train(arguments: argparse.Namespace) -> None:
    clf = _classifier(arguments).set_params(verbose=True)
    with _only_json(arguments):
        dataset = load_dataset(arguments.data, features=arguments.features)
        folder = train_run(clf, dataset, arguments.out, arguments.resume)
    if arguments.json:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        print(json.dumps({"run": str(folder), **config["results"]}))


def _cv(arguments: argparse.Namespace) -> None:
    names = ("protocol", "splits", "grid", "folds", "runs", "jobs", "scheduler", "out")
    options = {name: getattr(arguments, name) for name in names}
    require_int("--jobs", arguments.jobs, 1)
    source = Source(arguments.data, arguments.features)
    with _only_json(arguments):
        result = cv_run(_classifier(arguments), source, **options)
    if arguments.json:
        print(json.dumps(result._asdict()))


def _predict(arguments: argparse.Namespace) -> None:
    clf = load_model(arguments.model)
    if clf.feature_names_in_ is None:
        raise ValueError(f"{arguments.model} was not trained on a data set")
    dataset = load_dataset_like(arguments.data, clf.feature_names_in_)
    probabilities = clf.predict_proba(dataset.graphs)
    predicted = clf.predict(dataset.graphs)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = [f"p({printable(str(name))})" for name in clf.classes_]
    writer.writerow(["graph", "predicted", *names])
    for index, (label, row) in enumerate(zip(predicted, probabilities)):
        writer.writerow([index, printable(str(label)), *(f"{p:.6f}" for p in row)])


def _report(arguments: argparse.Namespace) -> None:
    try:
        from npdiffpool.viz import write_report
    except ImportError as error:
        raise ValueError(f"report: {error}") from None
    print(write_report(arguments.folder))


def _verify(arguments: argparse.Namespace) -> int:
    try:
        from npdiffpool.testing import table
    except ModuleNotFoundError as error:
        hint = "pip install hypothesis"
        raise ValueError(f"verify needs {error.name}: {hint}") from None
    if arguments.list:
        print(table.list_laws())
        return 0
    if arguments.examples is not None:
        require_int("--examples", arguments.examples, 1)
    results = table.verify(arguments.layer, arguments.law, arguments.examples)
    if arguments.json:
        print(json.dumps([table.as_row(result) for result in results]))
    else:
        print(table.write_table(results))
    return int(any(result.verdict == "fails" for result in results))


def _datasets(arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps([row._asdict() for row in known_datasets()]))
        return
    print(f"{'name':<18}{'graphs':>8}{'classes':>9}{'nodes':>9}{'edges':>10}  found")
    for row in known_datasets():
        print(
            f"{row.name:<18}{row.graphs:>8}{row.classes:>9}"
            f"{row.nodes_mean:>9.2f}{row.edges_mean:>10.2f}  {row.found}"
        )


ACTIONS = {
    "train": _train,
    "cv": _cv,
    "predict": _predict,
    "report": _report,
    "datasets": _datasets,
    "verify": _verify,
}
