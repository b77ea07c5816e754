"""Both protocols: selection, scores, executors, resuming, errors and saved files."""

import itertools
import json
import os
import re
import threading
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool.cli import cross_validate as command
from npdiffpool.cli.grid import read_grid
from npdiffpool.cli.main import main
from npdiffpool.estimators import expectation
from npdiffpool.evaluation.job_queue import WorkerError
from npdiffpool.evaluation.jobs import run_job
from npdiffpool.evaluation.protocols import Source, cross_validate
from npdiffpool.evaluation.splits import Split, make_splits, read_splits
from npdiffpool.evaluation.workers import workers

GRAPHS = [ndp.Graph([[0.0]], [[float(i)]]) for i in range(30)]
LABELS = np.arange(30) % 2
trained, tested = [], []


@dataclass
class FakeModel:
    """A model that does not train: parameters and fold decide its accuracies."""

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


@dataclass
class Seedless:
    """A model without a parameter `seed`; the score is the number of its training."""

    level: float = 0.5
    numbers = itertools.count(1)

    def fit(self, graphs, labels, validation):
        self.history_ = [{"validation_accuracy": self.level, "validation_loss": 0.0}]
        self.best_epoch_, self.number = 1, next(self.numbers)
        return self

    def score(self, graphs, labels):
        return float(self.number)

    def get_params(self):
        return asdict(self)


def run(folder=None, model=None, **options):
    trained.clear()
    tested.clear()
    model = model if model is not None else FakeModel()
    return cross_validate(model, GRAPHS, LABELS, folds=3, folder=folder, **options)


def files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.stem != "seconds"}


# Selection and scores


def test_fair_reports_the_mean_over_folds_of_the_mean_over_runs():
    result = run(runs=3, model=FakeModel(0.3, seed=5))
    assert result.score == pytest.approx(0.3 + 0.06)
    assert result.spread == pytest.approx(0)
    assert [[run["test"] for run in fold["runs"]] for fold in result.folds] == [
        pytest.approx([0.35, 0.36, 0.37])
    ] * 3


def test_fair_selects_by_validation_in_each_fold_and_tests_only_the_selected():
    grid = [{"level": 0.2}, {"level": 0.6}, {"level": 0.4}]
    result = run(grid=grid, runs=2)
    assert [fold["choice"] for fold in result.folds] == [1, 1, 1]
    assert result.score == pytest.approx(0.605)
    assert len(trained) == 3 * (3 + 2)
    parts = [split.test for split in make_splits(LABELS, 3)]
    assert tested == [(0.6, part) for part in parts for _ in range(2)]


def test_the_first_of_equal_configurations_is_chosen():
    result = run(grid=[{"level": 0.4}, {"level": 0.4}], runs=1)
    assert [fold["choice"] for fold in result.folds] == [0, 0, 0]


def test_a_model_without_a_seed_can_be_cross_validated(tmp_path):
    result = cross_validate(Seedless(), GRAPHS, LABELS, folds=2, runs=2)
    tests = [[run["test"] for run in fold["runs"]] for fold in result.folds]
    assert tests == [[1, 2], [3, 4]]  # one training each
    run(tmp_path / "cv", model=Seedless(), runs=1)
    settings = json.loads((tmp_path / "cv" / "settings.json").read_text())
    assert settings["parameters"] == {"level": 0.5}


def test_paper_is_the_maximum_over_epochs_of_the_mean_over_folds():
    result = run(protocol="paper", grid=[{"level": 0.2}, {"level": 0.5}])
    drifts = [min(split.test) / 1000 for split in make_splits(LABELS, 3)]
    assert result.epoch == 2
    assert result.score == pytest.approx(0.7 + np.mean(drifts))
    assert result.spread == pytest.approx(np.std(drifts))
    assert [fold["choice"] for fold in result.folds] == [1, 1, 1]


