"""What strategies.py draws, made of codes: shapes, weights, numbers; and 1-WL.

A code is a small whole number. Zeros make the plainest of everything: no edge, a
weight of one, the number zero. `Codes` says where they come from.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Array = npt.NDArray[Any]
Strategy = st.SearchStrategy
Codes = Callable[[int, int], Array]  # so many codes, each 0 <= code < below

SHAPES = (
    *("empty", "random", "dense", "star", "path"),
    *("cycle", "clique", "circulant", "two"),
)
PAIRS = ("cycles", "cubic", "not regular", "strongly regular")
_EXPONENTS = {"unlike": (0, 1), "tiny": (-9, 3), "huge": (9, 3), "mixed": (0, 6)}


def kept(make: Callable[..., Strategy[Any]], *args: Any, **options: Any) -> Any:
    """Make a strategy once: making one takes longer than drawing from it."""
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    return _make(make, *args, **plain)


@lru_cache(maxsize=1024)
def _make(make: Callable[..., Strategy[Any]], *args: Any, **options: Any) -> Any:
    return make(*args, **options)


def one_of(kinds: Sequence[Any]) -> Any:
    """Draw one of some kinds; the first is the plainest."""
    return _make(st.sampled_from, tuple(kinds))


def count(value: int | Strategy[int]) -> Any:
    """Draw a number that may be fixed."""
    return _make(st.just, value) if isinstance(value, int) else value


def drawn(draw: st.DrawFn) -> Codes:
    """Draw codes as bytes, all at once: fast, and each shrinks by itself.

    Ask for none rather than not at all: where every example makes as many choices,
    Hypothesis may mix two of them and none is thrown away.
    """

    def codes(size: int, below: int) -> Array:
        dtype = np.dtype(np.uint8 if below <= 2**8 else ">u2")
        n_bytes = size * dtype.itemsize
        data = draw(st.binary(min_size=n_bytes, max_size=n_bytes))
        return np.frombuffer(data, dtype).astype(np.intp) % below

    return codes


def nodes(draw: st.DrawFn, N: int, min_nodes: int) -> Array:
    """Choose the nodes to keep: nearly always all, unless an example shrinks.

    Code 0 drops a node, from all of its arrays at once. Were N itself to shrink,
    the bytes drawn for one array would be taken for those of another.
    """
    some = drawn(draw)(N, 2**8) > 0
    some[np.flatnonzero(~some)[: max(min_nodes - np.sum(some), 0)]] = True
    return np.flatnonzero(some)


def clusters(
    draw: st.DrawFn, least: int, max_clusters: int, max_size: int
) -> tuple[int, Array, Array, Array]:
    """Draw a number of clusters, each node's cluster and place in it, and an order.

    There is a code for each place: from a half on, it holds a node, and codes sort
    the nodes. So any node can go when an example shrinks, and the others stay.
    """
    n_clusters = draw(st.integers(1, max_clusters))
    codes = drawn(draw)(max_size * max_clusters, 2**8)
    keys = codes.reshape(max_size, max_clusters)[:, :n_clusters]
    if np.all(keys < 2**7):
        keys[0, :least] = 2**7
    cluster, place = np.nonzero(keys.T >= 2**7)
    return n_clusters, cluster, place, np.argsort(keys[place, cluster], kind="stable")


def seeded(seed: int) -> Codes:
    """Make codes of one drawn number: faster, but they do not shrink."""
    rng = np.random.default_rng(seed)
    return lambda size, below: rng.integers(0, below, size)


def _units() -> Array:
    """List 2**16 numbers in [-1, 1], the shortest first: 0.0, 1.0, -1.0, 0.1, ...

    They have up to four decimals, so that sums are rounded. An eighth are 0, 1 or
    -1, which were rare otherwise, or tiny, to be lost in a sum.
    """
    sizes = np.concatenate([np.arange(1, 10**k + 1) / 10**k for k in range(5)])
    sizes = sizes[np.sort(np.unique(sizes, return_index=True)[1])]
    signed = np.concatenate([[0.0], np.stack([sizes, -sizes], axis=1).ravel()])
    often = np.array([0.0, 1.0, -1.0, 0.0, 1e-8, -1e-8])
    return np.concatenate([np.resize(signed, 7 * 2**13), np.resize(often, 2**13)])


_UNITS = _units()


def reals(codes: Codes, n_rows: int, n_columns: int) -> Array:
    """Make an array of numbers in [-1, 1]; but for 0 and 1, equal ones are rare.

    Column by column, so that columns stay what they are when one is dropped.
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
    codes = drawn(draw)
    if shape == "large":  # all of it comes from one number
        N, codes = 5 * N, seeded(draw(st.integers(0, 2**16 - 1)))
    edges = linked(shape, N, codes)
    loops = draw(one_of(("none", "all", "some", "none")))
    with_loop = codes(N if loops == "some" else 0, 2) == 1
    edges[np.diag_indices(N)] = with_loop if loops == "some" else loops == "all"
    if directed:
        edges &= one_way(draw(one_of(("both", "later", "some"))), N, codes)
    W = weights(draw(one_of(weight_kinds)), N, codes, directed)
    return np.where(edges, W, 0.0)


