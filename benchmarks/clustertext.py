"""The text of the measures of clusters, from the files of clusters.py alone."""

import json

import numpy as np

WITH = ("with link", "with both")
HEAD = """# Clusters measured

Written by `python benchmarks/clusters.py` from the files beside it: the first level's
assignments of validation graphs, mean over graphs, then mean ± standard deviation over
seeds. A node is in the cluster that is the largest of its row of S. "Inside" is the
share of pairs of nodes that are in one cluster: of all pairs; of those joined by an
edge; of those edges that are part of a triangle; of pairs not joined; of pairs four
edges apart or more (or not connected); and of those among them whose features, and
whose neighbours' features, are the same (one round of 1-WL; "-" where no two are).
"Untrained" are the parameters that training begins with, "alone" is the classification
loss. An entropy is low, too, where all nodes of a graph are in one cluster: read it
beside "used". A claim is called a tie where a difference is within a spread, or, of
accuracies, within the standard error of the difference of two shares of so few graphs.
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
        lines += ["", "The claims of the paper's section 4.3:", "", *_claims(of)]
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


def _claims(of):
    """Set a number, for or against, beside each claim of section 4.3."""
    alone, link, both = (of[name] for name in ("classification alone", *WITH))
    lines = ["| claim | measured by | | | |", "| --- |" + " --- |" * 4]
    for claim, by, more, high, less, low in (
        (
            "the hierarchy appears from the classification loss alone",
            "modularity",
            *("alone", _last(alone, "modularity")),
            *("untrained", [run["rows"][0]["modularity"] for run in alone]),
        ),
        (
            "the link loss makes memberships better",
            "modularity",
            *("with link", _last(link, "modularity")),
            *("alone", _last(alone, "modularity")),
        ),
        (
            "dense subgraphs collapse into one cluster",
            "inside, with both",
            *("triangles' edges", _last(both, "inside: edges within a triangle")),
            *("all edges", _last(both, "inside: edges")),
        ),
        (
            "nodes that are alike share a cluster even when far apart",
            "inside, with both",
            *("far, alike", _last(both, "inside: far, alike")),
            *("far", _last(both, "inside: far")),
        ),
        (
            "of the clusters offered only a few are used",
            "share of K, with both",
            *("a half", [0.5]),
            *("used", [run["rows"][-1]["used"] / run["K"] for run in both]),
        ),
        (
            "the auxiliary losses slow down convergence",
            "epochs until the cross-entropy has halved",
            *("with both", [_halved(run) for run in both]),
            *("alone", [_halved(run) for run in alone]),
        ),
        (
            "but training ends better",
            "best validation accuracy",
            *("with both", [max(run["validation_accuracy"]) for run in both]),
            *("alone", [max(run["validation_accuracy"]) for run in alone]),
        ),
        (
            "and with clearer clusters",
            "entropy / log K",
            *("alone", _last(alone, "entropy / log K")),
            *("with both", _last(both, "entropy / log K")),
        ),
    ):
        is_accuracy = by == "best validation accuracy"
        error = np.hypot(_error(both), _error(alone)) if is_accuracy else 0.0
        verdict = _verdict(high, low, error)
        cells = f"{more} {_shown(high)}", f"{less} {_shown(low)}", verdict
        lines.append(f"| {claim} | {by} | " + " | ".join(cells) + " |")
    return lines


def _last(runs, key):
    return [run["rows"][-1][key] for run in runs]


def _error(runs):
    """Return the standard error of the best accuracies, as shares of graphs."""
    share = np.mean([max(run["validation_accuracy"]) for run in runs])
    return np.sqrt(share * (1 - share) / runs[0]["graphs"])


def _verdict(high, low, error):
    """Say whether the first is the larger: a tie within the largest spread."""
    sides = [[value for value in side if value is not None] for side in (high, low)]
    if not all(sides):
        return "not measured"
    difference = np.mean(sides[0]) - np.mean(sides[1])
    if abs(difference) <= max(error, *(np.std(side) for side in sides)):
        return "tie"
    return "for" if difference > 0 else "against"


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
    text = f"{np.mean(known):.3g} ± {round(np.std(known), 9):.2g}"
    few = f" ({len(known)} of {len(values)})" if len(known) < len(values) else ""
    return text + few
