"""Requirements on the arguments of functions that compute with arrays.

`requires` checks arguments by their names before a function runs. A requirement is a
small object: `Shape` (arrays), `Offsets`, `AtLeast`, `NonNegative`, `OneOf`, `IsA`,
`HasEntries`.

Norms, variances and the link loss sum squares. Therefore numbers may be at most 1e-6
times the square root of the largest number of their dtype (`largest_allowed`), so that
the sum of 10^12 squares is finite. Larger numbers, NaN and infinity are refused before
any work, and `require_finite` reports numbers that a computation made too large.
Arguments that are accepted one by one can be too large together: an error about an
array that a function computed from them says first that the numbers given to the
function are.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, Callable, Iterator, Protocol, Sequence, TypeVar

import numpy as np
import scipy
from autograd.extend import Box

from npdiffpool._support.arguments import (
    require,
    require_choice,
    require_int,
    require_number,
    type_name,
)

Function = TypeVar("Function", bound=Callable[..., Any])
Sizes = dict[str, int]  # what the letters of shapes stand for
_TRUSTED = ContextVar("_TRUSTED", default=False)


class OverflowedError(ValueError):
    """Numbers are too large or not finite."""


class Requirement(Protocol):
    """A requirement on one argument."""

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Raise a ValueError if the value does not fit; record the sizes of letters."""


_NUMBERS = "float32, float64 or whole numbers"


class Shape:
    """An array of numbers of a given shape, dense or sparse.

    Parameters
    ----------
    *shapes : str
        Alternatives such as "N K" or "B K K". A letter denotes the same size in all
        arguments of a call. K must be positive. A digit is a fixed size.
    large : bool
        The limit is 1e38 in float32 and 4e307 in float64, so that differences are
        finite.
    nonnegative : bool
        No number may be below 0.
    whole : bool
        The array must have an integer dtype and no number below 0.
    below : str
        A letter: the array must hold whole numbers from 0 to this size minus 1.
    floats : bool
        The dtype must be float32 or float64: the result has this dtype, and differences
        of whole numbers may overflow.

    Notes
    -----
    Numbers must be finite and, unless `large`, at most `largest_allowed` in size. An
    array that autograd is tracing is checked for its shape and dtype only.

    Examples
    --------
    >>> sizes = {}
    >>> Shape("N K").check("S", np.ones((3, 2)), sizes)
    >>> sizes
    {'N': 3, 'K': 2}
    >>> Shape("N D").check("Z", np.ones((4, 1)), sizes)
    Traceback (most recent call last):
        ...
    ValueError: Z must be (3, D); got (4, 1)
    """

    def __init__(
        self,
        *shapes: str,
        large: bool = False,
        nonnegative: bool = False,
        whole: bool = False,
        below: str = "",
        floats: bool = False,
    ) -> None:
        self.shapes = [shape.split() for shape in shapes]
        self.large, self.nonnegative, self.floats = large, nonnegative, floats
        self.whole, self.below = whole or bool(below), below

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Check the shape, the dtype and the numbers of an array."""
        shape: Any = getattr(value, "shape", None)
        dtype: Any = getattr(value, "dtype", None)
        if shape is None or dtype is None:
            kind = type(value).__name__
            require(False, name, f"an array {self._text({})}", kind)
        self._check_shape(name, shape, sizes)
        if dtype.char not in ("fd" if self.floats else "?bBhHiIlLqQfd"):
            wanted = "float32 or float64" if self.floats else _NUMBERS
            require(False, name, wanted, f"dtype {dtype}")
        if isinstance(value, Box):
            return
        if self.whole:
            _require_whole(name, value, sizes[self.below] if self.below else None)
        elif dtype.kind == "f":
            half = 1e38 if dtype.char == "f" else 4e307
            require_finite(name, value, half if self.large else None)
        if self.nonnegative:
            least = value.min() if value.size else 0
            require(least >= 0, name, "not negative", float(least))

    def _check_shape(self, name: str, shape: Sequence[int], sizes: Sizes) -> None:
        known = dict(sizes)
        for letters in self.shapes:
            if len(letters) == len(shape):
                for letter, size in zip(letters, shape):
                    expected = int(letter) if letter.isdecimal() else size
                    expected = sizes.setdefault(letter, expected)
                    if expected != size or size == 0 and letter == "K":
                        break
                else:
                    return
        text = self._text(known)
        text += " with K >= 1" * ("K" in text)
        raise ValueError(f"{name} must be {text}; got {tuple(shape)}")

    def _text(self, known: Sizes) -> str:
        """Return the shapes as text, known sizes in place of letters."""
        texts = []
        for letters in self.shapes:
            parts = [str(known.get(letter, letter)) for letter in letters]
            texts.append(f"({', '.join(parts)}{',' * (len(parts) == 1)})")
        return " or ".join(texts)


def _require_whole(name: str, value: Any, stop: int | None) -> None:
    require(value.dtype.kind in "iu", name, "whole numbers", f"dtype {value.dtype}")
    wrong = value[(value < 0) | (value >= (np.inf if stop is None else stop))]
    allowed = "whole numbers from 0" if stop is None else f"in 0 ... {stop - 1}"
    require(not len(wrong), name, allowed, wrong[:1].tolist())


class Offsets:
    """Offsets of ragged rows, (B + 1,): from 0 up to N, never decreasing."""

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Check offsets, up to N where N is known; record B."""
        array = np.asarray(value)
        valid = array.ndim == 1 and array.dtype.kind in "iu" and len(array) > 1
        valid = valid and array[0] == 0 and bool(np.all(np.diff(array) >= 0))
        N = sizes.get("N", array[-1] if valid else 0)
        valid = valid and array[-1] == N
        require(valid, name, f"whole numbers from 0 up to {N}", value)
        sizes["B"] = len(array) - 1


