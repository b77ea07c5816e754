"""Time and memory of npdiffpool, torch_geometric and tgp for one growing graph.

    python benchmarks/growth.py

README.md beside this file has the commands that install the other implementations.
Each measurement is a training step without the optimiser, in a fresh process that is
warmed up on the smallest graph. Each implementation gets larger graphs until it exceeds
the limit of memory or time.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import report
import speed
from markdown_table import markdown_table

SIZES = (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
TARGET = 1_000_000  # nodes for which the README makes a statement
DEGREE, FEATURES, CLASSES = 10, 16, 2
TASK = speed.Task("", "", batch=1, clusters=(32,), epochs=0, hidden=32)
RECOMPUTING = f"{report.MINE}, recomputing"
MODELS = {  # its imports, a colour of Okabe and Ito, a marker
    report.MINE: ("npdiffpool.training.fit", "#0072B2", "o"),
    RECOMPUTING: ("npdiffpool.training.fit", "#56B4E9", "s"),
    report.DENSE + report.KEPT: ("peers", "#D55E00", "^"),
    f"tgp sparse{report.KEPT}": ("peers tgp.utils.losses", "#000000", "D"),
}
ENOUGH, LEAST, MOST = 0.5, 3, 20  # of a measurement: seconds, then repeats
HEAD = """# Growth

Written by growth.py from the measurements in growth.json.

- Graphs: random geometric graphs of average degree 10 with 16 features; nodes are
  numbered by position unless --shuffled is given.
- Model: 3 layers of width 32 per block, SAGE "mean", batch norm, 32 clusters in one
  level, link and entropy losses, float32, one thread, freed memory kept for the next
  step (speed.py). "Recomputing" is `recompute=True` (gradient checkpointing).
- Seconds: the median over repeats of loss and gradient, after one that is not counted.
- Memory: the peak of the process, loading included; "above imports" subtracts the
  memory after the imports. 1 GB is 1000 MB, 10^9 bytes.
- Limits: 16 GB of address space and 300 s per process, unless the command says
  otherwise.

Ten million nodes do not fit: while recomputing, a step needs 3.6 kB for each node, 36
GB in all. That is 28 arrays of 32 float32 numbers for each node at the peak, when the
gradient of the last GNN is computed: 11 of them are the three layers of this GNN, 6
are the embeddings of the first level and their gradient. Recomputing each layer, not
each GNN, would keep about a third of these 11. To halve the memory, the embeddings
would have to be recomputed as well, which takes a third forward pass.

![Seconds and memory against nodes](growth.png)
"""
EXPONENTS = """## Exponents

