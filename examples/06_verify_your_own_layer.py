# %% [markdown]
# # Verify your own pooling layer
#
# MinCut pooling (Bianchi, Grattarola, Alippi: arXiv 1907.00481) in a dozen lines, and
# which laws of `npdiffpool.testing` it satisfies. It shares equations 3, 4 and 6 with
# DiffPool, then removes the diagonal of A' and normalises A' by degrees. That is a
# choice, and the broken laws show its cost. Its two losses are left out.

# %%
import autograd.numpy as np

from npdiffpool.testing import LAWS, Pooled, conformance

EXAMPLES = 30  # cases for each check of a law


def plain(A, R, Z):
    """Pool one graph: A (N, N) adjacency, R (N, K) logits, Z (N, D) embeddings."""
    E = np.exp(R - np.max(R, axis=1, keepdims=True))
    S = E / np.sum(E, axis=1, keepdims=True)
    return Pooled(np.dot(np.dot(S.T, A), S), np.dot(S.T, Z), S)


def mincut(A, R, Z):
    """Remove the diagonal of A' and divide by the square roots of the degrees."""
    A_pooled, X_pooled, S, *_ = plain(A, R, Z)
    A_pooled = A_pooled * (1 - np.eye(len(A_pooled), dtype=A.dtype))
    deg = np.sum(A_pooled, axis=1)
    root = np.sqrt(np.where(deg > 0, deg, 1.0))
    return Pooled(A_pooled / root[:, None] / root[None, :], X_pooled, S)


def transposed(A, R, Z):
    """Pool with a mistake that no undirected graph shows: S^T A^T S."""
    return plain(A.T, R, Z)


# %% [markdown]
# ## One result per law
#
# `conformance` returns one result per law: it holds, it fails with the smallest
# counterexample that was found (n nodes), or it does not apply. The laws of losses and
# of batches do not apply, since these layers have neither. Autograd computes their
# gradients. With `empty_graphs=False`, law C15 about graphs without nodes would not
# apply either.


# %%
def report(title, pool, profile="diffpool"):
    """Print how many laws hold, and the sizes of the counterexamples."""
    results = conformance(pool, profile=profile, examples=EXAMPLES)
    holding = [r for r in results if r.verdict == "holds"]
    failing = {r.law.id: r for r in results if r.verdict == "fails"}
    print(f"{title}: {len(holding)} laws hold, {len(failing)} fail")
    for id, result in failing.items():
        print(f"  {id:<4}n = {len(result.case['A'])}  {result.law.statement}")
    return failing


print(f"There are {len(LAWS)} laws; npdiffpool verify --list shows them.")
report("S^T A S", plain)

# %% [markdown]
# The published normalisation:

# %%
report("MinCut with its normalisation", mincut)

# %% [markdown]
# A' is no longer S^T A S: the weight inside the clusters is removed, and the rest is
# divided by degrees. The laws that fail state what follows from S^T A S, which MinCut
# does not claim. A profile says what a kind of pooling claims, and so which laws are
# checked; `npdiffpool.testing.profiles` has those of DiffPool, MinCutPool, HOSC, DMoN,
# Top-K and Graclus, and a layer may claim a set of its own.

# %%
report("MinCut by what it claims", mincut, profile="mincut")

# %% [markdown]
# ## A mistake that is easily made

# %%
failing = report("S^T A^T S", transposed)
failing["C10"]

# %% [markdown]
# The counterexample is a directed graph: on undirected ones the mistake changes
# nothing.
#
# A program that shows the mistake; replace `pool = ...` by the layer:

# %%
print(failing["C10"].script)
