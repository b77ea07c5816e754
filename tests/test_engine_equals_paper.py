"""Law M3: the engine is the paper, in values and in gradients, graph by graph.

For the record, on as many random batches as one likes, from a seeded generator:

    OPENBLAS_NUM_THREADS=1 python tests/test_engine_equals_paper.py 2000
"""
import sys

import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st

from npdiffpool import model, optim, paper
from npdiffpool.batches import GraphBatch
from npdiffpool.graphs import Graph
from npdiffpool.testing.strategies import batches

# Every quantity here is at most some tens; a dozen layers of float64 keep 1e-9.
TOLERANCE = 1e-9
N_LAYERS, HIDDEN, N_OUTPUTS = 2, 4, 3
LEVELS = pytest.mark.parametrize("clusters", [(), (4,), (1,), (5, 2)])


def the_papers_config(n_features, clusters):
    """Choose the options that the paper's equations leave."""
    return model.Config(
        n_features=n_features,
        n_outputs=N_OUTPUTS,
        gnn="gcn",
        hidden=HIDDEN,
        n_layers=N_LAYERS,
        clusters=clusters,
        readout="sum",
        concat_layers=False,
        batch_norm=False,
        normalize_rows=False,
        classifier_hidden=0,
        link_weight=0.8,
        entropy_weight=1.2,
        link_scale="frobenius",
        dtype="float64",
    )


def paper_params(rng, config):
    """Draw parameters of `paper.forward`, normal ones."""

    def gnn(*sizes):
        return [rng.normal(size=pair) for pair in zip(sizes, sizes[1:])]

    levels, n_in = [], config.n_features
    for K in config.clusters:
        embed, pool = gnn(n_in, HIDDEN, HIDDEN), gnn(n_in, HIDDEN, K)
        levels.append({"embed": embed, "pool": pool})
        n_in = HIDDEN
    embed = gnn(n_in, HIDDEN, HIDDEN)
    return {"levels": levels, "embed": embed, "classify": gnn(HIDDEN, N_OUTPUTS)[0]}


def engine_params(params):
    """Write the paper's parameters as the engine's: no bias, last readout only."""

    def gnn(weights):
        layers = [{"W": [W], "b": np.zeros(W.shape[1])} for W in weights]
        return {"layers": layers, "norms": [{} for _ in layers]}

    levels = [
        {"embed": gnn(level["embed"]), "pool": {"gnn": gnn(level["pool"]), "head": {}}}
        for level in params["levels"]
    ]
    unread = np.zeros((len(levels) * HIDDEN, N_OUTPUTS))
    W, b = np.vstack([unread, params["classify"]]), np.zeros(N_OUTPUTS)
    classify = [{"W": [W], "b": b}]
    return {"levels": levels, "embed": gnn(params["embed"]), "classify": classify}


def as_the_papers(gradient):
    """Pick the derivatives by the paper's parameters from the engine's."""

    def gnn(part):
        return [layer["W"][0] for layer in part["layers"]]

    levels = [
        {"embed": gnn(level["embed"]), "pool": gnn(level["pool"]["gnn"])}
        for level in gradient["levels"]
    ]
    classify = gradient["classify"][0]["W"][0][-HIDDEN:]
    return {"levels": levels, "embed": gnn(gradient["embed"]), "classify": classify}


def paper_loss(params, graphs, labels, config):
    """The mean over the graphs of cross-entropy and both weighted losses."""
    total = 0.0
    for graph, label in zip(graphs, labels):
        A, X = graph.adjacency.toarray(), graph.features
        logits, L_link, L_ent = paper.forward(params, A, X)
        total = total + paper.cross_entropy(logits, label)
        total = total + config.link_weight * L_link + config.entropy_weight * L_ent
    return total / len(graphs)


def differences(graphs, clusters, seed):
    """Return by name how far engine and paper are apart, relative to the paper."""
    config = the_papers_config(graphs[0].n_features, clusters)
    params = paper_params(np.random.default_rng(seed), config)
    labels = np.arange(len(graphs)) % N_OUTPUTS
    of_engine = (engine_params(params), GraphBatch.from_graphs(graphs))
    loss = optim.value_and_grad(model.total_loss)
    value, _, gradient = loss(*of_engine, labels, config)
    expected = grad(paper_loss)(params, graphs, labels, config)
    values = [paper.forward(params, *dense(graph)) for graph in graphs]
    output = model.forward(*of_engine, config)
    zeros = np.zeros(len(graphs))
    return {
        "loss": relative(value, paper_loss(params, graphs, labels, config)),
        "logits": relative(output.logits, np.array([v[0] for v in values])),
        "link": relative(sum(output.link, zeros), np.array([v[1] for v in values])),
        "entropy": relative(sum(output.entropy, zeros), [v[2] for v in values]),
        "gradient": relative(
            optim.to_vector(as_the_papers(gradient)), optim.to_vector(expected)
        ),
    }


def dense(graph):
    return graph.adjacency.toarray(), graph.features


def relative(actual, expected):
    """Return the largest difference, by the largest entry or by a thousandth."""
    largest = max(1e-3, np.max(np.abs(expected), initial=0.0))
    return float(np.max(np.abs(actual - expected), initial=0.0) / largest)


@LEVELS
@given(
    graphs=batches(n_features=2, exponents=(-3, 0)),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_engine_equals_the_paper_in_values_and_gradients(clusters, graphs, seed):
    """Law M3, on whatever Hypothesis draws."""
    apart = differences(graphs, clusters, seed)
    assert max(apart.values()) <= TOLERANCE, apart


def random_graph(rng):
    """Draw a graph of 0 to 30 nodes, of any density, some with loops and weights."""
    n_nodes, density = rng.integers(0, 31), rng.uniform() ** 2
    edges = np.argwhere(np.triu(rng.uniform(size=(n_nodes, n_nodes)) < density))
    edges = edges if rng.uniform() < 0.5 else edges[edges[:, 0] != edges[:, 1]]
    weights = rng.lognormal(size=len(edges)) if rng.uniform() < 0.5 else None
    features = rng.normal(size=(n_nodes, 3))
    if rng.uniform() < 0.5:
        features = np.eye(3)[rng.integers(0, 3, size=n_nodes)]
    return Graph.from_edges(edges, n_nodes, features, weights)


def worst_differences(rng, n_batches):
    """Return the largest of `differences` over random batches of 1 to 6 graphs."""
    worst = {}
    for _ in range(n_batches):
        graphs = [random_graph(rng) for _ in range(rng.integers(1, 7))]
        clusters = [(), (1,), (4,), (5, 2), (40, 3)][rng.integers(5)]
        apart = differences(graphs, clusters, rng.integers(2**32))
        worst = {name: max(apart[name], worst.get(name, 0.0)) for name in apart}
    return worst


def test_the_engine_equals_the_paper_on_random_batches():
    """Law M3, on larger graphs than Hypothesis draws."""
    worst = worst_differences(np.random.default_rng(0), 25)
    assert max(worst.values()) <= TOLERANCE, worst


def main(n_batches=2000):
    """Print the record; leave with status 1 if a difference exceeds the tolerance."""
    worst = worst_differences(np.random.default_rng(2018), n_batches)
    print(f"engine against paper, {n_batches} random batches, seed 2018, float64")
    for name, apart in worst.items():
        print(f"  {name:<9} at most {apart:.1e} apart, relative")
    return int(max(worst.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
