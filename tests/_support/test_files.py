"""Files are written atomically; unreadable model files are refused with a reason."""

import gc
import io
import json
import os
import pickle
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npdiffpool import (
    DiffPoolClassifier,
    DiffPoolRegressor,
    Graph,
    ModelFileError,
    load_model,
)
from npdiffpool._support.atomic_files import atomic_path, save_arrays, write_text

GRAPHS = [Graph(np.eye(2)[::order], [0.5, 1.5]) for order in (1, -1)] * 2


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the bytes of a small model."""
    small = dict(hidden=2, n_layers=1, clusters=(1,), epochs=1)
    clf = DiffPoolClassifier(**small, batch_norm=True)
    path = tmp_path_factory.mktemp("saved") / "model.npz"
    clf.fit(GRAPHS, [0, 1, 0, 1]).save(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, saved):
    path = tmp_path / "model.npz"
    path.write_bytes(saved)
    return path


# Writing


def test_a_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent  # a rename cannot cross file systems
        assert temporary.suffix == ".txt"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_by_renaming(tmp_path):
    path, other_name = tmp_path / "notes.txt", tmp_path / "the_same.txt"
    write_text(path, "old")
    os.link(path, other_name)
    write_text(path, "new")
    assert (path.read_text(), other_name.read_text()) == ("new", "old")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_no_other(tmp_path, error):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with pytest.raises(error):
        with atomic_path(path) as temporary:
            temporary.write_text("half of ")
            raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        save_arrays(tmp_path / "a.npz", {"a": np.array([{}], dtype=object)})
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "none" / "a.txt", "text")


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o077, 0o600)])
def test_a_file_has_the_permissions_of_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "text")
        assert os.umask(umask) == umask  # unchanged
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == mode


def test_text_is_written_in_utf8_with_unix_line_ends(tmp_path):
    write_text(tmp_path / "a.txt", "é\n∑\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\n∑\n".encode()


def test_equal_arrays_give_equal_bytes_at_any_time(tmp_path, monkeypatch):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array("text")}
    save_arrays(tmp_path / "a.npz", arrays)
    monkeypatch.setattr("time.time", lambda: 2e9)
    save_arrays(tmp_path / "b.npz", {name: a.copy() for name, a in arrays.items()})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert {name: file[name].tolist() for name in file.files} == {
            name: array.tolist() for name, array in arrays.items()
        }


# Reading a model


def assert_refused(path, message=""):
    """Require that the model cannot be read, and that the error has the message."""
    error = error_of(path)
    assert error is not None, "the model was read"
    assert error.startswith(f"{path}: ")
    assert message in error


def error_of(path):
    """Return the error message of reading a model, or None without an error."""
    try:
        load_model(path)
    except ModelFileError as error:
        return str(error)


def arrays_of(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def changed(path, **arrays):
    """Write the model again with other arrays; None removes one."""
    arrays = {**arrays_of(path), **arrays}
    save_arrays(path, {name: a for name, a in arrays.items() if a is not None})
    return path


def with_header(path, **entries):
    """Write the model again with other header entries; None removes one."""
    header = header_of(path)
    for name, entry in entries.items():
        header.pop(name) if entry is None else header.update({name: entry})
    return changed(path, header=np.array(json.dumps(header)))


def header_of(path):
    return json.loads(str(arrays_of(path)["header"]))


def test_an_unchanged_model_is_read(path):
    assert load_model(path).n_features_in_ == 1
    assert load_model(with_header(changed(path))).n_features_in_ == 1


def test_other_files_are_refused(tmp_path):
    text, array, archive = (tmp_path / name for name in ("a.txt", "a.npy", "a.zip"))
    text.write_text("not a model")
    np.save(array, np.ones(3))
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("readme", "text")
    (tmp_path / "empty").touch()
    for path in (text, array, archive, tmp_path / "empty", tmp_path):
        assert_refused(path, "not a readable model file")
    assert_refused(tmp_path / "none", "no such model file")


@given(share=st.floats(0, 0.999))
def test_a_truncated_model_is_refused(saved, share, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "truncated.npz"
    path.write_bytes(saved[: int(share * len(saved))])
    assert_refused(path, "not a readable model file")


@given(place=st.integers(0, 10**6), mask=st.integers(1, 255))
def test_a_damaged_model_is_refused_or_read_unchanged(
    saved, place, mask, tmp_path_factory
):
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(flipped(saved, place % len(saved), mask))
    if error_of(path) is None:
        load_model(path).save(path)
        assert path.read_bytes() == saved


@pytest.mark.parametrize("place, flag", [(8, 1), (10, 99)], ids=["encrypted", "method"])
def test_an_archive_that_python_cannot_unpack_is_refused(path, saved, place, flag):
    start = saved.index(b"PK\x01\x02")  # the first entry of the directory
    path.write_bytes(flipped(saved, start + place, flag))
    assert_refused(path, "not a readable model file")


def flipped(data, place, mask):
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


def test_a_refused_file_is_closed(path, saved):
    path.write_bytes(saved[:-10])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert_refused(path, "not a readable model file")
        gc.collect()
    assert not [str(warning.message) for warning in caught]


def test_a_pickle_is_not_loaded(tmp_path):
    path = tmp_path / "evil.npz"
    path.write_bytes(pickle.dumps(Trap()))
    assert_refused(path, "not a readable model file")


def test_an_array_of_objects_is_not_loaded(path):
    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("extra.npy", buffer.getvalue())
    assert_refused(path, "Object arrays cannot be loaded")


class Trap:
    """An object that fails the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


