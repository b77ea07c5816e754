"""Laws on anybody's pooling layer: check it, parametrise tests by it, tabulate it."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

from npdiffpool._support.progress import progress_bar
from npdiffpool.testing.law import Law, Result
from npdiffpool.testing.laws import LAWS
from npdiffpool.testing.subjects import Part, Subject, subject_of

SEED = 0  # the same cases at every call, so that a table can be made again


def laws_of_pooling(laws: Iterable[str] | None = None) -> list[Law]:
    """Return the laws that a pooling layer can be checked on, or some by their ids.

    Raises
    ------
    ValueError
        If there is no law of an id, or no id.
    """
    parts = {"pool", "batched", "vjp"}
    if laws is None:
        needed = [[set(check.needs) for check in law.checks] for law in LAWS.values()]
        pairs = zip(LAWS.values(), needed)
        return [law for law, needs in pairs if any(parts & need for need in needs)]
    chosen = list(dict.fromkeys(laws))
    wrong = [id for id in chosen if id not in LAWS][:1] or ([] if chosen else ["none"])
    if wrong:
        raise ValueError(f"laws must be of {', '.join(LAWS)}; got {wrong[0]!r}")
    return [LAWS[id] for id in chosen]


def conformance(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    *,
    laws: Sequence[str] | None = None,
    examples: int | None = None,
    verbose: bool = False,
) -> list[Result]:
    """Check every law on a pooling layer.

    Parameters
    ----------
    pool : callable
        ``pool(A, R, Z) -> Pooled``: one graph, adjacency A (N, N), assignment
        logits R (N, K), embeddings Z (N, D), float64 (and float32, for the laws
        of precision) NumPy arrays. The result has the attributes of `Pooled`.
    batched : callable, optional
        ``batched(As, Rs, Zs) -> [Pooled, ...]``, several graphs at once. Taken
        from ``pool.batched`` where that is there and this is not given.
    vjp : callable, optional
        ``vjp(A, R, Z, output, G) -> (dR, dZ)``, the gradient of
        sum(G * pooled.<output>). Taken from ``pool.vjp``, or derived by autograd
        where `pool` is written with ``autograd.numpy``.
    laws : sequence of str, optional
        Ids of the laws to check; all that can apply where not given.
    examples : int, optional
        Cases to try of each check; those of the Hypothesis profile in use (100,
        by default) where not given.
    verbose : bool
        Show a progress bar.

    Returns
    -------
    list of Result
        One a law: "holds", "fails" with the smallest counterexample found, as a
        script, or "not applicable" with the reason. The cases, and so the
        results, are the same at every call.

    Raises
    ------
    ValueError
        If `pool` is not such a function, or a law is unknown.

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
    chosen, subject = laws_of_pooling(laws), subject_of(pool, batched, vjp)
    options: dict[str, Any] = {"examples": examples, "random_seed": SEED}
    with progress_bar(len(chosen), "law", "verifying", shown=verbose) as update:
        results = []
        for number, law in enumerate(chosen, 1):
            results.append(law.examine(subject, **options))
            update(number, law.id)
    return results


def check_pooling(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    *,
    laws: Sequence[str] | None = None,
    examples: int | None = None,
) -> None:
    """Raise at the first law that a pooling layer breaks.

    Parameters
    ----------
    pool, batched, vjp, laws, examples : as in `conformance`

    Raises
    ------
    LawViolation
        With the law, what was seen, and a script that shows it.
    ValueError
        If `pool` is not such a function, or a law is unknown.

    Examples
    --------
    >>> from npdiffpool import paper
    >>> from npdiffpool.testing import Pooled
    >>> def pool(A, R, Z):
    ...     S = paper.assign(R)
    ...     return Pooled(S.T @ A @ S / 2, S.T @ Z, S)  # half of the edges are lost
    >>> check_pooling(pool, laws=["C2"], examples=10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    npdiffpool.testing.law.LawViolation: C2 fails on pool: Pooling keeps the total ...
    """
    chosen, subject = laws_of_pooling(laws), subject_of(pool, batched, vjp)
    for law in chosen:
        law.check(subject, examples=examples, random_seed=SEED)


def parametrize_laws(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    *,
    laws: Sequence[str] | None = None,
) -> Any:
    """Make one pytest case of each law (a decorator; needs pytest).

    The test takes `law` and `pool`; laws that do not apply are skipped with the
    reason. `pool` carries the other forms with it::

        @parametrize_laws(my_pool)
        def test_my_pool(law, pool):
            law.check(pool)

    Parameters
    ----------
    pool, batched, vjp, laws : as in `conformance`

    Returns
    -------
    pytest.MarkDecorator

    Raises
    ------
    ValueError
        If `pool` is not such a function, or a law is unknown.

    Examples
    --------
    >>> from npdiffpool.testing.own import parts as own_parts
    >>> mark = parametrize_laws(own_parts.pool_by_paper, laws=["C1", "C2"])
    >>> [case.id for case in mark.args[1]]
    ['C1-total_feature_mass_survives_pooling', 'C2-total_edge_mass_survives_pooling']
    """
    import pytest

    subject = subject_of(pool, batched, vjp)
    cases = []
    for law in laws_of_pooling(laws):
        reason = law.lacking(subject)
        marks = [pytest.mark.skip(reason=reason)] if reason else []
        cases.append(pytest.param(law, subject, id=f"{law.id}-{law.name}", marks=marks))
    return pytest.mark.parametrize("law, pool", cases)
