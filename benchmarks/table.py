"""The table of variants: every row under two protocols, on the real data sets.

    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES
    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES --rows learned flat
    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES --protocol paper

The folder holds the data sets and, in splits/, the index lists of Errica et al. (from
the repository of their paper). What is done is kept, job by job, under results/work; a
finished row is one file, results/DATA/ROW-PROTOCOL.json, with every fold and run.
results/README.md, and the table in the project's README, are written from those files
alone: `python benchmarks/table.py --write`. With --again rows that are there are run
again, from the beginning, and compared with their files; nothing is written.
"""

import argparse
import json
import os
import shlex
import sys
from itertools import product
from pathlib import Path

import tabletext
from tablerows import ROWS, SETS

import npdiffpool as ndp
from npdiffpool._support.atomic_files import write_text
from npdiffpool.cli.cross_validate import job_progress
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import SubtreeKernelClassifier, flat_twin
from npdiffpool.estimators.inputs import count_clusters
from npdiffpool.evaluation.protocols import PROTOCOLS, Source, cross_validate
from npdiffpool.evaluation.splits import read_splits
from npdiffpool.evaluation.workers import workers

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parent.parent / "README.md"


def model_of(row, dataset, epochs):
    """Return the row's model; the flat one as deep and as large as the learned."""
    if ROWS[row].parameters is None:
        return SubtreeKernelClassifier()
    known = SETS[dataset.name]
    given = {"clusters": known.clusters, "epochs": epochs, **ROWS[row].parameters}
    if given["clusters"] == "two":
        given["clusters"] = known.two_levels
    if row == "flat":
        largest = max(graph.n_nodes for graph in dataset.graphs)
        clusters = count_clusters(known.clusters, largest)
        sizes = dataset.n_features, dataset.n_classes
        twin = flat_twin(Config(*sizes, clusters=clusters))
        given |= {"n_layers": twin.n_layers, "hidden": twin.hidden}
    return ndp.DiffPoolClassifier(**given)


def grid_of(row, protocol):
    """Return the configurations to choose from.

    The kernel chooses by the validation part itself; under the paper's protocol that
    would be anew in each fold, so there each of its choices is a configuration.
    """
    if ROWS[row].parameters is not None or protocol == "fair":
        return ROWS[row].grid
    kernel = SubtreeKernelClassifier()
    choices = product(kernel.rounds, kernel.penalties)
    return [{"rounds": (n,), "penalties": (C,)} for n, C in choices]


def splits_of(name, n_graphs, folder):
    """Return the published index lists; of a set that has none, None."""
    if not SETS[name].has_splits:
        return None
    if folder is None:
        raise SystemExit("--splits or NPDIFFPOOL_DATA must say where the lists are")
    return read_splits(folder / f"{name}_splits.json", n_graphs)


def evaluate(name, row, protocol, epochs, options, executor, folder):
    """Cross-validate a row, going on with what is in the folder."""
    # The kernel counts labels: attributes would make every colour occur once.
    is_kernel = ROWS[row].parameters is None and SETS[name].has_labels
    source = Source(name, "labels" if is_kernel else "auto")
    dataset = ndp.load_dataset(source.data, features=source.features)
    with job_progress() as show:
        return cross_validate(
            model_of(row, dataset, epochs),
            source,
            protocol=protocol,
            splits=splits_of(name, len(dataset), options.splits),
            grid=grid_of(row, protocol),
            runs=options.runs,
            executor=executor,
            folder=folder,
            on_done=show,
        )


def run_row(name, row, protocol, options, executor):
    """Evaluate one row and write its file, or have it again and compare."""
    path = RESULTS / name / f"{row}-{protocol}.json"
    print(f"{name}, {row}, {protocol}", flush=True)
    if path.exists() and not options.again:
        print(f"  kept in {path}; --again has it again")
        return
    epochs = options.epochs or SETS[name].epochs
    work = RESULTS / "work" / f"{name}-{row}-{protocol}-{epochs}-{options.runs}"
    folder = None if options.again else work
    result = evaluate(name, row, protocol, epochs, options, executor, folder)
    print(f"  {100 * result.score:.1f} ± {100 * result.spread:.1f} %", flush=True)
    if options.again:
        known = json.loads(path.read_text())["result"]
        same = known == json.loads(json.dumps(result._asdict()))
        print(f"  digit for digit as in {path}: {'yes' if same else 'no'}")
    elif epochs == SETS[name].epochs:
        command = command_of(name, row, protocol, epochs, options.runs)
        write_row(path, work, result, command)
    else:
        print(f"  not written: the table has {SETS[name].epochs} epochs")


def command_of(name, row, protocol, epochs, runs):
    """Return the command that has this row again, whatever the defaults become."""
    words = ["python", "benchmarks/table.py", name, "--rows", row]
    words += ["--protocol", protocol, "--epochs", str(epochs)]
    words += ["--runs", str(runs)] if protocol == "fair" else []
    return shlex.join([*words, "--again"])


def write_row(path, work, result, command):
    """Write the row's file: what was run, every fold and run, and the seconds."""
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
    parser.add_argument("--protocol", choices=PROTOCOLS, default="fair")
    parser.add_argument("--epochs", type=int, help="in place of the data set's")
    parser.add_argument("--runs", type=int, default=1, help="final runs a fold")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="in place of --jobs")
    parser.add_argument("--splits", type=Path, help="folder; else that of the data")
    parser.add_argument(
        "--again", action="store_true", help="run rows that are there, and compare"
    )
    parser.add_argument("--write", action="store_true", help="write the table alone")
    arguments = parser.parse_args()
    unknown = set(arguments.data) - set(SETS)
    if unknown or not (arguments.data or arguments.write):
        parser.error(f"DATA must be of {', '.join(SETS)}; got {arguments.data}")
    if arguments.scheduler is not None:
        arguments.jobs = 1  # this process only waits
    if arguments.splits is None and "NPDIFFPOOL_DATA" in os.environ:
        arguments.splits = Path(os.environ["NPDIFFPOOL_DATA"], "splits")
    return arguments


def main():
    """Run what is missing, then write the tables; or have rows again."""
    arguments = parse()
    if not arguments.write:
        with workers(arguments.jobs, arguments.scheduler) as executor:
            for name in arguments.data:
                for row in arguments.rows:
                    run_row(name, row, arguments.protocol, arguments, executor)
    if not arguments.again:
        write_tables()


def write_tables():
    """Write both tables from the rows' files."""
    write_text(RESULTS / "README.md", tabletext.write(RESULTS))
    text = README.read_text()
    for name, table in (("results", tabletext.brief), ("gained", tabletext.gained)):
        start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, rest = text.split(start)
        text = before + start + table(RESULTS) + end + rest.split(end)[1]
    write_text(README, text)


if __name__ == "__main__":
    sys.exit(main())
