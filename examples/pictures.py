"""Draw the pictures of the README: ``python examples/pictures.py``.

They show the model of 03_training_on_mutag.py: a molecule and its coarsened graph
(hierarchy.png), the assignment of that molecule (assignment.png), all molecules by
their embeddings (embeddings.png) and the training (history.png), in figures/; and a
test graph of 13_two_levels.py with two coarsened graphs (two_levels.png).
"""

import runpy
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure

import npdiffpool as ndp
from npdiffpool.datasets import hierarchical_sbm
from npdiffpool.viz import plot_assignment, plot_embeddings, save_figures

HERE = Path(__file__).parent
PAGE = runpy.run_path(str(HERE / "03_training_on_mutag.py"))
TWO_LEVELS = runpy.run_path(str(HERE / "13_two_levels.py"))
DPI = 150


def draw(plot, path, size=(6.0, 4.2)):
    """Draw a plot on a new figure and save it."""
    figure = Figure(figsize=size, layout="constrained")
    plot(figure.add_subplot())
    figure.savefig(path, dpi=DPI)


def main(folder=HERE, epochs=PAGE["EPOCHS"]):
    """Train, then save five pictures in folder/figures."""
    dataset = ndp.load_dataset("MUTAG")
    clf, test = PAGE["train"](dataset, epochs, PAGE["SEED"])
    molecule = max(test.graphs, key=lambda graph: graph.n_nodes)
    save_figures(clf, molecule, folder)
    (S,), figures = clf.assignments(molecule), Path(folder) / "figures"
    draw(lambda axes: plot_assignment(S, axes), figures / "assignment.png")
    embedded = figures / "embeddings.png"
    draw(lambda axes: plot_embeddings(clf, dataset, axes=axes), embedded)
    sizes, draw_seed = TWO_LEVELS["SIZES"], TWO_LEVELS["DRAW"]
    drawn, epochs = hierarchical_sbm(sum(sizes), seed=draw_seed), min(epochs, 30)
    clf, *_ = TWO_LEVELS["train"](drawn, sizes, epochs, {})
    with TemporaryDirectory() as temporary:
        hierarchy, _ = save_figures(clf, drawn.dataset[-2], temporary)
        shutil.copy(hierarchy, figures / "two_levels.png")


if __name__ == "__main__":
    main(*sys.argv[1:2])
