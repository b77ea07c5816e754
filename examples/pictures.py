"""The pictures of the README: ``python examples/pictures.py`` draws them again.

A model is trained on MUTAG as examples/03_training_on_mutag.py does; drawn are what it
pools a molecule into, that molecule's assignment, all graphs by their embeddings, and
the training. The files are hierarchy.png, assignment.png, embeddings.png, history.png.
"""
import sys
from pathlib import Path

from matplotlib.figure import Figure

import npdiffpool as ndp
from npdiffpool.evaluation import stratified_split
from npdiffpool.viz import plot_assignment, plot_embeddings, save_figures

FOLDER = Path(__file__).parent
EPOCHS = 60
SHARES = (0.8, 0.1, 0.1)
SEED = 0
DPI = 150


def train(dataset, epochs):
    """Fit on the training part, validation choosing the epoch; return the test part."""
    parts = [dataset[part] for part in stratified_split(dataset.labels, SHARES, SEED)]
    training, validation, test = parts
    clf = ndp.DiffPoolClassifier(epochs=epochs, seed=SEED)
    clf.fit(training, training.labels, validation=(validation, validation.labels))
    return clf, test


def draw(plot, path, size=(6.0, 4.2)):
    """Draw on a figure of its own and write it."""
    figure = Figure(figsize=size, layout="constrained")
    plot(figure.add_subplot())
    figure.savefig(path, dpi=DPI)


def main(folder=FOLDER, epochs=EPOCHS):
    """Train, then write four pictures into folder/figures."""
    dataset = ndp.load_dataset("MUTAG")
    clf, test = train(dataset, epochs)
    molecule = max(test.graphs, key=lambda graph: graph.n_nodes)
    save_figures(clf, molecule, folder)
    (S,), figures = clf.assignments(molecule), Path(folder) / "figures"
    draw(lambda axes: plot_assignment(S, axes), figures / "assignment.png")
    embedded = figures / "embeddings.png"
    draw(lambda axes: plot_embeddings(clf, dataset, axes=axes), embedded)


if __name__ == "__main__":
    main(*sys.argv[1:2])
