"""Draw the pictures of the README: ``python examples/pictures.py``.

They show the model of 03_training_on_mutag.py: a molecule and its coarsened graph
(hierarchy.png), the assignment of that molecule (assignment.png), all molecules by
their embeddings (embeddings.png) and the training (history.png), in figures/; and a
test graph of 13_two_levels.py with two coarsened graphs (two_levels.png).
"""

import os
import sys
from pathlib import Path
from runpy import run_path

from matplotlib import rc_context
from matplotlib.figure import Figure

from npdiffpool.viz import plot_assignment, plot_embeddings

HERE = Path(__file__).resolve().parent
DPI = 200  # at least 1200 pixels wide


def draw(plot, name, size=(6.0, 4.2)):
    """Draw a plot on a new figure and save it."""
    figure = Figure(figsize=size, layout="constrained")
    plot(figure.add_subplot())
    figure.savefig(name)


@rc_context({"savefig.dpi": DPI})
def main(folder=HERE / "figures", run=run_path):
    """Run two pages, which save pictures in the current folder, and draw two more."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    page = run(str(HERE / "03_training_on_mutag.py"))
    (S,) = page["clf"].assignments(page["largest"])
    draw(lambda axes: plot_assignment(S, axes), "assignment.png")
    clf, mutag = page["clf"], page["mutag"]
    draw(lambda axes: plot_embeddings(clf, mutag, axes=axes), "embeddings.png")
    run(str(HERE / "13_two_levels.py"))
    Path("two_levels_collapsed.png").unlink()  # not in the README


if __name__ == "__main__":
    main(*sys.argv[1:2])
