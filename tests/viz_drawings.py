"""Example graphs and models for viz tests, and readers of matplotlib artists."""

from types import SimpleNamespace

import numpy as np
from matplotlib.figure import Figure

from npdiffpool import Graph

HISTORY = [
    {"epoch": 1, "loss": 1.5, "cross_entropy": 0.7, "link_loss": 30.0,
     "entropy_loss": 0.6, "train_accuracy": 0.5, "validation_accuracy": 0.25},
    {"epoch": 2, "loss": 1.2, "cross_entropy": 0.5, "link_loss": 20.0,
     "entropy_loss": 0.4, "train_accuracy": 0.75, "validation_accuracy": None},
]  # fmt: skip
# Four embeddings in a plane: at +-4 along one direction, at +-2 along another.
PLANE = np.array([[4, 0], [-4, 0], [0, 2], [0, -2.0]]) @ [[0, -0.6, 0.8], [1, 0, 0]]


def cliques(n_cliques, size):
    """Return a ring of cliques; clique k has nodes k size ... (k + 1) size - 1."""
    N = n_cliques * size
    A = np.kron(np.eye(n_cliques), np.ones((size, size)))
    for k in range(n_cliques):
        i, j = k * size, ((k + 1) * size + 1) % N
        A[i, j] = A[j, i] = 1
    return Graph(A - np.diag(np.diag(A)), np.ones((N, 1)))


def soft(labels, n_clusters, certainty):
    """Return S where node i has the share certainty[i] in cluster labels[i]."""
    share = np.broadcast_to(certainty, len(labels))
    S = np.outer((1 - share) / (n_clusters - 1), np.ones(n_clusters))
    S[np.arange(len(labels)), labels] = share
    return S


def model_of(embeddings, kind="classifier"):
    """Return a model that looks up a graph's embedding by its number of nodes."""
    table = np.asarray(embeddings, dtype=np.float32)

    def transform(graphs):
        return table[[graph.n_nodes - 1 for graph in graphs]]

    return SimpleNamespace(transform=transform, kind=kind)


def of_sizes(n_graphs, labels=None):
    """Return graphs of 1, 2, ... nodes, without edges."""
    labels = [None] * n_graphs if labels is None else labels
    pairs = enumerate(labels, start=1)
    return [Graph(np.zeros((n, n)), np.ones((n, 1)), label) for n, label in pairs]


def axes_row(n_panels):
    return Figure().subplots(1, n_panels, squeeze=False)[0]


def find(axes, gid):
    return [artist for artist in axes.findobj() if artist.get_gid() == gid]


def discs(axes):
    """Return centres, radii and RGBA fills of the nodes in a panel."""
    (nodes,) = find(axes, "nodes")
    boxes = [path.get_extents() for path in nodes.get_paths()]
    centres = np.array([(box.p0 + box.p1) / 2 for box in boxes]).reshape(-1, 2)
    radii = np.array([box.width / 2 for box in boxes])
    (fills,) = find(axes, "fills")
    white, sectors, cores = np.split(fills.get_facecolors(), 3)
    assert np.all(white == 1) and np.array_equal(sectors, cores)
    return centres, radii, cores


def filled_rims(axes, n_angles=720):
    """Return the part of each node's rim that is filled, clockwise from the top."""
    centres, radii, _ = discs(axes)
    angles = np.pi / 2 - 2 * np.pi * (np.arange(n_angles) + 0.5) / n_angles
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    paths = find(axes, "fills")[0].get_paths()
    sectors = paths[len(centres) : 2 * len(centres)]
    filled = [
        sector.contains_points(centre + 0.9 * radius * directions)
        for sector, centre, radius in zip(sectors, centres, radii)
    ]
    for one in filled:
        assert np.array_equal(one, np.sort(one)[::-1])
    return np.mean(filled, axis=1)


def distance_to_link(points, start, end):
    link = end - start
    along = np.clip((points - start) @ link / (link @ link), 0, 1)
    return np.linalg.norm(points - start - along[:, None] * link, axis=1)


def texts(labels):
    return [label.get_text() for label in labels]


def bar(axes):
    """Return the axes of a panel's colour bar."""
    (scale,) = (other for other in axes.figure.axes if other is not axes)
    return scale
