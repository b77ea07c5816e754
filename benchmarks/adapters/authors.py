"""The released code of the paper's authors, retold from a description of it.

Not their code: what is known of it, in the fewest lines, for laws to be checked.

- A batch norm without parameters is built anew in every call, so it is never at
  evaluation, and it normalises each node *position* over the graphs of the batch,
  padded to the largest, and their features. It ends every convolution of the GNNs;
  here, where their outputs R and Z are given, it is applied to these, though a
  linear map comes after it in their R. A single number is normalised to zero.
  `pool_without_norm` leaves it out, as their code can.
- The link loss is a binary cross-entropy of A against min(S S^T, 1), the mean over
  the node pairs of all graphs in the batch. There is no entropy loss.
"""

from __future__ import annotations

from typing import Any, Sequence

import autograd.numpy as np

from npdiffpool.testing.subjects import Pooled

Array = Any
Arrays = Sequence[Any]

NORM_EPS, LOG_EPS = 1e-5, 1e-7
NORMALISED = (
    "R and Z are normalised before they are pooled, as their GNNs' convolutions are; "
    "without the norm this law holds"
)


def pool(A: Array, R: Array, Z: Array) -> Pooled:
    """Pool one graph, logits and embeddings normalised first."""
    return batched([A], [R], [Z])[0]


def batched(As: Arrays, Rs: Arrays, Zs: Arrays) -> list[Pooled]:
    """Pool a batch, logits and embeddings normalised first."""
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
    """Normalise each position over graphs and features, padded to the largest."""
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
    """Average the cross-entropy over the pairs of the batch; NaN where none is."""
    total = 0.0
    for A, S in zip(As, Ss):
        P = np.minimum(np.dot(S, S.T), 1.0)
        total = total - np.sum(A * np.log(P + LOG_EPS))
        total = total - np.sum((1 - A) * np.log(1 - P + LOG_EPS))
    return total / Ss[0].dtype.type(sum(A.size for A in As))


pool.choices = dict.fromkeys(  # type: ignore[attr-defined]
    ("A7", "C1", "C10"), NORMALISED
)
pool.batched = batched  # type: ignore[attr-defined]
pool_without_norm.batched = batched_without_norm  # type: ignore[attr-defined]
