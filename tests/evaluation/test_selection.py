"""What the protocols select and report, and what makes another evaluation."""

import json
from dataclasses import asdict, dataclass

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.evaluation.protocols import Source, check_options, cross_validate
from npdiffpool.evaluation.splits import (
    Split,
    SplitsError,
    check_splits,
    make_splits,
    read_splits,
)

GRAPHS = [ndp.Graph([[0.0]], [[float(i)]]) for i in range(12)]
LABELS = np.arange(12) % 2
SPLITS = make_splits(LABELS, 3)


@dataclass
class Scripted:
    """A model that does not train: it has these validation scores after each epoch."""

    scores: tuple[float, ...] = (0.2, 0.6, 0.3)
    loss: float = 1.0
    kept: int = 2
    seed: int = 0

    def fit(self, graphs, labels, validation):
        first = validation[0][0].features[0, 0] / 100  # the folds differ by it
        names = "validation_accuracy", "validation_loss"
        self.history_ = [
            dict(zip(names, (score + first + self.seed**2, self.loss / epoch)))
            for epoch, score in enumerate(self.scores, start=1)
        ]
        self.best_epoch_ = self.kept
        return self

    def score(self, graphs, labels):
        return graphs[0].features[0, 0] + 10.0 * self.seed**2

    def get_params(self):
        return asdict(self)


class Other(Scripted):
    """The same under another name."""


def run(model=Scripted(), labels=LABELS, splits=SPLITS, **options):
    return cross_validate(model, GRAPHS, labels, splits=splits, **options)


def test_equal_scores_are_decided_by_the_lowest_validation_loss():
    grid = [{"loss": 2.0}, {"loss": 1.0}, {"loss": 3.0}, {"loss": 1.0}]
    grid += [{"scores": (0.2, 0.5, 0.3), "loss": 0.1}]  # a lower score
    assert [fold["choice"] for fold in run(grid=grid, runs=1).folds] == [1, 1, 1]


def test_a_run_reports_its_kept_epoch_not_its_last_one():
    for kept, score in ((1, 0.2), (2, 0.6)):
        for fold, split in zip(run(Scripted(kept=kept), runs=1).folds, SPLITS):
            (row,), first = fold["runs"], split.validation[0] / 100
            assert row["epoch"] == kept
            assert row["validation"] == pytest.approx(score + first)
            assert row["validation_loss"] == 1 / kept


def test_a_fold_reports_the_means_and_the_evaluation_their_standard_deviation():
    result = run(Scripted(seed=1), runs=3)  # seeds 1, 2, 3
    tests = [split.test[0] + 140 / 3 for split in SPLITS]
    assert [fold["test"] for fold in result.folds] == pytest.approx(tests)
    expected = [0.6 + split.validation[0] / 100 + 14 / 3 for split in SPLITS]
    assert [fold["validation"] for fold in result.folds] == pytest.approx(expected)
    assert result.score == pytest.approx(np.mean(tests)) != np.median(tests)
    assert result.spread == pytest.approx(np.std(tests)) != 0


def test_by_default_there_are_ten_folds_of_three_runs():
    graphs, labels = GRAPHS * 2, np.arange(24) % 2
    folds = cross_validate(Scripted(), graphs, labels).folds
    found = [(fold["fold"], fold["choice"], len(fold["runs"])) for fold in folds]
    assert found == [(number, 0, 3) for number in range(10)]


def test_paper_compares_configurations_at_the_best_epoch_of_their_mean_curve():
    """The first has the best epoch, the second the best last epoch and mean."""
    grid = [{"scores": (0.1, 0.9, 0.1)}, {"scores": (0.7, 0.8, 0.8)}]
    result = run(protocol="paper", grid=grid)
    assert result.epoch == 2
    chosen = [(fold["fold"], fold["choice"]) for fold in result.folds]
    assert chosen == [(0, 0), (1, 0), (2, 0)]
    firsts = np.array([split.test[0] for split in SPLITS]) / 100
    assert result.score == pytest.approx(0.9 + firsts.mean())


