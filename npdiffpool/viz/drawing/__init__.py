"""Geometry of the pictures, in reading order.

`layout` places the nodes of a graph, and `discs` moves overlapping super-nodes apart.
`levels` computes what each panel of a hierarchy shows, `panel` draws one, and
`outlines` draws the dotted outlines of clusters. `colours`, `axes` and `checks` are
shared by all pictures.
"""
