"""The error of a model that is used before it is fitted."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


class NotFittedError(ValueError, AttributeError):
    """A model was used before it was fitted.

    Where scikit-learn is installed, the error is also one of its `NotFittedError`.
    """

    def __new__(cls, *args: Any) -> NotFittedError:
        """Return the error, of scikit-learn's class as well if it is installed."""
        kind = _not_fitted_kind() if cls is NotFittedError else cls
        made: NotFittedError = ValueError.__new__(kind, *args)
        return made

    def __reduce__(self) -> Any:  # pickle does not find a class made at run time
        return NotFittedError, self.args


@lru_cache
def _not_fitted_kind() -> Any:
    """Return the class of the error; scikit-learn is imported only here."""
    try:
        from sklearn.exceptions import NotFittedError as Theirs
    except ImportError:
        return NotFittedError
    names = {"__module__": NotFittedError.__module__}
    return type("NotFittedError", (NotFittedError, Theirs), names)
