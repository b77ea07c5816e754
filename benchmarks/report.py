"""The report of speed.py: the machine, installed sizes, and the tables.

`write` returns the text of speed.md, computed from speed.json alone.
"""

import json
import math
import os
import platform
import re
import shlex
import statistics
import sys
import time
from importlib import metadata, util
from pathlib import Path

from markdown_table import markdown_table

MINE = "npdiffpool"
DENSE = "torch_geometric dense"
KEPT = ", memory kept"  # the C library does not return freed memory to the system
VERSIONS = (
    "npdiffpool",
    "numpy",
    "scipy",
    "autograd",
    "torch",
    "torch-geometric",
    "torch-geometric-pool",
    "torch-scatter",
    "threadpoolctl",
)
ROOTS = {  # torch_geometric and tgp do not list torch as a requirement
    "npdiffpool": ["npdiffpool"],
    "torch": ["torch"],
    "torch_geometric": ["torch-geometric", "torch"],
    "tgp": ["torch-geometric-pool", "torch-geometric", "torch"],
}
_COMPARED = ("median", "peak")
HEAD = """# Speed and memory

Written by speed.py from the measurements in speed.json. npdiffpool is compared with
torch_geometric's dense form and with the dense and sparse forms of torch-geometric-pool
(tgp) on one machine with two cores.

- Seconds per epoch are the median of all counted epochs of all rounds; each round is a
  fresh process. From one process to the next, epochs mostly differ by a tenth to a
  third, and by more with two threads when the machine had other work.
- Peak memory is the largest of the rounds, imports included. 1 MiB is 2^20 bytes.
- npdiffpool is `npdiffpool.training.fit.fit` on a `GraphBatch`, with the row's number
  of threads. "Fastest" and "leanest" are the best of the other implementations that
  finished, with that number of threads or fewer.
- "Memory kept": the C library keeps freed memory for the next step, as in `fit`
  (`MALLOC_MMAP_MAX_=0`). This can make a process faster, and larger.
- npdiffpool multiplies features that are mostly zero as CSR matrices, and propagates
  features once before training; the others do neither.
- Workloads are named data set-batch size-levels.

[floor.md](floor.md) compares an epoch with its matrix products alone,
[growth.md](growth.md) has time and memory for growing graphs, and [NOTES.md](NOTES.md)
lists what was tried for speed.
"""

RATIOS = """## Ratios

npdiffpool's time or memory divided by another implementation's: below 1, npdiffpool is
better.
"""


def session(graphs=None):
    """Return a description of the machine, its load and the command."""
    words = [Path(word).name for word in sys.argv]  # no folders
    command = shlex.join(["python", f"benchmarks/{words[0]}", *words[1:]])
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "command": command,
        "graphs": graphs,
        "processor": processor[1] if processor else platform.machine(),
        "cores": os.cpu_count(),
        "memory": round(int(memory[1]) / 2**20, 1),
        "load": os.getloadavg(),
        "versions": {"Python": platform.python_version(), **_versions()},
    }


def _versions():
    found = {}
    for name in VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def installed_sizes():
    """Return the MB on disk of each root, alone and with all its requirements."""
    sizes = {}
    for name, roots in ROOTS.items():
        closure = set()
        for root in roots:
            _add_requirements(root, closure)
        if closure:
            alone = _megabytes(roots[0].lower())
            sizes[name] = [alone, sum(map(_megabytes, closure)), len(closure)]
    return sizes


def _add_requirements(name, closure):
    """Add a distribution and its installed requirements, without extras."""
    from pip._vendor.packaging.requirements import Requirement

    name = re.sub(r"[-_.]+", "-", name).lower()
    if name in closure:
        return
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    closure.add(name)
    for requirement in map(Requirement, requirements):
        if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
            _add_requirements(requirement.name, closure)


def _megabytes(name):
    """Return the size of a distribution's files; for npdiffpool, of its folder."""
    if name == MINE:
        files = Path(util.find_spec(MINE).origin).parent.rglob("*")
    else:
        files = (file.locate() for file in metadata.files(name) or [])
    files = [Path(file) for file in files if not str(file).endswith(".pyc")]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def to_json(results):
    """Return the text of speed.json, one run per line."""
    parts = {key: json.dumps(part) for key, part in results.items()}
    for key in ("sessions", "runs"):
        parts[key] = "[\n" + ",\n".join(map(json.dumps, results[key])) + "\n]"
    return "{\n" + ",\n".join(f'"{k}": {part}' for k, part in parts.items()) + "\n}\n"