def test_paper_validates_on_the_test_part_and_trains_on_the_rest():
    run(protocol="paper")
    for (_, _, train, held), split in zip(trained, make_splits(LABELS, 3)):
        assert held == split.test
        assert train == sorted(split.train + split.validation)


def test_each_graph_is_tested_once():
    splits = make_splits(LABELS, 3)
    assert sorted(sum((split.test for split in splits), [])) == list(range(30))
    for split in splits:
        assert sorted(sum(split, [])) == list(range(30))


# Executors and resuming


def train_for_real(folder, executor, **options):
    mutag = ndp.load_dataset("MUTAG")[:40]
    clf = ndp.DiffPoolClassifier(epochs=2, hidden=4, dtype="float64")
    defaults = dict(folds=2, runs=2, executor=executor, folder=folder)
    return cross_validate(clf, mutag, mutag.labels, **{**defaults, **options})


@pytest.mark.parametrize("pool", [ProcessPoolExecutor, ThreadPoolExecutor, workers])
def test_every_executor_gives_the_same_bytes(tmp_path, pool):
    grid = [{"hidden": 4}, {"hidden": 5}]
    expected = train_for_real(tmp_path / "here", None, grid=grid)
    with pool(2) as executor:
        assert train_for_real(tmp_path / "there", executor, grid=grid) == expected
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_an_interrupted_evaluation_is_resumed(tmp_path):
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


def test_progress_counts_finished_and_resumed_jobs(tmp_path):
    reports = []
    run(tmp_path / "cv", runs=2, on_done=reports.append)
    assert [one[:3] for one in reports] == [(n, 6, 0) for n in range(7)]
    assert reports[0].job is None and reports[0].row is None
    assert {one.job.name for one in reports[1:]} == {
        f"fold-{fold}-run-{run}" for fold in range(3) for run in range(2)
    }
    (tmp_path / "cv" / "fold-1-run-0.json").unlink()
    reports.clear()
    run(tmp_path / "cv", runs=2, on_done=reports.append)
    assert [one[:3] for one in reports] == [(n, 6, 5) for n in range(7)]
    assert reports[-1].job.name == "fold-1-run-0"  # the only job that is run


@pytest.mark.parametrize("protocol, total", [("fair", 12), ("paper", 6)])
def test_the_total_counts_the_jobs_of_a_selection_too(protocol, total):
    reports, grid = [], [{"level": 0.2}, {"level": 0.6}]
    run(protocol=protocol, grid=grid, runs=2, on_done=reports.append)
    assert [one[:3] for one in reports] == [(n, total, 0) for n in range(total + 1)]


def test_a_selection_that_was_interrupted_is_resumed(tmp_path):
    def stop_at_seventh(progress):
        if progress.done == 7:  # six select, one is the first run
            raise KeyboardInterrupt

    grid, folder = [{"level": 0.2}, {"level": 0.6}], tmp_path / "cv"
    with pytest.raises(KeyboardInterrupt):
        run(folder, grid=grid, runs=2, on_done=stop_at_seventh)
    (folder / "fold-2-choice-1.json").unlink()
    result = run(folder, grid=grid, runs=2)
    assert [level for level, *_ in trained] == [0.6] * 6  # one selects, five are runs
    assert result == run(tmp_path / "whole", grid=grid, runs=2)
    assert files(folder) == files(tmp_path / "whole")


def test_a_folder_of_another_evaluation_is_not_changed(tmp_path):
    run(tmp_path / "cv", runs=1)
    before = files(tmp_path / "cv")
    differs = r"different settings: runs \(1 saved, 2 given\); choose another folder$"
    with pytest.raises(ValueError, match=differs):
        run(tmp_path / "cv", runs=2)
    differs = r"different settings: level \(0.5 saved, 0.25 given\); choose"
    with pytest.raises(ValueError, match=differs):
        run(tmp_path / "cv", runs=1, model=FakeModel(0.25))
    doubled = [ndp.Graph(g.adjacency, 2 * g.features) for g in GRAPHS]
    with pytest.raises(ValueError, match="different settings: graphs; choose"):
        cross_validate(
            FakeModel(), doubled, LABELS, folds=3, runs=1, folder=tmp_path / "cv"
        )
    assert files(tmp_path / "cv") == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="must be new, empty or of an evaluation"):
        run(tmp_path / "full")


