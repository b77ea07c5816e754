"""The paper on many graphs at once: exact and fast, never padded.

Read these first, beside paper.py. Decorators such as ``@requires(A=Shape("N N"))``
check arguments (`npdiffpool._support.contracts`).

- `layers`: gcn, sage, s2v, batch norm, a whole GNN (equations 2 and 5)
- `pooling`: equations 3, 4 and 6
- `losses`: link and entropy loss (section 3.3), cross-entropy, squared error
- `model`: parameters, forward pass and loss of the whole model (section 3.2)

Then, as needed:

- `primitives` (on rows) and `segments` (graph by graph): values, derivations, gradients
- `autodiff`: gradients of trees of parameters, fused primitives, functions side by
  side, gradient checkpointing
- `config`: the configuration
- `readouts`: from the nodes of a graph to one row
- `dropout`: masks that a seed determines
- `preparation`: constant work, done once for a data set
- `canonical_order`: an order of nodes that does not depend on the given one
- `fixed_assignments`, `graclus`, `wl_colours`: DiffPool-Det and the controls
"""
