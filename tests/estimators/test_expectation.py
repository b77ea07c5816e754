"""What to expect of a training is described with numbers that can be read."""

import pytest

from npdiffpool import DiffPoolClassifier, load_dataset
from npdiffpool.estimators.expectation import (
    describe_clusters,
    describe_jobs,
    describe_seconds,
)


@pytest.mark.parametrize(
    "epoch, epochs, each, whole",
    [
        (1e-6, 5, "0.0001 s", "less than 1 s"),
        (0.199, 5, "0.2 s", "less than 1 s"),
        (0.2, 5, "0.2 s", "1 s"),
        (9.4, 1, "9.4 s", "9 s"),
        (9.6, 1, "10 s", "10 s"),
        (101.0, 10, "2 min", "17 min"),
        (6000.0, 3, "1.7 h", "5.0 h"),
    ],
)
def test_seconds_have_two_digits_and_no_exponent(epoch, epochs, each, whole):
    count = "1 epoch" if epochs == 1 else f"{epochs} epochs"
    expected = f"about {each} an epoch, {whole} for {count}"
    assert describe_seconds(epoch, epochs) == expected


@pytest.mark.parametrize(
    "jobs, job, epochs, at_a_time, text",
    [
        (30, 32.0, [20, 20], 2, "30 jobs of 20 epochs, 2 at a time: about 8 min"),
        (3, 10.0, [20, 30], 2, "3 jobs of 20 to 30 epochs, 2 at a time: about 20 s"),
        (3, 10.0, [20], 1, "3 jobs of 20 epochs: about 30 s"),
        (1, 10.0, [1], 2, "1 job of 1 epoch: about 10 s"),
        (5, 0.1, [2], 2, "5 jobs of 2 epochs, 2 at a time: less than 1 s"),
        (5, 7.0, [2], None, "5 jobs of 2 epochs: about 7 s each on this machine"),
    ],
)
def test_jobs_that_run_together_take_less_time(jobs, job, epochs, at_a_time, text):
    assert describe_jobs(jobs, job, epochs, at_a_time) == text


@pytest.mark.parametrize("clusters", [(3,), (3, 0.5), ()])
def test_the_parts_of_a_cross_validation_matter_to_a_ratio_only(clusters):
    mutag = load_dataset("MUTAG")
    model, data = DiffPoolClassifier(clusters=clusters), (mutag, mutag.labels)
    assert describe_clusters(model, *data, True) == describe_clusters(model, *data)