def test_an_invalid_parameter_leaves_no_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["cv", "MUTAG", "--hidden", "-1"]) == 2
    assert "hidden must be a whole number >= 1; got -1" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_number_of_runs_does_not_matter_to_the_papers_protocol(tmp_path):
    first = run(tmp_path / "cv", protocol="paper", runs=1)
    assert run(tmp_path / "cv", protocol="paper", runs=5) == first
    assert trained == []


def test_waiting_jobs_are_not_run_after_an_interrupt():
    def stop(progress):
        if progress.done:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(KeyboardInterrupt):
            run(runs=20, executor=executor, on_done=stop)
    assert len(trained) < 3 * 20 / 2  # the running job ends


def test_an_executor_that_is_shut_down_elsewhere_ends_the_evaluation():
    """Also if none of its jobs has started, so that none will ever be done."""
    end, errors = threading.Event(), []

    def evaluate():
        with pytest.raises(WorkerError) as caught:
            run(runs=1, executor=executor)
        errors.append(str(caught.value))

    with ThreadPoolExecutor(1) as executor:
        executor.submit(end.wait, 60)
        thread = threading.Thread(target=evaluate, daemon=True)
        thread.start()
        while executor._work_queue.qsize() < 3:
            time.sleep(0.01)
        executor.shutdown(wait=False, cancel_futures=True)
        thread.join(10)
        end.set()
    assert errors == ["fold 0 run 0 was cancelled by its executor"]


class FailsInOneFold(FakeModel):
    """Fails in the fold that tests the first graph, while the other folds run."""

    meeting = threading.Barrier(3)

    def score(self, graphs, labels):
        self.meeting.wait(timeout=10)
        if any(graph.features[0, 0] == 0 for graph in graphs):
            raise ValueError("the model overflows")
        time.sleep(0.1)
        return super().score(graphs, labels)


def test_running_jobs_are_saved_when_another_job_fails(tmp_path):
    with ThreadPoolExecutor(3) as executor:
        with pytest.raises(ValueError, match="the model overflows"):
            run(tmp_path / "cv", model=FailsInOneFold(), runs=1, executor=executor)
    kept = {path.name for path in (tmp_path / "cv").glob("fold-*")}
    whole = {i for i, split in enumerate(make_splits(LABELS, 3)) if 0 not in split.test}
    assert kept == {f"fold-{fold}-run-0.json" for fold in whole}


