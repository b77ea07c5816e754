"""Gradients at kinks, of norms and logarithms at zero, and of the whole loss.

Laws D1 to D6 check the gradients of all primitives at general points.
"""

from dataclasses import replace
from functools import partial
from itertools import product

import autograd.numpy as np
import pytest
from autograd import grad
from autograd.core import make_vjp
from autograd.tracer import getval, isbox
from numpy.testing import assert_allclose, assert_array_equal
from samples import dense_and_sparse_graphs, one_hot_graphs
from scipy import sparse

from npdiffpool import Graph, GraphBatch, paper
from npdiffpool.engine import primitives as p
from npdiffpool.engine import segments
from npdiffpool.engine.autodiff import (
    from_vector,
    leaves,
    to_vector,
    value_and_grad,
)
from npdiffpool.engine.config import GNNS, READOUTS, Config
from npdiffpool.engine.losses import entropy_loss, link_loss
from npdiffpool.engine.model import init_model, total_loss
from npdiffpool.engine.pooling import Level, assign, coarsen, next_level
from npdiffpool.engine.preparation import precompute_propagation, prepare
from npdiffpool.testing.own.definitions import PRIMITIVES
from npdiffpool.testing.own.problems import problem
from npdiffpool.testing.own.wrong_gradients import WRONG_GRADIENTS

EPS = 2.0**-52

# At the kinks


@pytest.mark.parametrize("relu", [p.relu, paper.relu], ids=["engine", "paper"])
def test_the_gradient_of_relu_at_zero_is_zero(relu):
    assert_array_equal(slope(relu, np.array([-1.0, 0.0, -0.0, 1.0])), [0, 0, 0, 1])


def test_the_gradient_of_safe_sqrt_is_zero_at_zero_and_below():
    assert_array_equal(slope(p.safe_sqrt, np.array([-4.0, 0.0, 4.0])), [0, 0, 0.25])