def test_paper_takes_the_mean_over_folds_not_their_median():
    class Uneven(Scripted):
        def fit(self, graphs, labels, validation):
            super().fit(graphs, labels, validation)
            if validation[0][0].features[0, 0] == 0:  # one fold of three
                self.history_[1]["validation_accuracy"] = 0.0
            return self

    assert run(Uneven((0.5, 0.7, 0.1)), protocol="paper").epoch == 1


def test_a_folder_keeps_the_result_and_the_seconds_of_each_run(tmp_path):
    result = run(runs=1, folder=tmp_path)
    assert json.loads((tmp_path / "results.json").read_text()) == result._asdict()
    seconds = json.loads((tmp_path / "seconds.json").read_text())
    assert seconds.keys() == {f"fold-{fold}-run-0" for fold in range(3)}
    assert all(0 <= n < 10 for n in seconds.values())


def test_a_score_without_accuracies_is_1_minus_the_loss():
    class Regressor(Scripted):
        kind = "regressor"

        def fit(self, *data, validation):
            super().fit(*data, validation)
            self.history_ = [
                {"validation_loss": r["validation_loss"]} for r in self.history_
            ]
            return self

    result = run(Regressor(loss=0.5), runs=1)
    assert [fold["validation"] for fold in result.folds] == [0.75] * 3
    assert (result.measure, run(runs=1).measure) == ("R^2", "accuracy")


@pytest.mark.parametrize(
    "name, change",
    [
        ("model", {"model": Other()}),
        ("loss", {"model": Scripted(loss=2.0)}),
        ("protocol", {"protocol": "paper"}),
        ("splits", {"splits": make_splits(LABELS, 3, seed=1)}),
        ("grid", {"grid": [{"loss": 3.0}]}),
        ("labels", {"labels": 1 - LABELS}),
        ("runs", {"runs": 2}),
    ],
)
def test_another_argument_is_another_evaluation(tmp_path, name, change):
    run(runs=1, folder=tmp_path)
    with pytest.raises(ValueError, match=f"different settings: .*{name}.*; choose"):
        run(**{"runs": 1, "folder": tmp_path, **change})


def test_verbose_is_no_other_evaluation(tmp_path):
    """Also in folders whose settings contain it, as those of earlier versions do."""
    small, path, found = {"epochs": 1, "clusters": ()}, tmp_path / "settings.json", []
    for verbose in (False, True):
        model = ndp.DiffPoolClassifier(verbose=verbose, **small)
        options = {"splits": SPLITS, "runs": 1, "folder": tmp_path}
        found.append(cross_validate(model, GRAPHS, LABELS, **options))
        settings = json.loads(path.read_text())
        settings["parameters"]["verbose"] = verbose
        path.write_text(json.dumps(settings))
    assert found[0] == found[1]


def test_another_version_is_another_evaluation(tmp_path, monkeypatch):
    run(runs=1, folder=tmp_path)
    monkeypatch.setattr("npdiffpool.evaluation.jobs.version", lambda package: "0.0.1")
    with pytest.raises(ValueError, match="different settings: version"):
        run(runs=1, folder=tmp_path)


def test_an_evaluation_is_known_by_its_data_and_their_features(tmp_path):
    for features in ("auto", "degree"):
        source, folder = Source("MUTAG", features), tmp_path / features
        cross_validate(Scripted(), source, folds=2, runs=1, folder=folder)
        settings = json.loads((folder / "settings.json").read_text())
        assert (settings["data"], settings["features"]) == ("MUTAG", features)
    with pytest.raises(ValueError, match="different settings: features .*, graphs;"):
        cross_validate(
            Scripted(), Source("MUTAG"), folds=2, runs=1, folder=tmp_path / "degree"
        )


