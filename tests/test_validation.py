"""Bad input is a ValueError that names the argument, what it must be, what it was."""
import re
import warnings
from copy import copy, deepcopy

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from npdiffpool import (
    DiffPoolClassifier,
    Graph,
    GraphBatch,
    GraphError,
    ModelFileError,
    NotFittedError,
    load_model,
    paper,
)
from npdiffpool.config import READOUTS, Config
from npdiffpool.inputs import count_clusters
from npdiffpool.training import Schedule

EDGE = [[0.0, 1.0], [1.0, 0.0]]
PAIR = Graph(EDGE, [[1.0], [3.0]])
WIDE = Graph(EDGE, np.ones((2, 2)))
INF, NAN = float("inf"), float("nan")


def says(error, message):
    """Expect an error of just this type whose message contains `message`."""
    return pytest.raises(error, match=re.escape(message))


def case(message, call):
    return pytest.param(call, message, id=message)


# Graphs


@pytest.mark.parametrize(
    "call, message",
    [
        case(
            "adjacency must be square, (N, N); got shape (2, 3)",
            lambda: Graph(np.ones((2, 3)), [1, 1]),
        ),
        case(
            "adjacency must be square, (N, N); got shape (4,)",
            lambda: Graph(np.ones(4), [1, 1]),
        ),
        case(
            "adjacency must be square, (N, N); got shape (1, 2)",
            lambda: Graph(sparse.coo_array((1, 2)), [1]),
        ),
        case(
            "adjacency must be finite; it holds NaN or infinity",
            lambda: Graph([[NAN]], [1]),
        ),
        case(
            "adjacency must be finite; it holds NaN or",
            lambda: Graph(sparse.csr_array([[INF]]), [1]),
        ),
        case("adjacency must not be negative; got -2.0", lambda: Graph([[-2]], [1])),
        case(
            "adjacency must be real numbers; got dtype <U1",
            lambda: Graph([["a"]], [1]),
        ),
        case(
            "adjacency must be real numbers; got dtype complex128",
            lambda: Graph([[1j]], [1]),
        ),
        case(
            "adjacency must be real numbers; got dtype object",
            lambda: Graph(None, [1]),
        ),
        case(
            "features must have one row for each of the 2 nodes, (N, F); got shape (3,",
            lambda: Graph(EDGE, [1, 2, 3]),
        ),
        case(
            "features must have one row for each of the 2 nodes, (N, F); got shape (2,",
            lambda: Graph(EDGE, np.ones((2, 1, 1))),
        ),
        case(
            "features must have one row for each of the 1 nodes, (N, F); got shape ()",
            lambda: Graph([[0]], 5.0),
        ),
        case(
            "features must be finite; they hold NaN or infinity",
            lambda: Graph(EDGE, [1, NAN]),
        ),
        case(
            "features must be real numbers; got dtype <U1",
            lambda: Graph(EDGE, ["a", "b"]),
        ),
        case(
            "order must hold each of 0 ... 1 once; got [0 0]",
            lambda: PAIR.permute([0, 0]),
        ),
        case(
            "order must hold each of 0 ... 1 once; got [0]",
            lambda: PAIR.permute([0]),
        ),
        case(
            "order must hold each of 0 ... 1 once; got []", lambda: PAIR.permute([])
        ),
        case(
            "order must hold each of 0 ... 1 once; got [[0 1]]",
            lambda: PAIR.permute([[0, 1]]),
        ),
        case(
            "edges must be whole numbers of shape (E, 2); got int64 of shape (1, 3)",
            lambda: Graph.from_edges([(0, 1, 1)], 2),
        ),
        case(
            "edges must be whole numbers of shape (E, 2); got float64 of shape (1, 2)",
            lambda: Graph.from_edges([(0.0, 1.0)], 2),
        ),
        case(
            "edges must be whole numbers of shape (E, 2); got object of shape ()",
            lambda: Graph.from_edges(None, 2),
        ),
        case(
            "edges must name nodes 0 ... 1; got 2",
            lambda: Graph.from_edges([(0, 2)], 2),
        ),
        case(
            "edges must name nodes 0 ... 1; got -1",
            lambda: Graph.from_edges([(0, 1), (-1, 0)], 2),
        ),
        case(
            "weights must have shape (1,), one for each edge; got (2,)",
            lambda: Graph.from_edges([(0, 1)], 2, weights=[1, 2]),
        ),
        case(
            "weights must have shape (0,), one for each edge; got (1,)",
            lambda: Graph.from_edges([], 2, weights=[1]),
        ),
        case(
            "features: node 1 has no attribute 'x'",
            lambda: Graph.from_networkx(half_labelled(), features="x"),
        ),
        case(
            "attribute 'name' must be real numbers; got dtype <U1",
            lambda: Graph.from_networkx(half_labelled(), features=["name"]),
        ),
        case(
            "graphs must hold at least one Graph; got none",
            lambda: GraphBatch.from_graphs([]),
        ),
        case(
            "graphs must be a sequence of Graph; got one Graph",
            lambda: GraphBatch.from_graphs(PAIR),
        ),
        case(
            "graphs[1] must be a Graph; got list",
            lambda: GraphBatch.from_graphs([PAIR, EDGE]),
        ),
        case(
            "as many features as the first, 1; graphs[1] has 2",
            lambda: GraphBatch.from_graphs([PAIR, WIDE]),
        ),
        case(
            "every edge weight must fit into float32",
            lambda: GraphBatch.from_graphs([Graph([[1e39]], [1])], np.float32),
        ),
        case(
            "every feature must fit into float32",
            lambda: GraphBatch.from_graphs([Graph([[1]], [1e39])], np.float32),
        ),
    ],
)
def test_unusable_graphs_are_refused(call, message):
    with says(GraphError, message):
        call()


