# %% [markdown]
# # Verify your own pooling layer
#
# MinCut pooling (Bianchi, Grattarola, Alippi: arXiv 1907.00481) in a dozen lines, and
# what the laws of `npdiffpool.testing` say of it. It shares equations 3, 4 and 6 with
# DiffPool; then it removes the diagonal of A' and normalises it by degree. That is a
# choice, and the laws name exactly what it costs.

# %%
from functools import partial

import autograd.numpy as np

from npdiffpool.testing import LAWS, Pooled, conformance

EXAMPLES = 30  # cases that each check of a law is tried on


def mincut(A, R, Z, normalize=True, transpose=False):
    """Pool one graph: A (N, N) adjacency, R (N, K) logits, Z (N, D) embeddings."""
    E = np.exp(R - np.max(R, axis=1, keepdims=True))
    S = E / np.sum(E, axis=1, keepdims=True)
    A_pooled = np.dot(np.dot(S.T, A.T if transpose else A), S)
    if normalize:
        A_pooled = A_pooled * (1 - np.eye(len(A_pooled), dtype=A.dtype))
        deg = np.sum(A_pooled, axis=1)
        root = np.sqrt(np.where(deg > 0, deg, 1.0))
        A_pooled = A_pooled / root[:, None] / root[None, :]
    return Pooled(A_pooled, np.dot(S.T, Z), S)


# %% [markdown]
# `conformance` gives one result a law: it holds, it fails with the smallest
# counterexample that was found, or it does not apply. This layer has no losses and no
# batched form, so the laws of these do not apply. Its gradients are autograd's.

# %%
def report(title, pool):
    """Print how many laws hold, and of which sizes the counterexamples are."""
    results = conformance(pool, examples=EXAMPLES)
    holding = [r for r in results if r.verdict == "holds"]
    failing = {r.law.id: r for r in results if r.verdict == "fails"}
    print(f"{title}: {len(holding)} laws hold, {len(failing)} fail")
    for id, result in failing.items():
        shape = result.case["M" if id == "C5" else "A"].shape
        print(f"  {id:<4}n = {shape[0]}  {result.law.statement}")
    return failing


# %% [markdown]
# Three layers: S^T A S as it is; with the normalisation, as published; and with a
# mistake that is easily made, S^T A^T S, which no undirected graph would ever show.

# %%
def main():
    report("S^T A S as it is", partial(mincut, normalize=False))
    report("MinCut, as published", mincut)
    failing = report("transposed", partial(mincut, normalize=False, transpose=True))
    print("\nThe mistake, as a program to paste into a bug report:\n")
    print(failing["C10"].script)


# %%
if __name__ == "__main__":
    main()
    print(f"The catalogue has {len(LAWS)} laws; npdiffpool verify --list shows them.")
