"""Code written by as_code evaluates to the same value, to the last bit.

The bits of a NaN are not preserved.
"""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from test_strategies import PUBLIC

from npdiffpool import Graph
from npdiffpool.testing.code import as_code, statement_at
from npdiffpool.testing.strategies import Pooling, batches, graphs

NAMES = {"np": np, "Graph": Graph}
DTYPES = ["f8", "f4", "f2", "i8", "i4", "u1", "u8", "?", "c16", ">f8", "U3", "S3"]


def assert_same(one, other):
    """Assert equality of values, dtypes, shapes and bits, also inside containers."""
    if isinstance(one, tuple):  # a NamedTuple is written as a tuple
        assert isinstance(other, tuple)
    elif isinstance(one, Graph):
        assert isinstance(other, Graph)
        one, other = parts(one), parts(other)
    else:
        assert type(one) is type(other)
    if isinstance(one, dict):
        one, other = list(one.items()), list(other.items())
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other):
            assert_same(a, b)
    else:
        a, b = np.asarray(one), np.asarray(other)
        assert a.dtype == b.dtype and a.shape == b.shape
        if a.dtype.kind in "fc":  # the bits of a NaN may differ
            assert np.array_equal(np.isnan(a), np.isnan(b))
            a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        assert np.array_equal(a, b) or a.tobytes() == b.tobytes()
        assert a.dtype.kind != "f" or np.array_equal(np.signbit(a), np.signbit(b))


def parts(graph):
    return (graph.adjacency.toarray(), graph.features, graph.label)


CODE = [
    (np.eye(2), "np.array([[1.0, 0.0], [0.0, 1.0]])"),
    (np.eye(2, dtype="f4"), "np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)"),
    (np.array([[1, 2]]), "np.array([[1, 2]])"),
    (np.array([1, 2], dtype="i4"), "np.array([1, 2], dtype=np.int32)"),
    (np.array([True, False]), "np.array([True, False])"),
    (np.array([0.1, 0.2], dtype="f4"), "np.array([0.1, 0.2], dtype=np.float32)"),
    (np.array([np.inf, -np.inf]), "np.array([np.inf, -np.inf])"),
    (np.array([np.nan, 1e-300]), "np.array([np.nan, 1e-300])"),
    (np.array([-0.0, 0.0]), "np.array([-0.0, 0.0])"),
    (np.array(["a", "bc"]), "np.array(['a', 'bc'])"),
    (np.array(["a"], dtype="U4"), "np.array(['a'], dtype='<U4')"),
    (np.array([1.0, 2.0], dtype=">f8"), "np.array([1.0, 2.0], dtype='>f8')"),
    (np.array(3.0), "np.array(3.0)"),
    (np.zeros((0, 2)), "np.zeros((0, 2))"),
    (np.zeros(3), "np.zeros(3)"),
    (np.zeros((2, 0), dtype=int), "np.zeros((2, 0), dtype=np.int64)"),
    (np.zeros(2, dtype=bool), "np.zeros(2, dtype=bool)"),
    (np.ones((2, 3)), "np.ones((2, 3))"),
    (np.full((2, 2), 0.5), "np.full((2, 2), 0.5)"),
    (np.full(3, True), "np.full(3, True)"),
    (np.full(4, -0.0), "np.full(4, -0.0)"),
    (np.float64(0.1), "np.float64(0.1)"),
    (np.float32(np.nan), "np.float32(np.nan)"),
    (np.int64(3), "np.int64(3)"),
    (np.bool_(True), "np.bool_(True)"),
    (np.str_("a"), "np.str_('a')"),
    (0.1, "0.1"),
    (-float("inf"), "-np.inf"),
    (1 - 2j, "complex(1.0, -2.0)"),
    (None, "None"),
    ("it's", '"it\'s"'),
    ((1,), "(1,)"),
    ((), "()"),
    ({"A": [np.ones((1, 1)), True]}, "{'A': [np.array([[1.0]]), True]}"),
    (Pooling(np.eye(1), 2, 3), "(np.array([[1.0]]), 2, 3)"),
    (
        Graph(np.eye(1), [[2.0]], label="x"),
        "Graph(np.array([[1.0]]), np.array([[2.0]]), label='x')",
    ),
    (
        Graph.from_edges([(0, 1), (4, 4)], 13, "ones"),
        "Graph.from_edges([(0, 1), (4, 4)], 13, np.ones((13, 1)))",
    ),
    (
        Graph.from_edges([(0, 1)], 13, "ones", weights=[2.0]),
        "Graph.from_edges([(0, 1)], 13, np.ones((13, 1)), weights=np.array([2.0]))",
    ),
]


