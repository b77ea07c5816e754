"""Planted bugs: implementations with one typical mistake each.

`BUGS` has each bug by name, with the correct implementation. This file has mistakes in
S, in X' and A', and in the two losses; broken_batches.py has those of batches and of
gradients, broken_poolings.py those of MinCutPool, DMoN, Top-K and Graclus, and
broken_parts.py those of layers, models, training and primitives.
test_laws_can_fail.py lists which law detects which bug.
"""

from typing import Any, NamedTuple

import autograd.numpy as np
import numpy

from npdiffpool import paper
from npdiffpool.testing.own.parts import pool_by_paper
from npdiffpool.testing.own.subjects import OWN
from npdiffpool.testing.subjects import Pooled, Subject, derive_vjp


class Bug(NamedTuple):
    """A broken subject, and the correct one."""

    broken: Subject
    sound: Subject


BUGS: dict[str, Bug] = {}


def one_by_one(As, Rs, Zs):
    """Pool each graph of a batch alone, which is correct."""
    return [pool_by_paper(*graph) for graph in zip(As, Rs, Zs)]


vjp_by_paper = derive_vjp(pool_by_paper)
PARTS = {"pool": pool_by_paper, "batched": one_by_one, "vjp": vjp_by_paper}
FLAGS = dict.fromkeys(("link", "entropy", "softmax"), True)
PAPER = Subject("paper", {**PARTS, **FLAGS})


def plant(part: str, bugs: dict[str, Any], sound: Subject = PAPER) -> None:
    """Register bugs that replace one part of a correct subject."""
    for name, function in bugs.items():
        assert name not in BUGS, name
        parts = {**sound.parts, part: function}
        if part == "pool":
            parts["vjp"] = derive_vjp(function)
        BUGS[name] = Bug(Subject(name, parts, claims=sound.claims), sound)


def own(name: str) -> Subject:
    """Return one of npdiffpool's own subjects."""
    return next(subject for subject in OWN if subject.name == name)


# Mistakes in S = softmax(R)


def assigning(assign):
    """Return a pooling layer with S = assign(R); it accepts NaN."""

    def pool(A, R, Z):
        S = assign(R)
        L_link = paper.frobenius_norm(A - np.dot(S, S.T))
        L_ent = -np.sum(S * np.log(np.where(S > 0, S, 1.0))) / max(len(S), 1)
        return Pooled(np.dot(S.T, np.dot(A, S)), np.dot(S.T, Z), S, L_link, L_ent)

    return pool


def softmax(R, axis=1, epsilon=0.0):
    E = np.exp(R - np.max(R, axis=axis, keepdims=True))
    return E / (np.sum(E, axis=axis, keepdims=True) + epsilon)


def positions(R):
    """Return a sinusoidal encoding of the node indices."""
    waves = np.sin(np.outer(np.arange(len(R)), 0.5 ** np.arange(R.shape[1])))
    return waves.astype(R.dtype)


ASSIGNMENTS = {
    "softmax over columns": lambda R: softmax(R, axis=0),
    "a softmax that overflows": lambda R: (
        np.exp(R) / np.sum(np.exp(R), axis=1, keepdims=True)
    ),
    "log-softmax in place of softmax": lambda R: np.log(softmax(R)),
    "argmax in place of softmax": lambda R: np.eye(R.shape[1])[np.argmax(R, axis=1)],
    "softmax over a sum + epsilon": lambda R: softmax(R, epsilon=1e-12),
    "logits clipped at 10": lambda R: softmax(np.clip(R, -10, 10)),
    "node positions in the logits": lambda R: softmax(R + positions(R)),
    "softmax of 2 R": lambda R: softmax(2 * R),
}
plant("pool", {name: assigning(f) for name, f in ASSIGNMENTS.items()})


# Mistakes in X' = S^T Z, A' = S^T A S and the losses


def with_output(output, function):
    """Return a pooling layer with one output replaced by a function of A, Z and S."""

    def pool(A, R, Z):
        sound = pool_by_paper(A, R, Z)
        return sound._replace(**{output: function(A, Z, sound.S)})

    return pool


def coarse(A, S):
    return np.dot(np.dot(S.T, A), S)


def eye(A):
    return np.eye(len(A), dtype=A.dtype)


def off_diagonal(A):
    return A * (1 - eye(A))


def or_one(x):
    """Replace zeros by one."""
    return np.where(x > 0, x, 1.0).astype(x.dtype)


def n(A):
    return max(len(A), 1)


def by_degree(A):
    return A / or_one(np.sum(A, axis=1, keepdims=True))


def degrees_pooled(A, Z, S):
    """Pool the node features, here the degrees, in place of Z."""
    return np.dot(S.T, np.sum(A, axis=1, keepdims=True) * np.ones_like(Z))


