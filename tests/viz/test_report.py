"""The report shows the contents of the run folder, and no text can inject HTML."""

import csv
import json
import os
import re
import shutil
from html.parser import HTMLParser
from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from viz_drawings import cliques

from npdiffpool import Graph, viz
from npdiffpool._support import untrusted as reading
from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.untrusted import read_arrays
from npdiffpool.cli.main import main
from npdiffpool.cli.train import draw as draw_run
from npdiffpool.datasets import load_dataset
from npdiffpool.runs.results import confusion
from npdiffpool.runs.snapshot_file import read_snapshots, write_snapshots
from npdiffpool.runs.snapshots import Pooling, RecordedGraph, Recorder, Snapshots
from npdiffpool.viz import write_report
from npdiffpool.viz.drawing.colours import palette
from npdiffpool.viz.report.explorer import explorer_data
from npdiffpool.viz.report.svg import chart


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a run of three epochs on MUTAG with two levels."""
    folder = tmp_path_factory.mktemp("runs") / "mutag"
    options = ["--epochs", "3", "--hidden", "8", "--clusters", "0.25,2"]
    assert main(["train", *options, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """Return a copy of the finished run, for tests that change it."""
    return shutil.copytree(finished, tmp_path / "run")


class Page(HTMLParser):
    """The elements of an HTML page, and the texts by element."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, text):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(text)


def page_of(run):
    return Page(write_report(run).read_text(encoding="utf-8"))


def change(run, **changes):
    config = json.loads((run / "config.json").read_text())
    for path, value in changes.items():
        *parents, name = path.split("__")
        inner = config
        for parent in parents:
            inner = inner[parent]
        inner[name] = value
    (run / "config.json").write_text(json.dumps(config))


def test_training_writes_the_report_and_the_report_command_rewrites_it(run, capsys):
    first = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    assert main(["report", str(run)]) == 0
    assert capsys.readouterr().out == f"{run / 'report.html'}\n"
    assert (run / "report.html").read_bytes() == first


def test_the_report_shows_the_results(run):
    numbers = {"test_accuracy": 0.12, "validation_accuracy": 0.34, "best_epoch": 2}
    numbers |= {"majority_test_accuracy": 0.56, "test_graphs": 25}
    names = {"true": ["a", "b", "c"], "predicted": ["b", "c"]}
    confusion = {**names, "counts": [[1, 2], [3, 4], [5, 6]]}
    results = {**numbers, "confusion": confusion}
    change(run, **{f"results__{name}": value for name, value in results.items()})
    page = page_of(run)
    text = " ".join(page.texts["strong"] + page.texts["p"])
    assert page.texts["strong"] == ["12.0%"]
    assert "(3 of 25 graphs, standard error 6.5%)" in text
    assert "; majority class: 56.0%" in text
    assert "epoch 2, with the best accuracy on the validation graphs (34.0%)" in text
    assert "188 graphs, 2 classes, 17.9 nodes and 19.8 edges on average, 7" in text
    assert [int(text) for text in page.texts["td"][1:7]] == [1, 2, 3, 4, 5, 6]
    assert page.texts["th"][:5] == ["b", "c", "a", "b", "c"]
    right = [a for tag, a in page.tags if tag == "td" and a.get("class") == "right"]
    assert len(right) == 2  # b as b, c as c


def model_of_one_cluster():
    """Return a model of classes -1 and 1 whose pooling has one cluster."""
    return SimpleNamespace(
        classes_=np.array([-1, 1]),
        assignments_of=lambda graphs: [[np.ones((g.n_nodes, 1))] for g in graphs],
        predict_proba=lambda graphs: np.full((len(graphs), 2), 0.5),
    )


class ConstantModel:
    """A model of classes 3 and 5 with fixed predictions."""

    classes_ = np.array([3, 5])

    def __init__(self, predictions):
        self.predictions = predictions

    def predict(self, graphs):
        return np.array(self.predictions)


def test_the_confusion_counts_true_classes_in_rows():
    test = SimpleNamespace(labels=np.array([3, 3, 3, 5, 4]))
    found = confusion(ConstantModel([3, 3, 5, 5, 3]), test)
    counts = [[2, 1], [1, 0], [0, 1]]  # class 4 is unknown to the model
    assert found == {"true": [3, 4, 5], "predicted": [3, 5], "counts": counts}


