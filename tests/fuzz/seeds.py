"""The seeds: small valid files of each format, from which the fuzzers start.

    python -m tests.fuzz.seeds

writes them to corpus/TARGET/seed-*, which is under version control.
"""

import io
import json
import zipfile
from pathlib import Path

import npdiffpool as ndp
from npdiffpool.runs import checkpoints
from npdiffpool.runs.snapshot_file import write_snapshots

from . import packing
from .guard import disarmed, empty_folder
from .targets import GRAPHS, LABELS, OPTIONS, TARGETS, prepared, recorder

CORPUS = Path(__file__).with_name("corpus")
TINY = {
    "A": b"1, 2\n2, 1\n1, 3\n3, 1\n2, 3\n3, 2\n4, 5\n5, 4\n",
    "graph_indicator": b"1\n1\n1\n2\n2\n2\n",
    "graph_labels": b"7\n-1\n",
    "node_labels": b"0\n2\n5\n5\n2\n0\n",
    "node_attributes": b"1.5, 2\n" * 5 + b"-3,  4e1\n",
}
EDGES = {"edge_labels": b"1\n" * 8, "edge_attributes": b".5, 2\n" * 8}
SPELLINGS = ["TINY//", "./TINY/", "TINY\\", "TINY/.//", ".\\TINY/"]
FOLD = '{"test": [%s], "model_selection": [{"train": [%s], "validation": [%s]}]}'


def models():
    """Yield model files of several kinds."""
    classifier, regressor = ndp.DiffPoolClassifier, ndp.DiffPoolRegressor
    flat = {**OPTIONS, "clusters": (), "gnn": "s2v", "n_layers": 2}
    fixed = {**OPTIONS, "assignment": "uniform", "readout": "set2set"}
    graclus = {**OPTIONS, "assignment": "graclus", "readout": "sortpool", "gnn": "mlp"}
    random = {**OPTIONS, "assignment": "random", "concat_layers": False}
    names = ["one", "two"] * 3
    with empty_folder() as folder:
        for made in (
            classifier(**OPTIONS).fit(GRAPHS, names),
            classifier(**flat).fit(GRAPHS, LABELS),
            classifier(**fixed, gnn="gcn").fit(GRAPHS, LABELS),
            regressor(**OPTIONS, dtype="float64").fit(GRAPHS, [0.5, 2] * 3),
            regressor(**graclus).fit(GRAPHS, range(6)),
            classifier(**random).fit(GRAPHS, LABELS),
        ):
            made.save(folder / "model.npz")
            yield (folder / "model.npz").read_bytes()


def checkpoint_files():
    """Return the checkpoints of a training after its first two epochs."""
    clf, _, settings = prepared()
    with empty_folder() as folder:
        path, seen, found = folder / "checkpoint.npz", recorder(), []

        def keep(state):
            checkpoints.write_checkpoint(path, settings, state, seen)
            found.append(path.read_bytes())

        clf.fit(GRAPHS, LABELS, (GRAPHS, LABELS), seen, on_checkpoint=keep)
        return found[:2]


def folders():
    """Return TU folders: all files, the required ones, links, a pipe, no labels."""
    files = [(f"TINY_{part}.txt", text) for part, text in TINY.items()]
    required = [("in/" + name, text) for name, text in files[:3]]
    links = [*files[:3], ("TINY_node_labels.txt -> ../../../etc/passwd", b"")]
    pipe = [*files[:3], ("TINY_node_attributes.txt |", b"")]
    edges = [(f"TINY_{part}.txt", text) for part, text in EDGES.items()]
    gaps = ("TINY_graph_indicator.txt", b"2\n2\n2\n4\n4\n4\n")
    bare = [("raw/" + name, text) for name, text in (files[0], gaps, *edges)]
    folders = (files, required, links, pipe, bare)
    return [packing.pack(chosen) for chosen in folders]


def zips():
    """Yield zips of a TU folder: deflated, stored, and with names of many spellings."""
    files = {f"TINY_{part}.txt": text for part, text in TINY.items()}
    more = {f"TINY_{part}.txt": text for part, text in EDGES.items()}
    plain = [("TINY/" + name, text) for name, text in files.items()]
    spelt = [(w + name, text) for w, (name, text) in zip(SPELLINGS, files.items())]
    deeper = [("x//y\\" + name, text) for name, text in {**files, **more}.items()]
    twice = [*plain, ("./TINY//TINY_A.txt", b"")]
    deflated, stored = zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED
    yield from (zip_of(plain, deflated), zip_of(plain, stored))
    yield from (zip_of(chosen, deflated) for chosen in (spelt, deeper, twice))


def zip_of(files, method):
    """Return a zip of files, pairs of name and bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, text in files:
            archive.writestr(zipfile.ZipInfo(name), text, method)
    return buffer.getvalue()


def splits_files():
    """Return index lists of six graphs in two folds."""
    folds = FOLD % ("0, 1, 2", "3, 4", "5"), FOLD % ("3, 4, 5", "0, 1", "2")
    return [f"[{', '.join(folds)}]".encode()]


def grids():
    """Return grids: a list of configurations, and lists of values."""
    rows = [{"hidden": 32, "clusters": [2, 1]}, {"learning_rate": 0.01, "clusters": 2}]
    lists = {"hidden": [8, 16], "gnn": ["gcn", "sage"], "patience": [None, 3]}
    return [json.dumps(content).encode() for content in (rows, lists)]


def run_folders():
    """Return run folders for a report, with and without snapshots."""
    seen = recorder()
    model = ndp.DiffPoolClassifier(**OPTIONS).fit(GRAPHS, LABELS, on_epoch=seen)
    names = list(model.history_[0])
    rows = [",".join(str(row[name]) for name in names) for row in model.history_]
    history = "\n".join([",".join(names), *rows]).encode() + b"\n"
    confusion = {"true": [0, 1], "predicted": [0, 1], "counts": [[2, 1], [0, 3]]}
    results = {"best_epoch": 2, "validation_accuracy": 0.5, "test_accuracy": 0.5}
    results |= {"test_graphs": 6, "majority_test_accuracy": 0.5, "confusion": confusion}
    counts = {"graphs": 6, "classes": 2, "nodes_mean": 3.5, "edges_mean": 2.5}
    config = {"data": {"name": "TINY", "source": "here", "statistics": counts}}
    config |= {"features": ["label=0", "label=1"], "results": results, "clusters": [2]}
    config |= {"parameters": model.get_params(), "versions": {"python": "3"}}
    with empty_folder() as folder:
        write_snapshots(folder / "snapshots.npz", seen.snapshots())
        watched = (folder / "snapshots.npz").read_bytes()
    files = [("config.json", json.dumps(config).encode()), ("history.csv", history)]
    return [packing.pack(f) for f in ([*files, ("snapshots.npz", watched)], files)]


BUILDERS = {
    "model": models,
    "checkpoint": checkpoint_files,
    "tu": folders,
    "zip": zips,
    "splits": splits_files,
    "grid": grids,
    "report": run_folders,
}


def inputs(target):
    """Return the corpus of a target by file name: seeds and earlier findings."""
    paths = sorted((CORPUS / target).iterdir())
    return {path.name: path.read_bytes() for path in paths}


def warm_up(target):
    """Read the seeds without the guard: libraries import some parts at first use."""
    with disarmed():
        for name, data in inputs(target).items():
            if name.startswith("seed-"):
                TARGETS[target](data)


def main():
    """Write the seeds."""
    for target, build in BUILDERS.items():
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(build()):
            (CORPUS / target / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    main()
