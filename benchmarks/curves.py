"""Learning curves of DiffPool on DD, one change of the configuration at a time.

    NPDIFFPOOL_DATA=folder python benchmarks/curves.py

Each configuration is trained on the training parts of the fair protocol, and evaluated
on its validation parts after every epoch; the test parts are not used. After each
training the numbers are written to results/curves.json, the page to results/curves.md
and the picture to results/curves.png. The same command resumes.
"""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from pathlib import Path

import numpy as np
import tabletext
from markdown_table import markdown_table
from matplotlib.figure import Figure

import npdiffpool as ndp
from npdiffpool._support.atomic_files import write_text
from npdiffpool.evaluation import compare
from npdiffpool.evaluation.splits import read_splits
from npdiffpool.viz.drawing.colours import OKABE_ITO

DATA = "DD"
BASE = {"clusters": (50,), "ratio_of": "largest"}
TABLE = "as in the table of variants"
CONFIGURATIONS = {
    TABLE: {},
    "learning_rate=3e-4": {"learning_rate": 3e-4},
    "learning_rate=3e-3": {"learning_rate": 3e-3},
    "clusters: 0.1 of the mean graph, 28": {"clusters": (28,)},
    "clusters: 0.25 of the mean graph, 71": {"clusters": (71,)},
    "batch_norm=True": {"batch_norm": True},
    'readout="sum"': {"readout": "sum"},
    'readout="mean"': {"readout": "mean"},
    "dropout=0.3": {"dropout": 0.3},
}
KINDS = "training", "validation"
KEYS = "train_accuracy", "validation_accuracy"
LAST = 10  # epochs whose mean accuracy is shown
FEW = 20  # epochs of the table of variants
RATIO = tabletext.RATIOS["validation"]
PATH = Path(__file__).parent / "results" / "curves.json"
HEAD = """# Learning curves on DD

Written by `python benchmarks/curves.py` from curves.json: DiffPool with one change of
its configuration at a time, on the training and validation parts of the first {folds}
folds of the fair protocol, {epochs} epochs, seed 0. The first row is DiffPool as in
[README.md](README.md): learning rate 0.001, one level of 50 clusters, the maximum as
readout, no batch norm, no dropout. Accuracies are in percent, means over folds. To
train again: `NPDIFFPOOL_DATA=FOLDER python benchmarks/curves.py --out again.json`, with
[the index lists](README.md#reproduce-a-cell) in FOLDER/splits.

- "Highest": the highest mean validation accuracy at one epoch, among the first {few}
  epochs and among all. It is a maximum, and so too high for new graphs; it grows with
  the number of epochs, even where nothing more is learnt. It cannot be compared with
  78.5 and the paper's 80.64 in README.md: those are means over ten folds of other
  parts.
- "Last {last} epochs": their mean validation accuracy, which nothing chose.
- "Difference": that of a row's last {last} epochs to the first row's, with its 95 %
  interval (corrected resampled t-test); positive where the change helps. With so few
  folds the intervals are wide: they show no change that helps or harms, and none of
  them excludes a gain of two points.
"""


def train(job):
    """Train one configuration on one fold; return its curves."""
    name, fold, epochs = job
    dataset = ndp.load_dataset(DATA)
    path = Path(os.environ["NPDIFFPOOL_DATA"], "splits", f"{DATA}_splits.json")
    split = read_splits(path, len(dataset))[fold]
    known, held = dataset[split.train], dataset[split.validation]
    model = ndp.DiffPoolClassifier(epochs=epochs, **BASE | CONFIGURATIONS[name])
    start = time.perf_counter()
    model.fit(known, known.labels, validation=(held, held.labels))
    curves = {key: [round(row[key], 5) for row in model.history_] for key in KEYS}
    seconds = round(time.perf_counter() - start)
    return {"name": name, "fold": fold, "seconds": seconds, **curves}


def curves_of(kept):
    """Return {configuration: (training, validation)}, each folds by epochs."""
    found = {}
    for name in CONFIGURATIONS:
        runs = {run["fold"]: run for run in kept["runs"] if run["name"] == name}
        folds = range(kept["folds"])
        if runs.keys() >= {*folds}:  # means of other folds would mislead
            found[name] = [
                100 * np.array([runs[fold][key] for fold in folds]) for key in KEYS
            ]
    return found


