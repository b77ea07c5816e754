"""Train and predict on this machine: ``python tests/machine.py FOLDER OUT SEEDS``.

FOLDER has saved models; missing ones are written. OUT is an .npz: the losses and
predictions of trainings in each dtype, with and without batch norm; the predictions of
the saved models; and the BLAS kernels and vector instructions that were used.
"""

import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

import npdiffpool as ndp

try:
    from numpy._core import _multiarray_umath as core
except ImportError:  # NumPy 1
    from numpy.core import _multiarray_umath as core

CASES = [(d, b) for d in ("float64", "float32") for b in (False, True)]
# Enough nodes and features for OpenBLAS to use a second thread.
SMALL = {"epochs": 3, "hidden": 64, "batch_size": 30}


def vector_instructions():
    """List the instructions beyond NumPy's baseline that it uses on this machine."""
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]]


def main(folder, out, seeds):
    """Train models, load the saved ones, predict, and write the results."""
    mutag = ndp.load_dataset("MUTAG")
    train, test = mutag[:90], mutag[90:]
    found = {"kernels": [pool.get("architecture", "") for pool in threadpool_info()]}
    found["instructions"] = vector_instructions()
    for (dtype, batch_norm), seed in ((c, s) for c in CASES for s in range(seeds)):
        name = f"{dtype} {batch_norm} {seed}"
        given = {**SMALL, "dtype": dtype, "batch_norm": batch_norm, "seed": seed}
        clf = ndp.DiffPoolClassifier(**given)
        clf.fit(train, train.labels)
        found[f"loss {name}"] = [row["loss"] for row in clf.history_]
        found[f"trained {name}"] = clf.predict_proba(test)
        path = Path(folder, f"{name}.npz")
        if not path.exists():
            clf.save(path)
        found[f"saved {name}"] = ndp.load_model(path).predict_proba(test)
    np.savez(out, **found)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
