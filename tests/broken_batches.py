"""Planted bugs in batches and in gradients; see broken.py."""

import autograd.numpy as np
import numpy
from broken import (
    ASSIGNMENTS,
    as_in_memory,
    assigning,
    n,
    one_by_one,
    or_one,
    plant,
    vjp_by_paper,
)
from scipy.special import entr

from npdiffpool import paper

# Mistakes in pooling a batch


def padded(arrays):
    """Stack arrays of different lengths, padded with rows of zeros."""
    longest = max(map(len, arrays))
    return np.array([np.pad(x, [(0, longest - len(x)), (0, 0)]) for x in arrays])


def mean_over_padding(As, Rs, Zs):
    pooled = one_by_one(As, Rs, Zs)
    S = padded([one.S for one in pooled])
    L_ent = np.sum(entr(S)) / max(S.shape[0] * S.shape[1], 1)
    return [one._replace(entropy=L_ent) for one in pooled]


def one_norm(As, Rs, Zs):
    pooled = one_by_one(As, Rs, Zs)
    L_link = np.sqrt(sum(one.link**2 for one in pooled))
    return [one._replace(link=L_link) for one in pooled]


def summed_over_graphs(As, Rs, Zs):
    pooled = one_by_one(As, Rs, Zs)
    return [one._replace(entropy=sum(p.entropy for p in pooled)) for one in pooled]


def sorted_by_size(As, Rs, Zs):
    """Sort the graphs by size, for less padding, and return them in that order."""
    order = sorted(range(len(As)), key=lambda g: -len(As[g]))
    return [one_by_one(As, Rs, Zs)[g] for g in order]


def normalised(axes):
    """Return a batched form that standardises padded logits over some axes."""

    def batched(As, Rs, Zs):
        R = padded(Rs)
        m, v = R.mean(axes, keepdims=True), R.var(axes, keepdims=True)
        R = (R - m) / np.sqrt(v + 1e-5)
        return one_by_one(As, [R_g[: len(A)] for R_g, A in zip(R, As)], Zs)

    return batched


def losses_of_the_previous_graph(As, Rs, Zs):
    pools = one_by_one(As, Rs, Zs)
    before = [pools[-1], *pools[:-1]]
    return [p._replace(link=q.link, entropy=q.entropy) for p, q in zip(pools, before)]


def results_of_the_next_graph(As, Rs, Zs):
    """Give a graph without nodes those of the next graph, as np.add.reduceat does."""
    pools = one_by_one(As, Rs, Zs)
    after = [*pools[1:], pools[-1]]
    return [
        pooled if len(A) > 0 else pooled._replace(A=other.A, X=other.X)
        for A, pooled, other in zip(As, pools, after)
    ]


def features_over_the_mean_size(As, Rs, Zs):
    mean = max(sum(map(len, As)) / len(As), 1)
    return [one._replace(X=one.X / mean) for one in one_by_one(As, Rs, Zs)]


def means_of_graphs_with_nodes(As, Rs, Zs):
    """Average the losses of a batch over its graphs with nodes only."""
    pools = one_by_one(As, Rs, Zs)
    n_graphs = max(sum(len(A) > 0 for A in As), 1)
    link, entropy = (sum(losses) / n_graphs for losses in zip(*[p[3:5] for p in pools]))
    return [pooled._replace(link=link, entropy=entropy) for pooled in pools]


def without_loops_in_place(As, Rs, Zs):
    for A in As:
        numpy.fill_diagonal(A, 0)
    return one_by_one(As, Rs, Zs)