def test_l2_normalisation_keeps_a_row_of_zeros_and_its_gradient_is_zero():
    X = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert_allclose(p.l2_normalize(X), [[0, 0], [0.6, 0.8]], rtol=1e-15)  # 1 ulp
    assert_array_equal(slope(p.l2_normalize, X)[0], [0, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [-200, -30, -15, 0, 15])
def test_l2_normalisation_is_finite_at_every_scale(dtype, exponent):
    scale = dtype(10.0 ** max(exponent, -44 if dtype == np.float32 else exponent))
    X = np.array([[3, 4], [0, 1]], dtype) * scale
    assert np.all(np.isfinite([p.l2_normalize(X), slope(p.l2_normalize, X)]))


def test_the_gradient_of_the_entropy_is_accurate_for_large_logits():
    """R + 2^20 is exact; a product with R itself would lose six digits."""
    R = np.arange(6, dtype="float32").reshape(2, 3) / 4
    shift = np.float32(2**20)

    def entropy(R):
        return np.sum(p.softmax_entropy(R)[1])

    assert_allclose(slope(entropy, R + shift), slope(entropy, R), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_whose_squared_length_is_at_most_tiny_counts_as_zero(dtype):
    length = np.sqrt(np.finfo(dtype).tiny)  # a power of two
    X = np.array([[length], [np.nextafter(length, length + 1)]], dtype)
    assert_array_equal(p.l2_normalize(X), [[0.0], [1.0]])


def test_rows_that_tie_for_the_maximum_share_the_gradient_evenly():
    X = np.array([[2.0, 0.0], [2.0, 1.0], [1.0, 0.0], [7.0, 7.0]])
    shares = slope(lambda X: segments.segment_max(X, np.array([0, 3, 3, 4])), X)
    assert_array_equal(shares, [[0.5, 0], [0.5, 1], [0, 0], [1, 1]])


@pytest.mark.parametrize("sign", [1, -1])
def test_rows_tie_up_to_a_difference_of_1024_eps(sign):
    # Batch norm magnifies rounding by up to 1 / sqrt(1e-5) = 316.
    below = np.array([[0.0], [1024 * EPS], [1040 * EPS]])
    shares = slope(lambda X: segments.segment_max(X, np.array([0, 3])), sign - below)
    assert_array_equal(shares, [[0.5], [0.5], [0.0]])


def column(multiple):
    """Return 1 +- `multiple` eps; mean and variance are exact in float64."""
    d = multiple * EPS
    return np.array([[1 - d], [1 - d], [1 + d], [1 + d]])


def test_batch_norm_treats_a_deviation_of_16_eps_as_rounding():
    # The limit for N = 4 rows is 16 eps sqrt(N) = 32 eps.
    gamma, beta = np.ones(1), np.full(1, 0.5)
    Y, *moments = p.batch_norm(column(32), gamma, beta)
    assert_array_equal(Y, np.full((4, 1), 0.5))
    assert_array_equal(moments, [[1.0], [0.0]])
    Y, *moments = p.batch_norm(column(33), gamma, beta)
    assert_array_equal(moments, [[1.0], [(33 * EPS) ** 2]])
    assert np.all(Y != 0.5)


def test_the_gradient_of_gamma_is_zero_for_a_column_that_counts_as_constant():
    dY = np.array([[1.0], [0.0], [0.0], [0.0]])

    def score(gamma):
        return np.sum(dY * p.batch_norm(column(32), gamma, np.zeros(1))[0])

    assert_array_equal(grad(score)(np.ones(1)), [0.0])


def test_the_gradient_of_a_constant_column_is_that_of_mean_0_and_variance_0():
    """Of Y = gamma (X - m) / sqrt(epsilon): reverse mode, and by a second trace."""
    X, gamma, G = np.ones((4, 1)), np.full(1, 2.0), np.array([[1.0], [2], [4], [9]])
    expected = (G - 4) * 2 / np.sqrt(p.BATCH_NORM_EPSILON)
    pulled = lambda X: np.sum(G * p.batch_norm(X, gamma, gamma)[0])  # noqa: E731
    assert_allclose(grad(pulled)(X), expected, rtol=1e-14)
    pull = make_vjp(lambda X: p.batch_norm(X, gamma, gamma)[0], X)[0]
    row = np.array([[-1.0], [-1], [-1], [3]]) / 2 / np.sqrt(p.BATCH_NORM_EPSILON)
    assert_allclose(grad(lambda G: pull(G)[3, 0])(G), row, rtol=1e-14)


def total_of_batch_norm(X):
    Y, m, v = (p.batch_norm(X, np.ones(2), np.ones(2))[i] for i in range(3))
    return np.sum(Y) + np.sum(m) + np.sum(v)


def test_batch_norm_of_equal_rows_has_finite_gradients():
    X = np.full((3, 2), 0.1)
    assert np.all(np.isfinite(slope(total_of_batch_norm, X)))


def slope(f, x):
    return grad(lambda x: np.sum(f(x)))(x)


def test_a_traced_gradient_uses_the_plain_composition():
    """The gradient is linear in G, so its derivative by G applies the same map."""
    X, ones = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]]), np.ones(2)

    def pulled(G):
        f = partial(p.layer, ones, ones, ones, np.eye(3), normalize_rows=True)
        return make_vjp(lambda X: f(X)[0], X)[0](G)

    G, dG = np.cos(X), np.sin(3 * X)
    expected = np.sum(pulled(dG) * X)
    assert_allclose(np.sum(grad(lambda G: np.sum(pulled(G) * X))(G) * dG), expected)


FUSED = [name for name, p in PRIMITIVES.items() if hasattr(p.fused, "with_vjp")]


