"""The floor: the products of one training epoch, and nothing else.

    NPDIFFPOOL_DATA=folder OPENBLAS_NUM_THREADS=1 python benchmarks/floor.py

Every matrix product and every sparse product that the equations and their
gradients ask for, in the shapes of real minibatches, float32, on random numbers:
no autograd, no ReLU, no norm, no softmax, no Adam. A product that nobody needs
(the gradient by the input features) or that is known before training (their
propagation) is left out, A S is used twice, in S^T A S and in its gradient, and
the cheaper order is taken of P H W. The engine's epoch (`npdiffpool.training.fit`)
is timed in the same process, the two in turn, and given as a multiple of the
floor; then one more epoch is profiled. All that goes into floor.md.
"""
import argparse
import cProfile
import os
import pstats
import shlex
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

import npdiffpool as ndp
from npdiffpool.config import Config
from npdiffpool.layers import prepare
from npdiffpool.training import Labelled, Schedule, fit, minibatches

HIDDEN, LAYERS, CLASSIFIER = 64, 3, 50
WIDTH = HIDDEN * LAYERS
HEAD = """# The floor

Written by `{command}`: seconds of one epoch's products alone (median), of the
engine's whole epoch, and their ratio. Load before: {load:.2f} on {cores} cores. Below,
where an epoch's time goes by function, by cProfile, which makes calls seem dearer
than they are; `dot` and `matmul` are the products themselves, `f_wrapped` is
autograd with the NumPy functions that it calls.

| workload | floor, s | engine, s | min to max | multiple |
| --- | --- | --- | --- | --- |"""


class Workload(NamedTuple):
    """Hold a data set, how it is cut, and the clusters of each level."""

    data: str
    batch_size: int
    clusters: tuple[int, ...]
    graphs: int


WORKLOADS = {
    "ENZYMES 20": Workload("ENZYMES", 20, (13,), 540),
    "ENZYMES 128": Workload("ENZYMES", 128, (13,), 540),
    "ENZYMES 20, two levels": Workload("ENZYMES", 20, (32, 8), 540),
    "ENZYMES 128, two levels": Workload("ENZYMES", 128, (32, 8), 540),
    "DD": Workload("DD", 20, (100, 25), 1178),
    "COLLAB": Workload("COLLAB", 64, (50,), 5000),
    "REDDIT-BINARY": Workload("REDDIT-BINARY", 20, (100,), 2000),
}


class Numbers:
    """Give float32 arrays of any shape out of one pool: making them costs nothing."""

    def __init__(self, size):
        self.pool = np.random.default_rng(0).normal(size=size).astype(np.float32)

    def __call__(self, *shape):
        size = int(np.prod(shape))
        return self.pool[:size].reshape(shape)


def linear(numbers, N, n_in, n_out):
    """Do X W, X^T G and G W^T."""
    X, W, G = numbers(N, n_in), numbers(n_in, n_out), numbers(N, n_out)
    np.dot(X, W)
    np.dot(X.T, G)
    np.dot(G, W.T)


def linear_of_data(X, numbers):
    """Do X W and X^T G, for features, dense or CSR."""
    X @ numbers(X.shape[1], HIDDEN)
    X.T @ numbers(X.shape[0], HIDDEN)


def propagate(P, numbers, N):
    """Do P H and P^T G, and for a stack of matrices G H^T."""
    if not isinstance(P, tuple):
        H = numbers(N, HIDDEN)
        P @ H
        P.T @ H
        return
    B, K = P
    P, H = numbers(B, K, K), numbers(B, K, HIDDEN)
    np.matmul(P, H)
    np.matmul(P.swapaxes(1, 2), H)
    np.matmul(H, H.swapaxes(1, 2))


def first_gnn(batch, numbers):
    """Do the products of a GNN of the first level: features are data, P X is known."""
    PX, N = batch.propagated.get("sage"), batch.n_nodes
    linear_of_data(batch.features, numbers)
    linear_of_data(batch.features if PX is None else PX, numbers)
    for _ in range(LAYERS - 1 + (PX is None)):
        propagate(batch.adjacency, numbers, N)
    for _ in range(2 * (LAYERS - 1)):
        linear(numbers, N, HIDDEN, HIDDEN)


def gnn(P, numbers, N):
    """Do the products of a GNN of an upper level: self and neighbours, P (H W)."""
    for depth in range(LAYERS):
        propagate(P, numbers, N)
        for _ in range(2):
            linear(numbers, N, HIDDEN if depth else WIDTH, HIDDEN)


def pool(A, numbers, sizes, K):
    """Do S^T (A S), S^T Z and S^T S of every graph, and what their gradients need."""
    multiply_by_s(A, numbers, sizes, K)
    for n in sizes:
        S, AS, Z = numbers(n, K), numbers(n, K), numbers(n, WIDTH)
        A_pooled, X_pooled = np.dot(S.T, AS), np.dot(S.T, Z)
        gram = np.dot(S.T, S)
        np.dot(AS, A_pooled)
        np.dot(AS, A_pooled)
        np.dot(S, gram)
        np.dot(Z, X_pooled.T)
        np.dot(S, X_pooled)


