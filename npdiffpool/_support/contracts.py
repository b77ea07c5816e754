"""What functions require of arrays: their shapes, and how large numbers may be.

Squares are summed all over: in norms, in variances, in the link loss. So numbers may
be at most a millionth of the root of the largest one that their precision holds
(`largest`), and squares of 10^12 of them still have a sum. What is larger, or is not
finite, is refused before work; what work makes too large is told as such.
"""

from __future__ import annotations

import inspect
import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, Callable, Iterator, TypeVar

import numpy as np
import scipy
from autograd.extend import Box

from npdiffpool._support.arguments import (
    require,
    require_choice,
    require_int,
    require_number,
)

Function = TypeVar("Function", bound=Callable[..., Any])
_TRUSTED = ContextVar("_TRUSTED", default=False)
# Where `require_finite` says that numbers got too large, NumPy need not warn of it.
QUIET: dict[str, Any] = dict.fromkeys(("over", "invalid", "divide"), "ignore")


class OverflowedError(ValueError):
    """Say which numbers are too large, or not finite."""


@contextmanager
def trusted() -> Iterator[None]:
    """Have nothing checked, nor NumPy warn: for work on what was checked at first.

    Training is that; its checks would be of every layer at every step.
    """
    token = _TRUSTED.set(True)
    try:
        with np.errstate(**QUIET):
            yield
    finally:
        _TRUSTED.reset(token)


def requires(**required: Any) -> Callable[[Function], Function]:
    """Check the arguments of a function, by their names, before it runs.

    What is required of one is a class; the least that a whole number may be; 0.0
    for a number that is not negative; a tuple of words to choose from; "offsets"; or
    an array of numbers by its shape, such as "(N, K)" or one "or" another. There a
    letter stands for one size everywhere, K for one above 0.
    Numbers are finite and at most `largest`, "(P,) finite" may be larger; "(N, N)
    >= 0" are not negative, "(N,) from 0" are whole, "(B,) < C" whole and below C.
    Known beforehand are N and B, the nodes and graphs of a batch or a level, F, the
    features of a batch, which a configuration must have, and D, the width of a
    norm's parameters. What is left out is not looked at, nor is None where that is
    the default. NumPy does not warn in the function.

    Raises
    ------
    ValueError
        By the function: of an argument that is anything else.

    Examples
    --------
    >>> @requires(S="(N, K)", Z="(N, D)")
    ... def pool(S, Z):
    ...     return S.T @ Z
    >>> pool(np.ones((3, 2)), np.ones((4, 1)))
    Traceback (most recent call last):
        ...
    ValueError: Z must be (3, D); got (4, 1)
    """

    def decorate(function: Function) -> Function:
        places = enumerate(inspect.signature(function).parameters.values())
        checks = [(at, p, required[p.name]) for at, p in places if p.name in required]

        @wraps(function)
        def checked(*args: Any, **options: Any) -> Any:
            if _TRUSTED.get():
                return function(*args, **options)
            sizes: dict[str, int] = {}
            for at, parameter, what in checks:
                name, default = parameter.name, parameter.default
                value = args[at] if at < len(args) else options.get(name, default)
                if value is not default:
                    _require_what(name, value, what, sizes)
            with np.errstate(**QUIET):
                return function(*args, **options)

        return checked  # type: ignore[return-value]

    return decorate


def _require_what(name: str, value: Any, what: Any, sizes: dict[str, int]) -> None:
    if what == "offsets":
        _require_offsets(name, value, sizes)
    elif isinstance(what, str):
        require_array(name, value, what, sizes)
    elif isinstance(what, tuple):
        require_choice(name, value, what)
    elif isinstance(what, int):
        require_int(name, value, what)
    elif isinstance(what, float):
        require_number(name, value)
    else:
        kind = type(value).__name__
        require(isinstance(value, what), name, f"a {what.__name__}", kind)
        _note_sizes(value, sizes)


def _note_sizes(value: Any, sizes: dict[str, int]) -> None:
    """Note the sizes that a batch or level has; require a configuration to fit it."""
    if hasattr(value, "offsets"):
        sizes.update(N=int(value.offsets[-1]), B=len(value.offsets) - 1)
    if hasattr(value, "features"):
        sizes["F"] = value.features.shape[1]
    if isinstance(value, dict) and "gamma" in value:
        sizes["D"] = len(value["gamma"])
    if hasattr(value, "n_features"):
        F, width = sizes.get("F", value.n_features), value.n_features
        require(F == width, "batch", f"of {width} features, as config says", F)


