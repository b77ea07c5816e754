"""Seconds of training until the validation accuracy is nearly the best, on one core.

    NPDIFFPOOL_DATA=folder python benchmarks/time_to_accuracy.py

README.md beside this file has the commands that install torch-geometric-pool (tgp). On
each fold of the fair protocol the methods take turns, each in a fresh process with one
thread. After every epoch the validation part is evaluated. After each training the
numbers are written to time_to_accuracy.json and the table to time_to_accuracy.md;
``--continue`` resumes an interrupted run.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import report
import speed
from tablerows import SETS

FOLDS = 10
POOLED, FLAT = "npdiffpool, DiffPool", "npdiffpool, flat GraphSAGE"
KERNEL = "npdiffpool, 1-WL kernel"
PEERS = {"tgp, DiffPool, sparse": "tgp sparse", "tgp, DiffPool, dense": "tgp dense"}
METHODS = POOLED, FLAT, KERNEL, *PEERS
NEAR = 0.01  # below the best accuracy
OUT = Path(__file__).with_suffix(".md")
HEAD = """# Time to accuracy

Written by time_to_accuracy.py from the numbers in time_to_accuracy.json: seconds of
training on one core until the validation accuracy is at most one percentage point below
the best, on the folds of the fair protocol. Medians over the folds; accuracies are
means.

- "Own best" is the best accuracy of that training, "DiffPool's best" that of
  npdiffpool's DiffPool on the same fold, which not every training comes near to.
