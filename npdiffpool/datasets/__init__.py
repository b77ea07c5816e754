"""Data sets in TU form, from a name, a folder or a zip; and planted hierarchies."""

from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.loading import load_dataset
from npdiffpool.datasets.locate import KnownDataset, cache_folder, known_datasets
from npdiffpool.datasets.matching import load_dataset_like
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
