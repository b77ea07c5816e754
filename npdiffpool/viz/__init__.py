"""Figures: what was pooled into what, and how the training went.

Read `hierarchy` (the paper's figure 2), `history`, `files`; the modules with an
underscore hold the geometry and the colours that these draw with.
"""
import npdiffpool.viz._extra  # noqa: F401  (first: it says what to install)
from npdiffpool.viz.files import save_figures
from npdiffpool.viz.hierarchy import draw_hierarchy, plot_hierarchy
from npdiffpool.viz.history import draw_history, plot_history
from npdiffpool.viz.report import write_report

__all__ = [
    "draw_hierarchy",
    "draw_history",
    "plot_hierarchy",
    "plot_history",
    "save_figures",
    "write_report",
]
