"""How long the table would take on 1 to 1,000 workers, by its measured trainings.

    python benchmarks/estimate.py

A row of results/ says how many seconds its trainings took together; each counts as
their mean. A row that was not run counts as the one called `learned`, by the same
protocol or else the other. Workers take trainings in the table's order; final runs wait
for the choices of their fold. Left out is what a worker does but once: to import the
package and to load a data set, some seconds together.
"""

import heapq
import json
import sys
from pathlib import Path

from tablerows import ROWS, SETS

RESULTS = Path(__file__).parent / "results"
FOLDS = 10
WORKERS = (1, 10, 100, 1000)


def measured(name, row, protocol):
    """Return the mean seconds of a training of a row; None where it was not run."""
    path = RESULTS / name / f"{row}-{protocol}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    settings = kept["settings"]
    choices, runs = len(settings["grid"]), settings["runs"]
    count = choices if protocol == "paper" else runs + (choices if choices > 1 else 0)
    return kept["seconds"] / (FOLDS * count)


def seconds_of(name, row, protocol):
    """Return the seconds of a training, of a row that was run or one like it."""
    asked = ((row, protocol), ("learned", protocol), ("learned", "fair"))
    found = [measured(name, *one) for one in asked]
    return next(seconds for seconds in found if seconds is not None)


def folds_of_table():
    """List the folds: of each the seconds of what comes first, and of what waits."""
    folds = []
    for name in SETS:
        for row in ROWS:
            choices = len(ROWS[row].grid)
            for protocol in ("fair", "paper"):
                each = [seconds_of(name, row, protocol)]
                waits = protocol == "fair" and choices > 1
                folds += FOLDS * [(choices * each, each if waits else [])]
    return folds


def makespan(folds, workers):
    """Return the seconds until all is done, workers taking what is ready in order."""
    ready = [(0.0, i, first) for i, (first, _) in enumerate(folds)]  # a heap
    free, end = [0.0] * workers, 0.0
    while ready:
        start, i, trainings = heapq.heappop(ready)
        ends = []
        for seconds in trainings:
            ends.append(max(heapq.heappop(free), start) + seconds)
            heapq.heappush(free, ends[-1])
        end = max(end, *ends)
        if trainings is folds[i][0] and folds[i][1]:
            heapq.heappush(ready, (max(ends), i, folds[i][1]))
    return end


def main():
    """Print the table."""
    folds = folds_of_table()
    trainings = [seconds for fold in folds for part in fold for seconds in part]
    print(f"{len(ROWS)} rows, {len(SETS)} data sets, 2 protocols: {len(trainings)} ")
    print(f"trainings, {sum(trainings) / 3600:.1f} hours, one {max(trainings):.0f} s\n")
    print("| workers | hours | of their time in use |\n|---|---|---|")
    for workers in WORKERS:
        seconds = makespan(folds, workers)
        use = sum(trainings) / seconds / workers
        print(f"| {workers:,} | {seconds / 3600:.2f} | {use:.0%} |")


if __name__ == "__main__":
    sys.exit(main())
