"""Models that DiffPool is compared with: a flat GNN and the 1-WL subtree kernel.

Parameters of `DiffPoolClassifier` give the others: ``clusters=()`` is a flat GNN, and
with ``gnn="mlp", readout="sum"`` the structure-free baseline; `assignment` has the
controls, `readout` Set2Set and SortPool.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Iterable, Iterator, NamedTuple, Sequence, TypeVar

import numpy as np
import numpy.typing as npt
import scipy

from npdiffpool._support.arguments import require, require_int, require_number
from npdiffpool._support.contracts import IsA, requires
from npdiffpool._support.types import CSR, Ints, Row
from npdiffpool.engine.autodiff import leaves
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import blank_params
from npdiffpool.engine.wl_colours import colours_of_features, mix, wl_colours
from npdiffpool.estimators.fitting.inputs import check_width, choose_labels
from npdiffpool.estimators.fitting.schema import (
    InputSchema,
    check_name_count,
    check_schema,
)
from npdiffpool.estimators.fitting.targets import Classes
from npdiffpool.estimators.fitting.validation import check_validation
from npdiffpool.estimators.not_fitted import NotFittedError
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.block_diagonal import join_graphs
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import segment_ids

Classifier = TypeVar("Classifier", bound="SubtreeKernelClassifier")
_Encoded = tuple[list[Graph], Ints]  # graphs and the indices of their classes


@requires(config=IsA(Config))
def count_parameters(config: Config) -> int:
    """Return the number of trainable parameters of a model.

    Parameters
    ----------
    config : Config

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `config` is not a `Config`.

    Examples
    --------
    >>> count_parameters(Config(n_features=3, n_outputs=2, clusters=(8,)))
    95968
    """
    return sum(leaf.size for leaf in leaves(blank_params(config)))


@requires(config=IsA(Config))
def flat_twin(config: Config) -> Config:
    """Return a flat GNN of the same depth and nearly the same size as a model.

    It has no pooling, as many layers as `config` has on all levels together, and the
    width for which its number of parameters is nearest.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Config

    Raises
    ------
    ValueError
        If `config` is not a `Config`.

    Examples
    --------
    >>> twin = flat_twin(Config(n_features=3, n_outputs=2, clusters=(8,)))
    >>> twin.clusters, twin.n_layers, twin.hidden
    ((), 6, 84)
    """
    size = count_parameters(config)
    n_layers = config.n_layers * (1 + len(config.clusters))
    flat = replace(config, clusters=(), n_layers=n_layers, hidden=1)
    low, high = 1, 2
    while count_parameters(replace(flat, hidden=high)) < size:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        below = count_parameters(replace(flat, hidden=middle)) < size
        low, high = (middle, high) if below else (low, middle)
    widths = [replace(flat, hidden=width) for width in (low, high)]
    return min(widths, key=lambda twin: abs(count_parameters(twin) - size))


class _FittedSVM(NamedTuple):
    """A support vector machine, with all that its predictions need."""

    machine: Any  # sklearn.svm.SVC
    colours: Ints  # of the training graphs
    counts: CSR  # of these colours in the training graphs
    row: Row  # of the history


@dataclass(eq=False)
class SubtreeKernelClassifier:
    """Support vector machine on the 1-WL subtree kernel.

    The kernel (Shervashidze et al., JMLR 12, 2011) compares how often each 1-WL colour
    occurs in two graphs. It needs scikit-learn, and features that are labels: with
    measured features almost every colour occurs once.

    Parameters
    ----------
    rounds : sequence of int
        Numbers of 1-WL rounds, from which `fit` chooses by validation accuracy.
    penalties : sequence of float
        Values of the machine's C, from which `fit` chooses likewise.

    Attributes
    ----------
    classes_ : (C,) array
        The sorted labels.
    history_ : list of dict
        One row, of the machine that was chosen: `validation_accuracy`,
        `validation_loss` (the error rate), `rounds` and `penalty`.
    best_epoch_ : int
        Always 1.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> ring = Graph.from_edges([(0, 1), (1, 2), (2, 0)], n_nodes=3)
    >>> path = Graph.from_edges([(0, 1), (1, 2)], n_nodes=3)
    >>> graphs, labels = [ring, path] * 2, ["ring", "path"] * 2
    >>> model = SubtreeKernelClassifier().fit(graphs, labels, (graphs, labels))
    >>> model.predict([path, ring]).tolist(), model.history_[0]["rounds"]
    (['path', 'ring'], 1)
    """

    kind = "classifier"

    rounds: Sequence[int] = (1, 2, 3, 4)
    penalties: Sequence[float] = (0.01, 0.1, 1.0, 10.0, 100.0)

    def fit(
        self: Classifier,
        graphs: Iterable[Graph],
        labels: npt.ArrayLike | None = None,
        validation: tuple[Iterable[Graph], npt.ArrayLike | None] | None = None,
    ) -> Classifier:
        """Fit a machine for each choice; keep the best on the validation set.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
        labels : (G,) array_like, optional
            Default: the labels of the `Dataset`, or of each graph.
        validation : pair of graphs and labels (or None)
            Required.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid.
        """
        self._check_parameters()
        checked, schema = check_graphs(graphs), InputSchema.from_graphs(graphs)
        check_name_count(graphs, checked[0].n_features)
        held, held_labels = check_validation(validation, schema, by_class=True)
        check_width(held, checked[0].n_features)
        labels = choose_labels(graphs, checked, labels, by_class=True)
        classes = Classes.of(labels, len(checked))
        train = checked, classes.encode(labels, len(checked))
        expected = classes.encode(held_labels, len(held), "validation labels")
        machines = self._machines(train, (held, expected))
        self.best_ = max(machines, key=lambda found: found.row["validation_accuracy"])
        self.classes_, self.history_ = classes.classes, [self.best_.row]
        self.best_epoch_, self.n_features_in_ = 1, checked[0].n_features
        self.feature_names_in_, self.edge_weights_in_ = schema
        return self

    def _check_parameters(self) -> None:
        for name in ("rounds", "penalties"):
            values = getattr(self, name)
            usable = isinstance(values, (tuple, list)) and len(values) > 0
            require(usable, name, "a tuple of one or more", values)
        for rounds in self.rounds:
            require_int("each of rounds", rounds, 0)
        for penalty in self.penalties:
            require_number("each of penalties", penalty, above=True)

    def _machines(self, train: _Encoded, held: _Encoded) -> Iterator[_FittedSVM]:
        """Yield a fitted machine for each choice of rounds and penalty."""
        from sklearn.svm import SVC

        for rounds in self.rounds:
            colours, counts = count_colours(train[0], rounds)
            kernel = (counts @ counts.T).toarray()
            kernel_held = _kernel(held[0], rounds, colours, counts)
            for penalty in self.penalties:
                machine = SVC(C=penalty, kernel="precomputed").fit(kernel, train[1])
                accuracy = float(np.mean(machine.predict(kernel_held) == held[1]))
                row = {"validation_accuracy": accuracy, "validation_loss": 1 - accuracy}
                row |= {"rounds": rounds, "penalty": penalty}
                yield _FittedSVM(machine, colours, counts, row)

    def _check_graphs(self, graphs: Iterable[Graph]) -> list[Graph]:
        """Return graphs as a list, after checking them and their schema."""
        if not hasattr(self, "best_"):
            raise NotFittedError("the classifier is not fitted; call fit first")
        schema = InputSchema(self.feature_names_in_, self.edge_weights_in_)
        check_schema(graphs, schema)
        checked = check_graphs(graphs)
        check_width(checked, self.n_features_in_)
        return checked

    def predict(self, graphs: Iterable[Graph]) -> npt.NDArray[Any]:
        """Return the class of each graph.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset

        Returns
        -------
        (G,) array

        Raises
        ------
        GraphError
            If there is no graph, one is not a `Graph`, or the graphs have another
            number of features than in training.
        NotFittedError
            If the classifier is not fitted.
        """
        checked = self._check_graphs(graphs)
        machine, colours, counts, row = self.best_
        kernel = _kernel(checked, int(row["rounds"]), colours, counts)
        return np.asarray(self.classes_[machine.predict(kernel)])

    def score(
        self, graphs: Iterable[Graph], labels: npt.ArrayLike | None = None
    ) -> float:
        """Return the accuracy, the fraction of graphs classified correctly.

        Parameters
        ----------
        graphs : sequence of Graph, or Dataset
        labels : (G,) array_like, optional
            Default: the labels of the `Dataset`, or of each graph.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        ValueError
            If there is not one label per graph, or numbers are given for classes that
            are strings, or strings for numbers.
        """
        checked = self._check_graphs(graphs)
        labels = choose_labels(graphs, checked, labels, by_class=True)
        expected = Classes(self.classes_).read(labels, len(checked))
        return float(np.mean(self.predict(checked) == expected))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters (scikit-learn's convention)."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def _kernel(graphs: list[Graph], rounds: int, colours: Ints, counts: CSR) -> Any:
    """Return the kernel (G, M) between graphs and those that were counted."""
    new = count_colours(graphs, rounds, colours)[1]
    return (new[:, : len(colours)] @ counts.T).toarray()


def count_colours(
    graphs: Iterable[Graph], rounds: int, known: npt.ArrayLike = ()
) -> tuple[Ints, CSR]:
    """Return the 1-WL colours of graphs, and how often each occurs in each graph.

    Parameters
    ----------
    graphs : sequence of Graph
    rounds : int
        Number of 1-WL rounds; the colours of rounds 0 to `rounds` are counted.
    known : sequence of uint64
        Different colours, in any order, that come first in the result, before new ones.

    Returns
    -------
    colours : (M,) uint64
    counts : (G, M) csr_array
        Rows are scaled to unit length, so that their products are the normalised
        kernel.

    Raises
    ------
    ValueError
        If an argument is invalid.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> ring = Graph.from_edges([(0, 1), (1, 2), (2, 0)], 3, "ones")
    >>> path = Graph.from_edges([(0, 1), (1, 2)], 3, "ones")
    >>> colours, counts = count_colours([ring, path], rounds=1)
    >>> len(colours), (counts @ counts.T).toarray().round(3)  # 12 / sqrt(18 * 14)
    (3, array([[1.   , 0.756],
           [0.756, 1.   ]]))
    """
    require_int("rounds", rounds, 0)
    checked, first = check_graphs(graphs), np.asarray(known)
    usable = first.ndim == 1 and first.dtype.kind in "iu" or first.size == 0
    require(usable, "known", "whole numbers (M,)", f"{first.dtype} {first.shape}")
    first = first.astype(np.uint64).ravel()
    values, times = np.unique(first, return_counts=True)
    repeated = values[times > 1].tolist()
    require(not repeated, "known", "different colours", (repeated or [None])[0])
    A, X, offsets = join_graphs(checked, np.float64)
    seen = np.array(wl_colours(A, colours_of_features(X), rounds))
    seen = mix(seen + np.arange(rounds + 1, dtype=np.uint64)[:, None]).ravel()
    colours = np.concatenate([first, np.setdiff1d(seen, first)])
    order = np.argsort(colours)
    column = order[np.searchsorted(colours, seen, sorter=order)]
    row = np.tile(segment_ids(offsets), rounds + 1)
    shape = len(checked), len(colours)
    counts = scipy.sparse.csr_array((np.ones(len(column)), (row, column)), shape)
    lengths = np.sqrt(counts.multiply(counts).sum(axis=1))
    unit = scipy.sparse.diags_array(1 / np.maximum(lengths, 1)) @ counts
    return colours, scipy.sparse.csr_array(unit)
