"""Every law of pooling as a public object: id, statement, source and checks.

`LAWS` maps an id to its `Law`; LAWS.md beside this folder is written from it. Each law
can also be imported by its name, such as ``total_edge_mass_survives_pooling``. LAWS.md
also says what the letter of an id stands for.

The laws are in `assignment`, `coarsening`, `losses`, `layers`, `models`, `gradients`,
and those of poolings other than DiffPool in `poolings`; `gnns` checks some of them on a
given layer or model. `cases` draws the cases.
"""

from npdiffpool.testing.laws._registry import REGISTERED
from npdiffpool.testing.laws.assignment import *  # noqa: F401, F403
from npdiffpool.testing.laws.coarsening import *  # noqa: F401, F403
from npdiffpool.testing.laws.gnns import *  # noqa: F401, F403
from npdiffpool.testing.laws.gradients import *  # noqa: F401, F403
from npdiffpool.testing.laws.layers import *  # noqa: F401, F403
from npdiffpool.testing.laws.losses import *  # noqa: F401, F403
from npdiffpool.testing.laws.models import *  # noqa: F401, F403
from npdiffpool.testing.laws.poolings import *  # noqa: F401, F403

_GROUPS = "ACLEBGMDP"  # first letters of ids, as ordered in LAWS.md
LAWS = {
    entry.id: entry
    for entry in sorted(
        REGISTERED, key=lambda e: (_GROUPS.index(e.id[0]), int(e.id[1:]))
    )
}

__all__ = ["LAWS", *(entry.name for entry in LAWS.values())]
