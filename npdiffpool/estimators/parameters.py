"""Parameters of an estimator and its display, by scikit-learn's conventions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from npdiffpool._support.arguments import require
from npdiffpool._support.parameters import shown
from npdiffpool.graphs.display import html_table

Model = TypeVar("Model", bound="Parameters")


@dataclass(eq=False, repr=False)
class Parameters:
    """The methods of a dataclass whose fields are an estimator's parameters."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters (scikit-learn's convention).

        Parameters
        ----------
        deep : bool
            Ignored: no parameter is an estimator.

        Returns
        -------
        dict
        """
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def _fields_of(self, record: type) -> dict[str, Any]:
        """Return the parameters that are also fields of another dataclass."""
        own = self.get_params()
        return {f.name: own[f.name] for f in fields(record) if f.name in own}

    def set_params(self: Model, **params: Any) -> Model:
        """Set parameters by name (scikit-learn's convention).

        Parameters
        ----------
        **params
            They are validated by `fit`.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        known = self.get_params()
        for name in params:
            require(name in known, "a parameter", f"one of {', '.join(known)}", name)
        vars(self).update(params)
        return self

    def __repr__(self) -> str:
        """Return the parameters that differ from their defaults, as scikit-learn."""
        given = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        changed = [
            f"{k}={v!r}" for k, (v, old) in given.items() if repr(v) != repr(old)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_html_(self) -> str:
        """Return scikit-learn's display, otherwise a table of the parameters."""
        try:
            from sklearn.utils import estimator_html_repr
        except ImportError:
            rows = {name: shown(value) for name, value in self.get_params().items()}
            return html_table(type(self).__name__, rows)
        return str(estimator_html_repr(self))
