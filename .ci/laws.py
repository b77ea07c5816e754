"""Write npdiffpool/testing/LAWS.md, the table of all laws, from their registry.

python .ci/laws.py
"""

from pathlib import Path

from npdiffpool.testing.conformance import laws_of_claims
from npdiffpool.testing.gnns import laws_about
from npdiffpool.testing.laws import LAWS

PAGE = Path(__file__).parents[1] / "npdiffpool" / "testing" / "LAWS.md"
PARTS = ({"gnn_layer"}, {"classifier", "classify_batch"})
TEXT = """\
# Laws of graph pooling

A law is a property that a correct implementation has for every graph; each is an object
in `npdiffpool.testing.laws`, with checks on graphs drawn by Hypothesis.
{n_pooling} of the {n_laws} laws are about a pooling layer, so that
`npdiffpool.testing.conformance` can check them on any layer. {others} are about other
poolings: a profile, such as `conformance(pool, profile="mincut")`, says which laws
follow from what a layer claims. In the same way, `conformance_layer` checks
{layer} on any message-passing layer, and
`conformance_model` {model} on any model of graphs.
The remaining laws are about the graph layers, models, training and primitives of
npdiffpool.

The letter of an id says what a law is about: A assignment, C coarsening, L link loss,
E entropy loss, B batches, G graph layers, M models and training, D derivatives, dtypes
and arguments, P other poolings.

This page is written by `python .ci/laws.py`.

| id | law | source |
|---|---|---|
{rows}
"""


def write_page():
    """Return the text of LAWS.md."""
    rows = [(law.id, law.statement, law.source) for law in LAWS.values()]
    cells = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    layer, model = (", ".join(law.id for law in laws_about(p)) for p in PARTS)
    n_pooling, others = len(laws_of_claims()), sum(id[0] == "P" for id in LAWS)
    counts = dict(n_pooling=n_pooling, n_laws=len(LAWS), others=f"P1 to P{others}")
    return TEXT.format(**counts, layer=layer, model=model, rows=lines)


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
