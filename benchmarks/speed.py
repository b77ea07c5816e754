"""Time, memory and size of npdiffpool compared with torch_geometric and tgp.

    NPDIFFPOOL_DATA=folder python benchmarks/speed.py

README.md beside this file has the commands that install the other implementations.
Each measurement is a fresh process that loads the same arrays, warms up and trains the
same model (`Task`; peers.py defines it in torch). The implementations take turns. After
each measurement the numbers are written to speed.json and the tables to speed.md
(report.py); ``--continue`` resumes an interrupted run. The tables name measurements
that failed or exceeded the time limit; these are not tried again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
import report
from scipy.sparse import csr_array

PEERS = (report.DENSE, "tgp dense", "tgp sparse")
NAMES = (report.MINE, *PEERS, *(name + report.KEPT for name in PEERS))
IMPORTS = (
    "import npdiffpool",
    "import npdiffpool; npdiffpool.Graph([[0.0]], [[1.0]])",
    "import torch",
    "import torch_geometric.nn",
    "import tgp.poolers",
)
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}
OUT = Path(__file__).with_suffix(".md")
TIMED_IMPORT = """
import time
start = time.perf_counter()
{}
seconds = time.perf_counter() - start
lines = open("/proc/self/status").read().splitlines()
print(seconds, *(line.split()[1] for line in lines if line.startswith("VmRSS")))
"""


class Task(NamedTuple):
    """What is trained: SAGE "mean", batch norm, max readouts, all losses."""

    dataset: str
    features: str
    batch: int
    clusters: tuple[int, ...]
    epochs: int  # counted epochs in each round
    warm_epochs: int = 1
    warm_graphs: Optional[int] = None  # in each warm-up epoch; None for all
    graphs: Optional[int] = None  # a random choice with seed 0; None for all
    hidden: int = 64
    layers: int = 3
    rate: float = 1e-3
    clip: float = 2.0


SMALL = {"epochs": 5, "warm_epochs": 2, "graphs": 540}
WORKLOADS = {  # data set-batch size-levels if a data set has several
    "ENZYMES-20-1": Task("ENZYMES", "labels", 20, (13,), **SMALL),
    "ENZYMES-128-1": Task("ENZYMES", "labels", 128, (13,), **SMALL),
    "ENZYMES-20-2": Task("ENZYMES", "labels", 20, (32, 8), **SMALL),
    "ENZYMES-128-2": Task("ENZYMES", "labels", 128, (32, 8), **SMALL),
    "DD": Task("DD", "labels", 20, (100, 25), epochs=2, warm_graphs=60),
    "COLLAB": Task("COLLAB", "auto", 64, (50,), epochs=1, warm_graphs=192),
    "REDDIT-BINARY": Task("REDDIT-BINARY", "auto", 20, (100,), 1, warm_graphs=60),
}


def prepare_arrays(task, path):
    """Write the arrays of a task's graphs."""
    from npdiffpool import load_dataset

    dataset = load_dataset(task.dataset, features=task.features)
    order = np.random.default_rng(0).permutation(len(dataset))[: task.graphs]
    graphs = [dataset.graphs[i] for i in order]
    A, X = zip(*((graph.adjacency, graph.features) for graph in graphs))
    labels = np.unique(dataset.labels, return_inverse=True)[1][order]
    np.savez(path, **arrays_of(A, X, labels))


def arrays_of(adjacencies, features, labels):
    """Return graphs as flat arrays of edges and features, node by node.

    Nodes of all graphs are numbered in sequence. Node i has `degrees[i]` edges; their
    other ends, numbered within the graph, follow those of node i - 1 in `targets`. Its
    nonzero features follow those of node i - 1 in `columns` and `values`.
    """
    A, X = adjacencies, [csr_array(one.astype(np.float32)) for one in features]
    return {
        "sizes": np.array([matrix.shape[0] for matrix in A], np.int32),
        "degrees": np.concatenate([np.diff(matrix.indptr) for matrix in A]),
        "targets": np.concatenate([matrix.indices for matrix in A], dtype=np.int32),
        "n_features": X[0].shape[1],
        "entries": np.concatenate([np.diff(matrix.indptr) for matrix in X]),
        "columns": np.concatenate([matrix.indices for matrix in X], dtype=np.int32),
        "values": np.concatenate([matrix.data for matrix in X]),
        "labels": labels,
    }


