"""Arrays built from codes, for strategies.py: shapes, weights, numbers; and 1-WL.

A code is a small integer. Code 0 gives the simplest value: no edge, a weight of one,
the number zero. A `Codes` function returns codes, drawn or random.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Sequence

import numpy as np
from hypothesis import strategies as st

from npdiffpool._support.types import Array

Strategy = st.SearchStrategy
# (size, below) -> (size,) array of 0 <= code < below
Codes = Callable[[int, int], Array]

SHAPES = tuple("empty random dense star path cycle clique circulant two".split())
PAIRS = ("cycles", "cubic", "not regular", "strongly regular")
_MAX_DRAWN = 160  # codes; the arrays of a graph of 12 nodes have fewer
_EXPONENTS = {"unlike": (0, 1), "tiny": (-9, 3), "huge": (9, 3), "mixed": (0, 6)}


def cached(make: Callable[..., Strategy[Any]], *args: Any, **options: Any) -> Any:
    """Return a strategy, made once: making one takes longer than drawing from it."""
    hashable = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    return _make(make, *args, **hashable)


@lru_cache(maxsize=1024)
def _make(make: Callable[..., Strategy[Any]], *args: Any, **options: Any) -> Any:
    return make(*args, **options)


def one_of(kinds: Sequence[Any]) -> Any:
    """Return a strategy of some values; it shrinks to the first."""
    return _make(st.sampled_from, tuple(kinds))


def as_strategy(value: int | Strategy[int]) -> Any:
    """Return a strategy of numbers, also for a fixed number."""
    return _make(st.just, value) if isinstance(value, int) else value


def drawn_codes(draw: st.DrawFn) -> Codes:
    """Return codes drawn as one string of bytes: fast, and each shrinks by itself.

    A caller that needs no codes draws a size of 0, so that every example makes the
    same number of choices: Hypothesis can then combine two examples. Many codes come
    from one drawn seed: an example of Hypothesis has at most 8 kB.
    """

    def codes(size: int, below: int) -> Array:
        if size > _MAX_DRAWN:
            return random_codes(draw(st.integers(0, 2**16 - 1)))(size, below)
        dtype = np.dtype(np.uint8 if below <= 2**8 else ">u2")
        n_bytes = size * dtype.itemsize
        data = draw(st.binary(min_size=n_bytes, max_size=n_bytes))
        return np.frombuffer(data, dtype).astype(np.intp) % below

    return codes


def random_codes(seed: int) -> Codes:
    """Return codes from a seed: faster than drawn codes, but they do not shrink."""
    rng = np.random.default_rng(seed)
    return lambda size, below: rng.integers(0, below, size)


def nodes_to_keep(draw: st.DrawFn, N: int, min_nodes: int) -> Array:
    """Draw the indices of nodes to keep: nearly always all, unless shrinking.

    Code 0 drops a node from all of its arrays at once. If N itself shrank, bytes drawn
    for one array would be used for another.
    """
    kept = drawn_codes(draw)(N, 2**8) > 0
    kept[np.flatnonzero(~kept)[: max(min_nodes - np.sum(kept), 0)]] = True
    return np.flatnonzero(kept)


def cluster_members(
    draw: st.DrawFn, least: int, max_clusters: int, max_size: int
) -> tuple[int, Array, Array, Array]:
    """Draw a number of clusters, each node's cluster and place in it, and an order.

    There is a code for each place: 128 or more means that it has a node, and codes sort
    the nodes. When an example shrinks, any node can disappear, and the others stay.
    """
    n_clusters = draw(st.integers(1, max_clusters))
    codes = drawn_codes(draw)(max_size * max_clusters, 2**8)
    keys = codes.reshape(max_size, max_clusters)[:, :n_clusters]
    if np.all(keys < 2**7):
        keys[0, :least] = 2**7
    cluster, place = np.nonzero(keys.T >= 2**7)
    return n_clusters, cluster, place, np.argsort(keys[place, cluster], kind="stable")


def _units() -> Array:
    """Return 2**16 numbers in [-1, 1], the shortest first: 0.0, 1.0, -1.0, 0.1, ...

    They have up to four decimals, so that sums are rounded. One eighth are 0, 1 and
    -1, which would be rare otherwise, and tiny numbers, which a sum can lose.
    """
    sizes = np.concatenate([np.arange(1, 10**k + 1) / 10**k for k in range(5)])
    sizes = sizes[np.sort(np.unique(sizes, return_index=True)[1])]
    signed = np.concatenate([[0.0], np.stack([sizes, -sizes], axis=1).ravel()])
    often = np.array([0.0, 1.0, -1.0, 0.0, 1e-8, -1e-8])
    return np.concatenate([np.resize(signed, 7 * 2**13), np.resize(often, 2**13)])


_UNITS = _units()


def real_array(codes: Codes, n_rows: int, n_columns: int) -> Array:
    """Return an array of numbers in [-1, 1]; equal ones, but for 0 and 1, are rare.

    Codes are used column by column, so that dropping a column keeps the others.
    """
    columns = _UNITS[codes(n_rows * n_columns, 2**16)].reshape(n_columns, n_rows)
    return np.ascontiguousarray(columns.T)


def adjacency(
    draw: st.DrawFn,
    n_nodes: tuple[int, int],
    directed: bool,
    shapes: Sequence[str],
    weight_kinds: Sequence[str],
) -> Array:
    """Draw the adjacency of one graph; see `strategies.adjacencies`."""
    N, shape = draw(st.integers(*n_nodes)), draw(one_of(shapes))
    codes = drawn_codes(draw)
    if shape == "large":  # a single number is drawn
        N, codes = 5 * N, random_codes(draw(st.integers(0, 2**16 - 1)))
    edges = _undirected(shape, N, codes)
    loops = draw(one_of(("none", "all", "some", "none")))
    with_loop = codes(N if loops == "some" else 0, 2) == 1
    edges[np.diag_indices(N)] = with_loop if loops == "some" else loops == "all"
    if directed:
        edges &= _directions(draw(one_of(("both", "later", "some"))), N, codes)
    W = _weights(draw(one_of(weight_kinds)), N, codes, directed)
    return np.where(edges, W, 0.0)


def _undirected(shape: str, N: int, codes: Codes) -> Array:
    """Return which nodes are linked in one of `SHAPES` or in "large"; no loops."""
    i, j = np.indices((N, N))
    pairs, n_codes = np.tril_indices(N, -1), int(shape in ("circulant", "two"))
    is_random = shape in ("random", "dense", "large")
    drawn = codes(len(pairs[0]) if is_random else n_codes, 2**8)
    if is_random:
        mask = np.zeros((N, N), dtype=bool)
        mask[pairs] = drawn % (20 if shape == "large" else 8) == 1
        mask = mask if shape != "dense" else ~(mask | mask.T)
    elif shape == "circulant":
        steps = 1 + drawn[0] % (2 ** min(max(N // 2, 1), 8) - 1)
        mask = _circulant(N, [k for k in range(1, N) if steps >> (k - 1) & 1])
    elif shape == "two":
        mask = (i < drawn[0] % (N + 1)) == (j < drawn[0] % (N + 1))
    elif shape == "cycle":
        mask = _circulant(N, [1] if N > 1 else [])
    else:
        fixed = {"empty": i < 0, "star": i == 0, "path": j - i == 1, "clique": i != j}
        mask = fixed[shape]
    return np.asarray((mask | mask.T) & (i != j))


def _circulant(N: int, steps: list[int]) -> Array:
    """Link each node of a ring of N to those some steps ahead and behind."""
    ahead = np.zeros(N, dtype=bool)
    ahead[steps] = True
    i, j = np.indices((N, N))
    mask = ahead[(j - i) % max(N, 1)]
    return np.asarray(mask | mask.T)


def _directions(kind: str, N: int, codes: Codes) -> Array:
    """Return which directions of each link to keep: both, to later nodes, or some."""
    i, j = np.tril_indices(N, -1)
    way, mask = codes(len(i) if kind == "some" else 0, 4), np.ones((N, N), dtype=bool)
    if kind == "some":
        mask[i, j], mask[j, i] = way != 1, way != 2
    return mask if kind != "later" else np.triu(mask)


def _weights(kind: str, N: int, codes: Codes, directed: bool) -> Array:
    """Return a weight for each pair, and another for the reverse if directed."""
    i, j = np.tril_indices(N)
    n_pairs = {"ones": 0, "equal": 1}.get(kind, len(i))
    units = real_array(codes, n_pairs, 2 if directed else 1)
    if kind == "ones":
        return np.ones((N, N))
    if kind == "equal":
        return np.full((N, N), 10.0 ** units[0, 0])
    W, (centre, spread) = np.zeros((N, N)), _EXPONENTS[kind]
    W[i, j], W[j, i] = units[:, 0], units[:, -1]
    return np.asarray(10.0 ** (centre + spread * W))


def indistinguishable(kind: str, a: int, b: int) -> tuple[Array, Array]:
    """Return two different graphs of one of `PAIRS` that 1-WL cannot distinguish."""
    if kind == "cubic":  # K_{3,3}, the triangular prism
        return _circulant(6, [1, 3]), _circulant(6, [2, 3])
    if kind == "not regular":  # decalin, bicyclopentyl
        one, two = indistinguishable("cycles", 5, 5)
        one[[0, 5], [5, 0]] = two[[0, 5], [5, 0]] = True
        return one, two
    if kind == "strongly regular":  # the 4x4 rook's graph, Shrikhande's graph
        i, j = np.indices((16, 16))
        down, along = (j // 4 - i // 4) % 4, (j - i) % 4
        near = (down < 2) & (along < 2) & (i != j)
        return (down == 0) ^ (along == 0), near | near.T
    two = np.zeros((a + b, a + b), dtype=bool)
    two[:a, :a], two[a:, a:] = _circulant(a, [1]), _circulant(b, [1])
    return _circulant(a + b, [1]), two


def stable_colours(A: Array) -> Array:
    """Return the stable colours of weighted 1-WL, (N,).

    A node's next colour is determined by its colour, its self-loop, and the colours and
    both weights of all its pairs. Colours do not depend on the order of nodes.
    """
    colours, n_colours = [0] * len(A), 0
    loops, out, back = np.diag(A).tolist(), A.tolist(), A.T.tolist()
    while True:
        views = [
            (colours[i], loops[i], tuple(sorted(zip(colours, out[i], back[i]))))
            for i in range(len(A))
        ]
        names = {view: colour for colour, view in enumerate(sorted(set(views)))}
        colours = [names[view] for view in views]
        if len(names) == n_colours:
            return np.array(colours, dtype=np.intp)
        n_colours = len(names)
