"""The kit on a message-passing layer: verdicts, scripts, and how it is called."""

import warnings
from functools import partial

import autograd.numpy as np
import numpy
import pytest

from npdiffpool.cli.main import main
from npdiffpool.testing import LAWS, conformance, conformance_layer
from npdiffpool.testing.gnns import laws_about
from npdiffpool.testing.own.parts import layer_of_engine, layer_of_paper, pool_by_paper

ABOUT_LAYERS = ["A8", "B3", "G3", "G4", "G5", "D1", "D4", "D5"]


def verdicts(layer, **options):
    """Return the verdicts by the ids of the laws, from 30 examples."""
    results = conformance_layer(layer, **{"examples": 30, **options})
    return {result.law.id: result.verdict for result in results}


def dense(n_in):
    """Return a layer of n_in features, without messages."""
    W = numpy.random.default_rng(0).normal(size=(n_in, 3))
    return lambda A, X: np.dot(X, W.astype(X.dtype))


@pytest.mark.parametrize("kind", ["paper", "gcn", "sage", "s2v"])
def test_the_layers_of_npdiffpool_satisfy_every_law(kind):
    def layer(A, X):
        known = {"paper": layer_of_paper}
        return known.get(kind, partial(layer_of_engine, kind))(1, A, X)

    assert verdicts(layer) == dict.fromkeys(ABOUT_LAYERS, "holds")


def mean_layer(A, X):
    """Average over the neighbours: 0 / 0 where there is none."""
    return np.dot(A, X) / np.sum(A, axis=1, keepdims=True)


@pytest.mark.parametrize("asked", [False, True])
def test_numpys_warnings_are_not_shown_unless_the_user_asks_for_errors(asked):
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        if asked:
            warnings.simplefilter("error", RuntimeWarning)
        [result] = conformance_layer(mean_layer, laws=["G4"], examples=30)
    assert result.verdict == "fails" and ("RuntimeWarning" in result.error) == asked
    assert not [one for one in seen if one.category is RuntimeWarning]


def test_batch_norm_over_the_nodes_breaks_three_laws():
    def layer(A, X):
        H = layer_of_paper(1, A, X)
        return (H - np.mean(H, axis=0)) / np.sqrt(np.var(H, axis=0) + 1e-5)

    found = verdicts(layer, examples=100)
    assert {id for id, seen in found.items() if seen == "fails"} == {"B3", "G4", "G5"}


def test_a_fault_of_graphs_above_64_nodes_is_found():
    def layer(A, X):
        return layer_of_paper(1, A, X[::-1] if len(A) > 64 else X)

    assert verdicts(layer, laws=["G3"], examples=100) == {"G3": "fails"}


def test_the_laws_are_the_objects_of_the_registry_and_their_cases_are_repeated():
    def layer(A, X):
        return np.cumsum(X, axis=0)

    one, two = (conformance_layer(layer, laws=["G3"])[0] for _ in "12")
    assert one.law is LAWS["G3"] and one.script == two.script
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        exec(one.script.replace("gnn_layer = ...", "#"), {"gnn_layer": layer})


def test_the_number_of_features_is_found_or_given():
    seen = set()

    def layer(A, X):
        seen.add(X.shape[1])
        return X * 2

    conformance_layer(layer, n_features=5, laws=["G3"], examples=2)
    assert seen == {5}
    assert verdicts(dense(7), laws=["G3", "D1"]) == {"G3": "holds", "D1": "holds"}
    assert verdicts(dense(1), laws=["G3"]) == {"G3": "holds"}


def test_a_layer_of_two_hops_is_said_to_be_one():
    def layer(A, X):
        return np.dot(A, np.dot(A, X))

    assert verdicts(layer, laws=["G5"]) == {"G5": "fails"}
    assert verdicts(layer, laws=["G5"], hops=2) == {"G5": "holds"}


def test_a_layer_in_float32_only_breaks_the_law_of_precision_only():
    def layer(A, X):
        return layer_of_paper(1, A.astype("float32"), X.astype("float32"))

    found = verdicts(layer)
    assert {id for id, seen in found.items() if seen == "fails"} == {"D4"}
    (result,) = conformance_layer(layer, laws=["D1"])
    assert result.reason == "it computes in float32"


def test_a_vjp_is_checked_as_an_argument_and_as_an_attribute():
    def layer(A, X):
        return A @ X

    def wrong(A, X, G):
        return A @ G + G

    assert verdicts(layer, laws=["D1"]) == {"D1": "holds"}
    assert verdicts(layer, vjp=wrong, laws=["D1"]) == {"D1": "fails"}
    layer.vjp = wrong
    assert verdicts(layer, laws=["D1"]) == {"D1": "fails"}


def test_a_kink_beside_the_point_is_no_failure():
    def layer(A, X):
        kinks = numpy.random.default_rng(0).normal(size=(X.shape[1], 4000))
        return np.maximum(np.dot(X, kinks), 0)  # one of them is near in every case

    assert verdicts(layer, laws=["D1"]) == {"D1": "holds"}


def test_a_law_of_pooling_does_not_apply():
    assert verdicts(dense(2), laws=["C1"]) == {"C1": "not applicable"}


def test_the_laws_of_a_pooling_layer_do_not_include_those_of_layers():
    assert [law.id for law in laws_about({"gnn_layer"})] == ABOUT_LAYERS
    assert len(conformance(pool_by_paper, examples=1)) == 44


@pytest.mark.parametrize(
    "output, message",
    [
        (np.ones((2, 3)), r"layer must return H of shape \(3, D\) here; got \(2, 3\)"),
        (np.ones(3), r"layer must return H of shape \(3, D\) here; got \(3,\)"),
        (
            np.ones((3, 2), int),
            "must return a NumPy array of float64; got ndarray of int64",
        ),
        ([[1.0]] * 3, "must return a NumPy array of float64; got list of no dtype"),
    ],
)
def test_other_outputs_are_rejected(output, message):
    with pytest.raises(ValueError, match=message):
        conformance_layer(lambda A, X: output)


def test_verify_checks_a_layer_or_a_model(tmp_path, monkeypatch, capsys):
    (tmp_path / "given.py").write_text(
        "def layer(A, X):\n    return X.cumsum(axis=0)\n"
        "def model(A, X):\n    return X.sum(axis=0)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    options = ["--examples", "20", "--law"]
    assert main(["verify", "--layer", "given:layer", *options, "G3"]) == 1
    assert "G3   FAILS          on layer: Permuting" in capsys.readouterr().out
    assert main(["verify", "--model", "given:model", *options, "M1"]) == 0
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "given:model", "--model", "given:model"])


def test_verify_takes_the_hops_and_the_features_of_a_layer(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "two_hops.py").write_text("def layer(A, X):\n    return A @ (A @ X)\n")
    monkeypatch.syspath_prepend(tmp_path)
    options = "--layer two_hops:layer --law G5 --examples 30 --n-features 3".split()
    assert main(["verify", *options]) == 1
    found = capsys.readouterr().out
    assert "hops = 1\n" in found and "X = np.ones((3, 3))\n" in found
    assert main(["verify", *options, "--hops", "2"]) == 0
