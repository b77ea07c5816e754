"""One assignment matrix: which node went where, and how surely."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator

from npdiffpool.graphs.graph import Floats, Ints
from npdiffpool.viz.drawing.axes import row_of_axes
from npdiffpool.viz.drawing.checks import check_assignment
from npdiffpool.viz.drawing.words import count

_MOST_NODES = 30  # past which nodes have no numbers
_MOST_CLUSTERS = 20  # past which not every cluster has one
_SHARES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)


def plot_assignment(S: Any, axes: Any = None) -> Axes:
    """Draw an assignment as a heat map, the nodes ordered by cluster.

    A row is a node, a column a cluster, used or not; the darker, the larger the
    node's share in it. A node belongs to the cluster of its largest share (the
    first of equal ones). Nodes are listed by cluster, each cluster's by falling
    share, with a line between one cluster's and the next's. Up to 30 nodes have
    their numbers, their rows of `S`, beside them.

    Parameters
    ----------
    S : (N, K) array
        Its rows are distributions, as those of ``clf.assignments(graph)[0]`` are.
    axes : matplotlib axes, optional
        Made with ``matplotlib.pyplot.subplots`` where not given.

    Returns
    -------
    matplotlib axes
        The colour bar has its own, beside it. It goes from 0 to 1 for every `S`,
        and by the square root, or small shares would all be white.

    Raises
    ------
    ValueError
        If `S` is not a matrix of at least one row and column, its rows are not
        distributions, or `axes` are not one matplotlib axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> S = [[0.1, 0.9, 0], [1, 0, 0], [0.2, 0.8, 0]]
    >>> axes = plot_assignment(S, Figure().subplots())
    >>> axes.get_title()
    '3 nodes, 2 of 3 clusters used'
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['1', '0', '2']
    """
    shape = "(N, K), one row a node, N and K >= 1"
    S = check_assignment(S, "S", shape, None)
    panel: Axes = row_of_axes(axes, 1, (6.0, 5.0))[0]
    cluster, share = S.argmax(axis=1), S.max(axis=1)
    order = np.lexsort((-share, cluster))
    _draw_shares(panel, S[order], cluster[order])
    _number(panel, order, S.shape[1])
    used = f"{len(np.unique(cluster))} of {count(S.shape[1], 'cluster')} used"
    panel.set_title(f"{count(len(S), 'node')}, {used}", fontsize=10)
    certainty = f"certainty (a node's largest share): mean {share.mean():.2f}"
    panel.set_xlabel(f"cluster\n{certainty}", fontsize=8)
    return panel


def _draw_shares(axes: Axes, S: Floats, cluster: Ints) -> None:
    """Draw rows as they come, their scale, and lines where the cluster changes."""
    N, K = S.shape
    # An image with more rows than pixels is smoothed, its columns too: many narrow
    # copies of a column stay as sharp as one wide one was.
    copies = np.repeat(S, 1 + N // K, axis=1)
    edges = (-0.5, K - 0.5, N - 0.5, -0.5)
    look: Any = {"cmap": "Blues", "norm": PowerNorm(0.5, vmin=0, vmax=1)}
    image = axes.imshow(copies, extent=edges, aspect="auto", gid="shares", **look)
    scale = axes.figure.colorbar(image, ax=axes)
    scale.set_ticks(_SHARES, labels=[f"{share:g}" for share in _SHARES])
    scale.set_label("share of the node", fontsize=8)
    scale.ax.tick_params(labelsize=8)
    ends = np.flatnonzero(np.diff(cluster)) + 0.5
    weight = np.clip(20 / (1 + len(ends)), 0.25, 1)  # thin and pale where many
    look = {"linewidths": weight, "alpha": weight, "colors": "black"}
    lines = axes.hlines(ends, *edges[:2], **look)
    lines.set_gid("boundaries")


def _number(axes: Axes, order: Ints, K: int) -> None:
    """Write the numbers of nodes where these are few, and of clusters."""
    few = len(order) <= _MOST_NODES
    name = "node" if few else "nodes, by cluster and falling share"
    axes.set_ylabel(name, fontsize=8)
    rows = range(len(order)) if few else []
    axes.set_yticks(rows, labels=[str(order[row]) for row in rows])
    if K <= _MOST_CLUSTERS:
        axes.set_xticks(range(K))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=8)
