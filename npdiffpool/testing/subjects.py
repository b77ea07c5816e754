"""Subjects: implementations to check, as the named parts that laws use.

The parts of a pooling layer, with float arrays throughout:

pool(A, R, Z) -> Pooled
    Pools one dense graph: A (N, N), logits R (N, K), embeddings Z (N, D).
batched(As, Rs, Zs) -> [Pooled, ...]
    Pools several graphs at once, in whatever form the layer has for that. A layer
    with one loss for the whole batch puts it into each `Pooled`.
vjp(A, R, Z, output, G) -> (dR, dZ)
    The gradient of sum(G * pooled.<output>), `output` being a field of `Pooled` and G
    an array of the output's shape and R's dtype. By default autograd derives it.

A flag with the name of a loss means that the layer returns it, and "softmax" that its S
is the softmax of R, so that a law can choose S; "symmetric" means that A' of a
symmetric graph is symmetric to the bit. A layer keeps float64 unless "float64" is
missing. What else it claims is its profile (see `profiles`). The parts of npdiffpool
itself are in `npdiffpool.testing.own`.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from dataclasses import dataclass, field, replace
from textwrap import dedent
from typing import Any, Callable, Iterable, Mapping, NamedTuple

import autograd.numpy as anp
import numpy as np
from autograd import grad, make_vjp

from npdiffpool._support.arguments import require_flag
from npdiffpool.testing.profiles import (
    CLAIMS,
    EMPTY_GRAPHS,
    LOSSES,
    PROFILES,
    SOFTMAX,
    claims_of,
)

Part = Callable[..., Any]
Names = tuple[str, ...]
PROBE = (  # N, K and D differ, so that no output has the shape of another
    np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
    np.array([[0.3, -0.2], [-0.5, 0.7], [0.1, 0.6]]),
    np.array([[1.0, 2.0, -0.4, 0.9], [0.5, -1.0, 1.1, -0.7], [-0.3, 0.8, 0.2, 0.6]]),
)
CALL = "pool(A, R, Z) with A (3, 3), R (3, 2), Z (3, 4)"
CALL_OF_BATCH = "batched([A, A], [R, R], [Z, Z])"


class Pooled(NamedTuple):
    """The result of pooling one graph.

    A layer, and a batched form for each graph, may return any object with these
    attributes, or a plain tuple: A, X, S and the losses that its profile names, in this
    order.

    Attributes
    ----------
    A : (K, K) array
        S^T A S (equation 4).
    X : (K, D) array
        S^T Z (equation 3).
    S : (N, K) array
        The assignment.
    link, entropy : () arrays or None
        The auxiliary losses; None if the layer has none.
    cut, orthogonality, modularity, collapse : () arrays or None
        The losses of MinCutPool and DMoN (see laws P5 to P8).

    Examples
    --------
    >>> A, S = np.ones((2, 2)), np.ones((2, 1))
    >>> Pooled(S.T @ A @ S, S.T @ np.array([[1.0], [3.0]]), S).X
    array([[4.]])
    """

    A: Any
    X: Any
    S: Any
    link: Any = None
    entropy: Any = None
    cut: Any = None
    orthogonality: Any = None
    modularity: Any = None
    collapse: Any = None


@dataclass(frozen=True)
class Subject:
    """An implementation: its parts by name, and a reason for each missing part.

    Parameters
    ----------
    name : str
    parts : mapping
        From a part's name, as in the signatures of checks, to a function (or a flag).
    missing : mapping
        From the name of a missing part to the reason.
    sources : mapping
        From a part's name to the lines of a script that define it.
    claims : frozenset of str
        What the layer claims; see `npdiffpool.testing.profiles`.
    """

    name: str
    parts: Mapping[str, Any]
    missing: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    claims: frozenset[str] = PROFILES["diffpool"]

    def reason_against(self, needs: tuple[str, ...]) -> str | None:
        """Return why a check with these needs does not apply; None if it does."""
        for name in needs:
            if name in CLAIMS - self.claims:
                loss = f"its profile has no {name} loss"
                return loss if name in LOSSES else f"it does not claim that {name}"
            needs_no_part = name in CLAIMS - set(LOSSES) or name == "float64"
            has_it = name in self.parts or (needs_no_part and name not in self.missing)
            if not has_it:
                return self.missing.get(name, f"it has no {name}")
        return None

    def reasons_in_part(self, needs: tuple[str, ...]) -> list[str]:
        """Return why a check does not apply, if other checks of its law do.

        A loss that the profile does not have, and a part of npdiffpool, need no reason.
        """
        if set(needs) & set(LOSSES) - self.claims:
            return []
        unclaimed = [name for name in needs if name in CLAIMS - self.claims]
        if unclaimed:
            return [f"it does not claim that {name}" for name in unclaimed]
        return [self.missing[name] for name in needs if name in self.missing]


def subject_of(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    profile: str | Iterable[str] | None = None,
    empty_graphs: bool = True,
) -> Subject:
    """Return a pooling layer as a subject.

    Parameters
    ----------
    pool, batched, vjp : callables
        See the docstring of this module. The last two are by default the attributes
        ``pool.batched`` and ``pool.vjp``.
    profile : str or iterable of str
        What the layer claims; see `npdiffpool.testing.profiles`. By default what a
        Subject says, and "diffpool" for a function.
    empty_graphs : bool
        False if the layer does not claim to pool graphs without nodes.

    Returns
    -------
    Subject

    Raises
    ------
    ValueError
        If `pool` is not callable, fails on a path of three nodes, or returns
        something without the attributes of `Pooled`, or with other types or shapes, and
        likewise `batched` and `vjp`; if there is no such profile; if `empty_graphs` is
        not a bool.
    """
    require_flag("empty_graphs", empty_graphs)
    if isinstance(pool, Subject):
        if batched is not None or vjp is not None:
            raise ValueError(
                "batched and vjp must be parts of the Subject, not arguments"
            )
        subject, claims = pool, claims_of(pool.claims if profile is None else profile)
    else:
        claims = claims_of("diffpool" if profile is None else profile)
        subject = _examined(pool, batched, vjp, claims)
    claims = claims if empty_graphs else claims - {EMPTY_GRAPHS}
    return subject if claims == subject.claims else replace(subject, claims=claims)


def _examined(
    pool: Part, batched: Part | None, vjp: Part | None, claims: frozenset[str]
) -> Subject:
    """Return a layer as a subject, with the parts that it is found to have."""
    names = ("A", "X", "S", *(loss for loss in LOSSES if loss in claims))
    pooled, K_is_given = _probe(pool, len(names)), SOFTMAX in claims
    parts: dict[str, Any] = {"pool": pool}
    sources = {"pool": import_line(pool, "pool")}
    if type(pooled) is tuple:
        parts["pool"], sources["pool"] = _pool_with_names(pool, names)
        pooled = _named(pooled, names)
    _require_outputs(CALL, pooled, names, K_is_given)
    missing = {loss: f"it returns no {loss} loss" for loss in LOSSES}
    missing["batched"] = "it has no batched form; pass `batched`, or set `pool.batched`"
    missing["softmax"] = "its S is not the softmax of the logits R"
    flags = {loss: getattr(pooled, loss, None) is not None for loss in LOSSES}
    flags["softmax"] = _is_softmax(pooled.S)
    if {M.dtype for M in (pooled.A, pooled.X, pooled.S)} == {np.dtype("float32")}:
        missing["float64"] = "it computes in float32"
    batched = batched or getattr(pool, "batched", None)
    if batched is not None:
        _add_batched(batched, names, K_is_given, parts, sources)
    vjp = vjp or getattr(pool, "vjp", None)
    if vjp is not None:
        _require_vjp(vjp, pooled, names)
        parts["vjp"], sources["vjp"] = vjp, import_line(vjp, "vjp")
    else:
        _add_derived_vjp(parts["pool"], parts, sources, missing)
    parts |= {name: True for name, flag in flags.items() if flag}
    name = str(getattr(pool, "__name__", type(pool).__name__))
    missing = {name: why for name, why in missing.items() if name not in parts}
    return Subject(name, parts, missing, sources, claims)


def _probe(pool: Part, most: int) -> Any:
    """Return the layer's output for a small graph; validate its attributes."""
    if not callable(pool):
        raise ValueError(f"pool must be callable as pool(A, R, Z); got {pool!r}")
    try:
        pooled = pool(*(array.copy() for array in PROBE))
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
        raise ValueError(f"{CALL} must return a Pooled; it raised {seen}") from error
    if lacking := _lacking(pooled, most):
        raise ValueError(
            f"{CALL} must return something with the attributes A, X and S (such as "
            f"npdiffpool.testing.Pooled); got {type(pooled).__name__} without "
            f"{', '.join(lacking)}"
        )
    return pooled


