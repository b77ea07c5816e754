"""The text of the table of variants, from the files of its rows alone."""

import json
from functools import partial

import numpy as np
from tablerows import ROWS, SETS

HEAD = """# Every variant under two protocols

Written by `python benchmarks/table.py --write` from the files beside it, which hold
every fold and run. In percent, mean ± standard deviation over ten folds; in brackets
what is published, under "fair" by Errica et al. (arXiv 1912.09893), under "paper" by
Ying et al. (arXiv 1806.08804; no spread). "-" is not run. Folds and validation parts of
the fair protocol are Errica et al.'s lists, of MUTAG stratified by seed 0; of the
paper's protocol those folds, stratified, where the authors drew ten random parts.
Features: labels and attributes where there are any (the kernel: labels), else degrees.
Of the rows without pooling the flat GraphSAGE alone is made as deep and as large as
DiffPool; the others have its parameters.

Not as published: the epochs are few (the paper has up to 3,000, Errica et al. 1,000),
and but for one row nothing is chosen but the epoch, where they chose from grids. The
defaults were chosen on validation parts of some folds, whose graphs are tests in other
folds. Clusters are the defaults' where a ratio stands below; where a number stands the
quarter of the largest graph would be too many for a CPU.

"""
FAIR = """## fair: test accuracy after the epoch that a validation part chose
"""
AGAINST = """### Against the first row, fold by fold

Its accuracy (mean of its runs in a fold) minus the row's in percent, mean ± standard
deviation over folds: a tie where the mean is not the larger of the two.
"""
PAPER = """## paper: highest mean validation accuracy at one epoch

A maximum over epochs of what it is measured by: no test figure.
"""
CHOICES = """## What the defaults were chosen by

Accuracy on the validation parts of the fair protocol at the best epoch, in percent,
mean ± standard deviation over folds: a choice by these looks at no test part.
"""
DEPARTED = "readout-sum batch-norm last-layer linear raw".split()
PARAMETERS = """scale-nodes readout-mean readout-sum batch-norm no-l2 last-layer linear
raw""".split()
COMPARED = "learned no-link no-entropy no-auxiliary two-levels".split() + PARAMETERS
GAINED = ("ENZYMES", "MUTAG")
BRIEF = "learned no-auxiliary graclus random flat structure-free wl-kernel".split()
TOOK = """## What each row took

Seconds are those of all its trainings, one thread each, on a machine that had other
work beside them: no benchmark.
"""


def write(folder):
    """Return the page: a table a protocol, then what each row took."""
    files = _read(folder)
    variants = [row for row in ROWS if row not in PARAMETERS]
    others = [row for row in variants if row != "learned"]
    sections = [
        (HEAD, _settings()),
        (FAIR, _table(variants, partial(_score, files, "fair"))),
        (AGAINST, _table(others, partial(_against, files))),
        (PAPER, _table(variants, partial(_score, files, "paper"))),
        (CHOICES, _table(COMPARED, partial(_validation, files))),
        (TOOK, _took(files)),
    ]
    return "\n".join("\n".join([text, *lines, ""]) for text, lines in sections)


def brief(folder):
    """Return the README's table: rows of the fair protocol, then one of the paper's."""
    files = _read(folder)
    lines = _table(BRIEF, partial(_score, files, "fair"))
    last = _table(["learned"], partial(_score, files, "paper"))
    return "\n".join(lines + [last[-1].replace("| DiffPool", "| *paper*: DiffPool")])


def gained(folder):
    """Return the README's table of what each departure from the paper gained."""
    files = _read(folder)
    cell = partial(_against, files, part="validation")
    return "\n".join(_table(DEPARTED, cell, GAINED))


def _read(folder):
    files = {}
    for path in sorted(folder.glob("*/*-*.json")):
        row, _, protocol = path.stem.rpartition("-")
        if path.parent.name in SETS and row in ROWS:
            files[protocol, row, path.parent.name] = json.loads(path.read_text())
    return files


def _table(rows, cell, names=tuple(SETS)):
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for row in rows:
        cells = [cell(row, name) for name in names]
        if set(cells) != {"-"}:
            lines.append(f"| {ROWS[row].title} | " + " | ".join(cells) + " |")
    return lines


def _settings():
    lines = ["| | " + " | ".join(SETS) + " |", "| --- |" + " --- |" * len(SETS)]
    for title, value in (
        ("epochs", lambda known: known.epochs),
        ("clusters", lambda known: known.clusters[0]),
        ("clusters, two levels", lambda known: "{}, {}".format(*known.two_levels)),
    ):
        cells = [str(value(known)) for known in SETS.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def _score(files, protocol, row, name):
    published = getattr(ROWS[row], protocol).get(name)
    note = f" ({published})" if published else ""
    kept = files.get((protocol, row, name))
    if kept is None:
        return "-" + note
    epochs = kept["settings"].get("parameters", {}).get("epochs", SETS[name].epochs)
    more = f", {epochs} epochs" if epochs != SETS[name].epochs else ""
    return _shown(kept["result"]["score"], kept["result"]["spread"]) + more + note


def _of_folds(files, row, name, what):
    kept = files.get(("fair", row, name))
    return kept and np.array([fold[what] for fold in kept["result"]["folds"]])


def _against(files, row, name, part="test"):
    first, other = (_of_folds(files, at, name, part) for at in ("learned", row))
    if first is None or other is None:
        return "-"
    mean, spread = np.mean(first - other), np.std(first - other)
    tie = ", tie" if abs(mean) <= spread else ""
    return f"{100 * mean:+.1f} ± {100 * spread:.1f}{tie}"


def _validation(files, row, name):
    values = _of_folds(files, row, name, "validation")
    return "-" if values is None else _shown(np.mean(values), np.std(values))


def _shown(mean, spread):
    return f"{100 * mean:.1f} ± {100 * spread:.1f}"


def _took(files):
    lines = ["| | | | runs a fold | s | command |", "| --- |" + " --- |" * 5]
    for (protocol, row, name), kept in files.items():
        runs = kept["settings"]["runs"] if protocol == "fair" else ""
        cells = [name, row, protocol, runs, kept["seconds"], f"`{kept['command']}`"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines
