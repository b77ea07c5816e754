"""Planted bugs of batches and of gradients; see broken.py."""

import autograd.numpy as np
from broken import (
    ASSIGNMENTS,
    assigning,
    n,
    one_by_one,
    or_one,
    plant,
    vjp_by_paper,
)
from scipy.special import entr

from npdiffpool import paper

# In place of each graph of a batch as if it were alone


def padded(arrays):
    """Stack arrays of unlike lengths, with rows of zeros at their ends."""
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
    """Pool the largest first, for less padding, and leave them so."""
    order = sorted(range(len(As)), key=lambda g: -len(As[g]))
    return [one_by_one(As, Rs, Zs)[g] for g in order]


def normalised(axes):
    """Make a batched form that standardises padded logits over some axes."""

    def batched(As, Rs, Zs):
        R = padded(Rs)
        m, v = R.mean(axes, keepdims=True), R.var(axes, keepdims=True)
        R = (R - m) / np.sqrt(v + 1e-5)
        return one_by_one(As, [R_g[: len(A)] for R_g, A in zip(R, As)], Zs)

    return batched


def losses_of_the_graph_before(As, Rs, Zs):
    pools = one_by_one(As, Rs, Zs)
    before = [pools[-1], *pools[:-1]]
    return [p._replace(link=q.link, entropy=q.entropy) for p, q in zip(pools, before)]


BATCHES = {
    "padding counted in a mean": mean_over_padding,
    "one norm over the batch": one_norm,
    "node positions in a batch": lambda *lists: [
        assigning(ASSIGNMENTS["node positions in the logits"])(*graph)
        for graph in zip(*lists)
    ],
    "a sum over the batch": summed_over_graphs,
    "graphs left sorted by size": sorted_by_size,
    "losses of the graph before": losses_of_the_graph_before,
    "batch norm of logits": normalised((0, 1)),
    "batch norm of logits over the node index": normalised((0, 2)),
}
plant("batched", BATCHES)


# In place of the gradients


def through_softmax(S, dS):
    return S * (dS - np.sum(S * dS, axis=1, keepdims=True))


def one_factor(A, R, Z, G):
    """dS of S^T A S is A S G^T + A^T S G: forget the second."""
    S = paper.assign(R)
    return through_softmax(S, A @ S @ G.T), np.zeros_like(Z)


def of_symmetric(A, R, Z, G):
    """dS of the norm of M = A - S S^T is -(M + M^T) S / L: take M for M^T."""
    S = paper.assign(R)
    M = A - S @ S.T
    dS = -2 * G * M @ S / or_one(paper.frobenius_norm(M))
    return through_softmax(S, dS), np.zeros_like(Z)


def by_s(A, R, Z, G):
    """Hand the gradient by S on as that by R."""
    return -G * (np.log(or_one(paper.assign(R))) + 1) / n(A), np.zeros_like(Z)


def without_h(A, R, Z, G):
    """dR of the entropy is -S (log S + H): forget H."""
    S = paper.assign(R)
    return -G * S * np.log(or_one(S)) / n(A), np.zeros_like(Z)


def gathered(A, R, Z, G):
    """Gather the gradient in an array of NumPy's default precision."""
    dR, dZ = vjp_by_paper(A, R, Z, "A", G)
    return np.zeros(R.shape) + dR, dZ


def only_for(wrong_output, function):
    """Make a vjp that is wrong for one output."""

    def vjp(A, R, Z, output, G):
        if output == wrong_output:
            return function(A, R, Z, G)
        return vjp_by_paper(A, R, Z, output, G)

    return vjp


def in_float64(A, R, Z, G):
    dR, dZ = vjp_by_paper(A, R, Z, "link", G)
    return dR.astype(float), dZ


def losses_by_z(A, R, Z, output, G):
    """Add to the slope by Z where the output does not depend on Z."""
    dR, dZ = vjp_by_paper(A, R, Z, output, G)
    return dR, dZ + (output in ("link", "entropy"))


VJPS = {
    "a vjp of A' with a missing term": only_for("A", one_factor),
    "a vjp of the link loss as if A = A^T": only_for("link", of_symmetric),
    "a vjp of the entropy by S": only_for("entropy", by_s),
    "a vjp of the entropy without H": only_for("entropy", without_h),
    "a vjp of A' in float64": only_for("A", gathered),
    "a vjp of the link loss in float64": only_for("link", in_float64),
    "a vjp of losses by Z": losses_by_z,
}
plant("vjp", VJPS)
