"""Make the files of this folder, by the code of an older commit.

    git worktree add /tmp/old COMMIT
    PYTHONPATH=/tmp/old python tests/files/make.py tests/files COMMIT

tests/estimators/test_older_files.py reads them: a model of the first code, of the code
that first had regressors, and of that which first had checkpoints, with what the commit
predicted of `graphs()`; and a checkpoint after two of four epochs, with the same of its
end. None of them is to be made again by newer code.
"""

import sys
from pathlib import Path

import numpy as np

import npdiffpool as ndp

OPTIONS = {"hidden": 4, "n_layers": 2, "clusters": (2,), "classifier_hidden": 3}
OPTIONS |= {"batch_norm": True, "epochs": 4, "batch_size": 3, "learning_rate": 0.01}
LABELS = ["ring", "path"] * 3
SETTINGS = {"made": "by tests/files/make.py"}


def graphs():
    """Return three rings and three paths, of 3 to 8 nodes, with two features."""
    made = []
    for n in range(3, 9):
        A = np.eye(n, k=1) + np.eye(n, k=-1)
        if n % 2:
            A[0, -1] = A[-1, 0] = 1
        made.append(ndp.Graph(A, np.stack([np.arange(n) / 4, A.sum(axis=1)], axis=1)))
    return made


def main(folder, commit):
    """Write what that commit can write."""
    folder = Path(folder)
    clf = ndp.DiffPoolClassifier(**OPTIONS)
    if hasattr(ndp.DiffPoolClassifier, "targets_kind"):
        model = ndp.DiffPoolRegressor(**OPTIONS).fit(graphs(), range(6))
        model.save(folder / f"regressor-{commit}.npz")
        np.save(folder / f"regressor-{commit}.npy", model.predict(graphs()))
    try:
        from npdiffpool import checkpoints
    except ImportError:
        clf.fit(graphs(), LABELS)
    else:
        fit_and_keep(clf, checkpoints, folder / f"checkpoint-{commit}.npz")
    clf.save(folder / f"model-{commit}.npz")
    np.save(folder / f"model-{commit}.npy", clf.predict_proba(graphs()))


def fit_and_keep(clf, checkpoints, path):
    """Train, and keep the state after the second epoch."""
    from npdiffpool.snapshots import Recorder

    seen = Recorder(range(6), graphs(), LABELS, OPTIONS["epochs"])

    def keep(state):
        if state.epoch == 2:
            checkpoints.write_checkpoint(path, SETTINGS, state, seen)

    clf.fit(graphs(), LABELS, (graphs(), LABELS), seen, on_checkpoint=keep)


if __name__ == "__main__":
    main(*sys.argv[1:])
