"""The page of the measures of clusters, computed from the files of clusters.py."""

import json

import numpy as np
from markdown_table import markdown_table

HEAD = """# Measures of the clusters

Written by `python benchmarks/clusters.py` from clusters-DATA.json in this folder. The
measures are of the first level's assignments of the validation graphs of the first of
ten stratified folds (not a fold of README.md): mean over graphs, then mean ± standard
deviation over seeds. A node belongs to the cluster with the largest entry in its row of
S.

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
        lines += [_at_the_end(of), ""]
        lines += ["The claims of the paper's section 4.3:", "", _claims(of), ""]
        lines += ["With both losses, over training:", ""]
        lines += [_over_training(of["with both"]), ""]
    return "\n".join(lines)


def _at_the_end(of):
    header, rows = ["measure", "untrained", *of], []
    some = next(iter(of.values()))
    for key in list(some[0]["rows"][0])[1:]:
        first = _mean_and_deviation([run["rows"][0][key] for run in some])
        cells = [
            _mean_and_deviation([run["rows"][-1][key] for run in runs])
            for runs in of.values()
        ]
        rows.append([key, first, *cells])
    for title, value in (
        (BEST, _best),
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
        rows.append([title, "", *cells])
    return markdown_table(header, rows)


def _claims(of):
    """Return a table with two numbers and a verdict for each claim of section 4.3."""
    header = "claim", "measure", "should be larger", "should be smaller", "verdict"
    rows = []
    for claim, by, *sides in CLAIMS:
        values = [[value(run) for run in of[losses]] for _, losses, value in sides]
        errors = [_error(of[losses]) for _, losses, _ in sides] if by == BEST else [0.0]
        cells = [claim, by]
        for (title, _, _), found in zip(sides, values):
            cells.append(f"{title} {_mean_and_deviation(found)}")
        cells.append(_verdict(*values, np.linalg.norm(errors)))
        rows.append(cells)
    return markdown_table(header, rows)


def _error(runs):
    """Return the standard error of the best accuracies, which are shares of graphs."""
    share = np.mean([_best(run) for run in runs])
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


def _last(key):
    """Return a function from a run to one of its measures after the last epoch."""
    return lambda run: run["rows"][-1][key]


def _best(run):
    return max(run["validation_accuracy"])


ALONE, LINK, BOTH = "classification alone", "with link", "with both"
BEST = "best validation accuracy"
# Each claim: its text, a measure, and the sides that should be larger and smaller. A
# side is a title, the losses of the training, and a function from a run to a number.
CLAIMS = (
    (
        "a hierarchy emerges from the classification loss alone",
        "modularity",
        ("alone", ALONE, _last("modularity")),
        ("untrained", ALONE, lambda run: run["rows"][0]["modularity"]),
    ),
    (
        "the link loss makes memberships better",
        "modularity",
        ("with link", LINK, _last("modularity")),
        ("alone", ALONE, _last("modularity")),
    ),
    (
        "dense subgraphs collapse into one cluster",
        "inside, with both",
        ("triangles' edges", BOTH, _last("inside: edges within a triangle")),
        ("all edges", BOTH, _last("inside: edges")),
    ),
    (
        "nodes that are alike share a cluster even when far apart",
        "inside, with both",
        ("far, alike", BOTH, _last("inside: far, alike")),
        ("far", BOTH, _last("inside: far")),
    ),
    (
        "only a few of the available clusters are used",
        "share of K, with both",
        ("a half", BOTH, lambda run: 0.5),
        ("used", BOTH, lambda run: run["rows"][-1]["used"] / run["K"]),
    ),
    (
        "the auxiliary losses slow down convergence",
        "epochs until the cross-entropy has halved",
        ("with both", BOTH, _epochs_to_half),
        ("alone", ALONE, _epochs_to_half),
    ),
    (
        "but lead to a better optimum",
        BEST,
        ("with both", BOTH, _best),
        ("alone", ALONE, _best),
    ),
    (
        "and with clearer clusters",
        "entropy / log K",
        ("alone", ALONE, _last("entropy / log K")),
        ("with both", BOTH, _last("entropy / log K")),
    ),
)


def _over_training(runs):
    epochs = [row["epoch"] for row in runs[0]["rows"]]
    rows = []
    for key in list(runs[0]["rows"][0])[1:7]:
        cells = [
            _mean_and_deviation([run["rows"][at][key] for run in runs])
            for at in range(len(epochs))
        ]
        rows.append([key, *cells])
    return markdown_table(["measure", *(f"epoch {epoch}" for epoch in epochs)], rows)


def _mean_and_deviation(values):
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    text = f"{np.mean(known):.3g} ± {round(np.std(known), 9):.2g}"
    few = f" ({len(known)} of {len(values)})" if len(known) < len(values) else ""
    return text + few
