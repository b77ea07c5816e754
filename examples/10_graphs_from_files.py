# %% [markdown]
# # Graphs from files and other libraries
#
# Three ways to the same graphs: tables of nodes and edges (CSV), the arrays of
# torch_geometric, OGB or DGL, and the TU format. This page needs networkx (`viz`).

# %%
import csv
import tempfile
from pathlib import Path

import networkx as nx
import numpy as np

from npdiffpool import DiffPoolClassifier, Graph, load_dataset
from npdiffpool.datasets import from_networkx, write_tu

ELEMENTS, RING_SHARE, ATOMS = ["C", "N", "O"], 0.1, (5, 10)
GRAPHS, EPOCHS, SEED = 300, 4, 0

# %% [markdown]
# ## Tables
#
# These files stand for your own: a row for each atom, bond and graph.

# %%
temporary, rng = tempfile.TemporaryDirectory(), np.random.default_rng(SEED)
folder = Path(temporary.name)
tables = {name: [] for name in ("nodes", "edges", "graphs")}
for g in range(GRAPHS):
    n, is_ring = int(rng.integers(*ATOMS)), int(rng.random() < RING_SHARE)
    names = [f"a{i}" for i in range(n)]
    tables["nodes"] += [(g, name, str(rng.choice(ELEMENTS))) for name in names]
    tables["edges"] += [(g, *ends) for ends in zip(names, names[1:])]
    if is_ring:
        tables["edges"].append((g, names[-1], names[0]))
    tables["graphs"] += [(g, is_ring)]
for name, rows in tables.items():
    with open(folder / f"{name}.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    print(f"{name}.csv:", *(",".join(map(str, row)) for row in rows[:3]), "...")

# %% [markdown]
# `from_networkx` makes the same columns for all graphs: one for each listed element, so
# graphs that are read later get the same columns, and one with the degree.

# %%
texts = [(folder / f"{name}.csv").read_text() for name in ("nodes", "edges", "graphs")]
nodes, edges, labels = (csv.reader(text.splitlines()) for text in texts)
graphs = {g: nx.Graph(label=int(label)) for g, label in labels}
for g, node, element in nodes:
    graphs[g].add_node(node, element=element)
for g, source, target in edges:
    graphs[g].add_edge(source, target)
for G in graphs.values():
    nx.set_node_attributes(G, dict(G.degree), "degree")
data = from_networkx(graphs.values(), {"element": ELEMENTS, "degree": None})
print(data, data.feature_names, data[0].node_names, sep="\n")
data[0]

# %% [markdown]
# ## An edge_index
#
# `x`, `edge_index` and `y` may be tensors of torch_geometric, OGB or DGL.


# %%
def through_arrays(graph):
    edge_index, x = np.stack(graph.adjacency.nonzero()), graph.features
    return Graph.from_edge_index(edge_index, x, y=[graph.label])


print(through_arrays(data[0]))

# %% [markdown]
# ## The TU format
#
# `npdiffpool train FOLDER` and `npdiffpool predict MODEL FOLDER` read it, the latter
# without labels too.

# %%
again = load_dataset(write_tu(map(through_arrays, data), folder / "CHAINS"))
print(*sorted(path.name for path in (folder / "CHAINS").iterdir()), sep="\n")
temporary.cleanup()
again

# %% [markdown]
# ## A rare class
#
# One graph in ten is a ring. `class_weight="balanced"` gives both classes the same sum
# of weights in the loss, as if rings had been copied.

# %%
half = GRAPHS // 2
for weight in (None, "balanced"):
    clf = DiffPoolClassifier(epochs=EPOCHS, class_weight=weight, seed=SEED)
    found = clf.fit(again[:half]).predict(again[half:])
    recall = [np.mean(found[again.labels[half:] == c] == c) for c in (0, 1)]
    print(f"class_weight={weight}: recall of chains and rings", np.round(recall, 2))

# %% [markdown]
# Four epochs find the rings if they count as much as the chains, and none otherwise.
