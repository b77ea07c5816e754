"""The report of a model that was fitted in Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Iterable

import numpy.typing as npt

from npdiffpool._support.arguments import require
from npdiffpool.graphs.graph import Graph
from npdiffpool.runs.of_model import write_run
from npdiffpool.runs.snapshots import choose_recorded, readable
from npdiffpool.viz.figure_files import save_figures
from npdiffpool.viz.report.page import write_report


def report_model(
    model: Any,
    graphs: Iterable[Graph],
    labels: npt.ArrayLike | None = None,
    folder: str | os.PathLike[str] = "report",
) -> Path:
    """Write a run folder and its report, of a fitted model and test graphs.

    Parameters
    ----------
    model : fitted DiffPoolClassifier or DiffPoolRegressor
    graphs : sequence of Graph, or Dataset
        Test graphs: all scores, figures and pooled graphs are of these.
    labels : (G,) or (G, T) array_like, optional
        Default: those of the graphs.
    folder : path
        New, empty, or of an earlier report of this function, which is replaced. It
        becomes a run folder: ``npdiffpool predict`` and ``report`` take it.

    Returns
    -------
    pathlib.Path
        ``folder/report.html``. It shows the pooling by the fitted model; that of all
        epochs is recorded by ``npdiffpool train`` alone.

    Raises
    ------
    ValueError
        If the model is not fitted, graphs or labels do not fit it, or the folder has
        other files or is in use.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> mutag = load_dataset("MUTAG")[:40]
    >>> clf = DiffPoolClassifier(hidden=8, epochs=1).fit(mutag[:30])
    >>> with TemporaryDirectory() as folder:
    ...     path = report_model(clf, mutag[30:], folder=folder)
    ...     print(path.name, *sorted(part.name for part in path.parent.iterdir()))
    report.html config.json figures history.csv model.npz report.html snapshots.npz
    """
    require(isinstance(folder, (str, os.PathLike)), "folder", "a path", folder)
    return write_run(model, graphs, labels, folder, _draw) / "report.html"


def _draw(model: Any, test: Any, folder: Path) -> None:
    """Draw the figures, and write the page."""
    shown = [test.graphs[i] for i in choose_recorded(test.graphs)]
    save_figures(model, shown[readable([graph.n_nodes for graph in shown])], folder)
    write_report(folder)
