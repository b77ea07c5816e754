"""The paper on many graphs at once: exact and fast, never padded.

In reading order:

- `layers`: linear, gcn, sage, s2v, batch norm, a whole GNN (equations 2 and 5)
- `pooling`: equations 3, 4 and 6; `losses`: link, entropy, cross-entropy, squared error
- `readouts`: from the nodes of a graph to one row
- `config`: what can be chosen; `model`: parameters, forward pass, loss
- `preparation`: constant work, done once for a data set
- `primitives` (on rows) and `segments` (graph by graph): forward, derivation, gradient
- `autodiff`: gradients over a tree of parameters; how a primitive is made
- `fixed_assignments`, `graclus`, `wl_colours`: DiffPool-Det and the controls
"""
