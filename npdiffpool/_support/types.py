"""Types that the whole package shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]
Array = Any  # an array of floats, or autograd's box around one
CSR = Any  # scipy.sparse.csr_array, which has no types
DTYPES = ("float32", "float64")  # the precisions that models compute in
Row = dict[str, float]  # one row of a training history: a number under each name
Json = dict[str, Any]  # an object of JSON
