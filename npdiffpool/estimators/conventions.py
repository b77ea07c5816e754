"""scikit-learn's conventions: parameters, `transform` and its output, display.

The estimators do not inherit from scikit-learn, which need not be installed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, Iterable, TypeVar

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require
from npdiffpool._support.parameters import shown
from npdiffpool.estimators.fitted import FittedModel
from npdiffpool.estimators.fitting.inputs import check_feature_names
from npdiffpool.estimators.fitting.validation import tags_of
from npdiffpool.graphs.display import html_table
from npdiffpool.graphs.graph import Graph

Model = TypeVar("Model", bound="Conventions")
CONTAINERS = ("default", "pandas", "polars")
# scikit-learn's clone copies the attribute of this name.
_OUTPUT = "_sklearn_output_config"


@dataclass(eq=False, repr=False)
class Conventions(FittedModel):
    """The methods that scikit-learn expects, besides `fit` and `predict`."""

    def transform(self, graphs: Iterable[Graph]) -> Any:
        """Return graph embeddings, the input of the final layers.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G, D) array
            Or a data frame, after `set_output`.

        Raises
        ------
        ImportError
            If the library of the data frame is not installed.
        """
        library = _import_container(self._container())
        embeddings = self._outputs(graphs, "embeddings")
        if library is None:
            return embeddings
        names = self.get_feature_names_out().tolist()
        return library.DataFrame(dict(zip(names, embeddings.T)))

    def fit_transform(
        self, graphs: Iterable[Graph], labels: Any = None, **fit_params: Any
    ) -> Any:
        """Fit the model to graphs and return their embeddings.

        Parameters
        ----------
        graphs, labels, **fit_params
            As for `fit`.

        Returns
        -------
        (G, D) array
            As of `transform`.

        Raises
        ------
        ValueError
            As by `fit`.
        """
        fitted: Any = self
        return fitted.fit(graphs, labels, **fit_params).transform(graphs)

    def get_feature_names_out(
        self, input_features: Any = None
    ) -> npt.NDArray[np.object_]:
        """Return the names of the embedding columns, such as "diffpoolclassifier0".

        Parameters
        ----------
        input_features : sequence of str, optional
            The names of the node features, for scikit-learn; only checked.

        Returns
        -------
        (D,) array of str

        Raises
        ------
        ValueError
            If `input_features` are not those of the training set, or the model is not
            fitted (a `NotFittedError`).
        """
        self._require_fitted()
        if input_features is not None:
            known = self.feature_names_in_, self.n_features_in_
            check_feature_names(input_features, *known)
        width = len(self.params_["classify"][0]["W"][0])
        names = [f"{type(self).__name__.lower()}{i}" for i in range(width)]
        return np.array(names, dtype=object)

    def set_output(self: Model, *, transform: str | None = None) -> Model:
        """Choose what `transform` returns (scikit-learn's convention).

        Parameters
        ----------
        transform : "default", "pandas", "polars" or None
            A NumPy array or a data frame. None leaves the choice as it is; without one,
            ``sklearn.set_config(transform_output=...)`` applies.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If `transform` is none of these.
        ImportError
            If the library is not installed.
        """
        if transform is not None:
            _import_container(transform)
            setattr(self, _OUTPUT, {"transform": transform})
        return self

    def _container(self) -> str:
        """Return the output that was chosen here, otherwise in scikit-learn."""
        sklearn: Any = sys.modules.get("sklearn")
        general = sklearn.get_config() if sklearn else {"transform_output": "default"}
        chosen = vars(self).get(_OUTPUT, {"transform": general["transform_output"]})
        return str(chosen["transform"])

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

    def __sklearn_tags__(self) -> Any:
        return tags_of(self.kind)

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


def _import_container(name: str) -> Any:
    """Return the module of a kind of data frame; None for "default"."""
    choices = ", ".join(map(repr, CONTAINERS))
    require(name in CONTAINERS, "transform", f"None or one of {choices}", name)
    if name == "default":
        return None
    try:
        return import_module(name)
    except ImportError as error:
        hint = f"pip install {name}"
        raise ImportError(f"the output {name!r} needs {name}: {hint}") from error
