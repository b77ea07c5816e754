"""Reading TU files gives their content, and an error names the wrong line."""

import io
import tempfile
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tu_site import ATTRIBUTES, LABELS, TINY, tu_files, write_folder, zip_bytes

from npdiffpool import DiffPoolClassifier
from npdiffpool.datasets import DatasetError, load_dataset
from npdiffpool.datasets.assembly import assemble
from npdiffpool.datasets.tu import tables
from npdiffpool.datasets.tu.archive import TUFiles
from npdiffpool.datasets.tu.reading import read_tu
from npdiffpool.datasets.tu.tables import parse_block, parse_lines, read_blocks

INT, FLOAT = np.dtype(np.int64), np.dtype(np.float64)
DTYPES = st.sampled_from([INT, FLOAT])
CHUNKS = st.integers(1, 40)


def read_in_chunks(size):
    """Return a context in which files are read in pieces of so many bytes."""
    return mock.patch.object(tables, "CHUNK", size)


# Any list of graphs, written in any way that the format allows


@st.composite
def graph_lists(draw):
    """Draw a data set: the graph of each node, undirected edges, labels, attributes."""
    sizes = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any))
    n_nodes, graph_of = sum(sizes), np.repeat(np.arange(len(sizes)), sizes)
    pairs = [(i, j) for i in range(n_nodes) for j in range(i, n_nodes)]
    inside = [(i, j) for i, j in pairs if graph_of[i] == graph_of[j]]
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    edges = draw(st.lists(st.sampled_from(inside), unique=True))
    weights = st.sampled_from([0.0, 1e-300, 0.1, 1.0, 3.0])
    return {
        "graph_of": graph_of,
        "edges": edges,
        "weights": draw(_many(weights, len(edges))),
        "graph_labels": draw(_many(st.integers(-3, 3), len(sizes))),
        "node_labels": draw(_many(st.integers(-3, 90), n_nodes)),
        "attributes": draw(_many(st.tuples(numbers, numbers), n_nodes)),
    }


def _many(elements, size):
    return st.lists(elements, min_size=size, max_size=size)


@st.composite
def written(draw):
    """Draw a data set and its TU files, written in any way that the format allows."""
    expected = draw(graph_lists())
    ids = draw(st.permutations(range(1, len(expected["graph_of"]) + 1)))
    # The nodes are shuffled, but those of one graph keep their order.
    ids = _keep_order(ids, expected["graph_of"])
    ways = [
        draw(st.sampled_from(["->", "<-", "both", "twice"])) for _ in expected["edges"]
    ]
    lines, one_way = [], {False: set(), True: set()}
    for (i, j), way, weight in zip(expected["edges"], ways, expected["weights"]):
        there, back = (ids[i], ids[j], weight), (ids[j], ids[i], weight)
        choice = {"->": [there], "<-": [back], "both": [there, back]}
        lines += choice.get(way, [there, there])
        for weighted in one_way:
            if i != j and (weight or not weighted):
                one_way[weighted].add(way != "both")
    expected["is_mixed"] = {key: len(ways) == 2 for key, ways in one_way.items()}
    lines, rank = draw(st.permutations(lines)), np.argsort(ids)
    tables = {
        "A": [line[:2] for line in lines],
        "edge_attributes": [(-1, line[2]) for line in lines],
        "graph_indicator": [(expected["graph_of"][i] + 1,) for i in rank],
        "graph_labels": [(label,) for label in expected["graph_labels"]],
        "node_labels": [(expected["node_labels"][i],) for i in rank],
        "node_attributes": [expected["attributes"][i] for i in rank],
    }
    end = draw(st.sampled_from(["\n", "\r\n", "  \n"]))
    comma = draw(st.sampled_from([",", ", ", " ,\t"]))
    last = draw(st.sampled_from(["", end, end + "\n \n"]))
    return expected, {
        part: end.join(comma.join(map(str, row)) for row in rows) + last * bool(rows)
        for part, rows in tables.items()
    }


def _keep_order(ids, graph_of):
    groups = [sorted(np.asarray(ids)[graph_of == g]) for g in np.unique(graph_of)]
    return [int(i) for group in groups for i in group]


