# %% [markdown]
# # Verify your own layers and models
#
# A message-passing layer is a function `layer(A, X)` of one graph, with its parameters
# inside; a model of graphs is a function `model(A, X)` that returns logits, and
# `batched(As, Xs)` returns those of several graphs. Both can be in any framework.

# %%
import autograd.numpy as np

from npdiffpool.testing import conformance_layer, conformance_model

EXAMPLES = 30  # cases for each check of a law
rng = np.random.default_rng(0)
W, V = rng.normal(size=(4, 8)), rng.normal(size=(8, 3))


def report(title, results):
    """Print how many laws hold, and the laws that fail."""
    print(f"{title}: {sum(r.verdict == 'holds' for r in results)} laws hold")
    for result in results:
        if result.verdict == "fails":
            print(f"  {result.law.id}  {result.law.statement}")
    return {result.law.id: result for result in results}


# %% [markdown]
# ## A layer
#
# A mean over the neighbours. Autograd derives its gradient, and the kit finds the
# number of features, 4.


# %%
def mean_layer(A, X):
    """Average the features of the neighbours, then apply W and ReLU."""
    mean = np.dot(A, X) / np.sum(A, axis=1, keepdims=True)
    return np.maximum(np.dot(mean, W.astype(X.dtype)), 0)


failing = report("mean", conformance_layer(mean_layer, examples=EXAMPLES))
failing["G4"]

# %% [markdown]
# 0 / 0: a node without edges gets NaN, in values and in gradients. With zeros instead,
# every law holds:


# %%
def safe_mean_layer(A, X):
    """Average the features of the neighbours, or take zeros if there is none."""
    deg = np.sum(A, axis=1, keepdims=True)
    mean = np.dot(A, X) / np.where(deg > 0, deg, 1).astype(X.dtype)
    return np.maximum(np.dot(mean, W.astype(X.dtype)), 0)


report("safe mean", conformance_layer(safe_mean_layer, examples=EXAMPLES))

# %% [markdown]
# ## A model with batch norm over padded rows
#
# The batched form pads all graphs to the largest. Its norm takes mean and variance over
# the rows of all graphs, rows of padding included, so that the logits of a graph depend
# on the others in its batch, and on the size of the largest. Alone, a graph is a batch
# of one. `benchmarks/adapters/torch_padded_model.py` finds the same in a torch model.


# %%
def padded(arrays, axes):
    """Stack arrays, padded with zeros at the end of some axes."""
    n = max(map(len, arrays))
    return np.stack(
        [np.pad(M, [(0, (n - len(M)) * (i in axes)) for i in (0, 1)]) for M in arrays]
    )


def batched(As, Xs):
    """Return logits (B, 3) of several graphs."""
    A, X = padded(As, (0, 1)), padded(Xs, (0,))
    H = (A @ X + X) @ W.astype(X.dtype)
    H = (H - H.mean(axis=(0, 1))) / np.sqrt(H.var(axis=(0, 1)) + H.dtype.type(1e-5))
    return np.maximum(H, 0).max(axis=1) @ V.astype(X.dtype)


def model(A, X):
    """Return the logits (3,) of one graph."""
    return batched([A], [X])[0]


failing = report("padded", conformance_model(model, batched, examples=EXAMPLES))
failing["B3"]

# %% [markdown]
# The counterexample is a batch of two graphs. With moments that are fixed at
# evaluation, and without rows of padding in the maximum, every law holds:

# %%
MEAN, VARIANCE = rng.normal(size=8), rng.uniform(0.5, 1.5, size=8)


def fixed(A, X):
    """Return the logits of one graph, with given moments."""
    H = ((A @ X + X) @ W - MEAN) / np.sqrt(VARIANCE + 1e-5)
    return (np.maximum(H, 0).max(axis=0) @ V).astype(X.dtype)


def batched_fixed(As, Xs):
    """Return the logits of several graphs, without padding."""
    return np.stack([fixed(A, X) for A, X in zip(As, Xs)])


report("fixed moments", conformance_model(fixed, batched_fixed, examples=EXAMPLES))
