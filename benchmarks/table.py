"""The table of variants: every row under two protocols, on the real data sets.

    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES
    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES --rows learned flat
    NPDIFFPOOL_DATA=folder python benchmarks/table.py ENZYMES --protocol paper

The folder holds the data sets and, in splits/, the index lists of the fair protocol;
without a list folds are stratified by seed. What is done is kept, job by job, under
results/work; a finished row is one file, results/DATA/ROW-PROTOCOL.json, with every
fold and run, and is not run again. results/README.md, and the table in the project's
README, are written from those files alone: `python benchmarks/table.py --write`.
"""
import argparse
import json
import os
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # the processes are the parallelism

import tabletext  # noqa: E402
from tablerows import ROWS, SETS  # noqa: E402

import npdiffpool as ndp  # noqa: E402
from npdiffpool.baselines import SubtreeKernelClassifier, flat_twin  # noqa: E402
from npdiffpool.config import Config  # noqa: E402
from npdiffpool.evaluation import PROTOCOLS, Source, cross_validate  # noqa: E402
from npdiffpool.inputs import count_clusters  # noqa: E402
from npdiffpool.progress import job_progress  # noqa: E402
from npdiffpool.splits import read_splits  # noqa: E402

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


def run_row(name, row, protocol, options, executor):
    """Evaluate one row and write its file."""
    path = RESULTS / name / f"{row}-{protocol}.json"
    if path.exists():
        return
    print(f"{name}, {row}, {protocol}", flush=True)
    # The kernel counts labels: attributes would make every colour occur once.
    is_kernel = ROWS[row].parameters is None and SETS[name].has_labels
    source = Source(name, "labels" if is_kernel else "auto")
    dataset = ndp.load_dataset(source.data, features=source.features)
    file = options.splits and options.splits / f"{name}_splits.json"
    splits = read_splits(file, len(dataset)) if file and file.exists() else None
    epochs = options.epochs or SETS[name].epochs
    work = RESULTS / "work" / f"{name}-{row}-{protocol}-{epochs}-{options.runs}"
    with job_progress() as show:
        result = cross_validate(
            model_of(row, dataset, epochs),
            source,
            protocol=protocol,
            splits=splits,
            grid=ROWS[row].grid,
            runs=options.runs,
            executor=executor,
            folder=work,
            on_done=show,
        )
    write_row(path, work, result, command_of(name, row, protocol, epochs, options.runs))
    print(f"  {100 * result.score:.1f} ± {100 * result.spread:.1f} %", flush=True)


def command_of(name, row, protocol, epochs, runs):
    """Return the command that has this row again, whatever the defaults become."""
    words = ["python", "benchmarks/table.py", name, "--rows", row]
    words += ["--protocol", protocol, "--epochs", str(epochs)]
    return shlex.join(words + (["--runs", str(runs)] if protocol == "fair" else []))


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
    path.write_text(json.dumps(kept, indent=1) + "\n")


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="*", metavar="DATA", help=", ".join(SETS))
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--protocol", choices=PROTOCOLS, default="fair")
    parser.add_argument("--epochs", type=int, help="in place of the data set's")
    parser.add_argument("--runs", type=int, default=1, help="final runs a fold")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--splits", type=Path, help="folder; else that of the data")
    parser.add_argument("--write", action="store_true", help="write the table alone")
    arguments = parser.parse_args()
    unknown = set(arguments.data) - set(SETS)
    if unknown or not (arguments.data or arguments.write):
        parser.error(f"DATA must be of {', '.join(SETS)}; got {arguments.data}")
    if arguments.splits is None and "NPDIFFPOOL_DATA" in os.environ:
        arguments.splits = Path(os.environ["NPDIFFPOOL_DATA"], "splits")
    return arguments


def main():
    """Run what is missing, then write the table."""
    arguments = parse()
    if not arguments.write:
        with ProcessPoolExecutor(arguments.jobs) as executor:
            for name in arguments.data:
                for row in arguments.rows:
                    run_row(name, row, arguments.protocol, arguments, executor)
    (RESULTS / "README.md").write_text(tabletext.write(RESULTS))
    before, rest = README.read_text().split("<!-- results -->\n")
    after = rest.split("<!-- end of results -->")[1]
    marked = f"<!-- results -->\n{tabletext.brief(RESULTS)}\n<!-- end of results -->"
    README.write_text(before + marked + after)


if __name__ == "__main__":
    sys.exit(main())
