"""Check laws on a message-passing layer or on a model of whole graphs."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import replace
from functools import partial
from textwrap import dedent
from typing import Any, Sequence

import autograd.numpy as anp
import numpy as np
from autograd import grad, make_vjp

from npdiffpool._support.arguments import require_int
from npdiffpool._support.types import Array
from npdiffpool.testing.check import PARTS, Check
from npdiffpool.testing.conformance import SEED, laws_by_id
from npdiffpool.testing.law import Law, Result, examine_laws
from npdiffpool.testing.laws import LAWS
from npdiffpool.testing.subjects import AUTOGRAD, PROBE, Part, Subject, import_line

A_PATH = PROBE[0]
FLOATS = ("float32", "float64")
MOST_FEATURES = 512  # the largest F that is tried


def conformance_layer(
    layer: Part,
    vjp: Part | None = None,
    *,
    hops: int = 1,
    n_features: int | None = None,
    laws: Sequence[str] | None = None,
    examples: int | None = None,
    verbose: bool = False,
) -> list[Result]:
    """Check laws on a message-passing layer and return the results.

    Parameters
    ----------
    layer : callable
        ``layer(A, X) -> H`` for one undirected graph: weights A (N, N) >= 0, perhaps
        with self-loops, features X (N, F) and new features H (N, D), as NumPy arrays
        in float64 (and float32, for D4 and D5). Its parameters are inside.
    vjp : callable, optional
        ``vjp(A, X, G) -> dX``, the gradient of sum(G * H) by X, with G an array like H.
        By default ``layer.vjp``, if it exists, else derived by autograd if `layer` is
        written with ``autograd.numpy``.
    hops : int
        A row of H may depend on nodes up to this number of edges away.
    n_features : int, optional
        F; by default the first of 2, 3, ..., 512 and 1 that `layer` accepts.
    laws : sequence of str, optional
        Ids of the laws to check; by default all laws about a layer.
    examples, verbose
        As for `conformance`.

    Returns
    -------
    list of Result
        As from `conformance`. A layer that computes in float32 in any case fails law
        D4; the other laws are then checked with the tolerance of float32.

    Raises
    ------
    ValueError
        If `layer` is not such a function, a law is unknown, or a number is not a whole
        number >= 1 (`hops` >= 0).

    Examples
    --------
    >>> def layer(A, X):
    ...     return (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-5)  # batch norm
    >>> results = conformance_layer(layer, laws=["G3", "G5"], examples=10)
    >>> [(result.law.id, result.verdict) for result in results]
    [('G3', 'holds'), ('G5', 'fails')]
    """
    require_int("hops", hops, 0)
    F, H = _probe("layer", layer, n_features)
    if np.ndim(H) != 2 or len(H) != len(A_PATH):
        raise ValueError(f"layer must return H of shape (3, D) here; got {H.shape}")
    parts: dict[str, Any] = {"gnn_layer": layer, "hops": hops}
    sources = {"gnn_layer": import_line(layer, "gnn_layer"), "hops": f"hops = {hops}"}
    vjp = vjp or getattr(layer, "vjp", None)
    reason = f"it computes in {H.dtype}" if H.dtype != np.float64 else ""
    if vjp is not None:
        sources["layer_vjp"] = import_line(vjp, "layer_vjp")
    elif not reason and not (reason := _reason_against_autograd(layer, F)):
        vjp = derive_layer_vjp(layer)
        sources["layer_vjp"] = f"{AUTOGRAD}\n\n{dedent(inspect.getsource(vjp))}"
    if not reason:
        parts["layer_vjp"] = vjp
    missing = {"layer_vjp": reason} if reason else {}
    subject = Subject(_name(layer), parts, missing, sources)
    return _examine(laws, {"gnn_layer"}, subject, F, H.dtype, examples, verbose)


def conformance_model(
    model: Part,
    batched: Part | None = None,
    *,
    n_features: int | None = None,
    laws: Sequence[str] | None = None,
    examples: int | None = None,
    verbose: bool = False,
) -> list[Result]:
    """Check laws on a model of whole graphs and return the results.

    Law M2 is about message passing: a model that can tell more graphs apart than the
    1-WL test, such as one with positional encodings, fails it.

    Parameters
    ----------
    model : callable
        ``model(A, X) -> logits`` (C,) for one graph, as for `conformance_layer`; in
        evaluation mode, without dropout. The logits must be finite; they may be any
        outputs, also of a regression.
    batched : callable, optional
        ``batched(As, Xs) -> logits`` (B, C) of several graphs, in whatever form the
        model has for that, such as padding; by default ``model.batched``, if it exists.
    n_features, laws, examples, verbose
        As for `conformance_layer`.

    Returns
    -------
    list of Result
        As from `conformance_layer`.

    Raises
    ------
    ValueError
        As `conformance_layer`.

    Examples
    --------
    >>> def model(A, X):
    ...     return (A @ X).sum(axis=0)
    >>> def batched(As, Xs):
    ...     logits = np.stack([model(A, X) for A, X in zip(As, Xs)])
    ...     return logits - logits.mean(axis=0)  # over the batch
    >>> results = conformance_model(model, batched, laws=["M1", "B3"], examples=10)
    >>> [(result.law.id, result.verdict) for result in results]
    [('M1', 'holds'), ('B3', 'fails')]
    """
    F, logits = _probe("model", model, n_features)
    if np.ndim(logits) != 1:
        raise ValueError(f"model must return logits (C,); got shape {logits.shape}")
    batched = batched or getattr(model, "batched", None)
    parts, missing = {"classifier": model}, {}
    if batched is not None:
        parts["classify_batch"] = batched
    else:
        how = "pass `batched`, or set `model.batched`"
        missing["classify_batch"] = f"it has no batched form; {how}"
    sources = {name: import_line(part, name) for name, part in parts.items()}
    subject = Subject(_name(model), parts, missing, sources)
    about = {"classifier", "classify_batch"}
    return _examine(laws, about, subject, F, logits.dtype, examples, verbose)


def laws_about(parts: set[str]) -> list[Law]:
    """Return the laws with a check that needs one of some parts."""
    return [law for law in LAWS.values() if _checks(law, parts)]


def _checks(law: Law, parts: set[str]) -> list[Check]:
    return [check for check in law.checks if parts & set(check.needs)]


def _examine(
    ids: Sequence[str] | None,
    about: set[str],
    subject: Subject,
    n_features: int,
    dtype: Any,
    examples: int | None,
    verbose: bool,
) -> list[Result]:
    """Examine laws with cases of this number of features, and in this precision."""

    def fitting(check: Check) -> Check:
        draw: Any = check.cases  # takes a number of features, too
        cases = partial(draw, n_features=n_features)
        dtypes = check.dtypes if len(check.dtypes) > 1 else (str(dtype),)
        return Check(check.body, cases, check.needs, dtypes)

    laws = laws_about(about) if ids is None else laws_by_id(ids)
    chosen = []
    for law in laws:
        checks = [fitting(check) for check in _checks(law, about)]
        chosen.append(replace(law, checks=checks or law.checks))
    kind = "layer" if "gnn_layer" in about else "model"
    other = {name: f"it is not about a {kind}" for name in PARTS - about}
    subject = replace(subject, missing={**other, **subject.missing})
    results = examine_laws(chosen, [subject], examples, SEED, verbose)
    return [replace(result, law=law) for result, law in zip(results, laws)]


def _probe(kind: str, function: Part, n_features: int | None) -> tuple[int, Array]:
    """Return the number of features and the output for a path of three nodes."""
    call = f"{kind}(A, X) with A (3, 3), X (3, {n_features or 'F'})"
    if not callable(function):
        raise ValueError(f"{kind} must be callable as {kind}(A, X); got {function!r}")
    if n_features is not None:
        require_int("n_features", n_features, 1)
    seen, error = "", None
    for F in [n_features] if n_features else [*range(2, MOST_FEATURES + 1), 1]:
        X = np.random.default_rng(F).normal(size=(3, F))
        try:
            output = function(A_PATH.copy(), X)
        except Exception as raised:
            error = error or raised
            continue
        if getattr(output, "dtype", None) in FLOATS and isinstance(output, np.ndarray):
            return F, output
        seen = f"{type(output).__name__} of {getattr(output, 'dtype', 'no dtype')}"
        raise ValueError(f"{call} must return a NumPy array of float64; got {seen}")
    seen = f"{type(error).__name__}: {' '.join(str(error).split())}"
    hint = "" if n_features else "; if it needs another F, give n_features"
    raise ValueError(f"{call} must return an array; it raised {seen}{hint}") from error


def _reason_against_autograd(layer: Part, n_features: int) -> str:
    """Return why autograd cannot differentiate a layer, or an empty string."""
    try:
        make_vjp(lambda X: layer(A_PATH, X))(np.ones((3, n_features)))
    except Exception as error:
        seen = f"{type(error).__name__}: {' '.join(str(error).split())}"
        how = "pass `vjp`, or set `layer.vjp`"
        return f"autograd cannot differentiate it; {how} ({seen})"
    return ""


def derive_layer_vjp(gnn_layer: Part) -> Part:
    """Return `layer_vjp` of a layer written with ``autograd.numpy``."""

    def layer_vjp(A, X, G):  # type: ignore[no-untyped-def]
        with warnings.catch_warnings():  # a gradient of zero is valid too
            warnings.filterwarnings("ignore", "Output seems independent of input")
            return grad(lambda X: anp.sum(G * gnn_layer(A, X)))(X)

    return layer_vjp


def _name(function: Part) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
