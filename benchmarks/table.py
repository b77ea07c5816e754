"""The table of variants: every row under two protocols, on the real data sets.

    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES
    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES --rows learned flat
    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES --protocol paper
    NPDIFFPOOL_DATA=folder python benchmarks/table.py --all [--list]

The folder contains the data sets and, in splits/, the index lists of Errica et al.
(from the repository of their paper). Finished jobs are stored under results/work, and
an interrupted command resumes there. A finished row is one file,
results/DATA/ROW-PROTOCOL.json, with every fold and run. The tables of
results/README.md and of the project's README are written from these files alone:
`python benchmarks/table.py --write`. With --again, rows that exist are run again from
the beginning and compared with their files; nothing is written.

With --all, the missing rows of the table are one queue, in the order of tablerows.py:
first by the fair protocol, then, by the paper's, those that the paper has. DATA, --rows
and --protocol choose from it. The tables are written after each row, a row that fails
is reported at the end, with exit status 1, and the same command resumes.
"""

import argparse
import json
import os
import shlex
import sys
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import tablepicture
import tablequeue
import tabletext
from tablerows import COMPLETE, ROWS, SETS, TWINS, cells, epochs_of, grid_of

import npdiffpool as ndp
from npdiffpool._support.atomic_files import write_text
from npdiffpool.cli.cross_validate import job_progress
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import SubtreeKernelClassifier, flat_twin
from npdiffpool.estimators.fitting.inputs import count_clusters
from npdiffpool.evaluation.job_queue import WorkerError
from npdiffpool.evaluation.jobs import load_source
from npdiffpool.evaluation.protocols import PROTOCOLS, Source, cross_validate
from npdiffpool.evaluation.splits import Split, make_splits, read_splits
from npdiffpool.evaluation.workers import workers

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
NOT_SAME = "no (another version, BLAS or CPU rounds differently?)"
PAGES = (ROOT / "README.md", RESULTS / "README.md")


def model_of(row, dataset, epochs):
    """Return the row's model; a flat twin has the depth and size of one level."""
    if ROWS[row].parameters is None:
        return SubtreeKernelClassifier()
    known = SETS[dataset.name]
    given = {"clusters": known.clusters, "ratio_of": "largest"}
    given |= ROWS[row].parameters | {"epochs": epochs}
    if given["clusters"] == "two":
        given["clusters"] = known.two_levels
    if row in TWINS:
        largest = max(graph.n_nodes for graph in dataset.graphs)
        clusters = count_clusters(known.clusters, largest)
        sizes = dataset.n_features, dataset.n_classes
        gnn = given.get("gnn", "sage")
        twin = flat_twin(Config(*sizes, gnn=gnn, clusters=clusters))
        given |= {"n_layers": twin.n_layers, "hidden": twin.hidden}
    return ndp.DiffPoolClassifier(**given)


def splits_of(name, labels, folder):
    """Return the published index lists of a data set, or make some if it has none."""
    if not SETS[name].has_splits:
        return make_splits(labels, n_folds=10)
    if folder is None:
        raise SystemExit("--splits or NPDIFFPOOL_DATA must name the lists' folder")
    return read_splits(folder / f"{name}_splits.json", len(labels))


def without_copies(dataset, splits):
    """Keep the first graph of each group of copies, in the data set and its splits."""
    copies = {int(i) for group in dataset.duplicates() for i in group[1:]}
    kept = [i for i in range(len(dataset)) if i not in copies]
    place = {graph: i for i, graph in enumerate(kept)}
    splits = [
        Split(*([place[i] for i in part if i in place] for part in split))
        for split in splits
    ]
    return dataset[kept], splits


def evaluate(name, row, protocol, epochs, runs, options, executor, folder):
    """Cross-validate a row; finished jobs in the folder are not run again."""
    # The kernel counts labels: with attributes, every colour would occur once.
    is_kernel = ROWS[row].parameters is None and SETS[name].has_labels
    distinct_of = SETS[name].distinct_of
    source = Source(distinct_of or name, "labels" if is_kernel else "auto")
    dataset = load_source(source)
    splits = splits_of(source.data, dataset.labels, options.splits)
    if distinct_of is not None:
        dataset, splits = without_copies(dataset, splits)
    progress = lines_of(name, row, protocol) if options.all else job_progress()
    with progress as show:
        return cross_validate(
            model_of(row, dataset, epochs),
            source if distinct_of is None else dataset,
            protocol=protocol,
            splits=splits,
            grid=grid_of(row, protocol),
            runs=runs,
            executor=executor,
            folder=folder,
            on_done=show,
        )


@contextmanager
def lines_of(*entry):
    """Yield a function that prints a line per job, since rows run at once."""
    row = " ".join(entry)
    yield lambda seen: print(f"{row} {seen.done} of {seen.total}\n", end="", flush=True)


def path_of(name, row, protocol):
    """Return the path of a row's file."""
    return RESULTS / name / f"{row}-{protocol}.json"


def run_row(name, row, protocol, options, executor):
    """Evaluate one row and write its file, or run it again and compare."""
    path = path_of(name, row, protocol)
    print(f"{name}, {row}, {protocol}", flush=True)
    if path.exists() and not options.again:
        print(f"  found in {path}; --again runs it again")
        return
    if options.again and not path.exists():
        print(f"  {path} does not exist; without --again the row is run")
        return
    kept = json.loads(path.read_text()) if options.again else None
    of_row = epochs_of(row, name) if kept is None else tabletext.epochs_in(kept, name)
    epochs = options.epochs or of_row
    runs = options.runs or (kept and kept["settings"]["runs"]) or 1
    work = RESULTS / "work" / f"{name}-{row}-{protocol}-{epochs}-{runs}"
    folder = None if options.again else work
    result = evaluate(name, row, protocol, epochs, runs, options, executor, folder)
    percent = f"{100 * result.score:.1f} ± {100 * result.spread:.1f} %"
    print(f"  {percent}" if not options.all else f"{name} {row} {protocol} {percent}")
    if kept is not None:
        same = is_same(kept["result"], result)
        print(f"  identical to {path}: {'yes' if same else NOT_SAME}")
    elif epochs == of_row:
        write_row(path, work, result, command_of(name, row, protocol, epochs, runs))
    else:
        print(f"  not written: the table uses {of_row} epochs")


