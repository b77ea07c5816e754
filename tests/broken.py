"""Planted bugs: DiffPool with one mistake each, of a kind that people make.

`BUGS` has them by name, each beside what was right before it. The tables are to be
read: what stands in place of S, of X' and A', of the two losses, of a batch, of the
gradients; then in place of parts of layers, models, training and primitives.
test_laws_can_fail.py says which law sees which bug.
"""

from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

import autograd.numpy as np
import numpy
from autograd.tracer import getval
from scipy.special import entr

from npdiffpool import losses, model, paper, pooling, training
from npdiffpool.layers import batch_norm, init_batch_norm
from npdiffpool.optim import adam_init
from npdiffpool.primitives import log_softmax, segment_sum
from npdiffpool.testing import own_models, own_parts
from npdiffpool.testing.definitions import problem
from npdiffpool.testing.own import OWN
from npdiffpool.testing.own_parts import pool_by_paper
from npdiffpool.testing.subjects import Pooled, Subject, derive_vjp


class Bug(NamedTuple):
    """Hold a broken subject, and the one that it was before."""

    broken: Subject
    sound: Subject


BUGS: dict[str, Bug] = {}


def one_by_one(As, Rs, Zs):
    """Pool each graph of a batch as if it were alone, which is right."""
    return [pool_by_paper(*graph) for graph in zip(As, Rs, Zs)]


vjp_by_paper = derive_vjp(pool_by_paper)
PARTS = {"pool": pool_by_paper, "batched": one_by_one, "vjp": vjp_by_paper}
FLAGS = dict.fromkeys(("link", "entropy", "steered"), True)
PAPER = Subject("paper", {**PARTS, **FLAGS})


def plant(part: str, bugs: dict[str, Any], sound: Subject = PAPER) -> None:
    """Enter bugs that replace a part of a sound subject."""
    for name, function in bugs.items():
        assert name not in BUGS, name
        parts = {**sound.parts, part: function}
        if part == "pool":
            parts["vjp"] = derive_vjp(function)
        BUGS[name] = Bug(Subject(name, parts), sound)


def own(name: str) -> Subject:
    """Take one of npdiffpool's own subjects."""
    return next(subject for subject in OWN if subject.name == name)


# In place of S = softmax(R)


def assigning(assign):
    """Make a pooling layer of a function from R to S."""

    def pool(A, R, Z):
        S = assign(R)
        L_link, L_ent = paper.link_loss(A, S), paper.entropy_loss(S)
        return Pooled(*paper.coarsen(A, Z, S), S, L_link, L_ent)

    return pool


def softmax(R, axis=1, epsilon=0.0):
    E = np.exp(R - np.max(R, axis=axis, keepdims=True))
    return E / (np.sum(E, axis=axis, keepdims=True) + epsilon)


def positions(R):
    """Encode the numbers of nodes as waves."""
    waves = np.sin(np.outer(np.arange(len(R)), 0.5 ** np.arange(R.shape[1])))
    return waves.astype(R.dtype)


ASSIGNMENTS = {
    "softmax over columns": lambda R: softmax(R, axis=0),
    "a softmax that overflows": lambda R: (
        np.exp(R) / np.sum(np.exp(R), axis=1, keepdims=True)
    ),
    "log-softmax for softmax": log_softmax,
    "argmax for softmax": lambda R: np.eye(R.shape[1])[np.argmax(R, axis=1)],
    "softmax over a sum + epsilon": lambda R: softmax(R, epsilon=1e-12),
    "logits clipped at 10": lambda R: softmax(np.clip(R, -10, 10)),
    "node positions in the logits": lambda R: softmax(R + positions(R)),
    "softmax of 2 R": lambda R: softmax(2 * R),
}
plant("pool", {name: assigning(f) for name, f in ASSIGNMENTS.items()})


# In place of X' = S^T Z, A' = S^T A S, ||A - S S^T||, the mean of -sum S log S


def giving(output, function):
    """Make a pooling layer with one output that is a function of A, Z and S."""

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
    """Put one where x is zero."""
    return np.where(x > 0, x, 1.0).astype(x.dtype)


def n(A):
    return max(len(A), 1)


