"""The floor: the products of one training epoch, and nothing else.

    NPDIFFPOOL_DATA=folder OPENBLAS_NUM_THREADS=1 python benchmarks/floor.py

Every matrix product and every sparse product that the equations and their
gradients ask for, in the shapes of real minibatches, float32, on random numbers:
no autograd, no ReLU, no norm, no softmax, no Adam. A product that nobody needs
(the gradient by the input features) or that is known before training (their
propagation) is left out, and A S is used twice, in S^T A S and in its gradient.
The engine's epoch (`npdiffpool.training.fit`) is timed in the same process, the
two in turn, and given as a multiple of the floor.
"""
import argparse
import os
import statistics
import time
from typing import NamedTuple

import numpy as np

import npdiffpool as ndp
from npdiffpool.config import Config
from npdiffpool.layers import prepare
from npdiffpool.training import Labelled, Schedule, fit, minibatches

HIDDEN, LAYERS, CLASSIFIER = 64, 3, 50
WIDTH = HIDDEN * LAYERS


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


def linear(numbers, N, n_in, n_out, by_input=True):
    """Do X W, X^T G, and G W^T unless X is data."""
    X, W, G = numbers(N, n_in), numbers(n_in, n_out), numbers(N, n_out)
    np.dot(X, W)
    np.dot(X.T, G)
    if by_input:
        np.dot(G, W.T)


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


def gnn(P, numbers, N, n_in, level):
    """Do the products of one GNN: self and neighbours in every layer."""
    by_input = level > 0
    for depth in range(LAYERS):
        if depth:
            propagate(P, numbers, N)
        elif level:
            first_propagation(P, numbers, n_in)
        for _ in range(2):
            width = n_in if depth == 0 else HIDDEN
            linear(numbers, N, width, HIDDEN, depth or by_input)


def first_propagation(P, numbers, n_in):
    """Do P X', its transpose, and the gradient by P, of a coarsened graph."""
    B, K = P
    P, X = numbers(B, K, K), numbers(B, K, n_in)
    np.matmul(P, X)
    np.matmul(P.swapaxes(1, 2), X)
    np.matmul(X, X.swapaxes(1, 2))


def pool(A, numbers, sizes, K):
    """Do S^T (A S), S^T Z and S^T S of every graph, and what their gradients need."""
    multiply_by_s(A, numbers, sizes, K)
    for n in sizes:
        S, AS, Z = numbers(n, K), numbers(n, K), numbers(n, WIDTH)
        A_pooled, X_pooled = np.dot(S.T, AS), np.dot(S.T, Z)
        gram = np.dot(S.T, S)
        np.dot(AS, A_pooled)
        np.dot(S, gram)
        np.dot(Z, X_pooled.T)
        np.dot(S, X_pooled)


def multiply_by_s(A, numbers, sizes, K):
    """Do A S; of a dense stack also the gradient by A, S G S^T."""
    if not isinstance(A, tuple):
        A @ numbers(sum(sizes), K)
        return
    B, n = A
    S, G = numbers(B, n, K), numbers(B, K, K)
    np.matmul(numbers(B, n, n), S)
    np.matmul(np.matmul(S, G), S.swapaxes(1, 2))


def step(batch, numbers, clusters, n_classes):
    """Do every product of one training step."""
    A, N, n_in = batch.adjacency, *batch.features.shape
    B, sizes = batch.n_graphs, batch.sizes.tolist()
    for level, K in enumerate(clusters):
        gnn(A, numbers, N, n_in, level)
        gnn(A, numbers, N, n_in, level)
        for _ in range(LAYERS):
            linear(numbers, N, HIDDEN, K)
        pool(A, numbers, sizes, K)
        A, N, sizes, n_in = (B, K), B * K, [K] * B, WIDTH
    gnn(A, numbers, N, n_in, len(clusters))
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


def main():
    """Measure floor and engine in turn and print the multiple of each workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--graphs", type=int, help="at most so many of each data set")
    arguments = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    for name in arguments.workloads:
        workload = WORKLOADS[name]
        workload = workload._replace(graphs=arguments.graphs or workload.graphs)
        data, n_classes = load(workload)
        numbers = Numbers(4_000_000 * 2)
        floors, engine = [], []
        for _ in range(arguments.rounds):
            floors += [
                floor_epoch(data, workload, n_classes, numbers)
                for _ in range(arguments.epochs)
            ]
            engine += engine_epochs(data, workload, n_classes, arguments.epochs)
        least, ours = statistics.median(floors), statistics.median(engine)
        print(f"{name:<24} floor {least:.3f} s, engine {ours:.3f}: {ours / least:.2f}")


if __name__ == "__main__":
    main()
