"""A batch is its graphs, each as if it were alone."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import close, one_graph, random_moments, random_params
from scipy.linalg import block_diag

from npdiffpool import layers, losses, model, pooling
from npdiffpool.batches import GraphBatch
from npdiffpool.graphs import Graph
from npdiffpool.testing.strategies import batches, permutations, poolings

seeds = st.integers(0, 2**32 - 1)
mild = dict(
    exponents=(-3, 0), weights=("ones", "equal", "unlike", "tiny"), max_nodes=8
)
any_batch = batches(directed=True)
KINDS = ["gcn", "sage", "s2v"]
GNNS = pytest.mark.parametrize("gnn", KINDS)


def config_of(gnn, **options):
    # As wide as the features, so that no shape tells the layers apart.
    sizes = dict(n_features=2, n_outputs=3, hidden=2, n_layers=2, clusters=(3, 2))
    small = dict(classifier_hidden=4, batch_norm=True, dtype="float64")
    return model.Config(gnn=gnn, **{**sizes, **small, **options})


def rows(batch, g):
    return slice(*batch.offsets[g : g + 2])


def assert_same_batch(actual, expected):
    for name in ("features", "offsets", "squared_norms"):
        np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))
    np.testing.assert_array_equal(
        actual.adjacency.toarray(), expected.adjacency.toarray()
    )
    assert actual.operators.keys() == expected.operators.keys()
    for kind, P in expected.operators.items():
        close(actual.operators[kind].toarray(), P.toarray())
        close(actual.propagated[kind], expected.propagated[kind])


@given(graphs=any_batch)
def test_a_batch_holds_its_graphs_side_by_side(graphs):
    """B1's ground: block-diagonal, stacked, with each graph's ||A||^2."""
    batch = GraphBatch.from_graphs(graphs)
    dense = [graph.adjacency.toarray() for graph in graphs]
    np.testing.assert_array_equal(batch.adjacency.toarray(), block_diag(*dense))
    close(batch.squared_norms, [np.sum(A**2) for A in dense])
    assert batch.n_graphs == len(graphs)
    assert list(batch.sizes) == [graph.n_nodes for graph in graphs]
    for g, graph in enumerate(graphs):
        np.testing.assert_array_equal(batch.features[rows(batch, g)], graph.features)


@given(graphs=batches(directed=True, exponents=(-1, 1)), data=st.data())
def test_graphs_taken_from_a_batch_are_as_if_joined_anew(graphs, data):
    """Law B2: with operators and first propagation, in any order, any subset."""
    order = data.draw(permutations(len(graphs)))[: data.draw(st.integers(1, 6))]
    taken = layers.prepare(GraphBatch.from_graphs(graphs), KINDS).take(order)
    joined = GraphBatch.from_graphs([graphs[g] for g in order])
    assert_same_batch(taken, layers.prepare(joined, KINDS))


@GNNS
@given(graphs=batches(**mild, n_features=2, max_graphs=3), seed=seeds)
def test_a_prepared_batch_gives_the_same_logits(gnn, graphs, seed):
    """B1's ground: what `prepare` adds is what the layers would have made."""
    config, batch = config_of(gnn), GraphBatch.from_graphs(graphs)
    params, running = random_params(seed, config), random_moments(seed, config)
    expected = model.forward(params, batch, config, running).logits
    prepared = layers.prepare(batch, [gnn, config.pool_gnn])
    actual = model.forward(params, prepared, config, running).logits
    close(actual, expected, scale=np.max(np.abs(expected)))


@GNNS
@given(graphs=batches(**mild, n_features=2, max_graphs=3), seed=seeds)
def test_a_model_given_the_moments_it_reports_does_the_same(gnn, graphs, seed):
    """Law G6: evaluation by a batch's own moments is the training pass.

    To 1e-8: on columns that hardly vary, each of the two batch norms in a row
    stretches rounding by 1 / sqrt(1e-5), to 2^-53 * 316^2 = 1e-11 of gamma's size.
    """
    config = config_of(gnn, n_layers=1, clusters=(3,))
    batch = GraphBatch.from_graphs(graphs)
    params = random_params(seed, config)
    output = model.forward(params, batch, config)
    again = model.forward(params, batch, config, output.moments)
    close(again.logits, output.logits, np.max(np.abs(output.logits)), rtol=1e-8)


