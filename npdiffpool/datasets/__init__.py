"""Data sets in the TU format, and synthetic graphs with a planted hierarchy.

Read `loading` first (`load_dataset`). It calls, in this order: `locate` (known data
sets and their places), `fetch` (downloads), `archive` (the files of a folder or a zip),
`tu` and `tables` (parsing and validating them) or `bundled` (the MUTAG of this
package), then `features` (node features) and `assembly` (the graphs of a `dataset`).
`stratified` divides a data set into parts, `synthetic` draws graphs.
"""

from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.loading import load_dataset, load_dataset_like
from npdiffpool.datasets.locate import KnownDataset, cache_folder, known_datasets
from npdiffpool.datasets.stratified import stratified_folds, stratified_split
from npdiffpool.datasets.synthetic import Hierarchy, hierarchical_sbm
from npdiffpool.datasets.tables import DatasetError

__all__ = [
    "Dataset",
    "DatasetError",
    "Hierarchy",
    "KnownDataset",
    "cache_folder",
    "hierarchical_sbm",
    "known_datasets",
    "load_dataset",
    "load_dataset_like",
    "stratified_folds",
    "stratified_split",
]
