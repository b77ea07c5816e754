"""The paper on many graphs at once: exact and fast, never padded.

In reading order:

- `layers`: gcn, sage, s2v, batch norm, a whole GNN (equations 2 and 5)
- `pooling`: equations 3, 4 and 6; `losses`: link, entropy, cross-entropy, squared error
- `readouts`: from the nodes of a graph to one row
- `dropout`: masks that a seed determines
- `config`: the configuration; `model`: parameters, forward pass, loss
- `preparation`: constant work, done once for a data set
- `canonical_order`: an order of nodes that does not depend on the given one
- `primitives` (on rows) and `segments` (graph by graph): values, derivations, gradients
- `autodiff`: gradients of trees of parameters, fused primitives, functions side by
  side, gradient checkpointing
- `fixed_assignments`, `graclus`, `wl_colours`: DiffPool-Det and the controls
"""
