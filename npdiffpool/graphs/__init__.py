"""Graphs: `Graph` is one graph, `GraphBatch` many graphs in one.

Reading order: `graph`, `batch`, then `block_diagonal` (how the matrices of a batch are
joined and cut) and `ragged` (segments of rows and their offsets). `convert` converts
from and to networkx, `edge_index` from the arrays of torch_geometric; `checks`
validates the input of `Graph`, `edges` joins lists of undirected edges, `degrees` has
the features of a graph that has none, `digest` identifies a list of graphs by a hash,
and `display` is what a notebook shows.
"""

from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.graph import Graph

__all__ = ["Graph", "GraphBatch", "GraphError"]
