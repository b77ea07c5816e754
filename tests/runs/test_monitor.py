"""A run whose epoch is chosen by another score can be resumed."""

import csv

from npdiffpool.cli.main import main


def test_a_run_with_a_score_resumes(tmp_path):
    run = tmp_path / "run"
    options = ["--epochs", "2", "--hidden", "4", "--monitor", "roc_auc"]
    command = ["train", "MUTAG", *options, "--out", str(run)]
    assert main(command) == 0
    before = (run / "history.csv").read_bytes()
    with open(run / "history.csv", newline="") as file:
        assert all(
            0 <= float(row["validation_score"]) <= 1 for row in csv.DictReader(file)
        )
    (run / "config.json").unlink()  # as if it had been interrupted at the end
    assert main([*command, "--resume"]) == 0
    assert (run / "history.csv").read_bytes() == before
