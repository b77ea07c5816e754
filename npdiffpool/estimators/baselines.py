"""What DiffPool is compared with and is not a value of one of its parameters.

The flat GNN of equal depth and size, and the 1-WL subtree kernel. Others are:
``clusters=()`` is a flat GNN, and with ``gnn="mlp", readout="sum"`` the structure-free
baseline; `assignment` has the controls, `readout` Set2Set and SortPool.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Iterator, Sequence

import numpy as np
import scipy

from npdiffpool._support.arguments import require, require_int, require_number
from npdiffpool._support.contracts import requires
from npdiffpool.engine.autodiff import to_vector
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import init_model
from npdiffpool.engine.wl_colours import colours_of_features, mix, wl_colours
from npdiffpool.estimators.targets import Classes
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.block_diagonal import join_graphs


@requires(config=Config)
def count_parameters(config: Config) -> int:
    """Count the numbers that training moves.

    Parameters
    ----------
    config : Config

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `config` is no `Config`.

    Examples
    --------
    >>> count_parameters(Config(n_features=3, n_outputs=2, clusters=(8,)))
    95968
    """
    return len(to_vector(init_model(np.random.default_rng(0), config)))


@requires(config=Config)
def flat_twin(config: Config) -> Config:
    """Return the flat GNN that is as deep as another and about as large.

    As many layers in line as `config` has over all levels, no pooling, and the width
    whose number of parameters is nearest.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Config

    Raises
    ------
    ValueError
        If `config` is no `Config`.

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


