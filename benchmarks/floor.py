"""The floor: the seconds of the matrix products of one training epoch alone.

    NPDIFFPOOL_DATA=folder python benchmarks/floor.py

The products are all dense and sparse matrix products of the equations and their
gradients, in the shapes of real minibatches, in float32, on random numbers: no
autograd, ReLU, norm, softmax or Adam. Left out are products that are not needed (the
gradient with respect to the input features) or known before training (the propagated
features). A S is computed once and used in S^T A S and in its gradient, P H W is
computed in the cheaper order, and dense graphs multiply as dense blocks.

The engine's epoch (`npdiffpool.training.fit.fit`) with one thread and with two is timed
in the same process, in turn with the floor, and given as a multiple of it; one more
epoch with one thread is profiled. The floor has one thread. Writes floor.md.
"""

import argparse
import cProfile
import math
import os
import pstats
import shlex
import statistics
import sys
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported

import numpy as np
from markdown_table import markdown_row, markdown_table
from speed import WORKLOADS

import npdiffpool as ndp
from npdiffpool.engine.config import Config
from npdiffpool.engine.preparation import precompute_propagation
from npdiffpool.graphs.block_diagonal import with_dense_blocks
from npdiffpool.training.fit import Labelled, Schedule, fit, minibatches

HIDDEN, LAYERS, CLASSIFIER = 64, 3, 50
WIDTH = HIDDEN * LAYERS
HEAD = """# The floor

Written by `{command}`: seconds of one epoch's matrix products alone on one
thread (the floor, median), seconds of the engine's whole epoch (median), and the
engine's as a multiple of the floor: lower is better, and 1 is the optimum of one
thread, .5 that of two. Load before: {load:.2f} on {cores} cores.

The tables below are profiles of one thread by cProfile, the share of an epoch's time
in each function. cProfile overestimates the cost of calls. The products themselves are
in `threads.<listcomp>`, `primitives.gradient` and `work`; `f_wrapped` is autograd with
the NumPy functions that it calls.
"""
HEADER = (
    "workload",
    "floor, s",
    "threads",
    "engine, s",
    "engine, min to max",
    "multiple",
)
THREADS = 1, 2


class Numbers:
    """Float32 arrays of any shape, taken from one pool at no cost."""

    def __init__(self, size):
        self.pool = np.random.default_rng(0).normal(size=size).astype(np.float32)
        self.made = {}

    def __call__(self, *shape):
        if shape not in self.made:
            self.made[shape] = self.pool[: math.prod(shape)].reshape(shape)
        return self.made[shape]


def linear(numbers, N, n_in, n_out):
    """Compute X W, X^T G and G W^T."""
    X, W, G = numbers(N, n_in), numbers(n_in, n_out), numbers(N, n_out)
    np.dot(X, W)
    np.dot(X.T, G)
    np.dot(G, W.T)


def linear_of_data(X, numbers):
    """Compute X W and X^T G for features, dense or CSR."""
    X @ numbers(X.shape[1], HIDDEN)
    X.T @ numbers(X.shape[0], HIDDEN)


def propagate(matrices, H):
    """Compute P H and P^T G for sparse matrices, P and its transpose."""
    for matrix in matrices:
        matrix @ H


def propagate_stack(numbers, B, n, width):
    """Compute P H, P^T G and G H^T for a stack of matrices."""
    P, H = numbers(B, n, n), numbers(B, n, width)
    np.matmul(P, H)
    np.matmul(P.swapaxes(1, 2), H)
    np.matmul(H, H.swapaxes(1, 2))


def first_gnn(batch, matrices, numbers):
    """Compute the products of a first-level GNN, where P X is known."""
    PX, N = batch.propagated.get("sage"), batch.n_nodes
    linear_of_data(batch.features, numbers)
    linear_of_data(batch.features if PX is None else PX, numbers)
    for _ in range(LAYERS - 1 + (PX is None)):
        propagate(matrices, numbers(N, HIDDEN))
    for _ in range(2 * (LAYERS - 1)):
        linear(numbers, N, HIDDEN, HIDDEN)


def gnn(numbers, B, n):
    """Compute the products of an upper-level GNN: self, and neighbours as P (H W)."""
    for depth in range(LAYERS):
        propagate_stack(numbers, B, n, HIDDEN)
        for _ in range(2):
            linear(numbers, B * n, HIDDEN if depth else WIDTH, HIDDEN)


def pool(numbers, K, *rows):
    """Compute S^T (A S), S^T Z, S^T S and the products of their gradients.

    `rows` is n for one graph, or B and n for a stack.
    """
    multiply = np.dot if len(rows) == 1 else np.matmul
    S, AS, Z = numbers(*rows, K), numbers(*rows, K), numbers(*rows, WIDTH)
    S_T = S.swapaxes(-1, -2)
    A_pooled, X_pooled, gram = (multiply(S_T, M) for M in (AS, Z, S))
    multiply(AS, A_pooled)
    multiply(AS, A_pooled)
    multiply(S, gram)
    multiply(Z, X_pooled.swapaxes(-1, -2))
    multiply(S, X_pooled)


