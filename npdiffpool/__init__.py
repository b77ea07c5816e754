"""DiffPool from scratch in NumPy, gradients by autograd, held up by properties."""
from npdiffpool.batches import GraphBatch
from npdiffpool.datasets import Dataset, DatasetError, load_dataset
from npdiffpool.estimator import (
    DiffPoolClassifier,
    DiffPoolRegressor,
    NotFittedError,
    load_model,
)
from npdiffpool.graphs import Graph, GraphError
from npdiffpool.modelfile import ModelFileError

__all__ = [
    "Dataset",
    "DatasetError",
    "DiffPoolClassifier",
    "DiffPoolRegressor",
    "Graph",
    "GraphBatch",
    "GraphError",
    "ModelFileError",
    "NotFittedError",
    "load_dataset",
    "load_model",
]
__version__ = "0.1.0"
