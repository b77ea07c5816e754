"""The tables of results, computed from the files of their rows alone.

`tables` returns each table by name. A page shows a table between two marker comments,
``<!-- NAME -->`` and ``<!-- end of NAME -->``; `fill` replaces what is between them.
"""

import json
from functools import partial

import numpy as np
from markdown_table import markdown_row, markdown_table
from tablerows import (
    COMPLETE,
    DEPARTURES,
    MAIN,
    OF_PAPER,
    ON_DD,
    OTHERS,
    PAPER_COLUMNS,
    REGULARISED,
    ROWS,
    SETS,
)

from npdiffpool.evaluation import compare

DISTINCT = [name for name in SETS if name not in COMPLETE]
VALIDATED = "learned no-link no-entropy no-auxiliary two-levels".split()
VALIDATED += ["default", *REGULARISED, *DEPARTURES]
BRIEF = ("learned", "flat")  # the rows of the project's README
SHORT = {
    "learned": "DiffPool",
    "random": "random assignment",
    "graclus": "Graclus",
    "flat": "flat GNN",
    "no-auxiliary": "DiffPool, classification loss alone",
    "structure-free": "structure-free baseline",
    "default": "DiffPool, another training",
    "s2v": "S2V, one level",
    "s2v-flat": "S2V, flat",
    "s2v-twin": "S2V, flat, of equal depth and size",
    "no-link": "DiffPool without link loss",
    "no-entropy": "DiffPool without entropy loss",
}
PAIRS = (
    ("random", "flat"),
    ("graclus", "flat"),
    ("no-auxiliary", "flat"),
    ("no-auxiliary", "random"),
    ("no-auxiliary", "graclus"),
    ("flat", "structure-free"),
    ("s2v", "s2v-flat"),
    ("s2v", "s2v-twin"),
    ("learned", "default"),
    ("default", "flat"),
    ("default", "no-link"),
    ("default", "no-entropy"),
)
TITLES = {"fair": "seconds, fair protocol", "paper": "seconds, paper's protocol"}
DIFFERENCE = "difference in percentage points [95 % interval]"
# Of the ten folds: the size of a part divided by that of the training part. The test
# part has 10 % of the graphs, the validation part 9 % and the training part 81 %.
RATIOS = {"test": 10 / 81, "validation": 1 / 9}


def tables(folder):
    """Return the text of each table by name, from the row files in a folder."""
    files = read_rows(folder)
    fair, paper = (partial(_score, files, protocol) for protocol in ("fair", "paper"))
    against = partial(_difference, files)
    gained = partial(_difference, files, part="validation")
    regular = partial(gained, base="default")
    accuracy = "accuracy, % (higher is better)"
    brief = _table(f"test {accuracy}", BRIEF, fair)
    gap = [DIFFERENCE, *(against("flat", name) for name in COMPLETE)]
    return {
        "results": f"{brief}\n{markdown_row(gap)}",
        "settings": _settings(files),
        "main": f"{_table(f'test {accuracy}', MAIN, fair)}\n{_largest_classes()}",
        "main differences": _counted(_table(DIFFERENCE, MAIN[1:], against)),
        "pairs": _counted(_pairs(files)),
        "distinct pairs": _counted(_pairs(files, DISTINCT[:1])),
        "variants": _table(f"test {accuracy}", ["learned", *OTHERS], fair),
        "variant differences": _counted(_table(DIFFERENCE, OTHERS, against)),
        "distinct": _without_copies(files, fair),
        "paper": _table(
            f"validation {accuracy}", [*OF_PAPER, *ON_DD], paper, PAPER_COLUMNS
        ),
        "validation": _table(
            f"validation {accuracy}", VALIDATED, partial(_validation, files)
        ),
        "gained": _table(DIFFERENCE, DEPARTURES, gained, ("ENZYMES", "MUTAG")),
        "regularised": _table(
            DIFFERENCE, REGULARISED, regular, ("ENZYMES", "PROTEINS")
        ),
        "seconds": _seconds(files),
    }


def fill(text, blocks):
    """Return the text of a page with its marked blocks replaced by these.

    Blocks that the page has no markers for are left out.
    """
    for name, block in blocks.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        if start in text:
            before, rest = text.split(start)
            text = before + start + block + end + rest.split(end)[1]
    return text


def block_of(text, name):
    """Return what a page shows between the markers of a block."""
    rest = text.split(f"<!-- {name} -->\n")[1]
    return rest.split(f"\n<!-- end of {name} -->")[0]


def read_rows(folder):
    """Return the content of each row's file by protocol, row and data set."""
    files = {}
    for path in sorted(folder.glob("*/*-*.json")):
        row, _, protocol = path.stem.rpartition("-")
        if path.parent.name in SETS and row in ROWS:
            files[protocol, row, path.parent.name] = json.loads(path.read_text())
    return files


def _table(corner, rows, cell, names=COMPLETE):
    """Return a table of `cell(row, name)`, without the rows that have no number."""
    lines = [[ROWS[row].title, *(cell(row, name) for name in names)] for row in rows]
    return markdown_table(
        [corner, *names], [line for line in lines if set(line[1:]) != {"-"}]
    )


