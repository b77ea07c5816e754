"""Planted bugs in layers, models, training and primitives; see broken.py."""

from functools import partial
from unittest.mock import patch

import autograd.numpy as np
from autograd.tracer import getval
from broken import eye, n, or_one, own, plant
from broken_batches import through_softmax

from npdiffpool._support.threads import count_threads, is_worth_threads
from npdiffpool.engine import layers, losses, model, pooling, primitives
from npdiffpool.engine.canonical_order import in_canonical_order
from npdiffpool.engine.layers import batch_norm, init_batch_norm
from npdiffpool.engine.segments import segment_sum
from npdiffpool.estimators import explanation
from npdiffpool.estimators.fitting import inputs, prepare
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.testing.own import forms as own_forms
from npdiffpool.testing.own import functions as own_functions
from npdiffpool.testing.own import models as own_models
from npdiffpool.testing.own import parts as own_parts
from npdiffpool.testing.own.problems import problem
from npdiffpool.testing.subjects import Subject
from npdiffpool.training import fit as training
from npdiffpool.training.adam import adam_init

# Graph layers


def patched(part, owner, name, value):
    """Return a part that runs with one name of a module replaced."""

    def run(*args, **options):
        with patch.object(owner, name, value):
            return part(*args, **options)

    return run


def deg(A):
    return np.sum(A, axis=1)


def normalized(A, deg):
    """Return A_ij / sqrt(d_i d_j), with 0 for 0 / 0."""
    return A / np.sqrt(or_one(deg))[:, None] / np.sqrt(or_one(deg))[None, :]


def gcn_without_loops(seed, A, X):
    """Divide by degrees that may be zero."""
    W = np.random.default_rng(seed).normal(size=(X.shape[1], X.shape[1]))
    A_hat = A / np.sqrt(deg(A))[:, None] / np.sqrt(deg(A))[None, :]
    return np.maximum(A_hat @ X @ W.astype(X.dtype), 0)


def of_two_hops(seed, A, X):
    return own_parts.layer_of_engine("sage", seed, A + A @ A, X)


def over_features(H):
    return batch_norm(init_batch_norm(None, len(H), H.dtype), H.T)[0].T


def as_directed(A, R, Z):
    """Pool as if A were directed: A' is symmetric up to rounding."""
    level = own_parts.sparse_level([A], Z)._replace(symmetric=None)
    return own_parts.pool_level(level, R)[0]


def all_or_none(As, Rs, Zs):
    """Pool as if all graphs were directed if one of them is."""
    level = own_parts.sparse_level(As, np.concatenate(Zs))
    every = np.full(len(As), level.symmetric.all())
    level = level._replace(symmetric=every)
    return own_parts.pool_level(level, np.concatenate(Rs))


def mean_above_the_root(A):
    """Return D^-1 A, with 0 for degrees up to the root of the smallest number."""
    deg = np.sum(A, axis=-1, keepdims=True)
    return A * (deg > np.sqrt(np.finfo(A.dtype).tiny)) / or_one(deg)


def by_where(seed, dtype):
    """Replace the ReLU of the paper."""
    functions = own_functions.functions_of_paper(seed, dtype)
    arrays = functions["relu"][1]
    return {**functions, "relu": (lambda H: np.where(H > 0, H, 0.0), arrays)}


one_over_n = {"frobenius": 0, "nodes": 1, "entries": 1}
LAYERS = {
    "pool": {"A' symmetric up to rounding": as_directed},
    "batched": {"A' symmetric only if every graph is": all_or_none},
    "forms": {
        "a mean that neglects larger degrees in a stack": patched(
            own_forms.forms, layers, "row_mean", mean_above_the_root
        ),
    },
    "scaled_link": {
        "the link loss over n in place of n^2": patched(
            own_parts.scaled_link, losses, "LINK_SCALES", one_over_n
        ),
    },
    "propagation": {
        "degrees without self-loops": lambda A: normalized(A + eye(A), deg(A)),
        "gcn without self-loops": lambda A: normalized(A, deg(A)),
        "gcn normalised by rows": lambda A: (A + eye(A)) / (1 + deg(A))[:, None],
    },
    "neighbour_mean": {
        "a mean over the neighbours + 1": lambda A: A / (1 + deg(A))[:, None],
    },
    "standardize": {"batch norm over the features": over_features},
    "evaluate_norm": {
        "batch moments at evaluation": lambda seed, H: (own_parts.norm(seed, None, H)),
    },
}
for part, bugs in LAYERS.items():
    plant(part, bugs, own("engine"))
