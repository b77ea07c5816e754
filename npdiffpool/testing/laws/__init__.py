"""Every law of pooling as a public object: id, statement, source, check.

`LAWS` maps an id to its `Law`; tests, README and command line read it. Each law is
also here under its name, such as ``laws.total_edge_mass_survives_pooling``.
"""

from npdiffpool.testing.laws import (  # noqa: F401
    assignment,
    coarsening,
    gradients,
    layers,
    losses,
    models,
)
from npdiffpool.testing.laws._registry import ENTERED, law

_GROUPS = "ACLEBGMD"  # assignment, coarsening, link, entropy, batch, GNN, model, d/dx
LAWS = {
    entry.id: entry
    for entry in sorted(ENTERED, key=lambda e: (_GROUPS.index(e.id[0]), int(e.id[1:])))
}
globals().update({entry.name: entry for entry in ENTERED})

__all__ = ["LAWS", "law"]
