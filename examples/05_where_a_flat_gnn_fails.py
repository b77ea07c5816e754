"""Where a flat GNN fails: communities of communities, told apart by pooling.

Run it with ``python examples/05_where_a_flat_gnn_fails.py``; it takes about a minute
on two cores. Every graph has eight communities, which stand in two rings: of four and
four, or of three and five. Which of the two is the question. Nothing within three edges
of a node tells; the way round a ring is nine edges or more. A flat GNN of DiffPool's
depth and size reaches six edges, enough to see a ring of three from inside, but learns
its training graphs by heart instead. DiffPool makes each community a super-node, and
then a ring of three is three edges long. Features name a node's community, so that
finding the communities is easy; what is hard is to see how they are joined.
"""
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import npdiffpool as ndp
from npdiffpool.baselines import flat_twin
from npdiffpool.config import Config
from npdiffpool.datasets import hierarchical_sbm

SIZES = (1000, 100, 200)  # graphs to train on, to choose the epoch, to test
EPOCHS = 40
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


def print_clusters(S, communities):
    """Print how many nodes of each community are in each cluster (argmax of S)."""
    clusters, K = np.argmax(S, axis=1), S.shape[1]
    print("\na test graph: nodes of each community (rows) in each cluster (columns)")
    for community in np.unique(communities):
        counts = np.bincount(clusters[communities == community], minlength=K)
        print("  " + " ".join(f"{count:>2}" if count else " ." for count in counts))


def main(sizes=SIZES, epochs=EPOCHS):
    """Train both, each in a process of its own, and print what came of it."""
    with ProcessPoolExecutor(2) as pool:
        found = {name: pool.submit(train, name, sizes, epochs) for name in MODELS}
        results = {name: future.result() for name, future in found.items()}
    print(f"{'':<10}{'training':>10}{'validation':>12}{'test accuracy':>15}")
    for name, (scores, _, _) in results.items():
        print(f"{name:<10}{scores[0]:>10.1%}{scores[1]:>12.1%}{scores[2]:>15.1%}")
    _, (S,), communities = results["DiffPool"]
    print_clusters(S, communities)
    return {name: scores for name, (scores, _, _) in results.items()}


if __name__ == "__main__":
    main()
