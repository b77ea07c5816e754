"""Training: `fit` is the loop, `adam` its optimiser, `moments` batch norm's averages.

It knows no files: what a run keeps is in `npdiffpool.runs`.
"""
