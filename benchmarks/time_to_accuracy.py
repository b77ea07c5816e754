"""Seconds of training until the validation accuracy is nearly the best, on one core.

    NPDIFFPOOL_DATA=folder python benchmarks/time_to_accuracy.py

README.md beside this file has the commands that install torch-geometric-pool (tgp). On
each fold of the fair protocol the methods take turns, each in a fresh process with one
thread. After every epoch the validation part is evaluated. After each training the
numbers are written to time_to_accuracy.json and the tables to time_to_accuracy.md;
``--continue`` resumes an interrupted run. The tables name trainings that failed or
exceeded the time limit.
"""

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import report
import speed
import table
from markdown_table import markdown_table
from tablerows import COMPLETE, SETS

from npdiffpool import GraphBatch
from npdiffpool.engine.preparation import precompute_propagation
from npdiffpool.estimators.baselines import SubtreeKernelClassifier, flat_twin
from npdiffpool.estimators.fitting.inputs import Scaling, count_clusters
from npdiffpool.evaluation.jobs import Source, load_source
from npdiffpool.training.fit import Labelled, Schedule, fit

POOLED, FLAT = "npdiffpool, DiffPool", "npdiffpool, flat GraphSAGE"
KERNEL = "npdiffpool, 1-WL kernel"
PEERS = {"tgp, DiffPool, sparse": "tgp sparse", "tgp, DiffPool, dense": "tgp dense"}
METHODS = POOLED, FLAT, KERNEL, *PEERS
DATA = "MUTAG", "ENZYMES", "PROTEINS", "DD"
NEAR = 0.01  # below the best accuracy
OUT = Path(__file__).with_suffix(".md")
HEAD = """# Time to accuracy

Written by time_to_accuracy.py from the numbers in time_to_accuracy.json: seconds of
training on one core until the validation accuracy is within one percentage point of the
best that the training reaches, on {folds} folds of the fair protocol. On ENZYMES (54
validation graphs) and MUTAG (17) one graph is more than a point, so there the best
itself must be reached. Each method has its own best accuracy, so these seconds do not
compare methods; the ratios below do. Seconds are medians over the folds, accuracies
means.

- The DiffPools have one configuration: GraphSAGE with batch norm, max readouts, both
  auxiliary losses, Adam, minibatches of 20 graphs. Each library draws its own initial
  parameters. tgp's link loss is one norm of the minibatch; it is divided by the square
  root of the number of graphs, and so is about npdiffpool's mean over graphs.
- tgp's model is put together from its parts, since its `DiffPool` computes S by an MLP
  (peers.py). The GNNs of the first level are sparse; "sparse" also pools the edges,
  "dense" pads the minibatch before pooling. tgp keeps freed memory, as `fit` does. On
  DD "dense" takes about a minute an epoch ([speed.md](speed.md)) and is left out.
- The flat GraphSAGE has the same depth and size.
- Epochs and clusters are those of the table of variants, which has no batch norm.
  Features are standardised.
- Seconds include the evaluation of the validation part after each epoch; imports and
  loading are left out. The kernel has one accuracy, after all twenty machines from
  which it chooses.
"""
COLUMNS = (
    "data set",
    "method",
    "best validation accuracy, %",
    "seconds to within a point of it",
    "seconds per epoch",
)
RATIOS = """## Ratios

Seconds of npdiffpool's DiffPool divided by those of tgp's on the same fold, median over
the folds, and lowest and highest: below 1, npdiffpool is faster. "To accuracy": until
each is within a point of the lower of their two best accuracies. That epoch is largely
chance, as accuracies jump from epoch to epoch. So the ratios per epoch compare the
programs; those to accuracy do not, with so few folds.
"""
RATIO_COLUMNS = "data set", "tgp's DiffPool", "to accuracy", "per epoch"


def load(name, features="auto"):
    """Return a data set and its folds."""
    dataset = load_source(Source(name, features))
    folder = Path(os.environ.get("NPDIFFPOOL_DATA", "."), "splits")
    return dataset, table.splits_of(name, dataset.labels, folder)