@pytest.mark.parametrize("value, code", CODE, ids=[code[:40] for _, code in CODE])
def test_the_code_is_short_and_evaluates_to_the_value(value, code):
    assert as_code(value) == code
    assert_same(value, eval(code, NAMES))


any_array = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0))
)


@given(any_array)
@example(np.arange(5000.0).reshape(50, 100))
@example(np.float32([1.17549435e-38, 3.4028235e38, 16777217.0]))
@example(np.array([-1, 0x7FF8000000000001]).view("f8"))  # NaN, negative and not
def test_the_code_of_an_array_evaluates_to_the_same_bits(array):
    assert_same(array, eval(as_code(array), NAMES))


def test_the_code_of_a_graph_keeps_the_names_of_its_nodes():
    for n in (2, 40):
        graph = Graph(np.eye(n), np.ones(n), node_names=[f"n{i}" for i in range(n)])
        assert eval(as_code(graph)).node_names == graph.node_names


def test_print_options_of_numpy_do_not_change_the_code():
    with np.printoptions(precision=2, threshold=3, suppress=True):
        code = as_code(np.float32([1 / 3, 1e-9, 2, 3, 4]))
    assert code == "np.array([0.33333334, 1e-09, 2.0, 3.0, 4.0], dtype=np.float32)"


@pytest.mark.parametrize("name", PUBLIC)
def test_the_code_of_a_drawn_value_evaluates_to_it(name):
    @given(PUBLIC[name])
    def check(value):
        assert_same(value, eval(as_code(value), NAMES))

    check()


@pytest.mark.parametrize("value", [{1}, object(), np.array([None]), [np.dtype("f4")]])
def test_other_values_are_rejected(value):
    with pytest.raises(ValueError, match="value must be made of arrays, .*; got "):
        as_code(value)


def of_rows(A):
    """Have statements of one line and of several."""
    for row in reversed(A):
        np.testing.assert_allclose(
            row, A[0], err_msg="a message so that the call takes three lines"
        )
        assert row[0] < 3, "too large"


@pytest.mark.parametrize(
    "line, statement",
    {
        2: "for row in reversed(A):",
        3: "np.testing.assert_allclose(row, A[0], err_msg=",
        4: "np.testing.assert_allclose(row, A[0], err_msg=",
        6: "assert row[0] < 3",
    }.items(),
)
def test_the_statement_at_a_line_is_the_innermost_without_its_message(line, statement):
    found = statement_at(of_rows, of_rows.__code__.co_firstlineno + line)
    assert found.startswith(statement) and "\n" not in found
    assert "too large" not in found


@given(graphs(), batches(max_graphs=2))
def test_the_repr_of_a_drawn_graph_is_code(graph, batch):
    assert_same([graph, *batch], eval(repr([graph, *batch]), NAMES))


FAILING = """
from hypothesis import given, settings
from npdiffpool.testing.strategies import graphs, planted_graphs

@settings(database=None, derandomize=True)
@given(case=({strategy}))
def claim(case):
    graph = case[0] if isinstance(case, tuple) else case
    assert graph.n_edges < 3

claim()
"""


@pytest.mark.parametrize("strategy", ["graphs()", "planted_graphs()"])
def test_the_falsifying_example_of_a_failing_test_can_be_pasted(strategy):
    command = [sys.executable, "-c", FAILING.format(strategy=strategy)]
    report = subprocess.run(command, capture_output=True, text=True).stderr
    shown = re.search(r"claim\(\s*case=(.*?),\s*\)\n", report, flags=re.DOTALL)
    names = {**NAMES, "array": np.array}  # other values have NumPy's repr
    case = eval(re.sub("(?m)^ *[|]? *", "", shown[1]), names)
    graph = case[0] if isinstance(case, tuple) else case
    assert isinstance(graph, Graph) and 3 <= graph.n_edges <= 4
