# %% [markdown]
# # Verify your own pooling layer
#
# How MinCut pools (Bianchi, Grattarola, Alippi: arXiv 1907.00481) in a dozen lines, and
# what the laws of `npdiffpool.testing` say of it. It shares equations 3, 4 and 6 with
# DiffPool; then it removes the diagonal of A' and normalises it by degree. That is a
# choice, and the laws name exactly what it costs. Its two losses are left out.

# %%
import autograd.numpy as np

from npdiffpool.testing import LAWS, Pooled, conformance

EXAMPLES = 30  # cases that each check of a law is tried on


def plain(A, R, Z):
    """Pool one graph: A (N, N) adjacency, R (N, K) logits, Z (N, D) embeddings."""
    E = np.exp(R - np.max(R, axis=1, keepdims=True))
    S = E / np.sum(E, axis=1, keepdims=True)
    return Pooled(np.dot(np.dot(S.T, A), S), np.dot(S.T, Z), S)


def mincut(A, R, Z):
    """Take the diagonal of A' away and divide by the roots of the degrees."""
    A_pooled, X_pooled, S, *_ = plain(A, R, Z)
    A_pooled = A_pooled * (1 - np.eye(len(A_pooled), dtype=A.dtype))
    deg = np.sum(A_pooled, axis=1)
    root = np.sqrt(np.where(deg > 0, deg, 1.0))
    return Pooled(A_pooled / root[:, None] / root[None, :], X_pooled, S)


def transposed(A, R, Z):
    """Make a mistake that no undirected graph shows: S^T A^T S."""
    return plain(A.T, R, Z)


# %% [markdown]
# `conformance` gives one result a law: it holds, it fails with the smallest
# counterexample that was found (of n nodes), or it does not apply. These layers have no
# losses and no batched form, so the laws of these do not apply. Their gradients are
# autograd's.


# %%
def report(title, pool, examples):
    """Print how many laws hold, and of which sizes the counterexamples are."""
    results = conformance(pool, examples=examples)
    holding = [r for r in results if r.verdict == "holds"]
    failing = {r.law.id: r for r in results if r.verdict == "fails"}
    print(f"{title}: {len(holding)} laws hold, {len(failing)} fail")
    for id, result in failing.items():
        shape = result.case["M" if id == "C5" else "A"].shape
        print(f"  {id:<4}n = {shape[0]}  {result.law.statement}")
    return failing


# %% [markdown]
# Three layers: S^T A S as it is; with the normalisation, as published; and with a
# mistake that is easily made.


# %%
def main(examples=EXAMPLES):
    report("S^T A S as it is", plain, examples)
    report("MinCut, normalised as published", mincut, examples)
    failing = report("transposed", transposed, examples)
    print(f"The catalogue has {len(LAWS)} laws; npdiffpool verify --list shows them.")
    print("\nThe mistake as a program; put the layer where it says `pool = ...`:\n")
    print(failing["C10"].script)


# %%
if __name__ == "__main__":
    main()