def _lacking(pooled: Any, most: int) -> list[str]:
    """Return the attributes that are missing; a tuple of 3 to `most` needs none."""
    if type(pooled) is tuple and 3 <= len(pooled) <= most:
        return []
    return [name for name in ("A", "X", "S") if not hasattr(pooled, name)]


def _require_outputs(call: str, pooled: Any, names: Names, K_is_given: bool) -> None:
    """Validate A', X', S and the losses; K is 2 if it is given, else that of S."""
    K = 2 if K_is_given or np.ndim(pooled.S) != 2 else np.shape(pooled.S)[1]
    given = [name for name in names[3:] if getattr(pooled, name, None) is not None]
    shapes: dict[str, Any] = {"S": (3, K), "A": (K, K), "X": (K, 4)}
    for name, shape in {**shapes, **dict.fromkeys(given, ())}.items():
        value = getattr(pooled, name)
        is_loss, seen = name in given, np.shape(value)
        kind = "a number or array" if is_loss else "a dense NumPy array"
        numbers = (np.ndarray, np.generic, float, int) if is_loss else (np.ndarray,)
        if seen == shape and not isinstance(value, numbers):
            seen = type(value).__name__  # such as a tensor
        if seen != shape:
            order = f"; a tuple is in the order {', '.join(names)}"
            raise ValueError(
                f"{call} must return {name} as {kind} of shape {shape}; got {seen}"
                f"{order if isinstance(pooled, tuple) else ''}"
            )


