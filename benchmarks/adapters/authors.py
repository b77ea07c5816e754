"""The pooling of the authors' released code, reimplemented from a description.

This is not their code. It has two of its properties, for laws to check:

- A new batch norm without parameters is made in every call, so that it is always in
  training mode. It normalises each node *position* over the graphs of the batch, padded
  to the largest, and over the features. In their code it ends every convolution of the
  GNNs. Here it is applied to the given outputs R and Z, although in their code a linear
  map follows it in R. A single number is normalised to zero. `pool_without_norm` omits
  it, which is an option of their code.
- The link loss is the binary cross-entropy of A and min(S S^T, 1), averaged over the
  node pairs of all graphs in the batch. There is no entropy loss.
"""

from __future__ import annotations

from typing import Sequence

import autograd.numpy as np

from npdiffpool._support.types import Array
from npdiffpool.testing.subjects import Pooled

Arrays = Sequence[Array]

NORM_EPS, LOG_EPS = 1e-5, 1e-7
NORMALISED = (
    "R and Z are normalised before pooling, as the outputs of the convolutions are in "
    "the authors' code; without the norm this law holds"
)


def pool(A: Array, R: Array, Z: Array) -> Pooled:
    """Normalise logits and embeddings, then pool one graph."""
    return batched([A], [R], [Z])[0]


def batched(As: Arrays, Rs: Arrays, Zs: Arrays) -> list[Pooled]:
    """Normalise logits and embeddings, then pool a batch."""
    return batched_without_norm(As, _normalize(Rs), _normalize(Zs))


def pool_without_norm(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph."""
    return batched_without_norm([A], [R], [Z])[0]


def batched_without_norm(As: Arrays, Rs: Arrays, Zs: Arrays) -> list[Pooled]:
    """Pool a batch."""
    Ss = [_softmax(R) for R in Rs]
    L_link = _link_loss(As, Ss)
    return [
        Pooled(np.dot(np.dot(S.T, A), S), np.dot(S.T, Z), S, L_link)
        for A, S, Z in zip(As, Ss, Zs)
    ]


def _normalize(Hs: Arrays) -> list[Array]:
    """Normalise each node position over the padded graphs and the features."""
    N = max(map(len, Hs))
    rests = [np.zeros((N - len(H), H.shape[1]), H.dtype) for H in Hs]
    H = np.stack([np.concatenate(pair) for pair in zip(Hs, rests)])
    centred = H - np.mean(H, axis=(0, 2), keepdims=True)
    variance = np.mean(centred**2, axis=(0, 2), keepdims=True)
    normal = centred / np.sqrt(variance + NORM_EPS)
    return [normal[g, : len(H)] for g, H in enumerate(Hs)]


def _softmax(R: Array) -> Array:
    E = np.exp(R - np.max(R, axis=1, keepdims=True))
    return E / np.sum(E, axis=1, keepdims=True)


def _link_loss(As: Arrays, Ss: Arrays) -> Array:
    """Return the mean cross-entropy over the node pairs of the batch."""
    total = 0.0
    for A, S in zip(As, Ss):
        P = np.minimum(np.dot(S, S.T), 1.0)
        total = total - np.sum(A * np.log(P + LOG_EPS))
        total = total - np.sum((1 - A) * np.log(1 - P + LOG_EPS))
    return total / Ss[0].dtype.type(sum(A.size for A in As))


pool.choices = dict.fromkeys(("A3", "A7", "C1", "C10"), NORMALISED)
pool.batched = batched
pool_without_norm.batched = batched_without_norm
