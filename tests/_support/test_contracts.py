"""Requirements accept valid arguments and reject others with an exact message."""

import re
from types import SimpleNamespace

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from numpy.testing import assert_array_equal
from scipy import sparse

from npdiffpool._support.contracts import (
    AtLeast,
    HasEntries,
    IsA,
    NonNegative,
    Offsets,
    OneOf,
    OverflowedError,
    Shape,
    as_dense_or_sparse,
    largest_allowed,
    numpy_warnings_off,
    require_finite,
    require_symmetric,
    requires,
    trusted,
)

NAN, PAIR = float("nan"), SimpleNamespace(n_nodes=2, n_graphs=1)
MATRIX, WHOLE = Shape("N K"), Shape("N", whole=True)
BELOW, NODES = Shape("N", below="C"), IsA(SimpleNamespace, N="n_nodes")


def raises(message, error=ValueError):
    """Expect an error with exactly this message."""
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def sizes_of(requirement, value, **known):
    """Return the sizes after a check that passes."""
    requirement.check("x", value, known)
    return known


# Each requirement

DTYPES = "float32, float64 or whole numbers"
REJECTED = [
    (MATRIX, [[1.0]], "an array (N, K); got 'list'"),
    (MATRIX, np.ones(3), "(N, K) with K >= 1; got (3,)"),
    (MATRIX, np.ones((3, 0)), "(N, K) with K >= 1; got (3, 0)"),
    (MATRIX, np.ones((1, 1), "float16"), f"{DTYPES}; got 'dtype float16'"),
    (MATRIX, np.ones((1, 1), complex), f"{DTYPES}; got 'dtype complex128'"),
    (Shape("N D"), np.ones((3, 2)), "(N, 5); got (3, 2)"),
    (Shape("N N", "B M M"), np.ones((3, 2)), "(N, N) or (B, M, M); got (3, 2)"),
    (Shape("N N", "B M M"), np.ones((1, 2, 3)), "(N, N) or (B, M, M); got (1, 2, 3)"),
    (Shape("N 1"), np.ones((3, 2)), "(N, 1); got (3, 2)"),
    (Shape("N", nonnegative=True), np.array([1.0, -2.0]), "not negative; got -2.0"),
    (WHOLE, np.ones(2), "whole numbers; got 'dtype float64'"),
    (WHOLE, np.ones(2, bool), "whole numbers; got 'dtype bool'"),
    (WHOLE, np.array([0, -1, -2]), "whole numbers from 0; got [-1]"),
    (BELOW, np.array([0, 2]), "in 0 ... 1; got [2]"),
    (BELOW, np.array([1, -1]), "in 0 ... 1; got [-1]"),
    (BELOW, np.ones(2), "whole numbers; got 'dtype float64'"),
    (Offsets(), [0, 2], "whole numbers from 0 up to 3; got [0, 2]"),
    (Offsets(), [0, 4], "whole numbers from 0 up to 3; got [0, 4]"),
    (Offsets(), [1, 3], "whole numbers from 0 up to 3; got [1, 3]"),
    (Offsets(), [0, 2, 1, 3], "whole numbers from 0 up to 3; got [0, 2, 1, 3]"),
    (Offsets(), [0.0, 3.0], "whole numbers from 0 up to 3; got [0.0, 3.0]"),
    (Offsets(), [[0], [3]], "whole numbers from 0 up to 3; got [[0], [3]]"),
    (AtLeast(1), 0, "a whole number >= 1; got 0"),
    (AtLeast(1), 1.5, "a whole number >= 1; got 1.5"),
    (AtLeast(1), True, "a whole number >= 1; got True"),
    (NonNegative(), -0.5, "a finite number >= 0; got -0.5"),
    (NonNegative(), NAN, "a finite number >= 0; got nan"),
    (NonNegative(), "1", "a finite number >= 0; got '1'"),
    (OneOf(["sum", "max"]), "min", "one of 'sum', 'max'; got 'min'"),
    (OneOf(["sum", "max"]), ["sum"], "one of 'sum', 'max'; got ['sum']"),
    (IsA(SimpleNamespace), {}, "a SimpleNamespace; got 'dict'"),
    (HasEntries(D="gamma"), [], "a dict; got 'list'"),
    (HasEntries(D="gamma"), {"beta": [1]}, "a dict with 'gamma'; got ['beta']"),
]
KNOWN = {"Shape": {"D": 5, "C": 2}, "Offsets": {"N": 3}}