def lines_of(run, title):
    """Read the lines of a chart, by their names in the legend, in data units."""
    text = (run / "report.html").read_text(encoding="utf-8")
    (figure,) = re.findall(rf"<figure><figcaption>{title} .*?</figure>", text)
    ticks = re.findall(r'y="([\d.]+)" class="left">([-\d.]+)<', figure)
    ends = (float(text) for pair in (ticks[0], ticks[-1]) for text in pair)
    y_0, low, y_1, high = np.add(list(ends), [-4, 0, -4, 0])
    names = re.findall(r'class="key line\d">([^<]+)<', figure) or [title]
    found = {}
    for number, name in enumerate(names):
        _, y = points_of(figure, number).T
        found[name] = low + (y - y_0) / (y_1 - y_0) * (high - low)
    return found, abs((high - low) / (y_1 - y_0))


@pytest.mark.parametrize(
    "title, columns",
    [
        (
            "Accuracy",
            {"training": "train_accuracy", "validation": "validation_accuracy"},
        ),
        (
            "Cross-entropy",
            {"training": "cross_entropy", "validation": "validation_loss"},
        ),
        ("Link loss", {"Link loss": "link_loss"}),
        ("Entropy loss", {"Entropy loss": "entropy_loss"}),
        ("Total loss", {"Total loss": "loss"}),
    ],
)
def test_the_curves_are_those_of_the_history(run, title, columns):
    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    lines, pixel = lines_of(run, title)
    scale = 100 if title == "Accuracy" else 1
    assert set(lines) == set(columns)
    for name, column in columns.items():
        expected = [scale * float(row[column]) for row in rows]
        np.testing.assert_allclose(lines[name], expected, atol=pixel / 10)


def test_the_measures_are_those_of_the_snapshots(run):
    measures = read_snapshots(run / "snapshots.npz").measures
    assert len(measures) == 5
    for name, values in measures.items():
        lines, pixel = lines_of(run, re.escape(name))
        np.testing.assert_allclose(*lines.values(), values, atol=pixel / 10)


def test_the_axes_of_losses_show_a_small_change_of_a_large_loss(run):
    with open(run / "history.csv", newline="") as file:
        head, *rows = csv.reader(file)
    rows = [[str(1000 + float(row[0])) for _ in row] for row in rows]
    rows = [[str(e), *row[1:]] for e, row in enumerate(rows, start=1)]
    with open(run / "history.csv", "w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    text = write_report(run).read_text(encoding="utf-8")
    for title in ("Cross-entropy", "Link loss", "Entropy loss", "Total loss"):
        (figure,) = re.findall(rf"<figure><figcaption>{title} .*?</figure>", text)
        assert np.ptp(points_of(figure, 0)[:, 1]) > 80  # of 176 pixels
    (figure,) = re.findall(r"<figure><figcaption>Accuracy .*?</figure>", text)
    assert ' class="left">0<' in figure


def legend_of(run):
    return [text for text in page_of(run).texts.get("span", []) if len(text) > 40]


def test_a_legend_says_what_s_a_circle_and_a_label_stand_for(run):
    assert "S is the assignment matrix" in " ".join(page_of(run).texts["p"])
    node, cluster, link, label = legend_of(run)
    assert "the largest entry in its row of S" in node
    assert "Its number is its column of S" in cluster and "S^T A S" in link
    assert "the name of the feature column" in label
    assert "(label=0)" in page_of(run).texts["span"]
    snapshots = read_snapshots(run / "snapshots.npz")
    graphs = [g._replace(kinds=np.full(len(g.kinds), -1)) for g in snapshots.graphs]
    write_snapshots(run / "snapshots.npz", snapshots._replace(graphs=graphs))
    assert legend_of(run) == [node, cluster, link]  # there are no labels


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("results__test_accuracy", 1.2, r"test_accuracy must lie in \[0, 1\]; got 1.2"),
        ("results__best_epoch", float("inf"), "best_epoch must be a whole number"),
        ("results__confusion__counts", [], r"counts .* must have shape \(2, 2\)"),
        ("parameters__link_scale", "ell", "KeyError"),
    ],
)
def test_invalid_numbers_are_rejected(run, name, value, message):
    change(run, **{name: value})
    expected = f"config.json: .* missing or invalid .*{message}"
    with pytest.raises(ValueError, match=expected):
        write_report(run)