Seconds and memory grow as the number of nodes to the power of these exponents; 1 is
linear.
"""


def write_arrays(n, path, shuffled):
    """Write a geometric graph of n DEGREE / 2 edges, as `speed.arrays_of` does.

    Nodes are numbered by squares of about ten nodes each, or at random.
    """
    from scipy.spatial import cKDTree

    rng, n_pairs = np.random.default_rng(0), n * DEGREE // 2
    points, enough = rng.uniform(size=(n, 2)), 1.1 * np.sqrt(DEGREE / (np.pi * n))
    if not shuffled:
        squares = (points * np.sqrt(n / 10)).astype(int)
        points = points[np.lexsort(squares.T)]
    pairs = cKDTree(points).query_pairs(enough, output_type="ndarray")
    squares = np.sum(np.diff(points[pairs], axis=1) ** 2, axis=(1, 2))
    i, j = pairs[np.argpartition(squares, n_pairs)[:n_pairs]].T
    ends = np.concatenate([i, j]), np.concatenate([j, i])
    A = speed.csr_array((np.ones(2 * n_pairs, bool), ends), shape=(n, n))
    np.savez(
        path,
        sizes=np.array([n], np.int32),
        degrees=np.diff(A.indptr),
        targets=A.indices.astype(np.int32),
        n_features=FEATURES,
        entries=np.full(n, FEATURES, np.int32),
        columns=np.tile(np.arange(FEATURES, dtype=np.int32), n),
        values=rng.standard_normal(n * FEATURES, np.float32),
        labels=np.zeros(1, np.int64),
    )


def step_of_npdiffpool(arrays, name):
    """Return a function that computes loss and gradient, and returns the loss."""
    from npdiffpool import GraphBatch
    from npdiffpool._support.process import keep_freed_memory
    from npdiffpool.engine import autodiff, model, preparation
    from npdiffpool.engine.config import Config

    keep_freed_memory()  # as `npdiffpool.training.fit.fit` does
    labels, graphs = arrays["labels"], speed.graphs_of(arrays)
    joined = GraphBatch.from_graphs(graphs, np.float32)
    arrays.clear()
    batch = preparation.precompute_propagation(joined, ["sage"])
    flags = {"batch_norm": True, "recompute": name == RECOMPUTING}
    sizes = {"hidden": TASK.hidden, "n_layers": TASK.layers, "clusters": TASK.clusters}
    config = Config(FEATURES, CLASSES, **flags, **sizes)
    params = model.init_model(np.random.default_rng(0), config)
    differentiate = autodiff.value_and_grad(model.total_loss)
    return lambda: float(differentiate(params, batch, labels, config)[0])


def step_of_peer(arrays, name):
    """Return such a function for a model of peers.py."""
    import peers
    import torch

    torch.manual_seed(0)
    graphs = peers.Graphs(arrays)
    arrays.clear()
    batch, labels = graphs.take([0]), graphs.labels
    net = peers.PEERS[name.removesuffix(report.KEPT)](FEATURES, CLASSES, TASK)

    def step():
        net.zero_grad()
        logits, losses = net(batch)
        loss = torch.nn.functional.cross_entropy(logits, labels) + losses
        loss.backward()
        return loss.item()

    return step


def work(name, smallest, path, memory):
    """Measure one step in this process and print the result as JSON."""
    Path("/proc/self/oom_score_adj").write_text("1000")  # killed first
    resource.setrlimit(resource.RLIMIT_AS, (int(memory * 1e9),) * 2)
    for module in MODELS[name][0].split():
        import_module(module)
    imports, times = megabytes("VmRSS"), []
    step_of = step_of_npdiffpool if name.startswith(report.MINE) else step_of_peer
    step_of(dict(np.load(smallest)), name)()
    step = step_of(dict(np.load(path)), name)
    step()  # not counted: it allocates memory for the first time
    while len(times) < LEAST or (sum(times) < ENOUGH and len(times) < MOST):
        start = time.perf_counter()
        loss = step()
        times.append(time.perf_counter() - start)
    found = {"seconds": times, "median": np.median(times), "loss": loss}
    peak = megabytes("VmHWM")
    print(json.dumps({**found, "peak": peak, "above": peak - imports}))


def megabytes(name):
    """Return the memory of this process in MB: VmRSS is current, VmHWM the peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) * 1024 / 1e6


def measure(n, name, paths, arguments):
    """Measure one step in a fresh process and return the result."""
    load, job = os.getloadavg()[0], json.dumps([name, *paths, arguments.memory])
    output, failure = speed.run([__file__, "--work", job], 1, arguments.limit, name)
    found = {} if failure else json.loads(output.splitlines()[-1])
    return {"nodes": n, "name": name, "failure": failure, "load": load, **found}


def finished(runs):
    """Return the finished runs by implementation."""
    names = dict.fromkeys(run["name"] for run in runs)
    done = [run for run in runs if not run["failure"]]
    return {name: [run for run in done if run["name"] == name] for name in names}


