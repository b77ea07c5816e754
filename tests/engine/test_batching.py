"""The results of a graph do not depend on the other graphs of its batch."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from reference import close, one_graph, random_moments, random_params
from samples import dense_and_sparse_graphs, one_hot_graphs
from scipy import sparse
from scipy.linalg import block_diag

from npdiffpool.engine import losses, model, pooling
from npdiffpool.engine.autodiff import leaves, to_vector, value_and_grad
from npdiffpool.engine.preparation import layer_kinds, precompute_propagation
from npdiffpool.graphs import block_diagonal as blocks
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph
from npdiffpool.testing.strategies import batches, permutations, poolings

seeds = st.integers(0, 2**32 - 1)
mild = dict(exponents=(-3, 0), weights=("ones", "equal", "unlike", "tiny"), max_nodes=8)
any_batch = batches(directed=True)
KINDS = ["gcn", "sage", "s2v"]
GNNS = pytest.mark.parametrize("gnn", KINDS)


def config_of(gnn, **options):
    # Hidden layers as wide as the features: no shape check can find a mixed-up layer.
    sizes = dict(n_features=2, n_outputs=3, hidden=2, n_layers=2, clusters=(3, 2))
    small = dict(classifier_hidden=4, batch_norm=True, dtype="float64")
    return model.Config(gnn=gnn, **{**sizes, **small, **options})


def rows(batch, g):
    return slice(*batch.offsets[g : g + 2])


def assert_same_batch(actual, expected):
    for name in ("features", "offsets", "squared_norms", "symmetric"):
        np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))
    np.testing.assert_array_equal(
        actual.adjacency.toarray(), expected.adjacency.toarray()
    )
    assert actual.operators.keys() == expected.operators.keys()
    for kind, P in expected.operators.items():
        close(actual.operators[kind].toarray(), P.toarray())
        close(actual.propagated[kind], expected.propagated[kind])


@given(graphs=any_batch)
def test_a_batch_is_block_diagonal_with_stacked_features(graphs):
    """Required by law B1; a batch also has ||A||^2 of each graph."""
    batch = GraphBatch.from_graphs(graphs)
    dense = [graph.adjacency.toarray() for graph in graphs]
    np.testing.assert_array_equal(batch.adjacency.toarray(), block_diag(*dense))
    close(batch.squared_norms, [np.sum(A**2) for A in dense])
    assert batch.n_graphs == len(graphs)
    assert list(batch.sizes) == [graph.n_nodes for graph in graphs]
    for g, graph in enumerate(graphs):
        np.testing.assert_array_equal(batch.features[rows(batch, g)], graph.features)


@given(graphs=batches(directed=True, exponents=(-1, 1)), data=st.data())
def test_taking_graphs_from_a_batch_equals_joining_them(graphs, data):
    """Law B2: any subset in any order, with operators and propagated features."""
    order = data.draw(permutations(len(graphs)))[: data.draw(st.integers(1, 6))]
    taken = precompute_propagation(GraphBatch.from_graphs(graphs), KINDS).take(order)
    joined = GraphBatch.from_graphs([graphs[g] for g in order])
    assert_same_batch(taken, precompute_propagation(joined, KINDS))


@GNNS
@given(graphs=batches(**mild, n_features=2, max_graphs=3), seed=seeds)
def test_operators_made_in_advance_give_the_same_logits(gnn, graphs, seed):
    """Required by law B1: what is computed once is what the layers would compute."""
    config, batch = config_of(gnn), GraphBatch.from_graphs(graphs)
    params, running = random_params(seed, config), random_moments(seed, config)
    expected = model.forward(params, batch, config, running).logits
    prepared = precompute_propagation(batch, [gnn, config.pool_gnn])
    actual = model.forward(params, prepared, config, running).logits
    close(actual, expected, scale=np.max(np.abs(expected)))


@GNNS
@given(graphs=batches(**mild, n_features=2, max_graphs=3), seed=seeds)
def test_evaluation_with_the_moments_of_training_gives_the_same_logits(
    gnn, graphs, seed
):
    """Law G6: with the moments of the batch, evaluation equals the training pass.

    Tolerance 1e-8: on nearly constant columns, each of two successive batch norms
    magnifies rounding by 1 / sqrt(1e-5), to 2^-53 * 316^2 = 1e-11 times gamma.
    """
    config = config_of(gnn, n_layers=1, clusters=(3,))
    batch = GraphBatch.from_graphs(graphs)
    params = random_params(seed, config)
    output = model.forward(params, batch, config)
    evaluated = model.forward(params, batch, config, output.moments)
    close(evaluated.logits, output.logits, np.max(np.abs(output.logits)), rtol=1e-8)


@GNNS
def test_the_moments_of_a_pass_have_the_form_of_the_parameters(gnn):
    config = config_of(gnn)
    graph = Graph.from_edges([(0, 1), (1, 2)], 3, np.eye(3)[:, :2])
    params, expected = random_params(0, config), random_moments(0, config)
    found = model.forward(params, GraphBatch.from_graphs([graph]), config).moments
    assert [level.keys() for level in found["levels"]] == [{"embed", "pool"}] * 2
    assert list(map(np.shape, leaves(found))) == list(map(np.shape, leaves(expected)))


@pytest.mark.parametrize("gnn", ["gcn", "sage"])
@given(graphs=batches(**mild, n_features=2), seed=seeds)
def test_the_loss_of_a_batch_is_the_mean_of_its_graphs_losses(gnn, graphs, seed):
    """Law B1, without batch norm, which couples the graphs of a batch in training."""
    config = config_of(gnn, batch_norm=False)
    params, labels = random_params(seed, config), np.arange(len(graphs)) % 3

    def loss(members):
        batch = GraphBatch.from_graphs([graphs[g] for g in members])
        return model.total_loss(params, batch, labels[members], config)[0]

    alone = [loss([g]) for g in range(len(graphs))]
    close(loss(list(range(len(graphs)))), np.mean(alone), scale=1.0)


@GNNS
@given(graphs=batches(**mild, n_features=2, min_graphs=2), seed=seeds)
def test_evaluation_of_a_graph_does_not_depend_on_the_other_graphs(gnn, graphs, seed):
    """Law B3, up to the order of sums in BLAS: a few ulps per layer."""
    config = config_of(gnn)
    params, running = random_params(seed, config), random_moments(seed, config)
    alone, joined = (
        model.forward(params, GraphBatch.from_graphs(members), config, running)
        for members in (graphs[:1], graphs)
    )
    for name in ("logits", "embeddings"):
        expected, actual = getattr(alone, name)[0], getattr(joined, name)[0]
        scale = np.max(np.abs(expected))
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-11 * scale)
    for one, other in zip(joined.steps, alone.steps, strict=True):
        close(one.L_link[0], other.L_link[0])
        close(one.L_ent[0], other.L_ent[0], scale=1.0)


@given(case=poolings(min_nodes=1, directed=True))
def test_a_dense_stack_is_pooled_like_a_sparse_matrix(case):
    """Required by law M3: the same graph at level 1 and at level 0."""
    A, Z, S = case
    stack = pooling.next_level(A[None], Z[None])
    pooled = pooling.coarsen(stack, Z, S)
    for dense, ragged in zip(pooled, pooling.coarsen(one_graph(A, Z), Z, S)):
        close(dense, ragged, scale=np.max(np.abs(ragged)))
    size = np.sum(A**2) + np.sum((S @ S.T) ** 2)
    for kind in KINDS:
        operator = (
            one_graph(A, Z).with_propagation_matrices([kind]).operators[kind].toarray()
        )
        close(stack.with_propagation_matrices([kind]).operators[kind][0], operator)
    above = losses.link_loss(stack, S, pooled[0])[0]
    below = losses.link_loss(one_graph(A, Z), S, pooled[0])[0]
    assert abs(above**2 - below**2) <= 1e-12 * size  # its terms cancel near A = S S^T


@given(cases=st.lists(poolings(3, 3, directed=True), min_size=1, max_size=4))
def test_each_graph_of_a_stack_is_pooled_separately(cases):
    """Required by law B1 above level 0."""
    cases = [case._replace(Z=case.Z[:, :1], S=case.S[:, :1]) for case in cases]
    A, Z, S = (np.stack(parts) for parts in zip(*cases))
    stack, S_rows = pooling.next_level(A, Z), S.reshape(-1, 1)
    A_pooled, X_pooled = pooling.coarsen(stack, stack.X, S_rows)
    L_link = losses.link_loss(stack, S_rows, A_pooled)
    for g in range(len(cases)):
        close(A_pooled[g], S[g].T @ A[g] @ S[g])
        close(X_pooled[g], S[g].T @ Z[g], scale=np.sum(np.abs(Z[g])))
        close(L_link[g], np.linalg.norm(A[g] - S[g] @ S[g].T))


def test_squared_norms_are_computed_after_rounding_to_float32():
    """Required by law L3: the terms of the link loss must use the same weights."""
    graph = Graph(np.full((4, 4), 0.7), np.ones((4, 1)))
    batch = GraphBatch.from_graphs([graph], np.float32)
    kept = np.sum(batch.adjacency.toarray().astype(np.float64) ** 2)
    close(batch.squared_norms, [kept])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equal_weights_share_the_memory_of_one_number(dtype):
    """COLLAB has 25 million weights of 1."""
    rng, graphs = np.random.default_rng(0), []
    for n in (3, 0, 5):
        A = rng.random((n, n)) < 0.5
        graphs.append(Graph(0.7 * (A | A.T), rng.normal(size=(n, 2))))
    batch = GraphBatch.from_graphs(graphs).astype(dtype)
    assert batch.adjacency.data.strides == (0,)
    expected = block_diag(*[graph.adjacency.toarray() for graph in graphs])
    np.testing.assert_array_equal(batch.adjacency.toarray(), expected.astype(dtype))
    cut = batch.take([2, 0]).adjacency.toarray()
    order = [3, 4, 5, 6, 7, 0, 1, 2]
    np.testing.assert_array_equal(cut, expected[np.ix_(order, order)].astype(dtype))


def test_only_gcn_has_a_prepared_operator_and_s2v_no_propagated_features():
    batch = precompute_propagation(GraphBatch.from_graphs(one_hot_graphs()), KINDS)
    assert list(batch.operators) == ["gcn"]
    assert set(batch.propagated) == {"gcn", "sage"}


def test_the_float64_link_loss_of_one_graph_does_not_change_the_others():
    """Only graphs whose terms cancel are computed in float64, not the whole batch."""
    rng = np.random.default_rng(0)
    S = np.eye(2)[[0, 0, 1, 1]]
    A = rng.random((6, 6)) < 0.5
    graphs = [Graph(S @ S.T, np.zeros((4, 1))), Graph(A | A.T, np.zeros((6, 1)))]
    soft = rng.random((6, 2))
    both = np.concatenate([S, soft]).astype("float32")
    together = link_losses(graphs, both)
    assert together[0] == 0 and together[1] > 1
    assert together[1] == link_losses(graphs[1:], both[4:])[0]


def link_losses(graphs, S):
    level = pooling.Level.of(GraphBatch.from_graphs(graphs, S.dtype))
    A_pooled, _ = pooling.coarsen(level, S, S)
    return losses.link_loss(level, S, A_pooled)


# Sparse features


def with_dense_features(batch):
    """Return a batch with dense features and propagated features."""
    propagated = {kind: X.toarray() for kind, X in batch.propagated.items()}
    return replace(batch, features=batch.features.toarray(), propagated=propagated)


@GNNS
@pytest.mark.parametrize("hidden", [4, 80])  # narrower than the features, and wider
def test_sparse_features_give_the_losses_and_gradients_of_dense_ones(gnn, hidden):
    config = config_of(gnn, n_features=60, hidden=hidden)
    params, labels = random_params(0, config), np.array([0, 1, 2])
    joined = GraphBatch.from_graphs(one_hot_graphs())
    assert sparse.issparse(joined.features)
    prepared = precompute_propagation(joined, [gnn, "sage"])
    for batch in (joined, prepared.take([2, 0, 1])):
        function = partial(model.total_loss, labels=labels, config=config)
        loss, _, gradients = value_and_grad(function)(params, batch)
        expected, _, dense_ones = value_and_grad(function)(
            params, with_dense_features(batch)
        )
        close(loss, expected)
        gradient = to_vector(dense_ones)
        close(to_vector(gradients), gradient, np.max(np.abs(gradient)))


def test_features_are_sparse_if_at_least_1000_and_less_than_an_eighth_nonzero():
    X = np.zeros((40, 25))
    X[:, :3] = 1  # 120 of 1000
    assert sparse.issparse(blocks.choose_format(X))
    assert not sparse.issparse(blocks.choose_format(X[1:]))  # 975 entries
    X[:5, 3] = 1  # 125: an eighth
    assert not sparse.issparse(blocks.choose_format(X))
    assert not sparse.issparse(blocks.choose_format(sparse.csr_array(X)))
    X[0, 0] = 0
    chosen = blocks.choose_format(sparse.csr_array(X))
    np.testing.assert_array_equal(chosen.toarray(), X)


def test_the_format_of_features_is_chosen_for_the_whole_batch():
    graphs = [Graph(np.zeros((2, 2)), np.eye(60)[[i, -i]]) for i in range(10)]
    assert sparse.issparse(GraphBatch.from_graphs(graphs).features)


def test_propagated_features_are_dropped_if_they_are_dense_and_features_sparse():
    n = 40
    graph = Graph(np.ones((n, n)), np.eye(n))  # a mean over all nodes has no zeros
    batch = precompute_propagation(GraphBatch.from_graphs([graph]), KINDS)
    assert sparse.issparse(batch.features) and batch.propagated == {}


def test_a_growing_array_is_the_concatenation_of_its_parts():
    array = blocks.GrowingArray(np.float32)
    parts = [np.arange(n) for n in (3, 0, 2000, 5, 9000)]
    for part in parts:
        array.append(part)
    np.testing.assert_array_equal(array.finish(), np.concatenate(parts))
    assert array.finish().dtype == np.float32


# Dense graphs


def test_a_product_with_dense_blocks_equals_that_with_the_sparse_matrix():
    batch, rng = GraphBatch.from_graphs(dense_and_sparse_graphs()), np.random
    M = blocks.with_dense_blocks(batch.adjacency, batch.offsets)
    H, A = rng.default_rng(2).normal(size=(58, 3)), batch.adjacency.toarray()
    assert [rows for rows, _ in M.dense] == [slice(30, 50)]  # 8 nodes are too few
    assert M.rest.nnz + np.count_nonzero(M.dense[0][1]) == batch.adjacency.nnz
    close(M @ H, A @ H, 1.0)
    close(M.T @ H, A.T @ H, 1.0)
    close(M @ sparse.csr_array(H), A @ H, 1.0)


def test_without_a_dense_graph_the_matrix_is_returned_unchanged():
    batch = GraphBatch.from_graphs(dense_and_sparse_graphs()[::2])
    assert blocks.with_dense_blocks(batch.adjacency, batch.offsets) is batch.adjacency


def test_s2v_shares_the_dense_blocks_of_the_adjacency():
    batch = GraphBatch.from_graphs(dense_and_sparse_graphs())
    level = pooling.Level.of(batch).with_propagation_matrices(["s2v", "gcn"])
    level = level.with_dense_blocks()
    assert isinstance(level.A, blocks.BlockDiagonal)
    assert level.operators["s2v"] is level.A is not level.operators["gcn"]


@GNNS
def test_dense_blocks_change_neither_the_loss_nor_its_gradients(gnn, monkeypatch):
    config, params = config_of(gnn), random_params(0, config_of(gnn))
    batch, labels = GraphBatch.from_graphs(dense_and_sparse_graphs()), np.arange(4) % 3
    function = partial(model.total_loss, labels=labels, config=config)
    loss, output, gradients = value_and_grad(function)(params, batch)
    assert isinstance(output.steps[0].level.A, blocks.BlockDiagonal)
    monkeypatch.setattr(blocks, "_MIN_MEAN_DEGREE", 1e9)
    expected, output, others = value_and_grad(function)(params, batch)
    assert sparse.issparse(output.steps[0].level.A)
    close(loss, expected)
    close(to_vector(gradients), to_vector(others), np.max(np.abs(to_vector(others))))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_only_the_undirected_graphs_of_a_batch_stay_exactly_symmetric(dtype):
    """Law C3 at every level; other graphs are pooled as if alone."""
    config, rng = config_of("sage", dtype=dtype), np.random.default_rng(0)
    As = [rng.random((n, n)) for n in (9, 7, 5, 6)]
    As[::2] = [A + A.T for A in As[::2]]
    graphs = [Graph(A, rng.normal(size=(len(A), 2))) for A in As]
    batch = GraphBatch.from_graphs(graphs, dtype)
    output = model.forward(random_params(0, config), batch, config)
    for step in output.steps:
        A, S = step.pooled.A, step.S
        exactly = [np.array_equal(A_g, A_g.T) for A_g in A]
        assert exactly == list(step.pooled.symmetric) == [True, False, True, False]
        Ss = np.split(S.astype(float), step.level.offsets[1:-1])
        below = As if step is output.steps[0] else step.level.A.astype(float)
        for A_g, S_g, B in zip(A, Ss, below):
            close(A_g, S_g.T @ B @ S_g, rtol=1e-9 if dtype == "float64" else 1e-5)


def test_forward_takes_parameters_of_which_autograd_traces_some():
    config = config_of("sage", batch_norm=False, n_features=1)
    batch = GraphBatch.from_graphs([Graph.from_edges([(0, 1)], 3, "ones")] * 2)
    params = model.init_model(np.random.default_rng(0), config)

    def first_logit(classify):
        return model.forward({**params, "classify": classify}, batch, config).logits[
            0, 0
        ]

    gradient = grad(first_logit)(params["classify"])
    assert gradient[-1]["b"].tolist() == [1, 0, 0]


def test_a_fixed_assignment_needs_no_propagation_for_an_assignment_gnn():
    sizes = {"n_features": 1, "n_outputs": 2, "gnn": "s2v"}
    assert layer_kinds(model.Config(**sizes)) == {"s2v", "sage"}
    for assignment in ("graclus", "random", "uniform"):
        assert layer_kinds(model.Config(**sizes, assignment=assignment)) == {"s2v"}
