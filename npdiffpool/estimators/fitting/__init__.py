"""What `fit` checks and prepares before a training, and says after it.

In reading order: `prepare` (all of it, in order), with its parts `inputs` (graphs and
their features), `schema` (the names of features, targets and edge weights), `targets`
(labels), `weights` (of classes and graphs), `validation` (the validation set) and
`scores` (its score); `training_checks` (warnings). `sklearn_tags` tells scikit-learn
what an estimator is.
"""