def test_a_killed_worker_is_one_line_that_names_its_jobs(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "cv"
    monkeypatch.setattr("npdiffpool.evaluation.job_queue.run_job", die_in_fold_1)
    monkeypatch.setenv("KEPT", str(folder / "fold-0-run-0.json"))
    command = ["cv", "MUTAG", *QUICK, "--folds", "3", "--out", str(folder)]
    assert main([*command, "--jobs", "2"]) == 2
    *progress, message = capsys.readouterr().err.splitlines()
    assert "Traceback" not in " ".join(progress)
    assert "a worker died in fold 1 run 0 or fold 2 run 0 (out of memory?)" in message
    assert message.endswith("; run the same command to resume")
    assert (folder / "fold-0-run-0.json").exists()
    monkeypatch.undo()
    assert main(command) == 0
    assert "3 jobs, 1 of them done before" in capsys.readouterr().err


def test_a_worker_that_dies_before_its_first_job_is_an_error():
    class BrokenPool:
        def submit(self, *arguments):
            raise BrokenExecutor("a child process terminated abruptly")

    with pytest.raises(OSError, match=r"a worker died before fold 0 run 0 \("):
        run(executor=BrokenPool())


def die_in_fold_1(model, data, labels, split, expected):
    """Kill the process in fold 1 once fold 0 is saved; fold 2 does not end."""
    folds = [fold.test for fold in make_splits(labels, 3)]
    if split.test == folds[1]:
        while not os.path.exists(os.environ["KEPT"]):
            time.sleep(0.01)
        os._exit(9)
    if split.test == folds[2]:
        time.sleep(1000)
    return run_job(model, data, labels, split, expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the overflow
def test_a_failed_training_is_one_line_that_names_its_fold(tmp_path, capsys):
    command = ["cv", "MUTAG", *QUICK, "--learning-rate", "1e38", "--no-normalize-rows"]
    for jobs in ("1", "2"):
        assert main([*command, "--jobs", jobs, "--out", str(tmp_path / "cv")]) == 2
        *progress, message = capsys.readouterr().err.splitlines()
        assert "Traceback" not in " ".join(progress)
        assert re.match(r"npdiffpool: fold \d run 0: training diverged", message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "expected, message",
    [
        (("0.0.1", None), "npdiffpool on a worker must be 0.0.1; got '0.1.0'"),
        (
            (ndp.__version__, "0"),
            "the data on a worker must be the same as here; got '.*'",
        ),
    ],
)
def test_a_worker_with_another_version_or_other_data_is_an_error(expected, message):
    split, clf = Split([0, 1], [2], [3]), ndp.DiffPoolClassifier(epochs=1)
    with pytest.raises(ValueError, match=message):
        run_job(clf, Source("MUTAG"), None, split, expected)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"protocol": "kind"}, "protocol must be one of 'fair', 'paper'; got 'kind'"),
        ({"runs": 0}, "runs must be a whole number >= 1; got 0"),
        ({"grid": []}, r"grid must be one configuration or more; got \[\]"),
        ({"grid": [{"levl": 1}]}, "one of level; got 'levl'; did you mean level"),
        ({"grid": [{"seed": 1}]}, "a name in grid must be one of level; got 'seed'"),
        ({"splits": []}, r"splits must be one fold or more.*got \[\]"),
        ({"splits": [([0, 1], [2], [1])]}, r"splits\[0\]: a graph must occur once"),
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
    again = cross_validate(FakeModel(), graphs, splits=splits)
    assert again == run()
    with pytest.raises(
        ValueError, match="labels must be given, or stored in every graph"
    ):
        cross_validate(FakeModel(), GRAPHS)


def test_folds_of_a_classifier_are_stratified_for_float_labels_too():
    labels = np.repeat([0.0, 1.0], [20, 10])
    result = cross_validate(FakeModel(), GRAPHS, labels, folds=5, runs=1)
    assert len(result.folds) == 5
    assert {sum(1 for i in part if i >= 20) for _, part in tested[-5:]} == {2}
    by_chance = make_splits(labels, 5, by_class=False)
    assert len({sum(i >= 20 for i in split.test) for split in by_chance}) > 1


# Files with splits and with configurations


def fold(test, train, validation):
    inner = [{"train": train, "validation": validation}]
    return {"test": test, "model_selection": inner}


def test_an_index_file_gives_the_splits(tmp_path):
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
        ([fold([0, 1], [2], [2])], "a graph must occur once; graph 2 occurs 2 times"),
        ([fold([0, 1], [], [2])], r"train must be a list of indices; got \[\]"),
        ([fold([0, 1], [2], [3])], "each of 4 graphs once; graph 2 is in 0 test parts"),
    ],
)
def test_a_wrong_index_file_is_an_error(tmp_path, content, message):
    path = tmp_path / "splits.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=message):
        read_splits(path, 4)


def test_a_grid_is_a_list_of_configurations_or_lists_of_values(tmp_path):
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
def test_a_wrong_grid_file_is_an_error(tmp_path, content, seen):
    path = tmp_path / "grid.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"must be JSON such as .*; got {seen}"):
        read_grid(path)


# The command


QUICK = ["--epochs", "2", "--hidden", "4", "--folds", "2", "--runs", "1"]


