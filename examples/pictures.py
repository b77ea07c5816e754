"""The pictures of the README: ``python examples/pictures.py`` draws them again.

Of the model that 03_training_on_mutag.py trains: what it pools a molecule into, that
molecule's assignment, all molecules by their embeddings, and the training. The files
are hierarchy.png, assignment.png, embeddings.png and history.png in figures/.
"""

import runpy
import sys
from pathlib import Path

from matplotlib.figure import Figure

import npdiffpool as ndp
from npdiffpool.viz import plot_assignment, plot_embeddings, save_figures

HERE = Path(__file__).parent
PAGE = runpy.run_path(str(HERE / "03_training_on_mutag.py"))
DPI = 150


def draw(plot, path, size=(6.0, 4.2)):
    """Draw on a figure of its own and write it."""
    figure = Figure(figsize=size, layout="constrained")
    plot(figure.add_subplot())
    figure.savefig(path, dpi=DPI)


def main(folder=HERE, epochs=PAGE["EPOCHS"]):
    """Train, then write four pictures into folder/figures."""
    dataset = ndp.load_dataset("MUTAG")
    clf, test = PAGE["train"](dataset, epochs, PAGE["SEED"])
    molecule = max(test.graphs, key=lambda graph: graph.n_nodes)
    save_figures(clf, molecule, folder)
    (S,), figures = clf.assignments(molecule), Path(folder) / "figures"
    draw(lambda axes: plot_assignment(S, axes), figures / "assignment.png")
    embedded = figures / "embeddings.png"
    draw(lambda axes: plot_embeddings(clf, dataset, axes=axes), embedded)


if __name__ == "__main__":
    main(*sys.argv[1:2])
