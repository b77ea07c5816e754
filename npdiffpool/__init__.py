"""DiffPool from scratch in NumPy, gradients by autograd, held up by properties."""
from npdiffpool.graphs import Graph, GraphBatch, GraphError

__all__ = ["Graph", "GraphBatch", "GraphError"]
__version__ = "0.1.0"
