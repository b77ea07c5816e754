"""Cases of laws: dicts from a name to an array, a number or a list of these.

A function of cases takes the least and the largest number of nodes of a graph and
returns a strategy. First come cases about pooling: `step` returns those of one pooling
step on one graph, `joined` of one on several graphs. Cases about layers, models and
training follow.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from hypothesis import strategies as st

from npdiffpool._support.types import Array
from npdiffpool.testing import strategies as draws
from npdiffpool.testing._encoding import cached, drawn_codes, one_of, stable_colours
from npdiffpool.testing.check import MAX_NODES, Case, Cases, Family
from npdiffpool.testing.laws import _sizes as sizes

KINDS = (*draws.ASSIGNMENTS, "logits")
ZERO_LOGIT = -1e4  # exp(-1e4) is exactly zero
SEEDS = st.integers(0, 2**32 - 1)
SCALES = (1.0, 1e-12, 1e-20, 1e-25, 1e-30, 1e-160, 1e-290)  # from 1e-60: 0 in float32
FACTORS = draws.floats(0.0, 10.0)
LAYOUTS = st.integers(0, 2)


@st.composite
def any_logits(draw: st.DrawFn, N: int, K: int, kinds: Sequence[str] = KINDS) -> Array:
    """Draw logits (N, K) of an assignment of one of some kinds, or any logits.

    The softmax is exactly zero where the assignment is.
    """
    kind = draw(one_of(kinds))
    if kind == "logits":
        return draw(cached(draws.logits, N, K))
    S = draw(cached(draws.assignments, N, K, kinds=[kind]))
    return np.where(S > 0, np.log(np.where(S > 0, S, 1.0)), ZERO_LOGIT)


# Further values of a case, by name, for a graph with N nodes, K clusters, D features.
EXTRAS: dict[str, Any] = {
    "nodes": lambda N, K, D: draws.permutations(N),
    "clusters": lambda N, K, D: draws.permutations(K),
    "shift": lambda N, K, D: draws.features(N, 1, ["real"], exponents=(0, 4)),
    "times": lambda N, K, D: FACTORS,
    "B": lambda N, K, D: other_graph(N),
    "Y": lambda N, K, D: draws.features(N, D),
    "place": lambda N, K, D: st.integers(0, N),
    "row": lambda N, K, D: any_logits(1, K),
    "R_2": lambda N, K, D: st.integers(1, 4).flatmap(lambda J: any_logits(K, J)),
    "T": lambda N, K, D: any_logits(N, K, ("soft", "uniform", "some hard")),
    "share": lambda N, K, D: draws.floats(0.0, 1.0),
    "layout": lambda N, K, D: LAYOUTS,
    "graph": lambda N, K, D: graph_like(K, D),  # type: ignore[has-type]
    "R_step": lambda N, K, D: draws.features(N, K, ["real"], (0, 0)),
    "Z_step": lambda N, K, D: draws.features(N, D, ["real"], (0, 0)),
}


def other_graph(N: int) -> Any:
    """Return a strategy of graphs with N nodes; a large graph has few weights."""
    weights = draws.WEIGHTS if N <= MAX_NODES else ("ones", "equal")
    graphs = draws.adjacencies(N, N, directed=True, weights=weights)
    return graphs.map(lambda B: with_total(B, 8e11))  # law C12 adds up to 10 B to A


def with_total(A: Array, most: float) -> Array:
    """Return weights scaled down so that their sum is at most `most`."""
    return A * min(1.0, most / max(A.sum(), 1.0))


@st.composite
def graph_like(draw: st.DrawFn, K: int, D: int) -> list[Array]:
    """Draw A, R and Z of a graph with K clusters and D features."""
    A = draw(draws.adjacencies(1, 6, directed=True))
    return [A, draw(any_logits(len(A), K)), draw(draws.features(len(A), D))]


def step(
    *extras: str,
    directed: bool = True,
    kinds: Sequence[str] = KINDS,
    weights: Sequence[str] = draws.WEIGHTS,
    clusters: int | None = None,
) -> Family:
    """Return cases of one step: A, R, Z and the named `EXTRAS`."""
    options = {"directed": directed, "kinds": tuple(kinds), "weights": tuple(weights)}
    return Family(_step, extras, (*options.items(), ("clusters", clusters)))


@st.composite
def _step(
    draw: st.DrawFn,
    least: int,
    most: int,
    extras: Sequence[str],
    directed: bool,
    kinds: Sequence[str],
    weights: Sequence[str],
    clusters: int | None,
) -> Case:
    bounds = draw(sizes.bounds(least, most))
    A = draw(cached(draws.adjacencies, *bounds, directed=directed, weights=weights))
    A = with_total(A, 8e12)  # float32's limit is 1.8e13
    N, K = len(A), clusters or draw(sizes.clusters(most))
    R, D = draw(cached(any_logits, N, K, kinds=kinds)), draw(sizes.features(most))
    Z = draw(cached(draws.features, N, D))
    more = {name: draw(EXTRAS[name](N, K, D)) for name in extras}
    return {"A": A, "R": R, "Z": Z, **more}


@st.composite
def products(
    draw: st.DrawFn, least: int, most: int, widths: Sequence[int] = (1, 2, 4)
) -> Case:
    """Draw a graph that is exactly S S^T, and the logits of that S.

    A node belongs equally to a group of 1, 2 or 4 clusters: powers of two, so that
    nothing is rounded. Nodes of one group of 1 cluster are a clique with self-loops.
    """
    n_clusters = draw(st.lists(st.sampled_from(widths), min_size=1, max_size=3))
    group = np.repeat(np.arange(len(n_clusters)), n_clusters)
    N = draw(sizes.nodes(least, most, 8))
    own = drawn_codes(draw)(N, len(n_clusters))
    belongs = own[:, None] == group[None, :]
    S = belongs / np.maximum(belongs.sum(axis=1, keepdims=True), 1)
    R = np.where(belongs, 0.0, ZERO_LOGIT)
    return {"A": S @ S.T, "R": R, "Z": draw(draws.features(N, 1))}


def cliques(least: int, most: int) -> st.SearchStrategy[Case]:
    """Return disjoint cliques with self-loops, and logits with a cluster for each."""
    return products(least, most, widths=(1,))


@st.composite
def nearly_products(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw logits, and the relative difference of A from S S^T."""
    N, K = draw(sizes.nodes(least, most, 8)), draw(sizes.clusters(most, 4))
    R = draw(any_logits(N, K, ("uniform", "soft", "hard")))
    return {
        "R": R,
        "off": draw(draws.features(N, N, ["real"], exponents=(0, 0))),
        "most": draw(st.sampled_from([10.0, 1.0, 1e-2, 1e-3, 1e-4, 1e-8, 0.0])),
    }