@given(written(), CHUNKS, st.booleans(), st.booleans())
def test_reading_gives_the_written_data_set_for_every_chunk_size(
    drawn, chunk, zipped, weighted
):
    expected, texts = drawn
    with tempfile.TemporaryDirectory() as folder:
        path = write_folder(Path(folder), **texts)
        if zipped:
            path = Path(folder, "TINY.zip")
            path.write_bytes(zip_bytes(tu_files(**texts)))
        with read_in_chunks(chunk):
            data = read_tu(TUFiles(path), 1 if weighted else None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dataset = assemble(data, "labels+attributes", 1, "")
    assert len(caught) == expected["is_mixed"][weighted]
    assert data.unused == ("edge_attributes",) * (not weighted)
    joined = np.zeros((len(expected["graph_of"]),) * 2)
    for (i, j), weight in zip(expected["edges"], expected["weights"]):
        joined[i, j] = joined[j, i] = weight if weighted else 1.0
    values = sorted(set(expected["node_labels"]))
    one_hot = np.equal.outer(expected["node_labels"], values)
    features = np.hstack([one_hot, np.array(expected["attributes"])])
    for g, graph in enumerate(dataset):
        here = expected["graph_of"] == g
        np.testing.assert_array_equal(graph.adjacency.toarray(), joined[here][:, here])
        np.testing.assert_array_equal(graph.features, features[here])
        assert graph.label == expected["graph_labels"][g] == dataset.labels[g]
    assert len(dataset) == len(expected["graph_labels"])
    assert dataset.feature_names[: len(values)] == tuple(f"label={v}" for v in values)


# Fast parsing of blocks, and parsing line by line


MESS = st.text("0123456789,,,\n\n\n -+.e\r\t\x0bnxi_\x00", max_size=12)


@given(MESS, DTYPES, st.integers(1, 3))
@example(" \n0", INT, 1)
@example("- 3", INT, 1)
@example("-" + "0" * 30 + "5", INT, 1)
def test_fast_parsing_of_a_block_equals_parsing_line_by_line(text, dtype, columns):
    block = text.encode() + b"\n"
    fast = parse_block(block, dtype, columns)
    if fast is not None:
        by_lines = parse_lines(block, dtype, columns, "file", 1)
        np.testing.assert_array_equal(fast, by_lines)


@given(st.lists(st.tuples(st.integers(-9, 9**9), st.integers()), min_size=1), DTYPES)
def test_a_well_formed_block_is_parsed_fast(rows, dtype):
    rows = np.array([(a, b % 2**62) for a, b in rows])
    block = "".join(f"{a}, {b}\n" for a, b in rows).encode()
    np.testing.assert_array_equal(parse_block(block, dtype, 2), rows.astype(dtype))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_are_parsed_exactly(numbers):
    block = "".join(f"{number!r}\n" for number in numbers).encode()
    expected = np.array(numbers).reshape(-1, 1)
    np.testing.assert_array_equal(parse_block(block, FLOAT, 1), expected)
    np.testing.assert_array_equal(parse_lines(block, FLOAT, 1, "file", 1), expected)


@given(MESS, CHUNKS, DTYPES)
def test_the_chunk_size_changes_neither_values_nor_errors(text, chunk, dtype):
    assert _outcome(text, dtype, chunk) == _outcome(text, dtype, 1 << 20)


def _outcome(text, dtype, chunk):
    """Return the rows, or the message of the error."""
    try:
        with read_in_chunks(chunk):
            blocks = read_blocks(io.BytesIO(text.encode()), "file", dtype)
            return [row for _, values in blocks for row in values.tolist()]
    except DatasetError as error:
        return str(error)


@pytest.mark.parametrize("text", ["", "\n", " \r\n\n"])
def test_a_table_of_blank_lines_is_empty(text):
    assert _outcome(text, INT, 3) == []


# Wrong files


WRONG = {
    "A": [
        (
            "1, 2\n2, 1, 3\n",
            r"TINY_A.txt, line 2: the number of columns must be 2; got 3 in '2, ",
        ),
        (
            "1, 2\n2\n",
            r"TINY_A.txt, line 2: the number of columns must be 2; got 1 in '2'",
        ),
        ("1, 2\n2, x\n", r"TINY_A.txt, line 2: 'x' is not a whole number"),
        ("1, 2\n2, 1.0\n", r"TINY_A.txt, line 2: '1.0' is not a whole number"),
        ("1, 2\n\n2, 1\n", r"TINY_A.txt, line 2: the line is blank; only"),
        ("1, 2\n2 1, 3\n", r"line 2: '2 1' is not a whole number"),
        ("1, -\n", r"line 1: '-' is not a whole number"),
        ("1, \n", r"line 1: '' is not a whole number"),
        ("1, 99999999999999999999\n", r"line 1: '9{20}' is too large"),
        ("1, " + "9" * 5000, r"line 1: '9{40}\.\.\.' is too large"),
        ("1, -9223372036854775809\n", r"line 1: '-92\d*' is too large"),
        ("1, 2\n7, 1\n", r"line 2: node 7 is in no graph; nodes .* from 1 to 6"),
        ("1, 2\n1, 0\n", r"line 2: node 0 is in no graph"),
        ("1, 2\n\n1, -1\n", r"line 2: the line is blank"),
        ("2, 1\n1, -1\n", r"line 2: node -1 is in no graph"),
        ("1, 2\n3, 4\n", r"line 2: edge 3, 4 joins graph 1 and graph 2; an edge must"),
    ],
    "graph_indicator": [
        ("", r"TINY_graph_indicator.txt: no nodes; it must hold a line for each"),
        ("1\n0\n", r"indicator.txt, line 2: graph 0; graphs are numbered from 1"),
        ("1\n9999999999\n", r"indicator.txt, line 2: graph 9999999999; graphs are"),
        ("3\n3\n3\n3\n3\n3\n", r"labels.txt: 2 lines; .* each of the 3 graphs of .*"),
        ("1\n1\n1\n2\n", r"TINY_A.txt, line 7: node 5 is in no graph"),
    ],
    "graph_labels": [
        ("7\n", r"TINY_graph_labels.txt: 1 lines; it must hold one for each of the 2"),
        ("7\n0.5\n", r"TINY_graph_labels.txt, line 2: '0.5' is not a whole number"),
        (
            "7, 1\n1, 1\n",
            r"graph_labels.txt, line 1: the number of columns must be 1; got 2",
        ),
    ],
    "node_labels": [
        ("1\n2\n", r"TINY_node_labels.txt: 2 lines; it must hold one for each of .* 6"),
        (
            "1\n2, 3\n",
            r"TINY_node_labels.txt, line 2: the number of columns must be 1; got 2",
        ),
    ],
    "node_attributes": [
        ("1.5\n", r"TINY_node_attributes.txt: 1 lines; it must hold one for each"),
        ("1.5\nnan\n", r"TINY_node_attributes.txt, line 2: 'nan' is not a number"),
        ("1.5\n1e999\n", r"TINY_node_attributes.txt, line 2: '1e999' is too large"),
    ],
}


@pytest.mark.parametrize(
    "part, text, match",
    [(part, *case) for part, cases in WRONG.items() for case in cases],
)
def test_an_error_names_the_file_and_the_line(tmp_path, part, text, match):
    folder = write_folder(tmp_path, **{part: text})
    for chunk in (1, 5, 1 << 20):
        with read_in_chunks(chunk), pytest.raises(DatasetError, match=match):
            read_tu(TUFiles(folder))


@pytest.mark.parametrize("part", ["graph_indicator", "graph_labels"])
def test_an_error_names_a_missing_file(tmp_path, part):
    folder = write_folder(tmp_path, **{part: None})
    with pytest.raises(DatasetError, match=f"TINY_{part}.txt: the file is missing"):
        load_dataset(folder)


def test_opening_a_missing_file_names_it(tmp_path):
    with pytest.raises(DatasetError, match="TINY_edge_labels.txt: the file is missing"):
        TUFiles(write_folder(tmp_path)).open("edge_labels").__enter__()


def test_the_number_of_a_line_far_into_the_file_is_right(tmp_path):
    folder = write_folder(tmp_path, A="1, 2\n" * 100_000 + "1, 6\n")
    for chunk in (1000, 1 << 22):
        error = pytest.raises(DatasetError, match=r"_A.txt, line 100001: edge 1, 6")
        with read_in_chunks(chunk), error:
            read_tu(TUFiles(folder))


def complete(**parts):
    """Return the parts of a data set with every file that the format knows."""
    edges = {"edge_labels": "1\n" * 8, "edge_attributes": "0.5, 2\n" * 8}
    nodes = {"node_labels": LABELS, "node_attributes": ATTRIBUTES}
    return {**TINY, **nodes, **edges, "graph_attributes": "0.5\n1\n", **parts}


@pytest.mark.parametrize("part", complete())
def test_a_file_that_was_cut_short_is_an_error_where_another_file_shows_it(
    tmp_path, part
):
    assert len(read_tu(TUFiles(write_folder(tmp_path, "WHOLE", **complete())))) > 0
    text = complete()[part].splitlines(keepends=True)
    folder = write_folder(tmp_path, **complete(**{part: "".join(text[:-1])}))
    with pytest.raises(DatasetError, match=r"lines; it must hold one for each of the"):
        read_tu(TUFiles(folder))


def test_graphs_without_nodes_are_kept_and_said_once(tmp_path):
    skipped = {
        "graph_indicator": "2\n2\n2\n4\n4\n4\n",
        "graph_labels": "5\n6\n7\n8\n9\n",
    }
    folder = write_folder(tmp_path, **skipped)
    with pytest.warns(
        UserWarning, match="^TINY: 3 of 5 graphs have no nodes$"
    ) as caught:
        dataset = load_dataset(folder)
    assert [graph.n_nodes for graph in dataset] == [0, 3, 0, 3, 0]
    assert [graph.n_edges for graph in dataset] == [0, 3, 0, 1, 0]
    assert [graph.label for graph in dataset] == [5, 6, 7, 8, 9]
    assert dataset[0].features.shape == (0, 65)
    assert len(caught) == 1 and caught[0].filename == __file__


def test_a_model_is_trained_on_graphs_without_nodes(tmp_path):
    skipped = {"graph_indicator": "1\n1\n1\n3\n3\n3\n", "graph_labels": "0\n0\n1\n1\n"}
    with pytest.warns(UserWarning, match="2 of 4 graphs have no nodes"):
        dataset = load_dataset(write_folder(tmp_path, **skipped))
    clf = DiffPoolClassifier(hidden=4, epochs=2, clusters=(2,))
    clf.fit(dataset, dataset.labels)
    assert np.all(np.isfinite(clf.predict_proba(dataset)))


def test_edges_listed_in_one_direction_among_others_in_both_are_said_once(tmp_path):
    folder = write_folder(tmp_path, A="1, 2\n2, 1\n3, 1\n3, 3\n4, 5\n5, 4\n")
    with pytest.warns(
        UserWarning, match="TINY: 1 of 3 edges are listed in one"
    ) as seen:
        assert load_dataset(folder)[0].n_edges == 3
    assert len(seen) == 1
    # Edges of weight 0 are none: they do not count.
    weights = {
        "A": "1, 2\n2, 1\n3, 1\n4, 5\n5, 4\n",
        "edge_attributes": "0\n0\n1\n1\n1\n",
    }
    write_folder(tmp_path, "ZERO", **weights)
    with pytest.warns(UserWarning, match="ZERO: 1 of 2 edges are listed in one"):
        load_dataset(tmp_path / "ZERO", weights="attribute 0")
    write_folder(tmp_path, "ONE", A="1, 2\n3, 1\n3, 3\n4, 5\n")
    assert load_dataset(tmp_path / "ONE")[0].n_edges == 3


# Edge weights and unused files


@pytest.mark.parametrize(
    "unused, said",
    [
        ({"edge_labels": "1\n" * 8}, "edge_labels.txt"),
        (
            {"graph_attributes": "1\n2\n"},
            'graph_attributes.txt; target="attribute 0" would use a column of '
            "graph_attributes.txt",
        ),
        ({"coordinates": "?", "node_label": "1\n"}, "coordinates.txt, node_label.txt"),
    ],
)
def test_files_that_are_not_used_are_said_once(tmp_path, unused, said):
    folder = write_folder(tmp_path, label_readme="?", **unused)
    with pytest.warns(UserWarning) as caught:
        dataset = load_dataset(folder)
    assert [str(warning.message) for warning in caught] == [f"TINY: not used: {said}"]
    assert dataset.unused == tuple(sorted(unused))
    assert f"not used: {', '.join(dataset.unused)})" in repr(dataset)


def test_edge_labels_of_a_known_data_set_are_listed_without_a_warning(tmp_path):
    folder = write_folder(tmp_path, "MUTAG", edge_labels="1\n" * 8)
    assert load_dataset(folder).unused == load_dataset("MUTAG").unused
    assert load_dataset("MUTAG").unused == ("edge_labels",)


WEIGHTS = "2, 1\n2, 1\n.5, 1\n.5, 1\n0, 1\n0, 1\n7, 1\n7, 1\n"


def test_a_column_of_edge_attributes_gives_the_weights(tmp_path):
    folder = write_folder(tmp_path, edge_attributes=WEIGHTS)
    dataset = load_dataset(folder, weights="attribute 0")
    expected = [[0, 2, 0.5], [2, 0, 0], [0.5, 0, 0]]
    assert dataset[0].adjacency.toarray().tolist() == expected
    assert dataset[1].adjacency.toarray()[0].tolist() == [0, 7, 0]
    assert dataset.unused == ()
    # The edge of weight 0 adds nothing to the degrees.
    assert dataset[0].features.argmax(axis=1).tolist() == [2, 1, 1]


def test_weights_of_one_change_nothing(tmp_path):
    repeats = {"A": "1, 2\n1, 2\n3, 3\n3, 3\n5, 4\n", "edge_attributes": "1, 1\n" * 5}
    folder = write_folder(tmp_path, **repeats)
    weighted = load_dataset(folder, weights="attribute 1")
    with pytest.warns(
        UserWarning, match='not used: edge_attributes.txt; weights="attr'
    ):
        plain = load_dataset(folder)
    for one, other in zip(weighted, plain):
        assert (one.adjacency != other.adjacency).nnz == 0
        np.testing.assert_array_equal(one.features, other.features)


WRONG_WEIGHTS = {
    "1\n" * 7: r"attributes.txt: 7 lines; .* each of the 8 edges of .*TINY_A.txt",
    "1\n" * 7 + "-2\n": r"attributes.txt, line 8: the weight -2.0 is negative",
    "1\n" * 6 + "3\n4\n": r"lines 7 and 8: edge 5, 4 has the weights 3.0 and 4.0; an",
    "x\n" * 8: r"attributes.txt, line 1: 'x' is not a number",
}


@pytest.mark.parametrize("text", WRONG_WEIGHTS)
def test_wrong_weights_are_an_error_that_names_the_line(tmp_path, text):
    folder = write_folder(tmp_path, edge_attributes=text)
    with pytest.raises(DatasetError, match=WRONG_WEIGHTS[text]):
        load_dataset(folder, weights="attribute 0")


TARGETS = "2.5, 1\n-.5, 1e3\n"


def test_columns_of_graph_attributes_are_the_targets_of_a_regression(tmp_path):
    folder = write_folder(tmp_path, graph_labels=None, graph_attributes=TARGETS)
    one, two, both = (
        load_dataset(folder, target=target)
        for target in ("attribute 0", "attribute 1,attribute 0", "attributes")
    )
    assert one.labels.tolist() == [2.5, -0.5] == [graph.label for graph in one]
    assert two.labels.tolist() == [[1, 2.5], [1000, -0.5]]
    assert both[1].label == (-0.5, 1000.0) and both[1:].labels.tolist() == [[-0.5, 1e3]]
    assert two.targets == ("attribute 1", "attribute 0") and one.unused == ()
    assert both.targets == ("attribute 0", "attribute 1")
    assert "2 graphs, targets attribute 0, attribute 1, " in repr(both)
    assert one.statistics()["classes"] == 0
    with pytest.raises(DatasetError, match="TINY has no classes; its targets are attr"):
        both.classes


def test_targets_take_the_place_of_classes(tmp_path):
    folder = write_folder(tmp_path, graph_attributes=TARGETS)
    assert load_dataset(folder, target="attribute 1").labels.tolist() == [1, 1000]
    with pytest.warns(UserWarning, match="not used: graph_attributes.txt; target="):
        assert load_dataset(folder).labels.tolist() == [7, -1]
    (folder / "TINY_graph_labels.txt").unlink()
    with pytest.raises(DatasetError, match='for regression use target="attribute 0"'):
        load_dataset(folder)


WRONG_TARGETS = {
    "1\n": "graph_attributes.txt: 1 lines; .* each of the 2 graphs",
    "1\n2\n3\n": "graph_attributes.txt: 3 lines; .* each of the 2 graphs",
    "1\nx\n": "graph_attributes.txt, line 2: 'x' is not a number",
    "1\nnan\n": "graph_attributes.txt, line 2: 'nan' is not a number",
    None: "target names a graph attribute, but .*TINY_graph_attributes.txt is missing",
}


@pytest.mark.parametrize("text", WRONG_TARGETS)
def test_wrong_targets_are_an_error_that_names_the_line(tmp_path, text):
    folder = write_folder(tmp_path, graph_attributes=text)
    with pytest.raises(DatasetError, match=WRONG_TARGETS[text]):
        load_dataset(folder, target="attribute 0")


def test_targets_that_the_data_set_lacks_are_an_error(tmp_path):
    folder = write_folder(tmp_path, graph_attributes=TARGETS)
    match = r"'attribute 0' to 'attribute 1', the columns of .*; got 'attribute 2'"
    with pytest.raises(DatasetError, match=match):
        load_dataset(folder, target="attribute 0, attribute 2")
    with pytest.raises(DatasetError, match="MUTAG_graph_attributes.txt is missing"):
        load_dataset("MUTAG", target="attributes")


def test_weights_that_the_data_set_lacks_are_an_error(tmp_path):
    folder = write_folder(tmp_path, edge_attributes=WEIGHTS)
    match = r"'attribute 0' to 'attribute 1', the columns of .*; got 'attribute 2'"
    with pytest.raises(DatasetError, match=match):
        load_dataset(folder, weights="attribute 2")
    single = write_folder(tmp_path, "SINGLE", edge_attributes="1\n" * 8)
    match = "weights must be 'attribute 0', the only column of .*; got 'attribute 2'"
    with pytest.raises(DatasetError, match=match):
        load_dataset(single, weights="attribute 2")
    match = "weights names an edge attribute, but .*edge_attributes.txt"
    for source in (write_folder(tmp_path, "NONE"), "MUTAG"):
        with pytest.raises(DatasetError, match=match):
            load_dataset(source, weights="attribute 0")


# Folders and zips


def test_a_folder_without_a_file_of_edges_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="no file ending in _A.txt"):
        load_dataset(write_folder(tmp_path, A=None))


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    for path in (tmp_path / "no", str(tmp_path / "no.zip"), "~nosuchuser/x"):
        with pytest.raises(DatasetError, match="no such folder or zip"):
            load_dataset(path)
    with pytest.raises(DatasetError, match="no such folder or zip"):
        TUFiles(tmp_path / "no")


