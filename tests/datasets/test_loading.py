"""Loading a data set: places, features, statistics and bundles."""

import os
from pathlib import Path

import numpy as np
import pytest
from make_bundle import pack, write_tu
from tu_site import ATTRIBUTES, LABELS, serve, tu_files, write_folder, zip_bytes

from npdiffpool.datasets import (
    Dataset,
    DatasetError,
    known_datasets,
    load_dataset,
    load_dataset_like,
)
from npdiffpool.datasets.bundled import read_bundle
from npdiffpool.datasets.locate import KNOWN, PACKAGE, SITE_NAMES, cache_folder, find
from npdiffpool.datasets.tu.archive import TUFiles
from npdiffpool.datasets.tu.reading import read_tu
from npdiffpool.graphs.graph import Graph


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """Set an empty cache, no folder of data sets and no downloads."""
    monkeypatch.delenv("NPDIFFPOOL_DATA", raising=False)
    monkeypatch.setenv("NPDIFFPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NPDIFFPOOL_TU_URL", "")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def tiny(tmp_path):
    parts = {"node_labels": LABELS, "node_attributes": ATTRIBUTES}
    return write_folder(tmp_path / "given", **parts)


# Places


def test_places_are_searched_in_the_documented_order(monkeypatch, tmp_path):
    monkeypatch.setenv("NPDIFFPOOL_DATA", str(tmp_path / "data"))
    found = [load_dataset("MUTAG").source]
    for folder in ("cache", "data"):
        (tmp_path / folder).mkdir()
        zipped = tmp_path / folder / "MUTAG.zip"
        zipped.write_bytes(zip_bytes(tu_files("MUTAG"), "MUTAG/"))
        found.append(load_dataset("MUTAG").source)
        write_folder(tmp_path / folder, "MUTAG")
        found.append(load_dataset("MUTAG").source)
    write_folder(Path.cwd(), "MUTAG")
    found.append(load_dataset("MUTAG").source)
    places = ["cache/MUTAG.zip", "cache/MUTAG", "data/MUTAG.zip", "data/MUTAG"]
    expected = [str(tmp_path / place) for place in places]
    assert found == ["bundled", *expected, "MUTAG"]


def test_other_folders_and_files_in_the_working_folder_are_ignored():
    (Path.cwd() / "MUTAG").mkdir()
    (Path.cwd() / "COLLAB").write_text("a file")
    assert load_dataset("MUTAG").source == "bundled"
    assert find("COLLAB") is None


@pytest.mark.parametrize("deeper", ["", "raw", "MYDS"])
@pytest.mark.parametrize("place", ["work", "data"])
def test_a_name_finds_a_folder_with_or_without_a_folder_in_it(
    monkeypatch, tmp_path, place, deeper
):
    monkeypatch.setenv("NPDIFFPOOL_DATA", str(tmp_path / "data"))
    (tmp_path / place / "MYDS" / "processed").mkdir(parents=True)
    inner = tmp_path / place / "MYDS" / deeper
    inner.mkdir(exist_ok=True)
    for file, text in tu_files("MYDS").items():
        (inner / file).write_text(text)
    for source in ("MYDS", "myds", tmp_path / place / "MYDS"):
        dataset = load_dataset(source)
        assert dataset.name == "MYDS" and len(dataset) == 2


def test_a_name_finds_a_zip_in_the_working_folder():
    Path("MYDS.ZIP").write_bytes(zip_bytes(tu_files("MYDS"), "MYDS/"))
    assert load_dataset("MYDS.ZIP").source == "MYDS.ZIP"
    Path("MYDS.ZIP").rename("MYDS.zip")
    assert load_dataset("MYDS").source == load_dataset("myds").source == "MYDS.zip"


def test_the_error_names_a_folder_of_that_name_without_tu_files():
    Path("MYDS").mkdir()
    match = (
        r"'MYDS' is not in the working folder \(whose folder MYDS has no file ending"
    )
    with pytest.raises(DatasetError, match=match):
        load_dataset("MYDS")


