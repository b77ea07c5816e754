"""The report of a run: one HTML file that needs nothing else, and no network.

Everything in it comes from the run folder. Text is escaped, the data of the explorer
is JSON in which no tag can end; a policy in the page forbids it any request.
"""

from __future__ import annotations

import csv
import io
import json
import os
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from npdiffpool._support.arguments import require, require_int
from npdiffpool._support.atomic_files import write_text
from npdiffpool._support.untrusted import MAX_TABLE, read_json, read_text
from npdiffpool._support.untrusted_zip import path_inside
from npdiffpool.runs.snapshot_file import read_snapshots
from npdiffpool.runs.snapshots import Snapshots
from npdiffpool.viz.report.explorer import explorer_data
from npdiffpool.viz.report.svg import chart

CROSS_ENTROPY = {"training": "cross_entropy", "validation": "validation_loss"}
LINK_UNITS = {
    "frobenius": "||A - S S^T||_F",
    "nodes": "||A - S S^T||_F / n",
    "entries": "||A - S S^T||_F / n^2",
}
ACCURACIES = {"training": "train_accuracy", "validation": "validation_accuracy"}
UNITS = {
    "entropy of S / log K": "0: one-hot, 1: uniform",
    "clusters used": "mean a graph",
    "effective clusters": "mean a graph",
    "edges inside clusters": "share",
    "modularity": "Newman's",
}


def write_report(run: str | os.PathLike[str]) -> Path:
    """Write the report of a run folder into it.

    Parameters
    ----------
    run : path
        A folder that ``npdiffpool train`` wrote: config.json, history.csv and,
        for the explorer and the measures of clusters, snapshots.npz are read.

    Returns
    -------
    pathlib.Path
        ``run/report.html``, replaced whole or, if anything goes wrong, not at all.

    Raises
    ------
    ValueError
        If the folder is no run folder, or a file in it cannot be read, is a link
        to outside or too large: see `npdiffpool._support.untrusted`.
    """
    require(isinstance(run, (str, os.PathLike)), "run", "the path of a folder", run)
    folder = Path(run)
    config, history = _read_config(folder), _read_history(folder)
    path = path_inside(folder, "snapshots.npz")
    snapshots = read_snapshots(path) if os.path.exists(path) else None
    try:
        _check(config)
        page = _page(config, history, snapshots)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{folder / 'config.json'}: does not say what a report needs ({error!r})"
        ) from None
    write_text(folder / "report.html", page)
    return folder / "report.html"


def _check(config: Any) -> None:
    """Require the numbers that are shown to be numbers that can be."""
    results, confusion = config["results"], config["results"]["confusion"]
    for name in ("test_accuracy", "validation_accuracy", "majority_test_accuracy"):
        if not 0 <= results[name] <= 1:
            raise ValueError(f"{name} must lie in [0, 1]; got {results[name]!r}")
    for name, least in (("best_epoch", 1), ("test_graphs", 0)):
        require_int(name, results[name], least)
    shape = len(confusion["true"]), len(confusion["predicted"])
    if np.shape(confusion["counts"]) != shape or 0 in shape:
        raise ValueError(f"counts of the confusion must have shape {shape}")


def _read_config(folder: Path) -> Any:
    path = path_inside(folder, "config.json")
    if not os.path.exists(path):
        raise ValueError(f"{folder} is not a run folder: it has no config.json")
    try:
        return read_json(path)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: not readable JSON ({error})") from None


def _read_history(folder: Path) -> dict[str, list[float]]:
    """Return the columns of history.csv; what is empty is NaN."""
    path = path_inside(folder, "history.csv")
    if not os.path.exists(path):
        raise ValueError(f"{folder} is not a run folder: it has no history.csv")
    try:
        text = read_text(path, MAX_TABLE)
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        columns = {
            name: [float(row[name] or "nan") for row in rows] for name in rows[0]
        }
    except (ValueError, TypeError, IndexError, OSError, csv.Error) as error:
        raise ValueError(f"{path}: not a table of numbers ({error})") from None
    if "epoch" not in columns:
        raise ValueError(f"{path}: must have a column epoch; got {', '.join(columns)}")
    return columns


def _page(config: Any, history: Any, snapshots: Snapshots | None) -> str:
    parts = {
        "title": escape(str(config["data"]["name"])),
        "summary": _summary(config),
        "explorer": _explorer(config, snapshots),
        "curves": _curves(history, config),
        "clusters": _clusters(snapshots, config["results"]["best_epoch"]),
        "confusion": _confusion(config["results"]["confusion"]),
        "configuration": _configuration(config),
        "style": _resource("report.css"),
        "script": _resource("report.js"),
        "data": _embed(_explorer_data(config, snapshots)),
    }
    page = _resource("report.html")
    # Cut at the marks first: what is put in is never searched for marks.
    pieces = page.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        filled += [parts[name], rest]
    return "".join(filled)


