"""What a fitted model computes for graphs, whatever it was trained for."""

from __future__ import annotations

from contextlib import contextmanager
from operator import attrgetter
from typing import Any, Callable, ClassVar, Iterable, Iterator, Sequence, TypeVar

import numpy as np

from npdiffpool._support.contracts import OverflowedError
from npdiffpool._support.threads import use_threads
from npdiffpool._support.types import Floats, Ints
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import Output
from npdiffpool.estimators.explanation import Explanation, explain
from npdiffpool.estimators.fitting import inputs
from npdiffpool.estimators.fitting.schema import InputSchema, check_schema
from npdiffpool.estimators.fitting.sklearn_tags import tags_of
from npdiffpool.estimators.fitting.targets import Targets
from npdiffpool.estimators.not_fitted import NotFittedError
from npdiffpool.graphs.batch import GraphBatch, check_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import slices_of
from npdiffpool.training.fit import evaluate

Result = TypeVar("Result")


class GraphModel:
    """What a model keeps of its training graphs, and its checks of other graphs."""

    kind: ClassVar[str]  # in a model file, and for scikit-learn

    config_: Config
    scaling_: inputs.Scaling
    params_: Any
    n_features_in_: int
    feature_names_in_: list[str] | None
    edge_weights_in_: str | None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "params_")

    def __sklearn_tags__(self) -> Any:
        return tags_of(self.kind)

    def _set_inputs(
        self, config: Config, scaling: inputs.Scaling, schema: InputSchema
    ) -> None:
        self.config_, self.scaling_ = config, scaling
        self.n_features_in_ = config.n_features
        self.feature_names_in_, self.edge_weights_in_ = schema

    def _require_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"the {self.kind} is not fitted; call fit first")

    @property
    def _schema(self) -> InputSchema:
        return InputSchema(self.feature_names_in_, self.edge_weights_in_)

    def _check_graphs(self, graphs: Iterable[Graph]) -> list[Graph]:
        """Return graphs as a list, after checking them and their schema."""
        self._require_fitted()
        check_schema(graphs, self._schema)
        return check_graphs(graphs)

    def _prepare(self, graphs: Iterable[Graph]) -> tuple[GraphBatch, Ints]:
        """Return graphs as a batch, and its order of nodes; see `prepare_graphs`."""
        checked = self._check_graphs(graphs)
        return inputs.prepare_graphs(checked, self.config_, self.scaling_)


class FittedModel(GraphModel):
    """The methods of an estimator that read its fitted parameters."""

    targets_: Targets
    running_: Any

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
        if not self.config_.clusters:
            return [[] for _ in range(batch.n_graphs)]
        parts = self._evaluate(batch, lambda output: [step.S for step in output.steps])
        first, *others = (np.concatenate(of_level) for of_level in zip(*parts))
        first = first[np.argsort(order)]  # back in the given order of nodes
        per_graph = [np.arange(batch.n_graphs + 1) * K for K in self.config_.clusters]
        levels = zip([first, *others], [batch.offsets, *per_graph])
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
        if not self.config_.clusters:
            return []
        (steps,) = self._evaluate(batch, lambda output: output.steps)
        levels = [step.pooled for step in steps]
        return [Graph(level.A[0], level.X, graph.label) for level in levels]

    def explain(
        self,
        graph: Graph,
        label: Any = None,
        method: str = "occlusion",
        groups: Sequence[Any] = (),
    ) -> Explanation:
        """Return what each node, and each cluster of each level, adds to a prediction.

        Parameters
        ----------
        graph : Graph
        label : optional
            The class to explain; default: the predicted one. For a regressor of several
            targets the index of one of them; default: 0.
        method : {"occlusion", "gradient"}
            "occlusion": the output minus the output without the node. The node and its
            edges are taken away from the graph, a cluster from the coarsened graph of
            its level: the levels below stay as they are, the levels above are computed
            again. "gradient": the sum over features of feature times derivative of the
            output, with the features as the model gets them (see `standardize`), those
            of a cluster being its row of S^T Z. It costs one pass for each level,
            occlusion one for each node, cluster and group: prefer "gradient" for graphs
            of thousands of nodes.
        groups : list of lists or arrays of ints, optional
            Sets of nodes, such as the atoms of a functional group, to be taken away
            together. For "gradient" the sum over the nodes of each.

        Returns
        -------
        npdiffpool.estimators.explanation.Explanation
            A named tuple: `label`, `output`, and in its unit `nodes` (N,), `clusters`,
            a list of (K_l,) arrays, and `groups` (M,).

        Raises
        ------
        GraphError
            If `graph` is not a `Graph`, or has another number of features than in
            training.
        ValueError
            If `label` is not a class or a target, `method` is none of these, or
            "gradient" with ``assignment="hard"``, or `groups` is not a list of lists of
            nodes.

        Notes
        -----
        Occlusion is exact for what it claims: without a node the output changes by the
        node's contribution. Features are kept, also degrees that were right for the
        whole graph; a fixed assignment is computed again without a node, but kept
        without a cluster. In general the contribution of a set of nodes is not the sum
        of those of its nodes. Contributions of sets in different components add up if
        ``clusters=(), readout="sum", classifier_hidden=0`` and the model is a regressor
        or has two classes. Those of all components then add up to the output minus that
        of a graph without nodes.

        The contributions by gradient of a model with two classes, ``clusters=(),
        normalize_rows=False, batch_norm=False`` and the readout "sum", "mean" or "max"
        add up to the output, apart from what the biases add, derivative times bias.
        With row normalisation (the default) and biases of 0 they add up to 0: prefer
        occlusion there.

        By both methods, contributions are in the order of the graph's nodes.

        Examples
        --------
        >>> from npdiffpool import DiffPoolClassifier
        >>> ring, path = np.ones((3, 3)) - np.eye(3), np.eye(3, k=1) + np.eye(3, k=-1)
        >>> graphs = [Graph(A, np.ones((3, 1))) for A in (ring, path)] * 4
        >>> options = {"gnn": "s2v", "hidden": 16, "epochs": 15, "learning_rate": 0.01}
        >>> clf = DiffPoolClassifier(clusters=(2,), **options)
        >>> clf = clf.fit(graphs, ["ring", "path"] * 4)
        >>> found = clf.explain(graphs[0], groups=[[0, 1]])
        >>> found.label, found.nodes.shape, [c.shape for c in found.clusters]
        ('ring', (3,), [(2,)])
        >>> alone = Graph([[0]], [[1.0]])  # the ring without nodes 0 and 1
        >>> p = clf.predict_proba([alone])[0, 1]
        >>> bool(np.isclose(found.output - found.groups[0], np.log(p / (1 - p))))
        True
        """
        (checked,) = self._check_graphs([graph])
        inputs.check_width([checked], self.n_features_in_)
        with self._computing():
            return explain(self, checked, label, method, groups)

    def _evaluate(
        self, batch: GraphBatch, part: Callable[[Output], Result]
    ) -> list[Result]:
        """Run the model on a prepared batch; return one part of each chunk's output."""
        with self._computing():
            outputs = evaluate(self.params_, self.running_, batch, self.config_)
            return [part(output) for output in outputs]

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """Use threads; say that numbers that become too large come from the graphs."""
        try:
            with use_threads():
                yield
        except OverflowedError as error:
            message = f"the numbers in graphs are too large: {error.__cause__ or error}"
            raise OverflowedError(message) from None

    def _outputs(self, graphs: Iterable[Graph], part: str) -> Floats:
        """Return one part of the output for all graphs."""
        batch, _ = self._prepare(graphs)
        return np.concatenate(self._evaluate(batch, attrgetter(part)))
