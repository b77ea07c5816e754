"""Figures: what was pooled into what, how the training went, what came of it.

Read `hierarchy` (the paper's figure 2), `assignment`, `embeddings`, `history`,
`results`, `files`, and `report`, a page of a run; the modules with an underscore hold
the geometry, the colours and the checks that these draw with.
"""

import npdiffpool.viz._extra  # noqa: F401  (first: it says what to install)
from npdiffpool.viz.assignment import plot_assignment
from npdiffpool.viz.embeddings import plot_embeddings
from npdiffpool.viz.files import save_figures
from npdiffpool.viz.hierarchy import draw_hierarchy, plot_hierarchy
from npdiffpool.viz.history import draw_history, plot_history
from npdiffpool.viz.report.page import write_report
from npdiffpool.viz.results import plot_results

__all__ = [
    "draw_hierarchy",
    "draw_history",
    "plot_assignment",
    "plot_embeddings",
    "plot_hierarchy",
    "plot_history",
    "plot_results",
    "save_figures",
    "write_report",
]