class AtLeast:
    """A whole number of at least `least`."""

    def __init__(self, least: int) -> None:
        self.least = least

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Check a whole number."""
        require_int(name, value, self.least)


class NonNegative:
    """A finite real number of at least 0."""

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Check a real number."""
        require_number(name, value)


class OneOf:
    """One of the given strings."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Check a word."""
        require_choice(name, value, self.words)


class IsA:
    """An instance of a class, whose attributes may determine sizes.

    Parameters
    ----------
    kind : type
    **attributes : str
        Attributes that hold the sizes of letters, such as ``N="n_nodes"``. A size that
        is known already must be the same.
    """

    def __init__(self, kind: type, **attributes: str) -> None:
        self.kind, self.attributes = kind, attributes

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Check the class and the sizes."""
        required, seen = f"a {self.kind.__name__}", type_name(value)
        require(isinstance(value, self.kind), name, required, seen)
        for letter, attribute in self.attributes.items():
            size = getattr(value, attribute)
            known = sizes.setdefault(letter, size)
            require(size == known, f"{attribute} of {name}", str(known), size)


class HasEntries:
    """A dict, some of whose entries determine sizes by their length.

    Parameters
    ----------
    **entries : str
        Keys whose values are arrays of a letter's size, such as ``D="gamma"``.
    """

    def __init__(self, **entries: str) -> None:
        self.entries = entries

    def check(self, name: str, value: Any, sizes: Sizes) -> None:
        """Check the class and the keys; record the sizes."""
        require(isinstance(value, dict), name, "a dict", type(value).__name__)
        for letter, key in self.entries.items():
            require(key in value, name, f"a dict with {key!r}", sorted(value))
            sizes[letter] = len(value[key])


def requires(**required: Requirement) -> Callable[[Function], Function]:
    """Return a decorator that checks arguments by their names before a function runs.

    None is accepted where it is the default. Within `trusted` nothing is checked.

    Parameters
    ----------
    **required : Requirement
        By the names of the function's parameters, which are checked in the order of its
        signature.

    Returns
    -------
    callable
        The decorator. The decorated function raises a ValueError if an argument does
        not meet its requirement, and an OverflowedError if a number is too large: in
        an argument, or in an array that the function computes from the arguments.

    Examples
    --------
    >>> @requires(S=Shape("N K"), Z=Shape("N D"))
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
            sizes: Sizes = {}
            for at, parameter, requirement in checks:
                name, default = parameter.name, parameter.default
                value = args[at] if at < len(args) else options.get(name, default)
                if value is not default:
                    requirement.check(name, value, sizes)
            try:
                with numpy_warnings_off():
                    return function(*args, **options)
            except OverflowedError as error:  # about an array that was not given
                cause = error.__cause__ or error  # of a function inside this one
                given = f"numbers given to {function.__name__} are too large"
                raise OverflowedError(f"{given} or not finite: {cause}") from cause

        return checked  # type: ignore[return-value]

    return decorate


