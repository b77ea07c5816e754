"""Files of older commits, made by files/make.py, and files of newer versions."""

import json
from pathlib import Path

import numpy as np
import pytest
from files.make import LABELS, OPTIONS, SETTINGS, graphs

import npdiffpool as ndp
from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.untrusted import read_arrays
from npdiffpool.estimators.model_file import ModelFileError
from npdiffpool.estimators.stored_model import VERSION
from npdiffpool.runs.checkpoints import CheckpointError, read_checkpoint
from npdiffpool.runs.snapshots import Recorder

FILES = Path(__file__).parents[1] / "files"
MODELS = ["model-3815583", "model-7b70de0", "model-d4f009d", "model-c52cafd"]
# float32 through a dozen layers; the order of sums differs from that commit.
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_an_older_commit_makes_the_same_predictions(name):
    clf = ndp.load_model(FILES / f"{name}.npz")
    expected = np.load(FILES / f"{name}.npy")
    np.testing.assert_allclose(clf.predict_proba(graphs()), expected, **TOLERANCE)
    assert clf.classes_.tolist() == ["path", "ring"]
    assert clf.get_params()["hidden"] == OPTIONS["hidden"]
    assert clf.get_params()["ratio_of"] == "largest"  # the only choice at that time


@pytest.mark.parametrize("name", ["regressor-d4f009d", "regressor-c52cafd"])
def test_a_regressor_of_an_older_commit_makes_the_same_predictions(name):
    model = ndp.load_model(FILES / f"{name}.npz")
    expected = np.load(FILES / f"{name}.npy")
    np.testing.assert_allclose(model.predict(graphs()), expected, **TOLERANCE)
    assert model.target_names_ is None


def test_the_first_model_files_have_no_kind():
    header = json.loads(str(read_arrays(FILES / f"{MODELS[0]}.npz")["header"]))
    assert "kind" not in header and "loss" not in header["config"]


def test_a_model_of_an_older_commit_can_be_saved_again(tmp_path):
    clf = ndp.load_model(FILES / f"{MODELS[0]}.npz")
    clf.save(tmp_path / "again.npz")
    again = ndp.load_model(tmp_path / "again.npz")
    np.testing.assert_array_equal(
        again.predict_proba(graphs()), clf.predict_proba(graphs())
    )


def resumable():
    """Return a classifier, and the arguments of `read_checkpoint` after the path."""
    clf = ndp.DiffPoolClassifier(**OPTIONS)
    *_, config = clf.check(graphs(), LABELS)
    return clf, (SETTINGS, config, Recorder(range(6), graphs(), LABELS, 4))


def test_a_training_of_an_older_commit_can_be_resumed():
    clf, arguments = resumable()
    state = read_checkpoint(FILES / "checkpoint-c52cafd.npz", *arguments)
    assert state.epoch == 2
    clf.fit(graphs(), LABELS, (graphs(), LABELS), resume=state)
    assert len(clf.history_) == OPTIONS["epochs"]
    expected = np.load(FILES / "model-c52cafd.npy")
    np.testing.assert_allclose(clf.predict_proba(graphs()), expected, **TOLERANCE)


def with_version(path, source, version):
    """Write a copy of a file with another version number."""
    arrays = read_arrays(source)
    header = {**json.loads(str(arrays["header"])), "version": version}
    save_arrays(path, {**arrays, "header": np.array(json.dumps(header))})
    return path


def test_the_error_for_a_newer_version_says_so(tmp_path):
    newer = VERSION + 1
    path = with_version(tmp_path / "m.npz", FILES / f"{MODELS[-1]}.npz", newer)
    with pytest.raises(
        ModelFileError, match="must be 1; got 2, written by a newer npdiffpool"
    ):
        ndp.load_model(path)
    source = FILES / "checkpoint-c52cafd.npz"
    path = with_version(tmp_path / "c.npz", source, newer)
    with pytest.raises(
        CheckpointError, match="must be 1; got 2, written by a newer npdiffpool"
    ):
        read_checkpoint(path, *resumable()[1])


@pytest.mark.parametrize("version", [0, "1", None, 1.5])
def test_an_unknown_version_is_rejected(tmp_path, version):
    path = with_version(tmp_path / "m.npz", FILES / f"{MODELS[-1]}.npz", version)
    with pytest.raises(ModelFileError, match=f"version must be 1; got {version!r}$"):
        ndp.load_model(path)
