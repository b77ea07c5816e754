"""Seconds and memory of loading a data set, compared with torch_geometric.

    NPDIFFPOOL_DATA=folder python benchmarks/loading.py

Each measurement is a fresh process. npdiffpool reads the zip of a data set. The first
load of torch_geometric reads the text files from a folder and saves a copy of its own,
which its second load reads. Writes loading.json and loading.md beside this file.
"""

import json
import os
import statistics
import sys
import tempfile
import zipfile
from itertools import product
from pathlib import Path

import report
import speed
from markdown_table import markdown_table

DATASETS, ROUNDS = ("COLLAB", "REDDIT-BINARY"), 3
MINE = "npdiffpool, the zip"
THEIRS = "torch_geometric, first load", "torch_geometric, second load"
FIGURES = "seconds", "peak", "before"
LOAD = """
import json, pathlib, time
{imports}
def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
before, start = peak(), time.perf_counter()
{call}
found = {{"seconds": time.perf_counter() - start, "peak": peak(), "before": before}}
print(json.dumps(found))
"""
HEAD = """# Loading

Written by loading.py from the measurements in loading.json: medians of 3 processes.
torch_geometric saves its own copy of a data set when it loads it for the first time;
npdiffpool saves nothing and reads the zip each time. MB are the peak of the process,
and its peak after the imports.
"""


def load(name, reader, root):
    """Load a data set in a fresh process and return what it printed."""
    imports = "import torch; from torch_geometric.datasets import TUDataset"
    call = f"TUDataset({root!r}, {name!r})"
    if reader == MINE:
        imports = "import scipy.sparse; from npdiffpool import load_dataset"
        call = f"load_dataset({name!r})"
    output, failure = speed.run(["-c", LOAD.format(imports=imports, call=call)])
    if failure:
        sys.exit(f"{reader}, {name}: {failure}")
    return json.loads(output.splitlines()[-1])


def unpack(name, root):
    """Put the text files of a data set where torch_geometric looks for them."""
    raw = Path(root, name, "raw")
    raw.mkdir(parents=True)
    with zipfile.ZipFile(Path(os.environ["NPDIFFPOOL_DATA"], f"{name}.zip")) as files:
        for entry in files.infolist():
            if not entry.is_dir():
                (raw / Path(entry.filename).name).write_bytes(files.read(entry))


def write(results):
    """Return the text of loading.md."""
    rows, groups = [], {}
    for run in results["runs"]:
        groups.setdefault((run["name"], run["reader"]), []).append(run)
    for names, runs in groups.items():
        columns = [[run[key] for run in runs] for key in FIGURES]
        seconds, peak, before = map(statistics.median, columns)
        spread = f"{min(columns[0]):.2f} to {max(columns[0]):.2f}"
        cells = f"{seconds:.2f}", spread, f"{peak:.0f}", f"{before:.0f}"
        rows.append([*names, *cells])
    header = (
        "data set",
        "reader",
        "seconds",
        "min to max",
        "peak MB",
        "MB after imports",
    )
    sessions = map(report.session_lines, results["sessions"])
    return "\n".join([HEAD, *sessions, markdown_table(header, rows), ""])


def main():
    """Measure, and write the page."""
    results = {"sessions": [report.session()], "runs": []}
    for name, _ in product(DATASETS, range(ROUNDS)):
        with tempfile.TemporaryDirectory() as root:
            unpack(name, root)
            for reader in (MINE, *THEIRS):
                print(name, reader, flush=True)
                found = load(name, reader, root)
                results["runs"].append({"name": name, "reader": reader, **found})
    here = Path(__file__)
    here.with_suffix(".json").write_text(report.to_json(results))
    here.with_suffix(".md").write_text(write(results))


if __name__ == "__main__":
    main()
