"""Check laws on a pooling layer: return results, raise, or make pytest cases."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

from npdiffpool.testing.check import POOLING_PARTS, Check
from npdiffpool.testing.law import Law, Result, examine_laws
from npdiffpool.testing.laws import LAWS
from npdiffpool.testing.profiles import CLAIMS, PROFILES
from npdiffpool.testing.subjects import Part, Subject, subject_of

SEED = 0  # the same cases at every call, so that results can be reproduced


def laws_of_claims(claims: frozenset[str] = PROFILES["diffpool"]) -> list[Law]:
    """Return the laws of a pooling layer that follow from what it claims."""

    def follows(check: Check) -> bool:
        needs = set(check.needs)
        return bool(POOLING_PARTS & needs) and not (CLAIMS - claims) & needs

    return [law for law in LAWS.values() if any(map(follows, law.checks))]


def laws_by_id(laws: Iterable[str]) -> list[Law]:
    """Return the laws with the given ids.

    Raises
    ------
    ValueError
        If `laws` is empty or has an unknown id.
    """
    ids = list(dict.fromkeys(laws))
    wrong = [id for id in ids if id not in LAWS] if ids else ["none"]
    if wrong:
        raise ValueError(f"laws must be of {', '.join(LAWS)}; got {wrong[0]!r}")
    return [LAWS[id] for id in ids]


def _chosen_laws(laws: Iterable[str] | None, subject: Subject) -> list[Law]:
    """Return the laws with these ids; without ids, those that the claims imply."""
    return laws_of_claims(subject.claims) if laws is None else laws_by_id(laws)


def conformance(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    *,
    profile: str | Iterable[str] | None = None,
    laws: Sequence[str] | None = None,
    examples: int | None = None,
    empty_graphs: bool = True,
    verbose: bool = False,
) -> list[Result]:
    """Check laws on a pooling layer and return the results.

    The layer must accept what the laws draw. A has weights of 0 and of 1e-12 to 1e12,
    and may be directed, with self-loops and isolated nodes. N, K and D change from call
    to call: N is up to 144, K up to 20 (in law C8 it is N) and may exceed N, and D is
    up to 10. Equal calls must give equal results, so a layer with dropout or batch norm
    has to be in evaluation mode.

    Not checked: gradients by A, by weights inside the layer, and of `batched`.

    Parameters
    ----------
    pool : callable
        ``pool(A, R, Z) -> Pooled`` for one graph: adjacency A (N, N), assignment
        logits R (N, K) and embeddings Z (N, D), as float64 NumPy arrays (and float32,
        for laws of precision). The result has the attributes of `Pooled`.
    batched : callable, optional
        ``batched(As, Rs, Zs) -> [Pooled, ...]`` for several graphs; by default
        ``pool.batched``, if it exists. A layer with one loss for the whole batch puts
        it into each `Pooled`.
    vjp : callable, optional
        ``vjp(A, R, Z, output, G) -> (dR, dZ)``, the gradient of
        sum(G * pooled.<output>), where `output` is the name of an attribute of
        `Pooled`, and G an array of the output's shape and R's dtype. By default
        ``pool.vjp``, if it exists, else derived by the package autograd if `pool` is
        written with ``autograd.numpy``.
    profile : str or iterable of str
        What the layer claims: a name of `npdiffpool.testing.profiles.PROFILES`, or a
        set of `npdiffpool.testing.profiles.CLAIMS`; by default "diffpool".
    laws : sequence of str, optional
        Ids of the laws to check; by default all that follow from the profile.
    examples : int, optional
        Number of cases to try for each check; by default that of the current
        Hypothesis profile (normally 100).
    empty_graphs : bool
        False if the layer does not claim to pool graphs without nodes: law C15 then
        does not apply.
    verbose : bool
        Show a progress bar.

    Returns
    -------
    list of Result
        One per law: "holds", "fails" with the smallest counterexample found and a
        script that reproduces it, or "not applicable" with the reason. The cases, and
        so the results, are the same at every call with the same laws. A layer that
        computes in float32 in any case fails law D4; the other laws are then checked
        in float32, and D1, which needs float64, does not apply.

    Raises
    ------
    ValueError
        If `pool` is not a pooling layer, a law or profile is unknown, `examples` is not
        a whole number >= 1, or `empty_graphs` is not a bool.

    Notes
    -----
    A layer in torch needs a few lines that convert, pad and differentiate: see
    benchmarks/adapters/torch_geometric.py. Arrays may be views that cannot be written
    to, or with negative strides, which torch refuses (law D8), so copy them first, as
    in ``torch.from_numpy(np.array(A))``.

    Examples
    --------
    >>> from npdiffpool.testing import conformance
    >>> from npdiffpool.testing.own import parts as own_parts
    >>> laws = ["C1", "B1"]
    >>> for result in conformance(own_parts.pool_by_paper, laws=laws, examples=10):
    ...     print(f"{result.law.id}: {result.verdict}")
    C1: holds
    B1: not applicable
    """
    subject = subject_of(pool, batched, vjp, profile, empty_graphs)
    chosen = _chosen_laws(laws, subject)
    return list(examine_laws(chosen, [subject], examples, SEED, verbose))


def check_pooling(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    *,
    profile: str | Iterable[str] | None = None,
    laws: Sequence[str] | None = None,
    examples: int | None = None,
    empty_graphs: bool = True,
) -> None:
    """Raise an error at the first law that a pooling layer violates.

    Laws that do not apply are skipped silently; `conformance` returns them with the
    reason. These laws are skipped:

    - B1 to B3, P9 and parts of C3, C6, C15, D5 and D8 without a batched form: pass
      `batched`, or set ``pool.batched``
    - D1, L8, E6 and parts of C15, D4, D5 and D8 without a gradient: pass `vjp`, or set
      ``pool.vjp``, unless the layer is written with ``autograd.numpy``
    - laws about a loss that the layer does not return
    - laws that choose S by R, such as C8, if S is not the softmax of R

    Parameters
    ----------
    pool, batched, vjp : callable
        As for `conformance`.
    profile : str or iterable of str
        As for `conformance`.
    laws : sequence of str, optional
        As for `conformance`.
    examples : int, optional
        As for `conformance`.
    empty_graphs : bool
        As for `conformance`.

    Raises
    ------
    LawViolation
        With the law, the error, and a script that reproduces it.
    ValueError
        As `conformance`.

    Examples
    --------
    >>> from npdiffpool import paper
    >>> from npdiffpool.testing import Pooled
    >>> def pool(A, R, Z):
    ...     S = paper.assign(R)
    ...     return Pooled(S.T @ A @ S / 2, S.T @ Z, S)  # loses half of the edge weight
    >>> check_pooling(pool, laws=["C2"], examples=10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    npdiffpool.testing.law.LawViolation: C2 fails on pool: Pooling keeps the total ...
    """
    subject = subject_of(pool, batched, vjp, profile, empty_graphs)
    chosen = _chosen_laws(laws, subject)
    for result in examine_laws(chosen, [subject], examples, SEED):
        result.require()


def parametrize_laws(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    *,
    profile: str | Iterable[str] | None = None,
    laws: Sequence[str] | None = None,
    empty_graphs: bool = True,
) -> Any:
    """Return a decorator that makes a test one pytest case per law (needs pytest).

    The test takes `law` and `pool`. Laws that do not apply are skipped, with the
    reason. `pool` is a subject that includes `batched` and `vjp`::

        @parametrize_laws(my_pool)
        def test_my_pool(law, pool):
            law.check(pool)

    Parameters
    ----------
    pool, batched, vjp : callable
        As for `conformance`.
    profile : str or iterable of str
        As for `conformance`.
    laws : sequence of str, optional
        As for `conformance`.
    empty_graphs : bool
        As for `conformance`.

    Returns
    -------
    pytest.MarkDecorator

    Raises
    ------
    ValueError
        If `pool` is not a pooling layer, a law or profile is unknown, or `empty_graphs`
        is not a bool.

    Examples
    --------
    >>> from npdiffpool.testing.own import parts as own_parts
    >>> mark = parametrize_laws(own_parts.pool_by_paper, laws=["C1", "C2"])
    >>> [case.id for case in mark.args[1]]
    ['C1-total_feature_mass_survives_pooling', 'C2-total_edge_mass_survives_pooling']
    """
    import pytest

    subject, cases = subject_of(pool, batched, vjp, profile, empty_graphs), []
    for law in _chosen_laws(laws, subject):
        reason = law.reason_against(subject)
        marks = [pytest.mark.skip(reason=reason)] if reason else []
        cases.append(pytest.param(law, subject, id=f"{law.id}-{law.name}", marks=marks))
    return pytest.mark.parametrize("law, pool", cases)