@pytest.mark.parametrize("gnn", ["gcn", "sage"])
@given(graphs=batches(**mild, n_features=2), seed=seeds)
def test_the_loss_of_a_batch_is_the_mean_of_its_graphs_losses(gnn, graphs, seed):
    """Law B1: without batch norm, which couples graphs in training."""
    config = config_of(gnn, batch_norm=False)
    params, labels = random_params(seed, config), np.arange(len(graphs)) % 3

    def loss(members):
        batch = GraphBatch.from_graphs([graphs[g] for g in members])
        return model.total_loss(params, batch, labels[members], config)[0]

    alone = [loss([g]) for g in range(len(graphs))]
    close(loss(list(range(len(graphs)))), np.mean(alone), scale=1.0)


@GNNS
@given(graphs=batches(**mild, n_features=2, min_graphs=2), seed=seeds)
def test_other_graphs_leave_an_evaluation_as_it_is(gnn, graphs, seed):
    """Law B3: up to the order in which BLAS sums, a few ulps a layer."""
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
    close([L[0] for L in joined.link], [L[0] for L in alone.link])
    close([L[0] for L in joined.entropy], [L[0] for L in alone.entropy], scale=1.0)


@given(case=poolings(min_nodes=1, directed=True))
def test_a_dense_stack_pools_like_the_sparse_matrix(case):
    """M3's ground: a level above the first, against the same graph at level 0."""
    A, Z, S = case
    stack = pooling.next_level(A[None], Z[None])
    pooled = pooling.coarsen(stack, Z, S)
    for dense, sparse in zip(pooled, pooling.coarsen(one_graph(A, Z), Z, S)):
        close(dense, sparse, scale=np.max(np.abs(sparse)))
    size = np.sum(A**2) + np.sum((S @ S.T) ** 2)
    for kind in KINDS:
        operator = one_graph(A, Z).with_operators([kind]).operators[kind].toarray()
        close(stack.with_operators([kind]).operators[kind][0], operator)
    above = losses.link_loss(stack, S, pooled[0])[0]
    below = losses.link_loss(one_graph(A, Z), S, pooled[0])[0]
    assert abs(above**2 - below**2) <= 1e-12 * size  # they cancel near A = S S^T


@given(cases=st.lists(poolings(3, 3, directed=True), min_size=1, max_size=4))
def test_every_graph_of_a_stack_is_pooled_by_itself(cases):
    """B1's ground, above the first level: no graph's rows reach another."""
    cases = [case._replace(Z=case.Z[:, :1], S=case.S[:, :1]) for case in cases]
    A, Z, S = (np.stack(parts) for parts in zip(*cases))
    stack, S_rows = pooling.next_level(A, Z), S.reshape(-1, 1)
    A_pooled, X_pooled = pooling.coarsen(stack, stack.X, S_rows)
    L_link = losses.link_loss(stack, S_rows, A_pooled)
    for g in range(len(cases)):
        close(A_pooled[g], S[g].T @ A[g] @ S[g])
        close(X_pooled[g], S[g].T @ Z[g], scale=np.sum(np.abs(Z[g])))
        close(L_link[g], np.linalg.norm(A[g] - S[g] @ S[g].T))


def test_squared_norms_are_those_of_the_adjacency_that_is_kept():
    """Law L3: else the trace identity subtracts two graphs; 0.7 is not a float32."""
    graph = Graph(np.full((4, 4), 0.7), np.ones((4, 1)))
    batch = GraphBatch.from_graphs([graph], np.float32)
    kept = np.sum(batch.adjacency.toarray().astype(np.float64) ** 2)
    close(batch.squared_norms, [kept])
