"""Write the report of a run: a single HTML file that needs no network access.

All content comes from the run folder. Text is escaped, the explorer's data is JSON
without any character that could end its tag, and the page's content security policy
forbids every request.
"""

from __future__ import annotations

import csv
import io
import json
import os
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Mapping, Sequence

from npdiffpool._support.arguments import require
from npdiffpool._support.atomic_files import write_text
from npdiffpool._support.progress import reason_of
from npdiffpool._support.types import Json
from npdiffpool._support.untrusted import MAX_TABLE, read_json, read_text
from npdiffpool._support.untrusted_zip import path_inside
from npdiffpool.runs.results import is_regression
from npdiffpool.runs.snapshot_file import read_snapshots
from npdiffpool.runs.snapshots import Snapshots
from npdiffpool.runs.train import CHECKPOINT
from npdiffpool.viz.history import LINK_FORMULAS
from npdiffpool.viz.report.explorer import explorer_data
from npdiffpool.viz.report.outcomes import (
    check_results,
    names_of_outputs,
    show_predictions,
    summarize,
)
from npdiffpool.viz.report.svg import MAX_LINES, chart

MEASURE_UNITS = {
    "entropy of S / log K": "0: one-hot, 1: uniform",
    "clusters used": "mean per graph",
    "effective clusters": "mean per graph",
    "edges inside clusters": "share",
    "modularity": "as defined by Newman",
}
Columns = Mapping[str, Sequence[float]]


def write_report(run: str | os.PathLike[str]) -> Path:
    """Write the report of a run folder into it.

    Parameters
    ----------
    run : path
        A folder written by ``npdiffpool train``. Its files config.json and history.csv
        are read, and snapshots.npz, if it exists, for the explorer and the measures of
        clusters.

    Returns
    -------
    pathlib.Path
        ``run/report.html``, written atomically.

    Raises
    ------
    ValueError
        If the folder is not a run folder, or a file in it is invalid, too large, or a
        link to a file outside the folder.
    """
    require(isinstance(run, (str, os.PathLike)), "run", "the path of a folder", run)
    folder = Path(run)
    config, history = _read_config(folder), _read_history(folder)
    path = path_inside(folder, "snapshots.npz")
    snapshots = read_snapshots(path) if os.path.exists(path) else None
    try:
        check_results(config["results"])
        page = _page(config, history, snapshots)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{folder / 'config.json'}: a value that the report needs is missing or "
            f"invalid ({error!r})"
        ) from None
    write_text(folder / "report.html", page)
    return folder / "report.html"


def _file_in_run(folder: Path, name: str) -> Path:
    path = path_inside(folder, name)
    if not os.path.exists(path):
        if os.path.exists(folder / CHECKPOINT):
            hint = "the run has not ended; resume it with --resume"
            raise ValueError(f"{folder} has no {name}: {hint}")
        raise ValueError(f"{folder} is not a run folder: it has no {name}")
    return path


def _read_config(folder: Path) -> Any:
    path = _file_in_run(folder, "config.json")
    try:
        return read_json(path)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: not readable JSON ({reason_of(error)})") from None


def _read_history(folder: Path) -> Columns:
    """Return the columns of history.csv, with NaN for empty cells."""
    path = _file_in_run(folder, "history.csv")
    try:
        text = read_text(path, MAX_TABLE)
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        columns = {
            name: [float(row[name] or "nan") for row in rows] for name in rows[0]
        }
    except (ValueError, TypeError, IndexError, OSError, csv.Error) as error:
        reason = f"not a table of numbers ({reason_of(error)})"
        raise ValueError(f"{path}: {reason}") from None
    if "epoch" not in columns:
        raise ValueError(f"{path}: must have a column epoch; got {', '.join(columns)}")
    return columns


def _page(config: Json, history: Columns, snapshots: Snapshots | None) -> str:
    """Fill the template; names of its fields have no effect inside the values."""
    explorer, data = _explorer(config, snapshots)
    parts = {
        "title": escape(str(config["data"]["name"])),
        "summary": _summary(config),
        "explorer": explorer,
        "curves": _curves(history, config),
        "clusters": _clusters(snapshots, config["results"]["best_epoch"]),
        "outcome": "targets" if is_regression(config["results"]) else "classes",
        "predictions": show_predictions(config["results"]),
        "configuration": _configuration(config),
        "style": _resource("look.css") + _resource("report.css"),
        "script": _resource("drawing.js") + _resource("report.js"),
        "data": _embed(data),
    }
    return Template(_resource("report.html")).substitute(parts)


def _resource(name: str) -> str:
    page = files("npdiffpool.viz.report") / "template" / name
    return page.read_text(encoding="utf-8")


