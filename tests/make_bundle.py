"""Bundles: pack TU files into an .npz, and write a data set as TU files.

    python tests/make_bundle.py FOLDER NAME.npz

The package's MUTAG.npz was made like this. The data set in the folder must have a
known citation.
"""

import sys
from pathlib import Path

import numpy as np

from npdiffpool.datasets.bundled import TYPES
from npdiffpool.datasets.locate import cite
from npdiffpool.datasets.tu.archive import TUFiles
from npdiffpool.datasets.tu.reading import read_part, read_tu


def pack(files, path, citation):
    """Write a data set into a bundle, with its edge labels and its citation."""
    data = read_tu(files)
    if files.has("edge_labels"):
        edge_labels = read_part(files, "edge_labels", np.int64, None)
        data = data._replace(edge_labels=edge_labels)
    arrays = {name: narrow(array) for name, array in arrays_of(data).items()}
    np.savez_compressed(path, name=data.name, citation=citation, **arrays)


def write_tu(data, folder):
    """Write the TU files of a `TUData` into an existing folder."""
    for name, table in arrays_of(data).items():
        # repr, so that the same float64 is read again.
        lines = [", ".join(map(repr, np.atleast_1d(row).tolist())) for row in table]
        text = "".join(line + "\n" for line in lines)
        part = "A" if name == "edges" else name
        file = Path(folder) / f"{data.name}_{part}.txt"
        file.write_text(text, encoding="ascii", newline="\n")


def arrays_of(data):
    """Return the arrays of a `TUData` that are not None, by name."""
    arrays = {name: getattr(data, name) for name in TYPES}
    return {name: array for name, array in arrays.items() if array is not None}


def narrow(array):
    """Return integers in the smallest type that holds them; floats unchanged."""
    if array.dtype.kind == "f":
        return array
    kinds = [np.int8, np.int16, np.int32]
    low, high = array.min(initial=0), array.max(initial=0)
    fits = [k for k in kinds if np.iinfo(k).min <= low and high <= np.iinfo(k).max]
    return array.astype(fits[0] if fits else np.int64)


if __name__ == "__main__":
    source = TUFiles(sys.argv[1])
    pack(source, sys.argv[2], cite(source.name))
