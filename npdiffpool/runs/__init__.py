"""Training runs: what ``npdiffpool train`` keeps in a folder.

In reading order:

- `train`: split, train, test, write the folder
- `results`: accuracies and the confusion matrix
- `checkpoints`: the state of a training run, from which it can be resumed
- `backbone`: the links of a pooled graph that pictures draw
- `snapshots`: the assignments of a few graphs, recorded during training
- `snapshot_file`: snapshots as plain arrays in a file
- `of_model`: the run folder of a model that was fitted in Python
"""