@pytest.mark.parametrize("requirement, value, message", REJECTED)
def test_a_requirement_rejects_a_value_and_says_why(requirement, value, message):
    known = KNOWN.get(type(requirement).__name__, {})
    with raises(f"x must be {message}"):
        sizes_of(requirement, value, **known)


ACCEPTED = [
    (MATRIX, np.ones((0, 2)), {"N": 0, "K": 2}),
    (MATRIX, np.ones((3, 2), bool), {"N": 3, "K": 2}),
    (MATRIX, sparse.csr_array((3, 2)), {"N": 3, "K": 2}),
    (Shape("N N", "B M M"), np.ones((3, 3)), {"N": 3}),
    (Shape("N N", "B M M"), np.ones((1, 2, 2)), {"B": 1, "M": 2}),
    (Shape("N 1"), np.ones((3, 1)), {"N": 3}),
    (Shape("N", nonnegative=True), np.array([0.0, 1.0]), {"N": 2}),
    (Shape("N", nonnegative=True), np.ones(0), {"N": 0}),
    (WHOLE, np.array([0, 7], np.uint8), {"N": 2}),
    (Shape("N", below="N"), np.array([0, 1]), {"N": 2}),
    (Offsets(), [0, 2, 2, 3], {"B": 3}),
    (AtLeast(1), np.int64(1), {}),
    (NonNegative(), 0, {}),
    (OneOf(["sum", "max"]), "max", {}),
    (IsA(SimpleNamespace, N="n_nodes", B="n_graphs"), PAIR, {"N": 2, "B": 1}),
    (HasEntries(D="gamma"), {"gamma": np.ones(4)}, {"D": 4}),
]


@pytest.mark.parametrize("requirement, value, expected", ACCEPTED)
def test_a_requirement_accepts_a_value_and_notes_its_sizes(
    requirement, value, expected
):
    found = sizes_of(requirement, value)
    assert {letter: found[letter] for letter in expected} == expected


def test_a_shape_gives_the_known_size_of_a_letter():
    with raises("x must be (2, D); got (3, 1)"):
        sizes_of(Shape("N D"), np.ones((3, 1)), N=2)


@pytest.mark.parametrize("known", [{}, {"N": 0}])
def test_offsets_need_at_least_one_graph(known):
    with raises("x must be whole numbers from 0 up to 0; got [0]"):
        sizes_of(Offsets(), [0], **known)


def test_an_attribute_must_have_the_known_size():
    assert sizes_of(NODES, PAIR, N=2) == {"N": 2}
    with raises("n_nodes of x must be 3; got 2"):
        sizes_of(NODES, PAIR, N=3)


LIMITS = [
    ("float32", False, 1.5e13, 2e13, "1.8e+13"),
    ("float64", False, 1e148, 1e149, "1.3e+148"),
    ("float32", True, 9e37, 2e38, "1e+38"),
    ("float64", True, 3e307, 1e308, "4e+307"),
]


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("dtype, large, inside, outside, limit", LIMITS)
def test_numbers_of_a_shape_have_a_limit(form, dtype, large, inside, outside, limit):
    requirement = Shape("N F", large=large)
    sizes_of(requirement, form(np.array([[inside, -inside]], dtype)))
    for value in np.array([outside, -outside, np.inf, NAN], dtype):
        message = f"x must be finite and at most {limit} in size in {dtype}; got "
        with raises(message + str(float(value)), OverflowedError):
            sizes_of(requirement, form(np.array([[1.0, value]], dtype)))


def test_a_sparse_matrix_may_have_no_negative_number():
    with raises("x must be not negative; got -2.0"):
        sizes_of(Shape("N N", nonnegative=True), sparse.csr_array([[0.0, -2], [0, 0]]))


def test_an_array_that_autograd_traces_is_checked_for_its_shape_only():
    def loss(X, requirement):
        requirement.check("X", X, {})
        return anp.sum(X)

    X = np.array([[NAN, -1.0]])
    assert_array_equal(grad(loss)(X, Shape("N K", nonnegative=True)), np.ones((1, 2)))
    with raises("X must be (N, N); got (1, 2)"):
        grad(loss)(X, Shape("N N"))


