"""Files that older commits wrote, and those that newer ones will: files/make.py."""

import json
from pathlib import Path

import numpy as np
import pytest
from files.make import LABELS, OPTIONS, SETTINGS, graphs

import npdiffpool as ndp
from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.untrusted import read_arrays
from npdiffpool.estimators.model_file import VERSION, ModelFileError
from npdiffpool.runs.checkpoints import CheckpointError, read_checkpoint
from npdiffpool.runs.snapshots import Recorder

FILES = Path(__file__).parents[1] / "files"
MODELS = ["model-3815583", "model-7b70de0", "model-d4f009d", "model-c52cafd"]
# Of float32, through a dozen layers: other orders of sums than that commit's.
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_an_older_commit_predicts_what_it_predicted(name):
    clf = ndp.load_model(FILES / f"{name}.npz")
    expected = np.load(FILES / f"{name}.npy")
    np.testing.assert_allclose(clf.predict_proba(graphs()), expected, **TOLERANCE)
    assert clf.classes_.tolist() == ["path", "ring"]
    assert clf.get_params()["hidden"] == OPTIONS["hidden"]


@pytest.mark.parametrize("name", ["regressor-d4f009d", "regressor-c52cafd"])
def test_a_regressor_of_an_older_commit_predicts_what_it_predicted(name):
    model = ndp.load_model(FILES / f"{name}.npz")
    expected = np.load(FILES / f"{name}.npy")
    np.testing.assert_allclose(model.predict(graphs()), expected, **TOLERANCE)


def test_the_first_models_did_not_say_their_kind():
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
    """Return what `read_checkpoint` is given beside the file, and the classifier."""
    clf = ndp.DiffPoolClassifier(**OPTIONS)
    *_, config = clf.check(graphs(), LABELS)
    return clf, (SETTINGS, config, Recorder(range(6), graphs(), LABELS, 4))


def test_a_training_of_an_older_commit_goes_on():
    clf, given = resumable()
    state = read_checkpoint(FILES / "checkpoint-c52cafd.npz", *given)
    assert state.epoch == 2
    clf.fit(graphs(), LABELS, (graphs(), LABELS), resume=state)
    assert len(clf.history_) == OPTIONS["epochs"]
    expected = np.load(FILES / "model-c52cafd.npy")
    np.testing.assert_allclose(clf.predict_proba(graphs()), expected, **TOLERANCE)


def of_version(path, source, version):
    """Write a file again as if it were of another version."""
    arrays = read_arrays(source)
    header = {**json.loads(str(arrays["header"])), "version": version}
    save_arrays(path, {**arrays, "header": np.array(json.dumps(header))})
    return path


def test_a_file_of_a_newer_version_says_so(tmp_path):
    newer = VERSION + 1
    path = of_version(tmp_path / "m.npz", FILES / f"{MODELS[-1]}.npz", newer)
    with pytest.raises(ModelFileError, match="got 2, of a newer npdiffpool"):
        ndp.load_model(path)
    source = FILES / "checkpoint-c52cafd.npz"
    path = of_version(tmp_path / "c.npz", source, newer)
    with pytest.raises(CheckpointError, match="must be 1; got 2, written by a newer n"):
        read_checkpoint(path, *resumable()[1])


@pytest.mark.parametrize("version", [0, "1", None, 1.5])
def test_a_file_of_no_version_that_ever_was_is_refused(tmp_path, version):
    path = of_version(tmp_path / "m.npz", FILES / f"{MODELS[-1]}.npz", version)
    with pytest.raises(ModelFileError, match=f"program reads; got {version!r}$"):
        ndp.load_model(path)
