"""The cases that laws are checked on.

A case is a dict from a name to an array, a number or a list of these. A function of
cases takes the least and the largest number of nodes of a graph and returns a strategy.
The sizes of graphs and of batches of pooling layers come from `sizes`.
"""
