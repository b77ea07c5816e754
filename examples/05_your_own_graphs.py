# %% [markdown]
# # Your own graphs
#
# From networkx graphs to predictions and a model file. The class is whether a graph has
# communities. A caveman graph has: nearly all edges join nodes of one cave. Its twin is
# the same graph after many swaps of the ends of two edges. It has as many edges, and
# every node keeps its degree: the two differ only in which nodes are joined. This page
# needs networkx (the viz extra).

# %%
import tempfile
from pathlib import Path

import networkx as nx
import numpy as np

from npdiffpool import DiffPoolClassifier, Graph, load_model

PAIRS, HELD_OUT = 100, 50  # of a graph and its twin
CAVES, CAVE_SIZES = (4, 8), (4, 7)  # ranges without the upper end
REWIRED = 0.1  # share of edges that leave their cave
LARGE = (20, 6)  # caves, and nodes in each, of a graph larger than all others
EPOCHS, SEED = 60, 0


# %% [markdown]
# ## Make graphs
#
# `Graph.from_networkx` takes features from node attributes by name: here the degree.
# Without a name each node gets a one. Edge attributes "weight" are edge weights.


# %%
def with_twin(caves, seed):
    """Return a networkx graph and its twin as npdiffpool graphs."""
    swaps = 3 * caves.number_of_edges()
    twin = nx.double_edge_swap(caves.copy(), swaps, max_tries=1000 * swaps, seed=seed)
    graphs = []
    for G, label in ((caves, "caves"), (twin, "shuffled")):
        nx.set_node_attributes(G, dict(G.degree), "degree")
        graphs.append(Graph.from_networkx(G, features="degree", label=label))
    return graphs


def draw(n_pairs, rng):
    """Draw caveman graphs and their twins; return graphs and labels."""
    graphs = []
    for seed in rng.integers(2**31, size=n_pairs).tolist():
        sizes = int(rng.integers(*CAVES)), int(rng.integers(*CAVE_SIZES))
        graphs += with_twin(nx.relaxed_caveman_graph(*sizes, REWIRED, seed), seed)
    return graphs, [graph.label for graph in graphs]


rng = np.random.default_rng(SEED)
training, held_out = draw(PAIRS, rng), draw(HELD_OUT, rng)
print(*training[0][:2], sep="\n")

# %% [markdown]
# A notebook draws a graph, here the first one and its twin:

# %%
training[0][0]

# %%
training[0][1]

# %% [markdown]
# ## Fit and score
#
# The test uses pairs that are not in the training part. For comparison, another model
# sees the nodes but no edges. It must predict the same for a graph and its twin, so its
# accuracy is 50 %. Everything above that comes from the edges.

# %%
clf = DiffPoolClassifier(epochs=EPOCHS, seed=SEED).fit(*training)
blind = DiffPoolClassifier("mlp", clusters=(), epochs=EPOCHS).fit(*training)
print(f"{'':<14}{'training':>10}{'held out':>10}")
for name, model in {"DiffPool": clf, "without edges": blind}.items():
    print(f"{name:<14}{model.score(*training):>10.1%}{model.score(*held_out):>10.1%}")

# %% [markdown]
# ## Predict, save, load
#
# A new graph may have any size, even one that no training graph has. A model file
# contains arrays and no code. The loaded model predicts the same, to the last bit.

# %%
large = with_twin(nx.relaxed_caveman_graph(*LARGE, REWIRED, SEED), SEED)
print(f"a graph of {large[0].n_nodes} nodes and its twin: {clf.predict(large)}")
print(f"probabilities of {clf.classes_}:", *clf.predict_proba(large).round(3))

# %%
with tempfile.TemporaryDirectory() as folder:
    clf.save(Path(folder) / "model.npz")
    loaded = load_model(Path(folder) / "model.npz")
same = np.array_equal(loaded.predict_proba(large), clf.predict_proba(large))
print(f"loaded, it predicts the same: {same}")