def is_same(kept, result):
    """Return whether a result is that of a row's file, up to fields added since."""
    found = json.loads(json.dumps(result._asdict()))
    return kept == {key: found.get(key) for key in kept}


def command_of(name, row, protocol, epochs, runs):
    """Return the command that reproduces this row, even if the defaults change."""
    words = ["python", "benchmarks/table.py", name, "--rows", row]
    words += ["--protocol", protocol, "--epochs", str(epochs)]
    words += ["--runs", str(runs)] if protocol == "fair" else []
    return shlex.join([*words, "--again"])


def write_row(path, work, result, command):
    """Write the row's file: settings, the result of every fold and run, seconds."""
    seconds = json.loads((work / "seconds.json").read_text())
    kept = {
        "command": command,
        "settings": json.loads((work / "settings.json").read_text()),
        "result": result._asdict(),
        "seconds": round(sum(seconds.values())),
        "version": ndp.__version__,
    }
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps(kept, indent=1) + "\n")


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="*", metavar="DATA", help=", ".join(SETS))
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--protocol", choices=PROTOCOLS, help="default: fair")
    parser.add_argument("--epochs", type=int, help="default: those of the table")
    text = "final runs per fold (default: 1; with --again, those of the row's file)"
    parser.add_argument("--runs", type=int, help=text)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a dask cluster")
    text = "rows at once with --all (workers / 10 + 1 use all; default: 2)"
    parser.add_argument("--at-once", type=int, default=2, metavar="ROWS", help=text)
    parser.add_argument("--all", action="store_true", help="all missing rows")
    parser.add_argument("--list", action="store_true", help="only list those of --all")
    parser.add_argument("--splits", type=Path, help="folder of index lists")
    parser.add_argument(
        "--again", action="store_true", help="run existing rows again and compare"
    )
    parser.add_argument("--write", action="store_true", help="only write the tables")
    arguments = parser.parse_args()
    if fault := fault_of(arguments):
        parser.error(fault)
    if arguments.scheduler is not None:
        arguments.jobs = 1  # this process only waits
    if arguments.splits is None and "NPDIFFPOOL_DATA" in os.environ:
        arguments.splits = Path(os.environ["NPDIFFPOOL_DATA"], "splits")
    return arguments


def fault_of(arguments):
    """Return what is wrong with the arguments, or None."""
    known = COMPLETE if arguments.all else SETS
    unknown = set(arguments.data) - set(known)
    if unknown or not (arguments.data or arguments.write or arguments.all):
        return f"DATA must be from {', '.join(known)}; got {arguments.data}"
    if arguments.list and not arguments.all:
        return "--list needs --all"
    for option in ("again", "epochs", "write"):
        if arguments.all and getattr(arguments, option):
            return f"--all does not go with --{option}"
    for option in ("at_once", "epochs", "runs", "jobs"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            return f"--{option.replace('_', '-')} must be at least 1; got {value}"
    if arguments.all and not chosen(arguments):
        return "--all has no row of this data, --rows and --protocol"
    return None


def chosen(arguments):
    """Return the rows of the queue that the command line chooses."""
    return [
        (name, row, protocol)
        for name, row, protocol in cells()
        if name in (arguments.data or SETS) and row in arguments.rows
        if protocol in (arguments.protocol or PROTOCOLS)
    ]


def run_all(arguments):
    """Run the missing rows of the queue, or list all; return the exit status."""
    entries, failed = chosen(arguments), []
    if arguments.list:
        lines = tablequeue.listing(entries, lambda *entry: path_of(*entry).exists())
        print(*lines, sep="\n")
        return 0
    missing = [entry for entry in entries if not path_of(*entry).exists()]
    with workers(arguments.jobs, arguments.scheduler) as executor:
        run = partial(run_row, options=arguments, executor=executor)
        found = tablequeue.outcomes(missing, run, executor, arguments.at_once)
        with closing(found):
            for entry, error in found:
                if error is None:
                    write_tables()
                    continue
                reason = f"{type(error).__name__}: {error}"
                failed.append(f"{' '.join(entry)} failed: {reason}")
                print(failed[-1], flush=True)
    done = f"{len(missing) - len(failed)} rows finished, {len(failed)} failed"
    print(done, *failed, sep="\n")
    return 1 if failed else 0


def main():
    """Run the missing rows, then write the tables; or run rows again."""
    arguments = parse()
    if arguments.all:
        try:
            return run_all(arguments)
        except (KeyboardInterrupt, WorkerError) as error:
            raise SystemExit(f"{str(error) or 'interrupted'}; the same command resumes")
    if not arguments.write:
        with workers(arguments.jobs, arguments.scheduler) as executor:
            protocol = arguments.protocol or "fair"
            for name in arguments.data:
                for row in arguments.rows:
                    run_row(name, row, protocol, arguments, executor)
    if not arguments.again:
        write_tables()


def write_tables():
    """Write the tables of all pages and the picture from the rows' files."""
    tables = tabletext.tables(RESULTS)
    for page in PAGES:
        write_text(page, tabletext.fill(page.read_text(), tables))
    tablepicture.write(RESULTS)


if __name__ == "__main__":
    sys.exit(main())
