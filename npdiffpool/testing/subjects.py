"""What laws are checked on: a pooling layer, in parts that a law can ask for.

The parts of anybody's layer, float arrays throughout:

pool(A, R, Z) -> Pooled
    Pools one dense graph: A (N, N), logits R (N, K), embeddings Z (N, D).
batched(As, Rs, Zs) -> [Pooled, ...]
    Pools many graphs at once, in whatever form the layer has for that. A layer
    that gives one loss for the whole batch puts it into each `Pooled`.
vjp(A, R, Z, output, G) -> (dR, dZ)
    The gradient of sum(G * pooled.<output>), `output` a field of `Pooled`. Where
    it is not given, autograd derives it.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any, Callable, Mapping, NamedTuple

import autograd.numpy as anp
import numpy as np
from autograd import grad, make_vjp

Part = Callable[..., Any]
PROBE = (
    np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
    np.array([[0.3, -0.2], [-0.5, 0.7], [0.1, 0.6]]),
    np.array([[1.0, 2.0], [0.5, -1.0], [-0.3, 0.8]]),
)


class Pooled(NamedTuple):
    """Hold what a pooling layer gives for one graph.

    Any object with these attributes will do, or a tuple in this order.

    Attributes
    ----------
    A : (K, K) array
        S^T A S (equation 4).
    X : (K, D) array
        S^T Z (equation 3).
    S : (N, K) array
        The assignment.
    link, entropy : () arrays or None
        The auxiliary losses, None where the layer has none.

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


@dataclass(frozen=True)
class Subject:
    """Hold an implementation: its parts by name, and why it has no others.

    Parameters
    ----------
    name : str
    parts : mapping
        From a part's name, as laws ask for it, to a function (or a flag).
    missing : mapping
        From the name of a part that is not there to the reason.
    sources : mapping
        From a part's name to the lines of a script that define it.
    """

    name: str
    parts: Mapping[str, Any]
    missing: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def lacks(self, needs: tuple[str, ...]) -> str | None:
        """Say which of some parts is not there, or None."""
        for name in needs:
            if name not in self.parts:
                return self.missing.get(name, f"it has no {name}")
        return None

    def excuses(self, needs: tuple[str, ...]) -> list[str]:
        """List why some parts, that others like it have, are not there."""
        return [self.missing[name] for name in needs if name in self.missing]


def subject_of(
    pool: Part | Subject,
    batched: Part | None = None,
    vjp: Part | None = None,
    name: str | None = None,
) -> Subject:
    """Make a subject of a pooling layer.

    Parameters
    ----------
    pool, batched, vjp : callables
        See the top of this module. The last two are taken from the attributes
        ``pool.batched`` and ``pool.vjp`` where they are not given.
    name : str, optional
        What to call it; the function's own name where not given.

    Raises
    ------
    ValueError
        If `pool` is not callable, fails on a path of three nodes, or returns
        something without the attributes of `Pooled`, or of other shapes.
    """
    if isinstance(pool, Subject):
        return pool
    pooled, call = _probe(pool), pool
    if type(pooled) is tuple:
        call, pooled = naming(pool), Pooled(*pooled)
    _require_shapes(pooled)
    name = name or str(getattr(pool, "__name__", type(pool).__name__))
    batched = batched or getattr(pool, "batched", None)
    vjp = vjp or getattr(pool, "vjp", None)
    parts: dict[str, Any] = {"pool": call}
    sources, missing = {"pool": _import(pool, "pool")}, {"batched": "no batched form"}
    if call is not pool:
        sources["pool"] = "\n".join([_import(pool, "layer"), NAMING])
    _add_flags(parts, missing, pooled)
    if batched is not None:
        parts["batched"], sources["batched"] = batched, _import(batched, "batched")
    _add_vjp(parts, sources, missing, vjp)
    return Subject(name, parts, missing, sources)


def _add_flags(parts: dict[str, Any], missing: dict[str, str], pooled: Any) -> None:
    """Say which losses the layer gives, and whether its S is chosen by R."""
    for loss in ("link", "entropy"):
        if getattr(pooled, loss, None) is None:
            missing[loss] = f"it gives no {loss} loss"
        else:
            parts[loss] = True
    if _follows_logits(pooled):
        parts["steered"] = True
    else:
        missing["steered"] = "its S is not the softmax of the logits R"


