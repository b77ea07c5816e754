"""The picture of differences: DiffPool, a flat GNN and other assignments compared.

`differences` returns them by data set and row, and `write` draws them into
results/differences.png. The picture's description is a digest of the table that shows
the same numbers, so that a test can tell whether its numbers are up to date.
"""

import hashlib

import tabletext
from matplotlib.figure import Figure
from tablerows import COMPLETE, PICTURED, ROWS

from npdiffpool._support.atomic_files import atomic_path
from npdiffpool.viz import plot_differences

NAME = "differences.png"


def differences(files):
    """Return the difference of DiffPool to each row of the picture, by data set."""
    found = {
        name: {row: tabletext.difference(files, row, name) for row in PICTURED}
        for name in COMPLETE
    }
    rows = [row for row in PICTURED if any(found[name][row] for name in found)]
    chosen = {
        name: {ROWS[row].title: of[row] for row in rows} for name, of in found.items()
    }
    return {name: of for name, of in chosen.items() if any(of.values())}


def digest(table):
    """Return the description of the picture of a table of differences."""
    return hashlib.sha256(table.encode()).hexdigest()


def write(folder):
    """Draw a panel for each data set with differences; write the picture."""
    found = differences(tabletext.read_rows(folder))
    if not found:
        return
    n_rows = len(next(iter(found.values())))
    figure = Figure((3.6 + 2.1 * len(found), 1.6 + 0.26 * n_rows), layout="constrained")
    panels = figure.subplots(1, len(found), sharex=True, sharey=True, squeeze=False)[0]
    for panel, (name, rows) in zip(panels, found.items()):
        plot_differences(rows, panel)
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("")
        panel.get_legend().remove()
    title = "DiffPool's test accuracy minus the row's, with 95 % intervals"
    figure.suptitle(title, x=0.01, ha="left")
    label = "percentage points; positive: DiffPool is better"
    figure.supxlabel(label, fontsize=10)
    marks = panels[0].get_legend_handles_labels()
    figure.legend(*marks, loc="outside upper right", ncols=2, frameon=False)
    about = digest(tabletext.tables(folder)["main differences"])
    with atomic_path(folder / NAME) as path:
        figure.savefig(path, dpi=100, metadata={"Description": about}, format="png")