def graphs_of(arrays):
    """Yield the graphs of `arrays_of`."""
    from npdiffpool import Graph

    stop = np.cumsum(arrays["sizes"])
    first_edge, first_entry = (
        np.concatenate([[0], np.cumsum(arrays[name])]).astype(np.int32)
        for name in ("degrees", "entries")
    )
    for i, j in zip(stop - arrays["sizes"], stop):
        shape, edges = (j - i, j - i), slice(first_edge[i], first_edge[j])
        ends, weights = arrays["targets"][edges], np.ones(1, np.float32)
        weights = np.broadcast_to(weights, len(ends))
        A = csr_array((weights, ends, first_edge[i : j + 1] - first_edge[i]), shape)
        given = slice(first_entry[i], first_entry[j])
        parts = arrays["values"][given], arrays["columns"][given]
        shape = (j - i, int(arrays["n_features"]))
        X = csr_array((*parts, first_entry[i : j + 1] - first_entry[i]), shape)
        yield Graph(A, X.toarray())


def config_of(task, n_features, n_classes):
    """Return a task's model in npdiffpool."""
    from npdiffpool.engine.config import Config

    sizes = {"hidden": task.hidden, "n_layers": task.layers, "clusters": task.clusters}
    return Config(n_features, n_classes, batch_norm=True, **sizes)


def train_npdiffpool(arrays, task, seed, tick):
    """Warm up, then call `tick` at the start and after each counted epoch."""
    from npdiffpool import GraphBatch
    from npdiffpool.engine.preparation import precompute_propagation
    from npdiffpool.training.fit import Labelled, Schedule, fit

    labels = arrays["labels"]
    joined = GraphBatch.from_graphs(graphs_of(arrays), np.float32)
    arrays.clear()
    batch = precompute_propagation(joined, ["sage"])
    config = config_of(task, batch.features.shape[1], int(labels.max()) + 1)
    first, rng = np.arange(len(labels))[: task.warm_graphs], np.random.default_rng(seed)
    warm, rest = Labelled(batch.take(first), labels[first]), (task.rate, task.clip)
    fit(config, Schedule(task.warm_epochs, task.batch, *rest), warm, None, rng)
    whole, schedule = Labelled(batch, labels), Schedule(task.epochs, task.batch, *rest)
    tick()
    fit(config, schedule, whole, None, rng, tick)


def train(task, path, name, threads, seed):
    """Print one line per epoch: seconds, mean loss and peak memory so far."""
    Path("/proc/self/oom_score_adj").write_text("1000")  # killed first
    times = []

    def tick(row=None):
        times.append(time.perf_counter())
        if row is not None:
            status = Path("/proc/self/status").read_text()
            peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
            line = {"seconds": times[-1] - times[-2], "loss": row["loss"], "peak": peak}
            print(json.dumps(line), flush=True)

    trainer = train_npdiffpool
    if name != report.MINE:
        import peers

        trainer = partial(peers.train, name.removesuffix(report.KEPT), threads)
    with np.load(path) as file:
        trainer(dict(file), task, seed, tick)


def work(job, task, *rest):
    """Prepare or train in this process, as requested by `measure_workload`."""
    task = Task(*task)._replace(clusters=tuple(task[3]))
    {"prepare": prepare_arrays, "train": train}[job](task, *rest)


