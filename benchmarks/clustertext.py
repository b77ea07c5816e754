"""The text of the measures of clusters, from the files of clusters.py alone."""
import json

import numpy as np

HEAD = """# Clusters measured

Written by `python benchmarks/clusters.py` from the files beside it: the first level's
assignments of validation graphs, mean over graphs, then mean ± standard deviation over
seeds. A node is in the cluster that is the largest of its row of S. "Inside" is the
share of pairs of nodes that are in one cluster: of all pairs; of those joined by an
edge; of those edges that are part of a triangle; of pairs not joined; of pairs four
edges apart or more (or not connected); and of those among them whose features, and
whose neighbours' features, are the same (one round of 1-WL). "Untrained" are the
parameters that training begins with. An entropy is low, too, where all nodes of a graph
are in one cluster: read it beside "used".
"""


def write(folder):
    """Return the page, a section a data set."""
    lines = [HEAD]
    for path in sorted(folder.glob("clusters-*.json")):
        kept = json.loads(path.read_text())
        runs, of = kept["runs"], {}
        for run in runs:
            of.setdefault(run["losses"], []).append(run)
        last = runs[0]["rows"][-1]["epoch"]
        title = f"## {kept['data']}, K = {runs[0]['K']}"
        lines += [title, "", f"After epoch {last}; `{kept['command']}`", ""]
        lines += _at_the_end(of)
        lines += ["", "With both losses, over training:", ""]
        lines += [*_over_training(of["with both"]), ""]
    return "\n".join(lines)


def _at_the_end(of):
    lines = _head(["untrained", *of])
    some = next(iter(of.values()))
    for key in list(some[0]["rows"][0])[1:]:
        first = _shown([run["rows"][0][key] for run in some])
        cells = [_shown([run["rows"][-1][key] for run in runs]) for runs in of.values()]
        lines.append(f"| {key} | " + " | ".join([first, *cells]) + " |")
    for title, value in (
        ("best validation accuracy", lambda run: max(run["validation_accuracy"])),
        ("its epoch", lambda run: float(np.argmax(run["validation_accuracy"]) + 1)),
        ("training cross-entropy, last epoch", lambda run: run["cross_entropy"][-1]),
        ("epochs until it has halved", _halved),
    ):
        cells = [_shown([value(run) for run in runs]) for runs in of.values()]
        lines.append(f"| {title} | " + " | ".join(["", *cells]) + " |")
    return lines


def _halved(run):
    losses = np.array(run["cross_entropy"])
    below = np.flatnonzero(losses <= losses[0] / 2)
    return float(below[0] + 1) if len(below) else None


def _over_training(runs):
    epochs = [row["epoch"] for row in runs[0]["rows"]]
    lines = _head([f"epoch {epoch}" for epoch in epochs])
    for key in list(runs[0]["rows"][0])[1:7]:
        cells = [
            _shown([run["rows"][at][key] for run in runs]) for at in range(len(epochs))
        ]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return lines


def _head(titles):
    return ["| | " + " | ".join(titles) + " |", "| --- |" + " --- |" * len(titles)]


def _shown(values):
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    text = f"{np.mean(known):.3g} ± {np.std(known):.2g}"
    few = f" ({len(known)} of {len(values)})" if len(known) < len(values) else ""
    return text + few
