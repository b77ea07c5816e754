"""The command line: ``npdiffpool train``, ``cv``, ``predict``, ``report``, ...

Results go to standard output, progress to standard error. The exit status is 0,
or 2 with one line on standard error that names what is wrong, 130 after Ctrl-C, or,
of ``verify``, 1 where a law fails.
"""
from __future__ import annotations

import argparse
import csv
import os
import sys
from dataclasses import fields
from importlib.metadata import version
from typing import Any, NoReturn, Sequence

from npdiffpool.checks import require_int
from npdiffpool.cv import cv_run
from npdiffpool.datasets import known_datasets, load_dataset, load_dataset_like
from npdiffpool.estimator import DiffPoolClassifier, load_model
from npdiffpool.evaluation import Source
from npdiffpool.run import train_run
from npdiffpool.threads import VARIABLES, can_limit, is_chosen

HELP = {
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
    "patience": "stop after so many epochs without a better validation score",
    "seed": "of the split and of everything random",
    "dtype": "float32 or float64",
    "recompute": "save memory on large graphs, for a longer epoch",
}


def console() -> None:
    """Run the command line with one BLAS thread, unless the user has chosen.

    Most graphs are small: a second thread gains little, and on a busy machine
    makes a step up to ten times slower. A BLAS counts its threads when NumPy is
    imported, which has happened, so the process starts itself again, once.
    With threadpoolctl there is no need to: see `npdiffpool.threads`.
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
    arguments = _parser().parse_args(argv)
    try:
        status = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        print(f"npdiffpool: {_one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"npdiffpool: {str(stop) or 'interrupted'}", file=sys.stderr)
        return 130
    return status or 0


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class _Parser(argparse.ArgumentParser):
    """Say what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"npdiffpool: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="npdiffpool", description="DiffPool from scratch in NumPy.")
    shown = f"npdiffpool {version('npdiffpool')}"
    parser.add_argument("--version", action="version", version=shown)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands)
    _add_cv(commands)
    _add_predict(commands)
    _add_report(commands)
    datasets = commands.add_parser("datasets", help="list the known data sets")
    datasets.set_defaults(run=_datasets)
    _add_verify(commands)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a classifier and write a run folder",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.set_defaults(run=_train)
    train.add_argument(
        "data",
        nargs="?",
        default="MUTAG",
        metavar="DATA",
        help="name, folder or zip of a data set in TU form",
    )
    train.add_argument("--out", metavar="RUN", help="run folder, new or empty")
    train.add_argument(
        "--resume",
        action="store_true",
        help="go on with a run that was stopped, in --out, with the same options",
    )
    _add_model(train)


def _add_model(command: Any) -> None:
    """Offer how features are made, and every parameter of the classifier."""
    command.add_argument(
        "--features", default="auto", help="auto, labels, attributes, degree or ones"
    )
    command.add_argument(
        "--clusters",
        type=_clusters,
        default="0.25",
        help="a level each, such as 0.25,4: ratios of the largest graph, or numbers; "
        'none ("") for a flat GNN',
    )
    for field in fields(DiffPoolClassifier):
        if field.name in HELP:
            _add_field(command, field)


def _add_field(train: Any, field: Any) -> None:
    """Offer a parameter of the classifier, of the type of its default."""
    kind: dict[str, Any] = {"type": type(field.default)}
    if field.default is None:
        kind = {"type": int}
    elif isinstance(field.default, bool):
        kind = {"action": argparse.BooleanOptionalAction}
    flag, text = f"--{field.name.replace('_', '-')}", HELP[field.name]
    train.add_argument(flag, default=field.default, help=text, **kind)


def _clusters(text: str) -> tuple[float, ...]:
    try:
        words = [word for word in text.split(",") if word]
        return tuple(int(w) if w.isdecimal() else float(w) for w in words)
    except ValueError:
        message = f"must be numbers with commas between; got {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def _classifier(arguments: argparse.Namespace) -> DiffPoolClassifier:
    values = vars(arguments)
    names = {field.name for field in fields(DiffPoolClassifier)} & set(values)
    return DiffPoolClassifier(**{name: values[name] for name in names})


def _train(arguments: argparse.Namespace) -> None:
    clf = _classifier(arguments).set_params(verbose=True)
    dataset = load_dataset(arguments.data, features=arguments.features)
    train_run(clf, dataset, arguments.out, arguments.resume)


