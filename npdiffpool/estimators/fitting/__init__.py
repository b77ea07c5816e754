"""What `fit` checks and prepares before a training, and says after it.

In reading order: `prepare` (all of it, in order), with its parts `inputs` (graphs and
their features), `targets` (labels), `weights` (of classes and graphs) and `validation`
(the validation set and its score); `training_checks` (warnings).
"""
