"""Cross-validation by two published protocols, on any executor.

Read `protocols` (`cross_validate`), then `splits` (folds), `jobs` (one training each),
`job_queue` and `job_folder` (run them, keep what they return), `workers` (processes, a
cluster). `measures` says how sharp an assignment is and how it sits in the graph.
"""

from npdiffpool.evaluation.job_queue import Progress
from npdiffpool.evaluation.jobs import Source
from npdiffpool.evaluation.protocols import Evaluation, cross_validate

__all__ = ["Evaluation", "Progress", "Source", "cross_validate"]