def _add_cv(commands: Any) -> None:
    cv = commands.add_parser(
        "cv",
        help="cross-validate by a published protocol",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="Cross-validate. With the same command, a run that was stopped "
        "goes on where it was.",
    )
    cv.set_defaults(run=_cv)
    cv.add_argument("data", metavar="DATA", help="as for train")
    cv.add_argument(
        "--protocol",
        default="fair",
        help="fair: a validation part chooses, test accuracy is reported; paper: the "
        "maximum over epochs of the mean validation accuracy",
    )
    cv.add_argument("--splits", metavar="FILE", help="index lists of the folds, JSON")
    cv.add_argument(
        "--grid",
        metavar="FILE",
        help='configurations to choose from, JSON such as {"hidden": [32, 64]}',
    )
    cv.add_argument("--folds", type=int, default=10, help="where --splits is not given")
    cv.add_argument("--runs", type=int, default=3, help="final runs a fold, fair only")
    cv.add_argument("--jobs", type=int, default=1, help="processes")
    cv.add_argument("--out", metavar="FOLDER", help="of the results, JSON")
    _add_model(cv)


def _cv(arguments: argparse.Namespace) -> None:
    names = ("protocol", "splits", "grid", "folds", "runs", "jobs", "out")
    options = {name: getattr(arguments, name) for name in names}
    require_int("--jobs", arguments.jobs, 1)
    source = Source(arguments.data, arguments.features)
    cv_run(_classifier(arguments), source, **options)


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser(
        "predict", help="write predictions as CSV to standard output"
    )
    predict.set_defaults(run=_predict)
    predict.add_argument("model", metavar="MODEL", help="a model.npz")
    predict.add_argument("data", metavar="DATA", help="as for train")


def _predict(arguments: argparse.Namespace) -> None:
    clf = load_model(arguments.model)
    if clf.feature_names_in_ is None:
        raise ValueError(f"{arguments.model} was not trained on a data set")
    dataset = load_dataset_like(arguments.data, clf.feature_names_in_)
    probabilities = clf.predict_proba(dataset.graphs)
    predicted = clf.predict(dataset.graphs)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["graph", "predicted", *(f"p({name})" for name in clf.classes_)])
    for index, (label, row) in enumerate(zip(predicted, probabilities)):
        writer.writerow([index, label, *(f"{p:.6f}" for p in row)])


def _add_report(commands: Any) -> None:
    report = commands.add_parser(
        "report",
        help="write the report of a run, one HTML file",
        description="Write RUN/report.html again, from the other files of the run "
        "folder. It needs no network: open it in a browser.",
    )
    report.set_defaults(run=_report)
    report.add_argument("folder", metavar="RUN", help="a folder that train wrote")


def _report(arguments: argparse.Namespace) -> None:
    try:
        from npdiffpool.viz import write_report
    except ImportError as error:
        raise ValueError(f"report: {error}") from None
    print(write_report(arguments.folder))


def _add_verify(commands: Any) -> None:
    verify = commands.add_parser(
        "verify",
        help="check the laws of graph pooling on a layer",
        description="Check the laws on a pooling layer, pool(A, R, Z) -> Pooled, or "
        "on npdiffpool itself. The exit status is 1 if a law fails.",
    )
    verify.set_defaults(run=_verify)
    verify.add_argument(
        "layer",
        nargs="?",
        metavar="MODULE:FUNCTION",
        help="the layer; npdiffpool itself where not given",
    )
    verify.add_argument(
        "--law",
        action="append",
        metavar="ID",
        help="a law to check, such as C1; may be given again; all by default",
    )
    verify.add_argument(
        "--examples", type=int, metavar="N", help="cases a check, 100 by default"
    )
    verify.add_argument("--list", action="store_true", help="list the laws and stop")


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
    print(table.write_table(results))
    return int(any(result.verdict == "fails" for result in results))


def _datasets(arguments: argparse.Namespace) -> None:
    print(f"{'name':<18}{'graphs':>8}{'classes':>9}{'nodes':>9}{'edges':>10}  found")
    for row in known_datasets():
        print(
            f"{row.name:<18}{row.graphs:>8}{row.classes:>9}"
            f"{row.nodes_mean:>9.2f}{row.edges_mean:>10.2f}  {row.found}"
        )