def test_a_name_matches_whatever_its_case_and_its_own_case_first(tmp_path, monkeypatch):
    monkeypatch.setenv("NPDIFFPOOL_DATA", str(tmp_path / "data"))
    assert load_dataset("mutag").source == load_dataset("Mutag").source == "bundled"
    lower = write_folder(tmp_path / "data", "mutag")
    assert load_dataset("mutag").source == str(lower)
    assert load_dataset("MUTAG").source == "bundled"
    with pytest.raises(DatasetError, match="'Mutag' may be any of MUTAG, mutag; name"):
        load_dataset("Mutag")
    write_folder(tmp_path / "data", "enzymes")
    found = {row.name: row.found for row in known_datasets()}
    assert found["ENZYMES"] == str(tmp_path / "data" / "enzymes")


def test_the_cache_folder_follows_the_environment(monkeypatch):
    assert cache_folder().name == "cache"
    monkeypatch.setenv("NPDIFFPOOL_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/npdiffpool")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/npdiffpool")


def test_a_zip_is_found_by_its_name_whatever_the_case_of_its_suffix():
    Path("z6.ZIP").write_bytes(zip_bytes(tu_files("z6"), "z6/"))
    assert load_dataset("z6").source == load_dataset("Z6").source == "z6.ZIP"


def test_a_point_is_the_working_folder(tiny, monkeypatch):
    monkeypatch.chdir(tiny)
    assert load_dataset(".", "ones").name == "TINY"


def test_the_error_for_a_folder_that_is_no_name_tells_how_to_write_its_path():
    Path("my data").mkdir()
    with pytest.raises(DatasetError, match="; for a path write ./my data"):
        load_dataset("my data")


UNSAFE = ["", "..", ".hidden", "a b", "-x", "a\n", "a%2fb", "é", "a\\b"]


@pytest.mark.parametrize("name", UNSAFE)
def test_a_name_that_is_not_a_safe_file_name_is_an_error(name):
    with pytest.raises(DatasetError, match="must begin with a letter or digit"):
        load_dataset(name)


def test_a_source_that_is_neither_a_name_nor_a_path_is_an_error():
    with pytest.raises(DatasetError, match="source must be a name or a path; got int"):
        load_dataset(3)


def test_the_error_for_an_unknown_name_lists_the_places(monkeypatch):
    with pytest.raises(DatasetError, match=r"'MUTGA' is not in .* you mean MUTAG\?"):
        load_dataset("MUTGA")
    monkeypatch.setenv("NPDIFFPOOL_DATA", "/nowhere")
    match = r"\$NPDIFFPOOL_DATA \(/nowhere\), .*cache or .* downloads are disabled by"
    with pytest.raises(DatasetError, match=match) as caught:
        load_dataset("Quux")
    assert "$NPDIFFPOOL_TU_URL=''" in str(caught.value)
    assert "Did you mean" not in str(caught.value)
    assert "\n" not in str(caught.value)


SIMILAR = {
    "MUTGA": "MUTAG",
    "protiens": "PROTEINS",
    "MCF7": "MCF-7",
    "Tox21_AhR_trainig": "Tox21_AhR_training",
    "MY_GRAPH": "MY_GRAPHS",
    "CACHE_SET": "CACHED_SET",
}


@pytest.mark.parametrize("name", SIMILAR)
def test_a_similar_name_is_suggested_before_the_network_is_tried(
    monkeypatch, tmp_path, name
):
    write_folder(Path.cwd(), "MY_GRAPHS")
    Path("MUTGAX").mkdir()  # similar, but no data set
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "CACHED_SET.zip").write_bytes(b"")
    with serve() as (url, log):
        monkeypatch.setenv("NPDIFFPOOL_TU_URL", url)
        match = (
            rf"'{name}' is not in .* on the TU site. Did you mean {SIMILAR[name]}\?$"
        )
        with pytest.raises(DatasetError, match=match):
            load_dataset(name)
    assert log == []


