"""The cases that laws are checked on: dicts from a name to an array or a number.

A maker of cases takes the least and the largest number of nodes of a graph. `step`
is one pooling step of one graph, `joined` those of several graphs at once.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from hypothesis import strategies as st

from npdiffpool.testing.law import LARGEST, Cases
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
SILENT = -1e4  # a logit whose softmax is exactly zero
SEEDS = st.integers(0, 2**32 - 1)
FACTORS = floats(0.0, 10.0)


def as_logits(S: Any) -> Any:
    """Return logits whose softmax is S, exactly zero where S is."""
    return np.where(S > 0, np.log(np.where(S > 0, S, 1.0)), SILENT)


@st.composite
def any_logits(draw: st.DrawFn, N: int, K: int, kinds: Sequence[str] = KINDS) -> Any:
    """Draw logits (N, K): of an assignment of one of some kinds, or any."""
    kind = draw(st.sampled_from(kinds))
    if kind == "logits":
        return draw(logits(N, K))
    return as_logits(draw(assignments(N, K, kinds=[kind])))


# What a law may need besides A, R and Z, by name, of a graph with N, K, D.
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
    """Make a strategy of another graph of N nodes; a large one has few weights."""
    weights = WEIGHTS if N <= LARGEST else ("ones", "equal")
    return adjacencies(N, N, directed=True, weights=weights)


@st.composite
def graph_like(draw: st.DrawFn, K: int, D: int) -> Any:
    """Draw A, R and Z of a graph with K clusters and D features, as a list."""
    A = draw(adjacencies(0, 6, directed=True))
    return [A, draw(any_logits(len(A), K)), draw(features(len(A), D))]


def step(
    *extras: str,
    directed: bool = False,
    kinds: Sequence[str] = KINDS,
    clusters: int | None = None,
    weights: Sequence[str] = WEIGHTS,
    exponents: tuple[int, int] = (-6, 6),
    smallest: int = 0,
) -> Cases:
    """Make cases of one step: A, R, Z and what `extras` name.

    Where `most` allows it, a few graphs are "large": of up to 60 nodes.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> dict[str, Any]:
        shapes = WITH_LARGE if most == LARGEST else SHAPES
        graphs: Any = {"directed": directed, "weights": weights, "shapes": shapes}
        A = draw(adjacencies(max(least, smallest), most, **graphs))
        N, K = len(A), clusters or draw(st.integers(1, min(6, max(most, 2))))
        R, Z = draw(any_logits(N, K, kinds)), draw(features(N, exponents=exponents))
        more = {name: draw(EXTRAS[name](N, K, Z.shape[1])) for name in extras}
        return {"A": A, "R": R, "Z": Z, **more}

    return cases


@st.composite
def products(
    draw: st.DrawFn, least: int, most: int, widths: Sequence[int] = (1, 2, 4)
) -> dict[str, Any]:
    """Draw a graph that is S S^T to the last bit, and the logits of that S.

    Each node belongs to a group of one, two or four clusters, evenly: powers of
    two, so that nothing is rounded. Groups of one cluster are cliques with loops.
    """
    sizes = draw(st.lists(st.sampled_from(widths), min_size=1, max_size=3))
    group = np.repeat(np.arange(len(sizes)), sizes)
    N = draw(st.integers(least, min(most, 8)))
    index = st.integers(0, len(sizes) - 1)
    own = np.array(draw(st.lists(index, min_size=N, max_size=N)), dtype=int)
    linked = own[:, None] == group[None, :]
    S = linked / np.maximum(linked.sum(axis=1, keepdims=True), 1)
    R = np.where(linked, 0.0, SILENT)
    return {"A": S @ S.T, "R": R, "Z": draw(features(N, 1))}


def cliques(least: int, most: int) -> st.SearchStrategy[dict[str, Any]]:
    """Draw disjoint cliques with self-loops, and the logits that tell them apart."""
    return products(least, most, widths=(1,))


@st.composite
def nearly_products(draw: st.DrawFn, least: int, most: int) -> dict[str, Any]:
    """Draw logits, and by how much, relatively, A is to differ from S S^T."""
    N, K = draw(st.integers(least, min(most, 8))), draw(st.integers(1, 4))
    R = draw(any_logits(N, K, ("uniform", "soft", "hard")))
    return {
        "R": R,
        "off": draw(features(N, N, ["real"], exponents=(0, 0))),
        "most": draw(st.sampled_from([10.0, 1.0, 1e-2, 1e-3, 1e-4, 1e-8, 0.0])),
    }


@st.composite
def grams(draw: st.DrawFn, least: int, most: int) -> dict[str, Any]:
    """Draw M whose M M^T is a graph that is positive semidefinite."""
    M = draw(st.integers(least, min(most, 8)).flatmap(assignments))
    R = draw(any_logits(len(M), draw(st.integers(1, 4))))
    return {"M": M, "R": R}


@st.composite
def generic_steps(draw: st.DrawFn, least: int, most: int) -> dict[str, Any]:
    """Draw a step away from every kink, and a direction in which to move it.

    Weights of two leave a residual of one or more at each edge, so that the link
    loss is smooth there; without an edge S S^T itself is the residual.
    """
    A = 2.0 * draw(adjacencies(least, min(most, 6), directed=True, weights=["ones"]))
    N, K, D = len(A), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    real = [features(N, n, ["real"], exponents=(0, 0)) for n in (K, D, K, D)]
    names = ("R", "Z", "R_step", "Z_step")
    return {"A": A, **{name: draw(one) for name, one in zip(names, real)}}


def joined(*extras: str, weights: Sequence[str] = ("ones", "unlike")) -> Cases:
    """Make cases of one to six graphs: lists As, Rs, Zs; one K, one D.

    "nodes" adds an order of the first graph's nodes, "graphs" one of the graphs.
    """

    @st.composite
    def cases(draw: st.DrawFn, least: int, most: int) -> dict[str, Any]:
        K, D = draw(st.integers(1, 4)), draw(st.integers(1, 2))
        size = st.integers(least, min(most, 6))
        sizes = draw(st.lists(size, min_size=1, max_size=6))
        As = [draw(adjacencies(N, N, directed=True, weights=weights)) for N in sizes]
        case = {
            "As": As,
            "Rs": [draw(any_logits(N, K)) for N in sizes],
            "Zs": [draw(features(N, D)) for N in sizes],
        }
        orders = {"nodes": sizes[0], "graphs": len(sizes)}
        return {**case, **{name: draw(permutations(orders[name])) for name in extras}}

    return cases