@pytest.mark.parametrize("name", ["look.css", "drawing.js"])
def test_the_report_and_the_annotated_page_share_look_and_drawing(run, sources, name):
    shared = files("npdiffpool.viz.report") / "template" / name
    text = shared.read_text(encoding="utf-8")
    for page in (run / "report.html", sources.parent / "annotated.html"):
        assert page.read_text(encoding="utf-8").count(text) == 1


def test_the_report_makes_no_network_request(run):
    page = page_of(run)
    policies = [a["content"] for tag, a in page.tags if "http-equiv" in a]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none';")
    assert {tag for tag, _ in page.tags} & {"img", "iframe", "object", "embed"} == set()
    targets = [a[k] for _, a in page.tags for k in ("src", "href") if k in a]
    assert targets == ["data:,"]
    text = (run / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"']+", text)) == {"http://www.w3.org/2000/svg"}
    assert len(text) < 2_000_000


EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>$data"
QUOTES = "\"'` onmouseover=alert(1) style=x:y --><svg/onload=alert(1)>&lt;${script}"
SIDES = "true", "predicted"


def hostile(value, text):
    """Return JSON with every string value replaced by a text."""
    if isinstance(value, dict):
        return {key: hostile(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner, text) for inner in value]
    return text if isinstance(value, str) else value


def elements_of(page):
    """Return the elements of a page in order, with the names of their attributes."""
    return [(tag, sorted(attributes)) for tag, attributes in page.tags]


def inject(run, text):
    """Write a text in every place of the folder whose text reaches the page."""
    config = json.loads((run / "config.json").read_text())
    link_scale = config["parameters"]["link_scale"]  # other values are rejected
    config = hostile(config, text)
    config["parameters"] |= {"link_scale": link_scale, text: text}
    config["versions"][text] = text
    config["results"]["confusion"] |= dict.fromkeys(SIDES, [text, text + "1"])
    (run / "config.json").write_text(json.dumps(config))
    with open(run / "history.csv", newline="") as file:
        head, *rows = csv.reader(file)
    with open(run / "history.csv", "w", newline="") as file:
        csv.writer(file).writerows([[*head, text], *([*row, "1"] for row in rows)])
    arrays = read_arrays(run / "snapshots.npz")
    name = next(name for name in arrays if name.startswith("measure:"))
    arrays[f"measure:{text}"] = arrays.pop(name)
    save_arrays(run / "snapshots.npz", arrays)


@pytest.mark.parametrize("text", [EVIL, QUOTES])
def test_no_text_of_a_run_folder_can_inject_html(run, text, tmp_path):
    plain = shutil.copytree(run, tmp_path / "plain")
    inject(plain, "plain")
    inject(run, text)
    page = page_of(run)
    assert elements_of(page) == elements_of(page_of(plain))
    assert_inert(run / "report.html", page)
    data = json.loads(page.texts["script"][0])
    told = data["graphs"][0]["frames"][0]["outcome"]
    assert told.startswith(f"Predicted class: {text}")
    assert data["graphs"][0]["kinds"][0] == text
    assert text in page.texts["h1"][0] and page.texts["td"].count(text) > 5
    assert any(text in caption for caption in page.texts["figcaption"])


