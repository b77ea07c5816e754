"""Law M3 on larger graphs: the engine equals the paper in values and gradients.

This command prints the largest errors on 2000 random batches, with a fixed seed:

    OPENBLAS_NUM_THREADS=1 python tests/engine/test_engine_equals_paper.py 2000
"""

import sys

import numpy as np

from npdiffpool.graphs.graph import Graph
from npdiffpool.testing.own.models import engine_loss, paper_loss

# Quantities are below 100, and a dozen layers in float64 are accurate to 1e-9.
TOLERANCE = 1e-9


def relative_errors(graphs, clusters, seed):
    """Return the largest relative error of the engine for each kind of quantity."""
    As, Xs = [g.adjacency.toarray() for g in graphs], [g.features for g in graphs]
    actual = engine_loss(seed, As, Xs, clusters)
    expected = paper_loss(seed, As, Xs, clusters)
    errors: dict[str, float] = {}
    for name in expected:
        kind = name.split()[0]  # "gradient 3" is the gradient of a leaf
        error = relative_error(actual[name], expected[name])
        errors[kind] = max(errors.get(kind, 0.0), error)
    return errors


def relative_error(actual, expected):
    """Return the largest difference divided by the largest entry, at least 1e-3."""
    largest = max(1e-3, np.max(np.abs(expected), initial=0.0))
    return float(np.max(np.abs(actual - expected), initial=0.0) / largest)


def random_graph(rng):
    """Draw a graph with 0 to 30 nodes and any density, sometimes loops and weights."""
    n_nodes, density = rng.integers(0, 31), rng.uniform() ** 2
    edges = np.argwhere(np.triu(rng.uniform(size=(n_nodes, n_nodes)) < density))
    edges = edges if rng.uniform() < 0.5 else edges[edges[:, 0] != edges[:, 1]]
    weights = rng.lognormal(size=len(edges)) if rng.uniform() < 0.5 else None
    features = rng.normal(size=(n_nodes, 3))
    if rng.uniform() < 0.5:
        features = np.eye(3)[rng.integers(0, 3, size=n_nodes)]
    return Graph.from_edges(edges, n_nodes, features, weights)


def largest_errors(rng, n_batches):
    """Return the largest `relative_errors` over random batches of 1 to 6 graphs."""
    largest = {}
    for _ in range(n_batches):
        graphs = [random_graph(rng) for _ in range(rng.integers(1, 7))]
        clusters = [(), (1,), (4,), (5, 2), (40, 3)][rng.integers(5)]
        errors = relative_errors(graphs, clusters, rng.integers(2**32))
        largest = {name: max(e, largest.get(name, 0.0)) for name, e in errors.items()}
    return largest


def test_the_engine_equals_the_paper_on_random_batches():
    """Law M3 on graphs larger than those that Hypothesis draws."""
    errors = largest_errors(np.random.default_rng(0), 25)
    assert max(errors.values()) <= TOLERANCE, errors


def main(n_batches=2000):
    """Print the largest errors; return 1 if one of them exceeds the tolerance."""
    errors = largest_errors(np.random.default_rng(2018), n_batches)
    print(f"engine and paper, {n_batches} random batches, seed 2018, float64")
    for name, error in errors.items():
        print(f"  {name:<9} largest relative error {error:.1e}")
    return int(max(errors.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
