"""What a fitted model computes for graphs, whatever it was trained for."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Callable, ClassVar, Iterable, TypeVar

import numpy as np

from npdiffpool._support.contracts import OverflowedError
from npdiffpool._support.threads import use_threads
from npdiffpool._support.types import Floats, Ints
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import Output
from npdiffpool.estimators.fitting import inputs
from npdiffpool.estimators.not_fitted import NotFittedError
from npdiffpool.graphs.batch import GraphBatch, check_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import slices_of
from npdiffpool.training.fit import evaluate

Part = TypeVar("Part")


class FittedModel:
    """The methods of an estimator that read its fitted parameters."""

    kind: ClassVar[str]  # in a model file, and for scikit-learn

    config_: Config
    scaling_: inputs.Scaling
    params_: Any
    running_: Any
    n_features_in_: int
    feature_names_in_: list[str] | None
    edge_weights_in_: str | None

    def assignments(self, graph: Graph) -> list[Floats]:
        """Return the assignments of one graph, level by level (equation 6).

        Parameters
        ----------
        graph : Graph

        Returns
        -------
        list of arrays
            S_0 (N, K_0), S_1 (K_0, K_1), ...
        """
        return self.assignments_of([graph])[0]

    def assignments_of(self, graphs: Iterable[Graph]) -> list[list[Floats]]:
        """Return the assignments of several graphs, faster than one at a time.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        list of lists of arrays
            For each graph the result of `assignments`.
        """
        batch, order = self._prepare(graphs)
        parts = self._evaluate(batch, lambda output: [step.S for step in output.steps])
        if not self.config_.clusters:
            return [[] for _ in range(batch.n_graphs)]
        first, *others = (np.concatenate(of_level) for of_level in zip(*parts))
        given = np.empty_like(first)
        given[order] = first
        per_graph = [np.arange(batch.n_graphs + 1) * K for K in self.config_.clusters]
        levels = zip([given, *others], [batch.offsets, *per_graph])
        split = [[S[rows] for rows in slices_of(offsets)] for S, offsets in levels]
        return [list(of_graph) for of_graph in zip(*split)]

    def hierarchy(self, graph: Graph) -> list[Graph]:
        """Return the coarsened graphs of one graph, level by level.

        Parameters
        ----------
        graph : Graph

        Returns
        -------
        list of Graph
            The input is not included. The graph of level l has K_l nodes, adjacency
            S^T A S, whose diagonal is the edge weight inside each cluster, and
            features S^T Z.
        """
        batch, _ = self._prepare([graph])
        (steps,) = self._evaluate(batch, lambda output: output.steps)
        levels = [step.pooled for step in steps]
        return [Graph(level.A[0], level.X, graph.label) for level in levels]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "params_")

    def _require_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"the {self.kind} is not fitted; call fit first")

    @property
    def _origin(self) -> inputs.Origin:
        return inputs.Origin(self.feature_names_in_, self.edge_weights_in_)

    def _check_graphs(self, graphs: Iterable[Graph]) -> list[Graph]:
        """Return graphs as a list, after checking them and their origin."""
        self._require_fitted()
        inputs.check_origin(graphs, self._origin)
        return check_graphs(graphs)

    def _prepare(self, graphs: Iterable[Graph]) -> tuple[GraphBatch, Ints]:
        """Return graphs as a batch, and its order of nodes; see `prepare_graphs`."""
        checked = self._check_graphs(graphs)
        return inputs.prepare_graphs(checked, self.config_, self.scaling_)

    def _evaluate(
        self, batch: GraphBatch, part: Callable[[Output], Part]
    ) -> list[Part]:
        """Run the model on a prepared batch; return one part of each chunk's output."""
        try:
            with use_threads():
                outputs = evaluate(self.params_, self.running_, batch, self.config_)
                return [part(output) for output in outputs]
        except OverflowedError as error:
            message = f"the numbers in graphs are too large: {error}"
            raise OverflowedError(message) from None

    def _outputs(self, graphs: Iterable[Graph], part: str) -> Floats:
        """Return one part of the output for all graphs."""
        batch, _ = self._prepare(graphs)
        return np.concatenate(self._evaluate(batch, attrgetter(part)))