def run(command, threads=1, limit=None, name=report.MINE):
    """Run Python and return its output, and the reason of a failure or None."""
    variables = dict.fromkeys(THREAD_VARIABLES, str(threads))
    if name.startswith(report.MINE):  # its own threads, each with one BLAS thread
        variables |= dict.fromkeys(THREAD_VARIABLES[:2], "1")
    variables.update(KEEP_MEMORY if name.endswith(report.KEPT) else {})
    options = {"env": {**os.environ, **variables}, "timeout": limit}
    command = [sys.executable, *command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, **options)
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(), f"> {limit:g} s"
    if done.returncode == 0:
        return done.stdout, None
    print(done.stderr, file=sys.stderr)
    memory = ("MemoryError", "can't allocate memory", "bad_alloc")
    if done.returncode == -9 or any(sign in done.stderr for sign in memory):
        return done.stdout, "out of memory"
    last = (done.stderr.strip().splitlines() or ["?"])[-1]
    return done.stdout, f"failed: {last.split(':')[0]}"


def measure(task, path, name, threads, seed, limit):
    """Measure one training in a fresh process and return the result."""
    load = os.getloadavg()[0]
    job = json.dumps(["train", task, path, name, threads, seed])
    output, failure = run([__file__, "--work", job], threads, limit, name)
    lines = [json.loads(line) for line in output.splitlines() if line[:1] == "{"]
    seconds, losses = ([line[key] for line in lines] for key in ("seconds", "loss"))
    peak = max((line["peak"] for line in lines), default=None)
    numbers = {"seconds": seconds, "losses": losses, "peak": peak}
    return {**numbers, "failure": failure, "load": load}


def measure_imports(times=5):
    """Return the seconds of each import and the MiB afterwards."""
    found = {statement: [] for statement in IMPORTS}
    for turn in range(times + 1):
        for statement in IMPORTS:
            output, failure = run(["-c", TIMED_IMPORT.format(statement)])
            if turn and not failure:  # the first turn reads from disk
                seconds, memory = output.split()
                found[statement].append((float(seconds), int(memory) / 1024))
    return found


def missing(workload, arguments, runs):
    """Return the keys of a workload's missing measurements."""
    known = [run["key"] for run in runs]
    return [
        [workload, threads, turn, name]
        for threads in arguments.threads
        for turn in range(arguments.rounds)
        for name in arguments.only
        if [workload, threads, turn, name] not in known
    ]


def measure_workload(workload, arguments, runs, save):
    """Make the missing measurements of a workload, and save each."""
    task, keys = WORKLOADS[workload], missing(workload, arguments, runs)
    limits = [limit for limit in (task.graphs, arguments.graphs) if limit]
    task = task._replace(graphs=min(limits, default=None))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "arrays.npz"))
        job = json.dumps(["prepare", task, path])
        if keys and run([__file__, "--work", job])[1]:
            sys.exit(f"{workload} cannot be prepared")
        for key in keys:
            _, threads, seed, name = key
            failed = [old["key"] for old in runs if old["failure"]]
            if any([workload, threads, name] == [*k[:2], k[3]] for k in failed):
                continue
            print(*key, flush=True)
            found = measure(task, path, name, threads, seed, arguments.limit)
            runs.append({"key": key, **found})
            save()


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", nargs="+", default=[""], help="or prefixes")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--graphs", type=int, help="largest number per data set")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--limit", type=float, default=900, help="s per measurement")
    parser.add_argument("--out", type=Path, default=OUT, help="page, beside its .json")
    parser.add_argument("--continue", dest="resume", action="store_true")
    parser.add_argument("--work", type=json.loads, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    """Measure the chosen workloads, and write the page after each measurement."""
    arguments = parse()
    if arguments.work:
        return work(*arguments.work)
    raw = arguments.out.with_suffix(".json")
    results = {"sessions": [], "imports": {}, "sizes": {}, "runs": []}
    if arguments.resume and raw.exists():
        results = json.loads(raw.read_text())
        if any(old["graphs"] != arguments.graphs for old in results["sessions"]):
            sys.exit(f"{raw} was measured with another --graphs")
    results["sessions"].append(report.session(arguments.graphs))

    def save():
        raw.write_text(report.to_json(results))
        arguments.out.write_text(report.write(results))

    results["imports"] = results["imports"] or measure_imports()
    results["sizes"] = report.installed_sizes()
    save()
    for workload in WORKLOADS:
        if workload.startswith(tuple(arguments.workloads)):
            measure_workload(workload, arguments, results["runs"], save)


if __name__ == "__main__":
    main()
