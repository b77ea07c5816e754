"""Training, without files.

Read `fit` (the loop), then `schedule` (its length and step sizes), `adam` (its
optimiser) and `moments` (the running moments of batch norm). The files of a training
run are in `npdiffpool.runs`.
"""
