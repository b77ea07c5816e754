"""Training on MUTAG: molecules, mutagenic or not, and what the clusters hold.

Run it with ``python examples/02_train_on_mutag.py``; it takes some ten seconds.
Given a folder it draws there the README's picture, figures/hierarchy.png, and the
training's course, figures/history.png; that needs the viz extra.
"""
import sys
from collections import Counter

import numpy as np

import npdiffpool as ndp
from npdiffpool.evaluation import stratified_split

ATOMS = ("C", "N", "O", "F", "I", "Cl", "Br")  # node labels 0 to 6 of MUTAG
EPOCHS = 60
SHARES = (0.8, 0.1, 0.1)
SEED = 0


def train(dataset, epochs, seed):
    """Fit on the training part and let the validation part choose the epoch."""
    parts = [dataset[part] for part in stratified_split(dataset.labels, SHARES, seed)]
    training, validation, test = parts
    clf = ndp.DiffPoolClassifier(epochs=epochs, seed=seed)
    clf.fit(training, training.labels, validation=(validation, validation.labels))
    return clf, test


def atoms_by_cluster(clf, graphs):
    """Count, over the graphs, which atoms have their largest share in each cluster."""
    counts = {}
    for graph in graphs:
        clusters = np.argmax(clf.assignments(graph)[0], axis=1)
        atoms = np.argmax(graph.features, axis=1)
        for cluster, atom in zip(clusters, atoms):
            counts.setdefault(int(cluster), Counter())[ATOMS[atom]] += 1
    return counts


def main(epochs=EPOCHS, figures=None):
    """Train, test once, print what was learned, and draw it if given a folder."""
    clf, test = train(ndp.load_dataset("MUTAG"), epochs, SEED)
    print(f"{'epoch':>5}{'loss':>8}{'train':>8}{'validation':>12}")
    for row in clf.history_[:: max(1, epochs // 6)]:
        print(
            f"{row['epoch']:>5}{row['loss']:>8.3f}{row['train_accuracy']:>8.1%}"
            f"{row['validation_accuracy']:>12.1%}"
        )
    print(f"kept epoch {clf.best_epoch_}")
    print(f"test accuracy {clf.score(test, test.labels):.1%} of {len(test)} graphs")
    print(f"\natoms of the test graphs by cluster, {clf.config_.clusters[0]} offered:")
    for cluster, counts in sorted(atoms_by_cluster(clf, test).items()):
        listed = ", ".join(f"{n} {atom}" for atom, n in counts.most_common())
        print(f"  cluster {cluster}: {listed}")
    if figures is not None:
        from npdiffpool.viz import save_figures

        largest = max(test.graphs, key=lambda graph: graph.n_nodes)
        save_figures(clf, largest, figures)


if __name__ == "__main__":
    main(figures=sys.argv[1] if len(sys.argv) > 1 else None)
