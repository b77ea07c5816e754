"""Cross-validation by two published protocols, and measures of assignments.

Read `protocols` first (`cross_validate`), then `splits` (folds) and `estimator` (what a
model must offer), then `jobs` (one training run each), `job_queue` (running
them), `job_folder` (saving their results) and `workers` (processes, or a dask cluster).
`comparison` tests the difference between two evaluations. `measures` is independent of
these: how sharp an assignment is, and how its clusters fit the graph.
"""

from npdiffpool.evaluation.comparison import Difference, compare
from npdiffpool.evaluation.job_queue import Progress
from npdiffpool.evaluation.jobs import Source
from npdiffpool.evaluation.protocols import Evaluation, cross_validate

__all__ = [
    "Difference",
    "Evaluation",
    "Progress",
    "Source",
    "compare",
    "cross_validate",
]
