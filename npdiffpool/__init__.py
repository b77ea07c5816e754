"""DiffPool from scratch in NumPy, gradients by autograd, held up by properties.

To classify graphs takes `Graph` or `load_dataset`, and `DiffPoolClassifier`. The public
modules, in reading order:

- `npdiffpool.paper`: the paper on one graph, each equation a function
- `npdiffpool.layers`: gcn, sage, s2v, batch norm and a whole GNN, on many graphs
- `npdiffpool.pooling`: equations 3, 4 and 6
- `npdiffpool.losses`: cross-entropy, squared error, link loss, entropy loss
- `npdiffpool.config`: what can be chosen of a model
- `npdiffpool.model`: parameters, forward pass, loss
- `npdiffpool.optim`: gradients over a tree of parameters, Adam
- `npdiffpool.training`: minibatches, early stopping, checkpoints
- `npdiffpool.evaluation`: cross-validation by two protocols
- `npdiffpool.splits`: folds, by seed or from a file
- `npdiffpool.measures`: how sharp an assignment is, how it sits in the graph
- `npdiffpool.baselines`: a flat GNN of equal size, the 1-WL subtree kernel
- `npdiffpool.graclus`: clusters of DiffPool-Det
- `npdiffpool.datasets`: data sets in TU form, planted hierarchies
- `npdiffpool.testing`: the laws of pooling, for anybody's layer
- `npdiffpool.testing.laws`: each law as an object
- `npdiffpool.testing.strategies`: graphs drawn by Hypothesis
- `npdiffpool.viz`: figures, the report of a run
"""
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