def write(results):
    """Return the text of speed.md."""
    groups = {}
    for run in results["runs"]:
        workload, threads, _, name = run["key"]
        groups.setdefault((workload, threads), {}).setdefault(name, []).append(run)
    groups = {key: _summaries(runs) for key, runs in groups.items()}
    parts = [HEAD, *map(session_lines, results["sessions"])]
    parts += [RATIOS, _ratio_table(groups), ""]
    parts += ["## Measurements\n", _table(groups), ""]
    parts += ["## Imports and size\n", _import_table(results["imports"]), ""]
    return "\n".join([*parts, _size_table(results["sizes"]), ""])


def session_lines(session):
    """Return lines that describe one session."""
    load = " ".join(f"{value:.2f}" for value in session["load"])
    versions = ", ".join(f"{n} {v}" for n, v in session["versions"].items())
    return (
        f"- {session['date']}: `{session['command']}`\n"
        f"  on {session['processor']}, {session['cores']} cores, "
        f"{session['memory']} GiB; load average before {load}.\n"
        f"  {versions}.\n{session.get('note', '')}"
    )


def _summaries(runs):
    """Return the seconds, peak and failure of each implementation in one group."""
    return {
        name: {
            "seconds": _seconds(of_name),
            "median": statistics.median(_seconds(of_name) or [math.inf]),
            "peak": max((run["peak"] for run in of_name if run["peak"]), default=None),
            "failure": next((r["failure"] for r in of_name if r["failure"]), ""),
            "rounds": len(of_name),
        }
        for name, of_name in runs.items()
    }


def _seconds(runs):
    return [second for run in runs for second in run["seconds"]]


def _ratio_table(groups):
    rows = []
    for (workload, threads), found in groups.items():
        seconds, peaks = (_least(groups, workload, threads, k) for k in _COMPARED)
        cells = ["none finished", *"----"]
        if MINE in seconds and len(seconds) > 1:
            mine, peak = seconds.pop(MINE), peaks.pop(MINE)
            fastest, leanest = (min(d, key=d.get) for d in (seconds, peaks))
            dense = min(seconds.get(name, math.inf) for name in (DENSE, DENSE + KEPT))
            cells = [f"{mine / seconds[fastest]:.2f}", fastest]
            cells += [f"{mine / dense:.2f}" if math.isfinite(dense) else "-"]
            cells += [f"{peak / peaks[leanest]:.2f}", leanest]
        if DENSE in found and found[DENSE]["failure"] and cells[2] == "-":
            cells[2] = found[DENSE]["failure"]
        rows.append([workload, threads, *cells])
    header = "workload", "threads", "time / fastest's", "fastest"
    header += f"time / {DENSE}'s", "peak memory / leanest's", "leanest"
    return markdown_table(header, rows)


def _least(groups, workload, threads, key):
    """Return each implementation's least value with at most this many threads."""
    least = {}
    for (other, fewer), found in groups.items():
        for name, summary in found.items():
            if other == workload and fewer <= threads and not summary["failure"]:
                least[name] = min(summary[key], least.get(name, math.inf))
    return least


def _table(groups):
    rows = []
    for (workload, threads), found in groups.items():
        for name, s in found.items():
            low, median, high = "-", s["failure"] or "-", "-"
            if s["seconds"]:
                low, high = (f"{end(s['seconds']):.3f}" for end in (min, max))
                note = f" ({s['failure']})" if s["failure"] else ""
                median = f"{statistics.median(s['seconds']):.3f}{note}"
            counts = f"{len(s['seconds'])} in {s['rounds']}"
            peak = f"{s['peak']:.0f}" if s["peak"] else "-"
            spread = f"{low} to {high}"
            rows.append([workload, threads, name, median, spread, counts, peak])
    header = "workload", "threads", "implementation", "s per epoch", "min to max"
    return markdown_table([*header, "epochs in rounds", "peak MiB"], rows)


def _import_table(imports):
    rows = []
    for statement, times in imports.items():
        seconds, memory = zip(*times) if times else ((float("nan"),), (float("nan"),))
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        second, size = statistics.median(seconds), statistics.median(memory)
        rows.append([f"`{statement}`", f"{second:.2f}", spread, f"{size:.0f}"])
    return markdown_table(
        ("statement", "seconds", "min to max", "MiB afterwards"), rows
    )


def _size_table(sizes):
    rows = [(n, f"{a:.1f}", f"{b:.0f}", count) for n, (a, b, count) in sizes.items()]
    header = "installed", "MB alone", "MB with requirements", "distributions"
    return markdown_table(header, rows)
