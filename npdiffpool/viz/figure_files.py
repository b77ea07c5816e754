"""Write the figures of a run folder, for the command line.

They are drawn on `matplotlib.figure.Figure`, not with pyplot: no window opens, no
backend is chosen, and a process that trains many models keeps no figures.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from npdiffpool._support.arguments import require
from npdiffpool._support.atomic_files import atomic_path
from npdiffpool.graphs.graph import Graph
from npdiffpool.viz.drawing.axes import AxesRow, fit_height
from npdiffpool.viz.drawing.checks import require_fitted
from npdiffpool.viz.hierarchy import draw_hierarchy
from npdiffpool.viz.history import plot_history

_DPI = 200  # 1800 pixels wide, twice the width shown in the README


def save_figures(clf: Any, graph: Graph, folder: str | os.PathLike[str]) -> list[Path]:
    """Save the figures of a run: the hierarchy of a graph, and the training history.

    Parameters
    ----------
    clf : fitted DiffPoolClassifier or DiffPoolRegressor
    graph : Graph
        The graph whose hierarchy is drawn.
    folder : path
        The run folder. Its folder ``figures`` is created if missing.

    Returns
    -------
    list of pathlib.Path
        ``figures/hierarchy.png`` and ``figures/history.png``. Existing files are
        replaced atomically, and only after both figures were drawn.

    Raises
    ------
    ValueError
        If `clf` is not fitted, `graph` is not a `Graph` of its number of features, or
        `folder` is not a path.
    """
    require_fitted(clf, "assignments")
    require(isinstance(folder, (str, os.PathLike)), "folder", "a path", folder)
    assignments = clf.assignments(graph)
    hierarchy = draw_hierarchy(graph, assignments, _row(len(assignments) + 1))
    fit_height(hierarchy)
    history = plot_history(clf, _row(2))
    images = {"hierarchy.png": _png(hierarchy), "history.png": _png(history)}
    figures = Path(folder) / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for name, data in images.items():
        with atomic_path(figures / name) as temporary:
            temporary.write_bytes(data)
    return [figures / name for name in images]


def _row(n_panels: int) -> AxesRow:
    size = (max(9.0, 3.0 * n_panels), 3.6)
    figure = Figure(figsize=size, layout="constrained")
    row: AxesRow = figure.subplots(1, n_panels, squeeze=False)[0]
    return row


def _png(row: AxesRow) -> bytes:
    buffer = BytesIO()
    row[0].figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()
