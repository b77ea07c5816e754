# %% [markdown]
# # Training on MUTAG
#
# MUTAG is a set of molecules: atoms are nodes, bonds are edges, and the class is
# whether the molecule is mutagenic. It comes with the package. This page trains on
# most of it, tests on the rest, and lists the atoms in each cluster. The pictures of
# the README show this model: `pictures.py` draws them.

# %%
from collections import Counter

import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import stratified_split

ATOMS = ("C", "N", "O", "F", "I", "Cl", "Br")  # node labels 0 to 6 of MUTAG
EPOCHS = 60
SHARES = (0.8, 0.1, 0.1)  # of the molecules: training, validation, test
SEED, OTHER_SEEDS = 0, (1, 2)  # each seed has its own split and training


# %% [markdown]
# ## Fit
#
# The molecules are split into three parts with the same shares of the classes. The
# training part determines the parameters. The validation part determines the epoch
# whose parameters are kept. The test part determines nothing: it is used once, last.


# %%
def train(dataset, epochs, seed):
    """Fit on the training part; the validation part chooses the epoch."""
    parts = [dataset[part] for part in stratified_split(dataset.labels, SHARES, seed)]
    training, validation, test = parts
    clf = ndp.DiffPoolClassifier(epochs=epochs, seed=seed)
    clf.fit(training, training.labels, validation=(validation, validation.labels))
    return clf, test


# %% [markdown]
# ## The atoms in each cluster
#
# Row i of the assignment S distributes atom i over the clusters. Here an atom is
# counted in the cluster with its largest share. The model has no labels of clusters:
# atoms of one kind in similar surroundings come together since they have similar rows.


# %%
def atoms_by_cluster(clf, graphs):
    """Count the atoms that have their largest share in each cluster, by kind."""
    counts = {}
    for graph in graphs:
        clusters = np.argmax(clf.assignments(graph)[0], axis=1)
        atoms = np.argmax(graph.features, axis=1)
        for cluster, atom in zip(clusters, atoms):
            counts.setdefault(int(cluster), Counter())[ATOMS[atom]] += 1
    return counts


# %% [markdown]
# ## How far to trust it
#
# The accuracy on so few test molecules is coarse: one more correct prediction changes
# it a lot. So other splits are tried too, and compared with always predicting the
# larger class. `benchmarks/results` has the accuracies of ten folds.


# %%
def main(epochs=EPOCHS, other_seeds=OTHER_SEEDS):
    """Train, test once, and print the history, the accuracy and the clusters."""
    mutag = ndp.load_dataset("MUTAG")
    clf, test = train(mutag, epochs, SEED)
    print(f"{'epoch':>5}{'loss':>8}{'train':>8}{'validation':>12}")
    for row in clf.history_[:: max(1, epochs // 6)]:
        print(
            f"{row['epoch']:>5}{row['loss']:>8.3f}{row['train_accuracy']:>8.1%}"
            f"{row['validation_accuracy']:>12.1%}"
        )
    print(f"kept epoch {clf.best_epoch_}")
    print(f"test accuracy {clf.score(test, test.labels):.1%} of {len(test)} graphs")
    print(f"\natoms of the test graphs by cluster, of {clf.config_.clusters[0]}:")
    for cluster, counts in sorted(atoms_by_cluster(clf, test).items()):
        listed = ", ".join(f"{n} {atom}" for atom, n in counts.most_common())
        print(f"  cluster {cluster}: {listed}")
    others = [train(mutag, epochs, seed) for seed in other_seeds]
    scores = [f"{model.score(part, part.labels):.1%}" for model, part in others]
    larger = np.max(np.unique(test.labels, return_counts=True)[1]) / len(test)
    print(f"\ntest accuracy of other splits: {', '.join(scores)}")
    print(f"one graph is {1 / len(test):.1%}; always the larger class: {larger:.1%}")


# %%
if __name__ == "__main__":
    main()
