"""DiffPool in NumPy: hierarchical graph classification, gradients by autograd.

To classify graphs take `load_dataset` or `Graph`, and `DiffPoolClassifier`. To
understand the method read ``paper.py`` (one graph, each equation one function),
then the folder ``engine`` (many graphs). The public modules in reading order:

- `npdiffpool.paper`: the paper on one graph
- `npdiffpool.engine.layers`: gcn, sage, s2v, batch norm, a GNN (equations 2 and 5)
- `npdiffpool.engine.pooling`: equations 3, 4 and 6
- `npdiffpool.engine.losses`: cross-entropy, squared error, link loss, entropy loss
- `npdiffpool.engine.config`: the configuration of a model
- `npdiffpool.engine.model`: parameters, forward pass, loss
- `npdiffpool.engine.graclus`: the clusters of DiffPool-Det
- `npdiffpool.training.schedule`: length and step sizes of a training
- `npdiffpool.training.adam`: Adam, weight decay, gradient clipping
- `npdiffpool.training.fit`: minibatches, early stopping, checkpoints
- `npdiffpool.estimators.baselines`: a flat GNN of equal size, the 1-WL subtree kernel
- `npdiffpool.datasets`: data sets in TU format, planted hierarchies
- `npdiffpool.evaluation.protocols`: cross-validation by two published protocols
- `npdiffpool.evaluation.comparison`: the difference between two models, tested
- `npdiffpool.evaluation.splits`: folds, by seed or from a file
- `npdiffpool.evaluation.measures`: measures of assignments and clusters
- `npdiffpool.viz`: figures, the report of a run
- `npdiffpool.testing`: the laws of pooling, for any layer
- `npdiffpool.testing.laws`: each law as an object
- `npdiffpool.testing.strategies`: Hypothesis strategies for graphs

Variants and controls
---------------------
Each is a parameter of `DiffPoolClassifier` and `DiffPoolRegressor`, and an option of
``npdiffpool train`` and ``npdiffpool cv`` (``--clusters ""`` for an empty tuple).

- without link loss, without entropy loss: ``link_weight=0``, ``entropy_weight=0``
- DiffPool-Det (Graclus): ``assignment="graclus"``
- one-hot assignments with a straight-through gradient: ``assignment="hard"``
- controls, random and uniform assignments: ``assignment="random"``, ``"uniform"``
- two pooling levels: ``clusters=(0.25, 0.25)`` (ratios) or ``clusters=(32, 8)``
- flat GNN: ``clusters=()``; one of equal depth and size: ``flat_twin`` in
  estimators/baselines.py
- structure-free baseline: ``gnn="mlp", clusters=(), readout="sum"``
- Set2Set, SortPool: ``clusters=(), readout="set2set"``, ``"sortpool"``
- S2V alone, with one and with two pooling levels: ``gnn="s2v"`` with ``clusters=()``,
  ``(0.25,)``, ``(0.25, 0.25)``
- regression (a number instead of a class): `DiffPoolRegressor`
- clusters of nodes, without labels: `DiffPoolClusterer`
- 1-WL subtree kernel with a support vector machine: ``SubtreeKernelClassifier`` in
  estimators/baselines.py
"""

import npdiffpool._support.interrupts  # noqa: F401
from npdiffpool.datasets import Dataset, DatasetError, load_dataset
from npdiffpool.estimators import (
    DiffPoolClassifier,
    DiffPoolClusterer,
    DiffPoolRegressor,
    ModelFileError,
    NotFittedError,
    load_model,
)
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.graph import Graph

__all__ = [
    "Dataset",
    "DatasetError",
    "DiffPoolClassifier",
    "DiffPoolClusterer",
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
