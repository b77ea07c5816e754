"""What strategies.py draws, made of codes: shapes, weights, numbers; and 1-WL.

A code is a small whole number. Zeros make the plainest of everything: no edge, a
weight of one, the number zero. `Codes` says where they come from.
"""

from __future__ import annotations

import math
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
_LOOPS = ("none", "all", "some", "none")
_WAYS = ("both", "later", "some")
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
    """Draw codes as bytes, all at once: fast, and each shrinks by itself."""

    def codes(size: int, below: int) -> Array:
        dtype = np.dtype(np.uint8 if below <= 2**8 else ">u2")
        n_bytes = size * dtype.itemsize
        data = draw(st.binary(min_size=n_bytes, max_size=n_bytes)) if size else b""
        return np.frombuffer(data, dtype)[::-1].astype(np.intp) % below

    return codes


def nodes(draw: st.DrawFn, N: int, min_nodes: int) -> Array:
    """Choose the nodes to keep: nearly always all, unless an example shrinks.

    Code 0 drops a node, from all of its arrays at once. Were N itself to shrink,
    the bytes drawn for one array would be taken for those of another.
    """
    some = drawn(draw)(N, 2**8) > 0
    some[np.flatnonzero(~some)[: max(min_nodes - np.sum(some), 0)]] = True
    return np.flatnonzero(some)


def order(draw: st.DrawFn, N: int, most: int) -> Array:
    """Draw an order of N nodes from as many bytes whatever N is, up to `most`.

    So it stays when N shrinks. The last count: the shrinker zeroes the first first.
    """
    return np.argsort(drawn(draw)(most, 2**16)[::-1][most - N :], kind="stable")


def seeded(seed: int) -> Codes:
    """Make codes of one drawn number: faster, but they do not shrink."""
    rng = np.random.default_rng(seed)
    return lambda size, below: rng.integers(0, below, size)


def _units() -> Array:
    """List 2**16 numbers in [-1, 1], the shortest first: 0.0, 1.0, -1.0, 0.1, ...

    They have up to four decimals, so that sums are rounded. An eighth is 0 or 1,
    which would be rare, or tiny, to be lost where it is added.
    """
    sizes = np.concatenate([np.arange(1, 10**k + 1) / 10**k for k in range(5)])
    sizes = sizes[np.sort(np.unique(sizes, return_index=True)[1])]
    signed = np.concatenate([[0.0], np.stack([sizes, -sizes], axis=1).ravel()])
    often = np.array([0.0, 1.0, -1.0, 0.0, 1e-8, -1e-8])
    return np.concatenate([np.resize(signed, 7 * 2**13), np.resize(often, 2**13)])


_UNITS = _units()


def reals(codes: Codes, *shape: int) -> Array:
    """Make an array of numbers in [-1, 1]; but for 0 and 1, equal ones are rare."""
    return np.asarray(_UNITS[codes(math.prod(shape), 2**16)].reshape(shape))


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
    edges, loops = linked(shape, N, codes), draw(one_of(_LOOPS))
    if loops != "none":
        edges[np.diag_indices(N)] = loops == "all" or codes(N, 2) == 1
    if directed:
        edges &= one_way(draw(one_of(_WAYS)), N, codes)
    W = weights(draw(one_of(weight_kinds)), N, codes, directed)
    return np.where(edges, W, 0.0)


def linked(shape: str, N: int, codes: Codes) -> Array:
    """Tell which nodes of one of `SHAPES`, or of "large", are linked; no loops."""
    i, j = np.indices((N, N))
    if shape in ("random", "dense", "large"):
        mask = np.zeros((N, N), dtype=bool)
        one_in = 20 if shape == "large" else 8
        mask[np.tril_indices(N, -1)] = codes(N * (N - 1) // 2, one_in) == 1
        mask = mask if shape != "dense" else ~(mask | mask.T)
    elif shape == "circulant":
        steps = 1 + codes(1, min(2 ** max(N // 2, 1), 2**16) - 1)[0]
        mask = circulant(N, [k for k in range(1, N) if steps >> (k - 1) & 1])
    elif shape == "two":
        cut = codes(1, N + 1)[0]
        mask = (i < cut) == (j < cut)
    elif shape == "cycle":
        mask = circulant(N, [1] if N > 1 else [])
    else:
        mask = {"empty": i < 0, "star": i == 0, "path": j - i == 1}.get(shape, i != j)
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
    i, j = np.indices((N, N))
    if kind != "some":
        return (i <= j) | (kind == "both")
    i, j = np.tril_indices(N, -1)
    way, mask = codes(len(i), 4), np.ones((N, N), dtype=bool)
    mask[i, j], mask[j, i] = way != 1, way != 2
    return mask


def weights(kind: str, N: int, codes: Codes, directed: bool) -> Array:
    """Make a weight for each pair, and others for the way back if directed."""
    if kind == "ones":
        return np.ones((N, N))
    if kind == "equal":
        return np.full((N, N), 10.0 ** reals(codes, 1))
    centre, spread = _EXPONENTS[kind]
    i, j = np.tril_indices(N)
    W, there_and_back = np.zeros((N, N)), reals(codes, len(i), 2 if directed else 1)
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