def assert_inert(path, page):
    written = path.read_text(encoding="utf-8").lower()
    assert written.count("</script") == written.count("<script") == 2
    names = {name for _, attributes in page.tags for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    links = [a for _, a in page.tags if {"href", "src"} & set(a)]
    assert [a.get("href") for a in links] == ["data:,"]


def test_the_check_for_injected_html_can_fail(run, monkeypatch):
    change(run, data__name=QUOTES)
    for name in (
        "npdiffpool.viz.report.page.escape",
        "npdiffpool.viz.report.svg.escape",
    ):
        monkeypatch.setattr(name, str)
    with pytest.raises(AssertionError):
        assert_inert(run / "report.html", page_of(run))


def test_a_link_out_of_the_run_folder_is_rejected(run, tmp_path):
    for name in ("config.json", "history.csv", "snapshots.npz"):
        (run / name).rename(tmp_path / name)
        (run / name).symlink_to(tmp_path / name)
        with pytest.raises(
            ValueError, match=f"{name}: is a link to outside the folder"
        ):
            write_report(run)
        (run / name).unlink()
        (tmp_path / name).rename(run / name)
    (tmp_path / "link").symlink_to(run)  # the folder itself may be a link
    assert write_report(tmp_path / "link").exists()


@pytest.mark.parametrize(
    "name, most",
    [("config.json", reading.MAX_JSON), ("history.csv", reading.MAX_TABLE)],
)
def test_a_file_over_the_size_limit_is_rejected(run, name, most):
    os.truncate(run / name, most + 1)  # a sparse file uses no disk space
    with pytest.raises(ValueError, match=f"{name}: .* at most {most} are accepted"):
        write_report(run)


@pytest.mark.parametrize("name", ["config.json", "history.csv"])
def test_a_folder_without_a_checkpoint_is_no_run(run, name):
    for file in (name, "checkpoint.npz"):
        (run / file).unlink()
    with pytest.raises(ValueError, match=f"is not a run folder: it has no {name}"):
        write_report(run)


def test_a_run_without_snapshots_has_a_report_without_an_explorer(run):
    (run / "snapshots.npz").unlink()
    page = page_of(run)
    assert "no snapshots.npz" in " ".join(page.texts["p"])
    assert json.loads(page.texts["script"][0]) is None


def test_the_report_of_a_flat_model_says_that_nothing_is_pooled(tmp_path):
    options = ["--epochs", "1", "--hidden", "4", "--clusters", ""]
    assert main(["train", *options, "--out", str(tmp_path / "run")]) == 0
    assert "it pools nothing" in " ".join(page_of(tmp_path / "run").texts["p"])
    assert legend_of(tmp_path / "run") == []


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("config.json", None, "has no config.json: the run has not ended; resume it"),
        ("history.csv", None, "has no history.csv: the run has not ended; resume it"),
        ("config.json", "{", "config.json: not readable JSON"),
        ("config.json", '{"data": 1}', "a value that the report needs is missing"),
        ("history.csv", "epoch,loss\n1,much\n", "history.csv: not a table of numbers"),
        ("history.csv", "", "history.csv: not a table of numbers"),
        ("history.csv", "loss\n1\n", "must have a column epoch; got loss"),
        ("snapshots.npz", "x", "snapshots.npz: not a readable file of snapshots"),
    ],
)
def test_an_invalid_run_folder_is_rejected(run, name, text, message, capsys):
    before = (run / "report.html").read_bytes()
    (run / name).unlink()
    if text is not None:
        (run / name).write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        write_report(run)
    assert main(["report", str(run)]) == 2
    assert message in capsys.readouterr().err
    assert (run / "report.html").read_bytes() == before


# The data of the explorer

NO_LINKS = np.zeros((0, 4))
SQUARE = np.array([[0, 1], [1, 2], [2, 3], [0, 3]])


def snapshots_of_a_square(cluster, share, mass, links=()):
    """Return snapshots of a square of four nodes with one pooling, at E epochs."""
    arrays = np.array(cluster), np.array(share), np.array(mass)
    pooling = Pooling(*arrays, np.array(links, float).reshape(-1, 4))
    chances = np.tile([0.25, 0.75], (len(cluster), 1))
    graph = RecordedGraph(7, 1, SQUARE, np.array([0, 1, 1, -1]), chances, [pooling])
    return Snapshots(np.arange(len(cluster)) + 1, {}, [graph])


def explorer_graph(*arguments):
    snapshots = snapshots_of_a_square(*arguments)
    (graph,) = explorer_data(snapshots, ["C", "N"], ["a", "b"], 1)["graphs"]
    return graph