def by_degree(A):
    return A / or_one(np.sum(A, axis=1, keepdims=True))


def degrees_pooled(A, Z, S):
    """Pool the features in place of Z: of a data set without any, the degrees."""
    return np.dot(S.T, np.sum(A, axis=1, keepdims=True) * np.ones_like(Z))


FEATURES = {
    "X pooled in place of Z": degrees_pooled,
    "the mean of Z": lambda A, Z, S: S.T @ Z / or_one(np.sum(S, axis=0))[:, None],
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
    "edges i < j alone read": lambda A, Z, S: coarse(np.triu(A), S),
    "edges k <= l alone kept": lambda A, Z, S: np.triu(coarse(A, S)),
    "A' in float64": lambda A, Z, S: coarse(A + np.zeros(A.shape), S),
}


def norm(A, S):
    return paper.frobenius_norm(A - np.dot(S, S.T))


def square(A, S):
    return np.sum((A - np.dot(S, S.T)) ** 2)


def root_in_a_where(A, Z, S):
    """Leave the root out at zero, but not its slope: 0 times infinity."""
    return np.where(square(A, S) > 0, np.sqrt(square(A, S)), 0.0)


def by_cross_entropy(A, Z, S):
    """Compare A with S S^T as the authors' code does, but for its epsilon."""
    P = np.dot(S, S.T)
    return -np.sum(A * np.log(P) + (1 - A) * np.log(1 - P))


def by_traces(A, Z, S):
    """||A||^2 - 2 tr S^T A S + ||S^T S||^2 cancels in the input's precision."""
    gram = np.dot(S.T, S)
    squared = np.sum(A * A) - 2 * np.trace(coarse(A, S)) + np.sum(gram * gram)
    return np.sqrt(np.maximum(squared, 0))


LINKS = {
    "the link loss squared": lambda A, Z, S: square(A, S),
    "the link loss over n^2": lambda A, Z, S: norm(A, S) / n(A) ** 2,
    "the link loss without squares": lambda A, Z, S: np.sum(A - np.dot(S, S.T)),
    "the link loss without a cluster": lambda A, Z, S: norm(A, S[:, 1:]),
    "the link loss to A without self-loops": lambda A, Z, S: norm(off_diagonal(A), S),
    "the link loss to edges i < j": lambda A, Z, S: norm(np.triu(A), S),
    "the link loss with an epsilon": lambda A, Z, S: np.sqrt(square(A, S) + 1e-12),
    "the link loss by a plain root": lambda A, Z, S: np.sqrt(square(A, S)),
    "the link loss by a root in a where": root_in_a_where,
    "the link loss by traces in float32": by_traces,
    "cross-entropy for the link loss": by_cross_entropy,
}


def total(S, log=np.log, epsilon=0.0):
    return -np.sum(S * log(S + epsilon if epsilon else or_one(S)))


ENTROPIES = {
    "entropy in bits": lambda A, Z, S: total(S, np.log2) / n(S),
    "entropy a node and a cluster": lambda A, Z, S: total(S) / max(S.size, 1),
    "entropy with an epsilon": lambda A, Z, S: total(S, epsilon=1e-8) / n(S),
    "entropy by S log S": lambda A, Z, S: -np.sum(S * np.log(S)) / n(S),
    "entropy summed over nodes": lambda A, Z, S: total(S),
    "entropy over log K": lambda A, Z, S: total(S) / n(S) / np.log(max(S.shape[1], 2)),
    "entropy of the wrong sign": lambda A, Z, S: -total(S) / n(S),
    "entropy of the mean row": lambda A, Z, S: total(np.sum(S, axis=0) / n(S)),
}
OUTPUTS = {"X": FEATURES, "A": ADJACENCIES, "link": LINKS, "entropy": ENTROPIES}
for output, functions in OUTPUTS.items():
    plant("pool", {name: giving(output, f) for name, f in functions.items()})


def without_loops(A, R, Z):
    """Take self-loops out of the caller's own array."""
    numpy.fill_diagonal(A, 0)
    return pool_by_paper(A, R, Z)