def test_a_folder_with_several_data_sets_must_have_the_name_of_one(tmp_path):
    folder = write_folder(tmp_path)
    (folder / "B_A.txt").write_text("")
    assert len(load_dataset(folder)) == 2
    with pytest.raises(DatasetError, match="several data sets, .*B_A.txt, .*TINY_A.tx"):
        load_dataset(folder.rename(tmp_path / "OTHER"))


@pytest.mark.parametrize("prefix", ["", "TINY/", "TINY/raw/"])
@pytest.mark.parametrize("beside", ["__MACOSX/._TINY_A.txt", "TINY/raw/B/B_A.txt"])
def test_the_files_may_be_in_folders_of_a_zip(tmp_path, prefix, beside):
    path = tmp_path / "any.zip"
    files = {prefix + file: text for file, text in tu_files().items()}
    path.write_bytes(zip_bytes({beside: "?", "README.txt": "?", **files}, prefix=""))
    assert len(load_dataset(path)) == 2


NAMES = ["TINY//", "./", "./TINY/.//", "TINY\\", ".\\TINY\\", "other/", "a/b\\c//"]


@pytest.mark.parametrize("prefix", NAMES)
def test_the_names_in_a_zip_are_normalised_before_they_are_compared(tmp_path, prefix):
    path = tmp_path / "any.zip"
    files = {**tu_files(node_labels=LABELS), "": ""}  # with an entry for the folder
    path.write_bytes(zip_bytes(files, prefix))
    dataset = load_dataset(path)
    assert dataset.name == "TINY" and dataset.feature_names[0] == "label=0"
    assert TUFiles(path).parts() == [*TINY, "node_labels"]


