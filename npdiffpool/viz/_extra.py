"""The packages of the viz extra: found, or named in one sentence."""

try:
    import matplotlib  # noqa: F401
    import networkx  # noqa: F401
except ImportError as error:
    raise ImportError(
        "npdiffpool.viz needs matplotlib and networkx: "
        f'pip install "npdiffpool[viz]" ({error})'
    ) from error
