"""Profiles: a pooling is checked for what it claims, and for nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest
from other_poolings import POOLINGS, mincut, one_by_one, or_one

from npdiffpool.testing import conformance, parametrize_laws, profiles
from npdiffpool.testing.check import Search
from npdiffpool.testing.own.parts import pool_batch, pool_by_paper
from npdiffpool.testing.own.subjects import PAPER


@pytest.fixture(autouse=True)
def no_shrinking(monkeypatch):
    """Make no counterexample small: only verdicts are read."""
    monkeypatch.setattr(Search, "smallest", lambda search, first: first)


def verdicts(pool, profile, examples=20, laws=None):
    results = conformance(pool, profile=profile, examples=examples, laws=laws)
    return {result.law.id: result.verdict for result in results}


@pytest.mark.parametrize("name", POOLINGS)
def test_each_pooling_satisfies_its_profile(name):
    assert "fails" not in verdicts(POOLINGS[name], name).values()


@pytest.mark.parametrize("name", ["mincut", "dmon"])
def test_a_normalised_pooling_is_not_diffpool(name):
    found = verdicts(POOLINGS[name], "diffpool", 60)
    failing = {id for id, verdict in found.items() if verdict == "fails"}
    assert {"C2", "C5", "C8", "C9", "C10", "C11"} <= failing
    assert not failing & {"A1", "A4", "B2", "B3", "C3", "C4", "C7"}


def test_diffpool_is_not_mincut():
    found = verdicts(pool_by_paper, "mincut")
    assert {id for id, verdict in found.items() if verdict == "fails"} == {"P2"}
    assert found["P5"] == found["P6"] == "not applicable"


def test_a_set_of_claims_is_a_profile():
    def pool(A, R, Z):
        pooled = mincut(A, R, Z)
        return pooled._replace(X=pooled.X / or_one(np.sum(pooled.S, axis=0))[:, None])

    claims = profiles.PROFILES["mincut"] - {profiles.SUM_X} | {profiles.MEAN_X}
    found = verdicts(pool, claims)
    assert found["P3"] == "holds" and "C1" not in found
    assert "fails" not in found.values()
    assert verdicts(pool, "mincut", laws=["C1"]) == {"C1": "fails"}


def test_a_law_that_is_not_claimed_does_not_apply_and_says_why():
    (result,) = conformance(mincut, profile="mincut", laws=["C2"], examples=5)
    assert result.verdict == "not applicable"
    assert result.reason == "it does not claim that A' = S^T A S"


def test_pytest_cases_are_those_of_the_profile():
    cases = parametrize_laws(mincut, profile="mincut").args[1]
    ids = {case.id.partition("-")[0] for case in cases}
    assert ids == set(verdicts(mincut, "mincut", examples=1))


def test_a_pooling_may_choose_the_number_of_clusters_if_it_does_not_use_the_logits():
    reason = r"must return S as a dense NumPy array of shape \(3, 2\); got \(3, 1\)"
    with pytest.raises(ValueError, match=reason):
        conformance(one_cluster, laws=["A1"])
    found = verdicts(one_cluster, {profiles.ROWS, profiles.SUM_A, profiles.SUM_X})
    assert {found[id] for id in ("A1", "C1", "C2", "C10")} == {"holds"}


def as_tuple(A, R, Z):
    pooled = mincut(A, R, Z)
    return pooled.A, pooled.X, pooled.S, pooled.cut, pooled.orthogonality


def test_the_losses_of_a_plain_tuple_are_those_of_the_profile():
    found = verdicts(as_tuple, "mincut")
    assert {found[id] for id in ("P5", "P6")} == {"holds"}
    wrong = verdicts(lambda *graph: (*as_tuple(*graph)[:3], 7.0), "mincut")
    assert wrong["P5"] == "fails" and wrong["P6"] == "not applicable"


def test_a_batch_may_consist_of_any_objects_with_these_attributes():
    def pool(A, R, Z):
        return SimpleNamespace(**mincut(A, R, Z)._asdict())

    results = conformance(pool, one_by_one(pool), profile="mincut", examples=10)
    assert {result.verdict for result in results} == {"holds"}


def test_a_profile_replaces_what_a_subject_claims():
    (result,) = conformance(PAPER, profile="mincut", laws=["P2"], examples=20)
    assert result.verdict == "fails"
    with pytest.raises(ValueError, match="batched and vjp must be parts of the Subj"):
        conformance(PAPER, pool_batch)


def test_a_set_without_claims_is_a_profile_too():
    (result,) = conformance(PAPER, profile=set(), laws=["C2"], examples=3)
    assert result.verdict == "not applicable"


def test_an_iterator_of_claims_is_read_once():
    claims = profiles.PROFILES["mincut"]
    assert verdicts(mincut, iter(claims), 3) == verdicts(mincut, claims, 3)


def test_a_law_that_holds_in_part_says_which_claim_is_not_made():
    (holds,) = conformance(mincut, profile="mincut", laws=["C10"], examples=5)
    assert (holds.verdict, holds.reason) == (
        "holds",
        "in part: it does not claim that A' = S^T A S",
    )


def one_cluster(A, R, Z):
    S = np.ones((len(A), 1), A.dtype)
    return S.T @ A @ S, S.T @ Z, S


@pytest.mark.parametrize(
    "profile, message",
    [
        ("mincutpool", "profile must be one of diffpool, mincut, hosc, dmon, topk, gr"),
        ({"A is symmetric"}, "profile must consist of .*CLAIMS; got 'A is symmetric'"),
        (3, "profile must be a name or a set of claims; got 3"),
    ],
)
def test_an_unknown_profile_is_refused(profile, message):
    with pytest.raises(ValueError, match=message):
        conformance(pool_by_paper, profile=profile)