def _add_batched(
    batched: Part,
    names: Names,
    K_is_given: bool,
    parts: dict[str, Any],
    sources: dict[str, str],
) -> None:
    """Add a batched form; validate what it returns, but an error violates a law."""
    parts["batched"], sources["batched"] = batched, import_line(batched, "batched")
    try:
        pools = batched(*([array.copy()] * 2 for array in PROBE))
    except Exception:
        return
    fits, seen = isinstance(pools, (list, tuple)) and len(pools) == 2, type(pools)
    if fits:
        seen = type(pools[0])
        fits = not any(_lacking(pooled, len(names)) for pooled in pools)
    if not fits:
        raise ValueError(
            f"{CALL_OF_BATCH} must return a list of two objects with the attributes "
            f"A, X and S, one for each graph; got {seen.__name__}"
        )
    for pooled in pools:
        _require_outputs(CALL_OF_BATCH, _named(pooled, names), names, K_is_given)
    if type(pools[0]) is tuple:
        parts["batched"], sources["batched"] = _batched_with_names(batched, names)


def _require_vjp(vjp: Part, pooled: Any, names: Names) -> None:
    """Validate the form of what `vjp` returns; an error in it violates a law."""
    outputs = {name: getattr(pooled, name, None) for name in ("X", *names[3:])}
    given = {name: value for name, value in outputs.items() if value is not None}
    for name, value in given.items():
        try:
            gradients = vjp(
                *(M.copy() for M in PROBE), name, np.ones_like(value, dtype=float)
            )
            seen = [type(gradient).__name__ for gradient in gradients]
        except Exception:
            continue
        if len(seen) != 2 or not all(isinstance(g, np.ndarray) for g in gradients):
            raise ValueError(
                f'vjp(A, R, Z, "{name}", G) must return two NumPy arrays, dR and dZ '
                f"(zeros for an input that has no effect); got {', '.join(seen)}"
            )


