"""Memory and open files do not grow with the number of epochs."""

import gc
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.runs.checkpoints import Saver
from npdiffpool.runs.snapshots import Recorder

pytestmark = pytest.mark.slow

ROW_BYTES = 1000  # a dict of eight floats, and its entry in a list
FILES = Path("/proc/self/fd")


@pytest.mark.parametrize("saves", [False, True], ids=["bare", "with files"])
def test_an_epoch_adds_only_its_row_of_the_history(tmp_path, monkeypatch, saves):
    graphs = [ndp.Graph(np.eye(3), np.full((3, 1), i)) for i in range(8)]
    labels, seen = np.arange(8) % 2, {}
    clf = ndp.DiffPoolClassifier(hidden=4, n_layers=1, epochs=100, seed=1)
    recorder = Recorder([0, 1], graphs[:2], labels[:2], epochs=40)  # it records all 40
    monkeypatch.setattr("npdiffpool.runs.checkpoints.SECONDS", 0.0)
    saver = Saver(tmp_path / "checkpoint.npz", {}, recorder) if saves else None

    def measure(model):
        epoch = len(model.history_)
        if saves:
            recorder(model)
        if epoch in (50, 100):
            gc.collect()
            files = len(os.listdir(FILES)) if FILES.exists() else 0
            seen[epoch] = tracemalloc.get_traced_memory()[0], files

    tracemalloc.start()
    try:
        clf.fit(graphs, labels, (graphs, labels), measure, on_checkpoint=saver)
    finally:
        tracemalloc.stop()
    assert seen[100][0] - seen[50][0] < 50 * ROW_BYTES
    assert seen[100][1] == seen[50][1]
