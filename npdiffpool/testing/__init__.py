"""The public verification kit: laws of graph pooling for anybody's layer.

`conformance` tabulates them, `check_pooling` raises at the first that is broken,
`parametrize_laws` makes a pytest case of each. `laws` has every law as an object,
`strategies` the Hypothesis strategies that draw graphs. Needs hypothesis.
"""

from npdiffpool.testing import laws, strategies
from npdiffpool.testing.code import as_code
from npdiffpool.testing.conformance import check_pooling, conformance, parametrize_laws
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
    "check_pooling",
    "conformance",
    "laws",
    "parametrize_laws",
    "strategies",
]