def test_cv_prints_a_line_per_fold_and_the_mean(tmp_path, capsys):
    folder = tmp_path / "cv"
    assert main(["cv", "MUTAG", *QUICK, "--jobs", "2", "--out", str(folder)]) == 0
    printed = capsys.readouterr()
    results = json.loads((folder / "results.json").read_text())
    assert f"test accuracy {100 * results['score']:.1f} ± " in printed.out
    assert "over 2 folds, one run each" in printed.out
    assert "always the majority class: 66.5%" in printed.out
    expected, heading, *_ = printed.err.splitlines()
    seconds = r"(less than 1 s|about [1-9]\d? s)"
    assert re.fullmatch(f"2 jobs of 2 epochs, 2 at a time: {seconds}", expected)
    assert heading == "2 jobs"
    size = "0.25 of the mean size of all graphs, 17.9 nodes"
    note = "each fold uses that of its training graphs"
    assert f"\nclusters: 5 ({size}; {note})\n" in printed.out
    assert "job   2/2" in printed.err


def test_the_expected_time_is_the_mean_over_a_grid(tmp_path, capsys, monkeypatch):
    """Fold by fold, three configurations of 30, 60 and 90 s and one run of one."""
    monkeypatch.setattr(
        expectation, "seconds_per_epoch", lambda model, *_: model.hidden
    )
    grid = tmp_path / "grid.json"
    choices = [{"hidden": h, "epochs": e} for h, e in ((15, 2), (20, 3), (30, 3))]
    grid.write_text(json.dumps(choices))
    out = ["--grid", str(grid), "--out", str(tmp_path / "cv")]
    assert main(["cv", "MUTAG", *QUICK, *out]) == 0
    said = capsys.readouterr().err
    assert said.startswith("8 jobs of 2 to 3 epochs: about 8 min\n8 jobs\n")


def test_on_a_cluster_the_expected_time_is_that_of_a_job(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "check_workers", lambda *arguments: None)
    monkeypatch.setattr(command, "workers", lambda *_: ThreadPoolExecutor(1))
    monkeypatch.setattr(expectation, "seconds_per_epoch", lambda *arguments: 30.0)
    out = ["--scheduler", "tcp://a:1", "--out", str(tmp_path / "cv")]
    assert main(["cv", "MUTAG", *QUICK, *out]) == 0
    said = capsys.readouterr().err
    assert said.startswith("2 jobs of 2 epochs: about 60 s each on this machine\n")


@pytest.mark.parametrize(
    "clusters, grid, resumes",
    [
        ("3", [{}], True),
        ("0.25", [{}], False),
        ("3", [{"clusters": [4]}, {"clusters": [5, 2]}], True),
        ("3", [{"clusters": [4]}, {"clusters": [0.25]}], False),
    ],
)
def test_an_older_evaluation_resumes_unless_the_meaning_of_a_ratio_has_changed(
    tmp_path, capsys, clusters, grid, resumes
):
    (tmp_path / "grid.json").write_text(json.dumps(grid))
    folder = tmp_path / "cv"
    arguments = ["cv", "MUTAG", *QUICK, "--clusters", clusters, "--out", str(folder)]
    arguments += ["--grid", str(tmp_path / "grid.json")]
    assert main(arguments) == 0
    settings = json.loads((folder / "settings.json").read_text())
    del settings["parameters"]["ratio_of"]
    (folder / "settings.json").write_text(json.dumps(settings))
    capsys.readouterr()
    assert main(arguments) == (0 if resumes else 2)
    differs = "settings: ratio_of (largest saved, mean given); choose another folder"
    assert (differs in capsys.readouterr().err) != resumes
    assert main([*arguments, "--ratio-of", "largest"]) == 0


