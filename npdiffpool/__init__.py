"""DiffPool from scratch in NumPy, gradients by autograd, held up by properties.

To classify graphs takes `Graph` or `load_dataset`, and `DiffPoolClassifier`. The public
modules, in reading order:

- `npdiffpool.paper`: the paper on one graph, each equation a function
- `npdiffpool.engine.layers`: gcn, sage, s2v, batch norm and a whole GNN, on many graphs
- `npdiffpool.engine.pooling`: equations 3, 4 and 6
- `npdiffpool.engine.losses`: cross-entropy, squared error, link loss, entropy loss
- `npdiffpool.engine.config`: what can be chosen of a model
- `npdiffpool.engine.model`: parameters, forward pass, loss
- `npdiffpool.training.adam`: gradients over a tree of parameters, Adam
- `npdiffpool.training.fit`: minibatches, early stopping, checkpoints
- `npdiffpool.evaluation.protocols`: cross-validation by two protocols
- `npdiffpool.evaluation.splits`: folds, by seed or from a file
- `npdiffpool.evaluation.measures`: how sharp an assignment is, how it sits in the graph
- `npdiffpool.estimators.baselines`: a flat GNN of equal size, the 1-WL subtree kernel
- `npdiffpool.engine.graclus`: clusters of DiffPool-Det
- `npdiffpool.datasets`: data sets in TU form, planted hierarchies
- `npdiffpool.testing`: the laws of pooling, for anybody's layer
- `npdiffpool.testing.laws`: each law as an object
- `npdiffpool.testing.strategies`: graphs drawn by Hypothesis
- `npdiffpool.viz`: figures, the report of a run
"""

from npdiffpool.datasets import Dataset, DatasetError, load_dataset
from npdiffpool.estimators import (
    DiffPoolClassifier,
    DiffPoolRegressor,
    ModelFileError,
    NotFittedError,
    load_model,
)
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph, GraphError

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