def with_wide_losses(A, R, Z):
    """Divide the losses by a number of NumPy's default precision."""
    pooled, one = pool_by_paper(A, R, Z), np.float64(1)
    return pooled._replace(link=pooled.link / one, entropy=pooled.entropy / one)


plant("pool", {"self-loops taken out in place": without_loops})
plant("pool", {"losses in float64": with_wide_losses})


# In place of each graph of a batch as if it were alone


def padded(arrays):
    """Stack arrays of unlike lengths, with rows of zeros at their ends."""
    longest = max(map(len, arrays))
    return np.array([np.pad(x, [(0, longest - len(x)), (0, 0)]) for x in arrays])


def mean_over_padding(As, Rs, Zs):
    pooled = one_by_one(As, Rs, Zs)
    S = padded([one.S for one in pooled])
    L_ent = np.sum(entr(S)) / max(S.shape[0] * S.shape[1], 1)
    return [one._replace(entropy=L_ent) for one in pooled]


def one_norm(As, Rs, Zs):
    pooled = one_by_one(As, Rs, Zs)
    L_link = np.sqrt(sum(one.link**2 for one in pooled))
    return [one._replace(link=L_link) for one in pooled]


def summed_over_graphs(As, Rs, Zs):
    pooled = one_by_one(As, Rs, Zs)
    return [one._replace(entropy=sum(p.entropy for p in pooled)) for one in pooled]


def sorted_by_size(As, Rs, Zs):
    """Pool the largest first, for less padding, and leave them so."""
    order = sorted(range(len(As)), key=lambda g: -len(As[g]))
    return [one_by_one(As, Rs, Zs)[g] for g in order]


def normalised(axes):
    """Make a batched form that standardises padded logits over some axes."""

    def batched(As, Rs, Zs):
        R = padded(Rs)
        m, v = R.mean(axes, keepdims=True), R.var(axes, keepdims=True)
        R = (R - m) / np.sqrt(v + 1e-5)
        return one_by_one(As, [R_g[: len(A)] for R_g, A in zip(R, As)], Zs)

    return batched


def losses_of_the_graph_before(As, Rs, Zs):
    pools = one_by_one(As, Rs, Zs)
    before = [pools[-1], *pools[:-1]]
    return [p._replace(link=q.link, entropy=q.entropy) for p, q in zip(pools, before)]


BATCHES = {
    "padding counted in a mean": mean_over_padding,
    "one norm over the batch": one_norm,
    "node positions in a batch": lambda *lists: [
        assigning(ASSIGNMENTS["node positions in the logits"])(*graph)
        for graph in zip(*lists)
    ],
    "a sum over the batch": summed_over_graphs,
    "graphs left sorted by size": sorted_by_size,
    "losses of the graph before": losses_of_the_graph_before,
    "batch norm of logits": normalised((0, 1)),
    "batch norm of logits over the node index": normalised((0, 2)),
}
plant("batched", BATCHES)


# In place of the gradients


def through_softmax(S, dS):
    return S * (dS - np.sum(S * dS, axis=1, keepdims=True))


def one_factor(A, R, Z, G):
    """dS of S^T A S is A S G^T + A^T S G: forget the second."""
    S = paper.assign(R)
    return through_softmax(S, A @ S @ G.T), np.zeros_like(Z)


def of_symmetric(A, R, Z, G):
    """dS of the norm of M = A - S S^T is -(M + M^T) S / L: take M for M^T."""
    S = paper.assign(R)
    M = A - S @ S.T
    dS = -2 * G * M @ S / or_one(paper.frobenius_norm(M))
    return through_softmax(S, dS), np.zeros_like(Z)


def by_s(A, R, Z, G):
    """Hand the gradient by S on as that by R."""
    return -G * (np.log(or_one(paper.assign(R))) + 1) / n(A), np.zeros_like(Z)


def without_h(A, R, Z, G):
    """dR of the entropy is -S (log S + H): forget H."""
    S = paper.assign(R)
    return -G * S * np.log(or_one(S)) / n(A), np.zeros_like(Z)


def gathered(A, R, Z, G):
    """Gather the gradient in an array of NumPy's default precision."""
    dR, dZ = vjp_by_paper(A, R, Z, "A", G)
    return np.zeros(R.shape) + dR, dZ


