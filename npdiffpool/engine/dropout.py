"""Dropout: entries that are zeroed at random, by masks that a seed determines.

A mask is drawn by a generator of its own, whose seed is the place in the model. So it
depends neither on the order in which threads reach it nor on what was drawn before, and
a pass that is computed again (`recompute`) draws it again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy

from npdiffpool._support.arguments import require, require_int
from npdiffpool._support.types import Array


class Dropout(NamedTuple):
    """Dropout (JMLR 15, 1929) of a part of a model.

    Attributes
    ----------
    rate : float in [0, 1)
        Probability that an entry is zeroed. With 0 nothing is drawn.
    seed : tuple of int
        Numbers below 2^32. A layer has four: the seed of the pass, the level, the GNN
        of the level, and the layer. All seeds have four, because to NumPy a shorter
        tuple is the same as one that ends in zeros.
    """

    rate: float = 0.0
    seed: tuple[int, ...] = ()

    def at(self, *place: int) -> Dropout:
        """Return the dropout of one part, with masks of its own.

        Parameters
        ----------
        *place : int
            Numbers of the part, which follow those of the seed.

        Returns
        -------
        Dropout

        Examples
        --------
        >>> Dropout(0.5, (7,)).at(0, 1)
        Dropout(rate=0.5, seed=(7, 0, 1))
        """
        return Dropout(self.rate, (*self.seed, *place))

    def apply(self, H: Array) -> Array:
        """Zero entries with probability `rate`; divide the others by 1 - `rate`.

        So the mean over all masks is H. In float32 and in float64 the same entries are
        zeroed.

        Parameters
        ----------
        H : (N, D) array

        Returns
        -------
        (N, D) array of the dtype of H

        Examples
        --------
        >>> Dropout(0.5, (0, 0, 0, 0)).apply(numpy.ones((2, 4)))
        array([[2., 2., 2., 0.],
               [0., 0., 0., 0.]])
        """
        if self.rate == 0:
            return H
        drawn = numpy.random.default_rng(self.seed).random(H.shape, numpy.float32)
        return H * ((drawn >= self.rate) * H.dtype.type(1 / (1 - self.rate)))


NO_DROPOUT = Dropout()


def dropout_of_pass(rate: float, seed: int | None) -> Dropout:
    """Return the dropout of a forward pass: none without a seed, as at evaluation."""
    if seed is None:
        return NO_DROPOUT
    require_int("seed", seed, 0)
    require(seed < 1 << 32, "seed", "below 2^32", seed)
    return Dropout(rate, (seed,))
