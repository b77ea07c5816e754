"""Cases of laws about pooling.

`step` returns cases of one pooling step on one graph, `joined` of one on several.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from hypothesis import strategies as st

from npdiffpool._support.types import Array
from npdiffpool.testing import strategies as draws
from npdiffpool.testing._encoding import cached, drawn_codes, one_of, stable_colours
from npdiffpool.testing.check import MAX_NODES, Case, Cases, Family
from npdiffpool.testing.laws.cases import sizes

KINDS = (*draws.ASSIGNMENTS, "logits")
ZERO_LOGIT = -1e4  # exp(-1e4) is exactly zero
SEEDS = st.integers(0, 2**32 - 1)
FACTORS = draws.floats(0.0, 10.0)
GAPS = draws.floats(1.0, 1e3)
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
    "gap": lambda N, K, D: GAPS,
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
    *extras: str, directed: bool = True, weights: Sequence[str] = draws.WEIGHTS
) -> Family:
    """Return cases of one step: A, R, Z and the named `EXTRAS`."""
    options = {"directed": directed, "weights": tuple(weights)}
    return Family(_step, extras, tuple(options.items()))


@st.composite
def _step(
    draw: st.DrawFn,
    least: int,
    most: int,
    extras: Sequence[str],
    directed: bool,
    weights: Sequence[str],
) -> Case:
    bounds = draw(sizes.bounds(least, most))
    A = draw(cached(draws.adjacencies, *bounds, directed=directed, weights=weights))
    A = with_total(A, 8e12)  # float32's limit is 1.8e13
    N, K, D = len(A), draw(sizes.clusters(most)), draw(sizes.features(most))
    R = draw(cached(any_logits, N, K))
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
