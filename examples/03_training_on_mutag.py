# %% [markdown]
# # Training on MUTAG
#
# MUTAG is a set of molecules: atoms are nodes, bonds are edges, and the class is
# whether the molecule is mutagenic. It comes with the package. This page trains on most
# of it, tests on the rest, and lists the atoms in each cluster. The pictures of the
# README show this model: `pictures.py` draws them. Needs the viz extra.

# %%
from collections import Counter

import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import stratified_split
from npdiffpool.viz import plot_hierarchy, plot_history

ATOMS = ("C", "N", "O", "F", "I", "Cl", "Br")  # node labels 0 to 6 of MUTAG
EPOCHS = 60
SHARES = (0.8, 0.1, 0.1)  # of the molecules: training, validation, test
SEED, OTHER_SEEDS = 0, (1, 2)  # each seed has its own split and training

# %%
mutag = ndp.load_dataset("MUTAG")
mutag

# %% [markdown]
# ## Fit
#
# The molecules are split into three parts with the same shares of the classes. The
# training part determines the parameters. The validation part determines the epoch
# whose parameters are kept. The test part determines nothing.


# %%
def train(dataset, epochs, seed):
    """Fit on the training part; the validation part chooses the epoch."""
    parts = [dataset[part] for part in stratified_split(dataset.labels, SHARES, seed)]
    training, validation, test = parts
    clf = ndp.DiffPoolClassifier(epochs=epochs, seed=seed)
    return clf.fit(training, validation=(validation, None)), test


clf, test = train(mutag, EPOCHS, SEED)
print(f"kept epoch {clf.best_epoch_}")
plot_history(clf)[0].figure.savefig("history.png")

# %% [markdown]
# The dotted line is the epoch with the best validation accuracy, whose parameters are
# kept. The validation part has 19 molecules, so its accuracy jumps by 5 %.
#
# ## The atoms in each cluster
#
# Row i of the assignment S distributes atom i over the clusters. Here an atom is
# counted in the cluster with its largest share. The model has no labels of clusters:
# atoms of one kind in similar surroundings come together since they have similar rows.

# %%
counts = {}
for graph in test:
    clusters = np.argmax(clf.assignments(graph)[0], axis=1)
    atoms = np.argmax(graph.features, axis=1)
    for cluster, atom in zip(clusters, atoms):
        counts.setdefault(int(cluster), Counter())[ATOMS[atom]] += 1
print(f"atoms of the test graphs by cluster, of {clf.config_.clusters[0]}:")
for cluster, atoms in sorted(counts.items()):
    print(f"  {cluster}:", ", ".join(f"{n} {atom}" for atom, n in atoms.most_common()))

# %% [markdown]
# The largest test molecule and its coarsened graph. A node's colour is its cluster, and
# its rim is fuller the more certain that is. Dotted lines enclose connected parts of a
# cluster. The area of a super-node is the number of atoms that it stands for.

# %%
largest = max(test, key=lambda graph: graph.n_nodes)
plot_hierarchy(clf, largest)[0].figure.savefig("hierarchy.png")

# %% [markdown]
# ## How far to trust it
#
# The accuracy on so few test molecules is coarse: one more correct prediction changes
# it a lot. So two more splits are trained. The last line gives the accuracy of always
# predicting the larger class. `benchmarks/results` has the accuracies of ten folds.

# %%
print(f"test accuracy {clf.score(test):.1%} of {len(test)} graphs")
others = [train(mutag, EPOCHS, seed) for seed in OTHER_SEEDS]
scores = [f"{model.score(part):.1%}" for model, part in others]
print(f"test accuracy of other splits: {', '.join(scores)}")
larger = np.max(np.unique(test.labels, return_counts=True)[1]) / len(test)
print(f"one graph is {1 / len(test):.1%}; always the larger class: {larger:.1%}")
