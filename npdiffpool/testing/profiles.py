"""Profiles: what a kind of pooling claims, and so which laws it satisfies.

MinCutPool normalises A', so it cannot satisfy a law about A' = S^T A S. Therefore each
law names the claims that it needs, and a profile is a set of claims. Laws P1,
P2 and P5 to P9 use undirected graphs; those of every pooling, such as C6, D1 and D8,
use directed graphs too, whatever the profile. Sources:

- diffpool: Ying et al. 2018, arXiv 1806.08804.
- mincut: Bianchi et al. 2020, arXiv 1907.00481, MinCutPool.
- hosc: Duval and Malliaros 2022, arXiv 2209.03473, with A' as in mincut.
- dmon: Tsitsulin et al. 2020, arXiv 2006.16904, with A' as in mincut. It claims nothing
  of X': implementations take sums, means, or the SELU of these.
- topk: Gao and Ji 2019, arXiv 1905.05178; SAGPool (arXiv 1904.08082) with other scores.
- graclus: clusters of matched nodes with means of Z and without self-loops in A', as in
  Defferrard et al. 2016, arXiv 1606.09375.
"""

from __future__ import annotations

from collections.abc import Iterable

SOFTMAX = "S = softmax(R)"
ROWS = "the rows of S sum to one"
NON_NEGATIVE = "S >= 0"
NODE_ORDER = "the order of nodes does not matter"
CLUSTER_ORDER = "the order of the columns of R does not matter"
EMPTY_GRAPHS = "graphs without nodes can be pooled"
SMOOTH = "A' and S are differentiable"
SMOOTH_X = "X' is differentiable"
SUM_A = "A' = S^T A S"
OFF_DIAGONAL = "A' is S^T A S without its diagonal"
NORMALIZED = "A' is S^T A S without its diagonal, normalised by degrees"
SUM_X = "X' = S^T Z"
MEAN_X = "X' = S^T Z / S^T 1"
TOP_NODES = "the K nodes with the largest R[:, 0] are the clusters"
LOSSES = ("link", "entropy", "cut", "orthogonality", "modularity", "collapse")

SOFT = {SOFTMAX, ROWS, NON_NEGATIVE, NODE_ORDER, CLUSTER_ORDER, SMOOTH, SMOOTH_X}
PROFILES = {
    "diffpool": frozenset({*SOFT, EMPTY_GRAPHS, SUM_A, SUM_X, "link", "entropy"}),
    "mincut": frozenset({*SOFT, NORMALIZED, SUM_X, "cut", "orthogonality"}),
    "hosc": frozenset({*SOFT, NORMALIZED, SUM_X}),
    "dmon": frozenset({*SOFT, NORMALIZED, *LOSSES[3:]} - {SMOOTH_X}),
    "topk": frozenset({TOP_NODES, SUM_X}),
    "graclus": frozenset({ROWS, NON_NEGATIVE, OFF_DIAGONAL, MEAN_X}),
}
CLAIMS = frozenset().union(*PROFILES.values())


def claims_of(profile: str | Iterable[str]) -> frozenset[str]:
    """Return the claims of a profile.

    Parameters
    ----------
    profile : str or iterable of str
        A name of `PROFILES`, or claims, each one of `CLAIMS`.

    Returns
    -------
    frozenset of str

    Raises
    ------
    ValueError
        If there is no such profile or claim.

    Examples
    --------
    >>> SUM_A in claims_of("diffpool"), SUM_A in claims_of("mincut")
    (True, False)
    >>> plain = claims_of("mincut") - {NORMALIZED} | {SUM_A}  # MinCutPool's losses only
    >>> sorted(claims_of(plain) - claims_of("diffpool"))
    ['cut', 'orthogonality']
    """
    if isinstance(profile, str):
        if profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise ValueError(f"profile must be one of {known}; got {profile!r}")
        return PROFILES[profile]
    if not isinstance(profile, Iterable):
        raise ValueError(f"profile must be a name or a set of claims; got {profile!r}")
    claims = list(profile)
    wrong = [c for c in claims if not isinstance(c, str) or c not in CLAIMS]
    if wrong:
        place = f"{__name__}.CLAIMS"
        raise ValueError(f"profile must consist of claims of {place}; got {wrong[0]!r}")
    return frozenset(claims)