def _resource(name: str) -> str:
    page = files("npdiffpool.viz.report") / "template" / name
    return page.read_text(encoding="utf-8")


def _embed(data: Any) -> str:
    """Write JSON that no text can get out of, as it has no <, > or &."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _summary(config: Any) -> str:
    results, data = config["results"], config["data"]
    accuracy, n = results["test_accuracy"], results["test_graphs"]
    error = float(np.sqrt(accuracy * (1 - accuracy) / max(n, 1)))
    counts = data["statistics"]
    text = (
        f"Test accuracy <strong>{accuracy:.1%}</strong> ({round(accuracy * n)} of {n} "
        f"graphs, standard error {error:.1%}); always the majority class: "
        f"{results['majority_test_accuracy']:.1%}. Kept is epoch "
        f"{int(results['best_epoch'])}, the best on validation: "
        f"{results['validation_accuracy']:.1%}."
    )
    about = (
        f"{escape(str(data['name']))}: {int(counts['graphs'])} graphs, "
        f"{int(counts['classes'])} classes, {counts['nodes_mean']:.1f} nodes and "
        f"{counts['edges_mean']:.1f} edges on average, {len(config['features'])} "
        "features."
    )
    return f"<p>{text}</p><p>{about}</p>"


def _explorer_data(config: Any, snapshots: Snapshots | None) -> Any:
    if snapshots is None:
        return None
    results, names = config["results"], [str(name) for name in config["features"]]
    kept, classes = int(results["best_epoch"]), results["confusion"]["predicted"]
    return explorer_data(snapshots, names, classes, kept)


def _explorer(config: Any, snapshots: Snapshots | None) -> str:
    if snapshots is None:
        return "<p>This run has no snapshots.npz, so there is nothing to explore.</p>"
    if not any(graph.poolings for graph in snapshots.graphs):
        return "<p>A flat model: it pools nothing.</p><div id=explorer></div>"
    return "<div id=explorer></div>"


def _curves(history: Mapping[str, Sequence[float]], config: Any) -> str:
    epochs, kept = history["epoch"], config["results"]["best_epoch"]

    def columns(names: Mapping[str, str], scale: float = 1) -> dict[str, list[float]]:
        known = [title for title, key in names.items() if key in history]
        return {title: [scale * y for y in history[names[title]]] for title in known}

    def drawn(title: str, unit: str, names: Mapping[str, str], scale: float = 1) -> str:
        return chart(title, unit, epochs, columns(names, scale), kept)

    link = LINK_UNITS[config["parameters"]["link_scale"]]
    summed = ", summed over levels" if len(config["clusters"]) > 1 else ""
    return (
        drawn("Accuracy", "% of graphs", ACCURACIES, 100)
        + drawn("Cross-entropy", "nats a graph", CROSS_ENTROPY)
        + drawn("Link loss", f"{link}{summed}", {"link": "link_loss"})
        + drawn("Entropy loss", f"nats a node{summed}", {"entropy": "entropy_loss"})
        + drawn("Total loss", "weighted sum of training's", {"total": "loss"})
    )


def _clusters(snapshots: Snapshots | None, kept: int) -> str:
    if snapshots is None or not snapshots.measures:
        return "<p>No clusters were measured.</p>"
    epochs = snapshots.epochs.tolist()
    drawn = [
        chart(name, UNITS.get(name, ""), epochs, {name: values.tolist()}, kept)
        for name, values in snapshots.measures.items()
    ]
    return "".join(drawn)


def _confusion(confusion: Any) -> str:
    """Make a table: a row a true class, a column a predicted one, counts of graphs."""
    true, predicted, counts = (confusion[k] for k in ("true", "predicted", "counts"))
    head = "".join(f"<th scope=col>{escape(str(name))}</th>" for name in predicted)
    rows, most = [], max(max(row) for row in counts) or 1
    for name, row in zip(true, counts):
        cells = "".join(
            f'<td{" class=right" if name == column else ""} '
            f'style="--share:{count / most:.2f}">{int(count)}</td>'
            for column, count in zip(predicted, row)
        )
        rows.append(f"<tr><th scope=row>{escape(str(name))}</th>{cells}</tr>")
    corner = "<td>true \\ predicted</td>"
    caption = "<caption>Rows: true classes; columns: predictions</caption>"
    body = f"{caption}<tr>{corner}{head}</tr>{''.join(rows)}"
    return f"<table class=confusion>{body}</table>"


def _configuration(config: Any) -> str:
    groups = {
        "Parameters": config["parameters"],
        "Clusters of each level": {"K": config["clusters"]},
        "Data": {**config["data"]["statistics"], "source": config["data"]["source"]},
        "Versions": config["versions"],
    }
    return "".join(_table(title, values) for title, values in groups.items())


def _table(title: str, values: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(str(name))}</th>"
        f"<td>{escape(_shown(value))}</td></tr>"
        for name, value in values.items()
    )
    return f"<h3>{escape(title)}</h3><table>{rows}</table>"


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
