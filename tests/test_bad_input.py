"""Graphs, and every public entry: bad input is one error before any work."""

import inspect
import re
from importlib import import_module

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
from scipy import sparse

import npdiffpool
from npdiffpool import Graph, GraphBatch, GraphError

HALF = nx.path_graph(2)
HALF.nodes[0].update(x=1.0, name="a")
HALF.nodes[1].update(name="b")
HEAVY = nx.Graph([(0, 1, {"weight": "much"})])
LOST = nx.Graph([(0, 1, {"weight": NAN})])
SQUARE, ONE = "adjacency must be square, (N, N) | ", "features must have one row for "
ORDER, ENDS = "order must hold each of 0 ... 1 once | ", "edges must "
HUGE = Graph([[1e39]], [1])

ROWS = [
    *rows(
        "npdiffpool.Graph",
        Graph,
        ("a rectangle", SQUARE + "(2, 3)", (np.ones((2, 3)), [1, 1])),
        ("a vector", SQUARE + "(4,)", (np.ones(4), [1, 1])),
        ("a stack", SQUARE + "(1, 2, 2)", (np.ones((1, 2, 2)), [1, 1])),
        ("a number", SQUARE + "()", (5.0, [1])),
        ("a sparse row", SQUARE + "(1, 2)", (sparse.coo_array((1, 2)), [1])),
        ("NaN weight", "adjacency must be finite | nan", ([[NAN]], [1])),
        ("infinite weight", "adjacency must | inf", (sparse.csr_array([[INF]]), [1])),
        (
            "weights that add up to infinity",
            "adjacency must be finite | inf",
            (sparse.coo_array(([1e308] * 2, ([0, 0], [0, 0])), shape=(1, 1)), [1]),
        ),
        ("negative", "adjacency must not be negative | -2.0", ([[-2]], [1])),
        ("words", "adjacency must be real | <U1", ([["a"]], [1])),
        ("complex", "adjacency must be real | complex128", ([[1j]], [1])),
        (
            "sparse complex",
            "adjacency must be real | complex128",
            (sparse.csr_array([[0, 1j], [1j, 0]]), [1, 2]),
        ),
        ("None", "adjacency must be real | object", (None, [1])),
        ("ragged", "adjacency must be an array | (2,)", ([[0, 1], [1]], [1, 2])),
        ("three rows for two nodes", ONE + "| 2 nodes | (3, 1)", (EDGE, [1, 2, 3])),
        ("rank 3", ONE + "| 2 nodes | (2, 1, 1)", (EDGE, np.ones((2, 1, 1)))),
        ("a number for features", ONE + "| 1 nodes | ()", ([[0]], 5.0)),
        ("NaN feature", "features must be finite | nan", (EDGE, [1, NAN])),
        ("infinite feature", "features must be finite | inf", (EDGE, [1, -INF])),
        ("words for features", "features must be real | <U1", (EDGE, ["a", "b"])),
        ("complex features", "features must be real | complex", (EDGE, [1j, 1])),
        ("objects", "features must be real | object", (EDGE, [object(), None])),
        ("ragged features", "features must be an array", (EDGE, [[1], [1, 2]])),
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
        "npdiffpool.Graph.from_edges",
        Graph.from_edges,
        ("triples", ENDS + "be whole | int64 of shape (1, 3)", ([(0, 1, 1)], 2)),
        ("floats", ENDS + "be whole | float64 of shape (1, 2)", ([(0.0, 1.0)], 2)),
        ("None", ENDS + "be whole | object of shape ()", (None, 2)),
        ("words", ENDS + "be whole | <U1", ([("a", "b")], 2)),
        ("ragged", ENDS + "be an array", ([(0, 1), (1,)], 2)),
        ("a node past the last", ENDS + "name nodes 0 ... 1; got 2", ([(0, 2)], 2)),
        ("a negative node", ENDS + "name | -1", ([(0, 1), (-1, 0)], 2)),
        ("an edge without nodes", ENDS + "name | 0", ([(0, 0)], 0)),
        ("minus one node", "n_nodes must be | -1", ([], -1)),
        ("half a node", "n_nodes must be | 2.5", ([(0, 1)], 2.5)),
        ("True nodes", "n_nodes must be | True", ([], True)),
        ("nodes by word", "n_nodes must be | 'two'", ([], "two")),
        (
            "weights for two",
            "weights must have shape (1,) | (2,)",
            ([(0, 1)], 2),
            {"weights": [1, 2]},
        ),
        (
            "a weight for none",
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
            "features for three",
            ONE + "| 2 nodes | (3, 1)",
            ([(0, 1)], 2),
            {"features": [1, 2, 3]},
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.Graph.from_networkx",
        Graph.from_networkx,
        ("a list", "G must be a networkx graph; got list", (EDGE,)),
        ("None", "G must be a networkx graph; got NoneType", (None,)),
        (
            "a lacking attribute",
            "features: node 1 has no attribute 'x'",
            (HALF,),
            {"features": "x"},
        ),
        (
            "an attribute of words",
            "attribute 'name' must be real | <U1",
            (HALF,),
            {"features": ["name"]},
        ),
        (
            "features for three",
            ONE + "| 2 nodes | (3, 1)",
            (HALF,),
            {"features": [1, 2, 3]},
        ),
        ("a number for features", ONE + "| ()", (HALF,), {"features": 5}),
        ("a word for a weight", "weight 'weight' must be numbers", (HEAVY,)),
        ("a NaN weight", "adjacency must be finite; got nan", (LOST,)),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.GraphBatch.from_graphs",
        GraphBatch.from_graphs,
        ("none", "graphs must hold at least one Graph; got none", ([],)),
        ("a graph", "graphs must be a sequence of Graph; got one Graph", (PAIR,)),
        ("None", "graphs must be a sequence of Graph; got NoneType", (None,)),
        ("a matrix", "graphs[1] must be a Graph; got list", ([PAIR, EDGE],)),
        (
            "two widths",
            "as many features as the first, 1; graphs[1] has 2",
            ([PAIR, WIDE],),
        ),
        (
            "a weight for float64",
            "every edge weight must fit into float32 | 1e+39",
            ([HUGE], np.float32),
        ),
        (
            "a feature for float64",
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
        ("whole numbers for a dtype", "dtype must be float32 or | int", ([PAIR], int)),
        ("a word for a dtype", "dtype must be | 'floaty'", ([PAIR], "floaty")),
    ),
    *rows(
        "npdiffpool.GraphBatch.astype",
        GraphBatch.from_graphs([HUGE]).astype,
        ("a weight for float64", "every edge weight must fit | 1e+39", ("float32",)),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.GraphBatch.astype",
        GraphBatch.from_graphs([PAIR]).astype,
        ("half precision", "dtype must be float32 or float64 | float16", ("float16",)),
        (
            "no dtype",
            "dtype must be float32 or float64 | 'double trouble'",
            ("double trouble",),
        ),
    ),
    *rows(
        "npdiffpool.GraphBatch.take",
        GraphBatch.from_graphs([PAIR, PAIR]).take,
        ("none", "order must be whole numbers in 0 ... 1 | []", ([],)),
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


# Every public entry

MODULES = ["npdiffpool", *re.findall(r"`(npdiffpool\.[\w.]+)`", npdiffpool.__doc__)]
TABLES = (test_bad_input_engine, test_bad_input_files, test_bad_input_models)
# What takes nothing that could be bad, or has no say in it.
HOLDS = "only holds what others, which check it, give"
EXCEPTIONS = {
    "npdiffpool.Dataset": HOLDS,
    "npdiffpool.GraphBatch": HOLDS,
    "npdiffpool.datasets.Dataset": HOLDS,
    "npdiffpool.paper.relu": "is of any numbers",
    "npdiffpool.paper.frobenius_norm": "is of any numbers",
    "npdiffpool.engine.layers.sum_operator": "gives back what it is given",
    "npdiffpool.engine.layers.init_batch_norm": (
        "a part of init_gnn, which checks the widths"
    ),
    "npdiffpool.engine.autodiff.value_and_grad": (
        "takes a function, and its arguments to that"
    ),
    "npdiffpool.training.adam.adam_init": "makes zeros like what it is given",
    "npdiffpool.training.fit.minibatches": "a part of fit, which checks the data",
    "npdiffpool.training.fit.evaluate": "a part of predict, which checks the graphs",
    "npdiffpool.training.fit.validate": "a part of fit, which checks the data",
    "npdiffpool.testing.Law": HOLDS,
    "npdiffpool.testing.Result": HOLDS,
    "npdiffpool.testing.strategies": "Hypothesis says what it cannot draw",
}


def public():
    """Return the names of each public callable that takes arguments."""
    found = {}
    for module in map(import_module, MODULES):
        own = [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", "") == module.__name__ and name[0] != "_"
        ]
        for name in getattr(module, "__all__", own):
            value = getattr(module, name)
            if callable(value) and _takes_arguments(value):
                found.setdefault(value, []).append(f"{module.__name__}.{name}")
    return list(found.values())


def _takes_arguments(value):
    if inspect.isclass(value) and issubclass(value, (Exception, tuple)):
        return False  # errors, and NamedTuples, that only hold
    return len(inspect.signature(value).parameters) > 0


def test_every_public_entry_has_a_row_of_bad_input():
    told = {row.entry for module in TABLES for row in module.ROWS}
    told |= {row.entry for row in ROWS} | set(EXCEPTIONS)
    told |= {n for names in public() for n in names if n.rpartition(".")[0] in told}
    assert [names for names in public() if not told & set(names)] == []
    assert len(public()) > 60


def test_every_exception_is_a_public_entry_without_a_row():
    known = {name for names in public() for name in names} | set(MODULES)
    assert set(EXCEPTIONS) - known == set()


def test_every_method_of_a_model_that_takes_arguments_has_a_row_of_bad_input():
    told = {row.entry for row in test_bad_input_models.ROWS}
    for kind in (npdiffpool.DiffPoolClassifier, npdiffpool.DiffPoolRegressor):
        methods = [
            name
            for name, value in inspect.getmembers(kind, inspect.isfunction)
            if name[0] != "_" and len(inspect.signature(value).parameters) > 1
        ]
        shared = {"get_params", "set_params", "check"}  # the classifier's, or fit's
        missing = {f"npdiffpool.{kind.__name__}.{name}" for name in {*methods} - shared}
        assert missing - told == set()


def test_every_parameter_of_a_model_has_a_row_of_bad_input():
    rows_of = [row.options for row in test_bad_input_models.ROWS]
    told = {name for options in rows_of for name in options}
    assert set(npdiffpool.DiffPoolClassifier().get_params()) - told == set()


def test_the_table_is_as_long_as_it_should_be():
    assert len(ROWS) + sum(len(module.ROWS) for module in TABLES) >= 200


def test_work_on_bad_input_would_be_seen(tmp_path, monkeypatch):
    """Let good input through: what the rows must not come to is what it comes to."""
    (good,) = rows(
        "good", test_bad_input_models.CLASSIFIER.fit, ("", "", (GRAPHS, LABELS))
    )
    with pytest.raises(AssertionError, match="work was done on bad input"):
        check(good, tmp_path, monkeypatch)
