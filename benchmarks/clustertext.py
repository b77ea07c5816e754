"""The page of the measures of clusters, computed from the files of clusters.py."""

import json

import numpy as np

WITH = ("with link", "with both")
HEAD = """# Measures of the clusters

Written by `python benchmarks/clusters.py` from clusters-DATA.json in this folder. The
measures are of the first level's assignments of the validation graphs: mean over
graphs, then mean ± standard deviation over seeds. A node belongs to the cluster with
the largest entry in its row of S.

- "entropy / log K": mean entropy of the rows of S; 0 is one-hot, 1 is uniform. It is
  also low if all nodes of a graph are in one cluster: compare "used".
- "effective clusters / K": exp of the entropy of the mean row of S, divided by K.
- "used": the number of clusters that contain a node; also divided by the smaller of the
  number of nodes n and K.
- "modularity": of the graph's division into clusters; higher means that more edges are
  inside clusters than in a random graph with the same degrees.
- "inside": the share of pairs of nodes that are in one cluster. Pairs are "not joined"
  if no edge joins them, and "far" if they are four edges or more apart, or not
  connected; far pairs are "alike" if they and their neighbours have equal features (one
  round of 1-WL; "-" if there is no such pair).

"Untrained" are the initial parameters, "alone" is the classification loss alone. The
verdict on a claim is "tie" if the difference is at most the larger of the two standard
deviations over seeds or, for accuracies, the standard error of a difference between two
shares of so few graphs. It is no test, and it does not say whether training is the
cause: compare "untrained".
"""


def write(folder):
    """Return the text of the page, one section per data set."""
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
        first = _mean_and_deviation([run["rows"][0][key] for run in some])
        cells = [
            _mean_and_deviation([run["rows"][-1][key] for run in runs])
            for runs in of.values()
        ]
        lines.append(f"| {key} | " + " | ".join([first, *cells]) + " |")
    for title, value in (
        ("best validation accuracy", lambda run: max(run["validation_accuracy"])),
        (
            "first epoch with the best validation accuracy",
            lambda run: float(np.argmax(run["validation_accuracy"]) + 1),
        ),
        ("training cross-entropy, last epoch", lambda run: run["cross_entropy"][-1]),
        ("epochs until the cross-entropy has halved", _epochs_to_half),
    ):
        cells = [
            _mean_and_deviation([value(run) for run in runs]) for runs in of.values()
        ]
        lines.append(f"| {title} | " + " | ".join(["", *cells]) + " |")
    return lines


def _claims(of):
    """Return a table with two numbers and a verdict for each claim of section 4.3."""
    alone, link, both = (of[name] for name in ("classification alone", *WITH))
    lines = ["| claim | measure | should be larger | should be smaller | verdict |"]
    lines += ["| --- |" + " --- |" * 4]
    for claim, by, more, high, less, low in (
        (
            "a hierarchy emerges from the classification loss alone",
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
            "only a few of the available clusters are used",
            "share of K, with both",
            *("a half", [0.5]),
            *("used", [run["rows"][-1]["used"] / run["K"] for run in both]),
        ),
        (
            "the auxiliary losses slow down convergence",
            "epochs until the cross-entropy has halved",
            *("with both", [_epochs_to_half(run) for run in both]),
            *("alone", [_epochs_to_half(run) for run in alone]),
        ),
        (
            "but lead to a better optimum",
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
        cells = (
            f"{more} {_mean_and_deviation(high)}",
            f"{less} {_mean_and_deviation(low)}",
            verdict,
        )
        lines.append(f"| {claim} | {by} | " + " | ".join(cells) + " |")
    return lines


def _last(runs, key):
    return [run["rows"][-1][key] for run in runs]


def _error(runs):
    """Return the standard error of the best accuracies, which are shares of graphs."""
    share = np.mean([max(run["validation_accuracy"]) for run in runs])
    return np.sqrt(share * (1 - share) / runs[0]["graphs"])


def _verdict(high, low, error):
    """Return whether the first values are larger; a tie is within their deviation."""
    sides = [[value for value in side if value is not None] for side in (high, low)]
    if not all(sides):
        return "not measured"
    difference = np.mean(sides[0]) - np.mean(sides[1])
    if abs(difference) <= max(error, *(np.std(side) for side in sides)):
        return "tie"
    return "for" if difference > 0 else "against"


def _epochs_to_half(run):
    """Return the epochs until the cross-entropy is half the first, or None."""
    losses = np.array(run["cross_entropy"])
    below = np.flatnonzero(losses <= losses[0] / 2)
    return float(below[0] + 1) if len(below) else None


def _over_training(runs):
    epochs = [row["epoch"] for row in runs[0]["rows"]]
    lines = _head([f"epoch {epoch}" for epoch in epochs])
    for key in list(runs[0]["rows"][0])[1:7]:
        cells = [
            _mean_and_deviation([run["rows"][at][key] for run in runs])
            for at in range(len(epochs))
        ]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return lines


def _head(titles):
    return [
        "| measure | " + " | ".join(titles) + " |",
        "| --- |" + " --- |" * len(titles),
    ]


def _mean_and_deviation(values):
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    text = f"{np.mean(known):.3g} ± {round(np.std(known), 9):.2g}"
    few = f" ({len(known)} of {len(values)})" if len(known) < len(values) else ""
    return text + few
