"""Gradients: every primitive against its definition, and the whole loss (D1 to D5).

`PRIMITIVES` sets beside each primitive its definition, written out so that it takes
complex numbers: complex step differentiates that to the last bits, without a step
size to choose. relu, safe_sqrt and segment_max are analytic between their kinks.
"""
from itertools import product
from typing import Any, Callable, NamedTuple

import autograd.numpy as np
import pytest
from autograd import grad
from autograd.core import make_vjp
from autograd.extend import defvjp, primitive
from autograd.test_util import check_grads
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from npdiffpool import Graph, GraphBatch
from npdiffpool import primitives as p
from npdiffpool.layers import prepare
from npdiffpool.losses import entropy_loss, link_loss
from npdiffpool.model import GNNS, READOUTS, Config, init_model, total_loss
from npdiffpool.optim import from_vector, leaves, to_vector, value_and_grad
from npdiffpool.pooling import Level, assign, coarsen, next_level

SIZES = st.lists(st.integers(0, 3), min_size=1, max_size=4)
SEEDS = st.integers(0, 2**32 - 1)
RAGGED, UNIFORM, HOLLOW = [2, 0, 3, 1], [3, 3], [0, 0]


class Shape(NamedTuple):
    """Hold the sizes of one drawn problem, and its constants."""

    N: int
    B: int
    K: int
    D: int
    F: int
    offsets: Any
    A: Any  # sparse, not square, not symmetric


class Primitive(NamedTuple):
    """Hold a primitive, its definition, and the shapes of what it is given."""

    fused: Callable
    call: Callable  # (fused, shape, *arrays) -> array
    plain: Callable  # (shape, *arrays) -> array, complex numbers allowed
    arguments: Callable  # shape -> the arrays' shapes


def by_segment(f, shape, *arrays):
    rows = [slice(*bounds) for bounds in zip(shape.offsets, shape.offsets[1:])]
    return np.array([f(*[X[part] for X in arrays]) for part in rows])


def softmax(R):
    return np.exp(R) / np.sum(np.exp(R), axis=1, keepdims=True)


def standardize(X, gamma, beta):
    n = max(len(X), 1)
    m = np.sum(X, axis=0) / n
    v = np.sum((X - m) ** 2, axis=0) / n
    return flat([gamma * (X - m) / np.sqrt(v + 1e-5) + beta, m, v])


def flat(parts):
    return np.concatenate([np.ravel(parts[i]) for i in range(3)])


def largest(X):
    if len(X) == 0:
        return np.zeros(X.shape[1])
    return np.array([column[np.argmax(column.real)] for column in X.T])


def plainly(fused, shape, *arrays):
    return fused(*arrays)


def on_segments(fused, shape, *arrays):
    return fused(*arrays, shape.offsets)


PRIMITIVES = {
    "affine": Primitive(
        p.affine,
        plainly,
        lambda s, b, X, W, Y, V: b + X @ W + Y @ V,
        lambda s: [(s.D,), (s.N, s.F), (s.F, s.D), (s.N, s.K), (s.K, s.D)],
    ),
    "sparse_matmul": Primitive(
        p.sparse_matmul,
        lambda fused, s, H: fused(s.A, H),
        lambda s, H: s.A.toarray() @ H,
        lambda s: [(s.N, s.D)],
    ),
    "relu": Primitive(
        p.relu, plainly, lambda s, X: (X.real > 0) * X, lambda s: [(s.N, s.D)]
    ),
    "l2_normalize": Primitive(
        p.l2_normalize,
        plainly,
        lambda s, X: X / np.sqrt(np.sum(X * X, axis=1, keepdims=True)),
        lambda s: [(s.N, s.D)],
    ),
    "batch_norm": Primitive(
        p.batch_norm,
        lambda fused, s, X, gamma, beta: flat(fused(X, gamma, beta)),
        lambda s, X, gamma, beta: standardize(X, gamma, beta),
        lambda s: [(s.N, s.D), (s.D,), (s.D,)],
    ),
    "row_softmax": Primitive(
        p.row_softmax, plainly, lambda s, R: softmax(R), lambda s: [(s.N, s.K)]
    ),
    "log_softmax": Primitive(
        p.log_softmax, plainly, lambda s, R: np.log(softmax(R)), lambda s: [(s.N, s.K)]
    ),
    "safe_sqrt": Primitive(
        p.safe_sqrt,
        plainly,
        lambda s, x: np.sqrt((x.real > 0) * x),
        lambda s: [(s.N,)],
    ),
    "segment_product": Primitive(
        p.segment_product,
        on_segments,
        lambda s, S, Z: by_segment(lambda S_g, Z_g: S_g.T @ Z_g, s, S, Z),
        lambda s: [(s.N, s.K), (s.N, s.D)],
    ),
    "segment_apply": Primitive(
        p.segment_apply,
        on_segments,
        lambda s, S, M: np.sum(S[:, :, None] * M[owner(s)], axis=1),
        lambda s: [(s.N, s.K), (s.B, s.K, s.D)],
    ),
    "segment_sum": Primitive(
        p.segment_sum,
        on_segments,
        lambda s, X: by_segment(lambda X_g: np.sum(X_g, axis=0), s, X),
        lambda s: [(s.N, s.D)],
    ),
    "segment_repeat": Primitive(
        p.segment_repeat, on_segments, lambda s, Y: Y[owner(s)], lambda s: [(s.B, s.D)]
    ),
    "segment_max": Primitive(
        p.segment_max,
        on_segments,
        lambda s, X: by_segment(largest, s, X),
        lambda s: [(s.N, s.D)],
    ),
}
each_primitive = pytest.mark.parametrize("name", PRIMITIVES)


