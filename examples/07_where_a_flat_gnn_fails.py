# %% [markdown]
# # Where a flat GNN fails
#
# A task that needs pooling: communities of communities. Every graph has eight
# communities, which form two rings: of four and four, or of three and five. This is the
# class. The neighbourhood of a node within three edges does not show it; the way round
# a ring has nine edges or more.
#
# The features name the community of each node, so it is easy to find the communities.
# The difficulty is to recognise how they are joined.

# %%
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import hierarchical_sbm
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import flat_twin

SIZES = (1000, 100, 200)  # graphs for training, validation and test
EPOCHS = 40
PROCESSES = 2  # with 1, the trainings run one after the other

# %% [markdown]
# ## Two models
#
# DiffPool makes each community a super-node; then a ring of three communities has three
# edges. The flat GNN has the depth and size of DiffPool and pools nothing. It reaches
# six edges, enough to recognise a ring of three communities from inside.

# %%
TWIN = flat_twin(Config(n_features=8, n_outputs=2, clusters=(8,)))
MODELS = {
    "DiffPool": {"clusters": (8,)},
    "flat GNN": {"clusters": (), "n_layers": TWIN.n_layers, "hidden": TWIN.hidden},
}


def train(name, sizes, epochs):
    """Train a model; return its accuracies and the assignments of a test graph."""
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
# Compare the training accuracy of the flat GNN with its test accuracy: it memorises
# graphs. Then look at DiffPool's clusters. Its only information about the communities
# are the features; the order of the clusters has no meaning.
#
# As a script, each model trains in a separate process. In a notebook they train one
# after the other, since not every system can send its functions to other processes.


# %%
def print_clusters(S, communities):
    """Print how many nodes of each community are in each cluster (argmax of S)."""
    clusters, K = np.argmax(S, axis=1), S.shape[1]
    print("\na test graph: nodes of each community (rows) in each cluster (columns)")
    for community in np.unique(communities):
        counts = np.bincount(clusters[communities == community], minlength=K)
        print("  " + " ".join(f"{count:>2}" if count else " ." for count in counts))


def main(sizes=SIZES, epochs=EPOCHS, processes=PROCESSES):
    """Train both models, and print their accuracies and DiffPool's clusters."""
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
