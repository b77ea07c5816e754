# %% [markdown]
# # Reading a hierarchy
#
# How a fitted model pools a graph: `assignments` returns S of each level, `hierarchy`
# the coarsened graphs. This page reads those of page 3's model and of a model with two
# levels. With a folder as argument it draws both there (needs the viz extra).

# %%
import sys
from itertools import accumulate
from pathlib import Path

import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import stratified_split
from npdiffpool.evaluation import measures

ATOMS = ("C", "N", "O", "F", "I", "Cl", "Br")  # node labels 0 to 6 of MUTAG
MODELS = {"one-level": (0.25,), "two-levels": (0.25, 0.3)}  # clusters per node
EPOCHS, SHARES, SEED = 60, (0.8, 0.1, 0.1), 0


def train(clusters, epochs):
    """Fit as on page 3; return the model and the largest test molecule."""
    mutag = ndp.load_dataset("MUTAG")
    parts = stratified_split(mutag.labels, SHARES, SEED)
    training, validation, test = (mutag[part] for part in parts)
    clf = ndp.DiffPoolClassifier(clusters=clusters, epochs=epochs, seed=SEED)
    clf.fit(training, training.labels, validation=(validation, validation.labels))
    return clf, max(test, key=lambda graph: graph.n_nodes)


# %% [markdown]
# ## The atoms of each cluster, and the diagonal of A'
#
# Row i of S distributes atom i and sums to one. The sum of a column is the mass of its
# cluster in atoms, so the masses sum to n. X^T S divides the mass by kinds of atoms.
#
# A' = S^T A S has the same total weight as A, which is two for each bond, one for each
# direction. Entry kl is the weight from cluster k to l, so the diagonal is the weight
# inside clusters; no self-loops were added. For a uniform S the diagonal's share of the
# total is 1 / K: only a larger share means something.


# %%
def print_table(graph, S, A_pooled):
    """Print a column for each cluster of S, (N, K), and the sum of all columns."""
    masses = zip(ATOMS, graph.features.T @ S)
    rows = {f"mass of {atom}": row for atom, row in masses if np.sum(row) > 0}
    rows["mass"] = np.sum(S, axis=0)
    rows |= {"A' diagonal": np.diag(A_pooled), "A' row sum": np.sum(A_pooled, axis=1)}
    print(f"  {'cluster':<12}", *(f"{k:>6}" for k in range(S.shape[1])), f"{'sum':>8}")
    for name, row in rows.items():
        print(f"  {name:<12}", *(f"{x:>6.1f}" for x in row), f"{np.sum(row):>8.1f}")


# %% [markdown]
# ## Is it a hierarchy at all?
#
# Certainty is the mean of the largest entry of each row. It is also high if one cluster
# takes all nodes, and most edges are inside clusters if few clusters are used: both
# happen in the second model. Its second level distributes clusters over clusters. The
# atoms' shares in these are S_0 S_1: pooling by this product equals pooling twice.


# %%
def print_measures(graph, S, A_pooled, clusters):
    K, A = S.shape[1], graph.adjacency
    print(f"  certainty {measures.certainty(S):.2f}, of a uniform S {1 / K:.2f}")
    print(f"  entropy of the rows over log K: {measures.normalized_entropy(S):.2f}")
    print(f"  clusters used {len(np.unique(clusters))} of {K}, by the largest shares")
    print(f"  edges inside these {measures.edges_inside(A, clusters):.0%}")
    inside = np.trace(A_pooled) / np.sum(A_pooled)
    print(f"  share of the diagonal {inside:.0%}, of a uniform S {1 / K:.0%}")


def main(folder=None, epochs=EPOCHS):
    for name, clusters in MODELS.items():
        clf, graph = train(clusters, epochs)
        print(f"\n{name}: {graph.n_nodes} atoms, {graph.n_edges} bonds")
        assignments, clusters = clf.assignments(graph), range(graph.n_nodes)
        products = accumulate(assignments, np.matmul)
        for level, (S, pooled) in enumerate(zip(products, clf.hierarchy(graph))):
            clusters = np.argmax(assignments[level], axis=1)[clusters]  # of each atom
            A_pooled = pooled.adjacency.toarray()
            print(f"level {level + 1}")
            print_table(graph, S, A_pooled)
            print_measures(graph, S, A_pooled, clusters)
        if folder is not None:
            from npdiffpool.viz import plot_hierarchy

            Path(folder).mkdir(parents=True, exist_ok=True)
            plot_hierarchy(clf, graph)[0].figure.savefig(Path(folder) / f"{name}.png")


# %%
if __name__ == "__main__":
    in_notebook = "get_ipython" in globals()  # sys.argv is the kernel's there
    main(*[] if in_notebook else sys.argv[1:2])