def half_labelled():
    G = nx.path_graph(2)
    G.nodes[0].update(x=1.0, name="a")
    G.nodes[1].update(name="b")
    return G


@pytest.mark.parametrize(
    "call, message",
    [
        pytest.param(
            lambda: PAIR.permute([False, True]),
            "order must",
            id="booleans for an order",
        ),
        pytest.param(
            lambda: PAIR.permute([1.0, 0.0]),
            "order must",
            id="floats for an order",
        ),
        pytest.param(
            lambda: Graph(sparse.csr_array([[0, 1j], [1j, 0]]), [1, 2]),
            "adjacency must be real",
            id="a sparse complex adjacency",
        ),
        pytest.param(
            lambda: Graph.from_edges([(0, 1)], 2, weights=[1j]),
            "weights must be",
            id="complex weights",
        ),
        pytest.param(
            lambda: Graph.from_edges([(0, 1)], 2, weights=["a"]),
            "weights must be",
            id="words for weights",
        ),
        pytest.param(
            lambda: Graph.from_edges([], -1),
            "n_nodes must be",
            id="a negative n_nodes",
        ),
        pytest.param(
            lambda: Graph.from_edges([(0, 1)], 2.5),
            "n_nodes must be",
            id="half a node",
        ),
        pytest.param(
            lambda: Graph([[0, 1], [1]], [1, 2]),
            "adjacency must be",
            id="a ragged adjacency",
        ),
        pytest.param(
            lambda: GraphBatch.from_graphs(None),
            "graphs must be a sequence of Graph",
            id="None for graphs",
        ),
    ],
)
def test_more_unusable_graphs_are_refused(call, message):
    with says(GraphError, message):
        call()


# The paper's functions