BATCHES = {
    "self-loops of a batch removed in place": without_loops_in_place,
    "a batch read in the order of its memory": lambda As, Rs, Zs: (
        one_by_one(map(as_in_memory, As), Rs, Zs)
    ),
    "a mean over padding": mean_over_padding,
    "one norm over the whole batch": one_norm,
    "node positions in a batch": lambda *lists: [
        assigning(ASSIGNMENTS["node positions in the logits"])(*graph)
        for graph in zip(*lists)
    ],
    "entropy summed over the batch": summed_over_graphs,
    "results sorted by graph size": sorted_by_size,
    "the next graph's results for an empty graph": results_of_the_next_graph,
    "X' over the mean size in a batch": features_over_the_mean_size,
    "losses averaged over graphs with nodes": means_of_graphs_with_nodes,
    "losses of the previous graph": losses_of_the_previous_graph,
    "batch norm of logits": normalised((0, 1)),
    "batch norm of logits over the node index": normalised((0, 2)),
}
plant("batched", BATCHES)


# Mistakes in gradients


def through_softmax(S, dS):
    return S * (dS - np.sum(S * dS, axis=1, keepdims=True))


def one_factor(A, R, Z, G):
    """Omit the second term of dS = A S G^T + A^T S G, for A' = S^T A S."""
    S = paper.assign(R)
    return through_softmax(S, A @ S @ G.T), np.zeros_like(Z)


def of_symmetric(A, R, Z, G):
    """Use M for M^T in dS = -(M + M^T) S / L, where L = ||M|| and M = A - S S^T."""
    S = paper.assign(R)
    M = A - S @ S.T
    dS = -2 * G * M @ S / or_one(paper.frobenius_norm(M))
    return through_softmax(S, dS), np.zeros_like(Z)


def by_s(A, R, Z, G):
    """Return the gradient by S as that by R."""
    return -G * (np.log(or_one(paper.assign(R))) + 1) / n(A), np.zeros_like(Z)


def without_h(A, R, Z, G):
    """Omit H in the gradient of the entropy, dR = -S (log S + H)."""
    S = paper.assign(R)
    return -G * S * np.log(or_one(S)) / n(A), np.zeros_like(Z)


def accumulated(A, R, Z, G):
    """Accumulate the gradient in a float64 array."""
    dR, dZ = vjp_by_paper(A, R, Z, "A", G)
    return np.zeros(R.shape) + dR, dZ


def centred(A, R, Z, G):
    """Centre the incoming gradient in place."""
    S = paper.assign(R)
    G -= np.sum(S * G, axis=1, keepdims=True)
    return S * G, np.zeros_like(Z)


def by_memory(A, R, Z, output, G):
    return vjp_by_paper(A, R, Z, output, as_in_memory(G))


def only_for(wrong_output, function):
    """Return a vjp that is wrong for one output."""

    def vjp(A, R, Z, output, G):
        if output == wrong_output:
            return function(A, R, Z, G)
        return vjp_by_paper(A, R, Z, output, G)

    return vjp


def in_float64(A, R, Z, G):
    dR, dZ = vjp_by_paper(A, R, Z, "link", G)
    return dR.astype(float), dZ


def losses_by_z(A, R, Z, output, G):
    """Add 1 to the gradient by Z of losses, which do not depend on Z."""
    dR, dZ = vjp_by_paper(A, R, Z, output, G)
    return dR, dZ + (output in ("link", "entropy"))


def flat_without_nodes(A, R, Z, output, G):
    """Return gradients of shape (0,) for a graph without nodes."""
    dR, dZ = vjp_by_paper(A, R, Z, output, G)
    return (dR, dZ) if len(A) > 0 else (dR.ravel(), dZ.ravel())


VJPS = {
    "a vjp of A' with a missing term": only_for("A", one_factor),
    "a vjp of the link loss for symmetric A": only_for("link", of_symmetric),
    "a vjp of the entropy by S in place of R": only_for("entropy", by_s),
    "a vjp of the entropy without H": only_for("entropy", without_h),
    "a vjp of A' in float64": only_for("A", accumulated),
    "a vjp of the link loss in float64": only_for("link", in_float64),
    "a vjp of losses that depends on Z": losses_by_z,
    "a vjp without columns for an empty graph": flat_without_nodes,
    "an incoming gradient centred in place": only_for("S", centred),
    "a gradient read in the order of its memory": by_memory,
}
plant("vjp", VJPS)