def test_super_nodes_are_at_the_mean_position_of_their_members():
    graph = explorer_graph([[0, 0, 2, 2]], [[0.5, 1, 1, 1]], [[2, 0, 2]])
    (level,) = graph["frames"][0]["levels"]
    places = np.reshape(graph["places"], (4, 2))
    assert level["used"] == [0, 2] and level["mass"] == [2.0, 2.0]
    assert level["cluster"] == [0, 0, 2, 2] and level["share"] == [50, 100, 100, 100]
    centres = np.reshape(level["places"], (2, 2))
    np.testing.assert_allclose(centres[0], (places[0] + 2 * places[1]) / 3, atol=1)
    np.testing.assert_allclose(centres[1], (places[2] + places[3]) / 2, atol=1)
    assert graph["kinds"] == ["C", "N", "N", ""]


def test_a_cluster_has_one_colour_at_all_epochs_that_of_its_number():
    clusters = [[0, 0, 2, 2], [2, 2, 2, 2], [2, 2, 1, 2]]
    graph = explorer_graph(clusters, np.ones((3, 4)), [[2, 0, 2], [0, 0, 4], [0, 1, 3]])
    levels = [frame["levels"][0] for frame in graph["frames"]]
    assert [level["used"] for level in levels] == [[0, 2], [2], [1, 2]]
    blue, orange, green = "#0072b2", "#e69f00", "#009e73"
    assert [level["colours"] for level in levels] == [
        [blue, green], [green], [orange, green]]  # fmt: skip


def test_the_colours_of_the_second_level_follow_those_of_the_first():
    snapshots = snapshots_of_a_square([[0, 1, 2, 2]], [[1.0] * 4], [[1, 1, 2]])
    cluster, mass = np.array([[0, 0, 1]]), np.array([[2, 2]])
    upper = Pooling(cluster, np.ones((1, 3)), mass, NO_LINKS)
    graph = snapshots.graphs[0]
    graph.poolings.append(upper)
    (shown,) = explorer_data(snapshots, ["C", "N"], ["a", "b"], 1)["graphs"]
    (frame,) = shown["frames"]
    first, second = frame["levels"]
    assert [*first["colours"], *second["colours"]] == [*map(to_hex, palette(5))]


def test_ten_clusters_have_ten_colours():
    clusters = np.array([range(4), range(4, 8), [8, 9, 8, 9]])
    graph = explorer_graph(clusters, np.ones((3, 4)), np.full((3, 10), 0.4))
    frames = [frame["levels"][0]["colours"] for frame in graph["frames"]]
    colours = [colour for frame in frames for colour in frame]
    assert len(colours) == 10 and len(set(colours)) == 10


def test_a_cluster_without_members_is_not_drawn_and_its_mass_is_told():
    graph = explorer_graph([[0, 0, 0, 0]], [[0.6] * 4], [[2.4, 1.5, 0.1]])
    level = graph["frames"][0]["levels"][0]
    assert level["used"] == [0] and level["unused"] == "1.6"


def test_links_refer_to_drawn_clusters_by_index():
    links = [[0, 0, 2, 1.0], [0, 0, 1, 0.5], [1, 0, 2, 0.25]]
    graph = explorer_graph([[0, 0, 2, 2]] * 2, np.ones((2, 4)), [[2, 0, 2]] * 2, links)
    found = [frame["levels"][0]["links"] for frame in graph["frames"]]
    assert found == [[0, 1, 100], [0, 1, 25]]  # cluster 1 is not drawn


def test_super_nodes_that_are_crowded_in_the_middle_are_spread():
    S, clf = np.eye(5)[np.arange(28) % 5], model_of_one_cluster()
    clf = SimpleNamespace(**{**vars(clf), "assignments_of": lambda graphs: [[S]]})
    recorder = Recorder([0], [cliques(4, 7)], [1], 1)
    recorder.record(clf, 1)
    (graph,) = explorer_data(recorder.snapshots(), [], [-1, 1], 1)["graphs"]
    places = np.array(list(places_of(graph["frames"][0]["levels"][0]).values()))
    assert np.ptp(places, axis=0).max() > 700  # not spread: 515


