# %% [markdown]
# # What decides a prediction
#
# `explain` tells what each atom and each cluster adds to the logit of a class. MUTAG's
# molecules are nitro compounds, and class 1 is mutagenic. Do the nitro groups, N with
# two O, stand out? With a folder as argument the page draws a molecule there.

# %%
import sys
from itertools import chain, combinations
from pathlib import Path

import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import stratified_split

CARBON, NITRO = 0, [1, 2, 2]  # node labels of MUTAG: 0 is C, 1 is N, 2 is O
EPOCHS, SHARES, SEEDS = 60, (0.8, 0.1, 0.1), range(5)
ROWS = ("a nitro group adds", "other three atoms add", "a nitro group is first")
ROWS += ("the same by chance", "AUC of nitro groups", "AUC of joining carbons")


def train(dataset, epochs, seed):
    parts = stratified_split(dataset.labels, SHARES, seed)
    training, validation, test = (dataset[part] for part in parts)
    clf = ndp.DiffPoolClassifier(epochs=epochs, seed=seed)
    return clf.fit(training, None, (validation, None)), test


# %% [markdown]
# ## What is claimed
#
# "occlusion" takes atoms and their bonds away and runs the model on the rest: the logit
# changes by exactly what is claimed. `groups` are taken away together, as contributions
# of single atoms do not add up. "gradient" asks what a small change of features does.
#
# Nitro groups are compared with all other connected sets of three atoms that have no
# atom of them. Other candidates are the carbons that join rings: three C around them.


# %%
def find_sets(graph):
    kind, A = np.argmax(graph.features, axis=1), graph.adjacency.toarray() > 0
    around = [np.flatnonzero(row) for row in A]
    threes = [[i, *pair] for i in range(len(A)) for pair in combinations(around[i], 2)]
    nitro = [three for three in threes if list(kind[three]) == NITRO]
    others = [three for three in threes if not {*chain(*nitro)} & {*three}]
    joining = [i for i in range(len(A)) if [*kind[[i, *around[i]]]] == [CARBON] * 4]
    return nitro, others, joining


def measure(clf, graph, method):
    nitro, others, joining = find_sets(graph)
    found = clf.explain(graph, 1, method, groups=nitro + others)
    own, other = np.split(found.groups, [len(nitro)])
    row = own.mean(), other.mean(), max(own) > max(other), len(own) / len(found.groups)
    return *row, auc(found.nodes, sum(nitro, [])), auc(found.nodes, joining)


def auc(values, atoms):  # the share of pairs in which these atoms add more
    chosen = np.isin(np.arange(len(values)), atoms)
    signs = np.sign(values[chosen][:, None] - values[~chosen])
    return np.mean(1 + signs) / 2 if signs.size else np.nan


# %% [markdown]
# ## On average they do not stand out
#
# All molecules have nitro groups, so these do not tell the classes apart, though the
# picture has one that adds much. Mutagenic molecules have more joined rings, whose
# carbons add more than other atoms by occlusion, but not by much: an AUC of 0.67.


# %%
def main(folder=None, epochs=EPOCHS, seeds=SEEDS):
    mutag, found = ndp.load_dataset("MUTAG"), {"occlusion": [], "gradient": []}
    counts = np.array([[len(s) for s in find_sets(graph)] for graph in mutag])
    print(f"{np.sum(counts[:, 0] > 0)} of {len(mutag)} molecules have nitro groups")
    means = [round(counts[mutag.labels == label, 2].mean(), 1) for label in (1, -1)]
    print("joining carbons, in a mutagenic molecule and in another:", *means)
    for clf, test in (train(mutag, epochs, seed) for seed in seeds):
        for method, rows in found.items():
            cases = [measure(clf, graph, method) for graph in test]
            rows.append(np.nanmean(cases, axis=0))
    print(f"{'mean and sd over seeds':<24}", *(f"{method:>15}" for method in found))
    for name, *values in zip(ROWS, *(np.transpose(rows) for rows in found.values())):
        print(f"{name:<24}", *(f"{x.mean():>9.2f} {x.std():>5.2f}" for x in values))
    if folder is not None:
        from npdiffpool.viz import plot_explanation

        Path(folder).mkdir(parents=True, exist_ok=True)
        figure = plot_explanation(clf, max(test, key=lambda g: g.n_nodes))[0].figure
        figure.savefig(Path(folder) / "explanation.png")


# %%
if __name__ == "__main__":
    in_notebook = "get_ipython" in globals()  # sys.argv is the kernel's there
    main(*[] if in_notebook else sys.argv[1:2])
