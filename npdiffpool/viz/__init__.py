"""Pictures of a pooled graph, a training run and its results; needs matplotlib.

Each picture has a module: read `hierarchy` first (the paper's figure 2), then
`assignment`, `explanation`, `embeddings`, `history`, `results` and `differences`.
`figure_files` writes pictures into a run folder. `drawing` has the geometry of the
pictures, and `report` writes the HTML report of a run (`write_report`), or of a model
that was fitted in Python (`report_model`).

Every ``plot_*`` and ``draw_*`` function returns a one-dimensional array of matplotlib
axes, one for each panel from left to right, also if there is one panel. Its argument
`axes` takes such an array, or for one panel the axes alone. So each picture is saved
in one way: ``axes = plot_...(...)``, then ``axes[0].figure.savefig("picture.png")``.
"""

import npdiffpool.viz._extra  # noqa: F401  (first: raises if matplotlib is missing)
from npdiffpool.viz.assignment import plot_assignment
from npdiffpool.viz.differences import plot_differences
from npdiffpool.viz.embeddings import plot_embeddings
from npdiffpool.viz.explanation import plot_explanation
from npdiffpool.viz.figure_files import save_figures
from npdiffpool.viz.hierarchy import draw_hierarchy, plot_hierarchy
from npdiffpool.viz.history import draw_history, plot_history
from npdiffpool.viz.report.of_model import report_model
from npdiffpool.viz.report.page import write_report
from npdiffpool.viz.results import plot_results

__all__ = [
    "draw_hierarchy",
    "draw_history",
    "plot_assignment",
    "plot_differences",
    "plot_embeddings",
    "plot_explanation",
    "plot_hierarchy",
    "plot_history",
    "plot_results",
    "report_model",
    "save_figures",
    "write_report",
]
