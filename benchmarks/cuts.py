"""Compare the normalised cuts of Graclus and spectral clustering on real graphs.

    NPDIFFPOOL_DATA=folder python benchmarks/cuts.py

Connected graphs of four data sets are cut into K clusters, a quarter of their number of
nodes (COLLAB: a tenth), by `npdiffpool.engine.graclus` and by scikit-learn's
SpectralClustering with each of its three label assignments. Writes results/cuts.md.
"""

import time
from itertools import islice
from pathlib import Path

import numpy as np
from markdown_table import markdown_table
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import SpectralClustering

import npdiffpool as ndp
from npdiffpool.engine.graclus import graclus, normalized_cut

SETS = {"ENZYMES": (0.25, 200), "PROTEINS": (0.25, 200), "DD": (0.25, 50)}
SETS |= {"COLLAB": (0.1, 100)}
SIZES = (10, 500)  # nodes, minimum and maximum
LABELLERS = ("kmeans", "discretize", "cluster_qr")
HEAD = """# Graclus compared with spectral clustering

Written by `python benchmarks/cuts.py`. "Graclus" and "spectral" are the normalised cut
divided by the number of clusters K (0: no edge is cut, 1: every edge is; lower is
better), mean over graphs, of Graclus and of the best of scikit-learn's three label
assignments. The next three columns count the graphs in which the cut of Graclus is
smaller (<), equal (=, to 1e-9) or larger (>). Graphs are the first connected ones of
each data set with 10 to 500 nodes. Seconds are the total over graphs (spectral
clustering: of all three label assignments) on a machine that had other work.
"""
HEADER = "data set", "graphs", "K / n", "Graclus", "spectral", "<", "=", ">"
HEADER += "s, Graclus", "s, spectral"


def connected(name, most):
    """Yield the first connected graphs of a data set."""
    graphs = (g for g in ndp.load_dataset(name) if SIZES[0] <= g.n_nodes <= SIZES[1])
    whole = (g for g in graphs if connected_components(g.adjacency)[0] == 1)
    yield from islice(whole, most)


def spectral(A, K):
    """Return the smallest normalised cut of the three label assignments."""
    cuts = []
    for labeller in LABELLERS:
        model = SpectralClustering(
            K, affinity="precomputed", assign_labels=labeller, random_state=0
        )
        cuts.append(normalized_cut(A, model.fit_predict(A.toarray())))
    return min(cuts)


def measure(name, share, most):
    """Return the table row of one data set."""
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
    return [*cells, *np.round(seconds, 1)]


def main():
    """Measure every data set and write the page."""
    rows = [measure(name, *given) for name, given in SETS.items()]
    path = Path(__file__).parent / "results" / "cuts.md"
    path.write_text("\n".join([HEAD, markdown_table(HEADER, rows), ""]))


if __name__ == "__main__":
    main()