def pool_stack(numbers, K, B, n):
    """Compute the products of pooling above the first level."""
    A, S = numbers(B, n, n), numbers(B, n, K)
    np.matmul(A, S)
    np.matmul(A.swapaxes(1, 2), S)
    np.matmul(np.matmul(S, numbers(B, K, K)), S.swapaxes(1, 2))
    pool(numbers, K, B, n)


def step(batch, matrices, numbers, clusters, n_classes):
    """Compute every product of one training step."""
    N, B, n = batch.n_nodes, batch.n_graphs, None
    for K in clusters:
        for _ in range(2):
            gnn(numbers, B, n) if n else first_gnn(batch, matrices, numbers)
        for _ in range(LAYERS):
            linear(numbers, B * n if n else N, HIDDEN, K)
        if n:
            pool_stack(numbers, K, B, n)
        else:
            propagate(matrices, numbers(N, K))
            for size in batch.sizes.tolist():
                pool(numbers, K, size)
        n = K
    gnn(numbers, B, n)
    linear(numbers, B, WIDTH * (len(clusters) + 1), CLASSIFIER)
    linear(numbers, B, CLASSIFIER, n_classes)


def load(task):
    """Return the prepared graphs of a workload and its number of classes."""
    dataset = ndp.load_dataset(task.dataset, features=task.features)
    chosen = np.random.default_rng(0).permutation(len(dataset))[: task.graphs]
    classes, labels = np.unique(dataset.labels[chosen], return_inverse=True)
    graphs = [dataset.graphs[i] for i in chosen]
    joined = ndp.GraphBatch.from_graphs(graphs, np.float32)
    return Labelled(precompute_propagation(joined, ["sage"]), labels), len(classes)


def floor_epoch(data, task, n_classes, numbers):
    """Return the seconds of the products of one epoch."""
    seconds = 0.0
    for part in minibatches(data, task.batch, np.random.default_rng(0)):
        P = with_dense_blocks(part.batch.adjacency, part.batch.offsets)
        matrices = P, P.T
        start = time.perf_counter()
        step(part.batch, matrices, numbers, task.clusters, n_classes)
        seconds += time.perf_counter() - start
    return seconds


def engine_epochs(data, task, n_classes, epochs, threads):
    """Return the seconds of each epoch of the engine."""
    sizes = {"hidden": HIDDEN, "n_layers": LAYERS, "clusters": task.clusters}
    n_features = data.batch.features.shape[1]
    config = Config(n_features, n_classes, batch_norm=True, **sizes)
    schedule = Schedule(epochs, task.batch, task.rate, task.clip)
    times = [time.perf_counter()]

    def on_epoch(row):
        times.append(time.perf_counter())

    rng = np.random.default_rng(0)
    fit(config, schedule, data, None, rng, on_epoch, threads=threads)
    return np.diff(times).tolist()


def profile(data, task, n_classes, top=12):
    """Return the rows of the functions that take most of an epoch's time."""
    profiler = cProfile.Profile()
    profiler.runcall(engine_epochs, data, task, n_classes, epochs=1, threads=1)
    stats = pstats.Stats(profiler)
    whole = stats.total_tt
    spent = {}
    for (file, _, name), (_, _, own, _, _) in stats.stats.items():
        name = name.split("'")[1] if name.startswith("<method '") else name
        place = Path(file).stem + "." if file.endswith(".py") else ""
        spent[place + name] = spent.get(place + name, 0) + own
    most = sorted(spent, key=spent.get, reverse=True)[:top]
    return [(f"`{name}`", f"{spent[name] / whole:.0%}") for name in most]


def measure(name, arguments):
    """Return the table rows of a workload and the rows of its profile."""
    task = WORKLOADS[name]
    task = task._replace(graphs=arguments.graphs or task.graphs)
    data, n_classes = load(task)
    numbers = Numbers(8_000_000)
    floors, engine = [], {threads: [] for threads in THREADS}
    for _ in range(arguments.rounds):
        for _ in range(arguments.epochs):
            floors.append(floor_epoch(data, task, n_classes, numbers))
        for threads, times in engine.items():
            times += engine_epochs(data, task, n_classes, arguments.epochs, threads)
    floor, rows = statistics.median(floors), []
    for threads, times in engine.items():
        ours, spread = statistics.median(times), f"{min(times):.3f} to {max(times):.3f}"
        cells = [name, f"{floor:.3f}", threads, f"{ours:.3f}", spread]
        rows.append([*cells, f"{ours / floor:.2f}"])
    return rows, profile(data, task, n_classes)


def main():
    """Measure the floor and the engine for each workload, and write floor.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--graphs", type=int, help="largest number per data set")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "floor.md")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    rows, profiles = [], []
    for name in arguments.workloads:
        found, functions = measure(name, arguments)
        print(*map(markdown_row, found), sep="\n", flush=True)
        rows += found
        table = markdown_table(("function", "share of time"), functions)
        profiles += ["", f"## {name}", "", table]
    command = f"python benchmarks/floor.py {shlex.join(sys.argv[1:])}".strip()
    head = HEAD.format(command=command, load=load_before, cores=os.cpu_count())
    parts = [head, markdown_table(HEADER, rows), *profiles, ""]
    arguments.out.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
