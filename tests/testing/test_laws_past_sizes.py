"""Layers that are wrong only past a size, or in a part of large arrays, are detected.

Each is the paper's layer but for one of `WRONG`, and fails at the default number of
examples.
"""

import autograd.numpy as np
import pytest
from hypothesis import given, seed, settings

from npdiffpool.testing import conformance
from npdiffpool.testing.check import MAX_NODES
from npdiffpool.testing.laws.cases import pooling as cases
from npdiffpool.testing.own.parts import pool_by_paper
from npdiffpool.testing.subjects import derive_vjp

vjp_by_paper = derive_vjp(pool_by_paper)


def one_by_one(As, Rs, Zs):
    return [pool_by_paper(*graph) for graph in zip(As, Rs, Zs)]


def gradient(wrong, by_R=1.0, by_Z=1.0):
    """Return a vjp with factors of the gradients where `wrong(A, R, Z)`."""

    def vjp(A, R, Z, output, G):
        dR, dZ = vjp_by_paper(A, R, Z, output, G)
        R_factor, Z_factor = (by_R, by_Z) if wrong(A, R, Z) else (1.0, 1.0)
        return dR * R_factor, dZ * Z_factor

    return {"vjp": vjp}


def outputs(wrong, **changed):
    """Return a layer with functions of some outputs where `wrong(A, R, Z)`."""

    def pool(A, R, Z):
        pooled = pool_by_paper(A, R, Z)
        if not wrong(A, R, Z):
            return pooled
        new = {name: f(getattr(pooled, name)) for name, f in changed.items()}
        return pooled._replace(**new)

    return {"pool": pool}


def of_batch(wrong):
    """Return a batched form with twice the A' of graphs where `wrong(g, A)`."""

    def batched(As, Rs, Zs):
        factors = [1 + wrong(g, A) for g, A in enumerate(As)]
        pools = one_by_one(As, Rs, Zs)
        return [one._replace(A=one.A * x) for one, x in zip(pools, factors)]

    return {"batched": batched}


def n_above(n):
    return lambda A, R, Z: len(A) > n


def first_features(X):
    return X * (np.arange(X.shape[1]) < 4)


WRONG = {
    "dR 1 % off where N > 8": (gradient(n_above(8), by_R=1.01), "D1"),
    "dR 1 % off where N > 128": (gradient(n_above(128), by_R=1.01), "D1"),
    "dR 5 % off where K >= 5": (
        gradient(lambda A, R, Z: R.shape[1] >= 5, by_R=1.05),
        "D1",
    ),
    "dR 5 % off where K > 16": (
        gradient(lambda A, R, Z: R.shape[1] > 16, by_R=1.05),
        "D1",
    ),
    "dR 1 % off in float32": (
        gradient(lambda A, R, Z: R.dtype == "float32", by_R=np.float32(1.01)),
        "D1",
    ),
    "dZ 1 % off where D > 8": (
        gradient(lambda A, R, Z: Z.shape[1] > 8, by_Z=1.01),
        "D1",
    ),
    "dR 1 % off where a row is nearly one-hot": (
        gradient(lambda A, R, Z: np.ptp(R) > 10, by_R=1.01),
        "D1",
    ),
    "dR 1 % off where weights are unlike": (
        gradient(lambda A, R, Z: len(np.unique(A)) > 3, by_R=1.01),
        "D1",
    ),
    "X' without the features past the fourth": (
        outputs(lambda *_: True, X=first_features),
        "C1",
    ),
    "A' off where N > 64": (outputs(n_above(64), A=lambda A: A * 1.01), "C2"),
    "A' off where N > 128": (outputs(n_above(128), A=lambda A: A * 1.01), "C2"),
    "A' off where K > 16": (
        outputs(lambda A, R, Z: R.shape[1] > 16, A=lambda A: A * 1.01),
        "C2",
    ),
    "the link loss off where N > 64": (
        outputs(n_above(64), link=lambda L: L * 1.01),
        "L1",
    ),
    "the entropy off where N > 128": (
        outputs(n_above(128), entropy=lambda L: L * 1.01),
        "E7",
    ),
    "the ninth graph": (of_batch(lambda g, A: g >= 8), "B3"),
    "the seventeenth graph": (of_batch(lambda g, A: g >= 16), "B3"),
    "graphs of more than 8 nodes": (of_batch(lambda g, A: len(A) > 8), "B3"),
    "graphs of more than 64 nodes": (of_batch(lambda g, A: len(A) > 64), "B3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_layer_that_is_wrong_past_a_size_fails(name):
    parts, law = WRONG[name]
    layer = {"pool": pool_by_paper, "batched": one_by_one, **parts}
    (result,) = conformance(**layer, laws=[law], examples=100)
    assert result.verdict == "fails"


THRESHOLDS = {"N": (1, 8, 64, 128), "K": (1, 4, 8, 16), "D": (1, 4, 8)}


def test_cases_pass_every_threshold_several_times():
    """The seed is that of `conformance`; steps are followed here by their variants."""
    sizes = []

    @seed(0)
    @settings(max_examples=500, database=None)
    @given(cases.step()(1, MAX_NODES))
    def draw(case):
        sizes.append(dict(zip("NKD", [*case["R"].shape, case["Z"].shape[1]])))

    draw()
    for letter, thresholds in THRESHOLDS.items():
        for threshold in thresholds:
            assert sum(size[letter] > threshold for size in sizes) >= 10
