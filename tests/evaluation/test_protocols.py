"""Protocols: what chooses, what is reported, and that nothing is lost or redone."""

import json
import os
import re
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.cli.grid import read_grid
from npdiffpool.cli.main import main
from npdiffpool.evaluation.jobs import run_job
from npdiffpool.evaluation.protocols import Source, cross_validate
from npdiffpool.evaluation.splits import Split, make_splits, read_splits
from npdiffpool.evaluation.workers import workers

GRAPHS = [ndp.Graph([[0.0]], [[float(i)]]) for i in range(30)]
LABELS = np.arange(30) % 2
trained, tested = [], []


@dataclass
class Told:
    """Pretend to train: accuracies are told by the parameters and the fold."""

    level: float = 0.5
    seed: int = 0

    def fit(self, graphs, labels, validation):
        self.train = {int(graph.features[0, 0]) for graph in graphs}
        self.held = {int(graph.features[0, 0]) for graph in validation[0]}
        trained.append((self.level, self.seed, sorted(self.train), sorted(self.held)))
        time.sleep(0.002)
        drift = min(self.held) / 1000
        curve = [self.level, self.level + 0.2 + drift, self.level + 0.1]
        losses = [{"validation_accuracy": a, "validation_loss": 1 - a} for a in curve]
        self.history_, self.best_epoch_ = losses, 2
        return self

    def score(self, graphs, labels):
        seen = {int(graph.features[0, 0]) for graph in graphs}
        assert not seen & (self.train | self.held)
        tested.append((self.level, sorted(seen)))
        return self.level + 0.01 * self.seed

    def get_params(self):
        return asdict(self)


def run(folder=None, model=None, **options):
    trained.clear()
    tested.clear()
    model = model if model is not None else Told()
    return cross_validate(model, GRAPHS, LABELS, folds=3, folder=folder, **options)


def files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.stem != "seconds"}


# What is chosen and reported


def test_fair_reports_the_mean_over_folds_of_the_mean_over_runs():
    result = run(runs=3, model=Told(0.3, seed=5))
    assert result.score == pytest.approx(0.3 + 0.06)
    assert result.spread == pytest.approx(0)
    assert [[run["test"] for run in fold["runs"]] for fold in result.folds] == [
        pytest.approx([0.35, 0.36, 0.37])
    ] * 3


def test_fair_chooses_by_validation_in_each_fold_and_tests_that_alone():
    grid = [{"level": 0.2}, {"level": 0.6}, {"level": 0.4}]
    result = run(grid=grid, runs=2)
    assert [fold["choice"] for fold in result.folds] == [1, 1, 1]
    assert result.score == pytest.approx(0.605)
    assert len(trained) == 3 * (3 + 2)
    parts = [split.test for split in make_splits(LABELS, 3)]
    assert tested == [(0.6, part) for part in parts for _ in range(2)]


def test_among_equals_the_first_of_the_grid_is_chosen():
    result = run(grid=[{"level": 0.4}, {"level": 0.4}], runs=1)
    assert [fold["choice"] for fold in result.folds] == [0, 0, 0]


def test_paper_is_the_maximum_over_epochs_of_the_mean_over_folds():
    result = run(protocol="paper", grid=[{"level": 0.2}, {"level": 0.5}])
    drifts = [min(split.test) / 1000 for split in make_splits(LABELS, 3)]
    assert result.epoch == 2
    assert result.score == pytest.approx(0.7 + np.mean(drifts))
    assert result.spread == pytest.approx(np.std(drifts))
    assert [fold["choice"] for fold in result.folds] == [1, 1, 1]


def test_paper_validates_by_the_fold_and_trains_on_all_the_rest():
    run(protocol="paper")
    for (_, _, train, held), split in zip(trained, make_splits(LABELS, 3)):
        assert held == split.test
        assert train == sorted(split.train + split.validation)


def test_each_graph_is_tested_once():
    splits = make_splits(LABELS, 3)
    assert sorted(sum((split.test for split in splits), [])) == list(range(30))
    for split in splits:
        assert sorted(sum(split, [])) == list(range(30))