@dataclass(eq=False)
class SubtreeKernelClassifier:
    """Classify graphs by how often each 1-WL colour is in them, linearly.

    The 1-WL subtree kernel (Shervashidze et al., JMLR 12, 2011) with a support vector
    machine, of scikit-learn, which this needs. Features that are not labels, but
    measured, make almost every colour occur once: leave them out.

    Parameters
    ----------
    rounds : sequence of int
        Of 1-WL; fit chooses among them by the validation accuracy.
    penalties : sequence of float
        The C of the machine, chosen likewise.
    seed : int
        Of nothing; here because the protocols set it.

    Attributes
    ----------
    classes_ : (C,) array
    history_ : list of dict
        One row, of what was chosen: `validation_accuracy` and `validation_loss` (the
        share of errors), `rounds`, `penalty`.
    best_epoch_ : int
        1.

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

    rounds: Sequence[int] = (1, 2, 3, 4)
    penalties: Sequence[float] = (0.01, 0.1, 1.0, 10.0, 100.0)
    seed: int = 0

    def fit(self, graphs: Any, labels: Any, validation: Any = None) -> Any:
        """Choose by the validation pair, and keep the machine that is best by it.

        Parameters
        ----------
        graphs : sequence of Graph
        labels : sequence, as long as `graphs`
        validation : pair of graphs and labels
            Must be given.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument or a parameter is unusable.
        """
        self._check_parameters()
        usable = isinstance(validation, (tuple, list)) and len(validation) == 2
        kind = type(validation).__name__
        require(usable, "validation", "a pair (graphs, labels)", kind)
        graphs, held = check_graphs(graphs), check_graphs(validation[0])
        targets = Classes.of(labels, len(graphs))
        encoded = targets.encode(labels, len(graphs))
        held_labels = targets.encode(validation[1], len(held), "validation labels")
        tried = [
            machine
            for rounds in self.rounds
            for machine in self._machines(graphs, encoded, held, held_labels, rounds)
        ]
        row, self.machine_, self.known_, self.train_ = max(
            tried, key=lambda found: found[0]["validation_accuracy"]
        )
        self.classes_, self.history_, self.best_epoch_ = targets.classes, [row], 1
        return self

    def _check_parameters(self) -> None:
        for name in ("rounds", "penalties"):
            given = getattr(self, name)
            usable = isinstance(given, (tuple, list)) and len(given) > 0
            require(usable, name, "a tuple of one or more", given)
        for rounds in self.rounds:
            require_int("each of rounds", rounds, 0)
        for penalty in self.penalties:
            require_number("each of penalties", penalty, above=True)

    def _machines(
        self, graphs: Any, labels: Any, held: Any, held_labels: Any, rounds: int
    ) -> Iterator[tuple[dict[str, float], Any, Any, Any]]:
        from sklearn.svm import SVC

        known, train = count_colours(graphs, rounds)
        among = (train @ train.T).toarray()
        across = count_colours(held, rounds, known)[1][:, : len(known)] @ train.T
        for penalty in self.penalties:
            machine = SVC(C=penalty, kernel="precomputed").fit(among, labels)
            right = machine.predict(across.toarray()) == held_labels
            accuracy = float(np.mean(right))
            row = {"validation_accuracy": accuracy, "validation_loss": 1 - accuracy}
            yield {**row, "rounds": rounds, "penalty": penalty}, machine, known, train

    def predict(self, graphs: Any) -> Any:
        """Return the class of each graph.

        Parameters
        ----------
        graphs : sequence of Graph

        Returns
        -------
        (G,) array

        Raises
        ------
        GraphError
            If there is no graph, or one is not a `Graph`.
        ValueError
            If it is not fitted.
        """
        require(hasattr(self, "machine_"), "the classifier", "fitted", "none: call fit")
        rounds = int(self.history_[0]["rounds"])
        new = count_colours(check_graphs(graphs), rounds, self.known_)[1]
        across = new[:, : len(self.known_)] @ self.train_.T
        return self.classes_[self.machine_.predict(across.toarray())]

    def score(self, graphs: Any, labels: Any) -> float:
        """Return the accuracy, the share of graphs whose class is predicted.

        Parameters
        ----------
        graphs : sequence of Graph
        labels : sequence, as long as `graphs`

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If it is not fitted, or there is not one label a graph.
        """
        graphs, labels = check_graphs(graphs), np.asarray(labels)
        require(labels.shape == (len(graphs),), "labels", "one a graph", labels.shape)
        return float(np.mean(self.predict(graphs) == labels))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters (scikit-learn's convention)."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def count_colours(graphs: Any, rounds: int, known: Any = ()) -> tuple[Any, Any]:
    """Return the 1-WL colours of some graphs, and how often each has them.

    Parameters
    ----------
    graphs : sequence of Graph
    rounds : int
        Of 1-WL; the colours of rounds 0 to `rounds` count.
    known : sequence of uint64
        Colours that come first; the others follow.

    Returns
    -------
    colours : (M,) uint64
    counts : (G, M) csr_array
        Each row divided by its length, so that products of rows are the normalised
        kernel.

    Raises
    ------
    ValueError
        If `graphs` are none, or `rounds` or `known` not such numbers.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> ring = Graph.from_edges([(0, 1), (1, 2), (2, 0)], n_nodes=3)
    >>> path = Graph.from_edges([(0, 1), (1, 2)], n_nodes=3)
    >>> colours, counts = count_colours([ring, path], rounds=1)
    >>> len(colours), (counts @ counts.T).toarray().round(3)  # 12 / sqrt(18 * 14)
    (3, array([[1.   , 0.756],
           [0.756, 1.   ]]))
    """
    require_int("rounds", rounds, 0)
    graphs, known = check_graphs(graphs), np.asarray(known)
    usable = known.ndim == 1 and known.dtype.kind in "iu" or known.size == 0
    require(usable, "known", "whole numbers (M,)", f"{known.dtype} {known.shape}")
    A, X, offsets = join_graphs(graphs, np.float64)
    seen = np.array(wl_colours(A, colours_of_features(X), rounds))
    seen = mix(seen + np.arange(rounds + 1, dtype=np.uint64)[:, None]).ravel()
    known = np.asarray(known, dtype=np.uint64)
    extra = np.setdiff1d(seen, known)
    place = np.searchsorted(known, seen)
    is_new = np.isin(seen, known, invert=True)
    place[is_new] = len(known) + np.searchsorted(extra, seen[is_new])
    graph = np.tile(np.repeat(np.arange(len(graphs)), np.diff(offsets)), rounds + 1)
    colours = np.concatenate([known, extra])
    shape = len(graphs), len(colours)
    counts = scipy.sparse.csr_array((np.ones(len(place)), (graph, place)), shape)
    lengths = np.sqrt(counts.multiply(counts).sum(axis=1))
    unit = scipy.sparse.diags_array(1 / np.maximum(lengths, 1)) @ counts
    return colours, scipy.sparse.csr_array(unit)