CALL = "pool(A, R, Z) with A (3, 3), R (3, 2), Z (3, 2)"


def _probe(pool: Part) -> Any:
    if not callable(pool):
        raise ValueError(f"pool must be callable as pool(A, R, Z); got {pool!r}")
    try:
        pooled = pool(*(array.copy() for array in PROBE))
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
        raise ValueError(f"{CALL} must return a Pooled; it raised {seen}") from error
    lacking = [name for name in ("A", "X", "S") if not hasattr(pooled, name)]
    if lacking and not (type(pooled) is tuple and 3 <= len(pooled) <= 5):
        raise ValueError(
            f"{CALL} must return something with the attributes A, X and S (such as "
            f"npdiffpool.testing.Pooled); got {type(pooled).__name__} without "
            f"{', '.join(lacking)}"
        )
    return pooled


def _require_shapes(pooled: Any) -> None:
    for name, shape in dict(A=(2, 2), X=(2, 2), S=(3, 2)).items():
        seen = np.shape(getattr(pooled, name))
        if seen != shape:
            raise ValueError(
                f"{CALL} must give {name} of shape {shape}, a dense array; got {seen}"
            )


NAMING = """\
from types import SimpleNamespace

def pool(A, R, Z):
    names = ("A", "X", "S", "link", "entropy")
    return SimpleNamespace(**dict(zip(names, layer(A, R, Z))))"""


def naming(layer: Part) -> Part:
    """Give the values of a layer that returns a plain tuple their names."""
    return lambda A, R, Z: Pooled(*layer(A, R, Z))


def _follows_logits(pooled: Any) -> bool:
    E, S = np.exp(PROBE[1]), np.asarray(pooled.S)
    expected = E / E.sum(axis=1, keepdims=True)
    return S.shape == expected.shape and np.allclose(S, expected, rtol=1e-6)


def _import(function: Part, name: str) -> str:
    """Write the line that imports a function under a part's name."""
    module = getattr(function, "__module__", None)
    path = getattr(function, "__qualname__", "<")
    found = getattr(sys.modules.get(str(module)), path, None)
    if module == "__main__" or found is not function:
        label = getattr(function, "__name__", type(function).__name__)
        return f"{name} = ...  # your own goes here: {label}"
    shown = path if path == name else f"{path} as {name}"
    return f"from {module} import {shown}"


def _add_vjp(
    parts: dict[str, Any],
    sources: dict[str, str],
    missing: dict[str, str],
    vjp: Part | None,
) -> None:
    if vjp is not None:
        parts["vjp"], sources["vjp"] = vjp, _import(vjp, "vjp")
        return
    derived, (A, R, Z) = derive_vjp(parts["pool"]), PROBE
    try:  # the way forward alone: where the way back fails, a law has to say so
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent of input")
            make_vjp(lambda R, Z: parts["pool"](A, R, Z).A, (0, 1))(R, Z)
    except Exception as error:
        seen = f"{type(error).__name__}: {' '.join(str(error).split())}"
        missing["vjp"] = f"autograd cannot differentiate it ({seen})"
        return
    parts["vjp"] = derived
    sources["vjp"] = f"{AUTOGRAD}\n\n{dedent(inspect.getsource(derived))}"


AUTOGRAD = """\
import warnings

import autograd.numpy as anp
from autograd import grad"""


def derive_vjp(pool: Part) -> Part:
    """Derive `vjp` of a layer written with autograd.numpy."""

    def vjp(A, R, Z, output, G):  # type: ignore[no-untyped-def]
        def total(R, Z):  # type: ignore[no-untyped-def]
            return anp.sum(G * getattr(pool(A, R, Z), output))

        with warnings.catch_warnings():  # a slope of zero is one, too
            warnings.filterwarnings("ignore", "Output seems independent of input")
            return grad(total, (0, 1))(R, Z)

    return vjp
