"""Graphs: one, and many as one.

Read `graph` (`Graph`: what a graph is made of), then `batch` (`GraphBatch`: many graphs
as one, never padded) and `block_diagonal` (how their matrices are joined and cut).
`convert` is networkx in and out, `checks` what a graph may be made of.
"""

from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.graph import Graph

__all__ = ["Graph", "GraphBatch", "GraphError"]
