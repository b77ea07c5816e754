"""Graclus beside spectral clustering: normalised cuts of real graphs.

    NPDIFFPOOL_DATA=folder python benchmarks/cuts.py

Cuts connected graphs of four data sets into a quarter as many clusters as they have
nodes (COLLAB: a tenth), by `npdiffpool.engine.graclus` and by scikit-learn's
SpectralClustering (k-means and its other two ways to label). Writes results/cuts.md.
"""

import time
from pathlib import Path

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import SpectralClustering

import npdiffpool as ndp
from npdiffpool.engine.graclus import graclus, normalized_cut

SETS = {"ENZYMES": (0.25, 200), "PROTEINS": (0.25, 200), "DD": (0.25, 50)}
SETS |= {"COLLAB": (0.1, 100)}
SIZES = (10, 500)  # nodes, least and most
LABELLERS = ("kmeans", "discretize", "cluster_qr")
HEAD = """# Graclus beside spectral clustering

Written by `python benchmarks/cuts.py`. The normalised cut over the number of clusters
(0: no edge is cut, 1: all are), mean over graphs, by Graclus and by the best of
scikit-learn's three ways to label; then in how many graphs that of Graclus is smaller,
equal (to 1e-9) and larger. Connected graphs of 10 to 500 nodes, the first of each data
set. The seconds are of all graphs, spectral clustering's of all three ways, on a
machine that had other work.

| | graphs | K / nodes | Graclus | spectral | < | = | > | Graclus, s | spectral, s |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def connected(name, most):
    """Yield the first connected graphs of a data set."""
    found = 0
    for graph in ndp.load_dataset(name):
        fits = SIZES[0] <= graph.n_nodes <= SIZES[1]
        if fits and connected_components(graph.adjacency)[0] == 1 and found < most:
            found += 1
            yield graph


def spectral(A, K):
    """Return the smallest normalised cut of three ways to label."""
    cuts = []
    for labeller in LABELLERS:
        machine = SpectralClustering(
            K, affinity="precomputed", assign_labels=labeller, random_state=0
        )
        cuts.append(normalized_cut(A, machine.fit_predict(A.toarray())))
    return min(cuts)


def measure(name, share, most):
    """Return a row of the table."""
    pairs, seconds = [], np.zeros(2)
    for graph in connected(name, most):
        A, K = graph.adjacency, max(2, round(share * graph.n_nodes))
        start = time.perf_counter()
        own = normalized_cut(A, graclus(A, K))
        middle = time.perf_counter()
        pairs.append((own / K, spectral(A, K) / K))
        seconds += middle - start, time.perf_counter() - middle
    own, other = np.array(pairs).T
    less, more = own < other - 1e-9, own > other + 1e-9
    counts = less.sum(), len(own) - less.sum() - more.sum(), more.sum()
    cells = [name, len(own), share, f"{own.mean():.3f}", f"{other.mean():.3f}", *counts]
    return "| " + " | ".join(map(str, [*cells, *np.round(seconds, 1)])) + " |"


def main():
    """Measure every data set and write the page."""
    rows = [measure(name, *given) for name, given in SETS.items()]
    path = Path(__file__).parent / "results" / "cuts.md"
    path.write_text(HEAD + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
