"""Estimate how long the table of variants takes on 1 to 1,000 workers.

    python benchmarks/estimate.py
    python benchmarks/estimate.py --write

Each row file in results/ has the total seconds of the row's trainings; each training is
counted as their mean. A row that was not run by one protocol is given the seconds by
the other or, failing that, those of the row `learned`. Workers take trainings in the
order of the table; the final runs of a row wait for all its choices of a configuration.
The time that each worker needs once, to import the package and load a data set (some
seconds), is left out. With --write the table in cluster.md is replaced.
"""

import argparse
import heapq
import json
import sys
from pathlib import Path

import tabletext
from markdown_table import markdown_table
from tablerows import cells, grid_of

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results", HERE / "cluster.md"
FOLDS = 10
WORKERS = (1, 10, 100, 1000)


def measured(name, row, protocol):
    """Return the mean seconds of one training of a row, or None if it was not run."""
    path = RESULTS / name / f"{row}-{protocol}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    return kept["seconds"] / tabletext.count_trainings(kept)


def seconds_of(name, row, protocol):
    """Return the seconds of one training of a row, or of the row `learned`.

    All configurations of a row take the same time by both protocols.
    """
    for other in dict.fromkeys((protocol, "fair", "paper")):  # this protocol first
        seconds = measured(name, row, other)
        if seconds is not None:
            return seconds * len(grid_of(row, other)) / len(grid_of(row, protocol))
    return seconds_of(name, "learned", protocol)


def stages_of(name, row, protocol):
    """Return the seconds of a row's first trainings and of its final runs."""
    each, choices = [seconds_of(name, row, protocol)], len(grid_of(row, protocol))
    has_final_runs = protocol == "fair" and choices > 1
    return FOLDS * choices * each, FOLDS * each if has_final_runs else []


def stages_of_table():
    """Return the seconds of the trainings of the whole table."""
    return [stages_of(*cell) for cell in cells()]


def makespan(stages, workers):
    """Return the seconds until all rows are done; trainings are taken in order."""
    ready = [(0.0, i, first) for i, (first, _) in enumerate(stages)]  # a heap
    free, end = [0.0] * workers, 0.0
    while ready:
        start, i, trainings = heapq.heappop(ready)
        ends = []
        for seconds in trainings:
            ends.append(max(heapq.heappop(free), start) + seconds)
            heapq.heappush(free, ends[-1])
        end = max(end, *ends)
        if trainings is stages[i][0] and stages[i][1]:
            heapq.heappush(ready, (max(ends), i, stages[i][1]))
    return end


def estimate():
    """Return the estimate as Markdown: the trainings, then the hours by workers."""
    stages = stages_of_table()
    trainings = [seconds for row in stages for part in row for seconds in part]
    total, rows = sum(trainings), []
    for workers in WORKERS:
        seconds = makespan(stages, workers)
        use = f"{total / seconds / workers:.0%}"
        rows.append([f"{workers:,}", f"{seconds / 3600:.2f}", use])
    sizes = f"{len(stages)} rows, each a variant on one data set by one protocol"
    hours = f"{total / 3600:.1f} hours on one core"
    longest = f"the longest takes {max(trainings):.0f} s"
    head = f"{sizes}: {len(trainings):,} trainings, {hours}; {longest}.\n\n"
    return head + markdown_table(["workers", "hours", "workers' time in use"], rows)


def main():
    """Print the estimate, or write it into cluster.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write it to cluster.md")
    if parser.parse_args().write:
        text = tabletext.fill(PAGE.read_text(), {"estimate": estimate()})
        PAGE.write_text(text)
    else:
        print(estimate())


if __name__ == "__main__":
    sys.exit(main())