def test_a_name_on_the_site_is_downloaded_as_the_site_spells_it(monkeypatch):
    assert len(SITE_NAMES) == len({name.lower() for name in SITE_NAMES}) == 136
    names = {"MCF-7H": "MCF-7H", "aids": "AIDS", "Reddit-Binary": "REDDIT-BINARY"}
    with serve(status=404) as (url, log):
        monkeypatch.setenv("NPDIFFPOOL_TU_URL", url)
        for name in [*names, "Quux"]:
            with pytest.raises(DatasetError, match="404") as caught:
                load_dataset(name)
            assert "Did you mean" not in str(caught.value)
    assert log == [f"/sets/{name}.zip" for name in [*names.values(), "Quux"]]


def test_known_data_sets_are_listed_with_their_places(monkeypatch, tmp_path):
    monkeypatch.setenv("NPDIFFPOOL_DATA", str(tmp_path / "data"))
    folder = write_folder(tmp_path / "data", "ENZYMES")
    write_folder(Path.cwd(), "COLLAB")
    found = {row.name: row.found for row in known_datasets()}
    assert set(found) == set(KNOWN) and len(found) >= 11
    assert found["MUTAG"] == "bundled"
    assert found["ENZYMES"] == str(folder)
    assert found["COLLAB"] == "download"


# Features


def test_auto_selects_labels_then_attributes(tiny):
    dataset = load_dataset(tiny)
    names = ("label=0", "label=2", "label=5", "attribute 1", "attribute 2")
    assert dataset.feature_names == names
    assert dataset[0].features.tolist() == [
        [1, 0, 0, 1.5, 2],
        [0, 1, 0, 1.5, 2],
        [0, 0, 1, 1.5, 2],
    ]


@pytest.mark.parametrize(
    "part, expected", [("node_labels", 3), ("node_attributes", 2), ("none", 65)]
)
def test_auto_selects_the_features_of_the_data_set_or_degrees(tmp_path, part, expected):
    texts = {"node_labels": LABELS, "node_attributes": ATTRIBUTES, "none": None}
    folder = write_folder(tmp_path / "given", **{part: texts[part]})
    assert load_dataset(folder).n_features == expected


def test_columns_are_in_the_order_of_the_argument(tiny):
    dataset = load_dataset(tiny, "ones+attributes+labels")
    assert dataset.feature_names[:3] == ("one", "attribute 1", "attribute 2")
    assert dataset[1].features[2].tolist() == [1, -3, 40, 1, 0, 0]


def test_degrees_above_the_cap_share_the_last_column(tmp_path):
    loop_and_repeats = "1, 2\n2, 1\n2, 1\n1, 3\n3, 1\n1, 1\n2, 3\n3, 2\n"
    folder = write_folder(tmp_path / "given", A=loop_and_repeats)
    dataset = load_dataset(folder, "degree", degree_cap=2)
    assert dataset.feature_names == ("degree=0", "degree=1", "degree>=2")
    assert dataset[0].features.argmax(axis=1).tolist() == [2, 2, 2]
    assert dataset[1].features.argmax(axis=1).tolist() == [0, 0, 0]
    # Node 1 has three neighbours: itself and two others.
    wider = load_dataset(folder, "degree", degree_cap=9)
    assert wider[0].features.argmax(axis=1).tolist() == [3, 2, 2]
    assert all(np.all(graph.features.sum(axis=1) == 1) for graph in wider)


def test_several_columns_of_labels_are_one_hot_each(tmp_path):
    folder = write_folder(tmp_path / "given", node_labels="0, 4\n1, 4\n" * 3)
    dataset = load_dataset(folder)
    assert dataset.feature_names == ("label 1=0", "label 1=1", "label 2=4")
    assert dataset[0].features[0].tolist() == [1, 0, 1]


UNKNOWN = ["label", "labels+", "ones+ones", "", None, "auto+ones"]


@pytest.mark.parametrize("features", UNKNOWN)
def test_unknown_features_are_an_error_before_loading(features):
    with pytest.raises(DatasetError, match='features must be "auto" or one or more of'):
        load_dataset("/no/such/folder", features)


@pytest.mark.parametrize("cap", [0, -1, 2.0, "3", True, None])
def test_a_wrong_degree_cap_is_an_error_before_loading(cap):
    with pytest.raises(DatasetError, match="degree_cap must be a whole number of at"):
        load_dataset("/no/such/folder", degree_cap=cap)