def numpy_warnings_off() -> Any:
    """Return a context without NumPy's floating-point warnings.

    `require_finite` reports numbers that become too large: NumPy need not warn as well.
    """
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


@contextmanager
def trusted() -> Iterator[None]:
    """Return a context in which `requires` checks nothing.

    Used during training, where the input was checked once before the first step.
    """
    token = _TRUSTED.set(True)
    try:
        with numpy_warnings_off():
            yield
    finally:
        _TRUSTED.reset(token)


def is_trusted() -> bool:
    """Return whether arguments are not checked here: see `trusted`."""
    return _TRUSTED.get()


@lru_cache
def largest_allowed(dtype: Any) -> float:
    """Return the largest number accepted in float32 or float64.

    Raises
    ------
    ValueError
        If `dtype` is neither.

    Examples
    --------
    >>> f"{largest_allowed('float32'):.1e} {largest_allowed('float64'):.1e}"
    '1.8e+13 1.3e+148'
    """
    try:
        kind = np.dtype(dtype).name
    except TypeError:
        kind = ""
    require(kind in ("float32", "float64"), "dtype", "float32 or float64", dtype)
    return float(np.sqrt(np.finfo(kind).max) / 1e6)


def require_finite(name: str, values: Any, limit: float | None = None) -> None:
    """Check that numbers are finite and at most `limit` in size.

    Only arrays and sparse arrays are checked. For arrays that autograd is tracing,
    `value_and_grad` checks the loss and the gradients instead.

    Parameters
    ----------
    name : str
    values : array or sparse array
    limit : float, optional
        Default: `largest_allowed` of the dtype.

    Raises
    ------
    OverflowedError
        If a number is larger, or not finite.
    """
    numbers = values.data if scipy.sparse.issparse(values) else values
    if not isinstance(numbers, np.ndarray) or numbers.size == 0:
        return
    limit = largest_allowed(numbers.dtype) if limit is None else limit
    if -limit <= float(numbers.min()) <= float(numbers.max()) <= limit:
        return
    wide = numbers.astype(np.float64)
    wrong = wide[~(np.abs(wide) <= limit)][0]
    required = f"finite and at most {limit:.2g} in size in {numbers.dtype}"
    raise OverflowedError(f"{name} must be {required}; got {wrong}")


def require_symmetric(name: str, A: Any) -> None:
    """Check that a square matrix, dense or sparse, is symmetric up to rounding.

    Raises
    ------
    ValueError
        If it is not.
    """
    difference = abs(A - A.T).max() if A.shape[0] else 0
    rounding = 1e-5 if A.dtype == np.float32 else 1e-9  # of S^T A S by a plain product
    if difference and not difference <= rounding * abs(A).max():
        raise ValueError(
            f"{name} must be symmetric; it differs from its transpose by {difference}"
        )


def as_dense_or_sparse(values: Any) -> Any:
    """Return a sparse matrix unchanged, and anything else as an array if possible."""
    if scipy.sparse.issparse(values):
        return values
    try:
        return np.asarray(values)
    except ValueError:  # rows of different lengths
        return values
