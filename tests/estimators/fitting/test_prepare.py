"""What is shown of each epoch."""

import pytest

from npdiffpool.estimators.fitting.prepare import show_row


@pytest.mark.parametrize(
    "row, text",
    [
        ({}, "loss 0.123"),
        ({"train_accuracy": 0.756}, "loss 0.123, train 75.6%"),
        (
            {"train_accuracy": 1.0, "validation_accuracy": 0.5, "validation_loss": 2.0},
            "loss 0.123, train 100.0%, validation 50.0%",
        ),
        ({"validation_loss": 2.0}, "loss 0.123, validation loss 2.000"),
        (
            {"validation_loss": 2.0, "validation_score": 0.4567},
            "loss 0.123, validation loss 2.000, score 0.457",
        ),
    ],
)
def test_progress_shows_the_losses_and_scores_of_an_epoch(row, text):
    shown = []
    show_row(lambda *args: shown.append(args), {"epoch": 7, "loss": 0.1234, **row})
    assert shown == [(7, text)]
