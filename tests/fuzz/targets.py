"""The targets: functions of bytes that read one kind of file, as a user would.

A target returns None or, if the file is refused, the documented error; anything it
raises is a finding. It runs under the guard of guard.py. `TARGETS` has them by name;
`BUILDERS` in seeds.py makes their seeds.
"""

import json
import warnings
from functools import cache
from html.parser import HTMLParser
from unittest.mock import patch

import numpy as np

import npdiffpool as ndp
from npdiffpool._support.contracts import OverflowedError
from npdiffpool.cli.grid import GridError, read_grid
from npdiffpool.datasets import DatasetError
from npdiffpool.estimators.model_file import ModelFileError
from npdiffpool.evaluation.splits import SplitsError, read_splits
from npdiffpool.graphs.checks import GraphError
from npdiffpool.runs import checkpoints
from npdiffpool.runs.checkpoints import OF_LOSS, ROW
from npdiffpool.runs.snapshots import Recorder
from npdiffpool.training import fit as training
from npdiffpool.viz import write_report

from . import packing
from .guard import Violation, empty_folder, guarded

MAX_BYTES = 1 << 16  # of an input
N_GRAPHS = 6
OPTIONS = {"hidden": 2, "n_layers": 1, "clusters": (2,), "classifier_hidden": 0}
OPTIONS |= {"batch_norm": True, "epochs": 3, "ratio_of": "largest"}  # as in the seeds
GRAPHS = [ndp.Graph(np.eye(n, k=1) + np.eye(n, k=-1), np.eye(n, 2)) for n in (3, 4) * 3]
LABELS = [0, 1] * 3
# The elements and attributes of a report; text in a file must not add others.
TAGS = set("""html head meta link title style body header h1 h2 h3 main section p div
    table tr th td caption details summary footer script figure figcaption small svg
    line text polyline circle span strong ul li g""".split())
ATTRIBUTES = set("""lang charset name content http-equiv rel href class id type scope
    style viewbox role aria-label x y x1 x2 y1 y2 cx cy r points fill pathlength
    stroke-width stroke-dasharray transform""".split())


def model(data):
    """Load a model, predict, save it and load it again."""
    with empty_folder() as folder, guarded(folder):
        path = folder / "model.npz"
        path.write_bytes(data)
        try:
            loaded = ndp.load_model(path)
        except ModelFileError as error:
            return _check_message(error)
        width, clusters = loaded.n_features_in_, loaded.config_.clusters
        if width <= 100 and max(clusters, default=0) <= 100:
            graphs = [ndp.Graph(np.ones((n, n)), np.ones((n, width))) for n in (1, 4)]
            try:
                loaded.predict(graphs)
            except (OverflowedError, GraphError):  # of the features or their products
                pass
        loaded.save(folder / "again.npz")
        ndp.load_model(folder / "again.npz")


@cache
def prepared():
    """Return the classifier, configuration and settings of a resumed training."""
    clf = ndp.DiffPoolClassifier(**OPTIONS)
    *_, config = clf.check(GRAPHS, LABELS)
    return clf, config, {"parameters": json.loads(json.dumps(clf.get_params()))}


def recorder():
    """Return a recorder of snapshots of the graphs."""
    return Recorder(range(N_GRAPHS), GRAPHS, LABELS, OPTIONS["epochs"])


def checkpoint(data):
    """Resume a training and finish it."""
    clf, config, settings = prepared()
    with empty_folder() as folder, guarded(folder):
        path, seen = folder / "checkpoint.npz", recorder()
        path.write_bytes(data)
        saver = checkpoints.Saver(path, settings, seen)
        try:
            state = saver.load(config)
        except checkpoints.CheckpointError as error:
            return _check_message(error)
        options = {"on_epoch": seen, "on_checkpoint": saver, "resume": state}
        try:
            with patch.object(training, "keep_freed_memory", lambda: None):
                clf.fit(GRAPHS, LABELS, (GRAPHS, LABELS), **options)
        except ValueError as error:  # training diverges
            return _check_message(error)
        seen.snapshots()
        assert {frozenset(row) for row in clf.history_} == {
            frozenset(ROW | OF_LOSS["cross_entropy"])
        }


def tu(data):
    """Load a TU folder, unpacked by packing.py."""
    with empty_folder() as folder:
        packing.write(data, folder / "set")
        with guarded(folder / "set"):
            return _load(folder / "set")


def zipped(data):
    """Load a zip of TU files."""
    with empty_folder() as folder, guarded(folder):
        path = folder / "set.zip"
        path.write_bytes(data)
        return _load(path)


def _load(path):
    for options in ({}, {"features": "degree"}, {"weights": "attribute 0"}):
        try:
            with warnings.catch_warnings():  # of files that are not used, and the like
                warnings.simplefilter("ignore", UserWarning)
                dataset = ndp.load_dataset(path, **options, require_labels=False)
        except DatasetError as error:
            _check_message(error)
            return None if "weights" in options else error
        assert dataset.name.isprintable()
        assert len(dataset) > 0
        assert dataset.labels is None or len(dataset) == len(dataset.labels)
        assert {g.n_features for g in dataset} == {len(dataset.feature_names)}
        dataset.statistics()


def splits(data):
    """Read index lists."""
    with empty_folder() as folder, guarded(folder):
        path = folder / "splits.json"
        path.write_bytes(data)
        try:
            found = read_splits(path, N_GRAPHS)
        except SplitsError as error:
            return _check_message(error)
        assert sorted(sum((split.test for split in found), [])) == [*range(N_GRAPHS)]


def grid(data):
    """Read a grid, and check its first configurations with a classifier."""
    with empty_folder() as folder, guarded(folder):
        path = folder / "grid.json"
        path.write_bytes(data)
        try:
            rows = read_grid(path)
        except GridError as error:
            return _check_message(error)
        for row in rows[:5]:
            try:
                ndp.DiffPoolClassifier().set_params(**row).check(GRAPHS, LABELS)
            except ValueError as error:
                _check_message(error)


def report(data):
    """Write the report of a run folder, unpacked by packing.py."""
    with empty_folder() as folder:
        packing.write(data, folder / "run")
        with guarded(folder / "run"):
            try:
                page = write_report(folder / "run").read_text(encoding="utf-8")
            except (ValueError, FileNotFoundError) as error:
                return _check_message(error)
        _Page(page)


class _Page(HTMLParser):
    """A parser that accepts only the elements and attributes of a report."""

    def __init__(self, text):
        super().__init__()
        self.feed(text)
        if text.count("</script") != 2 or text.count("<script") != 2:
            raise Violation("the page has a foreign script")

    def handle_starttag(self, tag, attributes):
        strange = {name for name, _ in attributes} - ATTRIBUTES
        if tag not in TAGS or strange:
            raise Violation(f"the page has a foreign element {tag} with {strange}")


def _check_message(error):
    """Require that an error has a message; return it."""
    assert str(error), "an error without a message"
    return error


TARGETS = {
    "model": model,
    "checkpoint": checkpoint,
    "tu": tu,
    "zip": zipped,
    "splits": splits,
    "grid": grid,
    "report": report,
}
