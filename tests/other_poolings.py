"""MinCutPool, DMoN, Top-K and Graclus pooling from their papers, for one graph.

Each is a function `pool(A, R, Z)` as `npdiffpool.testing` checks it, with the form for
a batch as its attribute. They are subjects of tests only: short, and never fast.
"""

import autograd.numpy as np

from npdiffpool import paper
from npdiffpool.testing import Pooled


def or_one(x):
    """Replace zeros by one."""
    return np.where(x > 0, x, np.ones_like(x))


def without_loops(A, S):
    """Return S^T A S without its diagonal."""
    C = np.dot(np.dot(S.T, A), S)
    return C * (1 - np.eye(len(C), dtype=C.dtype))


def normalized(A, S):
    """Return S^T A S without its diagonal, divided by the roots of both degrees."""
    C = without_loops(A, S)
    root = np.sqrt(or_one(np.sum(C, axis=1)))
    return C / root[:, None] / root[None, :]


def cut_loss(A, S):
    """Return minus the share of the degrees that lies within clusters."""
    deg = np.sum(A, axis=1)
    return -np.sum(S * np.dot(A, S)) / or_one(np.sum(np.dot(deg, S**2)))


def orthogonality_loss(A, S):
    """Return the distance of S^T S from a multiple of the identity, both of norm 1."""
    gram, identity = np.dot(S.T, S), np.eye(S.shape[1], dtype=S.dtype)
    norms = paper.frobenius_norm(gram), paper.frobenius_norm(identity)
    return paper.frobenius_norm(gram / norms[0] - identity / norms[1])


def modularity_loss(A, S):
    """Return minus the modularity of the clusters."""
    deg = np.sum(A, axis=1)
    total = or_one(np.sum(deg))
    return np.sum((np.dot(deg, S) / total) ** 2) - np.sum(S * np.dot(A, S)) / total


def collapse_loss(A, S):
    """Return 0 for clusters of equal size, sqrt(K) - 1 for only one."""
    sizes, (N, K) = np.sum(S, axis=0), S.shape
    return paper.frobenius_norm(sizes) * (K**0.5 / N) - 1


def mincut(A, R, Z):
    """Pool by MinCutPool."""
    S = paper.assign(R)
    losses = {"cut": cut_loss(A, S), "orthogonality": orthogonality_loss(A, S)}
    return Pooled(normalized(A, S), np.dot(S.T, Z), S, **losses)


def dmon(A, R, Z):
    """Pool by DMoN."""
    S = paper.assign(R)
    losses = {"modularity": modularity_loss(A, S), "collapse": collapse_loss(A, S)}
    return Pooled(normalized(A, S), np.dot(S.T, Z), S, **losses)


def topk(A, R, Z):
    """Keep the K nodes with the largest scores R[:, 0], times tanh of their scores."""
    N, K = R.shape
    scores = R[:, 0]
    kept = np.argsort(-scores, kind="stable")[:K]
    place = np.eye(N, dtype=R.dtype)[kept]
    place = np.concatenate([place, np.zeros((K - len(kept), N), R.dtype)])
    S = place.T * np.tanh(np.clip(scores, -20, 20))[:, None]
    return Pooled(np.dot(place, np.dot(A, place.T)), np.dot(S.T, Z), S)


def graclus(A, R, Z):
    """Match each node with its neighbour of the largest weight, in the given order."""
    N, cluster = len(A), {}
    for i in range(N):
        if i not in cluster:
            free = [j for j in range(N) if A[i, j] > 0 and j not in cluster and j != i]
            partner = max(free, key=lambda j: A[i, j], default=i)
            cluster[i] = cluster[partner] = len(set(cluster.values()))
    indices = [cluster[i] for i in range(N)]
    S = np.eye(max(indices, default=-1) + 1, dtype=A.dtype)[indices]
    means = np.dot(S.T, Z) / np.sum(S, axis=0)[:, None]
    return Pooled(without_loops(A, S), means, S)


POOLINGS = {"mincut": mincut, "dmon": dmon, "topk": topk, "graclus": graclus}


def one_by_one(pool):
    """Return the form for a batch that pools each graph alone."""
    return lambda As, Rs, Zs: [pool(*graph) for graph in zip(As, Rs, Zs)]


for _pool in POOLINGS.values():
    _pool.batched = one_by_one(_pool)