def test_the_box_of_a_long_graph_is_wider_than_it_is_high():
    path = Graph(np.eye(18, k=1) + np.eye(18, k=-1), np.ones((18, 1)))
    S, clf = np.eye(2)[np.repeat([0, 1], 9)], model_of_one_cluster()
    clf = SimpleNamespace(**{**vars(clf), "assignments_of": lambda graphs: [[S]]})
    recorder = Recorder([0], [path], [1], 1)
    recorder.record(clf, 1)
    (graph,) = explorer_data(recorder.snapshots(), [], [-1, 1], 1)["graphs"]
    width, height = graph["box"][2:]
    assert width > 900 and height == pytest.approx(width / 2, abs=11)


def test_a_super_node_is_at_its_place_of_the_last_epoch_that_uses_it():
    clusters = [[0, 0, 2, 2], [2, 2, 0, 0], [2, 2, 2, 2]]
    shares = [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1e-3, 1e-3]]
    graph = explorer_graph(clusters, shares, [[2, 0, 2], [2, 0, 2], [0, 0, 4]])
    places = np.reshape(graph["places"], (4, 2))
    found = [places_of(level) for level in levels_of(graph)]
    assert found[0] == found[1] and found[0].items() >= found[2].items()
    np.testing.assert_allclose(found[0][0], (places[2] + places[3]) / 2, atol=1)
    np.testing.assert_allclose(found[0][2], (places[0] + places[1]) / 2, atol=1)


def test_super_nodes_do_not_overlap_at_the_epoch_at_which_they_are_largest():
    mass = [[3.9, 0, 0.1], [0.1, 3.8, 0.1]]
    graph = explorer_graph([[0, 2, 0, 2]] * 2, np.ones((2, 4)), mass)
    large, small = levels_of(graph)
    one, other = np.reshape(large["places"], (2, 2))
    assert sum(large["radii"]) > 3 * sum(small["radii"])
    assert np.linalg.norm(one - other) >= sum(large["radii"])


def levels_of(graph):
    return [frame["levels"][0] for frame in graph["frames"]]


def places_of(level):
    """Return the place of each drawn cluster."""
    return dict(zip(level["used"], map(tuple, np.reshape(level["places"], (-1, 2)))))


def test_no_super_node_of_a_run_moves(finished):
    snapshots = read_snapshots(finished / "snapshots.npz")
    for graph in explorer_data(snapshots, [], [-1, 1], 3)["graphs"]:
        for levels in zip(*(frame["levels"] for frame in graph["frames"])):
            places = [*map(places_of, levels)]
            known = {k: place for found in places for k, place in found.items()}
            assert all(found.items() <= known.items() for found in places)


def test_all_discs_are_inside_the_picture_and_super_nodes_do_not_overlap(finished):
    config = json.loads((finished / "config.json").read_text())
    snapshots = read_snapshots(finished / "snapshots.npz")
    data = explorer_data(snapshots, config["features"], [-1, 1], 3)
    assert data["epochs"] == [1, 2, 3] and len(data["graphs"]) == 6
    for graph in data["graphs"]:
        levels = [level for frame in graph["frames"] for level in frame["levels"]]
        assert len(levels) == 6
        x, y, width, height = graph["box"]
        for level in (graph, *levels):
            places, radii = np.reshape(level["places"], (-1, 2)), level["radii"]
            low, high = places.T - radii, places.T + radii
            assert np.all(low.min(axis=1) >= [x, y])
            assert np.all(high.max(axis=1) <= [x + width, y + height])
        for level in levels:  # up to rounding
            places, radii = np.reshape(level["places"], (-1, 2)), level["radii"]
            apart = np.linalg.norm(places[:, None] - places, axis=2)
            np.fill_diagonal(apart, np.inf)
            assert np.all(apart >= np.add.outer(radii, radii) - 1)


def test_the_predicted_class_is_the_models_even_if_percentages_are_equal():
    snapshots = snapshots_of_a_square([[0, 0, 0, 0]], [[1.0] * 4], [[4]])
    graph = snapshots.graphs[0]._replace(probabilities=np.array([[0.496, 0.504]]))
    snapshots = snapshots._replace(graphs=[graph])
    (shown,) = explorer_data(snapshots, ["C", "N"], ["a", "b"], 1)["graphs"]
    told = shown["frames"][0]["outcome"]
    assert told == "Predicted class: b (50%); true class: b."


