# %% [markdown]
# # Clusters of one graph, without labels
#
# `DiffPoolClusterer` trains an assignment by the link loss and the entropy loss alone
# (section 3.3 of the paper). Here it stands beside spectral clustering and Louvain, on
# Zachary's karate club and on graphs with planted communities. Needs the viz extra and
# scikit-learn.

# %%
import networkx as nx
import numpy as np
from sklearn.cluster import SpectralClustering
from sklearn.metrics import normalized_mutual_info_score

from npdiffpool import DiffPoolClusterer, Graph
from npdiffpool.evaluation.measures import modularity
from npdiffpool.viz import draw_hierarchy

SEEDS, DRAWS, EPOCHS, N_INIT = 5, 5, 300, 1
PLANTED = {  # sizes of the communities, probability of an edge inside and between them
    "easy": ([16] * 4, 0.5, 0.05),
    "medium": ([20] * 4, 0.3, 0.05),
    "hard": ([25] * 4, 0.25, 0.08),
    "unequal": ([10, 20, 40, 80], 0.3, 0.03),
    "sparse": ([100] * 4, 0.08, 0.005),
}


# %% [markdown]
# ## The karate club
#
# The features are one-hot numbers of the nodes. Degrees would not do: nodes that look
# the same in the graph would always get the same cluster. All edges have weight 1.

# %%
G = nx.karate_club_graph()
clubs = np.array([G.nodes[node]["club"] == "Officer" for node in G]).astype(int)
karate = nx.to_numpy_array(G, weight=None), clubs
graph = Graph(karate[0], np.eye(len(G)))
model = DiffPoolClusterer(n_clusters=2, epochs=EPOCHS).fit(graph)
print("clubs    ", *clubs, "\nclusters ", *model.labels_)
draw_hierarchy(graph, [model.assignments_])[0].figure.savefig("karate.png")

# %% [markdown]
# The club's edges have weights of 1 to 7, but no entry of S S^T is above 1. The link
# loss needs the scale of the weights, `link_scale="relative"`:

# %%
graph = Graph(nx.to_numpy_array(G), np.eye(len(G)))
for scale in ("frobenius", "relative"):
    model, found = DiffPoolClusterer(2, link_scale=scale, epochs=EPOCHS), []
    for seed in range(SEEDS):
        labels = model.set_params(seed=seed).fit_predict(graph)
        found.append(normalized_mutual_info_score(clubs, labels))
    print(f"{scale:<10} NMI {np.mean(found):.2f} ± {np.std(found):.2f}")

# %% [markdown]
# ## Three methods
#
# Louvain chooses the number of clusters by itself; the others are told the true one.
# DiffPool trains once here; by default three times, and the lowest loss is kept.


# %%
def by_diffpool(A, K, seed):
    model = DiffPoolClusterer(n_clusters=K, n_init=N_INIT, epochs=EPOCHS, seed=seed)
    return model.fit_predict(Graph(A, np.eye(len(A))))


def by_spectral(A, K, seed):
    model = SpectralClustering(K, affinity="precomputed", random_state=seed)
    return model.fit_predict(A)


def by_louvain(A, K, seed):
    found = nx.community.louvain_communities(nx.from_numpy_array(A), seed=seed)
    return np.argmax([[i in nodes for nodes in found] for i in range(len(A))], axis=1)


METHODS = {"DiffPool": by_diffpool, "spectral": by_spectral, "Louvain": by_louvain}


# %% [markdown]
# ## The comparison
#
# NMI is 1 if the clusters are the communities. The spread is over seeds for the karate
# club, and over graphs otherwise.


# %%
def planted(name, seed):
    G = nx.random_partition_graph(*PLANTED[name], seed=seed)
    truth = np.repeat(np.arange(len(PLANTED[name][0])), PLANTED[name][0])
    return nx.to_numpy_array(G), truth


def score(cluster, A, truth, seed):
    labels = cluster(A, len(set(truth)), seed)
    nmi = normalized_mutual_info_score(truth, labels)
    return nmi, modularity(A, labels), len(set(labels))


sets = {"karate": [(*karate, seed) for seed in range(SEEDS)]}
for name in PLANTED:
    sets[name] = [(*planted(name, seed), seed) for seed in range(DRAWS)]
print(f"{'graphs':<9}{'method':<9}{'NMI':>13}{'modularity':>16}{'clusters':>10}")
for name, graphs in sets.items():
    for method, cluster in METHODS.items():
        rows = [score(cluster, *drawn) for drawn in graphs]
        mean, sd = np.mean(rows, axis=0), np.std(rows, axis=0)
        scores = f"{mean[0]:>6.2f} ± {sd[0]:.2f}{mean[1]:>9.3f} ± {sd[1]:.3f}"
        print(f"{name:<9}{method:<9}{scores}{mean[2]:>9.1f}")

# %% [markdown]
# DiffPool is ahead on the karate club. It loses where communities differ in size, and
# on the sparse graphs, where three trainings are better than one (see guide.md).
