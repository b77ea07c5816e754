"""Accuracy over the folds of a data set, in parallel processes.

    python benchmarks/accuracy.py MUTAG
    python benchmarks/accuracy.py MUTAG --inner batch_norm=true
    python benchmarks/accuracy.py ENZYMES --splits ENZYMES_splits.json --folds 1 \
        --inner epochs=200

Without --inner a fold's classifier is trained on all the other folds for the fixed
number of epochs and tested once on the fold: nothing is chosen by the test fold.
With --inner the fold is not touched at all: a tenth of the others (or what the
splits file says) validates, which is what the defaults were chosen by. Words such
as ``hidden=32`` are parameters of DiffPoolClassifier, as JSON.
"""
import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

import npdiffpool as ndp
from npdiffpool.evaluation import stratified_folds, stratified_split

LAST = 20  # epochs whose mean validation accuracy smooths what one would say


def splits_of(arguments, labels):
    """Return (train, validation, test) indices of each fold."""
    if arguments.splits:
        folds = json.loads(Path(arguments.splits).read_text())
        inner = [fold["model_selection"][0] for fold in folds]
        parts = [
            (chosen["train"], chosen["validation"], fold["test"])
            for chosen, fold in zip(inner, folds)
        ]
        return [tuple(map(np.array, part)) for part in parts]
    splits = []
    for test in stratified_folds(labels, 10, arguments.seed):
        rest = np.setdiff1d(np.arange(len(labels)), test)
        train, held_out = stratified_split(labels[rest], (0.9, 0.1), arguments.seed)
        splits.append((rest[train], rest[held_out], test))
    return splits


def run_fold(dataset, parameters, inner, split):
    """Train on one fold; return what to print of it."""
    train, held_out, test = split
    clf = ndp.DiffPoolClassifier(**parameters)
    if not inner:
        rest = dataset[np.concatenate([train, held_out])]
        clf.fit(rest, rest.labels)
        return {"test": clf.score(dataset[test], dataset.labels[test])}
    part, validation = dataset[train], dataset[held_out]
    clf.fit(part, part.labels, validation=(validation, validation.labels))
    accuracies = [row["validation_accuracy"] for row in clf.history_]
    losses = [row["validation_loss"] for row in clf.history_]
    return {
        "validation, best epoch": max(accuracies),
        f"validation, last {LAST} epochs": np.mean(accuracies[-LAST:]),
        f"validation loss, last {LAST} epochs": np.mean(losses[-LAST:]),
    }


def parse(word):
    """Split ``name=value``, the value being JSON or else a word."""
    name, _, text = word.partition("=")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    return name, tuple(value) if isinstance(value, list) else value


def main():
    """Run the folds and print their means and spreads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--splits", help="index file of the fair protocol")
    parser.add_argument("--folds", type=int, default=10, help="how many of the ten")
    parser.add_argument("--inner", action="store_true", help="validate, do not test")
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_intermixed_args()
    dataset = ndp.load_dataset(arguments.data)
    parameters = dict(map(parse, arguments.parameters))
    splits = splits_of(arguments, dataset.labels)[: arguments.folds]
    work = partial(run_fold, dataset, parameters, arguments.inner)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        rows = list(pool.map(work, splits))
    _, counts = np.unique(dataset.labels, return_counts=True)
    print(f"{dataset.name} {parameters or 'defaults'}, {len(rows)} folds")
    print(f"  majority class: {counts.max() / counts.sum():.1%}")
    for name in rows[0]:
        values = [row[name] for row in rows]
        shown = " ".join(f"{value:.3f}" for value in values)
        print(f"  {name}: {np.mean(values):.3f} +- {np.std(values):.3f}  ({shown})")


if __name__ == "__main__":
    main()
