"""The command line; `npdiffpool.cli.main.console` is its entry point.

In reading order: `main` (commands, errors and exit statuses), `parser` (the parser and
its help), `parameters` (a model's parameters as options) and one file per command:
`demo`, `train`, `cross_validate` with `grid`, `predict`, `report`, `datasets` and
`verify`.
"""
