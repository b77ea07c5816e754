"""Compare two versions of npdiffpool bit by bit: a digest of each short training.

Run it once with each version, on one machine, and compare the files:

    python benchmarks/same_bytes.py before.json
    python benchmarks/same_bytes.py after.json --compare before.json

Each training uses 30 graphs of MUTAG, 10 more for validation, two epochs and batches of
8 graphs. Its digest covers the parameters, the running moments of batch norm, the
history, and the outputs, embeddings and assignments of 10 test graphs. Only the public
API is used.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from itertools import product
from pathlib import Path
from typing import Any, Iterator

import numpy as np

import npdiffpool as ndp

GNNS = ("gcn", "sage", "s2v", "mlp")
ASSIGNMENTS = ("learned", "hard", "graclus", "random", "uniform")
READOUTS = ("sum", "mean", "max", "set2set", "sortpool")
CLUSTERS = ((0.25,), (6, 0.5))
DTYPES = ("float32", "float64")
OTHERS: tuple[dict[str, Any], ...] = (  # each with every gnn and dtype
    {"clusters": ()},
    {"concat_layers": False},
    {"normalize_rows": False},
    {"classifier_hidden": 0},
    {"standardize": False},
    {"recompute": True, "batch_norm": True},
    {"link_scale": "nodes"},
    {"link_scale": "entries"},
    {"link_weight": 0, "entropy_weight": 0},
    {"patience": 1},
)


def variants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of an estimator and the parameters of one variant at a time."""
    choices = product(GNNS, ASSIGNMENTS, READOUTS, CLUSTERS, (False, True), DTYPES)
    names = ("gnn", "assignment", "readout", "clusters", "batch_norm", "dtype")
    for values in choices:
        yield "DiffPoolClassifier", dict(zip(names, values))
    for other, gnn, dtype in product(OTHERS, GNNS, DTYPES):
        yield "DiffPoolClassifier", {**other, "gnn": gnn, "dtype": dtype}
    for batch_norm, gnn, dtype in product((False, True), GNNS, DTYPES):
        changes = {"batch_norm": batch_norm, "gnn": gnn, "dtype": dtype}
        yield "DiffPoolRegressor", changes


def digest(kind: str, parameters: dict[str, Any], graphs: Any) -> str:
    """Train one variant and return the SHA-256 digest of its results."""
    small = {"hidden": 8, "epochs": 2, "batch_size": 8}
    model = getattr(ndp, kind)(**{**small, **parameters})
    is_classifier = kind == "DiffPoolClassifier"
    labels = [g.label if is_classifier else float(g.n_nodes) for g in graphs]
    model.fit(graphs[:30], labels[:30], validation=(graphs[30:40], labels[30:40]))
    test = graphs[40:]
    outputs = [model.predict(test), model.transform(test)]
    outputs += [model.predict_proba(test)] if is_classifier else []
    outputs += [S for graph in test for S in model.assignments(graph)]
    seen = hashlib.sha256(json.dumps(model.history_).encode())
    for array in leaves([model.params_, model.running_, outputs]):
        seen.update(f"{array.dtype} {array.shape}".encode())
        seen.update(np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()


def leaves(tree: Any) -> Iterator[Any]:
    """Yield the arrays of nested dicts, lists and tuples, in order."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from leaves(part)
    else:
        yield tree


def main() -> int:
    """Train every variant, write the digests, and compare them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="JSON file to write")
    parser.add_argument("--compare", metavar="FILE", help="file of another version")
    arguments = parser.parse_args()
    mutag = ndp.load_dataset("MUTAG")
    graphs = [mutag.graphs[i] for i in range(0, 150, 3)]
    found = {
        f"{kind} {json.dumps(parameters)}": digest(kind, parameters, graphs)
        for kind, parameters in variants()
    }
    Path(arguments.path).write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"{len(found)} trainings: {arguments.path}")
    if arguments.compare is None:
        return 0
    before = json.loads(Path(arguments.compare).read_text(encoding="utf-8"))
    unlike = [name for name in before if found.get(name) != before[name]]
    print("\n".join(unlike + [f"{len(before) - len(unlike)} of {len(before)} equal"]))
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
