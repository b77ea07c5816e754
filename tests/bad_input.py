"""Rows of bad input, and the check that each of them must pass.

A row is a call with bad input. It must raise a ValueError of the documented kind before
any work is done; the message has one line and names the argument and what was seen; all
arguments and files stay unchanged. The rows are in test_bad_input*.py.
"""

import os
from pathlib import Path
from typing import NamedTuple

import networkx as nx
import numpy as np
import pytest
from matplotlib.artist import Artist
from scipy import sparse

from npdiffpool import DiffPoolClassifier, DiffPoolClusterer, DiffPoolRegressor, Graph

EDGE = [[0.0, 1.0], [1.0, 0.0]]
PAIR, WIDE = Graph(EDGE, [[1.0], [3.0]]), Graph(EDGE, np.ones((2, 2)))
GRAPHS = [PAIR, Graph([[0.0, 0.0], [0.0, 0.0]], [[1.0], [2.0]])] * 2
LABELS = [0, 1, 0, 1]
INF, NAN = float("inf"), float("nan")
SMALL = dict(hidden=3, n_layers=1, clusters=(2,), classifier_hidden=0, epochs=2)

# Functions that do the work: a call with bad input must not reach them.
WORK = """estimators.fitting.prepare.fit training.fit._next_epoch engine.model._embed
estimators.fitting.prepare.prepare_graphs
estimators.clusterer.train_assignment estimators.clusterer.assign_nodes
engine.fixed_assignments.graclus engine.graclus._merge_nodes
estimators.baselines.wl_colours evaluation.jobs.run_job testing.check._each_new
viz.drawing.levels.node_positions viz.figure_files._png engine.autodiff.toposort"""


class Row(NamedTuple):
    """One call with bad input, and parts of the message that it must raise."""

    entry: str  # dotted name of the function
    case: str  # what is wrong
    error: type
    parts: tuple
    call: object
    args: tuple
    options: dict
    files: dict


def rows(entry, call, *cases, error=ValueError, files=None):
    """Make a row of each case: (case, parts of the message, args[, options]).

    The parts are separated by " | ".
    """
    made = []
    for case, message, args, *options in cases:
        parts = tuple(message.split(" | "))
        options = options[0] if options else {}
        made.append(Row(entry, case, error, parts, call, args, options, files or {}))
    return made


def values(entry, call, name, requirement, *wrong, args=()):
    """Make a row of each wrong value of an option."""
    cases = [
        (f"{name}={v!r}", f"{name} must be {requirement}; got {v!r}", args, {name: v})
        for v in wrong
    ]
    return rows(entry, call, *cases)


def table(made):
    """Parametrize a test by rows."""
    ids = [f"{row.entry.removeprefix('npdiffpool.')}: {row.case}" for row in made]
    assert len(set(ids)) == len(ids), sorted(id for id in ids if ids.count(id) > 1)
    return pytest.mark.parametrize("row", made, ids=ids)


def check(row, folder, monkeypatch):
    """Make the call, and check the error and that nothing else changed."""
    enter(folder, row.files, monkeypatch)
    arguments = row.args, row.options, getattr(row.call, "__self__", None)
    before = digest(arguments), listing(folder)
    with pytest.raises(row.error) as caught:
        row.call(*row.args, **row.options)
    assert caught.type is type(row.error("")) and issubclass(row.error, ValueError)
    text = str(caught.value)
    assert "\n" not in text
    assert [part for part in row.parts if part not in text] == [], text
    assert (digest(arguments), listing(folder)) == before


def enter(folder, files, monkeypatch):
    """Enter a folder with these files, and make all work and downloads fail."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NPDIFFPOOL_TU_URL", "")
    monkeypatch.setenv("NPDIFFPOOL_CACHE", str(folder / "cache"))
    for name in WORK.split():
        monkeypatch.setattr(f"npdiffpool.{name}", _fail)


def _fail(*args, **options):
    raise AssertionError("work was done on bad input")


def listing(folder):
    """Return every path below a folder, with the content of the files."""
    paths = sorted(Path(folder).rglob("*"))
    return [
        (str(path), path.read_bytes() if path.is_file() else None) for path in paths
    ]


def digest(value):
    """Return the content of a value as a copy that can be compared."""
    if isinstance(value, np.ndarray):
        content = repr(value.tolist()) if value.dtype == object else value.tobytes()
        return "array", str(value.dtype), value.shape, content
    if sparse.issparse(value):
        coo = sparse.coo_array(value)
        return "sparse", value.shape, digest([coo.row, coo.col, coo.data])
    if isinstance(value, Graph):
        return "graph", digest([value.adjacency, value.features, value.label])
    if isinstance(value, dict):
        return "dict", [(key, digest(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [digest(item) for item in value]
    if isinstance(value, np.random.Generator):
        return "generator", repr(value.bit_generator.state)
    if isinstance(value, nx.Graph):
        return "networkx", repr([list(value.nodes(data=True)), list(value.edges)])
    if isinstance(value, Artist):
        return "artist", len(value.get_children())
    if callable(value) or not hasattr(value, "__dict__"):
        return "value", type(value).__name__, repr(value)
    return type(value).__name__, digest(vars(value))


def classifier(**changes):
    """Return a small classifier, not fitted."""
    return DiffPoolClassifier(**{**SMALL, **changes})


def fitted(kind=DiffPoolClassifier, **changes):
    """Return a small fitted estimator."""
    return kind(**{**SMALL, **changes}).fit(GRAPHS, LABELS)


CLASSIFIER, REGRESSOR = fitted(), fitted(DiffPoolRegressor)
CLUSTERER = DiffPoolClusterer(2, hidden=3, n_layers=1, n_init=1, epochs=40).fit(GRAPHS)


def command(arguments, folder, capsys):
    """Run a command that must fail; return its one line on standard error."""
    from npdiffpool.cli.main import main

    before = listing(folder)
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    lines = capsys.readouterr().err.splitlines()
    assert (status, len(lines)) == (2, 1), lines
    assert listing(folder) == before and os.getcwd() == str(folder)
    return lines[0]