# Where it runs, and that it goes on


def train_for_real(folder, executor, **options):
    mutag = ndp.load_dataset("MUTAG")[:40]
    clf = ndp.DiffPoolClassifier(epochs=2, hidden=4, dtype="float64")
    given = dict(folds=2, runs=2, executor=executor, folder=folder)
    return cross_validate(clf, mutag, mutag.labels, **{**given, **options})


@pytest.mark.parametrize("pool", [ProcessPoolExecutor, ThreadPoolExecutor, workers])
def test_results_are_the_same_bytes_whatever_runs_them(tmp_path, pool):
    grid = [{"hidden": 4}, {"hidden": 5}]
    expected = train_for_real(tmp_path / "here", None, grid=grid)
    with pool(2) as executor:
        assert train_for_real(tmp_path / "there", executor, grid=grid) == expected
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path):
    def stop_at_third(progress):
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cv", runs=2, on_done=stop_at_third)
    assert len(trained) == 3
    result = run(tmp_path / "cv", runs=2)
    assert len(trained) == 3
    assert result == run(tmp_path / "whole", runs=2)
    assert files(tmp_path / "cv") == files(tmp_path / "whole")


def test_what_is_done_is_counted_and_what_was_done_before(tmp_path):
    seen = []
    run(tmp_path / "cv", runs=2, on_done=seen.append)
    assert [one[:3] for one in seen] == [(n, 6, 0) for n in range(7)]
    assert seen[0].job is None and seen[0].row is None
    assert {one.job.name for one in seen[1:]} == {
        f"fold-{fold}-run-{run}" for fold in range(3) for run in range(2)
    }
    (tmp_path / "cv" / "fold-1-run-0.json").unlink()
    seen.clear()
    run(tmp_path / "cv", runs=2, on_done=seen.append)
    assert [one[:3] for one in seen] == [(n, 6, 5) for n in range(7)]
    assert seen[-1].job.name == "fold-1-run-0"  # the only one that is run


def test_a_folder_of_another_evaluation_is_left_alone(tmp_path):
    run(tmp_path / "cv", runs=1)
    before = files(tmp_path / "cv")
    differs = r"another folder; what differs: runs \(1 there, 2 here\)$"
    with pytest.raises(ValueError, match=differs):
        run(tmp_path / "cv", runs=2)
    differs = r"what differs: level \(0.5 there, 0.25 here\)$"
    with pytest.raises(ValueError, match=differs):
        run(tmp_path / "cv", runs=1, model=Told(0.25))
    doubled = [ndp.Graph(g.adjacency, 2 * g.features) for g in GRAPHS]
    with pytest.raises(ValueError, match="what differs: graphs$"):
        cross_validate(Told(), doubled, LABELS, folds=3, runs=1, folder=tmp_path / "cv")
    assert files(tmp_path / "cv") == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="must be new, empty or of an evaluation"):
        run(tmp_path / "full")


def test_what_cannot_be_trained_leaves_no_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["cv", "MUTAG", "--hidden", "-1"]) == 2
    assert "hidden must be a whole number >= 1; got -1" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_papers_protocol_has_no_runs_to_differ_by(tmp_path):
    first = run(tmp_path / "cv", protocol="paper", runs=1)
    assert run(tmp_path / "cv", protocol="paper", runs=5) == first
    assert trained == []


def test_what_waits_is_not_run_after_a_stop():
    def stop(progress):
        if progress.done:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(KeyboardInterrupt):
            run(runs=20, executor=executor, on_done=stop)
    assert len(trained) < 3 * 20 / 2  # the one that had begun ends


class Broken(Told):
    """Fail in the fold that tests the first graph, while the others are under way."""

    meeting = threading.Barrier(3)

    def score(self, graphs, labels):
        self.meeting.wait(timeout=10)
        if any(graph.features[0, 0] == 0 for graph in graphs):
            raise ValueError("the model overflows")
        time.sleep(0.1)
        return super().score(graphs, labels)


