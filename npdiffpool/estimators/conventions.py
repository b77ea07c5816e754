"""scikit-learn's conventions for models of graphs: `transform`, output, tags.

The estimators do not inherit from scikit-learn, which need not be installed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Iterable, TypeVar

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require
from npdiffpool.estimators.fitted import FittedModel
from npdiffpool.estimators.fitting.schema import check_feature_names
from npdiffpool.estimators.parameters import Parameters
from npdiffpool.graphs.graph import Graph

Model = TypeVar("Model", bound="Conventions")
CONTAINERS = ("default", "pandas", "polars")
# scikit-learn's clone copies the attribute of this name.
_OUTPUT = "_sklearn_output_config"


@dataclass(eq=False, repr=False)
class Conventions(Parameters, FittedModel):
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