@pytest.mark.parametrize("kind", ["labels", "attributes"])
def test_features_that_the_data_set_lacks_are_an_error(tmp_path, kind):
    folder = write_folder(tmp_path / "given")
    match = f"features names {kind}, but TINY has no node_{kind}.txt"
    with pytest.raises(DatasetError, match=match):
        load_dataset(folder, kind)


# The data set


def test_labels_have_the_values_in_the_file(tiny):
    dataset = load_dataset(tiny)
    assert dataset.labels.tolist() == [7, -1]
    assert [graph.label for graph in dataset] == [7, -1]
    assert type(dataset[0].label) is int
    assert dataset.classes.tolist() == [-1, 7] and dataset.n_classes == 2


def test_an_index_gives_one_graph_and_others_a_smaller_data_set(tiny):
    dataset = load_dataset(tiny)
    assert dataset[-1] is dataset.graphs[1] is dataset[np.int64(1)]
    for index in (slice(1, None), [1], np.array([False, True])):
        part = dataset[index]
        assert len(part) == 1 and part[0] is dataset[1]
        assert part.labels.tolist() == [-1] and part.name == "TINY"
    assert list(dataset[[1, 0]]) == [dataset[1], dataset[0]]
    with pytest.raises(IndexError):
        dataset[2]
    for index in (np.array([[1], [0]]), [[0]], None, True):
        with pytest.raises(IndexError, match="an index must have one dimension; got"):
            dataset[index]


def test_a_data_set_has_one_label_per_graph(tiny):
    graphs = load_dataset(tiny).graphs
    made = Dataset(graphs, [3, 4], "MADE", ("a",), "here")
    assert made[1:].labels.tolist() == [4]
    with pytest.raises(ValueError, match=r"labels must be \(2,\); got \(3,\)"):
        Dataset(graphs, [3, 4, 5], "MADE", ("a",), "here")


def test_a_data_set_without_labels_is_loaded_where_that_is_asked_for(tmp_path):
    folder = write_folder(tmp_path / "given", graph_labels=None)
    match = "TINY_graph_labels.txt: the file is missing; training needs one label per"
    with pytest.raises(DatasetError, match=match):
        load_dataset(folder)
    dataset = load_dataset(folder, require_labels=False)
    assert dataset.labels is dataset[1:].labels is dataset[0].label is None
    assert len(dataset) == 2 and dataset.statistics()["classes"] == 0
    assert "2 graphs, 0 classes" in repr(dataset)
    like = load_dataset_like(folder, dataset.feature_names, require_labels=False)
    assert like.labels is None and like.feature_names == dataset.feature_names
    for get in ("classes", "n_classes", "majority_class"):
        with pytest.raises(DatasetError, match="TINY has no labels"):
            value = getattr(dataset, get)
            value()
    # Labels that are there are read and checked.
    labelled = write_folder(tmp_path / "labelled")
    assert load_dataset(labelled, require_labels=False).labels.tolist() == [7, -1]


def test_without_labels_regression_values_tell_the_number_of_graphs(tmp_path):
    parts = {"graph_labels": None, "graph_attributes": "1\n2\n3\n"}
    folder = write_folder(tmp_path / "given", **parts)
    with pytest.warns(UserWarning) as warned:
        assert len(load_dataset(folder, require_labels=False)) == 3
    texts = " ".join(str(warning.message) for warning in warned)
    assert "1 of 3 graphs have no nodes" in texts and "not used: graph_at" in texts
    (folder / "TINY_graph_attributes.txt").write_text("1\n")
    with pytest.raises(
        DatasetError, match="graph_attributes.txt: 1 lines; .* 2 graphs"
    ):
        load_dataset(folder, require_labels=False)