def owner(s):
    """Give the graph that each row belongs to."""
    return np.searchsorted(s.offsets, np.arange(s.N), side="right") - 1


def problem(name, sizes, seed, fused=None, dtype="float64"):
    """Draw a primitive's arrays; return it and its definition as functions of them."""
    rng = np.random.default_rng(seed)
    N, (K, D, F) = sum(sizes), rng.integers(1, 4, size=3)
    A = sparse.csr_array(rng.normal(size=(N + 1, N)) * rng.integers(0, 2, (N + 1, N)))
    shape = Shape(N, len(sizes), K, D, F, np.cumsum([0, *sizes]), A.astype(dtype))
    chosen = PRIMITIVES[name]
    arrays = [generic(rng, size).astype(dtype) for size in chosen.arguments(shape)]
    fused = fused or chosen.fused
    return (
        lambda *arrays: chosen.call(fused, shape, *arrays),
        lambda *arrays: chosen.plain(shape, *arrays),
        arrays,
    )


def generic(rng, size):
    """Draw distinct numbers of magnitude 0.2 to 1.7: away from kinks and ties."""
    n = int(np.prod(size))
    magnitude = 0.2 + 1.5 * rng.permutation(n) / max(n, 1)
    return np.reshape(magnitude * rng.choice([-1.0, 1.0], size=n), size)


def pull(f, arrays, argnum):
    """Return the vector-Jacobian product by one argument, and the value."""
    return make_vjp(lambda x: f(*replaced(arrays, argnum, x)), arrays[argnum])


def replaced(arrays, argnum, x):
    return [*arrays[:argnum], x, *arrays[argnum + 1 :]]


def jacobian(f, arrays, argnum):
    vjp, Y = pull(f, arrays, argnum)
    rows = [vjp(unit.reshape(Y.shape)) for unit in np.eye(Y.size)]
    return np.reshape(rows, (Y.size, arrays[argnum].size))


def complex_step(f, arrays, argnum):
    x, Y = arrays[argnum], f(*arrays)
    steps = 1e-20j * np.eye(x.size).reshape(x.size, *x.shape)
    columns = [f(*replaced(arrays, argnum, x + step)).imag / 1e-20 for step in steps]
    return np.reshape(columns, (x.size, Y.size)).T


def check_against_definition(f, plain, arrays, argnums):
    """Compare value and whole Jacobian: a few roundings of numbers up to 1e3."""
    assert_allclose(f(*arrays), plain(*arrays), rtol=1e-12, atol=1e-12)
    for argnum in argnums:
        J = complex_step(plain, arrays, argnum)
        assert_allclose(jacobian(f, arrays, argnum), J, rtol=1e-11, atol=1e-11)
        vjp, Y = pull(f, arrays, argnum)
        G = generic(np.random.default_rng(0), Y.shape)  # linear, not only at units
        assert_allclose(vjp(G).ravel(), G.ravel() @ J, rtol=1e-11, atol=1e-11)


