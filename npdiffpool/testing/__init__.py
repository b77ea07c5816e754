"""Verification kit: laws of graph pooling, checked on any pooling layer.

`conformance` checks a layer and returns one result per law, `check_pooling` raises an
error at the first violated law, and `parametrize_laws` makes one pytest case per law.
`causes` groups the failures that have one cause. `conformance_layer` and
`conformance_model` check message-passing layers and models of graphs.
`laws` has each law as an object, listed in LAWS.md; `strategies` are the Hypothesis
strategies that draw graphs. Needs NumPy, SciPy, autograd and Hypothesis.

To read the code: some laws (`laws.coarsening`), `conformance`, then `subjects` and
`profiles` (what is checked, and what it claims), `law`, `check` (the search for a
counterexample), `gnns` (layers and models). `code` prints counterexamples, `table` is
the ``verify`` command, and `own` checks npdiffpool itself.
"""

from npdiffpool.testing import laws, strategies
from npdiffpool.testing.causes import causes
from npdiffpool.testing.code import as_code
from npdiffpool.testing.conformance import check_pooling, conformance, parametrize_laws
from npdiffpool.testing.gnns import conformance_layer, conformance_model
from npdiffpool.testing.law import Law, LawViolation, Result
from npdiffpool.testing.laws import LAWS
from npdiffpool.testing.subjects import Pooled

__all__ = [
    "LAWS",
    "Law",
    "LawViolation",
    "Pooled",
    "Result",
    "as_code",
    "causes",
    "check_pooling",
    "conformance",
    "conformance_layer",
    "conformance_model",
    "laws",
    "parametrize_laws",
    "strategies",
]