def prepare(name, fold, epochs, path):
    """Write the arrays of a fold, with scaled features; return the task."""
    dataset, splits = load(name)
    known = [dataset.graphs[i] for i in splits[fold].train]
    scaling = Scaling.of(known, True)
    A = [graph.adjacency for graph in dataset.graphs]
    X = [scaling.apply(graph.features) for graph in dataset.graphs]
    arrays = speed.arrays_of(A, X, np.unique(dataset.labels, return_inverse=True)[1])
    parts = {"train": splits[fold].train, "validation": splits[fold].validation}
    np.savez(path, **arrays, **parts)
    largest = max(graph.n_nodes for graph in known)
    clusters = count_clusters(SETS[name].clusters, largest)
    return speed.Task(name, "auto", 20, clusters, epochs or SETS[name].epochs)


def train(name, fold, method, path, task):
    """Print the seconds so far and the validation accuracy after each epoch."""
    if method == KERNEL:
        return train_kernel(name, fold)
    task = speed.Task(*task)._replace(clusters=tuple(task[3]))
    with np.load(path) as file:
        arrays = dict(file)
    parts = [arrays.pop(part) for part in ("train", "validation")]
    if method in PEERS:
        train_peer(PEERS[method], arrays, parts, task, fold)
    else:
        train_engine(arrays, parts, task, fold, method == FLAT)


def train_engine(arrays, parts, task, seed, flat):
    """Train npdiffpool's DiffPool or its flat twin."""
    labels, graphs = arrays["labels"], list(speed.graphs_of(arrays))
    config = speed.config_of(task, graphs[0].n_features, int(labels.max()) + 1)
    config = flat_twin(config) if flat else config
    batches = [
        GraphBatch.from_graphs([graphs[i] for i in part], np.float32) for part in parts
    ]
    start = time.perf_counter()
    data = [
        Labelled(precompute_propagation(batch, ["sage"]), labels[part])
        for batch, part in zip(batches, parts)
    ]
    schedule = Schedule(task.epochs, task.batch, task.rate, task.clip)

    def on_epoch(row):
        show(start, row["validation_accuracy"])

    fit(config, schedule, *data, np.random.default_rng(seed), on_epoch)


def train_peer(name, arrays, parts, task, seed):
    """Train the DiffPool of tgp's parts."""
    import peers

    training = peers.Training(name, 1, arrays, task, seed)
    training.net.per_graph = True
    rng, (known, held) = np.random.default_rng(seed), parts
    start = time.perf_counter()
    for _ in range(task.epochs):
        loss = training.epoch(rng.permutation(known).tolist())["loss"]
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss}")
        show(start, training.accuracy(held.tolist()))


def train_kernel(name, fold):
    """Fit the machines on the 1-WL kernel; it counts labels, not attributes."""
    import_module("sklearn.svm")  # before the clock starts
    dataset, splits = load(name, "labels" if SETS[name].has_labels else "auto")
    known, held = dataset[splits[fold].train], dataset[splits[fold].validation]
    start = time.perf_counter()
    model = SubtreeKernelClassifier().fit(known, known.labels, (held, held.labels))
    show(start, model.history_[0]["validation_accuracy"])


def show(start, accuracy):
    """Print a line for `measure`."""
    line = {"seconds": time.perf_counter() - start, "accuracy": accuracy}
    print(json.dumps(line), flush=True)


def measure(name, fold, method, path, task, limit):
    """Train in a fresh process; return the seconds and accuracies of its epochs."""
    load_before = os.getloadavg()[0]
    job = json.dumps([name, fold, method, path, task])
    label = PEERS[method] + report.KEPT if method in PEERS else method
    output, failure = speed.run([__file__, "--work", job], 1, limit, label)
    lines = [json.loads(line) for line in output.splitlines() if line[:1] == "{"]
    found = {key: [line[key] for line in lines] for key in ("seconds", "accuracy")}
    key = [name, fold, method]
    return {"key": key, **found, "failure": failure, "load": load_before}


def seconds_to(run, accuracy):
    """Return the seconds until a run is near an accuracy that it reaches."""
    enough = accuracy - NEAR - 1e-9  # rounding
    pairs = zip(run["seconds"], run["accuracy"])
    return next(seconds for seconds, found in pairs if found >= enough)