def test_statistics_of_a_small_data_set(tmp_path):
    triangle_loop_lone = "1, 2\n2, 3\n1, 3\n3, 3\n5, 5\n"
    dataset = load_dataset(write_folder(tmp_path / "given", A=triangle_loop_lone))
    assert dataset.statistics() == {
        "graphs": 2,
        "classes": 2,
        "nodes_mean": 3.0,
        "nodes_max": 3,
        "edges_mean": 2.5,
        "features": 65,
        "label_features": 0,
        "attribute_features": 0,
        "degree_features": 65,
        "isolated_nodes": 3,
        "self_loops": 2,
    }
    assert dataset[:0].statistics()["edges_mean"] == 0.0


def test_the_mean_number_of_edges_is_that_of_the_graphs_also_of_directed_ones():
    directed = Graph(np.eye(4, k=1), np.ones((4, 1)))
    ring = Graph.from_edges([(0, 1), (1, 2), (2, 0)], 3, np.ones((3, 1)))
    drawn = Dataset([directed, ring], np.array([0, 1]), "x", ("ones",), "here")
    assert drawn.statistics()["edges_mean"] == (3 + 3) / 2


def test_the_majority_class_is_the_most_frequent_label_and_its_share(tiny):
    label, share = load_dataset("MUTAG").majority_class()
    assert (label, share) == (1, 125 / 188) and type(label) is int
    dataset = load_dataset(tiny)
    assert dataset.majority_class() == (-1, 0.5)  # the smallest of equal ones
    assert dataset[[0, 0, 1]].majority_class() == (7, 2 / 3)
    with pytest.raises(ValueError, match="number of graphs must be at least 1; got 0"):
        dataset[:0].majority_class()


def test_the_repr_has_the_size_and_the_source(tiny):
    assert repr(load_dataset(tiny)) == (
        "Dataset('TINY': 2 graphs, 2 classes, 3.00 nodes and 2.00 edges on average, "
        f"5 features; from {tiny})"
    )


# Bundles


def test_the_bundled_mutag_has_its_citation():
    mutag = load_dataset("MUTAG")
    assert os.path.getsize(PACKAGE / "MUTAG.npz") < 30_000
    assert mutag.source == "bundled"
    for work in ("Debnath", "J. Med. Chem. 34(2), 786-797, 1991", "TUDataset"):
        assert work in mutag.citation
    assert np.bincount(mutag.labels + 1).tolist() == [63, 0, 125]


def test_only_known_data_sets_have_a_citation(tmp_path, tiny):
    dd = load_dataset(write_folder(tmp_path / "given", "DD"))
    assert "Dobson" in dd.citation and "TUDataset" in dd.citation
    assert load_dataset(tiny).citation == ""


def test_a_bundle_holds_the_content_of_its_files(tmp_path, tiny):
    (tiny / "TINY_edge_labels.txt").write_text("1\n0\n3\n0\n0\n0\n-300\n0\n")
    (tiny / "TINY_graph_labels.txt").write_text("70000\n-1\n")
    pack(TUFiles(tiny), tmp_path / "T.npz", "cite me")
    data, citation = read_bundle(tmp_path / "T.npz")
    original = read_tu(TUFiles(tiny))
    assert citation == "cite me" and data.name == "TINY"
    for field in ("edges", "graph_indicator", "graph_labels", "node_labels"):
        array = getattr(data, field)
        np.testing.assert_array_equal(array, getattr(original, field))
        assert array.dtype == getattr(original, field).dtype
    (tmp_path / "again").mkdir()
    write_tu(data, tmp_path / "again")
    for part in ("A", "graph_indicator", "graph_labels", "node_labels", "edge_labels"):
        file = f"TINY_{part}.txt"
        assert (tmp_path / "again" / file).read_text() == (tiny / file).read_text()
    again = read_tu(TUFiles(tmp_path / "again"))
    np.testing.assert_array_equal(again.node_attributes, original.node_attributes)


def test_pickled_objects_in_a_bundle_are_not_loaded(tmp_path):
    np.savez(tmp_path / "T.npz", name=np.array([{}], dtype=object), citation="")
    with pytest.raises(DatasetError, match="T.npz: not a bundled data set"):
        read_bundle(tmp_path / "T.npz")
    (tmp_path / "T.npz").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="T.npz: not a bundled data set"):
        read_bundle(tmp_path / "T.npz")