def test_several_targets_are_a_row_for_each_graph():
    seen, targets = [], np.column_stack([np.arange(12), -np.arange(12)])

    class Several(Scripted):
        kind = "regressor"

        def fit(self, graphs, labels, validation):
            numbers = [graph.features[0, 0] for graph in graphs]
            seen.append((labels.tolist(), [[n, -n] for n in numbers]))
            return super().fit(graphs, labels, validation)

    run(Several(), targets, runs=1)
    run(Several(), targets, splits=None, folds=3, runs=1)  # not by class
    assert len(seen) == 6 and all(found == expected for found, expected in seen)
    for wrong in (targets[:11], targets[:11, 0], np.zeros((12, 2, 1))):
        with pytest.raises(ValueError, match="labels must"):
            run(Several(), wrong, runs=1)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"model": 3}, "model must be one with fit, score and get_params; got 3"),
        ({"folds": 1}, "folds must be a whole number >= 2; got 1"),
        ({"grid": [{}, 3]}, "grid must be one configuration or more"),
        ({"protocol": "paper"}, "patience must be None"),
    ],
)
def test_options_are_checked_without_data(options, message):
    patient = ndp.DiffPoolClassifier(patience=3)
    assert len(check_options(patient, "fair", grid=[{}, {"hidden": 4}])) == 2
    with pytest.raises(ValueError, match=message):
        check_options(**{"model": patient, **options})


def test_data_that_a_configuration_cannot_use_are_refused_before_any_work(tmp_path):
    class Checked(Scripted):
        def check_parameters(self):
            pass

        def check(self, graphs, labels):
            if self.loss > len(graphs):
                raise ValueError("too few graphs")

    with pytest.raises(ValueError, match="too few graphs"):
        run(Checked(), grid=[{}, {"loss": 13.0}], folder=tmp_path / "cv")
    assert not (tmp_path / "cv").exists()


# Splits


def test_the_validation_part_is_a_tenth_of_what_is_not_tested():
    labels = np.repeat([0, 1], [40, 80])
    for split in make_splits(labels, 3):
        assert [len(part) for part in split] == [72, 8, 40]
        assert abs(np.sum(labels[split.validation] == 0) - 8 / 3) < 1
    expected = make_splits(labels, 3, seed=0, by_class=True)
    assert make_splits(labels, 3) == expected != make_splits(labels, 3, seed=1)


def test_a_file_must_not_test_a_graph_twice(tmp_path):
    def fold(test, train, validation):
        inner = [{"train": train, "validation": validation}]
        return {"test": test, "model_selection": inner}

    path = tmp_path / "splits.json"
    folds = [fold([0, 1], [2], [3]), fold([1, 2], [0], [3]), fold([3], [0], [1])]
    path.write_text(json.dumps(folds))
    with pytest.raises(SplitsError, match="must test each of 4 graphs once"):
        read_splits(path, 4)
    path.write_text(json.dumps([folds[0], fold([2, 3], [0], [])]))
    with pytest.raises(SplitsError, match=r"fold 1: validation .* got \[\]"):
        read_splits(path, 4)


def test_a_file_of_another_form_is_refused_without_knowing_the_graphs(tmp_path):
    path = tmp_path / "splits.json"
    inner = '"model_selection": [{"train": [0], "validation": [1]}]'
    for text in ("[1]", '{"test": [2]}', '[{"test": [NaN], %s}]' % inner):
        path.write_text(text)
        with pytest.raises(SplitsError, match="splits.json must be JSON"):
            read_splits(path, None)


@pytest.mark.parametrize("splits", [3, [3], [], [([[1], [2, 3]], [0], [1])]])
def test_splits_of_another_form_are_refused(splits):
    with pytest.raises(SplitsError, match="splits must be one fold or more, each"):
        check_splits(splits, 4)


@pytest.mark.parametrize(
    "second, message",
    [
        (([0], [1]), r"each \(train, validation, test\)"),
        (([0], [1], [-1]), r"splits\[1\]: an index must be in 0 ... 3; got -1"),
        (([0], [1], [4]), r"splits\[1\]: an index must be in 0 ... 3; got 4"),
        (([0], [0], [1]), r"splits\[1\]: a graph must occur once"),
        (([0], [2.0], [1]), "got 2.0"),
    ],
)
def test_every_split_is_checked(second, message):
    first = [0, 1], [2], [3]
    assert check_splits([first], 4) == [Split(*first)]
    with pytest.raises(SplitsError, match=message):
        check_splits([first, second], 4)