TWO, LONG = np.ones((2, 2)), np.ones((2, 3))
COARSENED = "(1, 2) (3, 2) (2,) (2, 2, 2)"
MISSHAPEN = [
    ("A must be (N, N)", paper.normalize_adjacency, "(2, 3) (3, 2)"),
    ("W must be (3, width)", lambda W: paper.gcn_layer(W, TWO, LONG), "(2, 2) (4, 2)"),
    ("X must be (2, F)", lambda X: paper.gnn([TWO], TWO, X), "(1, 2) (3, 2)"),
    ("R must be (N, K) with K >= 1", paper.assign, "(2, 0) (2,) (2, 2, 2)"),
    ("S must be (2, K)", lambda S: paper.coarsen(TWO, TWO, S), COARSENED),
    ("Z must be (2, D)", lambda Z: paper.coarsen(TWO, Z, TWO), COARSENED),
    ("S must be (2, K)", lambda S: paper.link_loss(TWO, S), COARSENED),
    ("S must be (N, K)", paper.entropy_loss, "(2,) (2, 2, 2)"),
]


@pytest.mark.parametrize(
    "required, call, shape",
    [
        (*row, shape)
        for *row, shapes in MISSHAPEN
        for shape in re.findall(r"\(.*?\)", shapes)
    ],
)
def test_the_papers_functions_check_their_shapes(required, call, shape):
    array = np.ones([int(n) for n in re.findall(r"\d+", shape)])
    with says(ValueError, f"{required}; got {shape}"):
        call(array)


@pytest.mark.parametrize("label", [2, -1])
def test_the_papers_cross_entropy_refuses_labels_out_of_range(label):
    with says(ValueError, f"label must be in 0 ... 1; got {label}"):
        paper.cross_entropy(np.ones(2), label)


# Choices


def refused(name, requirement, *values):
    """Make a case of each value that an argument must not have."""
    message = f"{name} must be {requirement}; got "
    cases = [(name, value, message + repr(value)) for value in values]
    return [pytest.param(*case, id=f"{name}={case[1]!r}") for case in cases]


SHARED = [
    *refused("hidden", "a whole number >= 1", 0, -1, 2.0, "8", None, True),
    *refused("n_layers", "a whole number >= 1", 0, 1.5),
    *refused("classifier_hidden", "a whole number >= 0", -1, None),
    *refused("gnn", "one of 'gcn', 'sage', 's2v', 'mlp'", "gat", "", None, 3),
    *refused("readout", f"one of {str(READOUTS)[1:-1]}", "median", ["max"]),
    *refused("link_scale", "one of 'frobenius', 'nodes', 'entries'", "edges", 1),
    *refused("dtype", "one of 'float32', 'float64'", "float16", np.float32),
    *refused("concat_layers", "True or False", 1, "yes", None),
    *refused("batch_norm", "True or False", 0),
    *refused("normalize_rows", "True or False", 1.0),
    *refused("link_weight", "a finite number >= 0", -0.1, NAN, INF, "1", True, None),
    *refused("entropy_weight", "a finite number >= 0", -1, NAN),
]
SCHEDULED = [
    *refused("epochs", "a whole number >= 1", 0, 1.5, None),
    *refused("batch_size", "a whole number >= 1", 0, True),
    *refused("learning_rate", "a finite number > 0", 0, 0.0, -1e-3, NAN, INF, "fast"),
    *refused("clip_norm", "a finite number > 0", 0, NAN, None),
    *refused("patience", "a whole number >= 1", 0, 2.5, False),
]
NUMBERED = [
    *refused("n_features", "a whole number >= 0", -1, 1.0),
    *refused("n_outputs", "a whole number >= 1", 0, "2"),
]


@pytest.mark.parametrize("name, value, message", SHARED + NUMBERED)
def test_config_refuses(name, value, message):
    with says(ValueError, message):
        Config(**{"n_features": 1, "n_outputs": 2, name: value})


@pytest.mark.parametrize("name, value, message", SCHEDULED)
def test_schedule_refuses(name, value, message):
    with says(ValueError, message):
        Schedule(**{name: value})


@pytest.mark.parametrize("clusters", [(0,), (8, -1), (2.0,), (True,)])
def test_config_refuses_clusters_that_are_no_counts(clusters):
    message = f"each of clusters must be a whole number >= 1; got {clusters[-1]!r}"
    with says(ValueError, message):
        Config(1, 2, clusters=clusters)