def write(results):
    """Return the text of the page."""
    groups = {}
    for run in results["runs"]:
        name, _, method = run["key"]
        groups.setdefault((name, method), []).append(run)
    rows = [row_of(*key, runs) for key, runs in groups.items()]
    ratios = [
        ratio_of(name, method, groups.get((name, POOLED), []), runs)
        for (name, method), runs in groups.items()
        if method in PEERS
    ]
    sessions = map(report.session_lines, results["sessions"])
    folds = len({run["key"][1] for run in results["runs"]})
    parts = [HEAD.format(folds=folds), *sessions, markdown_table(COLUMNS, rows), ""]
    return "\n".join([*parts, RATIOS, markdown_table(RATIO_COLUMNS, ratios), ""])


def row_of(name, method, runs):
    """Return a method's row; a method that failed on a fold has no numbers."""
    failures = [run["failure"] for run in runs if run["failure"]]
    if failures:
        return name, method, failures[0], "", ""
    accuracy = 100 * statistics.mean(max(run["accuracy"]) for run in runs)
    seconds = [seconds_to(run, max(run["accuracy"])) for run in runs]
    epoch = statistics.median(map(per_epoch, runs))
    cells = f"{accuracy:.1f}", f"{statistics.median(seconds):.1f}"
    return name, method, *cells, "" if method == KERNEL else f"{epoch:.2f}"


def ratio_of(name, method, ours, theirs):
    """Return the row of a peer's ratios; it is empty if the peer failed on a fold."""
    if any(run["failure"] for run in theirs):
        return name, method, "", ""
    folds, found = {run["key"][1]: run for run in ours if not run["failure"]}, []
    for run in theirs:
        own = folds.get(run["key"][1])
        if own is not None:
            goal = min(max(one["accuracy"]) for one in (own, run))
            accuracy = seconds_to(own, goal) / seconds_to(run, goal)
            found.append((accuracy, per_epoch(own) / per_epoch(run)))
    cells = [
        f"{statistics.median(column):.2f} ({min(column):.2f} to {max(column):.2f})"
        for column in zip(*found)
    ]
    return name, method, *(cells or ["", ""])


def per_epoch(run):
    """Return the mean seconds of an epoch."""
    return run["seconds"][-1] / len(run["seconds"])


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=COMPLETE, default=DATA)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--epochs", type=int, help="instead of those of the table")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--limit", type=float, default=1800, help="s per training")
    parser.add_argument("--out", type=Path, default=OUT, help="page, beside its .json")
    parser.add_argument("--continue", dest="resume", action="store_true")
    parser.add_argument("--work", type=json.loads, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    """Train what is missing, and write the page after each training."""
    arguments = parse()
    if arguments.work:
        Path("/proc/self/oom_score_adj").write_text("1000")  # killed first
        return train(*arguments.work)
    raw = arguments.out.with_suffix(".json")
    results = {"epochs": arguments.epochs, "sessions": [], "runs": []}
    if arguments.resume and raw.exists():
        results = json.loads(raw.read_text())
        if results["epochs"] != arguments.epochs:
            raise SystemExit(f"{raw} was measured with another --epochs")
    results["sessions"].append(report.session())
    for name, fold in product(arguments.data, range(arguments.folds)):
        missing = missing_methods(name, fold, arguments.only, results["runs"])
        if not missing:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "arrays.npz"))
            task = prepare(name, fold, arguments.epochs, path)
            for method in missing:
                print(name, fold, method, flush=True)
                job = name, fold, method, path, task, arguments.limit
                results["runs"].append(measure(*job))
                raw.write_text(report.to_json(results))
                arguments.out.write_text(write(results))


def missing_methods(name, fold, methods, runs):
    """Return the methods to train on a fold; one that failed before is left out."""
    known = [run["key"] for run in runs]
    failed = [run["key"][::2] for run in runs if run["failure"]]
    return [
        method
        for method in methods
        if [name, fold, method] not in known and [name, method] not in failed
    ]


if __name__ == "__main__":
    main()
