# %% [markdown]
# # One graph by hand
#
# Every equation of DiffPool (arXiv 1806.08804), with its numbers and shapes. Two
# triangles joined by one edge are pooled into two clusters, first with an assignment
# that we choose, then with one that gradient descent finds by minimising the paper's
# two losses. This page only uses `npdiffpool.paper`: each equation is one function.

# %%
import autograd.numpy as np
from autograd import grad

from npdiffpool import paper

EDGES = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)]
N, F, D, K = 6, 2, 3, 2  # nodes, features, embedding width, clusters
STEPS, LEARNING_RATE, ENTROPY_WEIGHT = 200, 0.5, 0.1
SEED = 0


def two_triangles():
    """Return A (N, N) with self-loops, so that a clique has A = S S^T, and X (N, F)."""
    A = np.eye(N)
    for i, j in EDGES:
        A[i, j] = A[j, i] = 1.0
    X = np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 3)
    return A, X


# %% [markdown]
# ## The equations
#
# A graph layer mixes the features of each node with those of its neighbours (2).
# Several layers compute the embeddings Z of the nodes (5). Row i of the assignment S
# distributes node i over the clusters (6). The clusters are the nodes of a smaller
# graph: their features are sums of embeddings (3), their edges are sums of edges (4).
# A layer adds self-loops itself, so its argument is A - I.


# %%
def show(equation, name, value):
    """Print an equation and its value, with the shape."""
    print(f"\n{equation}\n{name} {value.shape} =")
    print(np.array2string(value, precision=2, suppress_small=True))


def pool_by_hand(A, X, rng):
    """Print equations 2 to 6 for an assignment that we choose."""
    W = rng.normal(size=(F, D))
    A_hat = paper.normalize_adjacency(A - np.eye(N))
    show("A_hat = D~^-1/2 (A + I) D~^-1/2", "A_hat", A_hat)
    show("(2) H' = ReLU(A_hat H W)", "H'", paper.gcn_layer(W, A_hat, X))
    Z = paper.gnn([W], A - np.eye(N), X)
    show("(5) Z = GNN_embed(A, X), here with one layer: H' again", "Z", Z)
    R = np.array([[4.0, 0.0]] * 3 + [[0.0, 4.0]] * 3)
    S = paper.assign(R)
    show("(6) S = softmax(R), by rows; we choose R", "S", S)
    A_pooled, X_pooled = paper.coarsen(A, Z, S)
    show("(3) X' = S^T Z", "X'", X_pooled)
    weight = f"{len(EDGES)} edges, each twice, and {N} loops: {np.sum(A):.0f} in all"
    show(f"(4) A' = S^T A S: {weight}", "A'", A_pooled)
    print(f"\nsum of A = {np.sum(A):.6f}, sum of A' = {np.sum(A_pooled):.6f}")
    return S


# %% [markdown]
# ## The losses
#
# Two losses measure an assignment without any label. The link loss L_LP is small if
# adjacent nodes are in the same cluster. The entropy loss L_E is small if each node is
# in one cluster only. Minimising their weighted sum finds the two triangles.


# %%
def auxiliary_loss(R, A):
    """Compute L_LP + ENTROPY_WEIGHT L_E of one level (section 3.3)."""
    S = paper.assign(R)
    return paper.link_loss(A, S) + ENTROPY_WEIGHT * paper.entropy_loss(S)


def main():
    """Pool by hand, then learn an assignment, and compare their losses."""
    rng = np.random.default_rng(SEED)
    A, X = two_triangles()
    found = {"by hand": pool_by_hand(A, X, rng), "uniform": np.full((N, K), 1 / K)}
    R, slope = 0.1 * rng.normal(size=(N, K)), grad(auxiliary_loss)
    for _ in range(STEPS):
        R = R - LEARNING_RATE * slope(R, A)
    found["learned"] = paper.assign(R)
    print("\nL_LP = ||A - S S^T||_F and L_E = mean entropy of the rows in nats:")
    print(f"{'S':<10}{'L_LP':>8}{'L_E':>8}  clusters of the six nodes")
    for name, S in found.items():
        L_link, L_ent = paper.link_loss(A, S), paper.entropy_loss(S)
        print(f"{name:<10}{L_link:>8.3f}{L_ent:>8.3f}  {np.argmax(S, axis=1)}")


# %%
if __name__ == "__main__":
    main()
