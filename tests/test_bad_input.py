"""Bad input to graphs, and a check that every public function has rows of bad input."""

import inspect
from pydoc import locate

import networkx as nx
import numpy as np
import pytest
import test_bad_input_engine
import test_bad_input_files
import test_bad_input_models
from bad_input import (
    EDGE,
    GRAPHS,
    INF,
    LABELS,
    NAN,
    PAIR,
    WIDE,
    check,
    rows,
    table,
)
from public_names import MODULES, public_objects
from scipy import sparse

import npdiffpool
from npdiffpool import Graph, GraphBatch, GraphError

ONES = [1.0, 1.0]
NAMED = nx.path_graph(2)  # node 1 has no attribute "x"
NAMED.nodes[0].update(x=1.0, name="a")
NAMED.nodes[1].update(name="b")
WORDS = nx.path_graph(2)
nx.set_node_attributes(WORDS, ["a", "b"], "words")
RAGGED = nx.empty_graph(1)
nx.set_node_attributes(RAGGED, {0: [[1], [1, 2]]}, "rows")
WORD_WEIGHT = nx.Graph([(0, 1, {"weight": "much"})])
NAN_WEIGHT = nx.Graph([(0, 1, {"weight": NAN})])
SQUARE, ONE = "adjacency must be square, (N, N) | ", "features must have one row for "
ORDER, ENDS = "order must hold each of 0 ... 1 once | ", "edges must "
TOO_LARGE = Graph([[1e39]], [1])  # for float32

