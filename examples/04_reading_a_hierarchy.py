# %% [markdown]
# # Reading a hierarchy
#
# `assignments` returns S of each level, `hierarchy` the coarsened graphs. This page
# reads those of page 3's model and of one with two levels. Needs the viz extra.

# %%
from itertools import accumulate

import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import stratified_split
from npdiffpool.evaluation import measures
from npdiffpool.viz import plot_hierarchy

ATOMS = ("C", "N", "O", "F", "I", "Cl", "Br")  # node labels 0 to 6 of MUTAG
EPOCHS, SHARES, SEED = 60, (0.8, 0.1, 0.1), 0
ONE_LEVEL, TWO_LEVELS = (0.25,), (0.25, 0.3)  # clusters per node

# %%
mutag = ndp.load_dataset("MUTAG")
parts = stratified_split(mutag.labels, SHARES, SEED)
training, validation, test = (mutag[part] for part in parts)
graph = max(test, key=lambda graph: graph.n_nodes)


def train(clusters):  # as on page 3
    clf = ndp.DiffPoolClassifier(clusters=clusters, epochs=EPOCHS, seed=SEED)
    return clf.fit(training, validation=(validation, None))


print(f"the largest test molecule: {graph.n_nodes} atoms, {graph.n_edges} bonds")
graph

# %% [markdown]
# ## The atoms of each cluster, and the diagonal of A'
#
# Row i of S distributes atom i and sums to one. The sum of a column is the mass of its
# cluster in atoms, so the masses sum to n. X^T S divides the mass by kinds of atoms.
#
# A' = S^T A S has the same total weight as A, which is two for each bond, one for each
# direction. Entry kl is the weight from cluster k to l, so the diagonal is the weight
# inside clusters; no self-loops were added.


# %%
def print_table(graph, S, A_pooled):
    """Print a column for each cluster of S, (N, K), and the sum of all columns."""
    masses = zip(ATOMS, graph.features.T @ S)
    rows = {f"mass of {atom}": row for atom, row in masses if np.sum(row) > 0}
    rows["mass"] = np.sum(S, axis=0)
    rows |= {"A' diagonal": np.diag(A_pooled), "A' row sum": np.sum(A_pooled, axis=1)}
    print(f"{'cluster':<12}", *(f"{k:>6}" for k in range(S.shape[1])), f"{'sum':>8}")
    for name, row in rows.items():
        print(f"{name:<12}", *(f"{x:>6.1f}" for x in row), f"{np.sum(row):>8.1f}")


one = train(ONE_LEVEL)
(S,), (pooled,) = one.assignments(graph), one.hierarchy(graph)
print_table(graph, S, pooled.adjacency.toarray())
plot_hierarchy(one, graph)[0].figure.savefig("one_level.png")

# %% [markdown]
# ## Is it a hierarchy at all?
#
# Certainty is the mean of the largest entry of each row. It is also high if one cluster
# takes all nodes, and most edges are inside clusters if few clusters are used. For a
# uniform S the diagonal's share of A' is 1 / K: only a larger share means something.


# %%
def print_measures(graph, S, A_pooled, clusters):
    K, A = S.shape[1], graph.adjacency
    print(f"certainty {measures.certainty(S):.2f}, of a uniform S {1 / K:.2f}")
    print(f"entropy of the rows over log K: {measures.normalized_entropy(S):.2f}")
    print(f"clusters used {len(np.unique(clusters))} of {K}, by the largest shares")
    print(f"edges inside these {measures.edges_inside(A, clusters):.0%}")
    inside = A_pooled.trace() / A_pooled.sum()
    print(f"share of the diagonal {inside:.0%}, of a uniform S {1 / K:.0%}")


print_measures(graph, S, pooled.adjacency, np.argmax(S, axis=1))

# %% [markdown]
# ## Two levels
#
# The second level distributes clusters over clusters. The atoms' shares in these are
# S_0 S_1: pooling A by this product equals pooling it twice.

# %%
two = train(TWO_LEVELS)
assignments, clusters = two.assignments(graph), np.arange(graph.n_nodes)
products = accumulate(assignments, np.matmul)
for level, (S, pooled) in enumerate(zip(products, two.hierarchy(graph))):
    clusters = np.argmax(assignments[level], axis=1)[clusters]  # of each atom
    print(f"level {level + 1}")
    print_table(graph, S, pooled.adjacency.toarray())
    print_measures(graph, S, pooled.adjacency, clusters)
plot_hierarchy(two, graph)[0].figure.savefig("two_levels_of_mutag.png")

# %% [markdown]
# Neither level means much. The first is nearly uniform: most edges are inside its
# clusters only because two clusters are the largest of every row. The second has
# collapsed: it is certain, but of one cluster for everything. Page 13 says why.
