"""Outer folds of a cross-validation, made with a seed or read from a file."""

from __future__ import annotations

from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from npdiffpool._support.arguments import require_flag
from npdiffpool._support.progress import reason_of
from npdiffpool._support.untrusted import read_json
from npdiffpool.datasets import stratified_folds, stratified_split
from npdiffpool.datasets.stratified import check_labels


class Split(NamedTuple):
    """The indices of one outer fold.

    Attributes
    ----------
    train, validation, test : lists of int
        Indices of graphs, from 0; no index is in two of the lists.
    """

    train: list[int]
    validation: list[int]
    test: list[int]


class SplitsError(ValueError):
    """Splits, given as an argument or in a file, are unusable.

    Examples
    --------
    >>> check_splits([([0], [0], [1])], 2)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    SplitsError: splits[0]: a graph must occur once; graph 0 occurs 2 times
    """


def make_splits(
    labels: Any, n_folds: int, seed: int = 0, by_class: bool = True
) -> list[Split]:
    """Divide a data set into outer folds with validation parts.

    The validation part of a fold is a tenth of the graphs outside its test part.

    Parameters
    ----------
    labels : (G,) array
        The label of each graph.
    n_folds : int
        Number of folds.
    seed : int
        Seed of the shuffling.
    by_class : bool
        Stratify: give each part about the same share of each class.

    Returns
    -------
    list of Split

    Raises
    ------
    ValueError
        If `labels` are not one per graph, `n_folds` or `seed` is out of range, or a
        part would be empty.

    Examples
    --------
    >>> splits = make_splits(["a", "b"] * 20, n_folds=4)
    >>> [len(part) for part in splits[0]]
    [27, 3, 10]
    """
    labels, splits = check_labels(labels), list[Split]()
    require_flag("by_class", by_class)
    strata = labels if by_class else np.zeros(len(labels))
    for test in stratified_folds(strata, n_folds, seed):
        rest = np.setdiff1d(np.arange(len(labels)), test)
        parts = stratified_split(strata[rest], (0.9, 0.1), seed)
        train, validation = (rest[part].tolist() for part in parts)
        splits.append(Split(train, validation, test.tolist()))
    return splits


def read_splits(path: str | PathLike[str], n_graphs: int | None) -> list[Split]:
    """Read index lists in the file format of Errica et al. (arXiv 1912.09893).

    The file is a JSON list with one object per outer fold:
    ``{"test": [...], "model_selection": [{"train": [...], "validation": [...]}]}``.

    Parameters
    ----------
    path : path
        The file.
    n_graphs : int or None
        Number of graphs in the data set; None skips all checks of indices.

    Returns
    -------
    list of Split

    Raises
    ------
    SplitsError
        If the file has another format or is larger than 64 MiB, an index is outside
        0 ... `n_graphs` - 1 or in two parts of a fold, or a graph is not in exactly one
        test part.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> fold = {"test": [0, 1], "model_selection": [{"train": [2], "validation": [3]}]}
    >>> last = {"test": [2, 3], "model_selection": [{"train": [0], "validation": [1]}]}
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "splits.json"
    ...     _ = path.write_text(json.dumps([fold, last]))
    ...     read_splits(path, n_graphs=4)[1]
    Split(train=[0], validation=[1], test=[2, 3])
    """
    try:
        splits = [
            Split(inner["train"], inner["validation"], fold["test"])
            for fold in read_json(path, finite=True)
            for inner in fold["model_selection"][:1]
        ]
    except FileNotFoundError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OSError) as error:
        form = '[{"test": [...], "model_selection": [{"train": [...], ...}]}, ...]'
        seen = f"{type(error).__name__}: {reason_of(error)}"
        message = f"{path} must be JSON, {form}; got {seen}"
        raise SplitsError(message) from None
    if n_graphs is None:
        return splits
    for number, split in enumerate(splits):
        _check_fold(split, f"{path}, fold {number}", n_graphs)
    tested = sorted(index for split in splits for index in split.test)
    if tested != list(range(n_graphs)):
        counts = np.bincount(tested, minlength=n_graphs)
        graph = int(np.argmax(counts != 1))
        message = f"{path} must test each of {n_graphs} graphs once"
        raise SplitsError(f"{message}; graph {graph} is in {counts[graph]} test parts")
    return splits


def check_splits(splits: Any, n_graphs: int) -> list[Split]:
    """Validate splits given as triples of indices; return them as lists of int.

    Parameters
    ----------
    splits : sequence of (train, validation, test)
        Each part is a sequence of ints.
    n_graphs : int
        Number of graphs in the data set.

    Returns
    -------
    list of Split

    Raises
    ------
    SplitsError
        If there is no fold, a part is empty, an index is outside 0 ... `n_graphs` - 1,
        or a graph occurs twice in a fold.

    Examples
    --------
    >>> check_splits([(np.array([0, 1]), [2], [3])], n_graphs=4)
    [Split(train=[0, 1], validation=[2], test=[3])]
    """
    try:
        parts = [[np.asarray(part).tolist() for part in split] for split in splits]
    except (TypeError, ValueError):
        parts = []
    if not parts or any(len(part) != 3 for part in parts):
        form = "one fold or more, each (train, validation, test)"
        raise SplitsError(f"splits must be {form}; got {splits!r}")
    checked = [Split(*part) for part in parts]
    for number, split in enumerate(checked):
        _check_fold(split, f"splits[{number}]", n_graphs)
    return checked


def _check_fold(split: Split, where: str, n_graphs: int) -> None:
    """Validate the indices of one fold; `where` names it in errors."""
    for name, part in zip(Split._fields, split):
        if not isinstance(part, list) or not part:
            message = f"{name} must be a list of indices; got {part!r}"
            raise SplitsError(f"{where}: {message}")
    indices = [*split.train, *split.validation, *split.test]
    for index in indices:
        if type(index) is not int or not 0 <= index < n_graphs:
            message = f"an index must be in 0 ... {n_graphs - 1}; got {index!r}"
            raise SplitsError(f"{where}: {message}")
    counts = np.bincount(indices)
    if counts.max() > 1:
        graph = int(np.argmax(counts > 1))
        message = f"a graph must occur once; graph {graph} occurs {counts[graph]} times"
        raise SplitsError(f"{where}: {message}")
