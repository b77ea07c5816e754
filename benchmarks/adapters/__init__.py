"""Other implementations with the signatures that laws use, one module each.

They are used by benchmarks/conformance.py, as in ``from adapters.torch_geometric import
pool`` with the folder benchmarks/ on the path. Each needs its own package.
"""
