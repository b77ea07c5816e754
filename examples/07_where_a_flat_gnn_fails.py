# %% [markdown]
# # Where a flat GNN fails
#
# A task that needs pooling: communities of communities. Every graph has eight
# communities, which form two rings: of four and four, or of three and five. This is the
# class. The neighbourhood of a node within three edges does not show it; the way round
# a ring has nine edges or more.
#
# The features name the community of each node, so it is easy to find the communities.
# The difficulty is to recognise how they are joined. Needs the viz extra.

# %%
import numpy as np

import npdiffpool as ndp
from npdiffpool.datasets import hierarchical_sbm
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import flat_twin
from npdiffpool.viz import draw_hierarchy, plot_hierarchy

SIZES = (1000, 100, 200)  # graphs for training, validation and test
EPOCHS = 40

# %%
drawn = hierarchical_sbm(sum(SIZES))
parts = np.split(np.arange(sum(SIZES)), np.cumsum(SIZES)[:-1])
training, validation, test = (drawn.dataset[part] for part in parts)
print(training)
draw_hierarchy(test[0], [])[0].figure.savefig("test_graph.png")

# %% [markdown]
# ## Two models
#
# DiffPool makes each community a super-node; then a ring of three communities has three
# edges. The flat GNN has the depth and size of DiffPool and pools nothing. It reaches
# six edges, enough for a node of a ring of three communities to see the whole ring.

# %%
twin = flat_twin(Config(n_features=8, n_outputs=2, clusters=(8,)))
flat = {"clusters": (), "n_layers": twin.n_layers, "hidden": twin.hidden}
models = {
    "DiffPool": ndp.DiffPoolClassifier(clusters=(8,), epochs=EPOCHS),
    "flat GNN": ndp.DiffPoolClassifier(**flat, epochs=EPOCHS),
}
scores = {}
print(f"{'':<10}{'training':>10}{'validation':>12}{'test accuracy':>15}")
for name, clf in models.items():
    clf.fit(training, validation=(validation, None))
    scores[name] = [clf.score(part) for part in (training, validation, test)]
    print("{:<10}{:>10.1%}{:>12.1%}{:>15.1%}".format(name, *scores[name]))

# %% [markdown]
# The flat GNN is better on the training graphs than on the others: it memorises graphs.
#
# ## The clusters
#
# Now look at DiffPool's clusters of a test graph: how many nodes of each community are
# in each cluster (argmax of S). The features are its only information about the
# communities; the order of the clusters has no meaning.

# %%
(S,) = models["DiffPool"].assignments(test[0])
communities = drawn.communities[parts[2][0]]
print("nodes of each community (rows) in each cluster (columns)")
for community in np.unique(communities):
    clusters = np.argmax(S[communities == community], axis=1)
    counts = np.bincount(clusters, minlength=S.shape[1])
    print("  " + " ".join(f"{count:>2}" if count else " ." for count in counts))

# %% [markdown]
# The coarsened graph shows the rings:

# %%
plot_hierarchy(models["DiffPool"], test[0])[0].figure.savefig("rings.png")