def test_clusters_that_are_no_ratio_are_the_same_in_every_fold(tmp_path, capsys):
    for clusters, shown in (("3", "clusters: 3"), ("", "clusters: none, a flat GNN")):
        out = ["--clusters", clusters, "--out", str(tmp_path / f"cv{clusters}")]
        assert main(["cv", "MUTAG", *QUICK, *out]) == 0
        assert f"\n{shown}\n" in capsys.readouterr().out


def test_cv_says_that_the_papers_protocol_gives_no_test_score(tmp_path, capsys):
    grid = tmp_path / "grid.json"
    grid.write_text('{"hidden": [4, 5]}')
    options = ["--protocol", "paper", "--grid", str(grid)]
    out = ["--out", str(tmp_path / "cv")]
    assert main(["cv", "MUTAG", *QUICK, *options, *out]) == 0
    printed = capsys.readouterr().out
    assert "validation accuracy after epoch" in printed
    assert "no test figure" in printed
    assert '{"hidden": ' in printed


def test_the_same_cv_command_resumes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["cv", "MUTAG", *QUICK]) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(ndp.DiffPoolClassifier, "fit", None)  # nothing is trained
    assert main(["cv", "MUTAG", *QUICK]) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "runs" / "MUTAG-fair" / "results.json").exists()


def test_cv_resumes_with_another_number_of_processes(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "cv"
    command = ["cv", "MUTAG", *QUICK, "--out", str(folder)]
    assert main([*command, "--jobs", "2"]) == 0
    before = files(folder)
    monkeypatch.setattr(ndp.DiffPoolClassifier, "fit", None)  # nothing is trained
    assert main([*command, "--jobs", "1"]) == 0
    assert files(folder) == before


def test_other_labels_are_another_evaluation(tmp_path):
    run(tmp_path / "cv", runs=1)
    with pytest.raises(ValueError, match="different settings: labels; choose"):
        splits = make_splits(LABELS, 3)
        cross_validate(
            FakeModel(),
            GRAPHS,
            1 - LABELS,
            splits=splits,
            runs=1,
            folder=tmp_path / "cv",
        )


def test_a_source_gives_the_results_of_its_graphs():
    clf = ndp.DiffPoolClassifier(epochs=1, hidden=4)
    result = cross_validate(clf, Source("MUTAG"), folds=2, runs=1)
    mutag = ndp.load_dataset("MUTAG")
    assert result == cross_validate(clf, mutag, mutag.labels, folds=2, runs=1)


# Damaged files

SCORES = '"epoch": 1, "validation": 0.5, "validation_loss": 0.5'


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("fold-0-run-0", "[]", "is not a result; remove it to run the job again"),
        ("fold-0-run-0", '{"test": 1}', "is not a result"),
        ("fold-0-run-0", '{"validation": "x"}', "is not a result"),
        ("fold-0-run-0", '["test"]', "is not a result"),
        ("fold-0-run-0", "{%s}" % SCORES, "is not a result"),
        ("fold-0-run-0", '{"test": 1, "curve": [1], %s}' % SCORES, "is not a result"),
        ("fold-0-run-0", "", "fold-0-run-0.json cannot be read: "),
        ("seconds", "[1]", "seconds.json must hold a number per job"),
        ("seconds", '{"fold-0-run-0": "1"}', "seconds.json must hold a number per job"),
        ("settings", "{", "settings.json cannot be read: "),
    ],
)
def test_the_error_names_a_damaged_file(tmp_path, name, content, message):
    run(tmp_path / "cv", runs=1)
    (tmp_path / "cv" / f"{name}.json").write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        run(tmp_path / "cv", runs=1)
    assert str(tmp_path / "cv" / f"{name}.json") in str(caught.value)
    assert trained == []


@pytest.mark.parametrize("key", ["test", "validation", "validation_loss", "epoch"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "1", True, [1]])
def test_a_saved_result_must_be_finite_numbers(tmp_path, key, value):
    run(tmp_path / "cv", runs=1)
    path = tmp_path / "cv" / "fold-1-run-0.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ValueError, match="fold-1-run-0.json is not a result"):
        run(tmp_path / "cv", runs=1)
