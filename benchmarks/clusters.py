"""Measure the clusters during training, with each auxiliary loss on and off.

    NPDIFFPOOL_DATA=folder python benchmarks/clusters.py ENZYMES MUTAG PROTEINS

Trains on the training part of the first of ten folds and measures the first level's
assignments of the validation part after some epochs. Writes results/clusters-DATA.json,
one row per epoch and seed, and from those files alone results/clusters.md.
"""

import argparse
import json
import shlex
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import clustertext
import numpy as np
from scipy.sparse.csgraph import shortest_path
from tablerows import COMPLETE, SETS

import npdiffpool as ndp
from npdiffpool.engine.wl_colours import colours_of_features, wl_colours
from npdiffpool.evaluation import measures
from npdiffpool.evaluation.splits import make_splits

RESULTS = Path(__file__).parent / "results"
AT = (1, 2, 5, 10, 20, 50, 100)
FAR = 4  # edges; nodes at least so far apart are "far"
LOSSES = {
    "classification alone": {"link_weight": 0.0, "entropy_weight": 0.0},
    "with link": {"entropy_weight": 0.0},
    "with entropy": {"link_weight": 0.0},
    "with both": {},
}


def measure(graph, S):
    """Return the measures of one assignment, None where one is undefined."""
    A, clusters = graph.adjacency, np.argmax(S, axis=1)
    same = clusters[:, None] == clusters
    others = ~np.eye(len(S), dtype=bool)
    edges = (A.toarray() != 0) & others
    dense = edges & ((A @ A).toarray() > 0)  # edges within a triangle
    far = shortest_path(A, unweighted=True) >= FAR
    seen = wl_colours(A, colours_of_features(graph.features), 1)[-1]
    alike = (seen[:, None] == seen) & others

    def share(pairs):  # the share of these pairs of nodes that share a cluster
        return float(same[pairs].mean()) if pairs.any() else None

    return {
        "entropy / log K": measures.normalized_entropy(S),
        "effective clusters / K": measures.effective_clusters(S) / S.shape[1],
        "used": float(measures.clusters_used(S)),
        "used / min(n, K)": measures.clusters_used(S) / min(S.shape),
        "modularity": measures.modularity(A, clusters) if edges.any() else None,
        "inside: all pairs": share(others),
        "inside: edges": share(edges),
        "inside: edges within a triangle": share(dense),
        "inside: pairs not joined": share(~edges & others),
        "inside: far": share(far & others),
        "inside: far, alike": share(alike & far),
    }


def means(model, graphs):
    """Return the mean of each measure over graphs of two nodes or more."""
    found = [measure(g, model.assignments(g)[0]) for g in graphs if g.n_nodes > 1]
    known = {
        key: [row[key] for row in found if row[key] is not None] for key in found[0]
    }
    return {key: float(np.mean(of)) if of else None for key, of in known.items()}


def train(name, epochs, losses, seed):
    """Train once; return one row per measured epoch."""
    dataset = ndp.load_dataset(name)
    split = make_splits(dataset.labels, 10, 0)[0]
    part, held = dataset[np.array(split.train)], dataset[np.array(split.validation)]
    given = {"clusters": SETS[name].clusters, "ratio_of": "largest", "seed": seed}
    given |= LOSSES[losses]
    rows = []

    def measure_epoch(model, epoch=None):
        epoch = len(model.history_) if epoch is None else epoch
        if epoch in (0, *AT):
            rows.append({"epoch": epoch, **means(model, held)})

    untrained = ndp.DiffPoolClassifier(**given, epochs=1, learning_rate=1e-30)
    measure_epoch(untrained.fit(part, part.labels), epoch=0)
    clf = ndp.DiffPoolClassifier(**given, epochs=epochs)
    clf.fit(part, part.labels, (held, held.labels), on_epoch=measure_epoch)
    known = ("cross_entropy", "validation_accuracy")
    curves = {key: [row[key] for row in clf.history_] for key in known}
    about = {"losses": losses, "seed": seed, "K": clf.config_.clusters[0]}
    about["graphs"] = len(held)
    return {**about, "rows": rows, **curves}


def main():
    """Train every variant, and write the measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="*", metavar="DATA", help=", ".join(COMPLETE))
    parser.add_argument("--epochs", type=int, help="instead of those of the table")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if set(arguments.data) - set(COMPLETE):
        parser.error(f"DATA must be from {', '.join(COMPLETE)}; got {arguments.data}")
    RESULTS.mkdir(exist_ok=True)
    for name in arguments.data:
        epochs = arguments.epochs or SETS[name].epochs
        words = [name, "--epochs", str(epochs), "--seeds", str(arguments.seeds)]
        with ProcessPoolExecutor(arguments.jobs) as pool:
            cases = zip(*product(LOSSES, range(arguments.seeds)))
            runs = list(pool.map(partial(train, name, epochs), *cases))
        command = shlex.join(["python", "benchmarks/clusters.py", *words])
        kept = {"data": name, "command": command, "runs": runs}
        path = RESULTS / f"clusters-{name}.json"
        path.write_text(json.dumps(kept, indent=1) + "\n")
    (RESULTS / "clusters.md").write_text(clustertext.write(RESULTS))


if __name__ == "__main__":
    main()
