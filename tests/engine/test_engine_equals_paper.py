"""Law M3 on larger graphs: the engine is the paper, in values and in gradients.

For the record, on as many random batches as one likes, from a seeded generator:

    OPENBLAS_NUM_THREADS=1 python tests/engine/test_engine_equals_paper.py 2000
"""

import sys

import numpy as np

from npdiffpool.graphs.graph import Graph
from npdiffpool.testing.own.models import engine_loss, paper_loss

# Every quantity here is at most some tens; a dozen layers of float64 keep 1e-9.
TOLERANCE = 1e-9


def differences(graphs, clusters, seed):
    """Return by name how far engine and paper are apart, relative to the paper."""
    As, Xs = [g.adjacency.toarray() for g in graphs], [g.features for g in graphs]
    actual = engine_loss(seed, As, Xs, clusters)
    expected = paper_loss(seed, As, Xs, clusters)
    apart: dict[str, float] = {}
    for name in expected:
        kind = name.split()[0]  # "gradient 3" is a leaf's
        error = relative(actual[name], expected[name])
        apart[kind] = max(apart.get(kind, 0.0), error)
    return apart


def relative(actual, expected):
    """Return the largest difference, by the largest entry or by a thousandth."""
    largest = max(1e-3, np.max(np.abs(expected), initial=0.0))
    return float(np.max(np.abs(actual - expected), initial=0.0) / largest)


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