def test_where_a_job_fails_those_under_way_are_kept(tmp_path):
    with ThreadPoolExecutor(3) as executor:
        with pytest.raises(ValueError, match="the model overflows"):
            run(tmp_path / "cv", model=Broken(), runs=1, executor=executor)
    kept = {path.name for path in (tmp_path / "cv").glob("fold-*")}
    whole = {i for i, split in enumerate(make_splits(LABELS, 3)) if 0 not in split.test}
    assert kept == {f"fold-{fold}-run-0.json" for fold in whole}


def test_a_worker_that_is_killed_is_told_in_a_line(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "cv"
    monkeypatch.setattr("npdiffpool.evaluation.job_queue.run_job", die_in_fold_1)
    monkeypatch.setenv("KEPT", str(folder / "fold-0-run-0.json"))
    command = ["cv", "MUTAG", *QUICK, "--folds", "3", "--out", str(folder)]
    assert main([*command, "--jobs", "2"]) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "a worker died in fold 1 run 0 or fold 2 run 0 (too little mem" in message
    assert message.endswith("; run the same command to resume")
    assert (folder / "fold-0-run-0.json").exists()
    monkeypatch.undo()
    assert main(command) == 0
    assert "3 jobs, 1 of them done before" in capsys.readouterr().err


def die_in_fold_1(model, data, labels, split, expected):
    """Have the process die in fold 1 once fold 0 is kept; fold 2 does not end."""
    folds = [fold.test for fold in make_splits(labels, 3)]
    if split.test == folds[1]:
        while not os.path.exists(os.environ["KEPT"]):
            time.sleep(0.01)
        os._exit(9)
    if split.test == folds[2]:
        time.sleep(1000)
    return run_job(model, data, labels, split, expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # overflows on its way
def test_a_training_that_fails_is_told_with_its_fold(tmp_path, capsys):
    command = ["cv", "MUTAG", *QUICK, "--learning-rate", "1e38", "--no-normalize-rows"]
    for jobs in ("1", "2"):
        assert main([*command, "--jobs", jobs, "--out", str(tmp_path / "cv")]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert re.match(r"npdiffpool: fold \d run 0: training diverged", message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "expected, message",
    [
        (("0.0.1", None), "npdiffpool of a worker must be 0.0.1; got '0.1.0'"),
        ((ndp.__version__, "0"), "a worker's data must be those evaluated; got '.*'"),
    ],
)
def test_a_worker_with_another_version_or_other_data_is_refused(expected, message):
    split, clf = Split([0, 1], [2], [3]), ndp.DiffPoolClassifier(epochs=1)
    with pytest.raises(ValueError, match=message):
        run_job(clf, Source("MUTAG"), None, split, expected)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"protocol": "kind"}, "protocol must be one of 'fair', 'paper'; got 'kind'"),
        ({"runs": 0}, "runs must be a whole number >= 1; got 0"),
        ({"grid": []}, r"grid must be one configuration or more; got \[\]"),
        ({"grid": [{"levl": 1}]}, "a name in grid must be one of level; got 'levl'"),
        ({"grid": [{"seed": 1}]}, "a name in grid must be one of level; got 'seed'"),
        ({"splits": []}, r"splits must be one fold or more.*got \[\]"),
        ({"splits": [([0, 1], [2], [1])]}, r"splits\[0\]: a graph must be in one part"),
        ({"splits": [([0], [2], [30])]}, "an index must be in 0 ... 29; got 30"),
    ],
)
def test_arguments_are_checked_before_any_work(options, message):
    with pytest.raises(ValueError, match=message):
        run(**options)
    assert trained == []


