"""The corrected resampled t-test: published numbers, plain formulas, its limits."""

import json
from math import inf, sqrt
from statistics import fmean, variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from npdiffpool import DiffPoolClassifier, load_dataset
from npdiffpool.evaluation import Evaluation, compare, cross_validate

scores = st.floats(0, 1, allow_subnormal=False)
pairs = st.lists(st.tuples(scores, scores), min_size=2, max_size=12)
ratios = st.floats(0, 2, allow_subnormal=False)
# Spreads below this are rounding: two formulas differ in all digits.
varied = pairs.filter(lambda drawn: np.std([a - b for a, b in drawn]) > 1e-6)


def evaluation(protocol, values):
    part = "test" if protocol == "fair" else "validation"
    folds = [{"fold": i, part: value} for i, value in enumerate(values)]
    return Evaluation(protocol, fmean(values), 0.1, folds, None)


def test_the_published_example_of_scikit_learn():
    """Its page "Statistical comparison of models using grid search" prints these."""
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel), X, y, scoring="roc_auc", cv=folds)
        for kernel in ("rbf", "linear")
    )
    found = compare(rbf, linear, ratio=10 / 90)
    assert (round(found.t, 3), round(found.p / 2, 3)) == (0.750, 0.227)  # one-sided
    assert found.n_folds == 100
    assert round(compare(rbf, linear, ratio=0).t, 3) == 2.611


def test_a_case_worked_by_hand():
    """J = 4, d = (4, 0, 2, 2) / 100: mean .02, s^2 = 8/3 / 10^4, 1/J + 1/8 = 3/8."""
    found = compare([0.74, 0.60, 0.82, 0.52], [0.70, 0.60, 0.80, 0.50], ratio=1 / 8)
    assert found.mean == pytest.approx(0.02)
    assert found.t == pytest.approx(2)  # .02 / sqrt(3/8 * 8/3 / 10^4)
    half = 0.01 * 3.182446305284263  # of tables: t_.975 with 3 degrees of freedom
    assert (found.low, found.high) == pytest.approx((0.02 - half, 0.02 + half))


@given(varied, ratios)
def test_it_is_the_formula(drawn, ratio):
    first, second = zip(*drawn)
    found = compare(first, second, ratio)
    differences = [a - b for a, b in drawn]
    J, mean = len(drawn), fmean(differences)
    error = sqrt((1 / J + ratio) * variance(differences))
    law = stats.t(J - 1)
    assert found.t == pytest.approx(mean / error, rel=1e-6, abs=1e-9)
    assert found.p == pytest.approx(2 * law.sf(abs(mean / error)), rel=1e-6)
    low, high = (mean + sign * law.ppf(0.975) * error for sign in (-1, 1))
    assert found[:3] == pytest.approx((mean, low, high), rel=1e-6, abs=1e-9)
    assert found.n_folds == J


@given(varied)
def test_without_a_correction_it_is_the_paired_t_test(drawn):
    first, second = zip(*drawn)
    found, expected = compare(first, second, 0), stats.ttest_rel(first, second)
    interval = expected.confidence_interval(0.95)
    assert found.t == pytest.approx(expected.statistic, rel=1e-6, abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6)
    assert found[1:3] == pytest.approx(tuple(interval), rel=1e-6, abs=1e-9)


@given(pairs, ratios)
def test_exchanged_models_have_the_opposite_difference(drawn, ratio):
    first, second = zip(*drawn)
    one, other = compare(first, second, ratio), compare(second, first, ratio)
    assert (one.mean, one.low, one.high) == (-other.mean, -other.high, -other.low)
    assert (one.t, one.p) == (-other.t, other.p)


@given(varied, ratios)
def test_the_interval_excludes_0_where_p_is_below_5_percent(drawn, ratio):
    found = compare(*zip(*drawn), ratio)
    if abs(found.p - 0.05) > 1e-9:
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_differences_that_only_rounding_makes_unequal_are_equal():
    mean = sum([0.7] * 3) / 3  # 0.7 - 1e-16
    same = compare([mean] * 5, [0.7] * 5, ratio=0.1)
    assert mean != 0.7 and same[:5] == (0, 0, 0, 0, 1)
    better = compare([0.7, 0.8, 0.9], [0.6, 0.7, 0.8], ratio=0.1)
    assert better.low == better.mean == better.high and better.p == 0
    with_a_score_of_0 = compare([mean, mean, 0], [0.7, 0.7, 0], ratio=0.1)
    assert with_a_score_of_0[:5] == (0, 0, 0, 0, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.float32])
def test_scores_of_any_dtype_are_compared_in_float64(dtype):
    first, second = [60, 72, 66, 81], [64, 75, 61, 78]
    found = compare(np.array(first, dtype), np.array(second, dtype), ratio=0.1)
    assert found == compare([*map(float, first)], [*map(float, second)], ratio=0.1)


def test_equal_differences_give_an_interval_of_length_0():
    same = compare([0.5, 0.75], [0.5, 0.75], ratio=0.1)
    assert same == (0, 0, 0, 0, 1, 2)
    better = compare([0.5, 0.75], [0.25, 0.5], ratio=0.1)
    assert better == (0.25, 0.25, 0.25, inf, 0, 2)
    worse = compare([0.25, 0.5], [0.5, 0.75], ratio=0.1)
    assert worse == (-0.25, -0.25, -0.25, -inf, 0, 2)


@pytest.mark.parametrize("protocol, ratio", [("fair", 10 / 81), ("paper", 1 / 9)])
def test_evaluations_have_the_ratio_of_their_folds(protocol, ratio):
    values = np.random.default_rng(0).random((2, 10)).tolist()
    found = compare(*(evaluation(protocol, one) for one in values))
    assert found == compare(*values, ratio=ratio)
    other = compare(*(evaluation(protocol, one) for one in values), ratio=0.5)
    assert other == compare(*values, ratio=0.5)


def test_results_of_cross_validate_and_their_files_are_compared(tmp_path):
    mutag, options = load_dataset("MUTAG")[:60], {"epochs": 1, "hidden": 4}
    found = [
        cross_validate(
            DiffPoolClassifier(clusters=clusters, **options), mutag,
            folds=3, runs=2, folder=tmp_path / name,
        )
        for name, clusters in (("pooled", (2,)), ("flat", ()))
    ]  # fmt: skip
    files = [
        json.loads((tmp_path / name / "results.json").read_text())
        for name in ("pooled", "flat")
    ]
    tests = [[fold["test"] for fold in one.folds] for one in found]
    assert compare(*found) == compare(*files) == compare(*tests, ratio=1 / 1.8)