def test_the_area_of_a_circle_has_one_scale_for_all_levels():
    snapshots = snapshots_of_a_square([[0, 0, 1, 1]], [[0.6] * 4], [[1.2, 1.2, 1.6]])
    cluster, mass = np.array([[0, 1, 1]]), np.array([[1.2, 2.8]])
    upper = Pooling(cluster, np.ones((1, 3)), mass, NO_LINKS)
    snapshots.graphs[0].poolings.append(upper)
    (shown,) = explorer_data(snapshots, ["C", "N"], ["a", "b"], 1)["graphs"]
    (frame,) = shown["frames"]
    (below, _), (above, heavy) = (level["radii"] for level in frame["levels"])
    assert below == above  # though a cluster of the first level is not drawn
    assert (heavy / above) ** 2 == pytest.approx(2.8 / 1.2, rel=0.03)


@pytest.mark.parametrize("part", [slice(188), slice(40), [0], [5, 9, 3]])
def test_the_figure_of_a_run_is_of_the_graph_that_the_report_shows_first(
    monkeypatch, part
):
    drawn, mutag = [], load_dataset("MUTAG")[part]
    monkeypatch.setattr(viz, "write_report", lambda folder: folder)
    monkeypatch.setattr(viz, "save_figures", lambda *args: drawn.append(args[1]) or [])
    draw_run(None, mutag, None)
    recorder = Recorder(range(len(mutag)), mutag.graphs, mutag.labels, 1)
    recorder.record(model_of_one_cluster(), 1)
    data = explorer_data(recorder.snapshots(), ["C"] * 7, [-1, 1], 1)
    assert drawn[0] is mutag.graphs[data["graphs"][data["first"]]["number"]]


# Charts


def points_of(text, number):
    """Return the points of a line of a chart."""
    (found,) = re.findall(rf'class="line line{number}" points="([^"]+)"', text)
    return np.array([pair.split(",") for pair in found.split()], float)


def test_the_points_of_a_chart_match_its_ticks():
    text = chart("Losses", "nats", [1, 2, 3], {"a": [0, 5, 10], "b": [10, 0, 10]}, 2)
    ticks = re.findall(r'y="([\d.]+)" class="left">([-\d.]+)<', text)
    y_of = {float(value): float(y) - 4 for y, value in ticks}
    (x_best,) = re.findall(r'class="best" x1="([\d.]+)"', text)
    a, b = points_of(text, 0), points_of(text, 1)
    np.testing.assert_allclose(a[:, 1], [y_of[0], (y_of[0] + y_of[10]) / 2, y_of[10]])
    np.testing.assert_allclose(b[:, 1], [y_of[10], y_of[0], y_of[10]])
    assert a[1, 0] == float(x_best) == pytest.approx((a[0, 0] + a[2, 0]) / 2)
    assert text.count('class="key') == 2


def test_the_axis_of_a_chart_includes_zero_or_covers_the_values_alone():
    for from_zero in (True, False):
        text = chart("t", "u", [1, 2], {"a": [100, 101]}, from_zero=from_zero)
        lowest = float(re.search(r'class="left">([-\d.]+)<', text)[1])
        assert lowest == (0 if from_zero else 100)


def test_ticks_of_almost_equal_values_have_different_labels():
    text = chart("t", "u", [1, 2], {"a": [5, 5 + 1e-9]}, from_zero=False)
    labels = re.findall(r'class="left">([-\d.]+)<', text)
    assert len(labels) == len(set(labels)) > 1


def test_gaps_split_a_line_and_a_single_point_is_a_dot():
    nan = float("nan")
    text = chart("t", "u", range(1, 6), {"a": [1, 2, nan, 3, nan]})
    assert len(points_of(text, 0)) == 2
    assert text.count("<circle") == 1
    assert 'class="key' not in text  # one line needs no legend


def test_a_chart_without_finite_values_is_empty():
    assert chart("t", "u", [1], {"a": [float("nan")]}) == ""
    assert chart("t", "u", [1], {}) == ""


def test_names_in_a_chart_are_escaped():
    text = chart('<b>"t', "<u>", [1, 2], {"<i>": [1, 2], "&": [2, 1]})
    assert "<b>" not in text and "<u>" not in text and "<i>" not in text