def multiply_by_s(A, numbers, sizes, K):
    """Do A S and A^T S; of a stack also the gradient by A, S G S^T."""
    if not isinstance(A, tuple):
        A @ numbers(sum(sizes), K)
        A.T @ numbers(sum(sizes), K)
        return
    B, n = A
    S, G = numbers(B, n, K), numbers(B, K, K)
    np.matmul(numbers(B, n, n), S)
    np.matmul(numbers(B, n, n), S)
    np.matmul(np.matmul(S, G), S.swapaxes(1, 2))


def step(batch, numbers, clusters, n_classes):
    """Do every product of one training step."""
    A, N, B, sizes = batch.adjacency, batch.n_nodes, batch.n_graphs, batch.sizes
    for level, K in enumerate(clusters):
        for _ in range(2):
            gnn(A, numbers, N) if level else first_gnn(batch, numbers)
        for _ in range(LAYERS):
            linear(numbers, N, HIDDEN, K)
        pool(A, numbers, list(sizes), K)
        A, N, sizes = (B, K), B * K, [K] * B
    gnn(A, numbers, N)
    linear(numbers, B, WIDTH * (len(clusters) + 1), CLASSIFIER)
    linear(numbers, B, CLASSIFIER, n_classes)


def load(workload):
    """Return the workload's graphs and classes, prepared."""
    features = "labels" if workload.data == "ENZYMES" else None
    options = {} if features is None else {"features": features}
    dataset = ndp.load_dataset(workload.data, **options)
    chosen = np.random.default_rng(0).permutation(len(dataset))[: workload.graphs]
    classes, labels = np.unique(dataset.labels[chosen], return_inverse=True)
    graphs = [dataset.graphs[i] for i in chosen]
    batch = prepare(ndp.GraphBatch.from_graphs(graphs, np.float32), ["sage"])
    return Labelled(batch, labels), len(classes)


def floor_epoch(data, workload, n_classes, numbers):
    """Return the seconds that the products of one epoch take."""
    seconds = 0.0
    for part in minibatches(data, workload.batch_size, np.random.default_rng(0)):
        start = time.perf_counter()
        step(part.batch, numbers, workload.clusters, n_classes)
        seconds += time.perf_counter() - start
    return seconds


def engine_epochs(data, workload, n_classes, epochs):
    """Return the seconds of each of the engine's epochs."""
    sizes = {"hidden": HIDDEN, "n_layers": LAYERS, "clusters": workload.clusters}
    n_features = data.batch.features.shape[1]
    config = Config(n_features, n_classes, batch_norm=True, **sizes)
    schedule = Schedule(epochs, workload.batch_size, 1e-3, 2.0)
    times = [time.perf_counter()]

    def on_epoch(row):
        times.append(time.perf_counter())

    fit(config, schedule, data, None, np.random.default_rng(0), on_epoch)
    return np.diff(times).tolist()


def profile(data, workload, n_classes, top=12):
    """Return lines of the functions in which an epoch of the engine spends most."""
    profiler = cProfile.Profile()
    profiler.runcall(engine_epochs, data, workload, n_classes, 1)
    stats = pstats.Stats(profiler)
    whole = stats.total_tt
    spent = {}
    for (file, _, name), (_, _, own, _, _) in stats.stats.items():
        name = name.split("'")[1] if name.startswith("<method '") else name
        place = Path(file).stem + "." if file.endswith(".py") else ""
        spent[place + name] = spent.get(place + name, 0) + own
    most = sorted(spent, key=spent.get, reverse=True)[:top]
    return [f"| `{name}` | {spent[name] / whole:.0%} |" for name in most]


def measure(name, arguments):
    """Return a workload's line of the table, and its profile."""
    workload = WORKLOADS[name]
    workload = workload._replace(graphs=arguments.graphs or workload.graphs)
    data, n_classes = load(workload)
    numbers = Numbers(8_000_000)
    floors, engine = [], []
    for _ in range(arguments.rounds):
        for _ in range(arguments.epochs):
            floors.append(floor_epoch(data, workload, n_classes, numbers))
        engine += engine_epochs(data, workload, n_classes, arguments.epochs)
    least, ours = statistics.median(floors), statistics.median(engine)
    spread = f"{min(engine):.3f} to {max(engine):.3f}"
    line = f"| {name} | {least:.3f} | {ours:.3f} | {spread} | {ours / least:.2f} |"
    return line, profile(data, workload, n_classes)


def main():
    """Measure floor and engine in turn and write the multiple of each workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--graphs", type=int, help="at most so many of each data set")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "floor.md")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    lines, profiles = [], []
    for name in arguments.workloads:
        line, functions = measure(name, arguments)
        print(line, flush=True)
        lines.append(line)
        profiles += ["", f"## {name}", "", "| function | own time |", "| --- | --- |"]
        profiles += functions
    command = f"python benchmarks/floor.py {shlex.join(sys.argv[1:])}".strip()
    head = HEAD.format(command=command, load=load_before, cores=os.cpu_count())
    arguments.out.write_text("\n".join([head, *lines, *profiles]) + "\n")


if __name__ == "__main__":
    main()
