"""What the report says of predictions: those of a classifier, or of a regressor."""

from __future__ import annotations

from html import escape
from typing import Any, Sequence

import numpy as np

from npdiffpool._support.arguments import require_int
from npdiffpool._support.types import Json
from npdiffpool.runs.results import describe_choice, is_regression, standard_error
from npdiffpool.runs.snapshots import RecordedGraph
from npdiffpool.viz.report.svg import scatter


def check_results(results: Json) -> None:
    """Validate the numbers that the page shows.

    Raises
    ------
    ValueError, LookupError, TypeError
        If one is missing or invalid.
    """
    for name, least in (("best_epoch", 1), ("test_graphs", 0)):
        require_int(name, results[name], least)
    if is_regression(results):
        shape = len(results["true"]), len(results["targets"])
        for name in ("true", "predicted"):
            if np.shape(results[name]) != shape or 0 in shape:
                raise ValueError(f"{name} must have shape {shape}")
        return
    confusion = results["confusion"]
    for name in ("test_accuracy", "validation_accuracy", "majority_test_accuracy"):
        if results[name] is None and name == "validation_accuracy":
            continue
        if not 0 <= results[name] <= 1:
            raise ValueError(f"{name} must lie in [0, 1]; got {results[name]!r}")
    shape = len(confusion["true"]), len(confusion["predicted"])
    if np.shape(confusion["counts"]) != shape or 0 in shape:
        raise ValueError(f"counts of the confusion must have shape {shape}")


def names_of_outputs(results: Json) -> list[str]:
    """Return the names of the classes, or of the targets."""
    if is_regression(results):
        return [str(row["name"]) for row in results["targets"]]
    return [str(name) for name in results["confusion"]["predicted"]]


def summarize(results: Json) -> str:
    """Return the test scores as text in HTML."""
    n, epoch = results["test_graphs"], int(results["best_epoch"])
    choice = escape(describe_choice(results))
    kept = f"The model has the parameters of epoch {epoch}{choice}."
    if is_regression(results):
        over = f", the mean over {len(results['targets'])} targets"
        over = over if len(results["targets"]) > 1 else ""
        return (
            f"Test R^2 <strong>{results['test_r2']:.3f}</strong> ({n} graphs{over}); "
            f"predicting the mean of the test graphs would give 0. {kept}"
        )
    accuracy = results["test_accuracy"]
    error = standard_error(accuracy, n)
    return (
        f"Test accuracy <strong>{accuracy:.1%}</strong> ({round(accuracy * n)} of {n} "
        f"graphs, standard error {error:.1%}); majority class: "
        f"{results['majority_test_accuracy']:.1%}. {kept}"
    )


def show_predictions(results: Json) -> str:
    """Return predictions beside the truth, as HTML.

    They are a table of counts for classes, and a picture for each target.
    """
    if not is_regression(results):
        return _confusion(results["confusion"])
    true, predicted = (np.transpose(results[name]) for name in ("true", "predicted"))
    drawn = "".join(
        scatter(str(row["name"]), t.tolist(), y.tolist())
        for row, t, y in zip(results["targets"], true, predicted)
    )
    n_shown, n_graphs = len(results["true"]), results["test_graphs"]
    some = f"<p>Drawn are {n_shown} of {n_graphs} test graphs, evenly spaced.</p>"
    some *= n_shown < n_graphs
    return f"{_scores(results['targets'])}{some}<div class=charts>{drawn}</div>"


def _scores(rows: Sequence[Json]) -> str:
    """Return a table of the scores of each target."""
    heads = "target", "R^2", "mean absolute error", "that of the training mean"
    cells = "".join(f"<th scope=col>{head}</th>" for head in heads)
    body = ""
    for row in rows:
        body += f"<tr><th scope=row>{escape(str(row['name']))}</th>"
        keys = "r2", "mean_absolute_error", "mean_absolute_error_of_mean"
        body += "".join(f"<td>{float(row[key]):.4g}</td>" for key in keys) + "</tr>"
    return f"<table><tr>{cells}</tr>{body}</table>"


def _confusion(confusion: Json) -> str:
    """Return a table of counts: a row per true class, a column per predicted class."""
    true, predicted, counts = (confusion[k] for k in ("true", "predicted", "counts"))
    head = "".join(f"<th scope=col>{escape(str(name))}</th>" for name in predicted)
    rows, most = "", max(max(row) for row in counts) or 1
    for name, row in zip(true, counts):
        cells = "".join(
            f'<td{" class=right" if name == column else ""} '
            f'style="--share:{count / most:.2f}">{int(count)}</td>'
            for column, count in zip(predicted, row)
        )
        rows += f"<tr><th scope=row>{escape(str(name))}</th>{cells}</tr>"
    caption = "<caption>Rows: true classes; columns: predictions</caption>"
    corner = "<td>true \\ predicted</td>"
    return f"<table class=confusion>{caption}<tr>{corner}{head}</tr>{rows}</table>"


def describe_truth(graph: RecordedGraph, names: Sequence[Any]) -> str:
    """Return the class of a recorded graph, or its targets, as text."""
    if graph.target is not None:
        values = ", ".join(f"{value:.4g}" for value in graph.target)
        return f"target{'s' * (len(graph.target) > 1)} {values}"
    return f"class {names[graph.truth] if graph.truth >= 0 else '?'}"


def describe_prediction(graph: RecordedGraph, names: Sequence[Any], epoch: int) -> str:
    """Return the prediction for a recorded graph in one snapshot, with the truth."""
    if graph.predicted is not None and graph.target is not None:
        found = zip(names, graph.predicted[epoch], graph.target)
        parts = [f"{name} {y:.4g} (true: {t:.4g})" for name, y, t in found]
        return f"Predicted {', '.join(parts)}."
    row = graph.probabilities[epoch]
    most = int(np.argmax(row))
    truth = names[graph.truth] if graph.truth >= 0 else "not in the training graphs"
    share = f"{round(100 * float(row[most]))}%"
    return f"Predicted class: {names[most]} ({share}); true class: {truth}."