- The DiffPools have one configuration: GraphSAGE with batch norm, max readouts, both
  auxiliary losses (each library's own), Adam with the same rate, minibatches of 20
  graphs. tgp computes the first level on edges, and pools them ("sparse") or pads them
  ("dense"); peers.py has the details. The flat GraphSAGE has the same depth and size.
- Epochs and clusters are those of the table of variants, features are standardised.
- Seconds include the evaluation of the validation part after each epoch; imports,
  loading and what is prepared once are left out. The kernel has one accuracy, after all
  twenty machines from which it chooses.
- One training a fold: which epoch is near the best is partly chance.
"""
COLUMNS = (
    "data set|method|best validation accuracy, %|seconds to own best|"
    "seconds to DiffPool's best|folds that came near it|seconds per epoch"
)
RATIOS = """## Ratios

Seconds of npdiffpool's DiffPool divided by those of tgp's on the same fold, median over
the folds: below 1, npdiffpool is faster. DiffPool's best counts the folds where both
came near it.
"""


def load(name, features="auto"):
    """Return a data set and the published folds, or folds that are made with seed 0."""
    from npdiffpool import load_dataset
    from npdiffpool.evaluation.splits import make_splits, read_splits

    dataset = load_dataset(name, features=features)
    if not SETS[name].has_splits:
        return dataset, make_splits(dataset.labels, n_folds=FOLDS)
    path = Path(os.environ["NPDIFFPOOL_DATA"], "splits", f"{name}_splits.json")
    return dataset, read_splits(path, len(dataset))


def prepare(name, fold, path):
    """Write the arrays of a fold, features scaled by those of its training part."""
    from npdiffpool.estimators.fitting.inputs import Scaling

    dataset, splits = load(name)
    split = splits[fold]
    scaling = Scaling.of([dataset.graphs[i] for i in split.train], True)
    A = [graph.adjacency for graph in dataset.graphs]
    X = [scaling.apply(graph.features) for graph in dataset.graphs]
    arrays = speed.arrays_of(A, X, np.unique(dataset.labels, return_inverse=True)[1])
    parts = {"train": split.train, "validation": split.validation}
    np.savez(path, **arrays, **parts)


def train(name, fold, method, path, task):
    """Print the seconds so far and the validation accuracy after each epoch."""
    if method == KERNEL:
        return train_kernel(name, fold)
    task = speed.Task(*task)._replace(clusters=tuple(task[3]))
    with np.load(path) as file:
        arrays = dict(file)
    parts = [arrays.pop(part) for part in ("train", "validation")]
    if method in PEERS:
        return train_peer(PEERS[method], arrays, parts, task, fold)
    train_engine(arrays, parts, task, fold, method == FLAT)


def train_engine(arrays, parts, task, seed, flat):
    """Train npdiffpool's DiffPool or its flat twin."""
    from npdiffpool import GraphBatch
    from npdiffpool.engine.preparation import with_operators
    from npdiffpool.estimators.baselines import flat_twin
    from npdiffpool.training.fit import Labelled, Schedule, fit

    labels, graphs = arrays["labels"], list(speed.graphs_of(arrays))
    config = speed.config_of(task, graphs[0].n_features, int(labels.max()) + 1)
    config = flat_twin(config) if flat else config
    data = []
    for part in parts:
        batch = GraphBatch.from_graphs([graphs[i] for i in part], np.float32)
        data.append(Labelled(with_operators(batch, ["sage"]), labels[part]))
    schedule = Schedule(task.epochs, task.batch, task.rate, task.clip)
    start = time.perf_counter()

    def on_epoch(row):
        show(start, row["validation_accuracy"])

    fit(config, schedule, *data, np.random.default_rng(seed), on_epoch)


def train_peer(name, arrays, parts, task, seed):
    """Train tgp's DiffPool."""
    import peers

    training, rng = peers.Training(name, 1, arrays, task, seed), np.random.default_rng(
        seed
    )
    known, held = (part.tolist() for part in parts)
    start = time.perf_counter()
    for _ in range(task.epochs):
        training.epoch(rng.permutation(known).tolist())
        show(start, training.accuracy(held))


def train_kernel(name, fold):
    """Fit the machines on the 1-WL kernel; it counts labels, not attributes."""
    import sklearn.svm  # noqa: F401: the time is without imports

    from npdiffpool.estimators.baselines import SubtreeKernelClassifier

    dataset, splits = load(name, "labels" if SETS[name].has_labels else "auto")
    known, held = dataset[splits[fold].train], dataset[splits[fold].validation]
    start = time.perf_counter()
    model = SubtreeKernelClassifier().fit(known, known.labels, (held, held.labels))
    show(start, model.history_[0]["validation_accuracy"])


def show(start, accuracy):
    """Print a line of `measure`."""
    line = {"seconds": time.perf_counter() - start, "accuracy": accuracy}
    print(json.dumps(line), flush=True)


def task_of(name, epochs):
    """Return the settings of the table of variants, but for batch norm."""
    from npdiffpool import load_dataset
    from npdiffpool.estimators.fitting.inputs import count_clusters

    largest = max(graph.n_nodes for graph in load_dataset(name).graphs)
    clusters = count_clusters(SETS[name].clusters, largest)
    return speed.Task(name, "auto", 20, clusters, epochs or SETS[name].epochs)


def measure(name, fold, method, path, task):
    """Train in a fresh process; return the seconds and accuracies of its epochs."""
    load_before = os.getloadavg()[0]
    job = json.dumps(["train", name, fold, method, path, task])
    output, failure = speed.run([__file__, "--work", job], threads=1, name=method)
    if failure:
        sys.exit(f"{name}, fold {fold}, {method}: {failure}")
    lines = [json.loads(line) for line in output.splitlines() if line[:1] == "{"]
    found = {key: [line[key] for line in lines] for key in ("seconds", "accuracy")}
    return {"key": [name, fold, method], **found, "load": load_before}


def seconds_to(run, accuracy):
    """Return the seconds until a run's accuracy is near this one, or None."""
    enough = (accuracy - NEAR) * (1 - 1e-12)
    pairs = zip(run["seconds"], run["accuracy"])
    return next((seconds for seconds, found in pairs if found >= enough), None)


def times_of(runs):
    """Return {(data set, method): [(run, to its own best, to DiffPool's best)]}."""
    best = {tuple(run["key"]): max(run["accuracy"]) for run in runs}
    times = {}
    for run in runs:
        name, fold, method = run["key"]
        goals = best[name, fold, method], best.get((name, fold, POOLED), 2.0)
        found = (run, *(seconds_to(run, goal) for goal in goals))
        times.setdefault((name, method), []).append(found)
    return times


def write(results):
    """Return the text of the page."""
    times = times_of(results["runs"])
    rows = [row_of(*key, found) for key, found in times.items()]
    ratios = [
        ratio_of(name, method, times[name, POOLED], found)
        for (name, method), found in times.items()
        if method in PEERS and (name, POOLED) in times
    ]
    sessions = map(report.session_lines, results["sessions"])
    parts = [HEAD, *sessions, report.markdown(COLUMNS, rows), RATIOS]
    head = "data set|tgp's DiffPool|to own best|to DiffPool's best|per epoch"
    return "\n".join([*parts, report.markdown(head, ratios)])


def row_of(name, method, found):
    """Return a method's row of the table."""
    accuracy = 100 * statistics.mean(max(run["accuracy"]) for run, _, _ in found)
    own = statistics.median(seconds for _, seconds, _ in found)
    reached = [seconds for _, _, seconds in found if seconds is not None]
    common = f"{statistics.median(reached):.1f}" if reached else "-"
    epoch = statistics.median(map(per_epoch, (run for run, _, _ in found)))
    epoch = "-" if method == KERNEL else f"{epoch:.2f}"
    cells = f"{accuracy:.1f}", f"{own:.1f}", common, f"{len(reached)} of {len(found)}"
    return "|".join([name, method, *cells, epoch])


def ratio_of(name, method, ours, theirs):
    """Return a row of npdiffpool's seconds divided by a peer's."""
    folds = {run["key"][1]: (per_epoch(run), *rest) for run, *rest in ours}
    pairs = [
        (folds[run["key"][1]], (per_epoch(run), *rest))
        for run, *rest in theirs
        if run["key"][1] in folds
    ]
    cells = []
    for column in (1, 2, 0):
        both = [(a[column], b[column]) for a, b in pairs]
        found = [a / b for a, b in both if a is not None and b is not None]
        cells.append(f"{statistics.median(found):.2f}" if found else "-")
    return "|".join([name, method, *cells])


def per_epoch(run):
    """Return the mean seconds of an epoch."""
    return run["seconds"][-1] / len(run["seconds"])


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sets = ("MUTAG", "ENZYMES", "PROTEINS", "DD")
    parser.add_argument("--data", nargs="+", choices=list(SETS), default=sets)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--epochs", type=int, help="instead of those of the table")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--out", type=Path, default=OUT, help="page, beside its .json")
    parser.add_argument("--continue", dest="resume", action="store_true")
    parser.add_argument("--work", type=json.loads, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    """Train what is missing, and write the page after each training."""
    arguments = parse()
    if arguments.work:
        return train(*arguments.work[1:])
    raw, results = arguments.out.with_suffix(".json"), {"sessions": [], "runs": []}
    if arguments.resume and raw.exists():
        results = json.loads(raw.read_text())
    results["sessions"].append(report.session())
    for name in arguments.data:
        task = task_of(name, arguments.epochs)
        for fold in range(arguments.folds):
            known = [run["key"] for run in results["runs"]]
            missing = [m for m in arguments.only if [name, fold, m] not in known]
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder, "arrays.npz"))
                if missing:
                    prepare(name, fold, path)
                for method in missing:
                    print(name, fold, method, flush=True)
                    results["runs"].append(measure(name, fold, method, path, task))
                    raw.write_text(report.to_json(results))
                    arguments.out.write_text(write(results))


if __name__ == "__main__":
    main()