# One primitive at a time


@each_primitive
@given(sizes=SIZES, seed=SEEDS)
@example(sizes=RAGGED, seed=0)
@example(sizes=UNIFORM, seed=0)
@example(sizes=HOLLOW, seed=0)
def test_each_primitive_and_its_jacobian_are_those_of_its_definition(name, sizes, seed):
    """Law D1."""
    f, plain, arrays = problem(name, sizes, seed)
    check_against_definition(f, plain, arrays, range(len(arrays)))


def test_every_primitive_is_held():
    made = [name for name, f in vars(p).items() if hasattr(f, "_is_autograd_primitive")]
    assert sorted(made) == sorted(PRIMITIVES)


@each_primitive
@given(sizes=SIZES, seed=SEEDS, randomness=st.random_module())
def test_each_primitive_has_second_derivatives(name, sizes, seed, randomness):
    """Law D3."""
    f, _, arrays = problem(name, sizes, seed)
    argnums = tuple(range(len(arrays)))
    check_grads(f, argnums, modes=["rev"], order=2)(*arrays)


def wrong(name, argnum, claim, maker):
    return pytest.param(name, argnum, maker, id=f"{name}, {claim}")


@pytest.mark.parametrize(
    "name, argnum, maker",
    [
        wrong("affine", 0, "a mean", lambda Y, *_: lambda G: np.mean(G, axis=0)),
        wrong(
            "affine",
            1,
            "off by 1e-7",  # which check_grads would pass
            lambda Y, b, X, W, *_: lambda G: np.dot(G, W.T) * (1 + 1e-7),
        ),
        wrong(
            "affine",
            4,
            "rows reversed",
            lambda Y, b, X, W, H, V: lambda G: np.dot(H.T, G[::-1]),
        ),
        wrong(
            "sparse_matmul",
            1,
            "not transposed",
            lambda Y, A, H: lambda G: (A @ G[:-1])[:-1],
        ),
        wrong("relu", 0, "slope everywhere", lambda Y, X: lambda G: G * (Y >= 0)),
        wrong("relu", 0, "half the slope", lambda Y, X: lambda G: G * (Y > 0) * 0.5),
        wrong(
            "l2_normalize",
            0,
            "no projection",
            lambda Y, X: lambda G: G * (Y / X),
        ),
        wrong(
            "l2_normalize",
            0,
            "no length",
            lambda Y, X: lambda G: G - Y * np.sum(G * Y, axis=1, keepdims=True),
        ),
        wrong(
            "batch_norm",
            0,
            "moments held constant",
            lambda ans, X, gamma, b: lambda G: G[0] * gamma / np.sqrt(ans[2] + 1e-5),
        ),
        wrong(
            "row_softmax",
            0,
            "the diagonal alone",
            lambda S, R: lambda G: S * (1 - S) * G,
        ),
        wrong("log_softmax", 0, "no sum", lambda L, R: lambda G: G - np.exp(L) * G),
        wrong(
            "safe_sqrt",
            0,
            "twice the slope",
            lambda y, x: lambda G: G * (y > 0) / np.where(y > 0, y, 1),
        ),
        wrong(
            "segment_product",
            0,
            "another graph's",
            lambda P, S, Z, o: lambda G: p.segment_apply(
                Z, np.swapaxes(G[::-1], 1, 2), o
            ),
        ),
        wrong(
            "segment_apply",
            1,
            "another graph's",
            lambda Y, S, M, o: lambda G: p.segment_product(S, G, o)[::-1],
        ),
        wrong(
            "segment_sum",
            0,
            "a mean",
            lambda Y, X, o: lambda G: p.segment_repeat(
                G / np.maximum(np.diff(o), 1)[:, None], o
            ),
        ),
        wrong(
            "segment_repeat",
            0,
            "the largest",
            lambda X, Y, o: lambda G: p.segment_max(G, o),
        ),
        wrong(
            "segment_max",
            0,
            "every row",
            lambda Y, X, o: lambda G: p.segment_repeat(G, o),
        ),
    ],
)
def test_a_wrong_gradient_is_caught(name, argnum, maker):
    """Law D2."""
    planted = primitive(PRIMITIVES[name].fused.fun)
    defvjp(planted, maker, argnums=(argnum,))
    f, plain, arrays = problem(name, RAGGED, seed=6, fused=planted)
    array = argnum - 1 if name == "sparse_matmul" else argnum
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_against_definition(f, plain, arrays, [array])


