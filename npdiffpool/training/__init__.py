"""Training, without files.

Read `fit` (the loop), then `schedule` (its length and step sizes), `adam` (its
optimiser), `moments` (the running moments of batch norm), `divergence` (the error when
numbers overflow) and `clustering` (an assignment trained without labels). The files of
a training run are in `npdiffpool.runs`.
"""
