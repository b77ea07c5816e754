"""A schedule: its defaults, the bounds of its values, and the epoch that it chooses."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from test_training import GRAPHS, config, labelled

from npdiffpool.training.fit import fit
from npdiffpool.training.schedule import Schedule

DEFAULTS = {
    "epochs": 100,
    "batch_size": 20,
    "learning_rate": 1e-3,
    "clip_norm": 2.0,
    "patience": None,
    "monitor": "accuracy",
    "learning_rate_schedule": "constant",
    "weight_decay": 0.0,
}


def test_the_defaults_are_those_on_which_results_depend():
    assert vars(Schedule()) == DEFAULTS


@pytest.mark.parametrize(
    "bounds",
    [
        {"epochs": 1, "batch_size": 1, "patience": 1},
        {"learning_rate": 5e-324, "clip_norm": 5e-324},
        {"learning_rate": 0.5, "weight_decay": 1.999},
    ],
    ids=str,
)
def test_the_bounds_of_the_allowed_values_are_allowed(bounds):
    assert vars(Schedule(**bounds)) == {**DEFAULTS, **bounds}


def test_a_schedule_cannot_be_changed():
    schedule = Schedule()
    with pytest.raises(FrozenInstanceError):
        schedule.epochs = 0


def best_epoch(monitor, rank, loss="cross_entropy", score=None):
    """Train on random labels; return the kept epoch, which must be the best by rank."""
    labels = np.random.default_rng(1).integers(0, 2, 24)
    if loss == "squared_error":
        labels = np.column_stack([labels, labels[::-1]])
    chosen = config(loss=loss)
    data = labelled(GRAPHS, labels, chosen), labelled(GRAPHS[:9], labels[9:18], chosen)
    schedule = Schedule(6, learning_rate=0.05, monitor=monitor)
    fitted = fit(chosen, schedule, *data, np.random.default_rng(0), score=score)
    ranks = [rank(row) for row in fitted.history]
    assert fitted.best_epoch == 1 + ranks.index(max(ranks))
    return fitted.best_epoch


def test_the_monitor_chooses_the_epoch():
    by_loss = best_epoch("loss", lambda row: -row["validation_loss"])
    by_accuracy, by_score = (
        best_epoch(
            monitor,
            lambda row: (row[f"validation_{name}"], -row["validation_loss"]),
            score=lambda logits: -np.mean(logits[:, 0]).round(1),  # epochs tie
        )
        for monitor, name in (("accuracy", "accuracy"), ("mine", "score"))
    )
    assert len({by_loss, by_accuracy, by_score}) == 3


@pytest.mark.parametrize("monitor", ["accuracy", "loss"])
def test_for_regression_the_lowest_loss_chooses_the_epoch(monitor):
    best_epoch(monitor, lambda row: -row["validation_loss"], "squared_error")