def test_config_refuses_clusters_that_are_no_tuple():
    with says(ValueError, "clusters must be"):
        Config(1, 2, clusters=8)


CLUSTERS = [
    (8, "clusters must be a tuple; got 8"),
    ("ab", "clusters must be a tuple; got 'ab'"),
    (None, "clusters must be a tuple; got None"),
    ((1.0,), "a ratio in clusters must be in (0, 1); got 1.0"),
    ((0.5, 0.0), "a ratio in clusters must be in (0, 1); got 0.0"),
    ((NAN,), "a ratio in clusters must be in (0, 1); got nan"),
    ((-0.5,), "a ratio in clusters must be in (0, 1); got -0.5"),
    ((0,), "a number in clusters must be a whole number >= 1; got 0"),
    ((4, True), "a number in clusters must be a whole number >= 1; got True"),
    (("4",), "a number in clusters must be a whole number >= 1; got '4'"),
]


@pytest.mark.parametrize("clusters, message", CLUSTERS)
def test_counting_clusters_refuses(clusters, message):
    with says(ValueError, message):
        count_clusters(clusters, largest=10)


# The classifier


def classifier(**changes):
    small = dict(hidden=3, n_layers=1, clusters=(2,), classifier_hidden=0, epochs=2)
    return DiffPoolClassifier(**{**small, **changes})


GRAPHS = [PAIR, Graph([[0.0, 0.0], [0.0, 0.0]], [[1.0], [2.0]])] * 2
LABELS = [0, 1, 0, 1]
FLAGS = [
    *refused("standardize", "True or False", 1, None),
    *refused("verbose", "True or False", 1, "loud"),
    *refused("seed", "a whole number >= 0", -1, None, 1.0),
]


@pytest.mark.parametrize("name, value, message", SHARED + SCHEDULED + FLAGS)
def test_fit_refuses_a_parameter(name, value, message):
    clf = classifier(**{name: value})
    with says(ValueError, message):
        clf.fit(GRAPHS, LABELS)
    assert not clf.__sklearn_is_fitted__()


@pytest.mark.parametrize("clusters, message", CLUSTERS)
def test_fit_refuses_clusters(clusters, message):
    with says(ValueError, message):
        classifier(clusters=clusters).fit(GRAPHS, LABELS)


FITS = [
    case("graphs must hold at least one Graph; got none", ([], [])),
    case("graphs[0] must be a Graph; got int", ([1], [0])),
    case("graphs must be a sequence of Graph; got one Graph", (PAIR, [0])),
    case("as many features as the first, 1; graphs[1] has 2", ([PAIR, WIDE], [0, 1])),
    case("labels must be (4,); got (3,)", (GRAPHS, [0, 1, 0])),
    case("labels must be (4,); got (4, 1)", (GRAPHS, np.zeros((4, 1)))),
    case("labels must be (4,); got ()", (GRAPHS, "label")),
    case("labels must be numbers or strings, none missing", (GRAPHS, [0, 1, NAN, 1])),
    case("labels must be numbers or strings, none missing;", (GRAPHS, [0, 1, None, 1])),
    case("labels must be numbers or strings, none", (GRAPHS, [1j, 1, 0, 1])),
    case("labels must be of at least two classes; got [1]", (GRAPHS, [1, 1, 1, 1])),
    case("validation must be a pair (graphs, labels); got 'int'", (GRAPHS, LABELS, 3)),
    case(
        "validation must be a pair (graphs, labels); got 'list'",
        (GRAPHS, LABELS, GRAPHS),
    ),
    case("graphs must hold at least one", (GRAPHS, LABELS, ([], []))),
    case(
        "validation labels must be (1,); got (2,)", (GRAPHS, LABELS, ([PAIR], [0, 1]))
    ),
    case(
        "validation labels must be seen in training; got [7]",
        (GRAPHS, LABELS, ([PAIR], [7])),
    ),
    case(
        "graphs must have 1 features, as in training; got 2",
        (GRAPHS, LABELS, ([WIDE], [0])),
    ),
    case(
        "every feature must fit into float32",
        ([Graph([[0]], [x]) for x in (0, 1, 1e300, 0)], LABELS),
    ),
]


