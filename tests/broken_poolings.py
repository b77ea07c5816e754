"""Planted bugs in MinCutPool, DMoN, Top-K and Graclus pooling; see broken.py."""

import autograd.numpy as np
import other_poolings as sound
from broken import plant

from npdiffpool.testing.subjects import subject_of

SOUND = {name: subject_of(pool, profile=name) for name, pool in sound.POOLINGS.items()}


def with_output(name, output, function):
    """Return a pooling with one output replaced by a function of A, Z and S."""

    def pool(A, R, Z):
        pooled = sound.POOLINGS[name](A, R, Z)
        return pooled._replace(**{output: function(A, Z, pooled.S)})

    return pool


def over_entries(A, S):
    """Normalise by n in place of 2m."""
    return sound.modularity_loss(A, S) * np.sum(A) / len(A)


def with_loops(A, Z, S):
    return np.dot(np.dot(S.T, A), S)


def by_rows(A, Z, S):
    C = sound.without_loops(A, S)
    return C / sound.or_one(np.sum(C, axis=1, keepdims=True))


def norm_of_one(A, Z, S):
    """Divide only S^T S by its norm."""
    gram = np.dot(S.T, S)
    return np.sqrt(np.sum((gram / np.sqrt(np.sum(gram**2)) - np.eye(len(gram))) ** 2))


WRONG = {
    "graclus": {
        "matched nodes with a self-loop": ("A", with_loops),
        "a sum over matched nodes": ("X", lambda A, Z, S: np.dot(S.T, Z)),
    },
    "mincut": {
        "A' normalised with its diagonal": (
            "A",
            lambda A, Z, S: with_loops(A, Z, S)
            / sound.or_one(np.sum(with_loops(A, Z, S), axis=1, keepdims=True)),
        ),
        "A' normalised by rows": ("A", by_rows),
        "a cut of the pooled degrees": (
            "cut",
            lambda A, Z, S: -np.trace(with_loops(A, Z, S))
            / sound.or_one(np.sum(with_loops(A, Z, S))),
        ),
        "a cut of graphs without edges": (
            "cut",
            lambda A, Z, S: -np.sum(S * np.dot(A, S))
            / np.sum(np.dot(np.sum(A, axis=1), S**2)),
        ),
        "orthogonality to the identity": ("orthogonality", norm_of_one),
    },
    "dmon": {
        "modularity over n": ("modularity", lambda A, Z, S: over_entries(A, S)),
        "collapse without its constant": (
            "collapse",
            lambda A, Z, S: sound.collapse_loss(A, S) + 1,
        ),
    },
}
for name, bugs in WRONG.items():
    changed = {bug: with_output(name, *change) for bug, change in bugs.items()}
    plant("pool", changed, SOUND[name])


def keeping_the_first(A, R, Z):
    """Keep the first K nodes."""
    return sound.topk(A, -np.arange(len(R))[:, None] * np.ones_like(R), Z)


def with_all_edges(A, R, Z):
    """Add paths of two edges to A', as the published code of Top-K does."""
    squared = A + np.dot(A, A)
    return sound.topk(A, R, Z)._replace(A=sound.topk(squared, R, Z).A)


def without_scores(A, R, Z):
    """Return S and X' of zeros."""
    pooled = sound.topk(A, R, Z)
    return pooled._replace(S=0 * pooled.S, X=0 * pooled.X)


def over_the_weights(A, R, Z):
    """Divide by the sum of the weights, which is 0 without edges."""
    pooled, total = sound.topk(A, R, Z), np.sum(A)
    S = np.where(pooled.S == 0, 0, pooled.S * (total / total))
    return pooled._replace(S=S, X=np.dot(S.T, Z))


of_topk = {
    "the first nodes kept": keeping_the_first,
    "edges of A + A^2": with_all_edges,
    "S and X' of zeros": without_scores,
    "scores over the sum of the weights": over_the_weights,
}
plant("pool", of_topk, SOUND["topk"])


def in_one(name):
    """Return a batch form whose losses are those of the disjoint union."""

    def batched(As, Rs, Zs):
        sizes = [len(A) for A in As]
        offsets = np.cumsum([0, *sizes])
        union = np.zeros((offsets[-1], offsets[-1]))
        for A, start in zip(As, offsets):
            union[start : start + len(A), start : start + len(A)] = A
        pool = sound.POOLINGS[name]
        losses = pool(union, np.concatenate(Rs), np.concatenate(Zs))
        pooled = [pool(*graph) for graph in zip(As, Rs, Zs)]
        return [losses._replace(A=p.A, X=p.X, S=p.S) for p in pooled]

    return batched


plant("batched", {"MinCutPool's losses of a union": in_one("mincut")}, SOUND["mincut"])
plant("batched", {"DMoN's losses of a union": in_one("dmon")}, SOUND["dmon"])


def half(A, R, Z, output, G):
    return [gradient / 2 for gradient in SOUND["dmon"].parts["vjp"](A, R, Z, output, G)]


plant("vjp", {"half a gradient of DMoN": half}, SOUND["dmon"])
