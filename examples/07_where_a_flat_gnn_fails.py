# %% [markdown]
# # Where a flat GNN fails
#
# Communities of communities, told apart by pooling. Every graph has eight communities,
# which stand in two rings: of four and four, or of three and five. Which of the two is
# the question. Nothing within three edges of a node tells; the way round a ring is nine
# edges or more.
#
# Features name a node's community, so that finding the communities is easy. What is
# hard is to see how they are joined.

# %%
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import hierarchical_sbm
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import flat_twin

SIZES = (1000, 100, 200)  # graphs to train on, to choose the epoch, to test
EPOCHS = 40
PROCESSES = 2  # 1: one training after the other

# %% [markdown]
# ## Two models
#
# DiffPool makes each community a super-node, and then a ring of three is three edges
# long. The flat GNN has DiffPool's depth and size, and pools nothing. It reaches six
# edges, enough to see a ring of three from inside.

# %%
TWIN = flat_twin(Config(n_features=8, n_outputs=2, clusters=(8,)))
MODELS = {
    "DiffPool": {"clusters": (8,)},
    "flat GNN": {"clusters": (), "n_layers": TWIN.n_layers, "hidden": TWIN.hidden},
}


def train(name, sizes, epochs):
    """Train a model; return its accuracies, and its assignments of a test graph."""
    drawn = hierarchical_sbm(sum(sizes))
    parts = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    training, validation, test = (drawn.dataset[part] for part in parts)
    clf = ndp.DiffPoolClassifier(**MODELS[name], epochs=epochs)
    clf.fit(training, training.labels, validation=(validation, validation.labels))
    scores = [clf.score(part, part.labels) for part in (training, validation, test)]
    number = parts[2][0]
    S = clf.assignments(drawn.dataset[int(number)])[:1]
    return scores, S, drawn.communities[number]


# %% [markdown]
# ## Side by side
#
# Look at the flat GNN's training accuracy beside its test accuracy: it learns graphs by
# heart. Then look at DiffPool's clusters. Nobody told it which nodes are a community,
# but for the features; the order of clusters means nothing.
#
# As a script each model has a process of its own. A notebook cannot hand its functions
# to other processes on every system, so there they run one after the other.


# %%
def print_clusters(S, communities):
    """Print how many nodes of each community are in each cluster (argmax of S)."""
    clusters, K = np.argmax(S, axis=1), S.shape[1]
    print("\na test graph: nodes of each community (rows) in each cluster (columns)")
    for community in np.unique(communities):
        counts = np.bincount(clusters[communities == community], minlength=K)
        print("  " + " ".join(f"{count:>2}" if count else " ." for count in counts))


def main(sizes=SIZES, epochs=EPOCHS, processes=PROCESSES):
    """Train both, and print what came of it."""
    jobs = MODELS, [sizes] * len(MODELS), [epochs] * len(MODELS)
    if processes == 1:
        found = list(map(train, *jobs))
    else:
        with ProcessPoolExecutor(processes) as executor:
            found = list(executor.map(train, *jobs))
    results = dict(zip(MODELS, found))
    print(f"{'':<10}{'training':>10}{'validation':>12}{'test accuracy':>15}")
    for name, (scores, _, _) in results.items():
        print(f"{name:<10}{scores[0]:>10.1%}{scores[1]:>12.1%}{scores[2]:>15.1%}")
    _, (S,), communities = results["DiffPool"]
    print_clusters(S, communities)
    return {name: scores for name, (scores, _, _) in results.items()}


# %%
if __name__ == "__main__":
    in_notebook = "get_ipython" in globals()
    main(processes=1 if in_notebook else PROCESSES)