def require_array(name: str, value: Any, form: str, sizes: dict[str, int]) -> None:
    """Require an array as `requires` says; note in `sizes` what letters stand for.

    It may be sparse, or boxed by autograd, which hides its numbers.
    """
    forms, marks = _parsed(form)
    shape: Any = getattr(value, "shape", None)
    dtype: Any = getattr(value, "dtype", None)
    if shape is None or dtype is None:
        require(False, name, f"an array {marks['shape']}", type(value).__name__)
    _require_shape(name, shape, forms, marks["shape"], sizes)
    if dtype.char not in "?bBhHiIlLqQfd":
        require(False, name, "float32, float64 or whole numbers", f"dtype {dtype}")
    if isinstance(value, Box):
        return
    if marks["bound"] or marks["whole"]:
        _require_whole(name, value, sizes.get(marks["bound"]))
    elif dtype.kind == "f":
        half = 1e38 if dtype.char == "f" else 4e307  # whose differences are finite
        require_finite(name, value, half if marks["finite"] else 0.0)
    if marks["positive"]:
        least = value.min() if value.size else 0
        require(least >= 0, name, "not negative", float(least))


@lru_cache
def _parsed(form: str) -> tuple[list[list[str]], dict[str, str]]:
    """Return the letters of each shape that a form allows, and what else it says."""
    form, positive, _ = form.partition(" >= 0")
    form, finite, _ = form.partition(" finite")
    form, whole, _ = form.partition(" from 0")
    form, _, bound = form.partition(" < ")
    marks = {"positive": positive, "finite": finite, "whole": whole, "bound": bound}
    letters = [part.strip("(,)").split(", ") for part in form.split(" or ")]
    return letters, {**marks, "shape": form}


def _require_whole(name: str, value: Any, top: int | None) -> None:
    require(value.dtype.kind in "iu", name, "whole numbers", f"dtype {value.dtype}")
    wrong = value[(value < 0) | (value >= (np.inf if top is None else top))]
    within = "whole numbers from 0" if top is None else f"in 0 ... {top - 1}"
    require(not len(wrong), name, within, wrong[:1].tolist())


def _require_shape(
    name: str, shape: Any, forms: list[list[str]], form: str, sizes: dict[str, int]
) -> None:
    known = dict(sizes)
    for letters in forms:
        if len(letters) == len(shape):
            for letter, size in zip(letters, shape):
                due = int(letter) if letter.isdecimal() else size
                due = sizes.setdefault(letter, due)
                if due != size or size == 0 and letter == "K":
                    break
            else:
                return
    for letter, size in known.items():
        form = re.sub(rf"\b{letter}\b", str(size), form)
    form += " with K >= 1" * ("K" in form)
    raise ValueError(f"{name} must be {form}; got {tuple(shape)}")


def _require_offsets(name: str, offsets: Any, sizes: dict[str, int]) -> None:
    array = np.asarray(offsets)
    fits = array.ndim == 1 and array.dtype.kind in "iu" and len(array) > 1
    fits = fits and array[0] == 0 and bool(np.all(np.diff(array) >= 0))
    N = sizes.get("N", array[-1] if fits else 0)
    require(fits and array[-1] == N, name, f"whole numbers from 0 up to {N}", offsets)
    sizes["B"] = len(array) - 1


@lru_cache
def largest(dtype: Any) -> float:
    """Return how large a number may be in float32 or float64.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> f"{largest('float32'):.1e} {largest('float64'):.1e}"
    '1.8e+13 1.3e+148'
    """
    try:
        kind = np.dtype(dtype).name
    except TypeError:
        kind = ""
    require(kind in ("float32", "float64"), "dtype", "float32 or float64", dtype)
    return float(np.sqrt(np.finfo(kind).max) / 1e6)


def require_finite(name: str, values: Any, limit: float = 0.0) -> None:
    """Require numbers, dense or sparse, to be finite, within `limit` or `largest`.

    What autograd boxes is not looked at: the gradient that it is on its way to is.

    Raises
    ------
    OverflowedError
    """
    numbers = values if isinstance(values, np.ndarray) else _data(values)
    if numbers is None:
        return
    limit = limit or largest(numbers.dtype)
    if (
        numbers.size == 0
        or -limit <= float(numbers.min()) <= float(numbers.max()) <= limit
    ):
        return
    wide = numbers.astype(np.float64)
    wrong = wide[~(np.abs(wide) <= limit)][0]
    required = f"finite and at most {limit:.2g} in size in {numbers.dtype}"
    raise OverflowedError(f"{name} must be {required}; got {wrong}")


def _data(values: Any) -> Any:
    return values.data if scipy.sparse.issparse(values) else None


def require_symmetric(name: str, A: Any) -> None:
    """Require a square matrix, sparse or not, to equal its transpose.

    Raises
    ------
    ValueError
    """
    apart = abs(A - A.T).max() if A.shape[0] else 0
    # 1e-9: a pooled adjacency is symmetric but for rounding.
    is_symmetric = apart <= 1e-9 * abs(A).max() if apart else True
    require(is_symmetric, name, "symmetric", f"{apart} between A and A^T")


def as_dense_or_sparse(values: Any) -> Any:
    """Return a sparse matrix as it is, and anything else as an array if it is one."""
    if scipy.sparse.issparse(values):
        return values
    try:
        return np.asarray(values)
    except ValueError:  # rows of unlike lengths
        return values
