"""Cases of laws about pooling: dicts from a name to an array or a number.

A function of cases takes the least and the largest number of nodes of a graph. `step`
returns cases of one pooling step on one graph, and `joined` of one on several graphs.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from hypothesis import strategies as st

from npdiffpool._support.types import Array
from npdiffpool.testing.law import MAX_NODES, Case, Cases
from npdiffpool.testing.strategies import (
    ASSIGNMENTS,
    SHAPES,
    WEIGHTS,
    WITH_LARGE,
    adjacencies,
    assignments,
    features,
    floats,
    logits,
    permutations,
)

KINDS = (*ASSIGNMENTS, "logits")
ZERO_LOGIT = -1e4  # exp(-1e4) is exactly zero
SEEDS = st.integers(0, 2**32 - 1)
FACTORS = floats(0.0, 10.0)


@st.composite
def any_logits(draw: st.DrawFn, N: int, K: int, kinds: Sequence[str] = KINDS) -> Array:
    """Draw logits (N, K) of an assignment of one of some kinds, or any logits.

    The softmax is exactly zero where the assignment is.
    """
    kind = draw(st.sampled_from(kinds))
    if kind == "logits":
        return draw(logits(N, K))
    S = draw(assignments(N, K, kinds=[kind]))
    return np.where(S > 0, np.log(np.where(S > 0, S, 1.0)), ZERO_LOGIT)


# Further values of a case, by name, for a graph with N nodes, K clusters, D features.
EXTRAS: dict[str, Any] = {
    "nodes": lambda N, K, D: permutations(N),
    "clusters": lambda N, K, D: permutations(K),
    "shift": lambda N, K, D: features(N, 1, ["real"], exponents=(0, 4)),
    "times": lambda N, K, D: FACTORS,
    "B": lambda N, K, D: other_graph(N),
    "Y": lambda N, K, D: features(N, D),
    "place": lambda N, K, D: st.integers(0, N),
    "row": lambda N, K, D: any_logits(1, K),
    "R_2": lambda N, K, D: st.integers(1, 4).flatmap(lambda J: any_logits(K, J)),
    "T": lambda N, K, D: any_logits(N, K, ("soft", "uniform", "some hard")),
    "share": lambda N, K, D: floats(0.0, 1.0),
    "graph": lambda N, K, D: graph_like(K, D),  # type: ignore[has-type]
}


def other_graph(N: int) -> Any:
    """Return a strategy of graphs with N nodes; a large graph has few weights."""
    weights = WEIGHTS if N <= MAX_NODES else ("ones", "equal")
    return adjacencies(N, N, directed=True, weights=weights)


@st.composite
def graph_like(draw: st.DrawFn, K: int, D: int) -> list[Array]:
    """Draw A, R and Z of a graph with K clusters and D features."""
    A = draw(adjacencies(0, 6, directed=True))
    return [A, draw(any_logits(len(A), K)), draw(features(len(A), D))]


def step(
    *extras: str,
    directed: bool = True,
    kinds: Sequence[str] = KINDS,
    clusters: int | None = None,
    smallest: int = 0,
) -> Cases:
    """Return cases of one step: A, R, Z and the named `EXTRAS`.

    Where the largest number of nodes allows it, some graphs have up to 60 nodes.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> Case:
        shapes = WITH_LARGE if most == MAX_NODES else SHAPES
        n_least = max(least, smallest)
        A = draw(adjacencies(n_least, most, directed=directed, shapes=shapes))
        N, K = len(A), clusters or draw(st.integers(1, min(6, max(most, 2))))
        R, Z = draw(any_logits(N, K, kinds)), draw(features(N))
        more = {name: draw(EXTRAS[name](N, K, Z.shape[1])) for name in extras}
        return {"A": A, "R": R, "Z": Z, **more}

    return cases


@st.composite
def products(
    draw: st.DrawFn, least: int, most: int, widths: Sequence[int] = (1, 2, 4)
) -> Case:
    """Draw a graph that is exactly S S^T, and the logits of that S.

    A node belongs equally to a group of 1, 2 or 4 clusters: powers of two, so that
    nothing is rounded. Nodes of one group of 1 cluster are a clique with self-loops.
    """
    sizes = draw(st.lists(st.sampled_from(widths), min_size=1, max_size=3))
    group = np.repeat(np.arange(len(sizes)), sizes)
    N = draw(st.integers(least, min(most, 8)))
    index = st.integers(0, len(sizes) - 1)
    own = np.array(draw(st.lists(index, min_size=N, max_size=N)), dtype=int)
    belongs = own[:, None] == group[None, :]
    S = belongs / np.maximum(belongs.sum(axis=1, keepdims=True), 1)
    R = np.where(belongs, 0.0, ZERO_LOGIT)
    return {"A": S @ S.T, "R": R, "Z": draw(features(N, 1))}


def cliques(least: int, most: int) -> st.SearchStrategy[Case]:
    """Return disjoint cliques with self-loops, and logits with a cluster for each."""
    return products(least, most, widths=(1,))


@st.composite
def nearly_products(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw logits, and the relative difference of A from S S^T."""
    N, K = draw(st.integers(least, min(most, 8))), draw(st.integers(1, 4))
    R = draw(any_logits(N, K, ("uniform", "soft", "hard")))
    return {
        "R": R,
        "off": draw(features(N, N, ["real"], exponents=(0, 0))),
        "most": draw(st.sampled_from([10.0, 1.0, 1e-2, 1e-3, 1e-4, 1e-8, 0.0])),
    }


@st.composite
def grams(draw: st.DrawFn, least: int, most: int) -> Case:
    """Draw M, for a positive semidefinite graph M M^T, and logits."""
    M = draw(st.integers(least, min(most, 8)).flatmap(assignments))
    R = draw(any_logits(len(M), draw(st.integers(1, 4))))
    return {"M": M, "R": R}


def generic_steps(*outputs: str) -> Cases:
    """Return steps away from every kink, a direction to move in, and `outputs`.

    Weights of two leave a residual of at least one at each edge, so the link loss is
    smooth there. Without edges S S^T is the residual.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> Case:
        graph = adjacencies(least, min(most, 6), directed=True, weights=["ones"])
        A = 2.0 * draw(graph)
        K, D = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        widths = {"R": K, "Z": D, "R_step": K, "Z_step": D}
        real = {
            name: features(len(A), n, ["real"], (0, 0)) for name, n in widths.items()
        }
        return {"A": A, **{name: draw(real[name]) for name in real}, "outputs": outputs}

    return cases


def joined(*extras: str) -> Cases:
    """Return cases of one to six graphs, lists As, Rs and Zs, with one K and one D.

    "nodes" adds an order of the first graph's nodes, "graphs" one of the graphs.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> Case:
        K, D = draw(st.integers(1, 4)), draw(st.integers(1, 2))
        size = st.integers(least, min(most, 6))
        sizes = draw(st.lists(size, min_size=1, max_size=6))
        mild: Any = {"directed": True, "weights": ("ones", "unlike")}
        case = {
            "As": [draw(adjacencies(N, N, **mild)) for N in sizes],
            "Rs": [draw(any_logits(N, K)) for N in sizes],
            "Zs": [draw(features(N, D)) for N in sizes],
        }
        orders = {"nodes": sizes[0], "graphs": len(sizes)}
        return {**case, **{name: draw(permutations(orders[name])) for name in extras}}

    return cases