FEATURES = {
    "X pooled in place of Z": degrees_pooled,
    "a mean of Z in place of the sum": lambda A, Z, S: S.T
    @ Z
    / or_one(np.sum(S, axis=0))[:, None],
    "X' as n times a mean": lambda A, Z, S: len(A) * (np.dot(S.T, Z) / len(A)),
}
ADJACENCIES = {
    "a transposed A'": lambda A, Z, S: np.dot(np.dot(A, S).T, S),
    "A' without its diagonal": lambda A, Z, S: off_diagonal(coarse(A, S)),
    "A' less the identity": lambda A, Z, S: coarse(A, S) - np.eye(S.shape[1]),
    "A + I pooled": lambda A, Z, S: coarse(A + eye(A), S),
    "D - A pooled": lambda A, Z, S: coarse(eye(A) * np.sum(A, axis=1) - A, S),
    "A' over its degrees": lambda A, Z, S: by_degree(coarse(A, S)),
    "A' over n": lambda A, Z, S: coarse(A, S) / n(A),
    "A' of zeros and ones": lambda A, Z, S: (coarse(A, S) > 0).astype(A.dtype),
    "only edges i < j read": lambda A, Z, S: coarse(np.triu(A), S),
    "only edges k <= l kept": lambda A, Z, S: np.triu(coarse(A, S)),
    "A' in float64": lambda A, Z, S: coarse(A + np.zeros(A.shape), S),
}


def norm(A, S):
    return paper.frobenius_norm(A - np.dot(S, S.T))


def square(A, S):
    return np.sum((A - np.dot(S, S.T)) ** 2)


def root_in_a_where(A, Z, S):
    """Avoid the root at zero, but not its slope: the gradient is 0 times infinity."""
    return np.where(square(A, S) > 0, np.sqrt(square(A, S)), 0.0)


def by_cross_entropy(A, Z, S):
    """Return the loss of the authors' code, without its epsilon."""
    P = np.dot(S, S.T)
    return -np.sum(A * np.log(P) + (1 - A) * np.log(1 - P))


def by_traces(A, Z, S):
    """Compute ||A||^2 - 2 tr S^T A S + ||S^T S||^2, which cancels in float32."""
    gram = np.dot(S.T, S)
    squared = np.sum(A * A) - 2 * np.trace(coarse(A, S)) + np.sum(gram * gram)
    return np.sqrt(np.maximum(squared, 0))


LINKS = {
    "the link loss squared": lambda A, Z, S: square(A, S),
    "the link loss over n^2": lambda A, Z, S: norm(A, S) / n(A) ** 2,
    "the link loss without squares": lambda A, Z, S: np.sum(A - np.dot(S, S.T)),
    "the link loss without a cluster": lambda A, Z, S: norm(A, S[:, 1:]),
    "the link loss of A without self-loops": lambda A, Z, S: norm(off_diagonal(A), S),
    "the link loss of edges i < j": lambda A, Z, S: norm(np.triu(A), S),
    "the link loss with an epsilon": lambda A, Z, S: np.sqrt(square(A, S) + 1e-12),
    "the link loss as a plain square root": lambda A, Z, S: np.sqrt(square(A, S)),
    "the link loss as n times a mean": lambda A, Z, S: len(A) * (norm(A, S) / len(A)),
    "the link loss as a square root inside where": root_in_a_where,
    "the link loss by the trace identity in float32": by_traces,
    "cross-entropy in place of the link loss": by_cross_entropy,
}


def total(S, log=np.log, epsilon=0.0):
    return -np.sum(S * log(S + epsilon if epsilon else or_one(S)))


ENTROPIES = {
    "entropy in bits": lambda A, Z, S: total(S, np.log2) / n(S),
    "entropy per node and cluster": lambda A, Z, S: total(S) / max(S.size, 1),
    "entropy over n, also for n = 0": lambda A, Z, S: total(S) / len(S),
    "entropy with an epsilon": lambda A, Z, S: total(S, epsilon=1e-8) / n(S),
    "entropy as a plain S log S": lambda A, Z, S: -np.sum(S * np.log(S)) / n(S),
    "entropy summed over nodes": lambda A, Z, S: total(S),
    "entropy over log K": lambda A, Z, S: total(S) / n(S) / np.log(max(S.shape[1], 2)),
    "entropy of the wrong sign": lambda A, Z, S: -total(S) / n(S),
    "entropy of the mean row": lambda A, Z, S: total(np.sum(S, axis=0) / n(S)),
}
OUTPUTS = {"X": FEATURES, "A": ADJACENCIES, "link": LINKS, "entropy": ENTROPIES}
for output, functions in OUTPUTS.items():
    plant("pool", {name: with_output(output, f) for name, f in functions.items()})


def without_loops(A, R, Z):
    """Remove self-loops from the caller's array."""
    numpy.fill_diagonal(A, 0)
    return pool_by_paper(A, R, Z)


def with_wide_losses(A, R, Z):
    """Divide the losses by a float64."""
    pooled, one = pool_by_paper(A, R, Z), np.float64(1)
    return pooled._replace(link=pooled.link / one, entropy=pooled.entropy / one)


def one_node_as_it_is(A, R, Z):
    """Return the arguments where there is nothing to pool."""
    pooled = pool_by_paper(A, R, Z)
    return pooled._replace(A=A, X=Z) if A.shape == R.shape == (1, 1) else pooled


def as_in_memory(M):
    """Read a matrix in the order of its memory."""
    return numpy.ravel(M, "K").reshape(M.shape)


def as_native(M):
    """Read the bytes of a matrix in the order of the machine."""
    return M.view(M.dtype.newbyteorder("="))


IN_MEMORY = {
    "self-loops removed in place": without_loops,
    "a graph of one node returned as it is": one_node_as_it_is,
    "A read in the order of its memory": lambda A, R, Z: (
        pool_by_paper(as_in_memory(A), R, Z)
    ),
    "bytes of A in the order of the machine": lambda A, R, Z: (
        pool_by_paper(as_native(A), R, Z)
    ),
}
plant("pool", IN_MEMORY)
plant("pool", {"losses in float64": with_wide_losses})