# requires and trusted


@requires(rows=AtLeast(1), Z=Shape("N D"), S=MATRIX)
def pool(S, Z=None, *, rows=1):
    """Return the state of NumPy's warnings."""
    return np.geterr()


def test_requires_accepts_the_default_none_but_no_other_none():
    pool(np.ones((2, 1)), None)
    with raises("S must be an array (N, K); got 'NoneType'"):
        pool(None)


def test_requires_checks_in_the_order_of_the_signature():
    with raises("Z must be (2, D); got (3,)"):
        pool(np.ones((2, 1)), np.ones(3), rows=0)
    with raises("S must be (N, K) with K >= 1; got (2,)"):
        pool(np.ones(2), np.ones(3), rows=0)
    with raises("rows must be a whole number >= 1; got 0"):
        pool(np.ones((2, 1)), rows=0)


def test_arguments_share_their_sizes_by_position_or_name():
    for options in (dict(Z=np.ones((4, 1))), dict(Z=np.ones((4, 1)), rows=2)):
        with raises("Z must be (2, D); got (4, 1)"):
            pool(S=np.ones((2, 1)), **options)
    pool(np.ones((4, 1)), np.ones((4, 1)))  # sizes are those of one call


def test_a_checked_function_keeps_its_name_and_docstring():
    assert pool.__name__ == "pool"
    assert pool.__doc__ == "Return the state of NumPy's warnings."


def test_within_trusted_nothing_is_checked():
    with pytest.raises(RuntimeError), trusted():
        with trusted():
            pool(None, None, rows=0)
        pool(None, None, rows=0)
        raise RuntimeError
    with raises("S must be an array (N, K); got 'NoneType'"):
        pool(None)


def test_floating_point_warnings_are_off_inside_and_restored_after():
    before, off = np.geterr(), dict(over="ignore", invalid="ignore", divide="ignore")
    with numpy_warnings_off():
        assert np.geterr() == {**before, **off}
    with trusted():
        assert np.geterr() == {**before, **off}
    assert pool(np.ones((2, 1))) == {**before, **off}
    assert np.geterr() == before
    assert "ignore" not in (before["over"], before["invalid"], before["divide"])


# Functions


@pytest.mark.parametrize("dtype", ["int64", "float16", "no dtype", 3])
def test_largest_allowed_needs_float32_or_float64(dtype):
    with raises(f"dtype must be float32 or float64; got {dtype!r}"):
        largest_allowed(dtype)


def test_require_finite_uses_a_given_limit():
    require_finite("x", np.array([-2.0, 2.0]), limit=2.0)
    require_finite("x", np.ones(0))
    message = "x must be finite and at most 2 in size in float64; got 2.5"
    with raises(message, OverflowedError):
        require_finite("x", np.array([2.0, 2.5, 3.0]), limit=2.0)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_require_symmetric_allows_rounding(form):
    require_symmetric("A", form(np.array([[0.0, 1.0], [1.0 + 1e-10, 0.0]])))
    require_symmetric("A", form(np.zeros((0, 0))))
    with raises("A must be symmetric; it differs from its transpose by 0.5"):
        require_symmetric("A", form(np.array([[0.0, 1.0], [0.5, 0.0]])))


def test_require_symmetric_allows_the_rounding_of_float32():
    A = np.array([[0.0, 1.0], [1.0 + 2**-20, 0.0]], np.float32)
    require_symmetric("A", A)
    differs = "A must be symmetric; it differs from its transpose by"
    with raises(f"{differs} {2**-20}"):
        require_symmetric("A", A.astype(np.float64))
    with raises(f"{differs} {2**-10}"):
        require_symmetric("A", np.array([[0, 1], [1 + 2**-10, 0]], np.float32))


def test_as_dense_or_sparse_converts_lists_that_are_arrays():
    A, ragged = sparse.csr_array((2, 2)), [[1.0], [1.0, 2.0]]
    assert as_dense_or_sparse(A) is A and as_dense_or_sparse(ragged) is ragged
    assert_array_equal(as_dense_or_sparse([[1, 2]]), np.array([[1, 2]]), strict=True)