ROWS = [
    *rows(
        "npdiffpool.Graph",
        Graph,
        ("a rectangle", SQUARE + "(2, 3)", (np.ones((2, 3)), [1, 1])),
        ("a vector", SQUARE + "(4,)", (np.ones(4), [1, 1])),
        ("a stack", SQUARE + "(1, 2, 2)", (np.ones((1, 2, 2)), [1, 1])),
        ("a number", SQUARE + "()", (5.0, [1])),
        ("a sparse row", SQUARE + "(1, 2)", (sparse.coo_array((1, 2)), [1])),
        ("NaN weight", "adjacency must be finite; got nan at [0, 0]", ([[NAN]], [1])),
        ("infinite weight", "adjacency must | inf", (sparse.csr_array([[INF]]), [1])),
        (
            "weights that add up to infinity",
            "adjacency must be finite | inf",
            (sparse.coo_array(([1e308] * 2, ([0, 0], [0, 0])), shape=(1, 1)), [1]),
        ),
        (
            "negative",
            "adjacency must not be negative; got -2.0 at [2, 1]",
            (np.array([[0, 1, 0], [0, 0, 0], [3, -2, 0]]), [1, 1, 1]),
        ),
        ("words", "adjacency must be real | <U1", ([["a"]], [1])),
        ("complex", "adjacency must be real | complex128", ([[1j]], [1])),
        (
            "sparse complex",
            "adjacency must be real | complex128",
            (sparse.csr_array([[0, 1j], [1j, 0]]), [1, 2]),
        ),
        ("None", "adjacency must be real | object", (None, [1])),
        ("ragged", "adjacency must be an array | (2,)", ([[0, 1], [1]], [1, 2])),
        ("three rows of features", ONE + "| 2 nodes | (3, 1)", (EDGE, [1, 2, 3])),
        ("rank 3", ONE + "| 2 nodes | (2, 1, 1)", (EDGE, np.ones((2, 1, 1)))),
        ("a number for features", ONE + "| 1 nodes | ()", ([[0]], 5.0)),
        ("NaN feature", "features must be finite; got nan at [1, 0]", (EDGE, [1, NAN])),
        ("infinite feature", "features must be finite | inf", (EDGE, [1, -INF])),
        ("words for features", "features must be real | <U1", (EDGE, ["a", "b"])),
        ("complex features", "features must be real | complex", (EDGE, [1j, 1])),
        ("objects", "features must be real | object", (EDGE, [object(), None])),
        ("ragged features", "features must be an array", (EDGE, [[1], [1, 2]])),
        ("an unknown word", "features must be \"degree\", | 'x'", (EDGE, "x")),
        ("an empty word", "features must be \"degree\", | ''", (EDGE, "")),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph.permute",
        PAIR.permute,
        ("a node twice", ORDER + "[0, 0]", ([0, 0],)),
        ("too short", ORDER + "[0]", ([0],)),
        ("empty", ORDER + "[]", ([],)),
        ("of rank 2", ORDER + "[[0, 1]]", ([[0, 1]],)),
        ("out of range", ORDER + "[1, 2]", ([1, 2],)),
        ("negative", ORDER + "[0, -1]", ([0, -1],)),
        ("booleans", ORDER + "[False, True]", ([False, True],)),
        ("floats", ORDER + "[1.0, 0.0]", ([1.0, 0.0],)),
        ("a number", ORDER + "0", (0,)),
        ("None", ORDER + "None", (None,)),
        ("ragged", "order must be an array of numbers", ([[0], [0, 1]],)),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph.permute",
        Graph.from_edges([], 0).permute,
        ("a node of no nodes", "order must be empty; got [0]", ([0],)),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph.from_edges",
        Graph.from_edges,
        ("triples", ENDS + "be whole | int64 of shape (1, 3)", ([(0, 1, 1)], 2)),
        (
            "an edge_index",
            ENDS + "be whole | (2, 3); transpose an edge_index",
            ([(0, 1, 2), (1, 2, 0)], 3),
        ),
        (
            "directions that differ",
            "must have the same weight in each | has 2.0, 1 -> 0 has 3.0",
            ([(0, 1), (1, 0)], 2),
            {"weights": [2, 3]},
        ),
        (
            "another number of repeats in each direction",
            "must have the same number of entries in each | has 2, 1 -> 0 has 1",
            ([(0, 1), (0, 1), (1, 0)], 2),
        ),
        (
            "tiny directions that differ",
            "must have the same weight in each | 0 -> 1 has 0.0, 1 -> 0",
            ([(0, 1), (1, 0)], 2),
            {"weights": [0, 1e-30]},
        ),
        ("floats", ENDS + "be whole | float64 of shape (1, 2)", ([(0.0, 1.0)], 2)),
        ("None", ENDS + "be whole | object of shape ()", (None, 2)),
        ("words", ENDS + "be whole | <U1", ([("a", "b")], 2)),
        ("ragged", ENDS + "be an array", ([(0, 1), (1,)], 2)),
        (
            "a node past the last",
            ENDS + "name nodes 0 ... 1; got 2 at [0, 1]",
            ([(0, 2)], 2),
        ),
        ("a negative node", ENDS + "name | -1", ([(0, 1), (-1, 0)], 2)),
        ("an edge without nodes", ENDS + "be empty: no nodes; got 0", ([(0, 0)], 0)),
        ("minus one node", "n_nodes must be | -1", ([], -1)),
        ("half a node", "n_nodes must be | 2.5", ([(0, 1)], 2.5)),
        ("a boolean for n_nodes", "n_nodes must be | True", ([], True)),
        ("a word for n_nodes", "n_nodes must be | 'two'", ([], "two")),
        (
            "two weights for one edge",
            "weights must have shape (1,) | (2,)",
            ([(0, 1)], 2),
            {"weights": [1, 2]},
        ),
        (
            "a weight without an edge",
            "weights must have shape (0,) | (1,)",
            ([], 1),
            {"weights": [1]},
        ),
        (
            "complex weights",
            "weights must be real | complex",
            ([(0, 1)], 2),
            {"weights": [1j]},
        ),
        (
            "words for weights",
            "weights must be real | <U1",
            ([(0, 1)], 2),
            {"weights": ["a"]},
        ),
        (
            "NaN weight",
            "weights must be finite | nan",
            ([(0, 1)], 2),
            {"weights": [NAN]},
        ),
        (
            "negative weight",
            "weights must not be negative | -1.0",
            ([(0, 1)], 2),
            {"weights": [-1]},
        ),
        (
            "three rows of features",
            ONE + "| 2 nodes | (3, 1)",
            ([(0, 1)], 2),
            {"features": [1, 2, 3]},
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph",
        Graph,
        (
            "a set of names",
            "node_names must be 2 names",
            (EDGE,),
            {"node_names": {"a", "b"}},
        ),
        (
            "a tuple with a list",
            "node_names must be hashable | ([1],)",
            (EDGE,),
            {"node_names": ["a", ([1],)]},
        ),
        (
            "a list as a name",
            "node_names must be hashable | [1]",
            (EDGE,),
            {"node_names": ["a", [1]]},
        ),
        (
            "None as a name",
            "node_names must be hashable and not None; got None",
            (EDGE,),
            {"node_names": ["a", None]},
        ),
        (
            "a number for names",
            "node_names must be 2 names | 5",
            (EDGE,),
            {"node_names": 5},
        ),
        (
            "one name",
            "node_names must be 2 names | ('a',)",
            (EDGE,),
            {"node_names": ("a",)},
        ),
        ("a word", "node_names must be 2 names | 'ab'", (EDGE,), {"node_names": "ab"}),
        (
            "a name twice",
            "must be different; got 'a' twice",
            (EDGE,),
            {"node_names": "a a".split()},
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph.from_edge_index",
        Graph.from_edge_index,
        (
            "a number",
            "x must have a row for each node, (N, F); got a number",
            ([[0], [1]], 5.0),
        ),
        (
            "ragged labels",
            "y must be an array of numbers",
            ([[0], [1]], ONES, None, [[1], [2, 3]]),
        ),
        (
            "pairs",
            "edge_index must be | (2, E) | (3, 2)",
            ([(0, 1), (1, 0), (0, 0)], ONES),
        ),
        (
            "floats",
            "edge_index must be whole numbers | float64",
            ([[0.0], [1.0]], ONES),
        ),
        (
            "an unknown node",
            "edge_index must name nodes 0 ... 1; got 2",
            ([[0], [2]], ONES),
        ),
        ("no number of nodes", "n_nodes must be given | None", ([[0], [1]],)),
        (
            "another number of nodes",
            "n_nodes must be 2 | 3",
            ([[0], [1]], ONES),
            {"n_nodes": 3},
        ),
        ("a negative number", "n_nodes must be | -1", ([[], []],), {"n_nodes": -1}),
        (
            "two weights",
            "edge_weight must have shape (1,) | (2,)",
            ([[0], [1]], ONES, [1, 2]),
        ),
        (
            "negative weight",
            "edge_weight must not be negative | -1",
            ([[0], [1]], ONES, [-1]),
        ),
        ("words", "x must be real numbers", ([[0], [1]], ["a", "b"])),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph.list_from_edge_index",
        Graph.list_from_edge_index,
        (
            "a float for a count",
            "n_graphs must be a whole number >= 0; got 2.0",
            ([[0], [0]], ONES, [0, 1]),
            {"n_graphs": 2.0},
        ),
        (
            "three labels",
            "of the 2 graphs; got shape (3,)",
            ([[0], [0]], ONES, [0, 1], None, [1, 2, 3]),
        ),
        (
            "a number for labels",
            "of the 2 graphs; got shape ()",
            ([[0], [0]], ONES, [0, 1], None, 5),
        ),
        (
            "too few graphs",
            "n_graphs must be at least 2, since batch names graph 1; got 1",
            ([[0], [0]], ONES, [0, 1]),
            {"n_graphs": 1},
        ),
        (
            "a huge number",
            "a batch must have at most | 10000000000001",
            ([[0], [0]], ONES, [0, 10**13]),
        ),
        ("one number", "batch must be | (2,) | (1,)", ([[0], [1]], ONES, [0])),
        (
            "floats",
            "batch must be whole numbers | float64",
            ([[0], [1]], ONES, [0.0, 1.0]),
        ),
        ("decreasing", "not decrease; got 0 at node 1", ([[0], [0]], ONES, [1, 0])),
        ("negative", "from 0 | -1 at node 0", ([[0], [0]], ONES, [-1, 0])),
        (
            "an edge between graphs",
            "stay inside one | nodes 0 and 1 | graphs 0 and 1",
            ([[0], [1]], ONES, [0, 1]),
        ),
        (
            "one label",
            "y must have a label for each of the 2 graphs; got shape (1,)",
            ([[0], [0]], ONES, [0, 1], None, [1]),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph.from_networkx",
        Graph.from_networkx,
        (
            "an unhashable value",
            "features['name'] must be a list of values",
            (NAMED,),
            {"features": {"name": [("a", [1])]}},
        ),
        (
            "lists of words",
            "attribute 'words' must be numbers | node 0",
            (WORDS,),
            {"features": "words"},
        ),
        (
            "rows of different lengths",
            "attribute 'rows' of node 0 must be an array of numbers",
            (RAGGED,),
            {"features": "rows"},
        ),
        (
            "no attributes",
            "features must name an attribute; got none",
            (NAMED,),
            {"features": {}},
        ),
        (
            "a set of values",
            "features['name'] must be a list of values",
            (NAMED,),
            {"features": {"name": {"a"}}},
        ),
        (
            "a value twice",
            "features['name'] must be different values",
            (NAMED,),
            {"features": {"name": ["a", "a"]}},
        ),
        (
            "a value that is not listed",
            "attribute 'name' must be one of ['a'] | node",
            (NAMED,),
            {"features": {"name": ["a"]}},
        ),
        ("a list", "G must be a networkx graph; got list", (EDGE,)),
        ("None", "G must be a networkx graph; got NoneType", (None,)),
        ("a matrix", "G must be a networkx graph; got numpy.ndarray", (np.eye(2),)),
        (
            "a missing attribute",
            "features: node 1 has no attribute 'x'",
            (NAMED,),
            {"features": "x"},
        ),
        (
            "an attribute of words",
            "attribute 'name' must be numbers | at node | features={'name': [",
            (NAMED,),
            {"features": ["name"]},
        ),
        (
            "three rows of features",
            ONE + "| 2 nodes | (3, 1)",
            (NAMED,),
            {"features": [1, 2, 3]},
        ),
        ("a number for features", ONE + "| ()", (NAMED,), {"features": 5}),
        ("a word for a weight", "weight 'weight' must be numbers", (WORD_WEIGHT,)),
        ("a NaN weight", "adjacency must be finite; got nan", (NAN_WEIGHT,)),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.GraphBatch.from_graphs",
        GraphBatch.from_graphs,
        ("an empty list", "graphs must hold at least one Graph; got none", ([],)),
        ("a graph", "graphs must be a sequence of Graph; got one Graph", (PAIR,)),
        ("None", "graphs must be a sequence of Graph; got NoneType", (None,)),
        ("a matrix", "graphs[1] must be a Graph; got list", ([PAIR, EDGE],)),
        (
            "two widths",
            "as many features as the first, 1; graphs[1] has 2",
            ([PAIR, WIDE],),
        ),
        (
            "a weight too large for float32",
            "every edge weight must fit into float32 | 1e+39",
            ([TOO_LARGE], np.float32),
        ),
        (
            "a feature too large for float32",
            "every feature must fit into float32 | 1e+39",
            ([Graph([[1]], [-1e39])], np.float32),
        ),
        (
            "a weight whose square overflows",
            "every edge weight must fit | 1e+300",
            ([Graph([[1e300]], [1])],),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.GraphBatch.from_graphs",
        GraphBatch.from_graphs,
        ("an integer dtype", "dtype must be float32 or | int", ([PAIR], int)),
        ("a word for a dtype", "dtype must be | 'floaty'", ([PAIR], "floaty")),
    ),
    *rows(
        "npdiffpool.GraphBatch.astype",
        GraphBatch.from_graphs([TOO_LARGE]).astype,
        (
            "a weight too large for float32",
            "every edge weight must fit | 1e+39",
            ("float32",),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.GraphBatch.astype",
        GraphBatch.from_graphs([PAIR]).astype,
        ("half precision", "dtype must be float32 or float64 | float16", ("float16",)),
        (
            "no name of a dtype",
            "dtype must be float32 or float64 | 'double trouble'",
            ("double trouble",),
        ),
    ),
    *rows(
        "npdiffpool.GraphBatch.take",
        GraphBatch.from_graphs([PAIR, PAIR]).take,
        ("an empty list", "order must be whole numbers in 0 ... 1 | []", ([],)),
        ("past the last", "order must be | [0, 2]", (np.array([0, 2]),)),
        ("negative", "order must be | [-1]", (np.array([-1]),)),
        ("floats", "order must be | [0.0]", (np.array([0.0]),)),
        ("a number", "order must be | 1", (1,)),
        error=GraphError,
    ),
]


@table(ROWS)
def test_bad_input_to_a_graph_is_one_error_before_any_work(row, tmp_path, monkeypatch):
    check(row, tmp_path, monkeypatch)


# Every public function

TABLES = (test_bad_input_engine, test_bad_input_files, test_bad_input_models)
ALL_ROWS = [*ROWS, *(row for module in TABLES for row in module.ROWS)]
# Public functions and modules that have no rows, and why.
DATA = "holds the results of functions that check their arguments"
EXCEPTIONS = {
    "npdiffpool.Dataset": DATA,
    "npdiffpool.GraphBatch": DATA,
    "npdiffpool.paper.relu": "accepts any numbers",
    "npdiffpool.paper.frobenius_norm": "accepts any numbers",
    "npdiffpool.engine.layers.sum_operator": "returns its argument",
    "npdiffpool.engine.layers.init_batch_norm": "called by init_gnn after its checks",
    "npdiffpool.training.adam.adam_init": "returns zeros of its argument's shape",
    "npdiffpool.training.fit.minibatches": "called by fit after its checks",
    "npdiffpool.training.fit.evaluate": "called by predict after its checks",
    "npdiffpool.training.fit.validate": "called by fit after its checks",
    "npdiffpool.testing.Law": DATA,
    "npdiffpool.testing.Result": DATA,
    "npdiffpool.testing.strategies": "Hypothesis reports what it cannot draw",
}


def public_callables():
    """Return the names of each public callable that takes arguments, by the object."""
    found = {}
    for name, value in public_objects().items():
        if callable(value) and _takes_arguments(value):
            found.setdefault(value, []).append(name)
    return found


def _takes_arguments(value):
    if inspect.isclass(value) and issubclass(value, (Exception, tuple)):
        return False  # errors, and NamedTuples, which hold results
    return len(inspect.signature(value).parameters) > 0


def is_exception(names):
    """Return whether a public object, or the module of one of its names, is listed."""
    modules = {name.rpartition(".")[0] for name in names}
    return bool({*names, *modules} & EXCEPTIONS.keys())


def test_every_public_function_has_a_row_of_bad_input():
    public_names = public_objects()  # locate would prefer a module of the same name
    called = {public_names.get(r.entry) or locate(r.entry) for r in ALL_ROWS}
    assert None not in called
    public = public_callables()
    missing = [n for value, n in public.items() if value not in called]
    assert [names for names in missing if not is_exception(names)] == []
    assert len(public) > 60


def test_every_exception_is_public_and_has_no_row():
    names = {name for names in public_callables().values() for name in names}
    assert EXCEPTIONS.keys() - names - {*MODULES} == set()
    rows_of = {row.entry for row in ALL_ROWS}
    assert EXCEPTIONS.keys() & rows_of == set()


def test_every_method_of_an_estimator_that_takes_arguments_has_a_row_of_bad_input():
    entries = {row.entry for row in test_bad_input_models.ROWS}
    for name in ("DiffPoolClassifier", "DiffPoolRegressor", "DiffPoolClusterer"):
        kind = getattr(npdiffpool, name)
        methods = [
            name
            for name, value in inspect.getmembers(kind, inspect.isfunction)
            if name[0] != "_" and len(inspect.signature(value).parameters) > 1
        ]
        shared = {"get_params", "set_params", "check", "fit_transform"}  # or fit's
        missing = {f"npdiffpool.{kind.__name__}.{name}" for name in {*methods} - shared}
        assert missing - entries == set()


def test_every_parameter_of_an_estimator_has_a_row_of_bad_input():
    for kind in (npdiffpool.DiffPoolClassifier, npdiffpool.DiffPoolClusterer):
        entry = f"npdiffpool.{kind.__name__}"
        rows = [row for row in test_bad_input_models.ROWS if row.entry == entry]
        names = {name for row in rows for name in row.options}
        assert set(kind().get_params()) - names == set()


def test_the_tables_have_more_than_750_rows():
    assert len(ALL_ROWS) > 750


def test_work_on_bad_input_fails_the_check(tmp_path, monkeypatch):
    """Pass good input to the check, which must fail because work is done."""
    fit = test_bad_input_models.CLASSIFIER.fit
    (good,) = rows("good", fit, ("", "", (GRAPHS, LABELS)))
    with pytest.raises(AssertionError, match="work was done on bad input"):
        check(good, tmp_path, monkeypatch)
