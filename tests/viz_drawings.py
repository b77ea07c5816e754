"""Graphs to draw, and what a drawing shows, read back from its artists."""
import numpy as np
from matplotlib.figure import Figure

from npdiffpool import Graph

HISTORY = [
    {"epoch": 1, "loss": 1.5, "cross_entropy": 0.7, "link_loss": 30.0,
     "entropy_loss": 0.6, "train_accuracy": 0.5, "validation_accuracy": 0.25},
    {"epoch": 2, "loss": 1.2, "cross_entropy": 0.5, "link_loss": 20.0,
     "entropy_loss": 0.4, "train_accuracy": 0.75, "validation_accuracy": None},
]  # fmt: skip


def cliques(n_cliques, size):
    """Join cliques of nodes k size ... (k + 1) size - 1 in a ring."""
    N = n_cliques * size
    A = np.kron(np.eye(n_cliques), np.ones((size, size)))
    for k in range(n_cliques):
        i, j = k * size, ((k + 1) * size + 1) % N
        A[i, j] = A[j, i] = 1
    return Graph(A - np.diag(np.diag(A)), np.ones((N, 1)))


def soft(labels, n_clusters, certainty):
    """Give node i's cluster labels[i] the share certainty[i], the others the rest."""
    share = np.broadcast_to(certainty, len(labels))
    S = np.outer((1 - share) / (n_clusters - 1), np.ones(n_clusters))
    S[np.arange(len(labels)), labels] = share
    return S


def axes_row(n_panels):
    return Figure().subplots(1, n_panels, squeeze=False)[0]


def find(axes, gid):
    return [artist for artist in axes.findobj() if artist.get_gid() == gid]


def discs(axes):
    """Read centres, radii and RGBA fills off the circles of a panel."""
    (nodes,) = find(axes, "nodes")
    boxes = [path.get_extents() for path in nodes.get_paths()]
    centres = np.array([(box.p0 + box.p1) / 2 for box in boxes]).reshape(-1, 2)
    radii = np.array([box.width / 2 for box in boxes])
    return centres, radii, nodes.get_facecolors()


def distance_to_link(points, start, end):
    link = end - start
    along = np.clip((points - start) @ link / (link @ link), 0, 1)
    return np.linalg.norm(points - start - along[:, None] * link, axis=1)