def _embed(data: Any) -> str:
    """Return JSON without <, > and &, so that no text in it can end the tag."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _summary(config: Json) -> str:
    results, data = config["results"], config["data"]
    counts, names = data["statistics"], names_of_outputs(results)
    unnamed = config["features"] is None  # of graphs in a list
    n_features = counts["features"] if unnamed else len(config["features"])
    is_test = config.get("split") == {}  # a report of a model, on test graphs alone
    labels = f"{len(names) if is_test else int(counts['classes'])} classes"
    if is_regression(results):
        labels = f"target{'s' * (len(names) > 1)} {escape(', '.join(names))}"
    kind = "test graphs" if is_test else "graphs"
    about = (
        f"{escape(str(data['name']))}: {int(counts['graphs'])} {kind}, "
        f"{labels}, {counts['nodes_mean']:.1f} nodes and "
        f"{counts['edges_mean']:.1f} edges on average, {n_features} "
        "features."
    )
    if weights := data.get("weights"):  # runs of older versions lack it
        about = f"{about[:-1]}, edge weights: {escape(str(weights))}."
    failure = results.get("failure")  # runs of older versions lack it
    warning = f"<p><strong>Warning: {escape(failure)}.</strong></p>" if failure else ""
    return f"{warning}<p>{summarize(results)}</p><p>{about}</p>"


def _explorer(config: Json, snapshots: Snapshots | None) -> tuple[str, Json | None]:
    """Return the explorer's element and the data of its script."""
    if snapshots is None:
        return "<p>This run has no snapshots.npz, so it has no explorer.</p>", None
    graphs = [graph for graph in snapshots.graphs if len(graph.kinds)]
    if not graphs:
        return "<p>No test graph has nodes, so there is no explorer.</p>", None
    snapshots = snapshots._replace(graphs=graphs)
    results, names = config["results"], [str(name) for name in config["features"] or ()]
    best_epoch, outputs = int(results["best_epoch"]), names_of_outputs(results)
    is_flat = not any(graph.poolings for graph in snapshots.graphs)
    note = "<p>The model is flat: it pools nothing.</p>" if is_flat else ""
    data = explorer_data(snapshots, names, outputs, best_epoch)
    legend = "" if is_flat else _legend(data["graphs"])
    return f"{note}<div id=explorer></div>{legend}", data


def _legend(graphs: Sequence[Json]) -> str:
    """Return what S, the circles and the labels of nodes stand for."""
    labels = {kind for graph in graphs for kind in graph["kinds"] if kind}
    label = Template(_resource("label.html"))
    entry = label.substitute(label=escape(min(labels))) if labels else ""
    return Template(_resource("legend.html")).substitute(label=entry)


def _curves(history: Columns, config: Json) -> str:
    link = LINK_FORMULAS[config["parameters"]["link_scale"]]
    is_weighted = config["parameters"].get("class_weight") is not None
    alone = ", weighted by class" if is_weighted else ""
    weighted = f", training{alone[1:]}" if is_weighted else ""
    summed = ", summed over levels" if len(config["clusters"]) > 1 else ""
    accuracies = {"training": "train_accuracy", "validation": "validation_accuracy"}
    losses = {"training": "cross_entropy", "validation": "validation_loss"}
    main_losses = [("Cross-entropy", f"nats per graph{weighted}", losses)]
    if is_regression(config["results"]):
        main_losses = _squared_errors(names_of_outputs(config["results"]))
    charts = [
        ("Accuracy", f"% of graphs{weighted}", accuracies),
        *main_losses,
        ("Link loss", f"{link}{summed}{alone}", {"link": "link_loss"}),
        ("Entropy loss", f"nats per node{summed}{alone}", {"entropy": "entropy_loss"}),
        ("Total loss", f"weighted sum, training graphs{alone}", {"total": "loss"}),
    ]
    drawn = ""
    for title, unit, names in charts:
        is_loss = names is not accuracies
        scale = 1 if is_loss else 100
        lines = {
            name: [scale * value for value in history[column]]
            for name, column in names.items()
            if column in history
        }
        best_epoch = config["results"]["best_epoch"]
        x = history["epoch"]
        drawn += chart(title, unit, x, lines, best_epoch, from_zero=not is_loss)
    return drawn


def _squared_errors(targets: Sequence[str]) -> list[Any]:
    """Return the charts of a regressor's losses: title, unit and columns."""
    unit = "relative to the variance"
    both = {"training": "squared_error", "validation": "validation_loss"}
    found = [("Squared error", unit, both)]
    columns = [(name, f"validation_loss_{j}") for j, name in enumerate(targets)]
    for first in range(0, len(targets) if len(targets) > 1 else 0, MAX_LINES):
        some = dict(columns[first : first + MAX_LINES])
        found.append(("Validation error of each target", unit, some))
    return found


def _clusters(snapshots: Snapshots | None, best_epoch: int) -> str:
    if snapshots is None or not snapshots.measures:
        return "<p>No clusters were measured.</p>"
    epochs = snapshots.epochs.tolist()
    return "".join(
        chart(name, MEASURE_UNITS.get(name, ""), epochs, {name: list(y)}, best_epoch)
        for name, y in snapshots.measures.items()
    )


def _configuration(config: Json) -> str:
    groups = {
        "Parameters": config["parameters"],
        "Clusters per level": {"K": config["clusters"]},
        "Data": {**config["data"]["statistics"], "source": config["data"]["source"]},
        "Versions": config["versions"],
    }
    return "".join(_table(title, values) for title, values in groups.items())


def _table(title: str, values: Json) -> str:
    rows = ""
    for name, value in values.items():
        text = f"{value:g}" if isinstance(value, float) else str(value)
        head = f"<th scope=row>{escape(str(name))}</th>"
        rows += f"<tr>{head}<td>{escape(text)}</td></tr>"
    return f"<h3>{escape(title)}</h3><table>{rows}</table>"