def test_members_of_a_zip_may_spell_their_folder_in_different_ways(tmp_path):
    path, prefixes = tmp_path / "any.zip", ["NCI1//", "./NCI1/", "NCI1\\"]
    files = {p + name: text for p, (name, text) in zip(prefixes, tu_files().items())}
    path.write_bytes(zip_bytes(files, prefix=""))
    assert len(load_dataset(path)) == 2


@pytest.mark.parametrize(
    "other", ["TINY//TINY_A.txt", "./TINY/TINY_A.txt", "TINY\\TINY_A.txt"]
)
def test_two_members_with_the_same_normalised_name_are_an_error(tmp_path, other):
    path = tmp_path / "any.zip"
    first = {"TINY/" + name: text for name, text in tu_files().items()}
    path.write_bytes(zip_bytes({**first, other: ""}, prefix=""))
    with pytest.raises(
        DatasetError, match="'TINY/TINY_A.txt' and .* are the same file"
    ):
        load_dataset(path)


OUTSIDE = ["/", "\\", "//x/", "../", "a/../../", ".\\..\\", "C:/", "./C:\\", ".//C:"]


@pytest.mark.parametrize("prefix", OUTSIDE)
def test_a_member_outside_of_the_folder_is_an_error(tmp_path, prefix):
    path = tmp_path / "any.zip"
    path.write_bytes(zip_bytes(tu_files(), prefix))
    with pytest.raises(DatasetError, match="any.zip: unsafe member path"):
        load_dataset(path)