ARRAYS = ["header", "weights", "moments", "classes", "mean", "scale"]


@pytest.mark.parametrize("name", ARRAYS)
def test_a_model_without_one_of_its_arrays_is_refused(path, name):
    assert_refused(
        changed(path, **{name: None}), f"not a readable model file ('{name}')"
    )


@pytest.mark.parametrize(
    "entry",
    ["format", "version", "config", "parameters", "history", "best_epoch"],
)
def test_a_header_without_one_of_its_entries_is_refused(path, entry):
    message = f"not a readable model file ('{entry}')"
    assert_refused(with_header(path, **{entry: None}), message)


@pytest.mark.parametrize(
    "entries, message",
    [
        (dict(version=2), "version must be 1; got 2, written by a newer npdiffpool"),
        (dict(format="else"), "format must be 'npdiffpool model'; got 'else'"),
        (dict(config={"hidden": 2}), "not a readable model file ('clusters')"),
        (dict(config={"clusters": [1], "width": 2}), "unexpected keyword argument"),
        (dict(config={"clusters": [0], "n_features": 1, "n_outputs": 2}), "clusters"),
    ],
)
def test_a_header_of_another_kind_is_refused(path, entries, message):
    assert_refused(with_header(path, **entries), message)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"format": 1'])
def test_a_malformed_header_is_refused(path, text):
    assert_refused(changed(path, header=np.array(text)), "not a readable model file")


def test_the_parameters_in_the_header_must_be_those_of_the_classifier(path):
    parameters = {**header_of(path)["parameters"], "width": 3}
    assert_refused(with_header(path, parameters=parameters), "width")


@pytest.mark.parametrize("name", ["weights", "moments"])
def test_weights_and_moments_must_fit_the_configuration(path, name):
    vector = arrays_of(path)[name]
    shape = f"{name} must be float32 of shape ({len(vector)},); got "
    for other in (vector[:-1], np.append(vector, 0), vector[None], vector * 1.0):
        other = other.astype("float32" if other.shape != vector.shape else "float64")
        assert_refused(changed(path, **{name: other}), f"{shape}{other.dtype} of shape")
    for number in (np.nan, np.inf):
        damaged = np.append(vector[1:], np.float32(number))
        assert_refused(
            changed(path, **{name: damaged}), f"{name} must be finite; they hold"
        )


@pytest.mark.parametrize(
    "name, length", [("classes", 2), ("mean", 1), ("scale", 1)], ids=str
)
def test_classes_and_scaling_must_fit_the_configuration(path, name, length):
    message = f"{name} must have shape ({length},); got (3,)"
    assert_refused(changed(path, **{name: np.ones(3)}), message)


@pytest.mark.parametrize("name", ["mean", "scale"])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_scaling_must_be_finite(path, name, number):
    assert_refused(
        changed(path, **{name: np.array([number])}), f"{name} must be finite"
    )


@pytest.mark.parametrize("number", [0.0, -1.0])
def test_scales_must_be_above_zero(path, number):
    damaged = changed(path, scale=np.array([number]))
    assert_refused(damaged, "scales must be above 0; one is not")


@pytest.mark.parametrize(
    "names, message",
    [
        (["a"], "target_names must have shape (2,); got (1,)"),
        ([1, 2], "target_names must be texts"),
    ],
)
def test_names_of_targets_must_be_a_text_for_each(tmp_path, names, message):
    graphs = [Graph([[0.0]], [[float(i)]]) for i in range(4)]
    model = DiffPoolRegressor(epochs=1, hidden=2).fit(graphs, np.eye(4)[:, :2])
    model.save(tmp_path / "model.npz")
    damaged = changed(tmp_path / "model.npz", target_names=np.array(names))
    assert_refused(damaged, message)


def test_the_scale_of_a_regressors_targets_must_be_positive(tmp_path):
    graphs = [Graph([[0.0]], [[float(i)]]) for i in range(4)]
    model = DiffPoolRegressor(epochs=1, hidden=2).fit(graphs, range(4))
    model.save(tmp_path / "model.npz")
    for pair, message in (
        ([0.0, 0.0], "scales must be above 0"),
        ([0.0, np.nan], "target must be finite"),
        ([np.inf, 1.0], "target must be finite"),
    ):
        damaged = changed(tmp_path / "model.npz", target=np.array(pair))
        assert_refused(damaged, message)