@pytest.mark.parametrize("arguments, message", FITS)
def test_fit_refuses_what_it_cannot_use_and_leaves_the_classifier_as_it_was(
    arguments, message
):
    clf = classifier(standardize=False).fit(GRAPHS, LABELS)
    before, state = copy(vars(clf)), deepcopy(vars(clf))
    with says(ValueError, message):
        clf.fit(*arguments)
    assert all(vars(clf)[name] is value for name, value in before.items())
    assert repr(vars(clf)) == repr(state)


def test_patience_without_a_validation_set_is_refused():
    with says(ValueError, "patience needs a validation set; fit was given none"):
        classifier(patience=3).fit(GRAPHS, LABELS)


def test_training_that_diverges_is_an_error_that_leaves_the_classifier_as_it_was():
    clf = classifier().fit(GRAPHS, LABELS)
    before = clf.predict_proba(GRAPHS)
    clf.set_params(learning_rate=1e38, normalize_rows=False, batch_norm=False)
    with warnings.catch_warnings(), says(ValueError, "training diverged in epoch"):
        warnings.simplefilter("ignore", RuntimeWarning)  # overflows on its way
        clf.fit(GRAPHS, LABELS)
    assert_array_equal(clf.predict_proba(GRAPHS), before)


@pytest.mark.parametrize(
    "method, arguments",
    [
        ("predict", ([PAIR],)),
        ("predict_proba", ([PAIR],)),
        ("score", ([PAIR], [0])),
        ("transform", ([PAIR],)),
        ("assignments", (PAIR,)),
        ("hierarchy", (PAIR,)),
        ("save", ("model.npz",)),
    ],
)
def test_a_classifier_is_not_used_before_it_is_fitted(
    method, arguments, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with says(NotFittedError, "the classifier is not fitted; call fit first"):
        getattr(classifier(), method)(*arguments)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(GRAPHS, LABELS)


@pytest.mark.parametrize("use", ["predict", "predict_proba", "transform"])
@pytest.mark.parametrize(
    "graphs, message",
    [
        ([], "graphs must hold at least one Graph; got none"),
        (PAIR, "graphs must be a sequence of Graph; got one Graph"),
        ([EDGE], "graphs[0] must be a Graph; got list"),
        ([WIDE], "graphs must have 1 features, as in training; got 2"),
        ([Graph([[1e39]], [1])], "every edge weight must fit into float32"),
    ],
)
def test_using_a_classifier_refuses_graphs(fitted, use, graphs, message):
    with says(GraphError, message):
        getattr(fitted, use)(graphs)


@pytest.mark.parametrize("use", ["assignments", "hierarchy"])
def test_looking_into_one_graph_refuses_a_list(fitted, use):
    with says(GraphError, "graphs[0] must be a Graph; got list"):
        getattr(fitted, use)([PAIR])


def test_scoring_refuses_labels_of_another_length(fitted):
    with says(ValueError, "labels must be one a graph; got (3,)"):
        fitted.score(GRAPHS, [0, 1, 0])


def test_a_parameter_that_does_not_exist_is_refused_by_name():
    with says(ValueError, "a parameter must be one of gnn, hidden, n_layers"):
        classifier().set_params(width=3)
    with says(ValueError, "got 'width'"):
        classifier().set_params(width=3)


# Files


def test_a_model_file_that_is_not_there_is_named(tmp_path):
    with says(ModelFileError, f"{tmp_path / 'none.npz'}: no such model file"):
        load_model(tmp_path / "none.npz")


def test_a_model_that_cannot_be_saved_leaves_the_old_file(fitted, tmp_path):
    path = tmp_path / "model.npz"
    fitted.save(path)
    before, odd = path.read_bytes(), copy(fitted)
    odd.learning_rate = object()
    with pytest.raises(TypeError, match="cannot save a parameter of type object"):
        odd.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
