"""Data sets in the TU format, and synthetic graphs with a planted hierarchy.

Read `loading` first (`load_dataset`). It calls, in this order: `locate` (known data
sets and their places), `fetch` (downloads), `tu` (the files) or `bundled` (the MUTAG of
this package), then `features` (node features) and `assembly` (the graphs of a
`dataset`). `networkx_graphs` converts lists of networkx graphs, `stratified` divides a
data set into parts, `duplicates` finds isomorphic graphs, `synthetic` draws graphs.
"""

from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.duplicates import find_duplicates
from npdiffpool.datasets.loading import load_dataset, load_dataset_like
from npdiffpool.datasets.locate import KnownDataset, cache_folder, known_datasets
from npdiffpool.datasets.networkx_graphs import from_networkx
from npdiffpool.datasets.stratified import stratified_folds, stratified_split
from npdiffpool.datasets.synthetic import Hierarchy, hierarchical_sbm
from npdiffpool.datasets.tu.tables import DatasetError
from npdiffpool.datasets.tu.writing import write_tu

__all__ = [
    "Dataset",
    "DatasetError",
    "Hierarchy",
    "KnownDataset",
    "cache_folder",
    "find_duplicates",
    "from_networkx",
    "hierarchical_sbm",
    "known_datasets",
    "load_dataset",
    "load_dataset_like",
    "stratified_folds",
    "stratified_split",
    "write_tu",
]