def write(results):
    """Return the text of growth.md."""
    runs, last, rows = results["runs"], [], []
    for run in runs:
        cells = [run["failure"], *"----"]
        if not run["failure"]:
            times, peak = run["seconds"], run["peak"]
            spread = f"{min(times):.3f} to {max(times):.3f}"
            cells = [f"{run['median']:.3f}", spread, len(times)]
            cells += [f"{peak:.0f}", f"{run['above']:.0f}"]
            if run["nodes"] == TARGET and run["name"].startswith(report.MINE):
                seconds = f"{run['median']:.1f} s (target: 60 s)"
                memory = f"{peak / 1000:.2f} GB (target: 8 GB)"
                title = f"{run['name']}, {run['nodes']:,} nodes"
                last.append(f"{title}: {seconds}, {memory}.\n")
        rows.append([f"{run['nodes']:,}", run["name"], *cells])
    header = "nodes", "implementation", "s per step", "min to max", "repeats"
    header += "peak MB", "MB above imports"
    parts = [HEAD, *map(report.session_lines, results["sessions"]), EXPONENTS]
    parts += [exponent_table(runs), "", *last, "## Measurements\n"]
    return "\n".join([*parts, markdown_table(header, rows), ""])


def exponent_table(runs):
    """Return the least-squares slopes of log seconds and log memory in log nodes."""
    rows = []
    for name, done in finished(runs).items():
        large = [run for run in done if run["nodes"] >= 10_000]
        done = large if len(large) >= 3 else done
        cells = ["-", "-", "too few finished"]
        if len(done) > 1:
            keys = "nodes", "median", "above"
            n, *columns = np.log10([[run[key] for run in done] for key in keys])
            cells = [f"{np.polyfit(n, column, 1)[0]:.2f}" for column in columns]
            cells.append(f"{done[0]['nodes']:,} to {done[-1]['nodes']:,}")
        rows.append([name, *cells])
    seconds, memory = "exponent of seconds", "exponent of MB above imports"
    return markdown_table(("implementation", seconds, memory, "nodes"), rows)


def draw(runs, path):
    """Plot seconds and memory against nodes; a cross is before a failure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.4), layout="constrained")
    labels = "seconds of loss and gradient", "peak memory above imports (MB)"
    for axes, key, label in zip(figure.subplots(1, 2), ("median", "above"), labels):
        axes.set(xscale="log", yscale="log", xlabel="nodes", ylabel=label)
        for name, done in finished(runs).items():
            _, colour, marker = MODELS[name]
            n, y = ([run[column] for run in done] for column in ("nodes", key))
            for run in runs:
                if run["name"] == name and run["failure"] and done:
                    axes.plot(n[-1], y[-1], "x", color=colour, ms=13, mew=2)
                    name += f"\n({run['failure']} at {run['nodes']:,})"
            axes.plot(n, y, f"{marker}-", color=colour, markersize=5, label=name)
        n, y = np.concatenate([line.get_xydata() for line in axes.lines]).T
        guide = 0.6 * np.unique(n) * np.min(y / n, initial=np.inf)
        axes.plot(np.unique(n), guide, "--", color="0.5", label="slope 1")
        axes.grid(color="0.9", linewidth=0.7)
    handles = figure.axes[0].get_legend_handles_labels()
    figure.legend(*handles, frameon=False, loc="outside right center")
    figure.savefig(path, dpi=150)


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="nodes")
    parser.add_argument("--only", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--shuffled", action="store_true", help="random node order")
    parser.add_argument("--memory", type=float, default=16, help="GB per process")
    parser.add_argument("--limit", type=float, default=300, help="seconds per process")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--work", type=json.loads, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    """Measure the chosen models, and write the page after each measurement."""
    arguments = parse()
    if arguments.work:
        return work(*arguments.work)
    runs, out = [], arguments.out
    results = {"sessions": [report.session()], "runs": runs}
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder, name)) for name in ("smallest.npz", "arrays.npz")]
        write_arrays(SIZES[0], paths[0], arguments.shuffled)
        for n in (n for n in SIZES if n <= arguments.largest):
            write_arrays(n, paths[1], arguments.shuffled)
            failed = {run["name"] for run in runs if run["failure"]}
            for name in (name for name in arguments.only if name not in failed):
                print(f"{n:,}", name, flush=True)
                runs.append(measure(n, name, paths, arguments))
                out.with_suffix(".json").write_text(report.to_json(results))
                out.write_text(write(results))
                draw(runs, out.with_suffix(".png"))


if __name__ == "__main__":
    main()