@pytest.mark.parametrize(
    "options, message",
    [
        ({"folds": 1}, "folds must be a whole number >= 2; got 1"),
        ({"grid": [{"hidden": 4}, {"hidden": -3}]}, "hidden must be .*; got -3"),
        ({"grid": [{}, {"epochs": 0}]}, "epochs must be .*; got 0"),
        ({"protocol": "paper", "grid": [{"patience": 3}]}, "patience must be None"),
    ],
)
def test_parameters_in_a_grid_are_checked_before_any_work(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        train_for_real(tmp_path / "cv", None, **options)
    assert not (tmp_path / "cv").exists()


def test_splits_may_be_arrays_and_graphs_come_from_a_generator():
    splits = [tuple(map(np.array, split)) for split in make_splits(LABELS, 3)]
    graphs = (ndp.Graph([[0.0]], [[float(i)]], int(LABELS[i])) for i in range(30))
    again = cross_validate(Told(), graphs, splits=splits)
    assert again == run()
    with pytest.raises(ValueError, match="labels must be given, or every graph's own"):
        cross_validate(Told(), GRAPHS)


def test_folds_are_stratified_for_a_classifier_whatever_the_labels_are():
    labels = np.repeat([0.0, 1.0], [20, 10])
    run_of = cross_validate(Told(), GRAPHS, labels, folds=5, runs=1)
    assert len(run_of.folds) == 5
    assert {sum(1 for i in part if i >= 20) for _, part in tested[-5:]} == {2}
    by_chance = make_splits(labels, 5, by_class=False)
    assert len({sum(i >= 20 for i in split.test) for split in by_chance}) > 1


# Files of splits and of configurations


def fold(test, train, validation):
    inner = [{"train": train, "validation": validation}]
    return {"test": test, "model_selection": inner}


def test_index_files_are_read(tmp_path):
    path = tmp_path / "splits.json"
    path.write_text(json.dumps([fold([0, 3], [1], [2]), fold([1, 2], [0], [3])]))
    assert read_splits(path, 4) == [Split([1], [2], [0, 3]), Split([0], [3], [1, 2])]


@pytest.mark.parametrize(
    "content, message",
    [
        ("{", "must be JSON"),
        ('[{"test": [0]}]', "must be JSON.*'model_selection'"),
        ([fold([0, 1], [2], [9])], r"fold 0: an index must be in 0 ... 3; got 9"),
        ([fold([0, 1], [2], [True])], "got True"),
        ([fold([0, 1], [2], [2])], "a graph must be in one part; one is in two"),
        ([fold([0, 1], [], [2])], r"train must be a list of indices; got \[\]"),
        ([fold([0, 1], [2], [3])], "must test each of 4 graphs once; it does not"),
    ],
)
def test_index_files_that_are_wrong_are_refused(tmp_path, content, message):
    path = tmp_path / "splits.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=message):
        read_splits(path, 4)


def test_a_grid_is_a_list_or_lists_to_combine(tmp_path):
    path = tmp_path / "grid.json"
    path.write_text('[{"hidden": 3}, {"clusters": [0.25, 4]}]')
    assert read_grid(path) == [{"hidden": 3}, {"clusters": (0.25, 4)}]
    path.write_text('{"hidden": [3, 4], "gnn": ["gcn", "sage"]}')
    assert len(read_grid(path)) == 4
    assert {"hidden": 4, "gnn": "gcn"} in read_grid(path)
    path.write_text('{"clusters": [0.25, [8, 2]]}')
    assert read_grid(path) == [{"clusters": (0.25,)}, {"clusters": (8, 2)}]


@pytest.mark.parametrize(
    "content, seen",
    [
        ("{", "Expecting property name"),
        ("3", "no configuration: 3"),
        ("[]", r"no configuration: \[\]"),
        ("[3]", r"no configuration: \[3\]"),
        ('{"hidden": 3}', "no list of values of hidden: 3"),
        ('{"gnn": "sage"}', "no list of values of gnn: 'sage'"),
        ('{"hidden": []}', r"no list of values of hidden: \[\]"),
    ],
)
def test_a_grid_that_is_none_is_refused(tmp_path, content, seen):
    path = tmp_path / "grid.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"must be JSON such as .*; got {seen}"):
        read_grid(path)


# The command


QUICK = ["--epochs", "2", "--hidden", "4", "--folds", "2", "--runs", "1"]


def test_cv_prints_a_line_a_fold_and_the_mean(tmp_path, capsys):
    folder = tmp_path / "cv"
    assert main(["cv", "MUTAG", *QUICK, "--jobs", "2", "--out", str(folder)]) == 0
    printed = capsys.readouterr()
    results = json.loads((folder / "results.json").read_text())
    assert f"test accuracy {100 * results['score']:.1f} ± " in printed.out
    assert "over 2 folds, one run each" in printed.out
    assert "always the majority class: 66.5%" in printed.out
    assert printed.err.startswith("2 jobs\n")
    assert "job   2/2" in printed.err


def test_cv_by_the_papers_protocol_says_that_it_is_no_test_figure(tmp_path, capsys):
    grid = tmp_path / "grid.json"
    grid.write_text('{"hidden": [4, 5]}')
    options = ["--protocol", "paper", "--grid", str(grid)]
    out = ["--out", str(tmp_path / "cv")]
    assert main(["cv", "MUTAG", *QUICK, *options, *out]) == 0
    printed = capsys.readouterr().out
    assert "validation accuracy after epoch" in printed
    assert "no test figure" in printed
    assert '{"hidden": ' in printed


def test_cv_goes_on_with_the_same_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["cv", "MUTAG", *QUICK]) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(ndp.DiffPoolClassifier, "fit", None)  # nothing is trained
    assert main(["cv", "MUTAG", *QUICK]) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "runs" / "MUTAG-fair" / "results.json").exists()