@each_primitive
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_primitive_and_its_gradients_keep_the_precision(name, dtype):
    """Law D4."""
    f, _, arrays = problem(name, RAGGED, seed=1, dtype=dtype)
    for argnum in range(len(arrays)):
        vjp, Y = pull(f, arrays, argnum)
        assert (Y.dtype, vjp(np.ones_like(Y)).dtype) == (dtype, dtype)


@each_primitive
@pytest.mark.parametrize("sizes", [RAGGED, UNIFORM])
def test_nothing_is_written_in_place(name, sizes):
    """Law D5."""
    f, _, arrays = problem(name, sizes, seed=1)
    for array in arrays:
        array.flags.writeable = False
    for argnum in range(len(arrays)):
        vjp, Y = pull(f, arrays, argnum)
        G = np.ones_like(Y)
        G.flags.writeable = False
        assert_array_equal(vjp(G), vjp(G))  # the second finds what the first left


# At the kinks


def test_the_slope_of_relu_at_zero_is_zero():
    assert_array_equal(slope(p.relu, np.array([-1.0, 0.0, -0.0, 1.0])), [0, 0, 0, 1])


def test_the_slope_of_safe_sqrt_is_zero_where_there_is_no_root():
    assert_array_equal(slope(p.safe_sqrt, np.array([-4.0, 0.0, 4.0])), [0, 0, 0.25])


def test_a_row_of_zeros_stays_zero_under_l2_normalisation_and_has_no_gradient():
    X = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert_allclose(p.l2_normalize(X), [[0, 0], [0.6, 0.8]], rtol=1e-15)  # 1 ulp
    assert_array_equal(slope(p.l2_normalize, X)[0], [0, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [-200, -30, -15, 0, 15])
def test_l2_normalisation_is_finite_at_every_scale(dtype, exponent):
    scale = dtype(10.0 ** max(exponent, -44 if dtype == np.float32 else exponent))
    X = np.array([[3, 4], [0, 1]], dtype) * scale
    assert np.all(np.isfinite([p.l2_normalize(X), slope(p.l2_normalize, X)]))


def test_rows_that_tie_for_the_maximum_share_the_gradient_evenly():
    X = np.array([[2.0, 0.0], [2.0, 1.0], [1.0, 0.0], [7.0, 7.0]])
    shares = slope(lambda X: p.segment_max(X, np.array([0, 3, 3, 4])), X)
    assert_array_equal(shares, [[0.5, 0], [0.5, 1], [0, 0], [1, 1]])


def test_batch_norm_of_equal_rows_has_finite_gradients():
    X, ones = np.full((3, 2), 0.1), np.ones(2)
    assert np.all(np.isfinite(slope(lambda X: flat(p.batch_norm(X, ones, ones)), X)))


def slope(f, x):
    return grad(lambda x: np.sum(f(x)))(x)


# The losses where norms and logarithms meet zero (laws L8 and E6)

CLIQUES = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])  # = S S^T of LABELLED
LABELLED = np.array([[1e4, -1e4], [1e4, -1e4], [-1e4, 1e4]])


def ragged_level(*adjacencies):
    graphs = [Graph(A, np.ones((len(A), 1))) for A in adjacencies]
    return Level.of(GraphBatch.from_graphs(graphs))


def dense_level(*adjacencies):
    A = np.array(adjacencies)
    return next_level(A, np.ones((len(A), A.shape[1], 1)))


def auxiliary_losses(R, level):
    S = assign(R)
    A_pooled, _ = coarsen(level, S, S)
    return np.sum(link_loss(level, S, A_pooled) + entropy_loss(R, level.offsets))


@pytest.mark.parametrize("make", [ragged_level, dense_level])
def test_where_the_losses_vanish_their_gradient_is_zero(make):
    """Law L8."""
    level = make(CLIQUES)
    assert auxiliary_losses(LABELLED, level) == 0
    assert_array_equal(grad(auxiliary_losses)(LABELLED, level), np.zeros((3, 2)))