@pytest.mark.parametrize("deeper", ["raw", "TINY"])
def test_the_files_may_be_one_folder_deeper(tmp_path, deeper):
    write_folder(tmp_path).rename(tmp_path / "inner")
    (tmp_path / "outer").mkdir()
    (tmp_path / "inner").rename(tmp_path / "outer" / deeper)
    assert load_dataset(tmp_path / "outer").name == "TINY"


DAMAGE = {
    "name": {40: 0xFF},
    "text": {60: 0xFF, 61: 0xFE},
    "checksum": {226: 0x00, 227: 0x00},
    "encoding": {7: 0x08, 30: 0xFF},
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_zip_is_an_error(tmp_path, damage):
    path = tmp_path / "TINY.zip"
    content = bytearray(zip_bytes(tu_files()))
    for position, byte in damage.items():
        assert content[position] != byte
        content[position] = byte
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="TINY_A.txt: cannot be read: "):
        load_dataset(path)


def test_a_file_that_is_not_a_zip_is_an_error(tmp_path):
    (tmp_path / "TINY.zip").write_bytes(b"not a zip")
    with pytest.raises(DatasetError, match="cannot be read: File is not a zip file"):
        load_dataset(tmp_path / "TINY.zip")


# The graphs


def test_the_nodes_of_a_graph_need_not_be_consecutive(tmp_path):
    mixed = {"A": "1, 3\n2, 4\n", "graph_indicator": "2\n1\n2\n1\n1\n"}
    folder = write_folder(tmp_path, node_labels="0\n1\n2\n3\n4\n", **mixed)
    first, second = load_dataset(folder, "labels")
    assert first.features.argmax(axis=1).tolist() == [1, 3, 4]
    assert first.adjacency.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert second.features.argmax(axis=1).tolist() == [0, 2]
    assert second.adjacency.toarray().tolist() == [[0, 1], [1, 0]]


def test_an_edge_that_is_repeated_256_times_has_weight_one(tmp_path):
    folder = write_folder(tmp_path, A="1, 2\n" * 256 + "3, 3\n" * 256)
    graph = load_dataset(folder)[0]
    assert graph.adjacency.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert graph.adjacency.dtype == graph.features.dtype == np.float64


def test_a_data_set_may_have_no_edges(tmp_path):
    dataset = load_dataset(write_folder(tmp_path, A=""))
    assert [graph.n_edges for graph in dataset] == [0, 0]


def test_attributes_may_be_padded_with_spaces(tmp_path):
    parts = {"node_attributes": ATTRIBUTES, "node_labels": LABELS}
    dataset = load_dataset(write_folder(tmp_path, **parts))
    assert dataset[1].features[2].tolist() == [1, 0, 0, -3, 40]
