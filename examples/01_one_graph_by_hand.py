# %% [markdown]
# # One graph by hand
#
# Every equation of DiffPool (arXiv 1806.08804), with its numbers and shapes. Two
# triangles joined by one edge are pooled into two clusters, first with an assignment
# that we choose, then with one that gradient descent finds by minimising the paper's
# two losses. Each equation is one function of `npdiffpool.paper`.

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
# A is the adjacency, here with self-loops: with them, separate cliques have A = S S^T
# if each is a cluster. X has the features of the nodes. A notebook draws the graph.

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
# A graph layer mixes the features of each node with those of its neighbours (2):
# H' = ReLU(A_hat H W), where A_hat is the adjacency with self-loops, normalised by
# degrees. `normalize_adjacency` adds the loops; our A has them, so A - I is passed.
# Several layers compute the embeddings of the nodes (5): Z = GNN_embed(A, X), here with
# one layer, so Z is H' again.

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
# Row i of S = softmax(R) distributes node i over the clusters. We choose R; DiffPool
# computes it by a second GNN.

# %%
R = np.array([[4.0, 0.0]] * 3 + [[0.0, 4.0]] * 3)
S = paper.assign(R)
show("S", S)

# %% [markdown]
# ## Coarsening: equations 3 and 4
#
# The clusters are the nodes of a smaller graph. Their features are sums of embeddings,
# X' = S^T Z (3), their edges sums of edges, A' = S^T A S (4). So A' has the same sum as
# A: 7 edges, each twice, and 6 loops.

# %%
A_pooled, X_pooled = paper.coarsen(A, Z, S)
show("X'", X_pooled)
show("A'", A_pooled)
print(f"sum of A = {np.sum(A):.6f}, sum of A' = {np.sum(A_pooled):.6f}")

# %% [markdown]
# ## The two losses: section 3.3
#
# Both measure an assignment without any label. The link loss L_LP = ||A - S S^T||_F is
# small if two nodes share a cluster just where an edge joins them. The entropy loss
# L_E, the mean entropy of the rows in nats, is small if each node is in one cluster
# only. Minimising their weighted sum finds the two triangles.


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