def only_for(wrong_output, function):
    """Make a vjp that is wrong for one output."""

    def vjp(A, R, Z, output, G):
        if output == wrong_output:
            return function(A, R, Z, G)
        return vjp_by_paper(A, R, Z, output, G)

    return vjp


def in_float64(A, R, Z, G):
    dR, dZ = vjp_by_paper(A, R, Z, "link", G)
    return dR.astype(float), dZ


def losses_by_z(A, R, Z, output, G):
    """Add to the slope by Z where the output does not depend on Z."""
    dR, dZ = vjp_by_paper(A, R, Z, output, G)
    return dR, dZ + (output in ("link", "entropy"))


VJPS = {
    "a vjp of A' with a missing term": only_for("A", one_factor),
    "a vjp of the link loss as if A = A^T": only_for("link", of_symmetric),
    "a vjp of the entropy by S": only_for("entropy", by_s),
    "a vjp of the entropy without H": only_for("entropy", without_h),
    "a vjp of A' in float64": only_for("A", gathered),
    "a vjp of the link loss in float64": only_for("link", in_float64),
    "a vjp of losses by Z": losses_by_z,
}
plant("vjp", VJPS)


# Graph layers


def patched(part, owner, name, value):
    """Run a part while a name of a module stands for something else."""

    def run(*args, **options):
        with patch.object(owner, name, value):
            return part(*args, **options)

    return run


def deg(A):
    return np.sum(A, axis=1)


def normalized(A, deg):
    """Give A_ij / sqrt(d_i d_j), and 0 for 0 / 0."""
    return A / np.sqrt(or_one(deg))[:, None] / np.sqrt(or_one(deg))[None, :]


def gcn_without_loops(seed, A, X):
    """Divide by the degrees, some of which are zero."""
    W = np.random.default_rng(seed).normal(size=(X.shape[1], X.shape[1]))
    A_hat = A / np.sqrt(deg(A))[:, None] / np.sqrt(deg(A))[None, :]
    return np.maximum(A_hat @ X @ W.astype(X.dtype), 0)


def of_two_hops(seed, A, X):
    return own_parts.layer_of_engine("sage", seed, A + A @ A, X)


def over_features(H):
    return batch_norm(init_batch_norm(len(H), H.dtype), H.T)[0].T


one_over_n = {"frobenius": 0, "nodes": 1, "entries": 1}
LAYERS = {
    "scaled_link": {
        "the link loss over n for over n^2": patched(
            own_parts.scaled_link, losses, "LINK_SCALES", one_over_n
        ),
    },
    "propagation": {
        "degrees without the self-loops": lambda A: normalized(A + eye(A), deg(A)),
        "gcn without self-loops": lambda A: normalized(A, deg(A)),
        "gcn normalised by rows": lambda A: (A + eye(A)) / (1 + deg(A))[:, None],
    },
    "neighbour_mean": {
        "a mean over the neighbours + 1": lambda A: A / (1 + deg(A))[:, None],
    },
    "standardize": {"batch norm over the features": over_features},
    "evaluate_norm": {
        "moments of the batch at evaluation": lambda seed, H: (
            own_parts.norm(seed, None, H)
        ),
    },
}
for part, bugs in LAYERS.items():
    plant(part, bugs, own("engine"))
of_nodes = {
    # with a gamma and a beta for each number that a node can have
    "batch norm over the node index": lambda seed, A, X: (
        own_parts.norm(seed, A, X.T).T
    ),
}
plant("equivariant", of_nodes, own("engine, batch norm"))
of_layers = {
    "two hops in a layer": of_two_hops,
    "a layer without self-loops": gcn_without_loops,
}
plant("layer", of_layers, own("engine, a layer of sage"))


# Models and training


def numbers(X):
    return 0.1 * np.arange(len(X))[:, None]


def first_node(Z, offsets, kind):
    return Z[offsets[:-1]]


def mean_by_integers(Z, offsets, kind):
    """Divide float32 by int64, which gives float64."""
    return segment_sum(Z, offsets) / np.maximum(np.diff(offsets), 1)[:, None]