def _is_softmax(S: Any) -> bool:
    E = np.exp(PROBE[1])
    softmax = E / E.sum(axis=1, keepdims=True)
    return np.shape(S) == softmax.shape and np.allclose(S, softmax, rtol=1e-6)


POOL_WITH_NAMES = """\
from types import SimpleNamespace

def pool(A, R, Z):
    return SimpleNamespace(**dict(zip({}, layer(A, R, Z))))"""
BATCHED_WITH_NAMES = """\
from types import SimpleNamespace

def batched(As, Rs, Zs):
    pools = layers(As, Rs, Zs)
    return [SimpleNamespace(**dict(zip({}, pooled))) for pooled in pools]"""


def _named(pooled: Any, names: Names) -> Any:
    """Return an output with attributes, of one that may be a plain tuple."""
    return Pooled(**dict(zip(names, pooled))) if type(pooled) is tuple else pooled


def _pool_with_names(layer: Part, names: Names) -> tuple[Part, str]:
    """Return a layer with named outputs, of one with plain tuples, and its source."""
    source = f"{import_line(layer, 'layer')}\n{POOL_WITH_NAMES.format(names)}"
    return lambda A, R, Z: _named(layer(A, R, Z), names), source


def _batched_with_names(layers: Part, names: Names) -> tuple[Part, str]:
    """Return the same of a batched form."""
    source = f"{import_line(layers, 'layers')}\n{BATCHED_WITH_NAMES.format(names)}"
    return lambda *lists: [_named(one, names) for one in layers(*lists)], source


def import_line(function: Part, name: str) -> str:
    """Return the line that imports a function under a part's name."""
    module = getattr(function, "__module__", None)
    path = getattr(function, "__qualname__", "<")
    found = getattr(sys.modules.get(str(module)), path, None)
    if module == "__main__" or found is not function:
        label = getattr(function, "__name__", type(function).__name__)
        return f"{name} = ...  # your own goes here: {label}"
    return f"from {module} import {path if path == name else f'{path} as {name}'}"


def _add_derived_vjp(
    layer: Part, parts: dict[str, Any], sources: dict[str, str], missing: dict[str, str]
) -> None:
    """Derive the vjp by autograd, or say why that is impossible.

    Only the forward pass is tried: an error in the backward pass violates a law.
    """
    A, R, Z = PROBE
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent of input")
            make_vjp(lambda R, Z: layer(A, R, Z).A, (0, 1))(R, Z)
    except Exception as error:
        seen = f"{type(error).__name__}: {' '.join(str(error).split())}"
        missing["vjp"] = (
            "the package autograd cannot differentiate it; pass `vjp`, or set "
            f"`pool.vjp` ({seen})"
        )
        return
    parts["vjp"] = derive_vjp(layer)
    sources["vjp"] = f"{AUTOGRAD}\n\n{dedent(inspect.getsource(parts['vjp']))}"


AUTOGRAD = """\
import warnings

import autograd.numpy as anp
from autograd import grad"""


def derive_vjp(pool: Part) -> Part:
    """Return `vjp` of a layer written with ``autograd.numpy``."""

    def vjp(A, R, Z, output, G):  # type: ignore[no-untyped-def]
        def total(R, Z):  # type: ignore[no-untyped-def]
            return anp.sum(G * getattr(pool(A, R, Z), output))

        with warnings.catch_warnings():  # a gradient of zero is valid too
            warnings.filterwarnings("ignore", "Output seems independent of input")
            return grad(total, (0, 1))(R, Z)

    return vjp