def _settings(files):
    columns = [SETS[name] for name in COMPLETE]
    pairs = ("{}, {}".format(*known.two_levels) for known in columns)
    rows = [
        ["epochs", *(known.epochs for known in columns)],
        *(
            [f"median of the chosen epochs, {ROWS[row].title}", *_epochs(files, row)]
            for row in BRIEF
        ),
        ["clusters", *(known.clusters[0] for known in columns)],
        ["clusters, two levels", *pairs],
    ]
    return markdown_table(["setting", *COMPLETE], rows)


def _epochs(files, row):
    """Yield for each data set the median, over folds and runs, of the chosen epochs."""
    for name in COMPLETE:
        kept = files.get(("fair", row, name))
        folds = kept["result"]["folds"] if kept else ()
        epochs = [run["epoch"] for fold in folds for run in fold["runs"]]
        yield f"{np.median(epochs):g}" if epochs else "-"


def _largest_classes():
    shares = (f"{100 * SETS[name].largest_class:.1f}" for name in COMPLETE)
    return markdown_row(["always the largest class", *shares])


def _pairs(files, names=COMPLETE):
    """Return the table of differences between the rows of each pair that was run."""
    rows = [
        [
            f"{SHORT[first]} minus {SHORT[second]}",
            *(_difference(files, second, name, base=first) for name in names),
        ]
        for first, second in PAIRS
    ]
    return markdown_table(
        [DIFFERENCE, *names], [row for row in rows if {*row[1:]} != {"-"}]
    )


def _without_copies(files, score):
    """Return the rows that were run without copies, beside those with all graphs."""
    found = {row for _, row, name in files if name in DISTINCT}
    names = [other for name in DISTINCT for other in (SETS[name].distinct_of, name)]
    rows = [row for row in (*MAIN, *OTHERS) if row in found]
    return _table("test accuracy, % (higher is better)", rows, score, names)


def _score(files, protocol, row, name):
    published = getattr(ROWS[row], protocol).get(name)
    note = f" ({published})" if published else ""
    kept = files.get((protocol, row, name))
    if kept is None:
        return "-" + note
    epochs = epochs_in(kept, name)
    more = f", {epochs} epochs" if epochs != SETS[name].epochs else ""
    return _percent(kept["result"]["score"], kept["result"]["spread"]) + more + note


def _fold_scores(files, row, name, part):
    """Return the accuracy of each fold by the fair protocol; None if it was not run."""
    kept = files.get(("fair", row, name))
    return kept and np.array([fold[part] for fold in kept["result"]["folds"]])


def difference(files, row, name, part="test", base="learned"):
    """Return the accuracy of the row `base` minus the row's, or None if not run."""
    first, other = (_fold_scores(files, at, name, part) for at in (base, row))
    if first is None or other is None:
        return None
    return compare(first, other, ratio=RATIOS[part])


def _difference(*arguments, **options):
    """Return the text of a difference; it is bold if the interval excludes 0."""
    found = difference(*arguments, **options)
    if found is None:
        return "-"
    text = "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * value for value in found[:3]))
    return f"**{text}**" if found.low > 0 or found.high < 0 else text


def _counted(table):
    """Return a table of differences, with how many of its intervals exclude 0."""
    found = table.count("]**")
    count = table.count("]") - table.count(DIFFERENCE)
    chance = f"without any difference, about {0.05 * count:.1f} would"
    return f"{table}\n\n{found} of {count} intervals exclude 0; {chance}."


def _validation(files, row, name):
    values = _fold_scores(files, row, name, "validation")
    return "-" if values is None else _percent(np.mean(values), np.std(values))


def _percent(mean, spread):
    return f"{100 * mean:.1f} ± {100 * spread:.1f}"


def _seconds(files):
    """Return the seconds of each protocol's rows, and what was run altogether."""
    parts = []
    for protocol, title in TITLES.items():
        kept = [key for key in files if key[0] == protocol]
        names = [name for name in SETS if any(key[2] == name for key in kept)]
        rows = [
            [
                f"`{row}`: {ROWS[row].title}",
                *(_cell(files, protocol, row, name) for name in names),
            ]
            for row in ROWS
            if any(key[1] == row for key in kept)
        ]
        parts.append(markdown_table([title, *names], rows))
    spent = sum(kept["seconds"] for kept in files.values()) / 3600
    trainings = sum(map(count_trainings, files.values()))
    total = f"{len(files)} rows, {trainings:,} trainings, {spent:.1f} core hours."
    return "\n\n".join([*parts, total])


def _cell(files, protocol, row, name):
    """Return a row's seconds, with the options that differ from most rows'."""
    kept = files.get((protocol, row, name))
    if kept is None:
        return "-"
    epochs, runs = epochs_in(kept, name), kept["settings"]["runs"]
    options = f" --epochs {epochs}" if epochs != SETS[name].epochs else ""
    options += f" --runs {runs}" if runs not in (None, 1) else ""
    return f"{kept['seconds']}{options}"


def epochs_in(kept, name):
    """Return the epochs of a row's file; the kernel has none, and those of its set."""
    return kept["settings"].get("parameters", {}).get("epochs", SETS[name].epochs)


def count_trainings(kept):
    """Return the number of trainings of a row's file.

    By the fair protocol the final runs follow those of a choice of a configuration.
    """
    choices, runs = len(kept["settings"]["grid"]), kept["settings"]["runs"]
    per_fold = choices if runs is None else runs + (choices if choices > 1 else 0)
    return len(kept["result"]["folds"]) * per_fold