@pytest.mark.parametrize("name", FUSED)
def test_the_plain_composition_in_nested_traces_has_the_value_of_the_primitive(name):
    """Law D3 checks only the derivatives of the plain composition."""
    call, _, arrays = problem(name, [3, 0, 4], seed=2)
    values = []

    def inner(arguments):
        values.append(call(*arguments))
        return np.sum(values[0])

    make_vjp(lambda outer: make_vjp(inner, outer)[1], tuple(arrays))
    assert isbox(values[0]) and isbox(values[0]._value)
    expected = call(*arrays)
    assert_allclose(getval(values[0]), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", [name for name in FUSED if "link" in name])
def test_a_correct_gradient_in_place_of_a_wrong_one_passes(name):
    """Law D2 detects wrong gradients, not the replacement of a gradient itself."""
    with_vjp, [(argnum, _)] = PRIMITIVES[name].fused.with_vjp, WRONG_GRADIENTS[name]

    def correct(ans, *args):
        return lambda G: with_vjp(*args)[1](G, [argnum])[0]

    call, plain, [x] = problem(name, [3, 4], seed=0, wrong=(argnum, correct))
    assert_allclose(slope(call, x), slope(plain, x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("residual", [1e-6, 1e-3, 1.0])
def test_the_gradient_of_the_link_loss_in_float32_is_close_to_float64(residual):
    """With residuals for which the square cancels, and one for which it does not."""
    rng = np.random.default_rng(0)
    S = rng.random((5, 2)).astype("float32")
    A = (S @ S.T * (1 + residual * rng.random((5, 5)))).astype("float32")

    def loss(S):
        level = ragged_level(A.astype(S.dtype))._replace(X=S)
        return link_loss(level, S, coarsen(level, S, S)[0])[0]

    exact = grad(loss)(S.astype("float64"))
    error = np.max(np.abs(grad(loss)(S) - exact)) / np.max(np.abs(exact))
    assert error < 20 * 2.0**-24 * np.linalg.norm(A) / loss(S), error


def test_the_gradient_of_a_link_loss_that_is_only_rounding_is_zero():
    """Law L8: here the loss is 1e-6 in float64, and only rounding in float32."""
    S = np.array([[1, 0], [1, 0], [0, 1]], "float32")
    A = (S @ S.T) * (1 + 2e-7)
    level = ragged_level(A)._replace(X=S)
    loss = lambda S: link_loss(level, S, coarsen(level, S, S)[0])[0]  # noqa: E731
    assert 0 < loss(S) < 1e-5
    assert_array_equal(grad(loss)(S), np.zeros((3, 2)))


# The losses at zeros of norms and logarithms (laws L8 and E6)

CLIQUES = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])  # = S S^T of LABELLED
LABELLED = np.array([[1e4, -1e4], [1e4, -1e4], [-1e4, 1e4]])


def ragged_level(*adjacencies):
    graphs = [Graph(A, np.ones((len(A), 1))) for A in adjacencies]
    return Level.of(GraphBatch.from_graphs(graphs))


def dense_level(*adjacencies):
    A = np.array(adjacencies)
    return next_level(A, np.ones((len(A), A.shape[1], 1)))


def auxiliary_losses(R, level):
    S, entropies = assign(R)
    A_pooled, _ = coarsen(level, S, S)
    L_ent = entropy_loss(entropies, level.offsets)
    return np.sum(link_loss(level, S, A_pooled) + L_ent)


@pytest.mark.parametrize("make", [ragged_level, dense_level])
def test_the_gradient_of_losses_that_are_zero_is_zero(make):
    """Law L8."""
    level = make(CLIQUES)
    assert auxiliary_losses(LABELLED, level) == 0
    assert_array_equal(grad(auxiliary_losses)(LABELLED, level), np.zeros((3, 2)))


@pytest.mark.parametrize("make", [ragged_level, dense_level])
@pytest.mark.parametrize("A", [CLIQUES, np.zeros((3, 3)), np.eye(3), 1e8 * CLIQUES])
@pytest.mark.parametrize("scale", [0, 1e-4, 1e-3, 1, 1e4])
def test_the_losses_have_finite_gradients(make, A, scale):
    """Laws L8 and E6."""
    rng = np.random.default_rng(0)
    for R in (LABELLED * scale, rng.normal(size=(3, 4)) * 1e4 * scale):
        level = make(A)
        assert np.isfinite(auxiliary_losses(R, level))
        assert np.all(np.isfinite(grad(auxiliary_losses)(R, level)))


def test_graphs_without_nodes_change_neither_the_losses_nor_their_gradients():
    empty = np.zeros((0, 0))
    alone, among = ragged_level(CLIQUES), ragged_level(empty, CLIQUES, empty)
    R = np.random.default_rng(1).normal(size=(3, 2))
    assert auxiliary_losses(R, alone) == auxiliary_losses(R, among)
    expected = grad(auxiliary_losses)(R, alone)
    # The order of summation differs.
    assert_allclose(grad(auxiliary_losses)(R, among), expected, rtol=1e-13)


# The whole loss

DEFAULTS = dict(
    n_features=2, n_outputs=3, hidden=4, n_layers=2, clusters=(3,), classifier_hidden=5
)
OPTIONS = [
    *[dict(gnn=gnn, readout=readout) for gnn, readout in product(GNNS, READOUTS)],
    dict(clusters=()),
    dict(clusters=(3, 2)),
    dict(clusters=(1,)),
    dict(concat_layers=False),
    dict(batch_norm=False),
    dict(normalize_rows=False),
    dict(batch_norm=False, normalize_rows=False),
    dict(classifier_hidden=0),
    dict(link_scale="frobenius"),
    dict(link_scale="entries", link_weight=100.0),
    dict(link_scale="relative", clusters=(3, 2)),
    dict(link_weight=0.0, entropy_weight=0.0),
    dict(n_layers=1),
    dict(dropout=0.4),
    dict(dropout=0.4, batch_norm=False, concat_layers=False),
]
each_option = pytest.mark.parametrize("options", OPTIONS, ids=str)


def whole(options, dtype="float64", sizes=(4, 0, 1, 6)):
    """Return parameters at a general point, a prepared batch, labels and a config."""
    config = Config(**{**DEFAULTS, **options}, dtype=dtype)
    rng = np.random.default_rng(5)
    batch = GraphBatch.from_graphs([random_graph(rng, n) for n in sizes], dtype)
    params = init_model(rng, config)
    vector = to_vector(params)
    vector = vector + 0.1 * rng.normal(size=vector.shape).astype(dtype)
    labels = np.arange(len(sizes)) % 3
    batch = prepare(batch, config)
    return from_vector(params, vector), batch, labels, config


def whole_of(graphs, recompute, dtype):
    """Return the same for given graphs, with the parameters of `init_model`."""
    config = Config(graphs[0].n_features, 3, clusters=(3, 2), recompute=recompute)
    config = replace(config, dtype=dtype)
    batch = precompute_propagation(GraphBatch.from_graphs(graphs, dtype), ["sage"])
    params = init_model(np.random.default_rng(5), config)
    return params, batch, np.arange(len(graphs)) % 3, config


each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def each_kind_of_graph(test):
    for name, values in {
        "graphs": [one_hot_graphs, dense_and_sparse_graphs],
        "recompute": [False, True],
    }.items():
        test = pytest.mark.parametrize(name, values)(test)
    return test


def random_graph(rng, n):
    A = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.5))
    return Graph(A + A.T, rng.normal(size=(n, 2)))


