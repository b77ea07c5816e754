# %% [markdown]
# # The same through the engine
#
# npdiffpool has DiffPool twice. `paper` takes one graph as dense arrays and is written
# to be read. The engine takes many sparse graphs at once and is written to be fast.
# This page runs both on the two triangles of page 1, without self-loops, and on a path
# of 100 nodes, and compares their values and gradients.

# %%
import autograd.numpy as np
from autograd import grad

from npdiffpool import Graph, GraphBatch, paper
from npdiffpool.engine.autodiff import to_vector
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import total_loss

EDGES = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)]
N, F, D, K, C = 6, 2, 3, 2, 2  # nodes, features, embedding width, clusters, classes
PATH, SEED = 100, 2  # nodes of the second graph, a path; seed of the parameters

# %% [markdown]
# ## Two graphs in one batch
#
# A `GraphBatch` stacks the rows of all graphs. No graph is padded to the size of
# another: count rows and entries.

# %%
triangles = Graph.from_edges(EDGES, N, np.repeat(np.eye(F), 3, axis=0), label=1)
longer = Graph(np.eye(PATH, k=1) + np.eye(PATH, k=-1), np.ones((PATH, F)), label=0)
batch = GraphBatch.from_graphs([triangles, longer])
B, n, A = batch.n_graphs, batch.sizes.max(), batch.adjacency
print(f"graph sizes {batch.sizes}: {A.shape[0]} rows, {A.nnz} entries of A")
print(f"padded to the largest graph: {B * n} rows, {B * n * n} entries")

# %% [markdown]
# ## Two ways
#
# `paper` computes one graph after the other; the engine computes all at once:
# `total_loss` calls `pooling.coarsen`, `losses.link_loss` and so on. Its defaults
# follow the authors' code; `AS_PRINTED` selects the paper's equations. Two differences
# remain: the engine's layers have a bias, and its classifier reads every level. Biases
# and surplus weights are zero here.

# %%
AS_PRINTED = dict(gnn="gcn", n_layers=1, readout="sum", concat_layers=False)
AS_PRINTED |= dict(normalize_rows=False, classifier_hidden=0, dtype="float64")
CONFIG = Config(F, C, hidden=D, clusters=(K,), **AS_PRINTED)


def by_paper(params, graphs):
    found, total = [], 0.0
    for graph in graphs:
        A, X = graph.adjacency.toarray(), graph.features
        pooled = paper.diffpool(params["levels"][0], A, X)
        logits, L_link, L_ent = paper.forward(params, A, X)
        found.append((pooled.S, pooled.A, pooled.X, L_link, L_ent, logits))
        total = total + paper.cross_entropy(logits, graph.label) + L_link + L_ent
    return [*zip(*found)], total / len(graphs)


def by_engine(params, graphs):
    batch, labels = GraphBatch.from_graphs(graphs), np.array([g.label for g in graphs])
    loss, output = total_loss(to_engine(params), batch, labels, CONFIG)
    (step,), level = output.steps, output.steps[0].pooled
    return [step.S, level.A, level.X, step.L_link, step.L_ent, output.logits], loss


def to_engine(params):
    weights = params["levels"][0]["embed"], params["levels"][0]["pool"], params["embed"]
    layers = [{"W": W, "b": np.zeros(W[0].shape[1])} for W in weights]
    embed, pool, last = ({"layers": [layer], "norms": [{}]} for layer in layers)
    levels = [{"embed": embed, "pool": {"gnn": pool, "head": {}}}]
    W = np.vstack([np.zeros((D, C)), params["classify"]])
    rest = {"read": [{}, {}], "classify": [{"W": [W], "b": np.zeros(C)}]}
    return {"levels": levels, "embed": last, **rest}


# %% [markdown]
# ## Side by side
#
# First the triangles alone, then in a batch with the path. The differences are rounding
# errors.


# %%
def vectors(way, params, graphs):
    parts, loss = way(params, graphs)
    slope = to_vector(grad(lambda params: way(params, graphs)[1])(params))
    parts = *parts, [loss], [slope]  # in the order of the names below
    return [np.concatenate([np.ravel(x) for x in part]) for part in parts]


draw = np.random.default_rng(SEED).normal
params = {"levels": [{"embed": [draw(size=(F, D))], "pool": [draw(size=(F, K))]}]}
params |= {"embed": [draw(size=(D, D))], "classify": draw(size=(D, C))}
for graphs in ([triangles], [triangles, longer]):
    ways = [vectors(way, params, graphs) for way in (by_paper, by_engine)]
    print(f"{len(graphs)} in the batch{'largest entry':>16}{'largest difference':>22}")
    for name, x, y in zip("S A' X' L_LP L_E logits loss gradient".split(), *ways):
        print(f"{name:<14}{np.max(abs(x)):>16.4f}{np.max(abs(x - y)):>22.1e}")
