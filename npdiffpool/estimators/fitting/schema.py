"""Names of features, targets and edge weights, compared with those of training."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require


def names_of_targets(given: Any, labels: Any) -> tuple[str, ...] | None:
    """Return the names of a data set's targets, if `labels` are these targets.

    None for other labels, and for graphs in a list: their targets have no names.

    Parameters
    ----------
    given : sequence of Graph, or Dataset
    labels : (G,) or (G, T) array_like
    """
    if not hasattr(given, "feature_names"):  # not a Dataset
        return None
    names = tuple(given.targets)
    return names if names and np.array_equal(labels, given.labels) else None


def check_target_names(
    given: Any, labels: Any, known: tuple[str, ...] | None, name: str = "graphs"
) -> None:
    """Check that labels with names are the targets of training, in their order.

    Raises
    ------
    ValueError
        If the targets of a data set have other names than the `known` ones.
    """
    names = names_of_targets(given, labels)
    if known is not None and names is not None:
        required = f"the targets {list(known)} of training"
        require(names == known, f"targets of {name}", required, list(names))


def check_name_count(graphs: Any, n_features: int) -> None:
    """Check that a data set has as many feature names as features.

    Raises
    ------
    ValueError
        If it has not.
    """
    names = getattr(graphs, "feature_names", None)
    fits = names is None or len(names) == n_features
    require(fits, "feature_names of graphs", f"{n_features} names", names)


def check_feature_names(
    names: Any, expected: list[str] | None, n_features: int
) -> None:
    """Check that names are those of the training set, or as many as features.

    Raises
    ------
    ValueError
        If the number of names is wrong, or they differ from those of training.
    """
    listed = np.asarray(names, dtype=object).ravel().tolist()
    fits = len(listed) == n_features and expected in (None, listed)
    required = f"{n_features} names, those of the training set where known"
    require(fits, "input_features", required, names)


class InputSchema(NamedTuple):
    """What the numbers of a data set mean; None for graphs in a list."""

    feature_names: list[str] | None
    weights: str | None  # as of a `Dataset`

    @classmethod
    def from_graphs(cls, graphs: Any) -> InputSchema:
        """Return the schema of graphs, a data set or a list."""
        names = getattr(graphs, "feature_names", None)
        listed = None if names is None else list(names)
        return cls(listed, getattr(graphs, "weights", None))


def is_column(weights: str) -> bool:
    """Return whether edge weights are named as a column of a file."""
    return weights.startswith("attribute ")


def _may_be_same(given: str | None, trained: str | None, source: str) -> bool:
    """Return whether edge weights of these names may be those of the training.

    Weights of equal names are the same. A file and networkx graphs have different names
    for the same weights, so such a pair may be. Weights of networkx graphs that all
    happen to be 1 have no name.
    """
    if given == trained:
        return True
    if trained is None:
        return False
    if given is None:
        return source == "networkx" and not is_column(trained)
    return is_column(given) != is_column(trained)


def check_schema(graphs: Any, expected: InputSchema, what: str = "graphs") -> None:
    """Check that a data set has the columns and edge weights of the training set.

    Graphs in a list have no names, and are not checked.

    Raises
    ------
    ValueError
        If a column is missing, unknown, or in another place, or the edge weights are
        other ones.
    """
    names, weights = InputSchema.from_graphs(graphs)
    if names is None or expected.feature_names is None:
        return
    _check_names(names, expected.feature_names, what)
    if not _may_be_same(weights, expected.weights, getattr(graphs, "source", "")):
        wanted, got = (repr(w) if w else "all 1" for w in (expected.weights, weights))
        hint = "load_dataset(source, weights=model.edge_weights_in_) has the same"
        if not all(w is None or is_column(w) for w in (expected.weights, weights)):
            hint = "graphs in a list are not compared"
        required = f"weights of {what} must be {wanted}, as in training"
        raise ValueError(f"{required}; got {got}; {hint}")


def _check_names(names: list[str], expected: list[str], what: str) -> None:
    if names == expected:
        return
    missing = [name for name in expected if name not in names]
    unknown = [name for name in names if name not in expected]
    parts = {"missing": missing, "unknown": unknown}
    if not missing and not unknown:
        parts = {"in another order": list(names)}
    named = {word: shortened(them) for word, them in parts.items() if them}
    seen = ", ".join(f"{word}: {them}" for word, them in named.items())
    raise ValueError(
        f"{what} must have the feature columns of the training set; {seen}; "
        "npdiffpool.datasets.load_dataset_like(source, model.feature_names_in_) places "
        "columns by their names"
    )


def shortened(values: list[Any]) -> str:
    """Return up to five values as text.

    >>> shortened(["a", "b"]), shortened([*range(9)])
    ("'a', 'b'", '0, 1, 2, 3, 4, ...')
    """
    return ", ".join(map(repr, values[:5])) + ", ..." * (len(values) > 5)