def layers_input(level, Z, S, sound=pooling.coarsen):
    """Pool the input of an upper level, which is as wide as its embeddings."""
    return sound(level, level.X if level.X.shape == Z.shape else Z, S)


def global_order(data, batch_size, rng, sound=training.minibatches):
    return sound(data, batch_size, np.random)


def forgetful(*args, resume=None, sound=training.fit, **options):
    """Go on with the moments of Adam at zero."""
    if resume is not None:
        resume = resume._replace(adam=adam_init(resume.vector))
    return sound(*args, resume=resume, **options)


MODELS = own("engine, models")
assign, run, predict = (MODELS.parts[p] for p in ("assigner", "model", "predict"))
flat = dict(gnn="gcn", clusters=(), n_layers=1)  # trained fast
train = partial(own_models.train, flat)


def masked(seed, A, X, *clusters):
    """Mask the clusters from the n-th on, as there are but n nodes."""
    S = assign(seed, A, X, *clusters)
    S = np.where(np.arange(S.shape[1]) < n(A), S, 0)
    return S / np.sum(S, axis=1, keepdims=True)


def noisy(seed, A, X):
    return run(seed, A, X + np.random.default_rng(0).normal(size=X.shape))


def indices(seed, As, Xs, labels, **changes):
    """Predict the index of a class, not its name."""
    index = np.unique(labels, return_inverse=True)[1]
    return predict(seed, As, Xs, index, **changes)


of_models = {
    "assigner": {
        "node numbers in the assignment": lambda seed, A, X, *clusters: (
            assign(seed, A, X + numbers(X), *clusters)
        ),
        "at most n clusters": masked,
    },
    "model": {
        "node numbers in the model": lambda seed, A, X: run(seed, A, X + numbers(X)),
        "random node features": noisy,
        "a readout of the first node": patched(run, model, "_readout", first_node),
        "a mean over an int": patched(run, model, "_readout", mean_by_integers),
    },
    "predict": {
        "classes as numbers": indices,
        "edges ignored": lambda seed, As, *data, **changes: (
            predict(seed, [0 * A for A in As], *data, **changes)
        ),
    },
}
for part, bugs in of_models.items():
    plant(part, bugs, MODELS)
of_training = {
    "training by the first node": patched(train, model, "_readout", first_node),
    "the global generator": patched(train, training, "minibatches", global_order),
    "Adam's moments forgotten": patched(train, own_models, "fit", forgetful),
}
plant("train", of_training, Subject("a flat gcn", {"train": train}))
engine_loss = patched(own_models.engine_loss, model, "coarsen", layers_input)
plant("engine_loss", {"X for Z at the second level": engine_loss}, own("engine"))


# Primitives


def with_epsilon(sizes, seed, *dtype):
    """Keep a length from zero by adding to it."""
    _, definition, arrays = problem("l2_normalize", sizes, seed, *dtype)

    def fused(X):
        return X / (np.sqrt(np.sum(X * X, axis=1, keepdims=True)) + 1e-8)

    return fused, definition, arrays


def masked_in_place(G, Y):
    G *= Y > 0
    return G


of_softmax = {
    "the diagonal of the softmax's slope": lambda S, R: lambda G: S * (1 - S) * G,
    # right at first order, but S depends on R
    "a slope held constant": lambda S, R: lambda G: through_softmax(getval(S), G),
}
of_relu = {
    "a slope of 1.0 and 0.0": lambda Y, X: lambda G: G * np.where(Y > 0, 1.0, 0.0),
    "a gradient written over": lambda Y, X: lambda G: masked_in_place(G, Y),
}
for name, makers in {"row_softmax": of_softmax, "relu": of_relu}.items():
    wrong = {bug: partial(problem, name, wrong=(0, makers[bug])) for bug in makers}
    plant("primitive", wrong, own(f"primitive {name}"))
right = (0, lambda Y, X: lambda G: G * (X > 0))
plant("wrong_gradients", {"a wrong one that is right": [right]}, own("primitive relu"))
plant("primitive", {"a length + epsilon": with_epsilon}, own("primitive l2_normalize"))
