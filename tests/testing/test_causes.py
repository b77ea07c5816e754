"""Failures of a layer are grouped by cause, the simplest counterexample first."""

import autograd.numpy as np

from npdiffpool.testing import LAWS, Pooled, causes, conformance
from npdiffpool.testing.law import Law, Result
from npdiffpool.testing.laws.cases.pooling import step
from npdiffpool.testing.own.parts import pool_by_paper


def failure(id, case, place="", error="AssertionError: wrong"):
    """Return a failing result with a case of lists."""
    arrays = {name: np.array(value) for name, value in case.items()}
    return Result(LAWS[id], "fails", "", "", arrays, error, place)


def ids(groups):
    return [[failure.law.id for failure in group] for group in groups]


EDGE = {"A": [[1.0]], "R": [[0.0]], "Z": [[1.0]]}
PAIR = {"A": np.eye(2), "R": np.zeros((2, 1)), "Z": np.ones((2, 1))}


def test_results_without_failures_have_no_cause():
    assert causes([]) == []
    assert causes(conformance(pool_by_paper, laws=["A1", "B1"], examples=5)) == []


def test_failures_on_one_graph_have_one_cause_and_come_simplest_first():
    results = [failure("C1", PAIR), failure("A1", EDGE), failure("C2", PAIR)]
    assert ids(causes(results)) == [["A1"], ["C1", "C2"]]


def test_a_graph_in_another_precision_is_another_cause():
    narrow = {name: np.float32(value) for name, value in EDGE.items()}
    assert ids(causes([failure("C1", EDGE), failure("D4", narrow)])) == [["C1"], ["D4"]]


def test_an_exception_of_one_line_is_one_cause_whatever_the_graph():
    here = dict(place="layer.py:3, in pool", error="ValueError: 1")
    other = dict(place="layer.py:3, in pool", error="ValueError: 2")
    results = [failure("C1", PAIR, **here), failure("C2", EDGE, **other)]
    assert ids(causes(results)) == [["C2", "C1"]]


def test_another_line_or_type_of_exception_is_another_cause():
    line = dict(place="layer.py:3, in pool", error="ValueError: 1")
    results = [
        failure("C1", EDGE, **line),
        failure("C2", EDGE, **line | {"place": "layer.py:4, in pool"}),
        failure("C3", EDGE, **line | {"error": "TypeError: 1"}),
        failure("C4", EDGE),
    ]
    assert ids(causes(results)) == [["C1"], ["C2"], ["C3"], ["C4"]]


def test_a_counterexample_without_some_arrays_joins_the_simplest_that_agrees():
    partial = {"R": EDGE["R"], "off": np.ones((1, 1))}
    loop = EDGE | {"A": [[0.0]]}
    results = [failure("L3", partial), failure("C1", EDGE), failure("C2", loop)]
    assert ids(causes(results)) == [["L3", "C2"], ["C1"]]


def test_cases_with_nothing_to_compare_have_their_own_causes():
    batches = {"As": [[[1.0]]], "Rs": [[[0.0]]], "Zs": [[[1.0]]]}
    results = [
        failure("C1", EDGE),
        failure("M1", {"seed": 0}),
        failure("M2", {"seed": 0}),
    ]
    assert ids(causes(results)) == [["M1"], ["M2"], ["C1"]]
    lists = {name: [np.array(value[0])] for name, value in batches.items()}
    batch = [Result(LAWS[id], "fails", case=lists) for id in ("B1", "B2")]
    longer = {name: value * 2 for name, value in lists.items()}
    batch.append(Result(LAWS["B3"], "fails", case=longer))
    assert ids(causes([failure("C1", EDGE), *batch])) == [["C1"], ["B1", "B2"], ["B3"]]


def test_three_mistakes_of_a_layer_are_three_causes():
    def pool(A, R, Z):
        np.linalg.inv(np.ones((len(A), 1)).T @ np.ones((len(A), 1)))  # not for n = 0
        S = pool_by_paper(A, R, Z).S
        if R.shape[1] > 2:
            raise RuntimeError("no more than two clusters")
        return Pooled(S.T @ A @ S / 2, S.T @ Z, S)

    laws = ["A1", "C1", "C2", "C11", "C15"]
    found = causes(conformance(pool, laws=laws, examples=30))
    assert ids(found) == [["C2", "C11"], ["A1", "C1"], ["C15"]]
    errors = [group[0].error.partition(":")[0] for group in found]
    assert errors == ["AssertionError", "RuntimeError", "LinAlgError"]
    places = [group[0].place.partition(":")[0] for group in found]
    assert places == ["", "test_causes.py", "test_causes.py"]


def test_an_exception_of_the_check_has_no_place():
    law = Law("X1", "example", "An example.", "none")

    @law.also(step())
    def check(pool, A, R, Z):
        np.linalg.inv(np.zeros((1, 1)))

    result = law.examine(pool_by_paper, examples=5)
    assert result.error == "LinAlgError: Singular matrix" and result.place == ""


def test_a_counterexample_has_only_the_values_that_the_check_uses():
    def pool(A, R, Z):
        pooled = pool_by_paper(A, R, Z)
        return pooled._replace(A=2 * pooled.A)

    (result,) = conformance(pool, laws=["C8"], examples=20)
    assert set(result.case) == {"A", "Z", "rtol"}
