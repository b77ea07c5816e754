"""What to expect of a training is described with numbers that can be read."""

import pytest

from npdiffpool import DiffPoolClassifier, load_dataset
from npdiffpool.estimators import expectation
from npdiffpool.estimators.expectation import (
    describe_clusters,
    describe_jobs,
    describe_seconds,
    seconds_per_epoch,
)

MUTAG = load_dataset("MUTAG")


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
    model, data = DiffPoolClassifier(clusters=clusters), (MUTAG, MUTAG.labels)
    assert describe_clusters(model, *data, True) == describe_clusters(model, *data)


@pytest.mark.parametrize(
    "clusters, ratio_of, in_folds, text",
    [
        ((), "mean", False, "clusters: none, a flat GNN"),
        ((8, 0.5), "mean", True, "clusters: 8, 4"),
        ((0.25, 0.5), "mean", False, "5, 3 (0.25 of the mean size, 17.9 nodes)"),
        ((0.25,), "largest", False, "7 (0.25 of the largest size, 28 nodes)"),
        (
            (0.25,),
            "largest",
            True,
            "7 (0.25 of the largest size of all graphs, 28 nodes; each fold uses that "
            "of its training graphs)",
        ),
    ],
)
def test_a_ratio_is_shown_with_the_size_that_it_is_of(
    clusters, ratio_of, in_folds, text
):
    model = DiffPoolClassifier(clusters=clusters, ratio_of=ratio_of)
    found = describe_clusters(model, MUTAG, MUTAG.labels, in_folds)
    assert found == "clusters: " + text.removeprefix("clusters: ")


@pytest.mark.parametrize(
    "per_graph, batch_size, sizes, seconds",
    [
        (0.1, 10, [10, 30], 5.0),  # the first one's extra time does not count
        (0.1, 18, [18, 32], 5.0),  # fewer than three others are left
        (0.22, 10, [10], 11.5),  # the first one takes over two seconds
        (0.01, 99, [50], 0.6),  # there is no other
    ],
)
def test_an_epoch_is_expected_to_take_as_long_as_a_few_of_its_minibatches(
    per_graph, batch_size, sizes, seconds, monkeypatch
):
    data, clock, seen = MUTAG[:50], [0.0], []

    def fake_fit(config, schedule, train, validation, rng):
        assert (schedule.epochs, schedule.patience, validation) == (1, None, None)
        clock[0] += per_graph * train.batch.n_graphs + 0.1 * (not seen)
        seen.append(train.batch.n_graphs)
        assert len(train.labels) == seen[-1]

    monkeypatch.setattr(expectation, "fit", fake_fit)
    monkeypatch.setattr(expectation.time, "perf_counter", lambda: clock[0])
    model = DiffPoolClassifier(batch_size=batch_size, epochs=7, patience=2)
    found = seconds_per_epoch(model, data, data.labels)
    assert seen == sizes and found == pytest.approx(seconds)


def test_the_labels_of_the_data_set_are_used_by_default():
    model, data = DiffPoolClassifier(clusters=(3,), hidden=4), MUTAG[:20]
    assert describe_clusters(model, data, None) == "clusters: 3"
    assert seconds_per_epoch(model, data, None) > 0