@each_option
def test_the_gradient_of_the_whole_loss_gives_its_directional_derivatives(options):
    params, *rest = *whole(options), None, 7  # with the masks of one seed
    point, rng = to_vector(params), np.random.default_rng(0)
    gradient = to_vector(value_and_grad(total_loss)(params, *rest)[2])

    def loss(vector):
        return total_loss(from_vector(params, vector), *rest)[0]

    for _ in range(3):
        v = rng.normal(size=point.shape) / np.sqrt(point.size)
        slope = (loss(point + 1e-5 * v) - loss(point - 1e-5 * v)) / 2e-5
        # Central differences: errors of 1e-10 in truncation and rounding, times the
        # third derivative and the loss, for slopes of at least 0.01.
        assert_allclose(slope, gradient @ v, rtol=1e-6, atol=1e-8)


@each_option
def test_recomputing_changes_neither_the_loss_nor_its_gradients(options):
    params, batch, labels, config = whole(options)
    checkpointed = replace(config, recompute=True)
    loss, output, gradients = value_and_grad(total_loss)(params, batch, labels, config)
    actual = value_and_grad(total_loss)(params, batch, labels, checkpointed)
    assert actual[0] == loss
    assert_array_equal(getval(actual[1].logits), getval(output.logits))
    for array, expected in zip(leaves(actual[1].moments), leaves(output.moments)):
        assert_array_equal(array, expected)
    gradient = to_vector(gradients)  # the order of summation differs
    atol = 1e-12 * np.max(np.abs(gradient))
    assert_allclose(to_vector(actual[2]), gradient, rtol=1e-9, atol=atol)