plant(
    "functions", {"a ReLU by where, with gradients in float64": by_where}, own("paper")
)
of_nodes = {
    # with a gamma and a beta for each node index
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


def sum_by_thread(params, kind, Z, offsets):
    """Sum the rows in one piece for each thread."""
    n_pieces = count_threads() if is_worth_threads(Z.size) else 1
    piece = np.arange(len(Z))[:, None] % n_pieces
    return sum(segment_sum(Z * (piece == i), offsets) for i in range(n_pieces))


def first_node(params, kind, Z, offsets):
    return Z[offsets[:-1]]


def mean_by_integers(params, kind, Z, offsets):
    """Divide float32 by int64, with a float64 result."""
    return segment_sum(Z, offsets) / np.maximum(np.diff(offsets), 1)[:, None]


def layers_input(level, Z, S, sound=pooling.coarsen):
    """Pool X in place of Z at upper levels, where both have the same width."""
    return sound(level, level.X if level.X.shape == Z.shape else Z, S)


def global_noise(data, batch_size, rng, sound=training.minibatches):
    """Perturb the features by the global generator.

    A random order of two graphs would often repeat by chance.
    """
    for part in sound(data, batch_size, rng):
        part.batch.propagated.clear()
        part.batch.features *= 1 + 0.01 * np.random.random()
        yield part


def forgetful(*args, resume=None, sound=training.fit, **options):
    """Resume with zero moments of Adam."""
    if resume is not None:
        resume = resume._replace(adam=adam_init(resume.vector))
    return sound(*args, resume=resume, **options)


MODELS = own("engine, models")
names = "assigner model predict explain".split()
assign, run, predict, explain = (MODELS.parts[name] for name in names)
run_in_training = partial(own_models.training_pass_of_engine, dict(batch_norm=True))
flat = dict(gnn="gcn", clusters=(), n_layers=1)  # trained fast
train = partial(own_models.train, flat)


def masked(seed, A, X, *clusters):
    """Mask all but the first n clusters, for n nodes."""
    S = assign(seed, A, X, *clusters)
    S = np.where(np.arange(S.shape[1]) < n(A), S, 0)
    return S / np.sum(S, axis=1, keepdims=True)


def noisy(seed, A, X):
    return run(seed, A, X + np.random.default_rng(0).normal(size=X.shape))


def in_given_order(graphs):
    batch = GraphBatch.from_graphs(graphs)
    return batch, np.arange(batch.n_nodes)


def inverse_order(graphs):
    batch, order = in_canonical_order(graphs)
    return batch, np.argsort(order)


def over_largest(weights, *others):
    """Return weights whose mean is not 1."""
    return None if weights is None else weights / max(weights)


def indices(seed, As, Xs, labels, **changes):
    """Predict class indices in place of classes."""
    index = np.unique(labels, return_inverse=True)[1]
    return predict(seed, As, Xs, index, **changes)


of_models = {
    "assigner": {
        "node indices in the assignment": lambda seed, A, X, *clusters: (
            assign(seed, A, X + numbers(X), *clusters)
        ),
        "clusters masked beyond the number of nodes": masked,
    },
    "model": {
        "node indices in the model": lambda seed, A, X: run(seed, A, X + numbers(X)),
        "0 / 0 in a model of no edges": lambda seed, A, X: (
            run(seed, A, X) * (A.sum() / A.sum())
        ),
        "random node features": noisy,
        "a readout of the first node": patched(run, model, "readout", first_node),
        "a mean divided by an int64": patched(run, model, "readout", mean_by_integers),
    },
    "predict": {
        "class indices in place of classes": indices,
        "predictions in the given order of nodes": patched(
            predict, inputs, "in_canonical_order", in_given_order
        ),
        "edges ignored": lambda seed, As, *data, **changes: (
            predict(seed, [0 * A for A in As], *data, **changes)
        ),
        "weights over the largest": patched(
            predict, prepare, "combine_weights", over_largest
        ),
    },
    "explain": {
        "the inverse of the order of nodes": patched(
            explain, explanation, "in_canonical_order", inverse_order
        ),
        "an output in place of the log odds": patched(
            explain, explanation, "_read", lambda _, index, Y: (Y[:, index], None)
        ),
    },
}
for part, bugs in of_models.items():
    plant(part, bugs, MODELS)
of_training = {
    "training in the given order of nodes": patched(
        train, own_models, "in_canonical_order", in_given_order
    ),
    "the global random generator": patched(
        train, training, "minibatches", global_noise
    ),
    "Adam's moments forgotten": patched(train, own_models, "fit", forgetful),
    "a sum divided among threads": patched(train, model, "readout", sum_by_thread),
}
plant("train", of_training, Subject("a flat gcn", {"train": train}))
of_passes = {
    "rounding errors standardised": patched(
        run_in_training, primitives, "_is_variable", lambda v, *_: v > 0
    ),
}
plant(
    "training_pass",
    of_passes,
    Subject("sage with batch norm", {"training_pass": run_in_training}),
)
engine_loss = patched(own_models.engine_loss, model, "coarsen", layers_input)
plant(
    "engine_loss", {"X in place of Z at the second level": engine_loss}, own("engine")
)


# Primitives


def with_epsilon(sizes, seed, *dtype):
    """Add an epsilon to the length of rows."""
    _, definition, arrays = problem("l2_normalize", sizes, seed, *dtype)

    def fused(X):
        return X / (np.sqrt(np.sum(X * X, axis=1, keepdims=True)) + 1e-8)

    return fused, definition, arrays


def masked_in_place(G, Y):
    G *= Y > 0
    return G


of_softmax = {
    "only the diagonal of the softmax's Jacobian": lambda ans, R: lambda G: (
        ans[0] * (1 - ans[0]) * G[0]
    ),
    # correct at first order, but S depends on R
    "a gradient held constant": lambda ans, R: lambda G: through_softmax(
        getval(ans[0]), G[0] - G[1][:, None] * getval(R)
    ),
}
of_relu = {
    "a slope in float64": lambda Y, X: lambda G: G * np.where(Y > 0, 1.0, 0.0),
    "an incoming gradient overwritten": lambda Y, X: lambda G: masked_in_place(G, Y),
}
for name, makers in {"softmax_entropy": of_softmax, "relu": of_relu}.items():
    wrong = {bug: partial(problem, name, wrong=(0, makers[bug])) for bug in makers}
    plant("primitive", wrong, own(f"primitive {name}"))
right = (0, lambda Y, X: lambda G: G * (X > 0))
plant(
    "wrong_gradients",
    {"a correct gradient among the wrong ones": [right]},
    own("primitive relu"),
)
plant(
    "primitive",
    {"a row length plus epsilon": with_epsilon},
    own("primitive l2_normalize"),
)
