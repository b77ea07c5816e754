"""Planted bugs in given layers and models, which take no seed; see broken.py."""

import autograd.numpy as np
import numpy
from broken import own, plant, positions
from broken_batches import padded
from broken_parts import gcn_without_loops

LAYER, MODEL = own("a given layer of paper"), own("a given model of sage")
layer, vjp = LAYER.parts["gnn_layer"], LAYER.parts["layer_vjp"]
model, batch = MODEL.parts["classifier"], MODEL.parts["classify_batch"]


def standardized(H, axes):
    centred = H - H.mean(axes, keepdims=True)
    return centred / np.sqrt(H.var(axes, keepdims=True) + 1e-5)


def with_loops(A, X):
    """Add self-loops to the caller's array."""
    numpy.fill_diagonal(A, 1)
    return layer(A, X)


def with_dropout(A, X):
    """Multiply by noise, which no two calls share, in place of a mask."""
    return layer(A, X) * numpy.random.normal(1, 0.5, X.shape)


def centred(X):
    """Subtract the mean in the caller's array."""
    X -= X.mean(axis=0)
    return X


def over_padding(As, Xs):
    """Standardise the hidden features of padded graphs, and read out their maximum."""
    n = max(map(len, As))
    A = np.array([np.pad(A, (0, n - len(A))) for A in As])
    W = np.random.default_rng(0).normal(size=(Xs[0].shape[1], 3))
    H = np.maximum((A + np.eye(n)) @ padded(Xs) @ W, 0)
    return standardized(H, (0, 1)).max(axis=1)


def sorted_by_size(As, Xs):
    order = sorted(range(len(As)), key=lambda g: -len(As[g]))
    return batch([As[g] for g in order], [Xs[g] for g in order])


def noise(X):
    return np.random.default_rng(0).normal(size=X.shape)


LAYERS = {
    "node positions in a given layer": lambda A, X: layer(A, X) + positions(X),
    "a given layer without self-loops": lambda A, X: gcn_without_loops(0, A, X),
    "two hops in a given layer": lambda A, X: layer(A, layer(A, X)),
    "batch norm over the nodes of all components": lambda A, X: (
        standardized(layer(A, X), 0)
    ),
    "a given layer in float64": lambda A, X: layer(A, X) + np.zeros(X.shape),
    "self-loops added in place": with_loops,
    "a given layer that returns its input": lambda A, X: X,
    "Gaussian dropout at evaluation": with_dropout,
}
MODELS = {
    "node positions in a given model": lambda A, X: model(A, X + positions(X)),
    "random features in a given model": lambda A, X: model(A, X + noise(X)),
    "0 / 0 in a given model of no edges": lambda A, X: (
        model(A, X) * (A.sum() / A.sum())
    ),
    "logits in float64": lambda A, X: model(A, X) + np.zeros(3),
    "features centred in place": lambda A, X: model(A, centred(X)),
}
BATCHES = {
    "logits sorted by graph size": sorted_by_size,
    "features of a batch centred in place": lambda As, Xs: (
        batch(As, list(map(centred, Xs)))
    ),
}
plant("gnn_layer", LAYERS, LAYER)
plant(
    "layer_vjp",
    {"a vjp of a given layer at another X": lambda A, X, G: vjp(A, X + 1, G)},
    LAYER,
)
plant("classifier", MODELS, MODEL)
plant("classify_batch", BATCHES, MODEL)
plant("classify_batch", {"batch norm over padded rows": over_padding}, MODEL)