def linked(shape: str, N: int, codes: Codes) -> Array:
    """Tell which nodes of one of `SHAPES`, or of "large", are linked; no loops."""
    i, j = np.indices((N, N))
    pairs, n_codes = np.tril_indices(N, -1), int(shape in ("circulant", "two"))
    is_random = shape in ("random", "dense", "large")
    some = codes(len(pairs[0]) if is_random else n_codes, 2**8)
    if is_random:
        mask = np.zeros((N, N), dtype=bool)
        mask[pairs] = some % (20 if shape == "large" else 8) == 1
        mask = mask if shape != "dense" else ~(mask | mask.T)
    elif shape == "circulant":
        steps = 1 + some[0] % (2 ** min(max(N // 2, 1), 8) - 1)
        mask = circulant(N, [k for k in range(1, N) if steps >> (k - 1) & 1])
    elif shape == "two":
        mask = (i < some[0] % (N + 1)) == (j < some[0] % (N + 1))
    elif shape == "cycle":
        mask = circulant(N, [1] if N > 1 else [])
    else:
        fixed = {"empty": i < 0, "star": i == 0, "path": j - i == 1, "clique": i != j}
        mask = fixed[shape]
    return np.asarray((mask | mask.T) & (i != j))


def circulant(N: int, steps: list[int]) -> Array:
    """Link each node of a ring of N to those so many steps ahead, or behind."""
    ahead = np.zeros(N, dtype=bool)
    ahead[steps] = True
    i, j = np.indices((N, N))
    mask = ahead[(j - i) % max(N, 1)]
    return np.asarray(mask | mask.T)


def one_way(kind: str, N: int, codes: Codes) -> Array:
    """Tell which ways of each pair to keep: both, only to later nodes, or some."""
    i, j = np.tril_indices(N, -1)
    way, mask = codes(len(i) if kind == "some" else 0, 4), np.ones((N, N), dtype=bool)
    if kind == "some":
        mask[i, j], mask[j, i] = way != 1, way != 2
    return mask if kind != "later" else np.triu(mask)


def weights(kind: str, N: int, codes: Codes, directed: bool) -> Array:
    """Make a weight for each pair, and others for the way back if directed."""
    i, j = np.tril_indices(N)
    n_pairs = {"ones": 0, "equal": 1}.get(kind, len(i))
    there_and_back = reals(codes, n_pairs, 2 if directed else 1)
    if kind == "ones":
        return np.ones((N, N))
    if kind == "equal":
        return np.full((N, N), 10.0 ** there_and_back[0, 0])
    W, (centre, spread) = np.zeros((N, N)), _EXPONENTS[kind]
    W[i, j], W[j, i] = there_and_back[:, 0], there_and_back[:, -1]
    return np.asarray(10.0 ** (centre + spread * W))


def confused(kind: str, a: int, b: int) -> tuple[Array, Array]:
    """Give two graphs of one of `PAIRS`: unlike, yet alike for 1-WL."""
    if kind == "cubic":  # K_{3,3}, the triangular prism
        return circulant(6, [1, 3]), circulant(6, [2, 3])
    if kind == "not regular":  # decalin, bicyclopentyl
        one, two = confused("cycles", 5, 5)
        one[[0, 5], [5, 0]] = two[[0, 5], [5, 0]] = True
        return one, two
    if kind == "strongly regular":  # the 4x4 rook's graph, Shrikhande's graph
        i, j = np.indices((16, 16))
        down, along = (j // 4 - i // 4) % 4, (j - i) % 4
        near = (down < 2) & (along < 2) & (i != j)
        return (down == 0) ^ (along == 0), near | near.T
    two = np.zeros((a + b, a + b), dtype=bool)
    two[:a, :a], two[a:, a:] = circulant(a, [1]), circulant(b, [1])
    return circulant(a + b, [1]), two


def stable_colours(A: Array) -> Array:
    """Refine colours until they tell apart no more nodes (weighted 1-WL).

    A node's next colour is its own, its loop, and the colours and weights, both
    ways, of all its pairs. Colours do not depend on the order of nodes.
    """
    colours, n_colours = [0] * len(A), 0
    loops, there, back = np.diag(A).tolist(), A.tolist(), A.T.tolist()
    while True:
        seen = [
            (colours[i], loops[i], tuple(sorted(zip(colours, there[i], back[i]))))
            for i in range(len(A))
        ]
        names = {view: colour for colour, view in enumerate(sorted(set(seen)))}
        colours = [names[view] for view in seen]
        if len(names) == n_colours:
            return np.array(colours, dtype=np.intp)
        n_colours = len(names)
