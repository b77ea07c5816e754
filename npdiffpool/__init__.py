"""DiffPool from scratch in NumPy, gradients by autograd, held up by properties."""
from npdiffpool.batches import GraphBatch
from npdiffpool.graphs import Graph, GraphError

__all__ = ["Graph", "GraphBatch", "GraphError"]
__version__ = "0.1.0"