@st.composite
def grams(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw M, for a positive semidefinite graph M M^T, and logits."""
    M = draw(sizes.nodes(least, most, 8).flatmap(draws.assignments))
    R = draw(any_logits(len(M), draw(sizes.clusters(most, 4))))
    return {"M": M, "R": R}


def smooth_steps(*outputs: str) -> Cases:
    """Return steps away from every kink, with directions to move in, and `outputs`.

    The link loss has its kink at A = S S^T. Weights are at least 2, and S S^T at most
    1, so the residual is at least half of each weight; without edges it is S S^T.
    """
    steps = step("R_step", "Z_step", weights=("ones", "equal", "unlike"))

    def cases(least: int, most: int) -> st.SearchStrategy[Case]:
        def away(case: Case) -> Case:
            Z_step = case["Z_step"] * max(1.0, np.abs(case["Z"]).max(initial=0))
            return {**case, "A": 20 * case["A"], "Z_step": Z_step, "outputs": outputs}

        return steps(least, most).map(away)

    return cases


def joined(*extras: str) -> Family:
    """Return cases of several graphs, lists As, Rs and Zs, with one K and one D.

    "nodes" adds an order of the first graph's nodes, "graphs" one of the graphs, and
    "layout" the arrays' layout in memory. Graphs after the sixth come from one drawn
    seed.
    """
    return Family(_joined, extras)


@st.composite
def _joined(draw: st.DrawFn, least: int, most: int, extras: Sequence[str]) -> Case:
    K, D = draw(sizes.clusters(most, 4)), draw(sizes.features(most, 2))
    bounds = sizes.bounds(least, most, 6, sizes.LARGE_IN_BATCHES, one_in=16)
    mild: Any = {"directed": True, "weights": ("ones", "unlike")}
    n_graphs = draw(sizes.graphs(most))
    pairs = [draw(bounds) for _ in range(min(n_graphs, 6))]
    As = [draw(cached(draws.adjacencies, *pair, **mild)) for pair in pairs]
    Rs = [draw(cached(any_logits, len(A), K)) for A in As]
    Zs = [draw(cached(draws.features, len(A), D)) for A in As]
    rng = np.random.default_rng(draw(SEEDS))
    for N in rng.integers(1, 7, n_graphs - len(pairs)):
        As.append((rng.random((N, N)) < 0.4) * rng.uniform(0.1, 10, (N, N)))
        Rs.append(rng.normal(size=(N, K)))
        Zs.append(rng.normal(size=(N, D)))
    more = {
        "nodes": draws.permutations(len(As[0])),
        "graphs": draws.permutations(n_graphs),
        "layout": LAYOUTS,
    }
    drawn = {name: draw(more[name]) for name in extras}
    return {"As": As, "Rs": Rs, "Zs": Zs, **drawn}


# Layers, models and training

# Sums over huge weights, squared at the next level, leave no digits to compare.
MILD = ("ones", "equal", "unlike", "tiny")


def with_seed(*extras: str, directed: bool = False) -> Cases:
    """Return cases of a graph, A and X (two features), and a seed of parameters.

    "nodes" adds an order of the nodes, "clusters" one of three clusters.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> Case:
        mild: Any = {"directed": directed, "weights": MILD}
        A = draw(draws.adjacencies(least, min(most, 8), **mild))
        X = draw(draws.features(len(A), 2, exponents=(-6, 0)))
        orders = {"nodes": len(A), "clusters": 3}
        more = {name: draw(draws.permutations(orders[name])) for name in extras}
        return {"A": A, "X": X, "seed": draw(SEEDS), **more}

    return cases


@st.composite
def of_any_scale(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph with weights of 1e-290 to 1e3, X >= 0, and logits.

    Weights are at least 3 times a scale. At the scale 1, A is then far from S S^T.
    """
    scale = draw(st.sampled_from(SCALES))
    sizes = max(least, 1), max(min(most, 8), 1)
    ones = draws.adjacencies(*sizes, directed=True, weights=["ones"])
    A = draw(ones)
    X = draw(draws.features(len(A), 2, ["real"], exponents=(0, 0)))
    R = draw(any_logits(len(A), draw(st.integers(1, 4)), ("soft", "hard", "uniform")))
    return {"A": scale * A * (3.0 + np.arange(len(A))), "X": np.abs(X), "R": R}


@st.composite
def undirected(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw the adjacency of a graph with at least one node."""
    return {"A": draw(draws.adjacencies(max(least, 1), max(most, 1)))}


@st.composite
def alike(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph, the 1-WL colours of its nodes, and logits for each colour."""
    pair = draw(sizes.bounds(least, most, 8, sizes.LARGE_IN_BATCHES))
    kinds: Any = {"weights": ("ones", "equal", "unlike")}
    if pair[1] > MAX_NODES:  # colours of other large graphs take long to compute
        kinds = {"weights": ("ones",), "shapes": ("star", "cycle", "clique", "two")}
    A = draw(cached(draws.adjacencies, *pair, **kinds))
    colours = stable_colours(A)
    n_colours, K = int(colours.max(initial=-1)) + 1, sizes.clusters(most, 4)
    table = draw(draws.logits(n_colours, K, bounds=(1.0, 30.0)))
    return {"A": A, "colours": colours, "table": table, "seed": draw(SEEDS)}


@st.composite
def growing(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw rows of logits that are 0 ... K - 1 in some order, and a factor."""
    K, N = max(2, draw(sizes.clusters(most, 5))), draw(sizes.nodes(least, most, 4))
    codes = drawn_codes(draw)(N * K, 2**16).reshape(N, K)
    order = np.argsort(codes, axis=1, kind="stable").astype(float)
    A = draw(draws.adjacencies(N, N))
    return {"A": A, "order": order, "times": draw(draws.floats(1.0, 1e3))}


@st.composite
def with_isolated_node(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph and the index of a node that has no edge in it."""
    A = draw(draws.adjacencies(1, max(most, 1)))
    lone = draw(st.integers(0, len(A) - 1))
    A[lone, :] = A[:, lone] = 0.0
    largest = 6 if A.max() <= 1e6 else 0  # larger products exceed float32's limit
    X = draw(draws.features(len(A), 2, exponents=(-6, largest)))
    return {"A": A, "X": X, "lone": lone, "seed": draw(SEEDS)}


@st.composite
def changed(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph, new features of one node, and the nodes within some hops of it."""
    kinds = ("path", "star", "random", "cycle", "two")
    mild: Any = {"directed": True, "shapes": kinds, "weights": MILD}
    A = draw(draws.adjacencies(1, max(most, 1), **mild))
    X, place = draw(draws.features(len(A), 2)), draw(st.integers(0, len(A) - 1))
    X_new, depth = X.copy(), draw(st.integers(1, 3))
    X_new[place] = draw(draws.features(1, 2, ["real"], exponents=(0, 2)))[0]
    hops = (np.eye(len(A)) + A > 0).astype(float)
    seen = np.linalg.matrix_power(hops, depth)[:, place] > 0
    case = {"A": A, "X": X, "X_new": X_new, "depth": depth, "seen": seen}
    return {**case, "seed": draw(SEEDS)}


@st.composite
def rows(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two matrices of one shape, a seed, and a number between 0 and 1."""
    N = draw(st.integers(1, 8))
    H, H_new = draw(draws.features(N, 2)), draw(draws.features(N, 2))
    seed, share = draw(SEEDS), draw(draws.floats(0, 1))
    return {"H": H, "H_new": H_new, "seed": seed, "share": share}


@st.composite
def pairs(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two graphs that 1-WL cannot distinguish."""
    one, two = draw(draws.indistinguishable_pairs())
    A, B = one.adjacency.toarray(), two.adjacency.toarray()
    return {"A": A, "X": one.features, "B": B, "Y": two.features, "seed": draw(SEEDS)}


@st.composite
def ragged(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a batch of graphs and the numbers of clusters of a model's levels.

    Self-loops weigh more than one, so that A is never S S^T, where the link loss has a
    kink and rounding would choose its gradient.
    """
    clusters = draw(st.sampled_from([(5, 2), (4,), (1,), ()]))
    kinds: Any = dict(n_features=2, exponents=(-3, 0), min_nodes=least, max_nodes=most)
    graphs = draw(draws.batches(weights=("ones", "equal", "unlike"), **kinds))
    As = [graph.adjacency.toarray() for graph in graphs]
    return {
        "As": [A + np.diag(np.diag(A) > 0) for A in As],
        "Xs": [graph.features for graph in graphs],
        "clusters": clusters,
        "seed": draw(SEEDS),
    }


@st.composite
def symmetric_graphs(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw a graph with many equal nodes: a circulant graph, or a wheel around one.

    Features are constant or one-hot degrees.
    """
    seed, n = draw(SEEDS), draw(st.integers(3, max(most, 3)))
    steps = draw(st.sets(st.integers(1, n - 1), max_size=2))
    ring = np.arange(n)
    A = np.isin((ring - ring[:, None]) % n, [*steps, *(n - s for s in steps)]) * 1.0
    if draw(st.booleans()):
        A = np.block([[np.zeros((1, 1)), np.ones((1, n))], [np.ones((n, 1)), A]])
    X = draw(st.sampled_from([np.ones((len(A), 1)), _one_hot_degrees(A)]))
    nodes, hidden = draw(draws.permutations(len(A))), draw(st.integers(3, 128))
    return {"A": A, "X": X, "nodes": nodes, "hidden": hidden, "seed": seed}


def _one_hot_degrees(A: Array) -> Array:
    return np.eye(5)[np.minimum(np.count_nonzero(A, axis=1), 4)]


@st.composite
def training_sets(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw two or three labelled graphs, an order of each one's nodes, and an epoch.

    Features are normal numbers, ones or one-hot degrees.
    """
    n_graphs, seed = draw(st.integers(2, 3)), draw(SEEDS)
    mild: Any = {"weights": ["ones", "unlike"], "directed": True}
    graph = draws.adjacencies(least, min(most, 6), **mild)
    As, rng = [draw(graph) for _ in range(n_graphs)], np.random.default_rng(seed)
    kind = draw(st.sampled_from(["normal", "ones", "degree"]))
    features = {
        "normal": lambda A: rng.normal(size=(len(A), 2)),
        "ones": lambda A: np.ones((len(A), 1)),
        "degree": _one_hot_degrees,
    }
    return {
        "As": As,
        "Xs": [features[kind](A) for A in As],
        "labels": np.arange(n_graphs) % 2,
        "orders": [draw(draws.permutations(len(A))) for A in As],
        "stop": 1,
        "seed": seed,
    }


@st.composite
def sizes_and_seed(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw the sizes of one to three graphs, and a seed of arrays of these sizes."""
    sizes = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    return {"sizes": sizes, "seed": draw(SEEDS)}


@st.composite
def separable(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw one of 300 sets of eight graphs whose edges join equal or unequal colours.

    The colours alone do not determine the class; a graph layer can distinguish them.
    """
    seed, labels = draw(st.integers(0, 299)), np.arange(8) % 2
    rng, As, Xs = np.random.default_rng(seed), [], []
    for label in labels:
        colours = np.arange(rng.integers(4, 9)) % 2
        joined = (colours[:, None] == colours) == (label == 0)
        As.append((joined & ~np.eye(len(colours), dtype=bool)).astype(float))
        Xs.append(np.eye(2)[colours])
    return {"As": As, "Xs": Xs, "labels": labels, "seed": seed}