def test_cv_goes_on_with_another_number_of_processes(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "cv"
    command = ["cv", "MUTAG", *QUICK, "--out", str(folder)]
    assert main([*command, "--jobs", "2"]) == 0
    before = files(folder)
    monkeypatch.setattr(ndp.DiffPoolClassifier, "fit", None)  # nothing is trained
    assert main([*command, "--jobs", "1"]) == 0
    assert files(folder) == before


def test_graphs_of_other_labels_are_another_evaluation(tmp_path):
    run(tmp_path / "cv", runs=1)
    with pytest.raises(ValueError, match="what differs: labels"):
        splits = make_splits(LABELS, 3)
        cross_validate(
            Told(), GRAPHS, 1 - LABELS, splits=splits, runs=1, folder=tmp_path / "cv"
        )


def test_a_source_is_loaded_by_whoever_needs_it():
    clf = ndp.DiffPoolClassifier(epochs=1, hidden=4)
    result = cross_validate(clf, Source("MUTAG"), folds=2, runs=1)
    mutag = ndp.load_dataset("MUTAG")
    assert result == cross_validate(clf, mutag, mutag.labels, folds=2, runs=1)


# What is kept, and damaged


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("fold-0-run-0", "[]", "is not a result; remove it, and it is run again"),
        ("fold-0-run-0", '{"test": 1}', "is not a result"),
        ("fold-0-run-0", '{"validation": "x"}', "is not a result"),
        ("fold-0-run-0", "", "fold-0-run-0.json cannot be read: "),
        ("seconds", "[1]", "seconds.json must hold a number a job"),
        ("seconds", '{"fold-0-run-0": "1"}', "seconds.json must hold a number a job"),
        ("settings", "{", "settings.json cannot be read: "),
    ],
)
def test_a_damaged_file_of_an_evaluation_is_named(tmp_path, name, content, message):
    run(tmp_path / "cv", runs=1)
    (tmp_path / "cv" / f"{name}.json").write_text(content)
    with pytest.raises(ValueError, match=message) as told:
        run(tmp_path / "cv", runs=1)
    assert str(tmp_path / "cv" / f"{name}.json") in str(told.value)
    assert trained == []


@pytest.mark.parametrize("key", ["test", "validation", "validation_loss", "epoch"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "1", True, [1]])
def test_a_kept_result_that_is_no_number_is_refused(tmp_path, key, value):
    run(tmp_path / "cv", runs=1)
    path = tmp_path / "cv" / "fold-1-run-0.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ValueError, match="fold-1-run-0.json is not a result"):
        run(tmp_path / "cv", runs=1)
