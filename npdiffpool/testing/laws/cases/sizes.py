"""Sizes of the cases of a pooling layer: usually small, now and then large.

Code often takes another path from a size on, such as 8, 64 or 128. All cases of pooling
layers take their sizes from here. If `most` is less than `MAX_NODES`, as in the search
for a small counterexample, no size is large.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from npdiffpool.testing._encoding import cached, one_of
from npdiffpool.testing.check import MAX_NODES

Bounds = tuple[int, int]
LARGE: tuple[Bounds, ...] = ((13, 64), (65, 128), (129, 144))
LARGE_IN_BATCHES: tuple[Bounds, ...] = ((9, 16), (65, 70))


@cache
def bounds(
    least: int,
    most: int,
    usual: int = MAX_NODES,
    large: tuple[Bounds, ...] = LARGE,
    one_in: int = 4,
) -> Any:
    """Return a strategy of bounds of N: of large ones in one case of some."""
    pair = least, max(min(most, usual), least)
    return _usually(pair, large if most >= MAX_NODES else (), one_in)


@cache
def nodes(*args: Any, **options: Any) -> Any:
    """Return a strategy of N, with the parameters of `bounds`."""
    return _within(bounds(*args, **options))


@cache
def clusters(most: int, usual: int = 6) -> Any:
    """Return a strategy of K: up to 6, or 20."""
    return _up_to(min(usual, max(most, 2)), ((7, 16), (17, 20)), most)


@cache
def features(most: int, usual: int = 3) -> Any:
    """Return a strategy of D: up to 3, or 10."""
    return _up_to(usual, ((4, 8), (9, 10)), most)


@cache
def graphs(most: int) -> Any:
    """Return a strategy of the number of graphs of a batch: up to 6, or 20."""
    return _up_to(6, ((7, 16), (17, 20)), most)


def _up_to(usual: int, large: tuple[Bounds, ...], most: int) -> Any:
    return _within(_usually((1, usual), large if most >= MAX_NODES else (), 4))


def _usually(pair: Bounds, large: tuple[Bounds, ...], one_in: int) -> Any:
    return one_of((pair,) * max((one_in - 1) * len(large), 1) + large)


def _within(pairs: Any) -> Any:
    return pairs.flatmap(lambda pair: cached(st.integers, *pair))
