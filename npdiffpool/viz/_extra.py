"""Check that the packages of the viz extra are installed."""

try:
    import matplotlib  # noqa: F401
    import networkx  # noqa: F401
except ImportError as error:
    raise ImportError(
        "npdiffpool.viz needs matplotlib and networkx: "
        f'pip install "npdiffpool[viz]" ({error})'
    ) from error
