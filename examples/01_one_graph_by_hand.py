# %% [markdown]
# # One graph by hand
#
# The annotated DiffPool (annotated.html) explains each equation; this page calls it in
# Python: one function of `npdiffpool.paper` each. Two triangles joined by one edge are
# pooled into two clusters, first with an assignment that we choose, then with one that
# gradient descent finds.

# %%
import autograd.numpy as np
from autograd import grad

from npdiffpool import Graph, paper

EDGES = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)]
N, F, D, K = 6, 2, 3, 2  # nodes, features, embedding width, clusters
STEPS, LEARNING_RATE, ENTROPY_WEIGHT = 200, 0.5, 0.1
SEED = 0


def show(name, value):
    """Print a quantity with its shape."""
    print(f"{name} {value.shape} =")
    print(np.array2string(value, precision=2, suppress_small=True))


# %% [markdown]
# ## The graph
#
# A has self-loops here, so that separate cliques have A = S S^T. A notebook draws the
# graph.

# %%
A = np.eye(N)
for i, j in EDGES:
    A[i, j] = A[j, i] = 1.0
X = np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 3)
show("A", A)
Graph(A - np.eye(N), X)

# %% [markdown]
# ## Layers: equations 2 and 5
#
# `normalize_adjacency` adds the loops that our A already has, so A - I is passed.
# GNN_embed has one layer here, so Z is H' again.

# %%
rng = np.random.default_rng(SEED)
W = rng.normal(size=(F, D))
A_hat = paper.normalize_adjacency(A - np.eye(N))
show("A_hat", A_hat)
show("H'", paper.gcn_layer(W, A_hat, X))
Z = paper.gnn([W], A - np.eye(N), X)

# %% [markdown]
# ## Assignment: equation 6
#
# We choose R; DiffPool computes it by a second GNN.

# %%
R = np.array([[4.0, 0.0]] * 3 + [[0.0, 4.0]] * 3)
S = paper.assign(R)
show("S", S)

# %% [markdown]
# ## Coarsening: equations 3 and 4
#
# A' has the same sum as A: 7 edges, each twice, and 6 loops.

# %%
A_pooled, X_pooled = paper.coarsen(A, Z, S)
show("X'", X_pooled)
show("A'", A_pooled)
print(f"sum of A = {np.sum(A):.6f}, sum of A' = {np.sum(A_pooled):.6f}")

# %% [markdown]
# ## The two losses: section 3.3
#
# No label is needed: minimising the weighted sum of the link loss and the entropy loss
# finds the two triangles.


# %%
def auxiliary_loss(R, A):
    """Compute L_LP + ENTROPY_WEIGHT L_E of one level."""
    S = paper.assign(R)
    return paper.link_loss(A, S) + ENTROPY_WEIGHT * paper.entropy_loss(S)


R = 0.1 * rng.normal(size=(N, K))
for _ in range(STEPS):
    R = R - LEARNING_RATE * grad(auxiliary_loss)(R, A)

uniform, one_cluster = np.full((N, K), 1 / K), np.eye(K)[[0] * N]
found = {"by hand": S, "uniform": uniform, "one cluster": one_cluster}
found["learned"] = paper.assign(R)
print(f"{'S':<12}{'L_LP':>8}{'L_E':>8}  clusters of the six nodes")
for name, each in found.items():
    L_link, L_ent = paper.link_loss(A, each), abs(paper.entropy_loss(each))  # no -0
    print(f"{name:<12}{L_link:>8.3f}{L_ent:>8.3f}  {np.argmax(each, axis=1)}")
