"""Seconds of one training epoch, npdiffpool beside torch_geometric's dense model.

    pip install -e ".[peers]"
    NPDIFFPOOL_DATA=folder OPENBLAS_NUM_THREADS=1 python benchmarks/epoch.py

540 ENZYMES graphs with their 3 node labels, batches of 20, one pooling level of
13 clusters, hidden width 64, SAGE "mean", three layers a block, batch norm, max
readouts, all losses, Adam, clipping, float32, one thread. torch_geometric is
padded to the largest graph of each batch. Each measurement is a fresh process,
the two in turn; an epoch counts after two epochs of warm-up.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

import npdiffpool as ndp
from npdiffpool.layers import prepare
from npdiffpool.model import Config
from npdiffpool.training import Labelled, Schedule, fit

GRAPHS, BATCH, CLUSTERS, HIDDEN, LAYERS, CLASSES = 540, 20, 13, 64, 3, 6
CLIP, RATE = 2.0, 1e-3
WARM_UP = 2


def load():
    """Return the graphs and their classes from 0."""
    dataset = ndp.load_dataset("ENZYMES", features="labels")
    chosen = np.random.default_rng(0).permutation(len(dataset))[:GRAPHS]
    return [dataset.graphs[i] for i in chosen], dataset.labels[chosen] - 1


def numpy_epochs(graphs, labels, epochs):
    """Return the seconds of each epoch of npdiffpool: `npdiffpool.training.fit`."""
    sizes = {"hidden": HIDDEN, "n_layers": LAYERS, "clusters": (CLUSTERS,)}
    config = Config(graphs[0].n_features, CLASSES, batch_norm=True, **sizes)
    batch = prepare(ndp.GraphBatch.from_graphs(graphs, np.float32), ["sage"])
    schedule, rng = Schedule(epochs, BATCH, RATE, CLIP), np.random.default_rng(0)
    times = [time.perf_counter()]
    train = Labelled(batch, labels)

    def on_epoch(row):
        times.append(time.perf_counter())

    fit(config, schedule, train, None, rng, on_epoch)
    return np.diff(times).tolist()


def torch_epochs(graphs, labels, epochs):
    """Yield the seconds of each epoch of torch_geometric's dense layers."""
    import torch
    from torch_geometric.nn import DenseSAGEConv, dense_diff_pool

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(0)

    class Block(torch.nn.Module):
        def __init__(self, n_in):
            super().__init__()
            widths = [n_in] + [HIDDEN] * LAYERS
            pairs = zip(widths, widths[1:])
            self.convs = torch.nn.ModuleList(
                DenseSAGEConv(a, b, normalize=True) for a, b in pairs
            )
            norms = (torch.nn.BatchNorm1d(HIDDEN) for _ in range(LAYERS))
            self.norms = torch.nn.ModuleList(norms)

        def forward(self, x, adj, mask=None):
            outputs = []
            for conv, norm in zip(self.convs, self.norms):
                x = conv(x, adj, mask).relu()
                B, N, D = x.shape
                x = norm(x.view(-1, D)).view(B, N, D)
                outputs.append(x)
            return torch.cat(outputs, dim=-1)

    class Net(torch.nn.Module):
        def __init__(self, n_features):
            super().__init__()
            width = HIDDEN * LAYERS
            self.embed, self.pool = Block(n_features), Block(n_features)
            self.logits = torch.nn.Linear(width, CLUSTERS)
            self.top = Block(width)
            self.classify = torch.nn.Sequential(
                torch.nn.Linear(2 * width, 50),
                torch.nn.ReLU(),
                torch.nn.Linear(50, CLASSES),
            )

        def forward(self, x, adj, mask):
            z = self.embed(x, adj, mask)
            r = self.logits(self.pool(x, adj, mask))
            pooled, adj, link, entropy = dense_diff_pool(z, adj, r, mask)
            top = self.top(pooled, adj)
            z = z.masked_fill(~mask[..., None], float("-inf"))
            readout = torch.cat([z.amax(dim=1), top.amax(dim=1)], dim=1)
            return self.classify(readout), link, entropy

    dense = [torch.tensor(g.adjacency.toarray(), dtype=torch.float32) for g in graphs]
    features = [torch.tensor(g.features, dtype=torch.float32) for g in graphs]
    targets = torch.tensor(labels)

    def padded(part):
        n = max(len(features[i]) for i in part)
        x = torch.zeros(len(part), n, graphs[0].n_features)
        adj = torch.zeros(len(part), n, n)
        mask = torch.zeros(len(part), n, dtype=torch.bool)
        for row, i in enumerate(part):
            size = len(features[i])
            x[row, :size], adj[row, :size, :size] = features[i], dense[i]
            mask[row, :size] = True
        return x, adj, mask

    net = Net(graphs[0].n_features)
    adam = torch.optim.Adam(net.parameters(), RATE)
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        start = time.perf_counter()
        order = rng.permutation(len(graphs)).tolist()
        for first in range(0, len(order), BATCH):
            part = order[first : first + BATCH]
            logits, link, entropy = net(*padded(part))
            loss = torch.nn.functional.cross_entropy(logits, targets[part])
            adam.zero_grad()
            (loss + link + entropy).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            adam.step()
        yield time.perf_counter() - start


WORKERS = {"npdiffpool": numpy_epochs, "torch_geometric": torch_epochs}


def measure(name, epochs, threads):
    """Return the seconds of the counted epochs of one fresh process."""
    variables = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(variables, str(threads))}
    command = [sys.executable, __file__, "--worker", name, "--epochs", str(epochs)]
    result = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(result.stdout)


def main():
    """Measure in turn and print medians, spreads and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", choices=WORKERS)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.worker:
        worker, epochs = WORKERS[arguments.worker], WARM_UP + arguments.epochs
        print(json.dumps(list(worker(*load(), epochs))[WARM_UP:]))
        return
    print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    seconds = {name: [] for name in WORKERS}
    for _ in range(arguments.rounds):
        for name in WORKERS:
            seconds[name] += measure(name, arguments.epochs, arguments.threads)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, values in seconds.items():
        print(
            f"{name:<16} {medians[name]:.3f} s an epoch, median of {len(values)} "
            f"({min(values):.3f} to {max(values):.3f})"
        )
    ratio = medians["npdiffpool"] / medians["torch_geometric"]
    print(f"npdiffpool / torch_geometric = {ratio:.2f}")


if __name__ == "__main__":
    main()