def write(kept):
    """Return the text of the page."""
    curves, rows = curves_of(kept), []
    for name, (known, held) in curves.items():
        mean = held.mean(axis=0)
        best = int(mean.argmax())
        last = held[:, -LAST:].mean(axis=1)
        difference = ""
        if name != TABLE and TABLE in curves:
            of_table = curves[TABLE][1][:, -LAST:].mean(axis=1)
            gain, low, high, *_ = compare(last, of_table, RATIO)
            difference = f"{gain:+.1f} [{low:+.1f}, {high:+.1f}]"
        highest = f"{mean[:FEW].max():.1f}", f"{mean[best]:.1f} (epoch {best + 1})"
        learnt = f"{known[:, -LAST:].mean():.1f}"
        rows.append([name, *highest, f"{last.mean():.1f}", difference, learnt])
    epochs = kept["epochs"]
    titles = ["configuration", f"highest of {FEW} epochs", f"highest of {epochs}"]
    titles += [f"last {LAST} epochs: validation", "difference", "training"]
    head = HEAD.format(folds=kept["folds"], epochs=epochs, few=FEW, last=LAST)
    hours = sum(run["seconds"] for run in kept["runs"]) / 3600
    spent = f"{len(kept['runs'])} trainings, {hours:.1f} core hours."
    picture = "![Mean accuracy over epochs, training and validation](curves.png)"
    return "\n".join([head, markdown_table(titles, rows), "", spent, "", picture, ""])


def draw(kept, path):
    """Draw a panel for each configuration, with the curves of the table in grey."""
    curves, epochs = curves_of(kept), np.arange(1, kept["epochs"] + 1)
    figure = Figure(figsize=(9, 8), layout="constrained")
    panels = figure.subplots(-(-len(CONFIGURATIONS) // 3), 3, sharex=True, sharey=True)
    for name, axes in zip(CONFIGURATIONS, panels.flat):
        axes.set_title(name, fontsize=9, loc="left")
        for drawn, colour in ((TABLE, "0.7"), (name, OKABE_ITO[0])):
            for line, kind, width in zip(curves.get(drawn, ()), KINDS, (0.8, 1.8)):
                style = {"color": colour, "linewidth": width, "label": kind}
                axes.plot(epochs, line.mean(axis=0), **style)
    panels.flat[0].set_xlim(0, None)
    figure.supxlabel("epoch", fontsize=10)
    title = "accuracy in %, means over folds; grey: as in the table of variants"
    figure.suptitle(title, fontsize=10)
    if TABLE in curves:
        marks = panels.flat[0].get_legend_handles_labels()
        handles, labels = (half[2:] for half in marks)
        figure.legend(handles, labels, loc="outside upper right", frameon=False)
    figure.savefig(path, dpi=100)


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=PATH, help="a .json file")
    return parser.parse_args()


def main():
    """Train what is missing; write numbers, page and picture after each training."""
    options = parse()
    if not os.environ.get("NPDIFFPOOL_DATA"):
        raise SystemExit("NPDIFFPOOL_DATA must name the folder of the data sets")
    kept = {"epochs": options.epochs, "folds": options.folds, "runs": []}
    if options.out.exists():
        found = json.loads(options.out.read_text())
        if found["epochs"] != options.epochs:
            raise SystemExit(
                f"{options.out} has {found['epochs']} epochs, not --epochs"
            )
        kept["runs"] = found["runs"]
    done = {(run["name"], run["fold"]) for run in kept["runs"]}
    jobs = product(CONFIGURATIONS, range(options.folds), [options.epochs])
    missing = [job for job in jobs if job[:2] not in done]
    with ProcessPoolExecutor(options.jobs) as pool:
        for future in as_completed([pool.submit(train, job) for job in missing]):
            kept["runs"].append(future.result())
            run = kept["runs"][-1]
            print(run["name"], run["fold"], run["validation_accuracy"][-1], flush=True)
            save(kept, options.out)
    save(kept, options.out)


def save(kept, path):
    """Write the numbers, one run per line, the page and the picture."""
    head = json.dumps({key: kept[key] for key in ("epochs", "folds")})[:-1]
    runs = ",\n".join(map(json.dumps, kept["runs"]))
    write_text(path, f'{head}, "runs": [\n{runs}\n]}}\n')
    write_text(path.with_suffix(".md"), write(kept))
    draw(kept, path.with_suffix(".png"))


if __name__ == "__main__":
    main()