@pytest.mark.parametrize("make", [ragged_level, dense_level])
@pytest.mark.parametrize("A", [CLIQUES, np.zeros((3, 3)), np.eye(3), 1e8 * CLIQUES])
@pytest.mark.parametrize("scale", [0, 1e-4, 1e-3, 1, 1e4])
def test_the_losses_have_finite_gradients_everywhere(make, A, scale):
    """Laws L8 and E6."""
    rng = np.random.default_rng(0)
    for R in (LABELLED * scale, rng.normal(size=(3, 4)) * 1e4 * scale):
        level = make(A)
        assert np.isfinite(auxiliary_losses(R, level))
        assert np.all(np.isfinite(grad(auxiliary_losses)(R, level)))


def test_a_graph_without_nodes_has_losses_of_zero_and_disturbs_no_gradient():
    nothing = np.zeros((0, 0))
    alone, among = ragged_level(CLIQUES), ragged_level(nothing, CLIQUES, nothing)
    R = np.random.default_rng(1).normal(size=(3, 2))
    assert auxiliary_losses(R, alone) == auxiliary_losses(R, among)
    expected = grad(auxiliary_losses)(R, alone)
    # Another order of summation in products of 3 numbers.
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
    dict(link_weight=0.0, entropy_weight=0.0),
    dict(n_layers=1),
]
each_option = pytest.mark.parametrize("options", OPTIONS, ids=str)


def whole(options, dtype="float64", sizes=(4, 0, 1, 6)):
    """Make parameters at a generic point, a prepared batch, labels, the config."""
    config = Config(**{**DEFAULTS, **options}, dtype=dtype)
    rng = np.random.default_rng(5)
    batch = GraphBatch.from_graphs([random_graph(rng, n) for n in sizes], dtype)
    params = init_model(rng, config)
    vector = to_vector(params)
    vector = vector + 0.1 * rng.normal(size=vector.shape).astype(dtype)
    labels = np.arange(len(sizes)) % 3
    batch = prepare(batch, (config.gnn, config.pool_gnn))
    return from_vector(params, vector), batch, labels, config


def random_graph(rng, n):
    A = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.5))
    return Graph(A + A.T, rng.normal(size=(n, 2)))


@each_option
def test_the_gradient_of_the_whole_loss_is_its_directional_derivative(options):
    params, *rest = whole(options)
    point, rng = to_vector(params), np.random.default_rng(0)
    gradient = to_vector(value_and_grad(total_loss)(params, *rest)[2])

    def loss(vector):
        return total_loss(from_vector(params, vector), *rest)[0]

    for _ in range(3):
        v = rng.normal(size=point.shape) / np.sqrt(point.size)
        slope = (loss(point + 1e-5 * v) - loss(point - 1e-5 * v)) / 2e-5
        # Central differences: 1e-10 of truncation and 1e-10 of rounding, times
        # the third derivative and the loss, over a slope of 0.01 or more.
        assert_allclose(slope, gradient @ v, rtol=1e-6, atol=1e-8)


@each_option
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_whole_loss_and_its_gradients_keep_the_precision(options, dtype):
    """Law D4."""
    loss, _, gradients = value_and_grad(total_loss)(*whole(options, dtype))
    assert {x.dtype for x in (loss, *leaves(gradients))} == {np.dtype(dtype)}


@each_option
def test_the_whole_loss_writes_nothing_in_place(options):
    """Law D5."""
    params, batch, labels, config = whole(options)
    sparse_arrays = [batch.adjacency, *batch.operators.values()]
    dense = [batch.features, batch.offsets, *batch.propagated.values(), labels]
    for array in [*leaves(params), *dense, *[A.data for A in sparse_arrays]]:
        array.flags.writeable = False
    first = value_and_grad(total_loss)(params, batch, labels, config)
    again = value_and_grad(total_loss)(params, batch, labels, config)
    assert first[0] == again[0]
    assert_array_equal(to_vector(first[2]), to_vector(again[2]))


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
        batch = prepare(GraphBatch.from_graphs(graphs), (config.gnn,))
        _, _, gradients = value_and_grad(total_loss)(params, batch, labels[:2], config)
        assert np.all(np.isfinite(to_vector(gradients)))