def keeps_dtype(case, dtype):
    loss, _, gradients = value_and_grad(total_loss)(*case)
    return {x.dtype for x in (loss, *leaves(gradients))} == {np.dtype(dtype)}


@each_option
@each_dtype
def test_the_whole_loss_and_its_gradients_keep_their_dtype(options, dtype):
    """Law D4."""
    assert keeps_dtype(whole(options, dtype), dtype)


@each_kind_of_graph
@each_dtype
def test_the_whole_loss_keeps_its_dtype_for_every_storage_of_graphs(
    graphs, recompute, dtype
):
    """Law D4 with CSR features and with dense blocks."""
    assert keeps_dtype(whole_of(graphs(), recompute, dtype), dtype)


def assert_arguments_are_not_written(case):
    params, batch, labels, config = case
    of_nodes = [batch.adjacency, batch.features]
    of_nodes += [*batch.operators.values(), *batch.propagated.values()]
    arrays = [X.data if sparse.issparse(X) else X for X in of_nodes]
    for array in [*leaves(params), *arrays, batch.offsets, labels]:
        array.flags.writeable = False
    first = value_and_grad(total_loss)(params, batch, labels, config)
    second = value_and_grad(total_loss)(params, batch, labels, config)
    assert first[0] == second[0]
    assert_array_equal(to_vector(first[2]), to_vector(second[2]))


@each_option
def test_the_whole_loss_does_not_write_to_its_arguments(options):
    """Law D5."""
    assert_arguments_are_not_written(whole(options))


@each_kind_of_graph
def test_the_whole_loss_does_not_write_to_any_storage_of_graphs(graphs, recompute):
    """Law D5 with CSR features and with dense blocks."""
    assert_arguments_are_not_written(whole_of(graphs(), recompute, "float64"))


@pytest.mark.parametrize("sizes", [(0, 0), (1,), (3, 3), (0, 5)])
@pytest.mark.parametrize("scale", [0, 1, 1e4])
@each_option
def test_the_whole_loss_has_finite_gradients(options, scale, sizes):
    params, batch, labels, config = whole(options, "float32", sizes)
    params = from_vector(params, to_vector(params) * np.float32(scale))
    loss, _, gradients = value_and_grad(total_loss)(params, batch, labels, config)
    assert np.isfinite(loss)
    assert np.all(np.isfinite(to_vector(gradients)))


def test_the_whole_loss_has_finite_gradients_without_edges_or_features():
    for n_features in (0, 2):
        params, batch, labels, config = whole(dict(n_features=n_features))
        graphs = [Graph(np.zeros((n, n)), np.zeros((n, n_features))) for n in (2, 3)]
        batch = precompute_propagation(GraphBatch.from_graphs(graphs), (config.gnn,))
        _, _, gradients = value_and_grad(total_loss)(params, batch, labels[:2], config)
        assert np.all(np.isfinite(to_vector(gradients)))
