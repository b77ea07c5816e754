"""Make the files of this folder with the code of an older commit.

    git worktree add /tmp/old COMMIT
    PYTHONPATH=/tmp/old python tests/files/make.py tests/files COMMIT

tests/estimators/test_older_files.py reads them: a model of the first commit, of the
first with regressors and of the first with checkpoints, each with its predictions for
`graphs()`; and a checkpoint after two of four epochs, from which training ends with the
predictions of the last model. They must not be made again with newer code.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np

import npdiffpool as ndp

OPTIONS = {"hidden": 4, "n_layers": 2, "clusters": (2,), "classifier_hidden": 3}
OPTIONS |= {"batch_norm": True, "epochs": 4, "batch_size": 3, "learning_rate": 0.01}
LABELS = ["ring", "path"] * 3
SETTINGS = {"made": "by tests/files/make.py"}


def graphs():
    """Return three rings and three paths of 3 to 8 nodes, with two features."""
    made = []
    for n in range(3, 9):
        A = np.eye(n, k=1) + np.eye(n, k=-1)
        if n % 2:
            A[0, -1] = A[-1, 0] = 1
        made.append(ndp.Graph(A, np.stack([np.arange(n) / 4, A.sum(axis=1)], axis=1)))
    return made


def main(folder, commit):
    """Write the files that the commit supports."""
    folder = Path(folder)
    clf = ndp.DiffPoolClassifier(**OPTIONS)
    if hasattr(ndp.DiffPoolClassifier, "targets_kind"):
        model = ndp.DiffPoolRegressor(**OPTIONS).fit(graphs(), range(6))
        model.save(folder / f"regressor-{commit}.npz")
        np.save(folder / f"regressor-{commit}.npy", model.predict(graphs()))
    checkpoints = find_module("checkpoints")
    if checkpoints is None:
        clf.fit(graphs(), LABELS)
    else:
        fit_with_checkpoint(clf, checkpoints, folder / f"checkpoint-{commit}.npz")
    clf.save(folder / f"model-{commit}.npz")
    np.save(folder / f"model-{commit}.npy", clf.predict_proba(graphs()))


def find_module(name):
    """Return a module of `npdiffpool.runs`, before of `npdiffpool`, or None."""
    for package in ("npdiffpool.runs", "npdiffpool"):
        try:
            return import_module(f"{package}.{name}")
        except ImportError:
            pass
    return None


def fit_with_checkpoint(clf, checkpoints, path):
    """Train, and write a checkpoint after the second epoch."""
    recorder = find_module("snapshots").Recorder(
        range(6), graphs(), LABELS, OPTIONS["epochs"]
    )

    def write(state):
        if state.epoch == 2:
            checkpoints.write_checkpoint(path, SETTINGS, state, recorder)

    clf.fit(graphs(), LABELS, (graphs(), LABELS), recorder, on_checkpoint=write)


if __name__ == "__main__":
    main(*sys.argv[1:])
