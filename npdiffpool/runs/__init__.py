"""What ``npdiffpool train`` keeps in a folder.

Read `train`, then `checkpoints` (how a training goes on after it was stopped),
`snapshots` (assignments of a few graphs, epoch by epoch) and `snapshot_file`.
"""
